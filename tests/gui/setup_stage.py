"""An empty plant with a window and a collector of its own, and devices to connect on loopback."""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.exceptions import TimeoutError
from pytestqt.qtbot import QtBot

from domain.plant.quality import Quality
from domain.plant.tags import Tag
from services.clock import SystemClock
from services.launching import launch, request_stop, wait_ended
from services.set_up.link_values import ChosenValue
from storage.store import open_store
from tests.protocol.fault_server import FaultServer
from ui.control_room import WindowSession
from ui.screens.setup.connections.offer_tree import OfferNode
from ui.screens.setup.connections.tab import ConnectionsTab
from ui.screens.setup.connections.wizard import Wizard
from ui.widgets.fields import ChoiceField, FlagField
from ui.widgets.key_button import KeyButton

Device = TypeVar("Device")


@contextlib.contextmanager
def served(device: AbstractAsyncContextManager[Device]) -> Iterator[Device]:
    """Let a device of the protocol tests answer from a thread of its own."""
    ready, over = threading.Event(), asyncio.Event()
    loop: asyncio.AbstractEventLoop | None = None

    async def serve() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        async with device:
            ready.set()
            await over.wait()

    # asyncio.run also ends what accepts a connection at the last moment
    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="device")
    thread.start()
    assert ready.wait(5)
    assert loop is not None
    try:
        yield device  # type: ignore[misc] # a device enters as itself
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)


@contextlib.contextmanager
def modbus_device(registers: dict[int, int]) -> Iterator[FaultServer]:
    """Serve these holding registers from a thread of its own."""
    server = FaultServer(0)
    server.written.update(registers)
    with served(server):
        yield server


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


@dataclass
class Person:
    """Somebody who connects a device by hand, from the form to the stored values."""

    qtbot: QtBot
    session: WindowSession

    @property
    def tab(self) -> ConnectionsTab:
        tab = self.session.room.window.front.tab("connections")
        assert isinstance(tab, ConnectionsTab)
        return tab

    @property
    def wizard(self) -> Wizard:
        return self.tab.wizard

    def until(self, condition: Callable[[], bool], *, limit_s: float = 15.0) -> None:
        """Look on as the window does, twice a second and more."""

        def looked() -> bool:
            self.session.room.window.front.refresh(self.session.room.window.context.clock.now_us())
            return condition()

        self.qtbot.waitUntil(looked, timeout=round(limit_s * 1000))

    def press(self, words: str) -> None:
        """Press the one visible button with these words on the screen in front."""
        buttons = self.session.room.window.front.view.findChildren(KeyButton)
        (button,) = [each for each in buttons if each.text() == words and each.isVisible()]
        assert button.isEnabled(), words
        button.click()

    def begin(self, kind: str, name: str, **typed: str) -> None:
        """Fill in step 1; "yes" and "" answer a tick."""
        self.tab.list.added.emit()
        self.until(lambda: self.wizard.keeper.is_open and self.wizard.view.isVisible())
        page = self.wizard.view.device
        page.kind_chosen.emit(kind)
        page.name.enter(name)
        for field, text in typed.items():
            row = page.rows[field]
            if isinstance(row, FlagField):
                if row.value() != text:
                    row.editor.click()
            elif isinstance(row, ChoiceField):
                page.typed.emit(field, text)
            else:
                row.enter(text)  # type: ignore[attr-defined]

    def test(self, begins: str = "Connected") -> str:
        """Press the test; return what is said below the answer."""
        panel = self.wizard.view.device.test
        self.press("Test the device")
        self.until(lambda: panel.sentence.text().startswith(begins), limit_s=25)
        return panel.more.text()

    def nodes(self) -> dict[str, OfferNode]:
        """Return what is listed in step 2, by the names that lead to it."""
        return {" / ".join(node.path): node for node in self.wizard.view.browse.tree.nodes()}

    def open(self, *path: str) -> OfferNode:
        """Open the tree down to a path, as far as it has places; return the last node."""
        for depth in range(1, len(path) + 1):
            name = " / ".join(path[:depth])
            self.until(lambda name=name: name in self.nodes())  # type: ignore[misc]
            if depth < len(path):
                self.nodes()[name].setExpanded(True)
        return self.nodes()[" / ".join(path)]

    def read_again_until(self, name: str) -> None:
        """Read the tree anew, as often as a device needs that is slow to tell of something new."""
        for _ in range(6):
            self.press("Read again")
            with contextlib.suppress(TimeoutError):
                self.until(lambda: name in self.nodes(), limit_s=4)
                return
        raise AssertionError(f"'{name}' is not listed")

    def tick(self, *path: str) -> ChosenValue:
        """Tick a value in step 2 and return what was chosen."""
        before = {value.id for value in self.wizard.draft.values}
        self.open(*path).setCheckState(0, Qt.CheckState.Checked)
        self.until(lambda: len(self.wizard.draft.values) == len(before) + 1)
        return next(value for value in self.wizard.draft.values if value.id not in before)

    def type_register(self, name: str, address: str) -> None:
        """Add a register by hand in step 2."""
        page, before = self.wizard.view.registers, len(self.wizard.draft.values)
        page.hand_name.enter(name)
        page.hand_address.enter(address)
        self.press("Add")
        self.until(lambda: len(self.wizard.draft.values) == before + 1)

    def make_machine(self, *, code: str = "P201", kind: str = "pump") -> None:
        """Make a machine for all values that are chosen, with its points."""
        self.wizard.view.values.table.selectAll()
        self.press("New\u2026")
        panel = self.wizard.view.values.machine
        panel.kind.show_value(kind)
        panel.name.enter("Feed pump")
        panel.code.enter(code)
        self.press("Add")
        self.until(lambda: bool(self.session.workstation.monitoring.plant.lines) and self._knows(code))
        asset = next(each for each in self.session.workstation.monitoring.plant.assets if each.code == code)
        for value in self.wizard.draft.values:
            self.mean(value, machine=str(asset.id), fills="")

    def _knows(self, code: str) -> bool:
        return any(each.code == code for each in self.session.workstation.monitoring.plant.assets)

    def mean(self, value: ChosenValue, **fields: str) -> None:
        """Say what one value means in step 3."""
        page = self.wizard.view.values
        page.table.select(value.id)
        for field, text in fields.items():
            page.panel.edited.emit(field, text)

    def shown(self, value: ChosenValue) -> str:
        """Return the live value beside a row of step 3."""
        table = self.wizard.view.values.table.rows
        place = table.place_of(value.id)
        return "" if place is None else str(table.row(place).live.text)

    def connect(self) -> None:
        """Store the device."""
        self.press("Connect")
        self.until(lambda: not self.wizard.keeper.is_open)

    def tag(self, name: str) -> Tag | None:
        return self.session.workstation.monitoring.plant.tag_named(name)

    def live(self, name: str) -> float:
        """Return the collector's value, NaN while there is none."""
        tag = self.tag(name)
        if tag is None:
            return float("nan")
        batch = self.session.workstation.live.values([tag.key])
        return float("nan") if Quality.from_code(int(batch.quality[0])).is_bad else float(batch.value[0])


@contextlib.contextmanager
def person_on(qtbot: QtBot, application: QApplication, folder: Path) -> Iterator[Person]:
    """Sit down at the empty list of devices of an empty plant that is collected."""
    with (
        empty_plant(folder) as plant,
        window_on(qtbot, application, plant, "setup/connections") as session,
    ):
        yield Person(qtbot, session)
