"""Alarm symbols: state by shape and phase, one clock, nothing above 1 Hz (HMI guide, section 6)."""

import pytest

from domain.condition.alarms import AlarmState, Overlay, Priority
from ui.theme import Theme
from ui.widgets.analog_bar import AnalogBar
from ui.widgets.flash_clock import HALF_PERIOD_MS, FlashClock
from ui.widgets.priority_symbol import Look, PrioritySymbol, SymbolState, look_of


def looks(state: AlarmState, ticks: int, *, calm: bool = False) -> list[Look]:
    clock = FlashClock()
    clock.reduce_motion = calm
    seen = []
    for _ in range(ticks):
        seen.append(look_of(SymbolState(Priority.HIGH, state), clock))
        clock.advance()
    return seen


def test_unacknowledged_flashes_at_1_hz_and_returned_at_half(qapp) -> None:
    assert HALF_PERIOD_MS == 500
    assert looks(AlarmState.UNACKNOWLEDGED, 4) == [Look.FILLED, Look.HOLLOW, Look.FILLED, Look.HOLLOW]
    dashed, weak = Look.DASHED, Look.DASHED_WEAK
    assert looks(AlarmState.RETURNED, 4) == [dashed, dashed, weak, weak]
    assert set(looks(AlarmState.ACKNOWLEDGED, 4)) == {Look.RING}


def test_with_reduced_motion_nothing_flashes(qapp) -> None:
    assert set(looks(AlarmState.UNACKNOWLEDGED, 4, calm=True)) == {Look.FILLED_THICK}
    assert set(looks(AlarmState.RETURNED, 4, calm=True)) == {Look.DASHED_THICK}


def test_a_kept_quiet_alarm_never_flashes_and_says_why() -> None:
    shown = SymbolState(Priority.LOW, AlarmState.UNACKNOWLEDGED, Overlay.SHELVED)
    assert not shown.is_flashing
    assert shown.words == "Low, SHELVED"


def test_a_symbol_speaks_and_can_be_empty(qtbot, theme: Theme) -> None:
    widget = PrioritySymbol(SymbolState(Priority.CRITICAL))
    qtbot.addWidget(widget)
    assert widget.accessibleName() == "Critical, UNACK"
    widget.show_state(None)
    assert widget.accessibleName() == ""


def test_a_bar_refuses_an_upside_down_scale(qtbot, theme: Theme) -> None:
    bar = AnalogBar("Pressure", "bowl")
    qtbot.addWidget(bar)
    with pytest.raises(ValueError, match="not above"):
        bar.set_scale(3.0, 3.0)
