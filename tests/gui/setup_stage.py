"""An empty plant with a window and a collector of its own, and devices to connect on loopback."""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from services.clock import SystemClock
from services.launching import launch, request_stop, wait_ended
from storage.store import open_store
from tests.protocol.fault_server import FaultServer
from ui.control_room import WindowSession


@contextlib.contextmanager
def modbus_device(registers: dict[int, int]) -> Iterator[FaultServer]:
    """Serve these holding registers from a thread of its own."""
    server, ready, over = FaultServer(0), threading.Event(), asyncio.Event()
    server.written.update(registers)
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with server:
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="modbus-device")
    thread.start()
    assert ready.wait(5)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)
        loop.close()


@contextlib.contextmanager
def empty_plant(folder: Path) -> Iterator[Path]:
    """Make a plant without anything in it, and collect for it as ``app`` does."""
    open_store(folder, role="collector", clock=SystemClock()).close()
    collecting: subprocess.Popen[bytes] = launch(
        "collect", "--data-dir", str(folder), log=folder / "log" / "collect.log"
    )
    try:
        yield folder
    finally:
        request_stop(folder)
        wait_ended([collecting], limit_s=20)


@contextlib.contextmanager
def window_on(qtbot: QtBot, application: QApplication, folder: Path, address: str) -> Iterator[WindowSession]:
    """Open the window program on a folder."""
    session = WindowSession(application, folder, clock=SystemClock())
    session.start(address=address, width=1920, height=1080)
    try:
        qtbot.waitUntil(lambda: session.is_attached, timeout=15_000)
        yield session
    finally:
        session.close()


def until(qtbot: QtBot, condition: Callable[[], bool], *, limit_s: float = 15.0) -> None:
    """Let the window work until something has come true."""
    qtbot.waitUntil(condition, timeout=round(limit_s * 1000))
