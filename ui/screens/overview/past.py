"""What the overview needs from the disk, gathered in the database lane."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from domain.condition.alarms import AlarmState
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.plant import Plant
from services.alarming import AlarmView
from services.production import RunningTime, piece_rates, pieces_per_hour, running_time
from services.status import SystemStatus
from services.workstation import Workstation
from ui.screens.alarm_words import EventRow, event_rows
from ui.screens.event_marks import event_marks
from ui.screens.figures import MachineSheet
from ui.screens.overview.state import AssetTrend
from ui.screens.sparks import free_spark, on_grid, spark_of
from ui.widgets.spark import Spark

RATE_WINDOW_US = 300 * MICROSECONDS_PER_SECOND
RATE_POINTS = 48
TREND_US = 8 * MICROSECONDS_PER_HOUR
TREND_COLUMNS = 480
NEWEST_EVENTS = 40


@dataclass(frozen=True, slots=True)
class Present:
    """Alarms, links and the newest events, read every second."""

    views: tuple[AlarmView, ...]
    status: SystemStatus | None
    events: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class LinePast:
    """A line's last 24 hours: rate now and its curve, running time of the constraint."""

    rate: float | None
    rate_mean: float | None
    rate_spark: Spark | None
    running: RunningTime | None
    running_spark: Spark | None


@dataclass(frozen=True, slots=True)
class DayPast:
    """The last 24 hours of every vibration tag and line."""

    sparks: Mapping[int, Spark | None]
    lines: Mapping[UUID, LinePast]
    healths: Mapping[UUID, Spark | None]
    new_alarms: Spark | None
    """New alarms per half hour."""


class OverviewPast:
    """Reads for the overview; every method is for the database lane."""

    def __init__(self, workstation: Workstation, plant: Plant, sheets: Mapping[UUID, MachineSheet]) -> None:
        self._workstation, self._plant, self._sheets = workstation, plant, sheets
        self._rules = {rule.id: rule for rule in workstation.alarming.rules}

    def present(self) -> Present:
        """Return what changes by the second."""
        now_us = self._workstation.clock.now_us()
        alarming = self._workstation.alarming
        journal = alarming.journal(
            start_us=now_us - 7 * MICROSECONDS_PER_DAY, end_us=now_us, limit=NEWEST_EVENTS
        )
        return Present(
            alarming.listed(),
            self._workstation.monitoring.status(),
            event_rows(journal, self._plant, self._rules),
        )

    def day(self) -> DayPast:
        """Return the curves of 24 hours."""
        now_us = self._workstation.clock.now_us()
        start_us = now_us - MICROSECONDS_PER_DAY
        sparks: dict[int, Spark | None] = {}
        for sheet in self._sheets.values():
            figure = sheet.vibration
            if figure is not None:
                columns = self._workstation.history.trend(
                    figure.tag.key, start_us=start_us, end_us=now_us, columns=72
                )
                sparks[figure.tag.key] = spark_of(
                    columns, start_us=start_us, end_us=now_us, normal=figure.normal
                )
        lines = {line.id: self._line(line.id, now_us) for line in self._plant.lines}
        return DayPast(sparks, lines, self._healths(start_us, now_us), self._new_alarms(start_us, now_us))

    def _healths(self, start_us: int, end_us: int) -> dict[UUID, Spark | None]:
        found: dict[UUID, Spark | None] = {}
        for machine, sheet in self._sheets.items():
            if sheet.health_key is not None:
                columns = self._workstation.history.trend(
                    sheet.health_key, start_us=start_us, end_us=end_us, columns=RATE_POINTS
                )
                grid = on_grid(
                    columns.time_us, columns.mean, start_us=start_us, end_us=end_us, points=RATE_POINTS
                )
                found[machine] = Spark(grid, 0.0, 105.0) if np.isfinite(grid).any() else None
        return found

    def _new_alarms(self, start_us: int, end_us: int) -> Spark | None:
        journal = self._workstation.alarming.journal(start_us=start_us, end_us=end_us, limit=5000)
        at_us = [each.at_us for each in journal if each.state_to is AlarmState.UNACKNOWLEDGED]
        counts, _ = np.histogram(at_us, bins=RATE_POINTS, range=(start_us, end_us))
        return Spark(counts.astype(np.float64), 0.0, max(1.0, float(counts.max()) * 1.1))

    def _line(self, line_id: UUID, now_us: int) -> LinePast:
        sheet = constraint_of(self._sheets.values(), line_id)
        history, start_us = self._workstation.history, now_us - MICROSECONDS_PER_DAY
        rate = mean = rate_spark = running = running_spark = None
        if sheet is not None and sheet.counter_key is not None:
            rate = pieces_per_hour(
                history.series(sheet.counter_key, start_us=now_us - RATE_WINDOW_US, end_us=now_us)
            )
            columns = history.trend(sheet.counter_key, start_us=start_us, end_us=now_us, columns=RATE_POINTS)
            times, rates = piece_rates(columns)
            known = rates[np.isfinite(rates)]
            mean = float(known.mean()) if len(known) else None
            grid = on_grid(times, rates, start_us=start_us, end_us=now_us, points=RATE_POINTS)
            rate_spark = free_spark(grid)
        if sheet is not None and sheet.state_key is not None:
            states = history.series(sheet.state_key, start_us=start_us, end_us=now_us)
            running = running_time(states, start_us=start_us, end_us=now_us, slots=48)
            running_spark = free_spark(running.slots * 100)
        return LinePast(rate, mean, rate_spark, running, running_spark)

    def trend(
        self, machine_id: UUID, keys: Sequence[int], views: Sequence[AlarmView], *, span_us: int = TREND_US
    ) -> AssetTrend:
        """Return the curves of some tags of a machine with the alarms raised meanwhile."""
        now_us = self._workstation.clock.now_us()
        start_us = now_us - span_us
        columns = self._workstation.history.trends(
            keys, start_us=start_us, end_us=now_us, columns=TREND_COLUMNS
        )
        journal = self._workstation.alarming.journal(start_us=start_us, end_us=now_us, limit=1000)
        inside = {asset.id for asset in self._plant.subtree(machine_id)}
        rows = event_rows(journal, self._plant, self._rules)
        mine = [row for row in rows if row.asset_id in inside and row.is_new_alarm]
        return AssetTrend(machine_id, tuple(columns.values()), event_marks(mine, views))


def constraint_of(sheets: Iterable[MachineSheet], line_id: UUID) -> MachineSheet | None:
    """Return the machine that sets a line's pace; None where none is declared."""
    mine = (each for each in sheets if each.line.id == line_id and each.machine.is_constraint)
    return next(mine, None)
