"""The ``self-check`` command: every part that can be missing or broken on a machine, tried for real."""

import asyncio
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from services.clock import SystemClock
from services.status import program_versions


def run_self_check() -> dict[str, Any]:
    """Return versions and the outcome of each check; ``errors`` tells what failed."""
    checks: dict[str, Callable[[Path], None]] = {
        "database": _database,
        "shared_memory": _shared_memory,
        "processing": _processing,
        "sockets": _sockets,
        "resources": _resources,
        "drivers": _drivers,
    }
    outcome: dict[str, bool] = {}
    errors: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, check in checks.items():
            try:
                check(Path(scratch))
            except Exception as error:  # the outer edge: a broken part is the finding
                errors[name] = f"{type(error).__name__}: {error}"
            outcome[name] = name not in errors
        sqlite = _sqlite_version(Path(scratch)) if outcome["database"] else "unknown"
    return {"checks": outcome, "errors": errors, "versions": program_versions(sqlite=sqlite)}


def _database(scratch: Path) -> None:
    from storage.store import open_store

    store = open_store(scratch / "data", role="tool", clock=SystemClock())
    try:
        if not store.plant.is_empty() or not store.users():
            raise ValueError("a new database is not as expected")
    finally:
        store.close()


def _shared_memory(scratch: Path) -> None:
    from acquisition.shared_memory.value_table import ValueTable

    table = ValueTable.create(scratch, [1], epoch=1)
    try:
        ValueTable.open(scratch).close()
    finally:
        table.close()


def _processing(_: Path) -> None:
    from processing.spectrum import amplitude_spectrum

    tone = np.sin(2 * np.pi * 128 * np.arange(4096) / 4096)
    spectrum = amplitude_spectrum(tone, sampling_rate_hz=4096.0, unit="g")
    if abs(float(spectrum.amplitude[128]) - 1) > 0.01:
        raise ValueError("the spectrum of a known tone is wrong")


def _sockets(_: Path) -> None:
    async def echo() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if await asyncio.wait_for(reader.read(2), 2) != b"ok":
            raise OSError("loopback does not answer")
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    asyncio.run(echo())


async def _answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"ok")
    await writer.drain()
    writer.close()


def _resources(_: Path) -> None:
    from services.severity import severity_table

    severity_table()
    if not any(entry.name.endswith(".svg") for entry in files("resources").joinpath("icons").iterdir()):
        raise FileNotFoundError("icons are missing")


def _drivers(_: Path) -> None:
    import acquisition.drivers.modbus.driver
    import acquisition.drivers.opcua.session
    import acquisition.drivers.replay  # noqa: F401


def _sqlite_version(scratch: Path) -> str:
    from storage.store import open_store

    store = open_store(scratch / "data", role="tool", clock=SystemClock())
    store.close()
    return store.report.sqlite_version
