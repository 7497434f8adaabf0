"""Setup, machines: from an empty folder to two pumps and a bearing [SET-1, SET-3, SIG-2, ACQ-1]."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from domain.plant.assets import Asset, AssetKind, Criticality, MachineGroup, MeasurementPoint, Technique
from domain.plant.bearings import BearingGeometry
from domain.plant.keeping import NAMES as DAYS
from domain.plant.keeping import KeepingDays
from domain.plant.tags import TagKind
from domain.roles import Role
from services.clock import SystemClock
from services.set_up.bearing_catalogue import BearingCatalogue
from services.set_up.plant_setup import PlantSetup
from tests.gui.first_day_stage import EmptyStage, idle, make_empty_stage
from tests.gui.plant_stage import FL1, FL2, LINES, POINTS, SITE, Stage, make_stage, put_away
from ui.control_room import WindowSession
from ui.screens.setup.machines.codes import next_code, next_name, suggested_code
from ui.screens.setup.machines.forms import form_key
from ui.screens.setup.machines.nodes import found_in, nodes_of, walk
from ui.screens.setup.machines.tab import MachinesTab, make_tab
from ui.screens.setup.machines.words import removal_effect
from ui.screens.setup.screen import SetupScreen
from ui.theme import Theme
from ui.typed_numbers import number_of, shown_number

BEARING = BearingGeometry("6312", 8, 22.225, 95.25, source="maker")


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def first_day(tmp_path: Path, theme: Theme) -> Iterator[EmptyStage]:
    made = make_empty_stage(tmp_path)
    yield made
    made.close()


def open_tab(qtbot, stage: Stage | EmptyStage, argument: str = "") -> MachinesTab:
    tab = make_tab(stage.workstation, stage.context)
    tab.view.resize(1130, 620)
    tab.view.show()
    tab.open(argument)
    idle(qtbot, stage.tasks)
    return tab


@pytest.fixture
def tab(qtbot, stage: Stage) -> Iterator[MachinesTab]:
    made = open_tab(qtbot, stage, str(FL2.id))
    yield made
    put_away(made.view)


def asset(stage: Stage | EmptyStage, code: str) -> Asset:
    return next(each for each in stage.workstation.store.plant.load().assets if each.code == code)


def type_in(tab: MachinesTab, key: str, value: object) -> None:
    shown = tab.shown
    assert shown is not None
    tab.view.editor.form(form_key(shown)).fields[key].show_value(value)


def walk_to(tab: MachinesTab, identity: UUID) -> None:
    """Choose in the tree as a person does."""
    tab.view.tree.choose(identity)
    tab.view.tree.chosen.emit(identity)


def hold(tab: MachinesTab, qtbot) -> None:
    """Hold the act of the question for its second, as a hand would."""
    with qtbot.waitSignal(tab.view.question.confirm.held, timeout=4000):
        QTest.mousePress(tab.view.question.confirm, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(tab.view.question.confirm, Qt.MouseButton.LeftButton)


def test_from_an_empty_folder_to_two_pumps_and_a_bearing(qtbot, first_day: EmptyStage) -> None:
    """SET-1: no code, no file, a handful of words; SIG-2: the class brings points and values."""
    stage = first_day
    BearingCatalogue(stage.workstation.store).add("SKF", BEARING, by=stage.workstation.actor)
    tab = open_tab(qtbot, stage)
    view, sheet = tab.view, tab.view.machine_sheet
    assert view.page is view.nothing
    view.empty.acted.emit()
    assert view.page is sheet
    sheet.kind.show_value("pump")
    sheet.form.fields["name"].show_value("Feed pump 1")
    assert sheet.form.fields["code"].value() == "FP1", "proposed from the name"
    sheet.form.fields["code"].show_value("P-201")
    sheet.act.click()
    idle(qtbot, stage.tasks, lambda: sheet.form.fields["code"].value() == "P-202")
    assert view.page is sheet, "the sheet stays for the next one"
    assert sheet.form.fields["name"].value() == "Feed pump 2"
    sheet.act.click()
    idle(qtbot, stage.tasks, lambda: len(walk_names(tab)) > 12)
    view.tree.setFocus()
    sheet.end.click()
    plant = stage.plant()
    assert [each.code for each in plant.machines(plant.lines[0].id)] == ["P-201", "P-202"]
    point = next(each for each in plant.points_of(asset(stage, "P-201").id) if each.name == "Motor DE")
    tab.open(str(point.id))
    idle(qtbot, stage.tasks, lambda: view.tree.current == point.id)
    field = view.editor.form("point").bearing
    field.editor.setText("skf 63")
    assert [row.words for row in field.found.rows] == ["SKF 6312"]
    QTest.keyClick(field.editor, Qt.Key.Key_Return)
    assert "BPFO\u00a03.067" in field.orders.text()
    tab.save()
    idle(qtbot, stage.tasks, lambda: stage.plant().point(point.id).bearing == BEARING)
    assert stage.plant().point(point.id).speed_tag_key is not None, "tied to the value that waits"
    assert stage.problems == []
    put_away(view)


def walk_names(tab: MachinesTab) -> list[str]:
    return [node.thing.name for node in walk(nodes_of(tab.plant))]


def test_a_machine_is_ranked_and_declared(qtbot, tab: MachinesTab, stage: Stage) -> None:
    """SET-3, NEW-11."""
    type_in(tab, "criticality", "C")
    type_in(tab, "constraint", "no")
    type_in(tab, "group", MachineGroup.ISO_10816_1_CLASS_I.value)
    type_in(tab, "power", "7,5 kW")
    type_in(tab, "line", str(LINES[0].id))
    tab.save()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").version > 1)
    stored = asset(stage, "FL2")
    assert (stored.criticality, stored.is_constraint) == (Criticality.C, False)
    assert (stored.machine_group, stored.rated_power_kw) == (MachineGroup.ISO_10816_1_CLASS_I, 7.5)
    machines = stage.workstation.store.plant.load().machines(LINES[0].id)
    assert [each.code for each in machines] == ["DP1", "FL1", "FL2"], "at the end of the other line"
    assert tab.view.tree.current == FL2.id


def test_complaints_stand_at_the_fields_and_nothing_is_stored(tab: MachinesTab, stage: Stage) -> None:
    for key, words in (("name", ""), ("code", "FL1"), ("power", "much")):
        type_in(tab, key, words)
    tab.save()
    fields = tab.view.editor.form("machine").fields
    assert "Filler FL1 has this code" in fields["code"].hint.text()
    assert all(fields[key].hint.text().startswith("!") for key in ("name", "code", "power"))
    assert stage.tasks.pending == 0
    assert "3 fields" in tab.view.editor.said.text()


def test_what_is_typed_stays_and_somebody_faster_is_named(qtbot, tab: MachinesTab, stage: Stage) -> None:
    type_in(tab, "name", "Filler two")
    setup = PlantSetup(stage.writer, clock=stage.context.clock, by=stage.workstation.actor)
    setup.change_asset(replace(asset(stage, "FL2"), description="theirs"))
    tab.plant_changed()
    idle(qtbot, stage.tasks)
    assert tab.view.editor.typed()["name"] == "Filler two"
    assert "Somebody else" in tab.view.editor.said.text()
    walk_to(tab, FL1.id)
    walk_to(tab, FL2.id)
    assert tab.view.editor.typed()["name"] == "Filler two", "kept while one looks elsewhere"
    tab.save()
    idle(qtbot, stage.tasks, lambda: "faster" in tab.view.editor.said.text())
    assert asset(stage, "FL2").name == "Filler FL2"
    tab.revert()
    assert tab.view.editor.typed()["description"] == "theirs"


def test_acts_are_undone_and_redone_one_by_one(qtbot, tab: MachinesTab, stage: Stage) -> None:
    for name in ("A", "B"):
        type_in(tab, "name", name)
        tab.save()
        idle(qtbot, stage.tasks, lambda name=name: asset(stage, "FL2").name == name)
    tab.acts.bar.undo.click()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").name == "A")
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").name == "Filler FL2")
    tab.acts.redo()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").name == "A")
    assert tab.view.editor.typed()["name"] == "A", "the form follows"


def test_what_is_typed_outlives_an_act_of_ones_own(qtbot, tab: MachinesTab, stage: Stage) -> None:
    type_in(tab, "line", str(LINES[0].id))
    tab.save()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").parent_id == LINES[0].id)
    type_in(tab, "name", "Typed")
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").parent_id == LINES[1].id)
    assert tab.view.editor.typed()["name"] == "Typed"
    tab.save()
    idle(qtbot, stage.tasks, lambda: asset(stage, "FL2").name == "Typed")
    assert asset(stage, "FL2").parent_id == LINES[1].id, "only what was typed is saved"


def test_machines_move_in_the_flow(qtbot, tab: MachinesTab, stage: Stage) -> None:
    walk_to(tab, FL1.id)
    tab.view.editor.up.click()
    idle(qtbot, stage.tasks)
    machines = stage.workstation.store.plant.load().machines(LINES[0].id)
    assert [each.code for each in machines] == ["FL1", "DP1"]
    assert tab.view.tree.current == FL1.id


def test_a_machine_with_limits_stays_and_says_why(qtbot, tab: MachinesTab, stage: Stage) -> None:
    tab.view.tree.setFocus()
    QTest.keyClick(tab.view.tree, Qt.Key.Key_Delete)
    assert "Filler FL2" in tab.view.question.accessibleName()
    assert "1 point, 4 values" in tab.view.question.accessibleDescription()
    hold(tab, qtbot)
    idle(qtbot, stage.tasks, lambda: "Still needed by alarm limits: 1" in tab.view.editor.said.text())
    assert asset(stage, "FL2").version == 1


def test_a_question_about_something_that_changed_is_put_away(qtbot, tab: MachinesTab, stage: Stage) -> None:
    """What goes is what was asked about, never what happens to be chosen by then."""
    tab.view.editor.remove.click()
    setup = PlantSetup(stage.writer, clock=stage.context.clock, by=stage.workstation.actor)
    setup.change_asset(replace(asset(stage, "FL2"), description="theirs"))
    tab.plant_changed()
    idle(qtbot, stage.tasks, tab.view.question.isHidden)
    assert tab.view.editor.isEnabled()


def test_a_new_machine_is_removed_and_comes_back(qtbot, tab: MachinesTab, stage: Stage) -> None:
    tab.view.add_machine.click()
    sheet = tab.view.machine_sheet
    sheet.form.fields["name"].show_value("Mixer")
    sheet.send()
    idle(qtbot, stage.tasks, lambda: asset(stage, "M1").name == "Mixer")
    assert sheet.line.value() == str(LINES[1].id), "the line of what was chosen"
    sheet.end.click()
    tab.view.editor.remove.click()
    hold(tab, qtbot)
    idle(qtbot, stage.tasks, lambda: tab.view.tree.current == LINES[1].id)
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: tab.shown is not None and tab.shown.name == "Mixer")


def test_lines_and_points_are_added_by_name(qtbot, tab: MachinesTab, stage: Stage) -> None:
    """ACQ-4: the technique is chosen per point."""
    tab.view.add_point.click()
    sheet = tab.view.point_sheet
    sheet.form.fields["name"].show_value("Valve block")
    sheet.form.fields["technique"].show_value(Technique.ULTRASONIC.value)
    sheet.send()
    idle(qtbot, stage.tasks)
    points = stage.workstation.store.plant.load().points_of(FL2.id)
    assert {each.name: each.technique for each in points}["Valve block"] is Technique.ULTRASONIC
    sheet.form.fields["name"].show_value("Motor DE")
    sheet.send()
    idle(qtbot, stage.tasks)
    tab.view.add_line.click()
    assert tab.view.line_sheet.form.values() == {"name": "Line 3", "code": "L3"}
    tab.view.line_sheet.send()
    idle(qtbot, stage.tasks, lambda: len(stage.workstation.store.plant.load().lines) == 3)


def test_a_point_that_becomes_vibration_gets_its_figures(qtbot, tab: MachinesTab, stage: Stage) -> None:
    setup = PlantSetup(stage.writer, clock=stage.context.clock, by=stage.workstation.actor)
    (point,) = setup.add_point(FL2.id, name="Gear", technique=Technique.PROCESS).made(MeasurementPoint)
    tab.open(str(point.id))
    idle(qtbot, stage.tasks, lambda: tab.view.tree.current == point.id)
    type_in(tab, "technique", Technique.VIBRATION.value)
    type_in(tab, "sensor", "accelerometer 100 mV/g")
    tab.save()
    idle(qtbot, stage.tasks, lambda: len(figures(stage, point)) == 14)


def test_a_point_says_that_its_bearing_has_a_newer_edition(qtbot, tab: MachinesTab, stage: Stage) -> None:
    """NEW-13: figures of a point stay until a person chooses others."""
    station, old = stage.workstation, replace(BEARING, pitch_diameter_mm=95.0)
    BearingCatalogue(station.store).add("SKF", BEARING, by=station.actor)
    setup = PlantSetup(station.store, clock=stage.context.clock, by=station.actor)
    setup.change_point(replace(POINTS[2], bearing=old))
    tab.open(str(POINTS[2].id))
    field = tab.view.editor.form("point").fields["bearing"]
    idle(qtbot, stage.tasks, lambda: "other figures now" in field.facts.text())
    field.clear.click()
    assert field.value() is None
    field.editor.setText("6312")
    QTest.keyClick(field.editor, Qt.Key.Key_Return)
    assert field.value() == BEARING


def figures(stage: Stage, point: MeasurementPoint) -> list[str]:
    plant = stage.workstation.store.plant.load()
    return [tag.name for tag in plant.tags if tag.point_id == point.id and tag.kind is TagKind.DERIVED]


def test_a_point_complains_about_impossible_figures(tab: MachinesTab, qtbot, stage: Stage) -> None:
    tab.open(str(POINTS[2].id))
    idle(qtbot, stage.tasks, lambda: tab.view.tree.current == POINTS[2].id)
    for key, words in (("ratio", "0"), ("low", "9000"), ("bearing", "nobody knows")):
        type_in(tab, key, words)
    tab.save()
    fields = tab.view.editor.form("point").fields
    assert all(fields[key].hint.text().startswith("!") for key in ("ratio", "high", "bearing"))
    assert "Bearings tab" in fields["bearing"].facts.text()


def test_values_are_listed_with_their_device_and_may_go(qtbot, tab: MachinesTab, stage: Stage) -> None:
    table = tab.view.editor.values.table
    assert [table.rows.row(n).device for n in range(table.rows.rowCount())] == ["PLC-1"] * 4
    good = next(t for t in stage.workstation.store.plant.load().tags_of(FL2.id) if t.label == "Good pieces")
    table.select(good.id)
    tab.view.editor.values.remove.click()
    idle(qtbot, stage.tasks, lambda: table.rows.rowCount() == 3)
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: table.rows.rowCount() == 4)


def test_who_may_not_set_up_sees_all_and_reads_who_may(qtbot, stage: Stage) -> None:
    stage.workstation.actor = replace(stage.workstation.actor, role=Role.OPERATOR)
    tab = open_tab(qtbot, stage, str(FL2.id))
    view = tab.view
    assert "Allowed" in view.editor.said.text()
    acts = (view.add_line, view.add_machine, view.add_point, view.editor.save, view.editor.remove)
    assert not any(button.isEnabled() for button in acts)
    assert all("Allowed" in button.toolTip() for button in acts)
    assert not view.editor.form("machine").fields["name"].isEnabled()
    put_away(view)


def test_selection_survives_a_thousand_updates(tab: MachinesTab) -> None:
    """NEW-10: an update moves neither selection nor what is open."""
    plant = tab.plant
    for turn in range(1000):
        changed = replace(FL1, name=f"Filler {turn}")
        assets = tuple(changed if each.id == FL1.id else each for each in plant.assets)
        tab.view.tree.show_nodes(nodes_of(replace(plant, assets=assets)))
    assert tab.view.tree.current == FL2.id
    assert tab.view.tree.currentIndex().data() == "Filler FL2"


def test_searching_finds_by_name_and_code_with_the_way_down(tab: MachinesTab) -> None:
    found = found_in(nodes_of(tab.plant), "fl1")
    assert [node.thing.name for node in walk(found)] == ["North", "Line 1", "Filler FL1", "Motor DE"]
    assert found_in(nodes_of(tab.plant), "nothing like it") == ()
    tab.view.search.setText("motor")
    assert tab.act("filter")
    assert tab.view.tree.model().rowCount() == 1


def test_site_and_line_have_name_and_code(qtbot, tab: MachinesTab, stage: Stage) -> None:
    tab.open(str(SITE.id))
    idle(qtbot, stage.tasks, lambda: tab.view.tree.current == SITE.id)
    type_in(tab, "name", "North works")
    type_in(tab, "zone", "Europe/Lisbon")
    tab.save()
    idle(qtbot, stage.tasks, lambda: asset(stage, "N").name == "North works")
    assert stage.workstation.store.plant.load().zone == "Europe/Lisbon"
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: stage.workstation.store.plant.load().zone == "Europe/Berlin")
    assert tab.view.editor.typed()["zone"] == "Europe/Berlin"
    tab.acts.redo()
    idle(qtbot, stage.tasks, lambda: asset(stage, "N").name == "North works")
    assert asset(stage, "N").kind is AssetKind.SITE


def test_the_site_says_how_long_the_plant_keeps_what(qtbot, tab: MachinesTab, stage: Stage) -> None:
    """SET-1, NEW-27: empty keeps for ever; what is rougher, or evidence, stays at least as long."""
    plants = stage.workstation.store.plant
    tab.open(str(SITE.id))
    idle(qtbot, stage.tasks, lambda: tab.view.tree.current == SITE.id)
    assert [tab.view.editor.typed()[name] for name in DAYS] == ["90", "730", "", "400", "3650"]
    type_in(tab, "raw", "1000")
    tab.save()
    form = tab.view.editor.form("site")
    assert "at least as many days" in form.fields["minutes"].hint.text()
    type_in(tab, "minutes", "")
    type_in(tab, "waveforms", "0")
    tab.save()
    assert "above 0" in form.fields["waveforms"].hint.text()
    type_in(tab, "waveforms", "30.5")
    tab.save()
    wanted = KeepingDays(raw=1000, minutes=None, waveforms=30.5)
    idle(qtbot, stage.tasks, lambda: plants.keeping_days() == wanted)
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: plants.keeping_days() == KeepingDays())
    idle(qtbot, stage.tasks, lambda: tab.view.editor.typed()["raw"] == "90")


def test_in_the_window_an_act_reaches_every_screen_and_typing_stays(
    qtbot, qapp: QApplication, theme: Theme, tmp_path: Path
) -> None:
    """SET-1: the change feed tells the window; another zone shows at once."""
    session = WindowSession(qapp, tmp_path, clock=SystemClock())
    session.start(address="setup/machines", width=1366, height=768)
    qtbot.waitUntil(lambda: session.is_attached, timeout=10_000)
    screen = session.room.window.front
    assert isinstance(screen, SetupScreen)
    tab = screen.tab("machines")
    assert isinstance(tab, MachinesTab)
    tab.view.empty.acted.emit()
    tab.view.machine_sheet.form.fields["name"].show_value("Mixer")
    tab.view.machine_sheet.send()
    plant = session.workstation.monitoring
    qtbot.waitUntil(lambda: len(plant.plant.lines) == 1, timeout=10_000)
    tab.view.machine_sheet.end.click()
    type_in(tab, "name", "Mixer one")
    setup = PlantSetup(session.workstation.store, clock=SystemClock(), by=session.workstation.actor)
    site = next(each for each in plant.plant.assets if each.kind is AssetKind.SITE)
    setup.change_site(site, zone="Asia/Tokyo")
    qtbot.waitUntil(lambda: session.room.window.plant_time().zone == "Asia/Tokyo", timeout=10_000)
    assert session.room.window.front is screen
    assert tab.view.editor.typed()["name"] == "Mixer one"
    session.close()


@pytest.mark.parametrize(
    ("name", "code"),
    [("Feed pump 3", "FP3"), ("Filler FL7", "FL7"), ("Mixer", "M1"), ("Filler FL1", "FL2"), ("", "")],
)
def test_codes_are_proposed_from_names(name: str, code: str) -> None:
    assert suggested_code(name, {"FL1"}) == code


def test_codes_and_names_count_up() -> None:
    assert next_code("P-201", {"P-202"}) == "P-203"
    assert (next_code("M09", ()), next_code("X", ())) == ("M10", "X2")
    assert (next_name("Feed pump 1"), next_name("Mixer")) == ("Feed pump 2", "Mixer")


@pytest.mark.parametrize(
    ("text", "value"), [("7,1 mm/s", 7.1), ("2000", 2000.0), ("-3.5", -3.5), ("much", None), ("1.2.3", None)]
)
def test_numbers_are_read_as_people_type_them(text: str, value: float | None) -> None:
    assert number_of(text) == value


def test_a_number_is_shown_ready_to_edit(theme: Theme) -> None:
    assert [shown_number(value) for value in (22.225, 2000.0, None)] == ["22.225", "2000", ""]


def test_what_goes_with_a_machine_is_counted() -> None:
    assert removal_effect(points=0, values=0, figures=0) == "Nothing else goes with it."
    expected = "With it go: 1 point, 6 values, 1 computed figure. Stored history stays on disk."
    assert removal_effect(points=1, values=6, figures=1) == expected
    assert "15 computed figures" in removal_effect(points=4, values=0, figures=15)
