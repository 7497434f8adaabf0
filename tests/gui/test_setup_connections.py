"""The connections tab: forms, drafts, lists, many values at once, undo, rights [SET-1, ACQ-2, S-16]."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from domain.roles import Role
from services.access import program_actor
from tests.gui.plant_stage import FL2, LINK, TEMPERATURE, Stage, key, make_stage, put_away, settle
from tests.gui.setup_stage import modbus_device
from tests.protocol.opcua_stage import ServerChild, server_certificate
from ui.screens.setup.connections.register_page import RegisterNode
from ui.screens.setup.connections.tab import ConnectionsTab, make_tab
from ui.screens.setup.connections.values_page import TO_DO_WIDE, WIDE
from ui.screens.setup.connections.words import complaints
from ui.theme import BODY, BOLD, Theme, font
from ui.widgets.cell_delegate import PADDING
from ui.widgets.drawing import width_of
from ui.widgets.fields import Field

pytestmark = pytest.mark.timeout(90)

LIST = """Name;Register;Type;Unit;Scale
FL2 oil temperature;40001;int16;°C;0,1
FL2 flow;40002;strange;m3/h;1
FL2 pressure;40003;float32;;1
"""


@pytest.fixture
def stage(theme: Theme, tmp_path: Path) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def tab(stage: Stage) -> Iterator[ConnectionsTab]:
    made = make_tab(stage.workstation, stage.context)
    made.view.resize(1200, 640)
    made.open("")
    made.view.show()
    yield made
    made.close()
    put_away(made.view)


def wait(qtbot: QtBot, stage: Stage, tab: ConnectionsTab, done: object) -> None:
    settle(qtbot, stage, tab.refresh, done)  # type: ignore[arg-type]


def begin(qtbot: QtBot, stage: Stage, tab: ConnectionsTab, argument: str = "new") -> None:
    tab.open(argument)
    wait(qtbot, stage, tab, lambda: tab.wizard.keeper.is_open)


def answer(tab: ConnectionsTab, **typed: str) -> None:
    """Type into the form as a person does; ``name`` is the device's."""
    page = tab.wizard.view.device
    for field, text in typed.items():
        row: Field = page.name if field == "name" else page.rows[field]
        row.enter(text)  # type: ignore[attr-defined]


def problem_of(row: Field) -> str:
    return row.hint.accessibleName() if row.is_wrong else ""


def to_the_values(qtbot: QtBot, stage: Stage, tab: ConnectionsTab, path: Path) -> None:
    """Go through steps 1 and 2 with the maker's list."""
    begin(qtbot, stage, tab)
    answer(tab, name="PLC-7", host="10.0.0.7")
    view = tab.wizard.view
    view.forth.click()
    path.write_text(LIST, encoding="utf-8")
    view.registers.file_chosen.emit(str(path))
    wait(qtbot, stage, tab, lambda: view.registers.tree.topLevelItemCount() == 3)


# ---- step 1


def test_what_is_missing_is_said_at_its_field_and_keeps_one_there(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab)
    page = tab.wizard.view.device
    answer(tab, port="70000")
    assert problem_of(page.rows["port"]) == "From 1 to 65535 is possible."
    assert problem_of(page.rows["host"]) == "", "not left yet: no complaint"
    tab.wizard.view.forth.click()
    assert tab.wizard.draft.step == "device"
    assert problem_of(page.name) == "Give the device a name."
    assert problem_of(page.rows["host"]) == "Needed to reach the device."
    answer(tab, name="PLC-7", host="10.0.0.7", port="502")
    tab.wizard.view.forth.click()
    assert tab.wizard.draft.step == "offer"


def test_a_device_that_is_away_is_told_and_one_may_go_on(qtbot, stage: Stage, tab, free_port: int) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab)
    answer(tab, name="PLC-7", host="127.0.0.1", port=str(free_port))
    panel = tab.wizard.view.device.test
    panel.start.click()
    wait(qtbot, stage, tab, lambda: panel.sentence.text() == "Not connected.")
    assert "Check power, cable" in panel.more.text()
    tab.wizard.view.forth.click()
    assert tab.wizard.draft.step == "offer"


def test_a_test_can_be_given_up_and_the_next_one_works(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    with modbus_device({}) as device:
        device.mode = "hang"
        begin(qtbot, stage, tab)
        answer(tab, name="PLC-7", host="127.0.0.1", port=str(device.port))
        panel = tab.wizard.view.device.test
        panel.start.click()
        assert panel.cancel.isVisible()
        panel.cancel.click()
        assert panel.sentence.text() == "Not tested yet."
        panel.start.click()
        wait(qtbot, stage, tab, lambda: panel.sentence.text().startswith("Connected"))


def test_an_unknown_server_is_trusted_after_its_fingerprint_was_compared(
    qtbot, stage: Stage, tab, free_port: int, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    """S-16: nothing is believed before a person has compared."""
    own = server_certificate(tmp_path / "server")
    server = ServerChild(free_port, certificate=str(own.certificate), key=str(own.key))
    server.launch()
    try:
        begin(qtbot, stage, tab)
        tab.wizard.view.device.kind_chosen.emit("opcua")
        answer(tab, name="OPC-2", endpoint=f"opc.tcp://127.0.0.1:{free_port}/")
        panel = tab.wizard.view.device.test
        panel.start.click()
        wait(qtbot, stage, tab, lambda: panel.trust.isVisible())
        assert len(panel.fingerprint.text().split()) == 32
        panel.trust.held.emit()
        wait(qtbot, stage, tab, lambda: panel.sentence.text().startswith("Connected"))
        assert "Signed" in panel.more.text()
    finally:
        server.kill()
    acts = [entry.action for entry in stage.writer.audit.entries(start_us=0, end_us=2**62)]
    assert "trust" in acts


# ---- step 2


def test_a_register_list_shows_every_problem_and_is_corrected_in_place(
    qtbot, stage: Stage, tab, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    to_the_values(qtbot, stage, tab, tmp_path / "list.csv")
    page = tab.wizard.view.registers
    assert "2 of 3 rows can be taken" in page.said.text()
    broken = page.tree.topLevelItem(1)
    assert isinstance(broken, RegisterNode)
    assert "say the type" in broken.text(4)
    broken.setText(2, "uint16")
    assert "3 of 3 rows can be taken" in page.said.text()
    page.all_rows.click()
    assert [value.name for value in tab.wizard.draft.values] == [
        "FL2 oil temperature", "FL2 flow", "FL2 pressure",
    ]  # fmt: skip
    page.tree.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert len(tab.wizard.draft.values) == 2
    tab.wizard.keeper.undo()
    assert len(tab.wizard.draft.values) == 3
    assert page.tree.topLevelItem(0).checkState(0) is Qt.CheckState.Checked


def test_a_file_that_is_no_list_is_refused_in_words(qtbot, stage: Stage, tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab)
    answer(tab, name="PLC-7", host="10.0.0.7")
    tab.wizard.view.forth.click()
    path = tmp_path / "notes.csv"
    path.write_text("hello\nworld\n", encoding="utf-8")
    page = tab.wizard.view.registers
    page.file_chosen.emit(str(path))
    wait(qtbot, stage, tab, lambda: "no row names its columns" in page.said.text())


def test_a_register_typed_wrongly_says_what_to_do(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab)
    answer(tab, name="PLC-7", host="10.0.0.7")
    tab.wizard.view.forth.click()
    page = tab.wizard.view.registers
    page.hand_name.enter("Level")
    page.hand_address.enter("register")
    page.add.click()
    assert "write the register like 40001" in problem_of(page.hand_address)
    page.hand_address.enter("0x10")
    page.add.click()
    (value,) = tab.wizard.draft.values
    assert (value.address["offset"], value.source) == (16, "holding 16 float32")
    assert page.hand_name.value() == "", "room for the next"


# ---- step 3


def test_many_values_are_settled_at_once_and_stored_with_one_undo(
    qtbot, stage: Stage, tab, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    to_the_values(qtbot, stage, tab, tmp_path / "list.csv")
    view = tab.wizard.view
    view.registers.all_rows.click()
    view.forth.click()
    view.forth.click()
    assert "1 value still has something to do" in view.said.text()
    assert view.values.table.rows.rowCount() == 2
    assert [row.to_do for row in map(view.values.table.rows.row, range(2))] == ["", "unit missing"]
    view.values.table.selectAll()
    view.values.panel.edited.emit("unit", "bar")
    view.values.panel.edited.emit("low", "0,5")
    assert {(value.unit, value.low) for value in tab.wizard.draft.values} == {("bar", 0.5)}
    view.values.panel.edited.emit("high", "soon")
    assert problem_of(view.values.panel.rows["high"]) == "A number is needed."
    view.forth.click()
    wait(qtbot, stage, tab, lambda: not tab.wizard.keeper.is_open)
    plant = stage.writer.plant.load()
    link = next(each for each in plant.connections if each.name == "PLC-7")
    assert {tag.unit for tag in plant.tags if tag.connection_id == link.id} == {"bar"}
    wait(qtbot, stage, tab, lambda: tab.list.undo.accessibleName() == "Connected: PLC-7")
    tab.list.undo.undo.click()
    wait(qtbot, stage, tab, lambda: len(stage.writer.plant.load().connections) == 1)


def test_stored_values_are_changed_with_their_live_value_beside(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab, str(LINK.id))
    view = tab.wizard.view
    assert tab.wizard.draft.step == "values"
    hot = next(value for value in tab.wizard.draft.values if value.name == f"FL2.{TEMPERATURE}")

    def live() -> str:
        place = view.values.table.rows.place_of(hot.id)
        return "" if place is None else str(view.values.table.rows.row(place).live.text)

    wait(qtbot, stage, tab, lambda: live() == "84")
    view.values.table.select(hot.id)
    view.values.panel.rows["label"].enter("Oil temperature")  # type: ignore[attr-defined]
    view.forth.click()
    wait(qtbot, stage, tab, lambda: not tab.wizard.keeper.is_open)
    assert stage.writer.plant.load().tag(key(FL2, TEMPERATURE)).label == "Oil temperature"


def test_places_are_told_apart_in_a_small_window(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    """The whole where it fits, also in bold, else the code of the machine before the point."""
    tab.view.resize(1116, 586)  # what Setup has of 1366 x 768
    begin(qtbot, stage, tab, str(LINK.id))
    table = tab.wizard.view.values.table
    header = table.horizontalHeader()
    wanted = width_of("Depalletiser DP1 \u00b7 Main motor NDE", font(BODY, BOLD)) + 2 * PADDING
    wait(qtbot, stage, tab, lambda: header.sectionSize(1) >= wanted)
    longest = width_of(complaints(["value_machine_unsure"]), font(BODY, BOLD)) + 2 * PADDING
    assert header.sectionSize(header.count() - 1) >= longest
    cells = [table.rows.index(row, 1) for row in range(table.rows.rowCount())]
    wholes = {"Depalletiser DP1 \u00b7 Motor DE", "Filler FL1 \u00b7 Motor DE", "Filler FL2 \u00b7 Motor DE"}
    assert wholes <= {cell.data() for cell in cells}
    header.resizeSection(1, 130)
    assert {"DP1 \u00b7 Motor DE", "FL1 \u00b7 Motor DE", "FL2 \u00b7 Motor DE"} <= {
        cell.data() for cell in cells
    }
    tips = {cell.data(Qt.ItemDataRole.ToolTipRole) for cell in cells}
    assert any("Depalletiser DP1" in tip for tip in tips)


def test_a_column_keeps_the_width_it_was_dragged_to(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab, str(LINK.id))
    page = tab.wizard.view.values
    header = page.table.horizontalHeader()
    last = header.count() - 1
    wait(qtbot, stage, tab, page.isVisible)
    header.resizeSection(last, 190)
    page.resize(page.width() - 40, page.height())
    assert header.sectionSize(last) == 190
    page.resize(WIDE + 60, page.height())
    assert header.sectionSize(last) == TO_DO_WIDE, "another kind of window"


def test_somebody_elses_change_is_not_written_over(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab, str(LINK.id))
    tag = stage.writer.plant.load().tag(key(FL2, TEMPERATURE))
    with stage.writer.unit_of_work(program_actor("Erna")) as work:
        work.plant.save_tag(replace(tag, label="Erna's"))
    view = tab.wizard.view
    view.values.table.select(tag.id)
    view.values.panel.rows["label"].enter("Mine")  # type: ignore[attr-defined]
    view.forth.click()
    wait(qtbot, stage, tab, lambda: "was faster" in view.said.text())
    assert stage.writer.plant.load().tag(tag.key).label == "Erna's"
    assert tab.wizard.keeper.is_open, "what was typed is still there"


# ---- drafts


def test_a_draft_waits_in_the_list_and_goes_on_where_it_was(qtbot, stage: Stage, tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    to_the_values(qtbot, stage, tab, tmp_path / "list.csv")
    tab.wizard.view.registers.all_rows.click()
    identity = tab.wizard.draft.id
    tab.wizard.view.close_it.click()
    wait(qtbot, stage, tab, lambda: tab.list.table.rows.place_of(identity) is not None)
    row = tab.list.table.rows.row(tab.list.table.rows.place_of(identity))
    assert row.draft is not None
    assert row.draft.title == "PLC-7"
    begin(qtbot, stage, tab, str(identity))
    assert (tab.wizard.draft.step, len(tab.wizard.draft.values)) == ("offer", 2)
    tab.wizard.view.discard.held.emit()
    wait(qtbot, stage, tab, lambda: tab.list.table.rows.place_of(identity) is None)


def test_what_was_typed_last_is_kept_when_the_window_closes(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    """A draft keeps itself: also the last word before the window goes."""
    begin(qtbot, stage, tab)
    answer(tab, name="PLC-7")
    tab.close()
    stage.tasks.close()
    assert [draft.title for draft in stage.writer.drafts.open_ones()] == ["PLC-7"]


def test_a_draft_that_is_being_kept_is_put_away_when_it_is_thrown_away(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab)
    answer(tab, name="PLC-7")
    tab.wizard.keeper.keep_if_due(2**62)
    answer(tab, name="PLC-8")
    tab.wizard.keeper.keep_if_due(2**62)
    tab.wizard.view.discard.held.emit()
    wait(qtbot, stage, tab, lambda: not stage.tasks.pending)
    assert stage.writer.drafts.open_ones() == ()


def test_a_form_that_nobody_touched_leaves_no_draft(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    begin(qtbot, stage, tab)
    tab.wizard.view.close_it.click()
    wait(qtbot, stage, tab, lambda: tab.list.table.rows.rowCount() == 1)
    assert stage.writer.drafts.open_ones() == ()


# ---- the list


def choose_link(qtbot: QtBot, stage: Stage, tab: ConnectionsTab) -> None:
    wait(qtbot, stage, tab, lambda: tab.list.table.rows.rowCount() == 1)
    assert tab.list.table.select(LINK.id)


def test_a_device_is_paused_and_read_again(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    choose_link(qtbot, stage, tab)
    tab.list.pause.click()
    wait(qtbot, stage, tab, lambda: not stage.writer.plant.load().connections[0].is_enabled)
    stage.workstation.reload()
    tab.plant_changed()
    wait(qtbot, stage, tab, lambda: tab.list.pause.text() == "Read again")


def test_a_removal_says_what_goes_and_is_taken_back(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    choose_link(qtbot, stage, tab)
    before = stage.writer.plant.load()
    tab.list.remove.click()
    assert tab.list.confirm.isVisible()
    assert "(21) stay, with their history" in tab.list.confirm.accessibleDescription()
    tab.list.confirm.confirm.held.emit()
    wait(qtbot, stage, tab, lambda: stage.writer.plant.load().connections == ())
    assert {tag.connection_id for tag in stage.writer.plant.load().tags} == {None}
    tab.list.undo.undo.click()
    wait(qtbot, stage, tab, lambda: len(stage.writer.plant.load().connections) == 1)
    after = stage.writer.plant.load()
    assert {tag.key: tag.connection_id for tag in after.tags} == {
        tag.key: tag.connection_id for tag in before.tags
    }


def test_what_is_removed_is_what_was_asked_about(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    choose_link(qtbot, stage, tab)
    tab.list.remove.click()
    tab.list.table.clearSelection()
    tab.list.confirm.confirm.held.emit()
    wait(qtbot, stage, tab, lambda: stage.writer.plant.load().connections == ())


def test_values_that_limits_watch_do_not_go(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    choose_link(qtbot, stage, tab)
    tab.list.remove_all.click()
    tab.list.confirm.confirm.held.emit()
    wait(qtbot, stage, tab, lambda: bool(stage.problems))
    assert "alarm limits" in str(stage.problems.pop())
    assert len(stage.writer.plant.load().connections) == 1


def test_the_trend_of_a_device_is_one_press_away(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    choose_link(qtbot, stage, tab)
    tab.list.trend.click()
    assert stage.visited[-1].startswith("trends/")


def test_who_may_not_set_up_sees_everything_and_the_roles_that_may(qtbot, stage: Stage) -> None:  # type: ignore[no-untyped-def]
    stage.workstation.actor = replace(stage.workstation.actor, role=Role.OPERATOR)
    tab = make_tab(stage.workstation, stage.context)
    tab.view.show()
    choose_link(qtbot, stage, tab)
    assert not tab.list.add.isEnabled()
    assert not tab.list.pause.isEnabled()
    assert tab.list.trend.isEnabled()
    assert "Engineer" in tab.list.said.text()
    tab.close()
    put_away(tab.view)


def test_a_device_is_let_go_while_another_screen_is_in_front_and_read_again(qtbot, stage: Stage, tab) -> None:  # type: ignore[no-untyped-def]
    with modbus_device({10: 7}) as device:
        begin(qtbot, stage, tab)
        answer(tab, name="PLC-7", host="127.0.0.1", port=str(device.port))
        view = tab.wizard.view
        view.forth.click()
        view.registers.typed.emit(
            {"name": "Level", "address": "40011", "table": "holding", "kind": "uint16", "unit": "%"}
        )
        view.forth.click()
        wait(qtbot, stage, tab, lambda: view.values.table.rows.row(0).live.text == "7")
        tab.on_hidden()
        device.written[10] = 8
        wait(qtbot, stage, tab, lambda: view.values.table.rows.row(0).live.text == "8")
        assert device.connects == 2
