"""``python -m tests.soak NAME ...`` runs one long test of this folder; without a name it lists them.

Each prints one JSON object of figures and ends with 1 when a criterion fails.
"""

import importlib
import sys

NAMES = ("hands", "kill", "ledger", "outages", "power_cut", "scale")


def run(arguments: list[str]) -> int:
    """Run the named test with the rest of the arguments; 2 for an unknown name."""
    if not arguments or arguments[0] not in NAMES:
        print(f"give one of: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.soak.{arguments[0]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
