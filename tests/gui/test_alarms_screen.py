"""Alarms on real services: order, acknowledgement, conflicts, freeze, evidence, export [NEW-10, NEW-16]."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from domain.condition.alarms import AlarmState
from domain.errors import Conflict, IllegalTransition
from domain.roles import Role
from tests.gui.plant_stage import (
    CRITICAL,
    FL2,
    HOT,
    WORN,
    Stage,
    keep_waveform,
    make_stage,
    put_away,
    settle,
)
from ui.screens.alarms import make_alarms
from ui.screens.alarms.export import _write_rows
from ui.screens.alarms.screen import AlarmsScreen
from ui.theme import Theme


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


def opened(stage: Stage, qtbot, argument: str = "") -> AlarmsScreen:
    made = make_alarms(stage.workstation)(stage.context)
    assert isinstance(made, AlarmsScreen)
    made.view.resize(1804, 884)
    made.open(argument)
    made.view.show()
    settle(qtbot, stage, made.refresh, lambda: made.presenter.is_loaded)
    made.refresh(stage.now_us)
    return made


@pytest.fixture
def screen(stage: Stage, qtbot) -> Iterator[AlarmsScreen]:
    stage.raise_alarm(HOT, value=82.0)
    stage.raise_alarm(WORN, value=0.2)
    stage.raise_alarm(CRITICAL, value=0.7, waveform_id=keep_waveform(stage))
    made = opened(stage, qtbot)
    yield made
    made.close()
    put_away(made.view)


def shown(screen: AlarmsScreen, stage: Stage) -> list[str]:
    return [row.message for row in screen.presenter.rows(stage.now_us)]


def test_before_the_first_read_nothing_is_counted(stage: Stage) -> None:
    screen = make_alarms(stage.workstation)(stage.context)
    screen.refresh(stage.now_us)
    assert screen.content._tabs._buttons["active"].text() == "Active \u2013 \u2013"
    put_away(screen.view)


def test_empty_is_calm(stage: Stage, qtbot) -> None:
    screen = opened(stage, qtbot)
    assert screen.content.detail._pages.currentWidget().accessibleName() == "No alarm chosen."
    assert screen.content._pages.currentWidget().accessibleName() == "No active alarms."
    put_away(screen.view)


def test_unacknowledged_come_first_then_priority(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    assert shown(screen, stage)[0] == "Motor DE outer race band above limit"
    screen.presenter.acknowledge([stage.alarm(CRITICAL).id])
    settle(qtbot, stage, screen.refresh, lambda: screen.presenter.counts() == (3, 2))
    rows = screen.presenter.rows(stage.now_us)
    assert [row.needs_acknowledgement for row in rows] == [True, True, False]
    assert [row.ends_group for row in rows] == [False, True, False]


def test_f9_acknowledges_the_choice_with_its_note(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    screen.content.table.select(stage.alarm(HOT).id)
    screen.refresh(stage.now_us)
    screen.content.detail._note.setText("fan was off")
    assert screen.act("acknowledge")
    qtbot.waitUntil(lambda: stage.alarm(HOT).state is AlarmState.ACKNOWLEDGED, timeout=5000)
    assert stage.alarm(HOT).note == "fan was off"
    assert stage.alarm(CRITICAL).state is AlarmState.UNACKNOWLEDGED


def test_shift_f9_takes_what_is_visible(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    screen.presenter.filter = "temperature"
    screen.refresh(stage.now_us)
    assert screen.act("acknowledge_visible")
    qtbot.waitUntil(lambda: stage.alarm(HOT).state is AlarmState.ACKNOWLEDGED, timeout=5000)
    assert stage.alarm(WORN).state is AlarmState.UNACKNOWLEDGED, "what cannot be seen is never acknowledged"


def test_a_conflict_is_told_and_stops_nothing(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    """NEW-31: another window was faster with one of two alarms."""
    ids = [stage.alarm(HOT).id, stage.alarm(WORN).id]
    stage.workstation.alarming.acknowledge(ids[:1], by=stage.workstation.actor)
    screen.presenter.acknowledge(ids)
    qtbot.waitUntil(lambda: stage.alarm(WORN).state is AlarmState.ACKNOWLEDGED, timeout=5000)
    qtbot.waitUntil(lambda: len(stage.problems) == 1, timeout=5000)
    assert isinstance(stage.problems[0], Conflict | IllegalTransition)


def test_a_viewer_sees_who_may(screen: AlarmsScreen, stage: Stage) -> None:
    stage.workstation.actor = replace(stage.workstation.actor, role=Role.VIEWER)
    screen.refresh(stage.now_us)
    button = screen.content.detail._acknowledge
    assert not button.isEnabled()
    assert "Operator" in button.toolTip()


def test_detail_says_what_to_do_before_it_shows_evidence(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    detail = screen.content.detail
    settle(qtbot, stage, screen.refresh, lambda: detail._wave.isVisible())
    assert detail._texts["response"].text() == "1 Listen.\n2 Plan the change."
    assert detail._time.isVisible()
    assert detail._pane.isVisible()
    assert "Kept waveform" in detail._wave_head.text()


def test_frozen_rows_stand_still_and_new_ones_are_counted(stage: Stage, qtbot) -> None:
    """F5: the list stands still, the bar says what waits."""
    stage.raise_alarm(HOT, value=82.0)
    screen = opened(stage, qtbot)
    screen.act("freeze")
    stage.raise_alarm(CRITICAL, value=0.7)
    settle(qtbot, stage, screen.refresh, lambda: (screen.presenter.counts() or (0,))[0] == 2)
    assert len(screen.presenter.rows(stage.now_us)) == 1
    assert "1 new" in screen.content._bar.text()
    screen.content._bar.click()
    assert len(screen.presenter.rows(stage.now_us)) == 2
    assert not screen.presenter.is_frozen
    put_away(screen.view)


def test_selection_survives_updates(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    chosen = stage.alarm(HOT).id
    screen.content.table.select(chosen)
    for _ in range(50):
        screen.refresh(stage.now_us)
    stage.clear_alarm(WORN)
    settle(
        qtbot, stage, screen.refresh,
        lambda: any("CLEARED" in row.state for row in screen.presenter.rows(stage.now_us)),
    )  # fmt: skip
    assert screen.content.selected() == [chosen]


def test_an_address_chooses_its_alarm_and_enter_opens_the_asset(stage: Stage, qtbot) -> None:
    stage.raise_alarm(HOT)
    stage.raise_alarm(CRITICAL)
    screen = opened(stage, qtbot, str(stage.alarm(HOT).id))
    assert screen.content.selected() == [stage.alarm(HOT).id]
    qtbot.keyClick(screen.content.table, Qt.Key.Key_Return)
    assert stage.visited == [f"asset/{FL2.id}"]
    put_away(screen.view)


def test_the_address_of_an_alarm_that_is_over_opens_the_history(
    screen: AlarmsScreen, stage: Stage, qtbot
) -> None:
    stage.workstation.alarming.acknowledge([stage.alarm(WORN).id], by=stage.workstation.actor)
    stage.clear_alarm(WORN)
    settle(qtbot, stage, screen.refresh, lambda: (screen.presenter.counts() or (0,))[0] == 2)
    screen.open(str(stage.alarm(WORN).id))
    settle(qtbot, stage, screen.refresh, lambda: screen.presenter.tab == "history")
    assert screen.content.is_history


def test_narrow_windows_put_the_detail_into_the_drawer(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    screen.view.resize(1278, 600)
    screen.refresh(stage.now_us)
    qtbot.keyClick(screen.content.table, Qt.Key.Key_Return)
    assert stage.drawers == [screen.content.detail]


def test_history_tells_every_transition(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    screen.presenter.acknowledge([stage.alarm(HOT).id], note="seen")
    screen._choose_tab("history")
    settle(
        qtbot, stage, screen.refresh,
        lambda: bool(screen.presenter.journal) and len(screen.presenter.journal.rows) == 4,
    )  # fmt: skip
    assert screen.presenter.journal is not None
    newest = screen.presenter.journal.rows[0]
    assert (newest.what, newest.note) == ("acknowledged", "seen")
    assert not newest.symbol.is_flashing


def test_statistics_count_new_alarms_only(screen: AlarmsScreen, stage: Stage, qtbot) -> None:
    stage.clear_alarm(WORN)
    screen.presenter._statistics_poll.ask_soon()
    settle(qtbot, stage, screen.refresh, lambda: screen.presenter.statistics is not None)
    assert screen.presenter.statistics is not None
    assert screen.presenter.statistics.total == 3
    assert sum(screen.presenter.statistics.counts) == 3


def test_export_opens_below_its_button(screen: AlarmsScreen, qtbot) -> None:
    button = screen.content.export_button
    button.click()
    (menu,) = [each for each in screen.content.findChildren(QMenu) if each.isVisible()]
    assert menu.y() == button.mapToGlobal(QPoint(0, button.height())).y(), "x keeps it on the screen"
    assert [action.text() for action in menu.actions()] == ["Rows shown (CSV)\u2026", "Copy picture"]
    menu.close()


def test_export_is_utc_and_safe_for_spreadsheets(screen: AlarmsScreen, stage: Stage, tmp_path: Path) -> None:
    header, rows = screen.export.rows()
    rows[0] = (*rows[0][:-1], "=cmd()")
    _write_rows(tmp_path / "alarms.csv", (header, rows))
    with (tmp_path / "alarms.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert len(written) == 3
    assert written[0]["note"] == "'=cmd()"
    assert written[0]["raised (UTC)"].endswith("Z")
