"""How much a line makes and how long its machines run, from stored counters and states."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.assets import MachineState
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.ports import HistorySeries, TrendColumns

SHORTEST_RATE_S = 30.0
LONGEST_HOLD_S = 150.0
"""A state is taken to last this long after its reading at most; then nothing is known."""


@dataclass(frozen=True, slots=True)
class RunningTime:
    """Time in RUN against the time in which the state was known; ``slots`` (n,) shares, NaN when unknown."""

    running_s: float
    known_s: float
    slots: NDArray[np.float64]

    @property
    def share(self) -> float | None:
        """Share of the known time in RUN, 0 to 1; None when nothing is known."""
        return self.running_s / self.known_s if self.known_s > 0 else None


def running_time(series: HistorySeries, *, start_us: int, end_us: int, slots: int) -> RunningTime:
    """Weigh each state reading with the time until the next one; bad readings are unknown time."""
    known_us: NDArray[np.float64] = np.zeros(slots)
    running_us: NDArray[np.float64] = np.zeros(slots)
    if len(series.time_us):
        after = np.append(series.time_us[1:], end_us)
        held = np.clip(after - series.time_us, 0, round(LONGEST_HOLD_S * MICROSECONDS_PER_SECOND))
        held = np.where((series.quality & CLASS_MASK) == QualityClass.BAD, 0, held).astype(np.float64)
        slot = ((series.time_us - start_us) * slots // max(1, end_us - start_us)).clip(0, slots - 1)
        runs = series.value == MachineState.RUN.value
        known_us = np.bincount(slot, weights=held, minlength=slots).astype(np.float64)
        running_us = np.bincount(slot, weights=np.where(runs, held, 0.0), minlength=slots).astype(np.float64)
    with np.errstate(invalid="ignore"):
        shares = running_us / np.where(known_us > 0, known_us, np.nan)
    return RunningTime(
        float(running_us.sum()) / MICROSECONDS_PER_SECOND,
        float(known_us.sum()) / MICROSECONDS_PER_SECOND,
        shares,
    )


def pieces_per_hour(series: HistorySeries) -> float | None:
    """Return the mean rate of a counter over a series; None when too short, bad or set back meanwhile."""
    good = (series.quality & CLASS_MASK) != QualityClass.BAD
    value, time_us = series.value[good], series.time_us[good]
    if len(value) < 2 or time_us[-1] - time_us[0] < SHORTEST_RATE_S * MICROSECONDS_PER_SECOND:
        return None
    if np.any(np.diff(value) < 0):
        return None
    return float(value[-1] - value[0]) * MICROSECONDS_PER_HOUR / float(time_us[-1] - time_us[0])


def piece_rates(columns: TrendColumns) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (times, pieces per hour) between columns of a counter; NaN over holes and resets."""
    if len(columns.time_us) < 2:
        return np.zeros(0, np.int64), np.zeros(0)
    step_us = np.diff(columns.time_us)
    made = np.diff(columns.maximum)
    is_whole = (step_us <= 2.5 * max(1, columns.column_us)) & (made >= 0)
    return columns.time_us[1:], np.where(is_whole, made * MICROSECONDS_PER_HOUR / step_us, np.nan)
