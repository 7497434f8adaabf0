"""The backup tab as a person uses it, on real files and a real store [NEW-30, S-11, S-12, S-34, F43]."""

import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from domain.long_work import LongWork, WorkStep
from domain.ports import IntegrityReport
from domain.roles import Actor, Role
from services.clock import SystemClock
from services.plant_file import PlantFile
from services.workstation import open_workstation
from storage.store import open_store
from tests.gui.plant_stage import Stage, make_stage, put_away, settle
from ui.formatting import PlantTime
from ui.screens.setup.backup.tab import BackupTab
from ui.screens.setup.backup.words import integrity_words, made_at, step_words
from ui.screens.setup.screen import SetupScreen, make_setup
from ui.theme import Theme

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path / "plant")
    yield made
    made.close()


@pytest.fixture
def screen(stage: Stage) -> Iterator[SetupScreen]:
    made = make_setup(stage.workstation)(stage.context)
    assert isinstance(made, SetupScreen)
    made.view.resize(1310, 632)
    made.view.show()
    yield made
    made.close()
    put_away(made.view)


@pytest.fixture
def tab(qtbot, screen: SetupScreen, stage: Stage) -> BackupTab:
    screen.open("backup")
    made = screen.tab("backup")
    assert isinstance(made, BackupTab)
    settle(qtbot, stage, screen.refresh, lambda: made.copies.place.toolTip() != "")
    return made


def done(qtbot, stage: Stage, screen: SetupScreen, tab: BackupTab) -> None:
    """Wait for the long work and for the shelf that is read after it."""
    settle(qtbot, stage, screen.refresh, lambda: tab.check.isEnabled())
    rows = len(list(tab.copies.table.rows.row(n) for n in range(tab.copies.table.rows.rowCount())))
    kept = len(list((stage.workstation.folder / "backup").glob("jidoka-*")))
    settle(qtbot, stage, screen.refresh, lambda: tab.copies.table.rows.rowCount() >= max(rows, kept))


def chosen_file(tab: BackupTab, path: Path) -> None:
    """Choose a path in the sheet that stands open, as the person does."""
    (sheet,) = tab.view.findChildren(QFileDialog)
    assert not sheet.isModal()
    sheet.fileSelected.emit(str(path))
    put_away(sheet)


def acts(stage: Stage, kind: str = "backup") -> list[tuple[str, str]]:
    entries = stage.writer.audit.entries(start_us=0, end_us=2**62, limit=10_000)
    return [(entry.action, entry.user_name) for entry in entries if entry.kind == kind]


def test_a_backup_is_made_proven_and_found_damaged(
    qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab
) -> None:
    tab.copies.copy_now.click()
    done(qtbot, stage, screen, tab)
    kept = tab.copies.table.rows.row(0)
    assert kept.path.name in tab.said.text()
    (kept.path / "plant.db").write_bytes(b"not a database")
    tab.copies.table.selectRow(0)
    tab.copies.prove.click()
    done(qtbot, stage, screen, tab)
    assert "plant.db is missing or was changed" in tab.said.text()
    assert "damaged" in tab.copies.table.copied_text()
    person = stage.workstation.actor.name
    assert acts(stage) == [("back_up", person), ("verify", person)]
    assert stage.problems == []


def test_the_data_in_use_are_checked(qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab) -> None:
    tab.check.click()
    assert tab.work.isVisible()
    assert not tab.copies.copy_now.isEnabled(), "one long act at a time"
    done(qtbot, stage, screen, tab)
    assert "sound" in tab.said.text()
    assert not tab.work.isVisible()
    assert acts(stage, "stored_data") == [("check", stage.workstation.actor.name)]


def test_a_cancelled_copy_leaves_nothing(qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab) -> None:
    tab.copies.copy_all.click()
    tab.work.cancel.click()
    assert not tab.work.cancel.isEnabled()
    done(qtbot, stage, screen, tab)
    assert "Ended on request" in tab.said.text()
    assert list((stage.workstation.folder / "backup").iterdir()) == []
    assert acts(stage) == []


def test_closing_the_window_during_a_copy_ends_it(screen: SetupScreen, stage: Stage, tab: BackupTab) -> None:
    tab.copies.copy_all.click()
    screen.close()
    assert list((stage.workstation.folder / "backup").iterdir()) == []


def test_a_restore_is_tried_dry_and_its_commands_are_copied(
    qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab
) -> None:
    tab.copies.copy_now.click()
    done(qtbot, stage, screen, tab)
    tab.copies.table.selectRow(0)
    tab.copies.plan.click()
    done(qtbot, stage, screen, tab)
    assert tab.restore.facts["files"].text() == "plant.db"
    assert "plant.db-wal" in tab.restore.facts["aside"].text()
    assert "history and waveforms stay" in tab.restore.caution.text()
    first = tab.restore.table.rows.row(0)
    assert (first.table, first.now - first.then) == ("audit", 2), "the copy's and the plan's own entries"
    tab.restore.copy.click()
    path = tab.copies.table.rows.row(0).path
    stop, restore = QGuiApplication.clipboard().text().splitlines()
    assert f"restore {path} --data-dir {stage.workstation.folder}" in restore
    assert "collect --stop" in stop
    tab.copies.table.clearSelection()
    assert tab.restore.preview is None, "what is shown belongs to the chosen copy"


def test_another_folder_is_chosen_and_a_bad_one_refused(
    qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab, tmp_path: Path
) -> None:
    place = tmp_path / "second"
    place.mkdir()
    tab.copies.change.click()
    chosen_file(tab, place)
    settle(qtbot, stage, screen.refresh, lambda: tab.copies.place.toolTip() == str(place))
    tab.copies.change.click()
    chosen_file(tab, stage.workstation.folder)
    settle(qtbot, stage, screen.refresh, lambda: "among the live data" in tab.said.text())
    assert tab.copies.place.toolTip() == str(place)
    place.rmdir()
    settle(qtbot, stage, screen.refresh, lambda: not tab.copies.copy_now.isEnabled())
    assert tab.copies.change.isEnabled(), "the way out stays open"


def test_too_little_room_is_told_with_figures(
    qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 2_000_000))
    tab.copies.copy_now.click()
    settle(qtbot, stage, screen.refresh, lambda: "Too little room" in tab.said.text())
    assert "2.0 MB are free" in tab.said.text()
    assert "100.0 MB to spare" in tab.said.text()


def test_the_set_up_is_exported_and_a_plant_is_not_overwritten(
    qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab, tmp_path: Path
) -> None:
    file = tmp_path / "set-up.json"
    tab.set_up.export.click()
    chosen_file(tab, file)
    settle(qtbot, stage, screen.refresh, lambda: str(file) in tab.set_up.said.text())
    assert acts(stage, "set_up") == [("export", stage.workstation.actor.name)]
    tab.set_up.set_plant_empty(False)
    assert str(file) in tab.set_up.said.text(), "the next look at the folder leaves it there"
    tab.set_up.choose.click()
    chosen_file(tab, file)
    settle(qtbot, stage, screen.refresh, lambda: "is well" in tab.set_up.said.text())
    assert "set up here already" in tab.set_up.said.text()
    assert not tab.set_up.take.isVisible()


def test_every_complaint_about_a_file_is_listed(
    qtbot, screen: SetupScreen, stage: Stage, tab: BackupTab, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(
        '{"format": "jidoka set-up", "version": 1, "assets": [{"id": "x"}, {}]}', encoding="utf-8"
    )
    tab.set_up.choose.click()
    chosen_file(tab, file)
    settle(qtbot, stage, screen.refresh, lambda: tab.set_up.complaints.isVisible())
    assert tab.set_up.complaints.rows.rowCount() == 3
    tab.set_up.choose.click()
    chosen_file(tab, tmp_path / "gone.json")
    settle(qtbot, stage, screen.refresh, lambda: "cannot be read" in tab.set_up.said.text())
    assert not tab.set_up.complaints.isVisible(), "they were of the file before"
    tab.set_up.set_plant_empty(False)
    assert "cannot be read" in tab.set_up.said.text(), "the next look at the folder leaves the reason there"


def test_a_file_is_imported_into_an_empty_plant(qtbot, stage: Stage, tmp_path: Path) -> None:
    file = PlantFile(stage.writer).export(tmp_path / "set-up.json", by=stage.workstation.actor)
    open_store(tmp_path / "empty", role="tool", clock=SystemClock()).close()
    workstation = open_workstation(tmp_path / "empty", clock=SystemClock())
    tab = BackupTab(workstation, stage.context)
    tab.view.show()
    tab.open("")
    settle(qtbot, stage, tab.refresh, lambda: "Nothing is set up here" in tab.set_up.said.text())
    tab.set_up.choose.click()
    chosen_file(tab, file)
    settle(qtbot, stage, tab.refresh, tab.set_up.take.isVisible)
    tab.set_up.choose.click()
    chosen_file(tab, tmp_path / "gone.json")
    settle(qtbot, stage, tab.refresh, lambda: "cannot be read" in tab.set_up.said.text())
    assert not tab.set_up.take.isVisible(), "the file before is not imported under this message"
    tab.set_up.choose.click()
    chosen_file(tab, file)
    settle(qtbot, stage, tab.refresh, tab.set_up.take.isVisible)
    tab.set_up.take.click()
    settle(qtbot, stage, tab.refresh, lambda: "Imported" in tab.set_up.said.text())
    assert workstation.store.plant.load().assets == stage.writer.plant.load().assets
    settle(qtbot, stage, tab.refresh, tab.acts.bar.isVisible)
    tab.acts.bar.undo.click()
    settle(qtbot, stage, tab.refresh, lambda: "Taken back" in tab.acts.bar.accessibleName())
    assert workstation.store.plant.is_empty()
    settle(qtbot, stage, tab.refresh, lambda: "Nothing is set up here" in tab.set_up.said.text())
    tab.close()
    put_away(tab.view)
    workstation.close()


def test_without_permission_the_acts_are_visible_but_disabled(qtbot, stage: Stage) -> None:
    """S-11: nothing begins; the roles that may are named."""
    stage.workstation.actor = Actor(stage.workstation.actor.user_id, Role.OPERATOR, "ws", "Mia")
    tab = BackupTab(stage.workstation, stage.context)
    tab.view.show()
    tab.open("")
    settle(qtbot, stage, tab.refresh, lambda: tab.copies.place.toolTip() != "")
    for button in (tab.copies.copy_now, tab.copies.copy_all, tab.copies.change, tab.check, tab.set_up.export):
        assert button.isVisible()
        assert not button.isEnabled()
        assert "Engineer" in button.toolTip()
    assert "Engineer" in tab.said.text()
    tab.close()
    put_away(tab.view)


def test_everything_is_reached_by_keyboard_and_has_a_name(tab: BackupTab) -> None:
    for each in (tab.copies.copy_now, tab.copies.table, tab.check, tab.restore.table, tab.set_up.choose):
        assert each.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert each.accessibleName()
    assert tab.view.minimumSizeHint().height() <= 560


def test_a_copy_of_another_year_shows_its_year() -> None:
    berlin, now_us = PlantTime("Europe/Berlin"), 1_764_000_000_000_000
    assert made_at(now_us, berlin, now_us=now_us) == "17:00:00"
    assert made_at(now_us - 370 * 86_400_000_000, berlin, now_us=now_us) == "2024-11-19 17:00"


def test_steps_and_outcomes_are_worded() -> None:
    work = LongWork()
    work.tell("copying", "history.db", done=420_000_000, total=1_310_000_000)
    assert step_words(work.step) == "Copying history.db: 420.0 MB of 1.3 GB"
    assert step_words(WorkStep("copying", "chunk", 500, 1200, "rows")) == "Copying chunk: 500 of 1,200 rows"
    assert step_words(WorkStep("counting", "chunk", unit="rows")) == "Counting the rows of chunk"
    assert step_words(WorkStep("reading_history", "", 3, 9, "tags")).endswith("3 of 9 tags")
    damaged = IntegrityReport(9, "", 3, ("tag 4711",), 0, ())
    assert integrity_words(damaged) == "Damaged: tag 4711"
