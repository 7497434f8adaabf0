"""Stored trends as short curves: equal steps, gaps kept, the figure's own band behind."""

import numpy as np
from numpy.typing import NDArray

from domain.condition.alarms import Priority
from domain.ports import TrendColumns
from ui.widgets.spark import Spark

SPARK_POINTS = 72


def on_grid(
    time_us: NDArray[np.int64], value: NDArray[np.float64], *, start_us: int, end_us: int, points: int
) -> NDArray[np.float64]:
    """Return (points,) values at equal steps, NaN where nothing is stored."""
    grid = np.full(points, np.nan)
    if len(time_us):
        place = ((time_us - start_us) * points // max(1, end_us - start_us)).clip(0, points - 1)
        grid[place] = value
    return grid


def spark_of(
    columns: TrendColumns,
    *,
    start_us: int,
    end_us: int,
    normal: tuple[float, float] | None,
    points: int = SPARK_POINTS,
) -> Spark | None:
    """Return the curve of a trend on a scale of its own that holds the band; None without a value."""
    grid = on_grid(columns.time_us, columns.mean, start_us=start_us, end_us=end_us, points=points)
    return free_spark(grid, normal=normal)


def free_spark(grid: NDArray[np.float64], *, normal: tuple[float, float] | None = None) -> Spark | None:
    """Return a curve scaled to its values and band with a little room; None without a value."""
    finite = grid[np.isfinite(grid)]
    if not len(finite):
        return None
    marks = [float(finite.min()), float(finite.max()), *(normal or ())]
    low, high = min(marks), max(marks)
    if normal is not None:
        # A standstill must not press the band flat: values far below it end at the lower edge.
        low = max(low, normal[0] - (normal[1] - normal[0]))
    room = 0.15 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - room, high + room
    return Spark(grid, low, high, *(normal or (None, None)))


class SparkShelf:
    """Keeps one curve per key; the alarm of its last point changes without a new curve."""

    def __init__(self) -> None:
        self._plain: dict[int, Spark] = {}
        self._alarmed: dict[tuple[int, Priority], Spark] = {}

    def put(self, key: int, spark: Spark | None) -> None:
        """Keep a new curve; nothing stored leaves the old one."""
        if spark is not None:
            self._plain[key] = spark
            self._alarmed = {each: kept for each, kept in self._alarmed.items() if each[0] != key}

    def take(self, key: int | None, alarm: Priority | None = None) -> Spark | None:
        """Return the curve; the same object as long as nothing changed."""
        if key is None or key not in self._plain:
            return None
        if alarm is None:
            return self._plain[key]
        if (key, alarm) not in self._alarmed:
            plain = self._plain[key]
            self._alarmed[key, alarm] = Spark(
                plain.values, plain.low, plain.high, plain.normal_low, plain.normal_high, alarm
            )
        return self._alarmed[key, alarm]
