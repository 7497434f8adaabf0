"""Alarms as marks on the time axis of a plot."""

from collections.abc import Sequence

from domain.condition.alarms import AlarmState
from services.alarming import AlarmView
from ui.screens.alarm_words import EventRow
from ui.widgets.plot_layers import EventMark
from ui.widgets.priority_symbol import SymbolState


def event_marks(rows: Sequence[EventRow], views: Sequence[AlarmView]) -> tuple[tuple[int, EventMark], ...]:
    """Return marks that flash only while their alarm still waits."""
    now = {view.alarm.id: view.alarm for view in views}
    marks = []
    for row in rows:
        alarm = now.get(row.alarm_id)
        is_same = alarm is not None and alarm.raised_us == row.at_us
        state = alarm.state if alarm is not None and is_same else AlarmState.ACKNOWLEDGED
        marks.append((row.at_us, EventMark(0.0, SymbolState(row.symbol.priority, state))))
    return tuple(marks)
