"""Setup, bearings: catalogue, own entries, files judged before they count, editions of points [NEW-13]."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from domain.plant.bearings import BearingGeometry, BearingType
from domain.roles import Role
from services.set_up.bearing_catalogue import BearingCatalogue
from services.set_up.bearing_table import REQUIRED, BearingRow
from services.set_up.plant_setup import PlantSetup
from tests.gui.first_day_stage import EmptyStage, idle, make_empty_stage
from tests.gui.plant_stage import POINTS, Stage, make_stage, put_away
from tests.services.set_up.bearing_files import workbook_of_bearings
from ui.screens.setup.bearings.importing import ImportPanel
from ui.screens.setup.bearings.tab import BearingsTab, make_tab
from ui.screens.setup.bearings.words import outcome_words
from ui.theme import Theme

OLD = BearingGeometry("6205", 9, 7.9, 39.0, source="drawing")
NEW = BearingGeometry("6205", 9, 7.94, 39.04, source="maker")
TABLE = """Hersteller;Bezeichnung;Z;d [mm];Dm [mm];Druckwinkel;Quelle
SKF;6205;9;7,94;39,04;0;maker
SKF;6312;8;22,225;95,25;;maker
FAG;X1;two;10;50;0;
FAG;X2;8;60;50;0;
"""


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def tab(qtbot, stage: Stage) -> Iterator[BearingsTab]:
    """FL2's point runs in the first edition of a type that has a second one."""
    station = stage.workstation
    catalogue = BearingCatalogue(station.store)
    for geometry in (OLD, NEW):
        catalogue.add("SKF", geometry, by=station.actor)
    setup = PlantSetup(station.store, clock=stage.context.clock, by=station.actor)
    setup.change_point(replace(POINTS[2], bearing=OLD))
    made = open_tab(qtbot, stage)
    yield made
    put_away(made.view)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "bearings.csv"
    path.write_bytes(TABLE.encode("cp1252"))
    return path


def open_tab(qtbot, stage: Stage | EmptyStage) -> BearingsTab:
    tab = make_tab(stage.workstation, stage.context)
    tab.view.resize(1130, 620)
    tab.view.show()
    tab.open("")
    idle(qtbot, stage.tasks)
    return tab


def names(tab: BearingsTab) -> list[str]:
    rows = tab.view.table.rows
    return [rows.row(place).bearing.name for place in range(rows.rowCount())]


def choose_first(qtbot, tab: BearingsTab, stage: Stage) -> BearingType:
    tab.view.table.selectRow(0)
    idle(qtbot, stage.tasks)
    chosen = tab.view.table.rows.row(0).bearing
    assert isinstance(chosen, BearingType)
    return chosen


def test_a_file_is_judged_before_anything_is_stored(
    qtbot, tab: BearingsTab, stage: Stage, table: Path
) -> None:
    """NEW-13: every row with its outcome, counts, one transaction, a report; decimal commas work."""
    tab.read_file(str(table))
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is tab.view.file)
    file = tab.view.file
    assert (
        file.counts.text().split()
        == ("Rows: 4. New: 1. New editions: 0. Known already: 1. Wrong: 2.").split()
    )
    outcomes = [outcome_words(file.table.rows.row(place)) for place in range(4)]
    assert outcomes[0] == "!  number of elements: 'two' is not a number"
    assert outcomes[1] == "!  pitch diameter D '50': Give millimetres above the element diameter."
    assert outcomes[2:] == ["known already", "new"]
    assert len(BearingCatalogue(stage.workstation.store).search()) == 1, "nothing is stored yet"
    file.take.click()
    idle(qtbot, stage.tasks, lambda: names(tab) == ["SKF 6205", "SKF 6312"])
    idle(qtbot, stage.tasks, lambda: tab.acts.bar.isVisible())
    assert tab.acts.bar.accessibleName() == "Bearings taken in: 1 of 4 rows of bearings.csv"
    tab.acts.bar.undo.click()
    idle(qtbot, stage.tasks, lambda: names(tab) == ["SKF 6205"])
    tab.acts.redo()
    idle(qtbot, stage.tasks, lambda: names(tab) == ["SKF 6205", "SKF 6312"])


def test_a_sheet_of_a_workbook_is_chosen(qtbot, tab: BearingsTab, stage: Stage, tmp_path: Path) -> None:
    tab.read_file(str(workbook_of_bearings(tmp_path / "makers.xlsx")))
    file = tab.view.file
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is file)
    assert (file.sheet.value(), file.table.rows.row(0).name) == ("SKF", "SKF 6205")
    choose_sheet(file, "Read me")
    idle(qtbot, stage.tasks, lambda: "Say which column" in file.said.text())
    assert (file.table.rows.rowCount(), file.take.isEnabled()) == (0, False)
    choose_sheet(file, "FAG")
    idle(qtbot, stage.tasks, lambda: file.table.rows.rowCount() == 1)
    file.take.click()
    idle(qtbot, stage.tasks, lambda: names(tab) == ["FAG 6205", "SKF 6205"])
    idle(qtbot, stage.tasks, lambda: tab.acts.bar.isVisible())
    expected = "Bearings taken in: 1 of 1 rows of makers.xlsx, sheet FAG"
    assert tab.acts.bar.accessibleName() == expected


def test_a_sheet_is_not_taken_in_under_the_name_of_the_next_one(
    qtbot, tab: BearingsTab, stage: Stage, tmp_path: Path
) -> None:
    tab.read_file(str(workbook_of_bearings(tmp_path / "makers.xlsx")))
    file = tab.view.file
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is file)
    choose_sheet(file, "FAG")
    assert (file.table.rows.rowCount(), file.take.isEnabled()) == (0, False), "the sheet before is gone"
    choose_sheet(file, "Read me")
    choose_sheet(file, "FAG")
    file.take.click()
    file.taken.emit()
    idle(qtbot, stage.tasks)
    assert (file.sheet.value(), file.table.rows.row(0).name) == ("FAG", "FAG 6205")
    assert not file.said.isVisible(), "what a sheet chosen in between said is not this one's"
    assert names(tab) == ["SKF 6205"], "nothing was taken in"
    file.take.click()
    idle(qtbot, stage.tasks, lambda: names(tab) == ["FAG 6205", "SKF 6205"])


def test_a_file_of_one_sheet_asks_for_none(qtbot, tab: BearingsTab, stage: Stage, table: Path) -> None:
    tab.read_file(str(table))
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is tab.view.file)
    assert tab.view.file.sheet.isHidden()


def choose_sheet(file: ImportPanel, name: str) -> None:
    file.sheet.show_value(name)
    file.sheet.edited.emit("", name)


def test_a_file_can_be_put_away(qtbot, tab: BearingsTab, stage: Stage, table: Path) -> None:
    tab.read_file(str(table))
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is tab.view.file)
    QTest.keyClick(tab.view.file, Qt.Key.Key_Escape)
    idle(qtbot, stage.tasks)
    assert tab.view.pages.currentWidget() is tab.view.catalogue
    assert names(tab) == ["SKF 6205"]


def test_columns_are_told_and_cells_corrected_before_anything_is_stored(
    qtbot, tab: BearingsTab, stage: Stage, tmp_path: Path
) -> None:
    """NEW-13: mapping, every problem, correction, one act; the next file of this maker is known."""
    path = tmp_path / "odd.csv"
    path.write_text("Nr.;Anzahl;Klein;Gross\nX1;9;7,94;39,04\nX2;9;9,5;zwei\n", encoding="utf-8")
    tab.read_file(str(path))
    file = tab.view.file
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is file)
    assert "Say which column of the file holds: designation, number of elements" in file.said.text()
    assert file.columns.isVisible()
    assert not file.take.isEnabled()
    for place, name in enumerate(REQUIRED):
        choice = file.columns.fields[name]
        choice.show_value(str(place))
        choice.edited.emit(name, str(place))
        idle(qtbot, stage.tasks)
    assert [outcome_words(row) for row in shown(file)] == [
        "!  pitch diameter D: 'zwei' is not a number",
        "new",
    ]
    file.table.selectRow(0)
    file.correct.click()
    assert not file.columns.isVisible(), "one thing at a time"
    large = file.cells.fields["pitch_diameter_mm"]
    assert (large.value(), file.cells.fields["slip_tolerance"].isEnabled()) == ("zwei", False)
    large.show_value("46")
    file.take.click()
    idle(qtbot, stage.tasks)
    assert names(tab) == ["SKF 6205"], "what was typed last is judged first"
    assert [outcome_words(row) for row in shown(file)] == ["new", "new"]
    file.take.click()
    idle(qtbot, stage.tasks, lambda: names(tab) == ["X1", "X2", "SKF 6205"])
    tab.read_file(str(path))
    idle(qtbot, stage.tasks, lambda: tab.view.pages.currentWidget() is file)
    assert (file.said.isVisible(), file.columns.isVisible(), file.cells.isVisible()) == (False, False, False)


def shown(file: ImportPanel) -> list[BearingRow]:
    return [file.table.rows.row(place) for place in range(file.table.rows.rowCount())]


def test_an_own_entry_says_which_edition_it_becomes(qtbot, tab: BearingsTab, stage: Stage) -> None:
    tab.view.add.click()
    entry = tab.view.entry
    entry.send()
    assert entry.form.fields["designation"].hint.text().startswith("!")
    typed = {"maker": "skf", "designation": "6205", "elements": "9", "small": "7,95", "large": "39.04"}
    for key, words in typed.items():
        entry.form.fields[key].show_value(words)
    assert "becomes edition 3" in entry.said.text()
    assert "BPFO\u00a03.5" in entry.orders.text()
    entry.send()
    idle(qtbot, stage.tasks, lambda: tab.acts.bar.accessibleName() == "Bearing added: SKF 6205, edition 3")
    (newest,) = BearingCatalogue(stage.workstation.store).search("6205")
    assert (newest.edition, newest.geometry.element_diameter_mm) == (3, 7.95)


def test_the_same_figures_twice_are_refused_and_what_is_typed_stays(
    qtbot, tab: BearingsTab, stage: Stage
) -> None:
    choose_first(qtbot, tab, stage)
    tab.view.detail.correct.click()
    tab.view.entry.send()
    idle(qtbot, stage.tasks, lambda: "exactly these figures" in tab.view.entry.said.text())
    assert tab.view.entry.form.fields["designation"].value() == "6205"


def test_a_point_takes_the_newest_edition_and_gives_it_back(qtbot, tab: BearingsTab, stage: Stage) -> None:
    newest = choose_first(qtbot, tab, stage)
    detail = tab.view.detail
    assert detail.table.rows.row(0).state == "older edition 1"
    detail.table.selectRow(0)
    assert detail.take.text() == "Take edition 2"
    detail.take.click()
    idle(qtbot, stage.tasks, lambda: bearing_of(stage) == newest.geometry)
    idle(qtbot, stage.tasks, lambda: detail.take.isHidden())
    tab.acts.undo()
    idle(qtbot, stage.tasks, lambda: bearing_of(stage) == OLD)


def bearing_of(stage: Stage) -> BearingGeometry | None:
    return stage.workstation.store.plant.load().point(POINTS[2].id).bearing


def test_a_point_opens_from_the_bearing(qtbot, tab: BearingsTab, stage: Stage) -> None:
    choose_first(qtbot, tab, stage)
    tab.view.detail.table.opened.emit(POINTS[2].id)
    assert stage.visited[-1] == f"setup/machines/{POINTS[2].id}"


def test_searching_narrows_and_nothing_found_stays_a_table(qtbot, tab: BearingsTab, stage: Stage) -> None:
    tab.view.search.setText("fag")
    idle(qtbot, stage.tasks, lambda: names(tab) == [])
    assert tab.view.empty.isHidden()
    tab.view.search.setText("62")
    idle(qtbot, stage.tasks, lambda: names(tab) == ["SKF 6205"])
    assert tab.act("filter")


def test_an_empty_catalogue_offers_the_one_act_that_helps(qtbot, tmp_path: Path, theme: Theme) -> None:
    first_day = make_empty_stage(tmp_path)
    tab = open_tab(qtbot, first_day)
    assert not tab.view.empty.isHidden()
    assert tab.view.table.isHidden()
    put_away(tab.view)
    first_day.close()


def test_who_may_not_set_up_reads_who_may(qtbot, stage: Stage) -> None:
    stage.workstation.actor = replace(stage.workstation.actor, role=Role.OPERATOR)
    tab = open_tab(qtbot, stage)
    assert "Allowed" in tab.view.said.text()
    assert not any(b.isEnabled() for b in (tab.view.add, tab.view.bring, tab.view.detail.correct))
    put_away(tab.view)
