"""Overview on real services: honest figures, one worst asset, keys across lines [NEW-10, NEW-15]."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from domain.condition.alarms import AlarmState, Priority
from domain.condition.health import Health
from domain.plant.assets import MachineState
from tests.gui.plant_stage import CRITICAL, DP1, FL1, FL2, Stage, key, make_stage, put_away, settle
from ui.screens.machine_judge import WorstMachine
from ui.screens.overview import make_overview
from ui.screens.overview.machine_table import TAGS_MIME
from ui.screens.overview.screen import OverviewScreen
from ui.theme import NIGHT, Theme
from ui.widgets.priority_symbol import SymbolState


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def screen(stage: Stage, qtbot) -> Iterator[OverviewScreen]:
    made = make_overview(stage.workstation)(stage.context)
    assert isinstance(made, OverviewScreen)
    made.view.resize(1804, 884)
    made.open("")
    made.view.show()
    settle(qtbot, stage, made.refresh, lambda: made.presenter.trend is not None)
    made.refresh(stage.now_us)
    yield made
    made.close()
    put_away(made.view)


def tiles(screen: OverviewScreen, stage: Stage) -> dict[str, str]:
    stage.say_all()
    return {tile.key: tile.shown.text for tile in screen.presenter.read(stage.now_us).tiles}


def rows(screen: OverviewScreen, stage: Stage) -> dict[str, object]:
    stage.say_all()
    return {row.name: row for line in screen.presenter.read(stage.now_us).lines for row in line.rows}


def test_the_most_urgent_alarm_decides_while_no_health_is_known() -> None:
    worst, unknown = WorstMachine(), Health(None, refusal="health_no_state")
    healths = {machine.id: unknown for machine in (DP1, FL1, FL2)}
    alarms = {FL1.id: SymbolState(Priority.HIGH), FL2.id: SymbolState(Priority.CRITICAL)}
    assert worst.update(healths, alarms) == FL2.id
    assert worst.update({**healths, FL1.id: Health(40.0)}, alarms) == FL1.id


def test_tiles_show_only_what_history_says(screen: OverviewScreen, stage: Stage) -> None:
    """FL1 made a piece a second and ran 17.5 of the 23.5 known hours."""
    shown = tiles(screen, stage)
    assert shown["rate L1"] == "3,600"
    assert float(shown["availability L1"]) == pytest.approx(100 * 17.5 / 23.5, abs=0.5)
    assert float(shown["availability L2"]) == 100.0
    assert shown["links"] == "\u2013 \u2013", "no status file was written: nothing is claimed"


def test_a_standing_machine_has_a_reason_and_no_health(screen: OverviewScreen, stage: Stage) -> None:
    found = rows(screen, stage)
    assert found["Depalletiser DP1"].state is MachineState.STOP
    assert found["Depalletiser DP1"].health == "not running"
    assert found["Filler FL1"].health == 100.0


def test_the_worst_asset_tells_why_and_the_points_add_up(screen: OverviewScreen, stage: Stage) -> None:
    stage.say_all()
    asset = screen.presenter.read(stage.now_us).asset
    assert asset is not None
    assert asset.machine.id == FL2.id
    assert asset.score is not None
    assert sum(each.points for each in asset.reasons) == pytest.approx(100 - asset.score, abs=0.2)
    assert asset.zone.head == "Zone C"
    assert asset.zone.origin == "ISO 20816-3 2022"


def test_an_alarm_marks_its_machine_and_its_bar(screen: OverviewScreen, stage: Stage, qtbot) -> None:
    stage.raise_alarm(CRITICAL, value=0.7)
    settle(qtbot, stage, screen.refresh, lambda: rows(screen, stage)["Filler FL2"].symbol is not None)
    symbol = rows(screen, stage)["Filler FL2"].symbol
    assert (symbol.priority, symbol.state) == (Priority.CRITICAL, AlarmState.UNACKNOWLEDGED)
    bars = screen.presenter.read(stage.now_us).asset.bars
    assert [bar.symbol is not None for bar in bars if bar.figure.tag.key == CRITICAL.tag_key] == [True]
    assert screen.presenter.events[0].message == "Motor DE outer race band above limit"


def test_arrow_keys_walk_across_lines_and_enter_opens(screen: OverviewScreen, stage: Stage, qtbot) -> None:
    first, second = (panel.table for panel in screen.content.panels)
    first.choose_place(0)
    assert screen.presenter.chosen == DP1.id
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert screen.presenter.chosen == FL1.id
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert screen.presenter.chosen == FL2.id
    qtbot.keyClick(second, Qt.Key.Key_Return)
    assert stage.visited == [f"asset/{FL2.id}"]


def test_an_update_never_moves_the_operators_choice(screen: OverviewScreen, stage: Stage, qtbot) -> None:
    """NEW-10: FL2 gets worse while the operator looks at FL1; Esc goes back to the worst."""
    table = screen.content.panels[0].table
    table.choose_place(1)
    stage.raise_alarm(CRITICAL)
    settle(qtbot, stage, screen.refresh, lambda: len(screen.presenter.events) > 0)
    assert table.current_machine == FL1.id
    assert screen.content.panels[1].table.current_machine is None
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert screen.presenter.chosen is None
    assert screen.content.panels[1].table.current_machine == FL2.id


def test_space_peeks_and_any_key_closes(screen: OverviewScreen, stage: Stage, qtbot) -> None:
    table = screen.content.panels[1].table
    table.choose_place(0)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    peek = screen._peek
    assert peek.isVisible()
    qtbot.keyClick(peek, Qt.Key.Key_Space)
    assert not peek.isVisible()


def test_a_row_can_be_dragged_to_trends(screen: OverviewScreen) -> None:
    table = screen.content.panels[1].table
    table.choose_place(0)
    data = table.drag_data()
    assert data is not None
    keys = bytes(data.data(TAGS_MIME).data()).decode().split(",")
    assert str(key(FL2, 3)) in keys


def test_a_dead_collector_leaves_nothing_that_looks_known(
    screen: OverviewScreen, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.live.ALIVE_WITHIN_S", -1.0)
    state = screen.presenter.read(stage.now_us)
    assert not state.is_live
    assert all(row.state is MachineState.UNKNOWN for line in state.lines for row in line.rows)
    assert all(row.health == "unknown" for line in state.lines for row in line.rows)
    screen.content.show_state(state)


@pytest.mark.parametrize("size", [(1804, 884), (1278, 600)])
def test_nothing_is_cut_off(
    screen: OverviewScreen, stage: Stage, size: tuple[int, int], theme: Theme, qtbot
) -> None:
    theme.use(NIGHT)
    screen.view.resize(*size)
    screen.refresh(stage.now_us)
    view = screen.content
    qtbot.wait(1)
    parts = [*(panel for panel in view.panels), view.asset, view.trend, view.links, view.events]
    for part in parts:
        assert part.geometry().bottom() < size[1]
        assert part.geometry().right() < size[0]
    for table in (panel.table for panel in view.panels):
        assert len(table.visible()) == table.rows.rowCount()
    bars = [bar for bar in view.asset._bars if bar.isVisible()]
    qtbot.waitUntil(lambda: all(bar.height() >= bar.minimumSizeHint().height() for bar in bars), timeout=3000)
