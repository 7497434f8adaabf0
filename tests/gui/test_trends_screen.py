"""Trends on real services: panes by unit, past and present in one plot, cursors, lanes, exports [NEW-10]."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent

from domain.condition.evidence import ObservationKind
from domain.events import ReportsChanged
from domain.plant.assets import MachineState
from domain.plant.quality import BAD_DEVICE, QualityCause
from domain.plant.tags import Tag, TagKind
from domain.ports import HistoryGap, HistorySeries, RawStatus, TrendColumns
from tests.gui.analysis_stage import CURRENT, OUTER, TEMPERATURE, VELOCITY, Stage, make_stage
from ui.screens.trends import make_trends
from ui.screens.trends.export import raw_rows
from ui.screens.trends.past import state_runs, summary
from ui.screens.trends.screen import TrendsScreen
from ui.screens.trends.view import keys_of
from ui.theme import Theme
from ui.widgets.row_list import TAGS_MIME

HOUR_US = 3_600_000_000


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def screen(stage: Stage, qtbot) -> Iterator[TrendsScreen]:
    made = make_trends(stage.workstation)(stage.context)
    assert isinstance(made, TrendsScreen)
    made.view.resize(1800, 900)
    made.open("")
    made.view.show()
    answered(made, qtbot)
    yield made
    made.close()
    made.view.hide()
    made.view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def answered(screen: TrendsScreen, qtbot) -> None:
    qtbot.waitUntil(
        lambda: screen.presenter.answer is not None and not screen.presenter.is_waiting, timeout=5000
    )


def titles(screen: TrendsScreen) -> list[str]:
    return [f"{pane.title.text()} {pane.unit.text()}" for pane in screen.page.panes if not pane.isHidden()]


def test_the_worst_machine_is_shown_first_with_one_unit_a_pane(screen: TrendsScreen) -> None:
    assert screen.presenter.selection.keys == (VELOCITY, TEMPERATURE, CURRENT)
    assert titles(screen) == ["Vibration mm/s", "Temperature \u00b0C", "Current A"]
    assert screen.breadcrumb[-1] == ("Filler FL2", f"trends/{VELOCITY},{TEMPERATURE},{CURRENT}")


def test_an_address_names_tags_and_what_is_no_tag_is_passed_over(screen: TrendsScreen, qtbot) -> None:
    screen.open(f"{OUTER},999,x,{VELOCITY}")
    assert screen.presenter.selection.keys == (OUTER, VELOCITY)
    assert keys_of("3,3,a,,7") == (3, 7)
    answered(screen, qtbot)


def test_history_and_live_values_are_one_curve(screen: TrendsScreen, stage: Stage, qtbot) -> None:
    answered(screen, qtbot)
    now_us = stage.context.clock.now_us()
    stage.collector.say(now_us, velocity=3.3)
    screen._draw(now_us)
    plot = screen.page.panes[0].plot
    plot.pane.set_cursor("A", now_us / 1e6)
    assert plot.values_at("A")[VELOCITY] == pytest.approx(3.3)
    plot.pane.set_cursor("A", now_us / 1e6 - 3600)
    assert plot.values_at("A")[VELOCITY] == pytest.approx(1.55, abs=0.02)


def test_no_time_without_values_is_joined(screen: TrendsScreen, stage: Stage) -> None:
    plot = screen.page.panes[0].plot
    plot.pane.set_cursor("A", (stage.now_us - 5.75 * HOUR_US) / 1e6)
    assert plot.values_at("A")[VELOCITY] is None


def test_the_state_lane_explains_the_drop(screen: TrendsScreen) -> None:
    runs = screen.page.lanes.lanes[0].runs
    assert MachineState.STOP in {run.state for run in runs}
    stop = next(run for run in runs if run.state is MachineState.STOP)
    assert (stop.end_us - stop.start_us) / HOUR_US == pytest.approx(0.2, abs=0.06)


def test_a_state_holds_until_the_next_but_not_over_a_lost_link() -> None:
    times = np.array([0, 100, 200], np.int64) * 1_000_000
    ones = np.ones(3)
    values = np.array([1.0, 2.0, 1.0])
    lost = HistoryGap(240_000_000, 260_000_000, int(QualityCause.COMMUNICATION_LOST))
    columns = TrendColumns(
        1, times, values, values, values, ones.astype(np.int64), np.zeros(3, np.uint16), 1_000_000, 0, (lost,)
    )
    runs = state_runs(columns, start_us=50_000_000, end_us=300_000_000)
    assert [(run.start_us // 1_000_000, run.end_us // 1_000_000) for run in runs] == [
        (50, 100),
        (100, 200),
        (200, 240),
    ]
    assert summary(columns, 0, 100_000_000).mean == pytest.approx(1.5)


def test_zooming_stands_still_reads_anew_and_can_be_taken_back(screen: TrendsScreen, qtbot) -> None:
    pane = screen.page.panes[1].plot.pane
    before = pane.ranges
    number = screen.presenter._number
    qtbot.keyClick(pane, Qt.Key.Key_Plus)
    assert not screen.is_live
    assert screen.page.panes[0].plot.window_us == screen.page.panes[1].plot.window_us
    qtbot.waitUntil(lambda: screen.presenter._number > number, timeout=3000)
    answered(screen, qtbot)
    assert screen.presenter.answer.question.start_us == pytest.approx(screen.window_us[0], abs=2_000_000)
    qtbot.keyClick(pane, Qt.Key.Key_Backspace)
    assert pane.ranges.x_low == pytest.approx(before.x_low)


def test_a_late_answer_to_an_old_question_is_dropped(screen: TrendsScreen, qtbot) -> None:
    old = screen.presenter.answer
    screen.page.span_chosen.emit(1.0)
    screen._take_answer(old)
    assert screen.presenter.is_waiting
    answered(screen, qtbot)
    assert screen.presenter.answer is not old


def test_cursors_go_through_all_panes_with_difference_and_summary(screen: TrendsScreen, stage: Stage) -> None:
    pane = screen.page.panes[0].plot.pane
    pane.set_cursor("A", (stage.now_us - 2 * HOUR_US) / 1e6)
    pane.set_cursor("B", (stage.now_us - HOUR_US) / 1e6)
    assert screen.page.panes[2].plot.pane.cursor("B") == pane.cursor("B")
    figures = screen.page.panes[1].table._rows[0]
    assert figures.second - figures.first == pytest.approx(1.0, abs=0.05)
    assert figures.low < figures.mean < figures.high
    assert "1:00:00" in screen.page.cursor_words.text()


def test_ticks_and_drops_choose_tags_and_six_is_enough(screen: TrendsScreen, qtbot) -> None:
    screen.page.list.toggled.emit(CURRENT)
    assert titles(screen) == ["Vibration mm/s", "Temperature \u00b0C"]
    carried = QMimeData()
    carried.setData(TAGS_MIME, f"{OUTER},{CURRENT}".encode())
    screen.page.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            carried,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    assert OUTER in screen.presenter.selection.keys
    assert len(titles(screen)) == 4
    kurtosis = next(tag for tag in screen.presenter.browser.tags.values() if tag.unit == "1")
    assert "Four units" in screen.presenter.selection.toggle(kurtosis)
    answered(screen, qtbot)


def test_without_tags_the_page_says_what_to_do(screen: TrendsScreen) -> None:
    for key in screen.presenter.selection.keys:
        screen.page.list.toggled.emit(key)
    assert titles(screen) == []
    assert not screen.page.sheet.isVisible()


def test_typing_finds_tags_and_keeps_the_ticks(screen: TrendsScreen) -> None:
    assert screen.act("filter")
    screen.page.search.setText("fl2 outer")
    assert [row.key for row in screen.page.list.rows if row.is_checked is not None] == [OUTER]
    screen.page.search.clear()
    assert sum(bool(row.is_checked) for row in screen.page.list.rows) == 3


def test_space_pauses_and_collecting_goes_on(screen: TrendsScreen, stage: Stage, qtbot) -> None:
    answered(screen, qtbot)
    window = screen.window_us
    qtbot.keyClick(screen.page.panes[0].plot.pane, Qt.Key.Key_Space)
    now_us = stage.context.clock.now_us() + 600_000_000
    stage.collector.say(now_us, velocity=2.0)
    screen._draw(now_us)
    assert screen.window_us == window
    assert screen.page.mode.text().startswith("PAUSED")
    screen.page.panes[0].plot.pane.set_cursor("A", now_us / 1e6)
    assert screen.page.panes[0].plot.values_at("A")[VELOCITY] == 2.0


def test_the_axis_does_not_jump_with_live_values(screen: TrendsScreen, stage: Stage, qtbot) -> None:
    answered(screen, qtbot)
    before = screen.page.panes[0].plot.pane.ranges
    for value in (1.2, 1.9, 0.9):
        stage.collector.say(stage.context.clock.now_us(), velocity=value)
        screen._draw(stage.context.clock.now_us())
        screen.refresh(stage.context.clock.now_us())
    after = screen.page.panes[0].plot.pane.ranges
    assert (after.y_low, after.y_high) == (before.y_low, before.y_high)


def test_exports_are_utc_with_quality(screen: TrendsScreen, tmp_path: Path, qtbot) -> None:
    answered(screen, qtbot)
    ways = (("p.png", screen.export.picture), ("s.csv", screen.export.shown), ("r.csv", screen.export.raw))
    for name, way in ways:
        with qtbot.waitSignal(screen.export.exporter.saved, timeout=5000):
            screen.export.exporter.export_to(tmp_path / name, way)
    raw = (tmp_path / "r.csv").read_text(encoding="utf-8")
    assert "time_utc,tag,label,value,unit,quality,quality_code,device_status" in raw
    assert "value does not move" in raw
    first = raw.splitlines()[4].split(",")
    assert first[0].endswith("Z")
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_stored_values_say_what_their_device_called_them() -> None:
    """Decisions, Quality: the raw status stands beside what is not good."""
    tag = Tag(UUID(int=1), 7, "T1", "Bearing", TagKind.MEASURED, "degC", UUID(int=2))
    quality = np.array([0, BAD_DEVICE, BAD_DEVICE, 0, BAD_DEVICE], np.uint16)
    series = HistorySeries(7, np.arange(5), np.arange(5.0), quality, np.ones(5, np.int32))
    said = [RawStatus(1, 0x808C0000), RawStatus(2, 0x80990000)]
    rows = list(raw_rows([tag], {7: series}, {7: said}))
    assert [row[-1] for row in rows] == ["", "BadSensorFailure", "0x80990000", "", "0x80990000"]


def test_the_navigator_moves_the_window(screen: TrendsScreen, stage: Stage, qtbot) -> None:
    qtbot.waitUntil(lambda: screen.page.navigator.days == 7, timeout=5000)
    screen.page.navigator.moved.emit(stage.now_us - 5 * HOUR_US, stage.now_us - 4 * HOUR_US)
    assert screen.window_us == (stage.now_us - 5 * HOUR_US, stage.now_us - 4 * HOUR_US)
    assert not screen.is_live


def test_it_fits_at_768(screen: TrendsScreen) -> None:
    screen.view.resize(1278, 600)
    QCoreApplication.processEvents()
    assert screen.view.minimumSizeHint().height() <= 620
    assert screen.view.minimumSizeHint().width() <= 1278


def test_what_people_noticed_stands_on_the_time_axis(screen: TrendsScreen, stage: Stage, qtbot) -> None:
    """ACQ-6: beside the alarms, with its author, in no colour of theirs."""
    machine = screen.presenter.machines[0].machine
    stage.workstation.reporting.observe(
        machine.id, ObservationKind.NOISE, text="grinding", by=stage.workstation.actor
    )
    screen._on_events((ReportsChanged(),))
    qtbot.waitUntil(lambda: any(each.symbol == "observation" for each in screen.page.lanes.happenings))
    (seen,) = [each for each in screen.page.lanes.happenings if each.symbol == "observation"]
    assert "Noise: grinding, " in seen.words
    assert not seen.is_raised
