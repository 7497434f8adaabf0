"""Each device library has at most one importing module and is loaded only when a connection needs it."""

import subprocess
import sys
from pathlib import Path

import pytest

import acquisition

ROOT = Path(acquisition.__file__).parent


@pytest.mark.parametrize(
    ("library", "modules"),
    [
        ("pymodbus", []),
        ("asyncua", ["drivers/opcua/library.py"]),
        ("paho", ["drivers/mqtt/link.py"]),
        ("serial", ["drivers/modbus/serial_line.py"]),
        ("google", ["drivers/mqtt/sparkplug_payload.py"]),
    ],
)
def test_no_more_than_one_module_imports_the_library(library: str, modules: list[str]) -> None:
    """Modbus is spoken on links of our own; pymodbus only serves the demo plant."""
    importers = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if "simulators" not in path.parts
        and any(
            line.split()[:2] in (["import", library], ["from", library])
            or line.startswith((f"from {library}.", f"import {library}."))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert importers == modules


def test_the_table_alone_loads_no_library() -> None:
    libraries = {"pymodbus", "asyncua", "paho", "serial", "google.protobuf"}
    check = f"import sys, acquisition.supervisor; sys.exit(bool({libraries} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT.parent, check=False).returncode == 0
