"""From an empty plant to a live Modbus and a live OPC UA value on a trend, without a line of code.

Must show 6 of acquisition; SET-1, ACQ-2, SIG-2: real window, real collector, real servers.
"""

import struct
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from domain.plant.tags import Tag
from tests.gui.setup_stage import empty_plant, modbus_device, until, window_on
from tests.protocol.opcua_stage import ServerChild
from ui.control_room import WindowSession
from ui.screens.setup.connections.offer_tree import OfferNode
from ui.screens.setup.connections.tab import ConnectionsTab
from ui.theme import Theme
from ui.widgets.key_button import KeyButton

pytestmark = pytest.mark.timeout(120)

HIGH, LOW = struct.unpack(">HH", struct.pack(">f", 21.5))
SWAPPED = {10: LOW, 11: HIGH}
"""A device that swaps its words."""


def tab_of(session: WindowSession) -> ConnectionsTab:
    tab = session.room.window.front.tab("connections")
    assert isinstance(tab, ConnectionsTab)
    return tab


def press(session: WindowSession, words: str) -> None:
    """Press the one visible button with these words on the screen in front."""
    view = session.room.window.front.view
    (button,) = [each for each in view.findChildren(KeyButton) if each.text() == words and each.isVisible()]
    assert button.isEnabled(), words
    button.click()


def begin_device(qtbot: QtBot, session: WindowSession, kind: str, name: str, typed: dict[str, str]) -> None:
    tab = tab_of(session)
    tab.list.added.emit()
    until(qtbot, lambda: tab.wizard.keeper.is_open and tab.wizard.view.isVisible())
    page = tab.wizard.view.device
    page.kind_chosen.emit(kind)
    page.name.enter(name)
    for field, text in typed.items():
        page.rows[field].enter(text)
    press(session, "Test the device")
    until(qtbot, lambda: page.test.sentence.text().startswith("Connected"), limit_s=20)


def live_value(session: WindowSession, tag: Tag | None) -> float:
    if tag is None:
        return float("nan")
    batch = session.workstation.live.values([tag.key])
    return float(batch.value[0]) if batch.quality[0] < 0x4000 else float("nan")


def test_from_an_empty_plant_to_live_values_on_a_trend(
    qtbot: QtBot, qapp: QApplication, theme: Theme, tmp_path: Path, free_port: int
) -> None:
    server = ServerChild(free_port)
    server.launch()
    try:
        with (
            modbus_device(SWAPPED) as device,
            empty_plant(tmp_path) as folder,
            window_on(qtbot, qapp, folder, "overview") as session,
        ):
            press(session, "Connect a device")
            assert session.room.window.navigator.current.room == "setup"
            _connect_modbus(qtbot, session, device.port)
            _connect_opcua(qtbot, session, free_port)
            _look_at_the_trend(qtbot, session)
    finally:
        server.kill()


def _connect_modbus(qtbot: QtBot, session: WindowSession, port: int) -> None:
    begin_device(qtbot, session, "modbus_tcp", "PLC-1", {"host": "127.0.0.1", "port": str(port)})
    wizard = tab_of(session).wizard
    view = wizard.view
    press(session, "Next: what it offers")
    view.registers.hand_name.enter("P201.temperature")
    view.registers.hand_address.enter("40011")
    press(session, "Add")
    until(qtbot, lambda: len(wizard.draft.values) == 1)
    press(session, "Next: what it means")
    view.values.table.selectRow(0)
    press(session, "New\u2026")
    view.values.machine.kind.show_value("pump")
    view.values.machine.name.enter("Feed pump")
    view.values.machine.code.enter("P201")
    press(session, "Add")
    until(qtbot, lambda: wizard.draft.values[0].fills is not None)
    assert wizard.draft.values[0].unit == "degC", "the class knows the unit"
    _choose_the_byte_order(qtbot, session)
    press(session, "Connect")
    until(qtbot, lambda: not wizard.keeper.is_open)
    until(qtbot, lambda: live_value(session, _tag(session, "P201.temperature")) == 21.5, limit_s=20)


def _choose_the_byte_order(qtbot: QtBot, session: WindowSession) -> None:
    wizard = tab_of(session).wizard
    view = wizard.view
    view.values.table.selectRow(0)
    press(session, "Try byte orders")
    orders = view.values.panel.orders
    until(qtbot, lambda: len(orders.buttons) == 4)
    assert "21.5" in orders.buttons["little", "big"].text()
    orders.buttons["little", "big"].click()

    def shows_live() -> bool:
        session.room.window.front.refresh(session.room.window.context.clock.now_us())
        return bool(view.values.table.rows.row(0).live.text == "21.50")

    until(qtbot, shows_live)


def _connect_opcua(qtbot: QtBot, session: WindowSession, port: int) -> None:
    typed = {"endpoint": f"opc.tcp://127.0.0.1:{port}/"}
    tab = tab_of(session)
    wizard = tab.wizard
    tab.list.added.emit()
    until(qtbot, lambda: wizard.keeper.is_open and wizard.view.isVisible())
    page = wizard.view.device
    page.kind_chosen.emit("opcua")
    page.name.enter("OPC-2")
    page.rows["endpoint"].enter(typed["endpoint"])
    page.typed.emit("security", "None")
    press(session, "Next: what it offers")
    assert wizard.draft.step == "device", "without security somebody has to accept it"
    page.rows["waiver"].editor.click()  # type: ignore[attr-defined]
    press(session, "Test the device")
    until(qtbot, lambda: page.test.sentence.text().startswith("Connected"), limit_s=20)
    assert "Nothing is signed" in page.test.more.text()
    press(session, "Next: what it offers")
    _tick(qtbot, session, "tag.1")
    press(session, "Next: what it means")
    wizard.view.values.table.selectRow(0)
    panel = wizard.view.values.panel
    machine = next(a for a in session.workstation.monitoring.plant.assets if a.code == "P201")
    panel.edited.emit("machine", str(machine.id))
    panel.edited.emit("unit", "A")
    panel.edited.emit("fills", "")
    press(session, "Connect")
    until(qtbot, lambda: not wizard.keeper.is_open)
    until(qtbot, lambda: live_value(session, _tag(session, "tag.1")) > 0, limit_s=20)


def _tick(qtbot: QtBot, session: WindowSession, name: str) -> None:
    wizard = tab_of(session).wizard
    browse = wizard.view.browse

    def node() -> OfferNode | None:
        return next((each for each in list(browse.tree.nodes()) if each.item.name == name), None)

    until(qtbot, lambda: browse.is_begun)
    for each in list(browse.tree.nodes()):
        if each.item.has_children and each.item.name not in ("Server", "Aliases", "Locations"):
            each.setExpanded(True)
    until(qtbot, lambda: node() is not None)
    found = node()
    assert found is not None
    found.setCheckState(0, Qt.CheckState.Checked)
    until(qtbot, lambda: len(wizard.draft.values) == 1)


def _tag(session: WindowSession, name: str) -> Tag | None:
    return session.workstation.monitoring.plant.tag_named(name)


def _look_at_the_trend(qtbot: QtBot, session: WindowSession) -> None:
    tags = [_tag(session, name) for name in ("P201.temperature", "tag.1")]
    keys = [tag.key for tag in tags if tag is not None]
    session.room.window.navigator.go("trends/" + ",".join(map(str, keys)))
    trends = session.room.window.front
    assert list(trends.presenter.selection.keys) == keys

    def has_curves() -> bool:
        answer = trends.presenter.answer
        return answer is not None and all(len(answer.trends[key].mean) > 0 for key in keys)

    until(qtbot, has_curves, limit_s=20)
    assert trends.presenter.answer.trends[keys[0]].mean[-1] == 21.5
