"""``python -m tests.benchmarks NAME`` runs one module of this folder; without a name it lists them."""

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """Return the benchmarks there are: modules with a ``main``."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def run(arguments: list[str]) -> int:
    """Run the named benchmark with the rest of the arguments; 2 for an unknown name."""
    if not arguments:
        print("\n".join(names()))
        return 0
    if arguments[0] not in names():
        print(f"no benchmark '{arguments[0]}'; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.benchmarks.{arguments[0]}")
    return int(module.main(arguments[1:]) or 0)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
