"""What the asset screen needs from the disk, gathered in the database lane."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.instants import MICROSECONDS_PER_DAY
from domain.plant.plant import Plant
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.screens.alarm_words import event_rows
from ui.screens.asset.state import AssetDay, AssetStack
from ui.screens.event_marks import event_marks
from ui.screens.event_panel import TimelineRow
from ui.screens.figures import MachineSheet
from ui.screens.reporting.words import report_marks, report_rows
from ui.screens.sparks import SPARK_POINTS, on_grid
from ui.widgets.spark import Spark

SPANS_US = {
    "1d": MICROSECONDS_PER_DAY,
    "7d": 7 * MICROSECONDS_PER_DAY,
    "30d": 30 * MICROSECONDS_PER_DAY,
}
HEALTH_DAYS, HEALTH_POINTS = 14, 84
STACK_COLUMNS = 720
LONGEST_JOURNAL, MOST_REPORTS = 2000, 500


class AssetPast:
    """Every method is for the database lane."""

    def __init__(self, workstation: Workstation, plant: Plant) -> None:
        self._workstation, self._plant = workstation, plant
        self._rules = {rule.id: rule for rule in workstation.alarming.rules}

    def day(self, sheet: MachineSheet, keys: Sequence[int]) -> AssetDay:
        """Return a day of each figure and two weeks of health."""
        now_us = self._workstation.clock.now_us()
        curves = {key: self._grid(key, now_us - MICROSECONDS_PER_DAY, now_us, SPARK_POINTS) for key in keys}
        health = None
        if sheet.health_key is not None:
            start_us = now_us - HEALTH_DAYS * MICROSECONDS_PER_DAY
            grid = self._grid(sheet.health_key, start_us, now_us, HEALTH_POINTS)
            health = Spark(grid, 0.0, 105.0) if np.isfinite(grid).any() else None
        return AssetDay(sheet.machine.id, curves, health)

    def _grid(self, key: int, start_us: int, end_us: int, points: int) -> NDArray[np.float64]:
        columns = self._workstation.history.trend(key, start_us=start_us, end_us=end_us, columns=points)
        return on_grid(columns.time_us, columns.mean, start_us=start_us, end_us=end_us, points=points)

    def stack(
        self, machine_id: UUID, keys: Sequence[int], span: str, views: Sequence[AlarmView]
    ) -> AssetStack:
        """Return the curves of a span and what happened to the machine meanwhile."""
        now_us = self._workstation.clock.now_us()
        start_us = now_us - SPANS_US[span]
        columns = self._workstation.history.trends(
            keys, start_us=start_us, end_us=now_us, columns=STACK_COLUMNS
        )
        journal = self._workstation.alarming.journal(start_us=start_us, end_us=now_us, limit=LONGEST_JOURNAL)
        inside = {asset.id for asset in self._plant.subtree(machine_id)}
        rows = [row for row in event_rows(journal, self._plant, self._rules) if row.asset_id in inside]
        reports = report_rows(
            self._workstation.reporting.reports(
                machine_id, start_us=start_us, end_us=now_us + 1, limit=MOST_REPORTS
            )
        )
        # Drawn in this order: an alarm is never covered.
        marks = report_marks(reports) + event_marks([row for row in rows if row.is_new_alarm], views)
        events: list[TimelineRow] = sorted([*rows, *reports], key=_instant, reverse=True)
        return AssetStack(machine_id, span, tuple(columns.values()), marks, tuple(events))


def _instant(row: TimelineRow) -> int:
    return row.at_us


def curve_of(day: AssetDay | None, machine_id: UUID, key: int) -> NDArray[np.float64] | None:
    """Return the day of one figure, None before it has come."""
    if day is None or day.machine_id != machine_id:
        return None
    curves: Mapping[int, NDArray[np.float64]] = day.curves
    return curves.get(key)
