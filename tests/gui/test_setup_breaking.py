"""The connections tab in hard use: hidden, closed and changed under one's hands; keys, names, many values.

SET-1, ACQ-2, NEW-10, hmi 8 and 10.
"""

import itertools
import math
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTimer, QTranslator
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.discovery import FoundItem
from services.access import program_actor
from services.set_up.below import Below
from services.set_up.probing import ANSWER_S
from tests.gui.plant_stage import FL1, LINK, TEMPERATURE, Stage, key, make_stage, put_away, settle
from tests.gui.setup_stage import modbus_device
from ui.screens.setup.connections.offer_tree import BATCH, OfferNode
from ui.screens.setup.connections.tab import ConnectionsTab, make_tab
from ui.screens.setup.connections.taking import PIECE
from ui.theme import Theme
from ui.widgets.key_button import SegmentedButtons

pytestmark = pytest.mark.timeout(90)

FILES = ("PumpA_0001.csv", "PumpA_0002.csv", "PumpA_0003.csv")


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def tab(stage: Stage) -> Iterator[ConnectionsTab]:
    made = make_tab(stage.workstation, stage.context)
    made.view.resize(1136, 620)  # what a window of 1366 x 768 leaves
    made.open("")
    made.view.show()
    yield made
    made.close()
    put_away(made.view)


@pytest.fixture
def wait(qtbot: QtBot, stage: Stage, tab: ConnectionsTab) -> Callable[[Callable[[], bool]], None]:
    def waited(done: Callable[[], bool]) -> None:
        settle(qtbot, stage, tab.refresh, done)

    return waited


Wait = Callable[[Callable[[], bool]], None]


def begin(tab: ConnectionsTab, wait: Wait, argument: str = "new", **typed: str) -> None:
    tab.open(argument)
    wait(lambda: tab.wizard.keeper.is_open)
    page = tab.wizard.view.device
    for field, text in typed.items():
        (page.name if field == "name" else page.rows[field]).enter(text)  # type: ignore[attr-defined]


def add_register(tab: ConnectionsTab, name: str, address: str = "40011", kind: str = "float32") -> None:
    typed = {"name": name, "address": address, "table": "holding", "kind": kind, "unit": "%"}
    tab.wizard.view.registers.typed.emit(typed)


def probes() -> list[object]:
    lanes = [thread for thread in threading.enumerate() if thread.name == "probe-lane"]
    return [*multiprocessing.active_children(), *lanes]


# ---- hidden and closed in the middle


def test_a_test_and_a_trial_that_were_left_alone_do_not_ask_for_ever(tab: ConnectionsTab, wait: Wait) -> None:
    with modbus_device({}) as device:
        device.mode = "hang"
        begin(tab, wait, name="PLC-7", host="127.0.0.1", port=str(device.port))
        view = tab.wizard.view
        view.device.test.start.click()
        tab.on_hidden()
        assert view.device.test.sentence.text() == "Not tested yet."
        assert view.device.test.start.isEnabled()
        tab.wizard.go("offer")
        add_register(tab, "Level")
        tab.wizard.go("values")
        view.values.table.selectRow(0)
        view.values.panel.try_orders.click()
        assert view.values.panel.orders.isVisible()
        tab.on_hidden()
        assert not view.values.panel.orders.isVisible()


@pytest.mark.parametrize("mode", ["hang", "refuses", "away"])
def test_orders_of_a_device_that_does_not_give_them_end_in_words(
    tab: ConnectionsTab, wait: Wait, free_port: int, mode: str
) -> None:
    with modbus_device({}) as device:
        device.mode = "hang" if mode == "hang" else "ok"
        device.exception = 2 if mode == "refuses" else 0
        port = free_port if mode == "away" else device.port
        begin(tab, wait, name="PLC-7", host="127.0.0.1", port=str(port))
        tab.wizard.go("offer")
        add_register(tab, "Level")
        tab.wizard.go("values")
        tab.wizard.view.values.table.selectRow(0)
        panel = tab.wizard.view.values.panel
        panel.try_orders.click()
        wait(lambda: bool(panel.orders.buttons) or "Asking" not in panel.orders.words)
        said = [button.text() for button in panel.orders.buttons.values()] or [panel.orders.words]
        assert all("nan" not in words and len(words) > 12 for words in said), said


@pytest.mark.parametrize("act", ["test", "browse", "search", "read"])
def test_closing_in_the_middle_leaves_no_process_and_no_thread(
    qtbot: QtBot, stage: Stage, tab: ConnectionsTab, wait: Wait, act: str
) -> None:
    with modbus_device({}) as device:
        device.mode = "hang"
        begin(tab, wait, name="PLC-7", host="127.0.0.1", port=str(device.port))
        if act == "test":
            tab.wizard.view.device.test.start.click()
        elif act == "read":
            tab.wizard.go("offer")
            add_register(tab, "Level")
            tab.wizard.go("values")
            tab.refresh(stage.now_us)
        else:
            tab.wizard.view.device.kind_chosen.emit("opcua")
            tab.wizard.view.device.rows["endpoint"].enter(f"opc.tcp://127.0.0.1:{device.port}")  # type: ignore[attr-defined]
            tab.wizard.go("offer")
            if act == "search":
                tab.wizard.view.browse.searched.emit("level")
        qtbot.wait(300)
        begun_s = time.monotonic()
        tab.close()
        assert time.monotonic() - begun_s < 0.5 * ANSWER_S, "the window does not wait for a device"
        qtbot.waitUntil(lambda: not probes(), timeout=5000)


# ---- changed by others


def test_what_is_typed_stays_when_the_plant_changes(
    qtbot: QtBot, stage: Stage, tab: ConnectionsTab, wait: Wait
) -> None:
    """NEW-10: text, focus and cursor of every field, also of one that is searched."""
    begin(tab, wait, str(LINK.id))
    view = tab.wizard.view
    tag = stage.workstation.monitoring.plant.tag(key(FL1, TEMPERATURE))
    view.values.table.select(tag.id)
    view.values.panel.more.click()
    come_forward(qtbot, view)
    for row in view.values.panel.rows.values():
        line = row.findChild(QLineEdit)
        if line is None or not line.isVisible():
            continue
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, "Fe9")
        line.setCursorPosition(1)
        _another_machine(stage)
        tab.plant_changed()
        assert (row.key, line.text(), line.cursorPosition()) == (row.key, "Fe9", 1)
        assert row.has_focus, row.key


def _another_machine(stage: Stage) -> None:
    with stage.writer.unit_of_work(program_actor("Erna")) as work:
        code = f"X{new_id().hex[-6:]}"
        work.plant.save_asset(Asset(new_id(), FL1.parent_id, AssetKind.MACHINE, "Extra", code, 9))
    stage.workstation.reload()


def test_a_draft_of_a_device_that_was_removed_meanwhile_brings_it_back(
    stage: Stage, tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, str(LINK.id))
    tag = stage.workstation.monitoring.plant.tag(key(FL1, TEMPERATURE))
    tab.wizard.view.values.table.select(tag.id)
    tab.wizard.view.values.panel.edited.emit("label", "Oil")
    tab.wizard.leave()
    stored = next(each for each in stage.writer.plant.load().connections if each.id == LINK.id)
    tab._remove(stored.id, True)
    wait(lambda: stage.writer.plant.load().connections == ())
    stage.workstation.reload()
    tab.plant_changed()
    begin(tab, wait, str(LINK.id))
    assert tab.wizard.view.forth.text() == "Connect"
    tab.wizard.view.forth.click()
    wait(lambda: not tab.wizard.keeper.is_open or "faster" in tab.wizard.view.said.text())
    assert "faster" not in tab.wizard.view.said.text()
    after = stage.writer.plant.load()
    assert after.tag(tag.key).label == "Oil"
    assert after.tag(tag.key).connection_id == LINK.id


def test_a_name_that_another_device_has_is_told_at_once(
    stage: Stage, tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, name="PLC-1", host="10.0.0.7")
    tab.wizard.view.forth.click()
    assert tab.wizard.draft.step == "device"
    assert "another name" in tab.wizard.view.device.name.hint.text()
    tab.wizard.view.device.name.enter("PLC-2")
    tab.wizard.view.forth.click()
    assert tab.wizard.draft.step == "offer"


def test_two_windows_on_one_draft_end_in_one_device_and_no_rest(
    qtbot: QtBot, stage: Stage, tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.keeper.keep_if_due(2**62)
    wait(lambda: tab.wizard.keeper.kept_us is not None)
    other = make_tab(stage.workstation, stage.context)
    other.open(str(tab.wizard.draft.id))
    settle(qtbot, stage, other.refresh, lambda: other.wizard.keeper.is_open)
    other.wizard.view.device.name.enter("PLC-8")
    other.wizard.keeper.keep_if_due(2**62)
    wait(lambda: [each.title for each in stage.writer.drafts.open_ones()] == ["PLC-8"])
    tab.wizard.view.device.name.enter("PLC-9")
    tab.wizard.keeper.keep_if_due(2**62)
    wait(lambda: "was faster" in tab.wizard.view.said.text())
    tab.wizard.go("offer")
    tab.wizard.go("values")
    tab.wizard.view.forth.click()
    wait(lambda: not tab.wizard.keeper.is_open)
    wait(lambda: stage.writer.drafts.open_ones() == ())
    other.close()
    put_away(other.view)


def test_words_that_are_no_choice_do_not_stay_in_a_searched_field(
    qtbot: QtBot, stage: Stage, tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, str(LINK.id))
    view = tab.wizard.view
    tag = stage.workstation.monitoring.plant.tag(key(FL1, TEMPERATURE))
    view.values.table.select(tag.id)
    come_forward(qtbot, view)
    box = view.values.panel.rows["unit"].editor  # type: ignore[attr-defined]
    for typed, unit in (("barr", "degC"), ("mm/s", "mm/s")):
        box.setFocus()
        box.lineEdit().selectAll()
        qtbot.keyClicks(box.lineEdit(), typed)
        qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)
        view.back.setFocus()
        value = next(each for each in tab.wizard.draft.values if each.id == tag.id)
        assert (value.unit, box.currentData()) == (unit, unit)
        assert box.lineEdit().text() == box.itemText(box.currentIndex())


def test_an_empty_choice_is_shown_in_words_and_a_mixed_one_as_nothing(
    tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.go("offer")
    add_register(tab, "Level")
    add_register(tab, "Height", "40021")
    tab.wizard.go("values")
    view = tab.wizard.view
    first, second = tab.wizard.draft.values
    view.values.table.select(first.id)
    machine, becomes = (view.values.panel.rows[name].editor for name in ("machine", "fills"))  # type: ignore[attr-defined]
    assert (machine.currentText(), becomes.currentText()) == ("\u2013", "A value of its own")
    view.values.panel.edited.emit("machine", str(FL1.id))
    view.values.table.selectAll()
    assert len({value.asset_id for value in tab.wizard.draft.values}) == 2
    assert machine.currentText() == ""
    assert second.asset_id is None


# ---- many, long and strange


def test_three_hundred_values_at_once(stage: Stage, tab: ConnectionsTab, wait: Wait) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.go("offer")
    places = [{"namespace_uri": "u", "identifier": f"v{n}"} for n in range(300)]
    items = [FoundItem(f"p{n}", f"FL2.value{n}", False, places[n], "Double", "bar") for n in range(300)]
    took = {"take": _timed(lambda: tab.wizard._offer._tick_items([((i.name,), i) for i in items], True))}
    took["step 3"] = _timed(lambda: tab.wizard.go("values"))
    took["all chosen"] = _timed(tab.wizard.view.values.table.selectAll)
    took["unit"] = _timed(lambda: tab.wizard.view.values.panel.edited.emit("unit", "degC"))
    took["low"] = _timed(lambda: tab.wizard.view.values.panel.edited.emit("low", "1"))
    took["undo"] = _timed(tab.wizard.keeper.undo)
    took["plant"] = _timed(tab.plant_changed)
    took["shown"] = _timed(tab.wizard._values.show_rows)
    print("300 values, ms:", took)


def test_a_folder_of_twenty_thousand_never_stops_the_window(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    """It comes piece by piece, and between two pieces the window gets its turn; the longest is printed."""
    begin(tab, wait, name="OPC", host="10.0.0.7")
    page, turns = tab.wizard.view.browse, [time.perf_counter()]
    tab.wizard.view.pages.setCurrentWidget(page)
    page.show_items("", [FoundItem("crowd", "Crowd", True), FoundItem("hall", "Hall", True)])
    items = [FoundItem(f"p{n}", f"Value {n}", False, {"identifier": f"v{n}"}) for n in range(20_000)]

    def note() -> None:
        turns.append(time.perf_counter())

    pulse = QTimer()
    pulse.timeout.connect(note)
    pulse.start(0)
    page.show_items("crowd", items)
    crowd = page.tree.place("crowd")
    assert crowd is not None
    assert crowd.childCount() == BATCH
    crowd.is_loaded = True
    crowd.setExpanded(True)
    qtbot.waitUntil(lambda: crowd.childCount() == 20_000, timeout=20_000)
    longest_ms = 1000 * max(after - before for before, after in itertools.pairwise(turns))
    page.reread()
    print(f"20,000 values: longest stretch {longest_ms:.0f} ms")
    assert len(turns) > 20_000 // BATCH
    assert not page.is_begun


def test_a_ticked_folder_of_five_thousand_is_chosen_piece_by_piece(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    """Between two pieces the window gets its turn; the longest stretch is printed."""
    nodes, turns = a_folder_of(qtbot, tab, wait, 5000), [time.perf_counter()]
    pulse = QTimer()
    pulse.timeout.connect(lambda: turns.append(time.perf_counter()))
    pulse.start(0)
    tab.wizard.view.browse.tree.selectAll()
    nodes[0].setCheckState(0, Qt.CheckState.Checked)
    assert all(node.is_ticked for node in nodes), "what was asked for is seen at once"
    wait(lambda: len(tab.wizard.draft.values) == 5000)
    assert len(turns) > 5000 // PIECE
    assert len({value.name for value in tab.wizard.draft.values}) == 5000
    longest_ms = 1000 * max(after - before for before, after in itertools.pairwise(turns))
    print(f"5,000 ticks: longest stretch {longest_ms:.0f} ms")
    nodes[0].setCheckState(0, Qt.CheckState.Unchecked)
    assert not tab.wizard.draft.values
    tab.wizard.keeper.undo()
    assert len(tab.wizard.draft.values) == 5000, "a tick and an untick are one step each"
    tab.wizard.keeper.undo()
    assert not tab.wizard.draft.values


def test_choosing_many_is_told_and_stopped_or_awaited_by_what_one_does_next(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    nodes, view = a_folder_of(qtbot, tab, wait, 3 * PIECE), tab.wizard.view
    view.browse.tree.selectAll()
    nodes[0].setCheckState(0, Qt.CheckState.Checked)
    assert f"0 of {3 * PIECE} values are chosen" in view.said.text()
    view.undo_asked.emit()
    assert not any(node.is_ticked for node in nodes)
    assert not tab.wizard.draft.values
    assert not view.said.text()
    nodes[0].setCheckState(0, Qt.CheckState.Checked)
    assert not tab.wizard.draft.values
    view.forth.click()
    assert (tab.wizard.draft.step, tab.wizard.draft.values) == ("offer", ()), "the window goes on"
    view.undo_asked.emit()
    assert not view.said.text()
    nodes[0].setCheckState(0, Qt.CheckState.Checked)
    view.steps._group.buttons()[2].click()
    assert view.steps.current == "offer"
    wait(lambda: tab.wizard.draft.step == "values")
    assert view.values.table.rows.rowCount() == 3 * PIECE, "the next step has all of them"


def test_who_ticks_on_after_next_stays(qtbot: QtBot, tab: ConnectionsTab, wait: Wait) -> None:
    a_folder_of(qtbot, tab, wait, 1)
    view = tab.wizard.view
    view.browse.ticked.emit(crowd_of(3 * PIECE), True)
    view.forth.click()
    view.browse.ticked.emit(crowd_of(3 * PIECE)[:1], False)
    assert len(tab.wizard.draft.values) == 3 * PIECE - 1
    assert tab.wizard.draft.step == "offer"


@pytest.mark.parametrize("by_keys", [True, False])
def test_going_forth_while_values_are_chosen_takes_none_of_them_twice(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait, by_keys: bool
) -> None:
    """Ctrl+Y ends the choosing; were the draft to go forth by another way, its places are left alone."""
    nodes, view = a_folder_of(qtbot, tab, wait, 3 * PIECE), tab.wizard.view
    view.browse.tree.selectAll()
    nodes[0].setCheckState(0, Qt.CheckState.Checked)
    wait(lambda: len(tab.wizard.draft.values) == 3 * PIECE)
    view.undo_asked.emit()
    assert not tab.wizard.draft.values
    nodes[0].setCheckState(0, Qt.CheckState.Checked)
    assert f"0 of {3 * PIECE} values are chosen" in view.said.text()
    (view.redo_asked.emit if by_keys else tab.wizard.keeper.redo)()
    wait(lambda: not tab.wizard._offer._taking.is_busy)
    assert len(tab.wizard.draft.values) == len(tab.wizard.draft.places) == 3 * PIECE
    assert not view.said.text()


# ---- going on before the device has told everything


def test_everything_below_a_place_is_not_ticked_for_a_person_who_went_on(
    tab: ConnectionsTab, wait: Wait, tmp_path: Path
) -> None:
    view, offer = tab.wizard.view, tab.wizard._offer
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / FILES[0]).write_text("time,Flow,Heat\n2026-01-31 14:25:00,1,2\n", encoding="utf-8")
    begin(tab, wait)
    view.device.kind_chosen.emit("files")
    view.device.name.enter("Portable")
    view.device.rows["path"].enter(str(tmp_path / "inbox"))  # type: ignore[attr-defined]
    view.forth.click()
    wait(lambda: not offer._asked and view.browse.is_begun)
    table = view.browse.tree.topLevelItem(0)
    assert isinstance(table, OfferNode)
    view.browse.tree.setCurrentItem(table)
    view.browse.all_below.click()
    view.forth.click()
    lane = tab.wizard._bench.desk._lane
    assert lane is not None
    wait(lambda: not lane.pending)
    assert (tab.wizard.draft.step, tab.wizard.draft.values) == ("values", ())
    view.back.click()
    assert not view.browse.said.text(), "nobody looks at everything below any more"
    view.browse.all_below.click()
    wait(lambda: len(tab.wizard.draft.values) == 2)


def crowd_of(count: int) -> list[tuple[tuple[str, ...], FoundItem]]:
    names = [f"Value {n}" for n in range(count)]
    return [((name,), FoundItem(name, name, False, {"identifier": name}, "Double")) for name in names]


def test_what_was_ticked_below_a_place_is_told_when_it_is_and_taken_back_with_it(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    """Values are counted that were chosen, not what was found: one place may be found on two ways."""
    a_folder_of(qtbot, tab, wait, 1)
    said, found = tab.wizard.view.browse.said, crowd_of(3 * PIECE)
    below = Below((*found, *found[:5]), is_whole=True)
    answer = partial(tab.wizard._offer._found_below, tab.wizard.draft.id, (), below)
    answer()
    assert not said.text(), "they are not ticked yet"
    tab.wizard.view.undo_asked.emit()
    assert not said.text(), "stopped"
    answer()
    wait(lambda: bool(tab.wizard.draft.values))
    assert said.text() == f"{3 * PIECE} values below were ticked."
    answer()
    assert said.text() == "No further value below was ticked."
    tab.wizard.view.undo_asked.emit()
    assert (tab.wizard.draft.values, said.text()) == ((), "")


def test_connecting_counts_what_is_still_being_chosen(qtbot: QtBot, tab: ConnectionsTab, wait: Wait) -> None:
    a_folder_of(qtbot, tab, wait, 1)
    view = tab.wizard.view
    view.forth.click()
    view.browse.ticked.emit(crowd_of(3 * PIECE), True)
    view.forth.click()
    assert f"{3 * PIECE} values still have something to do" in view.said.text()


def test_what_is_chosen_while_the_device_is_stored_ends_with_it(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    a_folder_of(qtbot, tab, wait, 1)
    view = tab.wizard.view
    view.forth.click()
    view.forth.click()
    view.browse.ticked.emit(crowd_of(30 * PIECE), True)
    wait(lambda: not tab.wizard.keeper.is_open)
    assert not tab.wizard._offer._taking.is_busy


def a_folder_of(qtbot: QtBot, tab: ConnectionsTab, wait: Wait, count: int) -> list[OfferNode]:
    """List a folder of a server that is not there, so far as ticking goes."""
    begin(tab, wait)
    tab.wizard.view.device.kind_chosen.emit("opcua")
    answers = {"endpoint": "opc.tcp://127.0.0.1:9", "security": "none", "waiver": "yes"}
    tab.wizard.keeper.change(replace(tab.wizard.draft, name="OPC", typed=answers, step="offer"))
    tree = tab.wizard.view.browse.tree
    items = [FoundItem(f"p{n}", f"Value {n}", False, {"identifier": f"v{n}"}, "Double") for n in range(count)]
    tree.list_below(None, items)
    qtbot.waitUntil(lambda: tree.topLevelItemCount() == count, timeout=20_000)
    return [node for node in tree.nodes() if node.item.address is not None]


def test_a_place_that_is_listed_twice_at_once_is_there_once(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    """Also after words were looked for at another device."""
    begin(tab, wait, name="OPC", host="10.0.0.7")
    page = tab.wizard.view.browse
    page.begin(can_search=False)
    page.search.setText("nothing like it")
    page.begin(can_search=True)
    page.show_items("", [FoundItem("crowd", "Crowd", True), FoundItem("hall", "Hall", True)])
    items = [FoundItem(f"p{n}", f"Value {n}", False, {"identifier": f"v{n}"}) for n in range(2 * BATCH)]
    page.show_items("crowd", items)
    page.show_items("crowd", items)
    crowd = page.tree.place("crowd")
    assert crowd is not None
    qtbot.wait(200)
    assert crowd.childCount() == 2 * BATCH
    assert not crowd.child(0).isHidden()


def test_a_channel_of_many_files_is_one_value(tab: ConnectionsTab, wait: Wait, tmp_path: Path) -> None:
    begin(tab, wait, name="Portable")
    tab.wizard.view.device.kind_chosen.emit("files")
    address = {"channel": "Flow", "file": "PumpA_*.csv"}
    pairs = [((f, "Flow"), FoundItem(f"{f}#Flow", "Flow", False, address, "table")) for f in FILES]
    tab.wizard._offer._tick_items(pairs, True)
    (value,) = tab.wizard.draft.values
    assert value.source == "PumpA_0001.csv / Flow"
    tab.wizard._offer._tick_items(pairs, False)
    assert tab.wizard.draft.values == ()


def _timed(act: Callable[[], object]) -> int:
    begun_s = time.perf_counter()
    act()
    QCoreApplication.processEvents()
    return round(1000 * (time.perf_counter() - begun_s))


@pytest.mark.parametrize("name", ['Pump "A" / 7 \u00b0C', "<b>Halle</b> & Co {x}", "\u6cf5 7 \u2013 %s"])
def test_strange_names_are_shown_as_they_are_and_stored(
    stage: Stage, tab: ConnectionsTab, wait: Wait, name: str
) -> None:
    begin(tab, wait, name=name, host="10.0.0.7")
    tab.wizard.go("offer")
    add_register(tab, name)
    tab.wizard.go("values")
    view = tab.wizard.view
    view.values.table.selectRow(0)
    assert view.values.panel._source.textFormat() is Qt.TextFormat.PlainText
    assert name in view._title.accessibleName()
    shown = view.values.table.rows.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in shown, "a name is no mark-up"
    view.values.panel.edited.emit("machine", str(FL1.id))
    view.forth.click()
    wait(lambda: not tab.wizard.keeper.is_open)
    assert name in [each.name for each in stage.writer.plant.load().connections]


def test_a_name_as_long_as_a_sentence_does_not_widen_the_window(tab: ConnectionsTab, wait: Wait) -> None:
    begin(tab, wait, name="Frequency converter of the second feed pump behind the old boiler house " * 2)
    QCoreApplication.processEvents()
    assert tab.view.minimumSizeHint().width() <= 1136
    assert "Frequency" in tab.wizard.view._title.toolTip()


# ---- keys and names of controls


def pages(tab: ConnectionsTab, wait: Wait) -> Iterator[str]:
    """Go through everything that the tab can show."""
    wait(lambda: tab.list.table.rows.rowCount() == 1)
    tab.list.table.selectRow(0)
    yield "list"
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    device = tab.wizard.view.device
    for kind in ("modbus_tcp", "opcua", "mqtt", "files", "modbus_serial", "modbus_rtu_tcp", "modbus_tls"):
        device.kind_chosen.emit(kind)
        device.more.setChecked(True)
        yield kind
    device.kind_chosen.emit("opcua")
    tab.wizard.view.pages.setCurrentWidget(tab.wizard.view.browse)
    tab.wizard.view.browse.show_items("", [FoundItem("a", "Hall", True)])
    yield "browse"
    device.kind_chosen.emit("modbus_tcp")
    device.rows["host"].enter("10.0.0.7")  # type: ignore[attr-defined]
    tab.wizard.go("offer")
    add_register(tab, "Level")
    yield "registers"
    tab.wizard.go("values")
    tab.wizard.view.values.table.selectRow(0)
    tab.wizard.view.values.panel.more.setChecked(True)
    yield "values"
    tab.wizard.view.values.panel.new_machine.click()
    yield "machine"


def controls(tab: ConnectionsTab) -> list[QWidget]:
    return [
        each
        for each in tab.view.findChildren(QWidget)
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.focusProxy() is None
    ]


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(tab: ConnectionsTab, wait: Wait) -> None:
    nameless, lost = [], []
    for page in pages(tab, wait):
        QCoreApplication.processEvents()
        found = controls(tab)
        nameless += [(page, type(each).__name__, each.objectName()) for each in found if not _name_of(each)]
        chain, each = set(), found[0]
        for _ in range(2000):
            chain.add(id(each))
            each = each.nextInFocusChain()
        lost += [(page, _name_of(each)) for each in found if each.isEnabled() and id(each) not in chain]
        buttons = [each for each in tab.view.findChildren(QWidget) if each.isVisible() and _is_button(each)]
        lost += [
            (page, _name_of(each))
            for each in buttons
            if not each.focusPolicy() & Qt.FocusPolicy.TabFocus and not _is_in_group(each)
        ]
    assert nameless == []
    assert lost == []


def _name_of(control: QWidget) -> str:
    return control.accessibleName() or (control.text() if hasattr(control, "text") else "")


def _is_in_group(control: QWidget) -> bool:
    """Of buttons that exclude each other one is reached by Tab, the others by arrows."""
    return isinstance(control.parentWidget(), SegmentedButtons)


def _is_button(control: QWidget) -> bool:
    return control.inherits("QAbstractButton") and control.isEnabled() and not control.inherits("QToolButton")


def test_escape_and_ctrl_enter_do_the_same_in_every_step(
    qtbot: QtBot, stage: Stage, tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    view = tab.wizard.view
    come_forward(qtbot, view)
    view.device.name.take_focus()
    press(qtbot, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert tab.wizard.draft.step == "offer"
    add_register(tab, "Level")
    view.registers.hand_name.take_focus()
    press(qtbot, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert tab.wizard.draft.step == "values"
    view.values.table.selectRow(0)
    view.values.panel.new_machine.click()
    view.values.machine.name.enter("Fan")
    view.values.machine.code.enter("F77")
    view.values.machine.code.take_focus()
    press(qtbot, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: any(asset.code == "F77" for asset in stage.writer.plant.load().assets))
    view.values.panel.new_machine.click()
    view.values.machine.name.take_focus()
    press(qtbot, Qt.Key.Key_Escape)
    assert tab.wizard.keeper.is_open, "Esc leaves the new machine first"
    assert view.values.panel.isVisible()
    view.values.table.setFocus()
    press(qtbot, Qt.Key.Key_Escape)
    assert not tab.wizard.keeper.is_open


def come_forward(qtbot: QtBot, view: QWidget) -> None:
    view.window().activateWindow()
    qtbot.waitUntil(view.isActiveWindow)


def press(qtbot: QtBot, what: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    qtbot.keyClick(focused, what, modifier)


def test_delete_takes_out_values_only_where_the_list_has_the_focus(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait
) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.go("offer")
    add_register(tab, "Level")
    tab.wizard.go("values")
    view = tab.wizard.view
    come_forward(qtbot, view)
    view.values.table.selectRow(0)
    view.back.setFocus()
    press(qtbot, Qt.Key.Key_Delete)
    assert len(tab.wizard.draft.values) == 1
    view.values.table.setFocus()
    press(qtbot, Qt.Key.Key_Delete)
    assert tab.wizard.draft.values == ()


# ---- register lists


def test_a_cell_is_edited_with_f2_and_left_with_escape(
    qtbot: QtBot, tab: ConnectionsTab, wait: Wait, tmp_path: Path
) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.go("offer")
    page = tab.wizard.view.registers
    (tmp_path / "list.csv").write_text("Name;Register;Type;Unit\nFlow;40002;strange;m3/h\n", encoding="utf-8")
    page.file_chosen.emit(str(tmp_path / "list.csv"))
    wait(lambda: page.tree.topLevelItemCount() == 1)
    come_forward(qtbot, page)
    page.tree.setFocus()
    page.tree.setCurrentItem(page.tree.topLevelItem(0), 2)
    press(qtbot, Qt.Key.Key_F2)
    assert page.tree.state() == QAbstractItemView.State.EditingState
    press(qtbot, Qt.Key.Key_Escape)
    assert tab.wizard.keeper.is_open, "Esc ends the edit, not the set-up"
    press(qtbot, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    editor.setText("uint16")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    wait(lambda: "1 of 1 rows" in page.said.text())
    assert page.tree.currentItem() is not None, "one goes on where one was"
    assert page.tree.hasFocus()


def test_a_sheet_of_a_workbook_is_chosen(tab: ConnectionsTab, wait: Wait, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Drive"
    for sheet, name in ((book.active, "Speed"), (book.create_sheet("Pump"), "Flow")):
        sheet.append(["Name", "Register", "Type", "Unit"])
        sheet.append([name, 40001, "int16", "Hz"])
    book.save(tmp_path / "list.xlsx")
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.go("offer")
    page = tab.wizard.view.registers
    page.file_chosen.emit(str(tmp_path / "list.xlsx"))
    wait(lambda: page.sheet.isVisible())
    assert page.sheet.value() == "Drive"
    page.sheet.show_value("Pump")
    page.sheet.edited.emit("", "Pump")
    wait(lambda: page.tree.topLevelItem(0).text(0) == "Flow")


def test_five_thousand_registers_and_a_file_that_is_too_large(
    tab: ConnectionsTab, wait: Wait, tmp_path: Path
) -> None:
    begin(tab, wait, name="PLC-7", host="10.0.0.7")
    tab.wizard.go("offer")
    page = tab.wizard.view.registers
    rows = "".join(f"Value {n};4{n:05d};int16;bar\n" for n in range(1, 5001))
    (tmp_path / "long.csv").write_text("Name;Register;Type;Unit\n" + rows, encoding="utf-8")
    begun_s = time.perf_counter()
    page.file_chosen.emit(str(tmp_path / "long.csv"))
    wait(lambda: page.tree.topLevelItemCount() == 5000)
    shown_s = time.perf_counter() - begun_s
    first = page.tree.topLevelItem(0)
    tick = _timed(lambda: first.setCheckState(0, Qt.CheckState.Checked))
    every = _timed(page.all_rows.click)
    print(f"5,000 registers: shown after {shown_s:.2f} s, a tick {tick} ms, all {every} ms")
    wait(lambda: len(tab.wizard.draft.values) == 5000)
    (tmp_path / "huge.csv").write_bytes(b"Name;Register\n" + b"x;1\n" * 5_000_000)
    page.file_chosen.emit(str(tmp_path / "huge.csv"))
    wait(lambda: "larger than 16 MB" in page.said.text())


# ---- room for other languages


class Longer(QTranslator):
    """A language whose words are forty percent longer than the English ones."""

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        return source + "\u00e4" * math.ceil(0.4 * len(source))

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def longer(qapp: QApplication) -> Iterator[None]:
    translator = Longer()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def test_nothing_is_clipped_when_words_are_forty_percent_longer(
    longer: None, tab: ConnectionsTab, wait: Wait
) -> None:
    """At 1366 x 768: buttons show their words, and no page needs more width than there is."""
    assert tab.list.add.text().endswith("\u00e4")
    clipped, wide = [], []
    for page in pages(tab, wait):
        QCoreApplication.processEvents()
        if tab.view.minimumSizeHint().width() > 1136:
            wide.append((page, tab.view.minimumSizeHint().width()))
        buttons = [each for each in tab.view.findChildren(QWidget) if each.isVisible() and _is_button(each)]
        clipped += [
            (page, _name_of(each), each.width(), each.sizeHint().width())
            for each in buttons
            if each.width() < each.sizeHint().width()
        ]
    assert wide == []
    assert clipped == []
