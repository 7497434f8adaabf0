"""Axes of pyqtgraph in tabular Inter 11, drawn once into a device cache; time on the plant's clock."""

import math
from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtWidgets import QGraphicsItem

from domain.instants import MICROSECONDS_PER_SECOND
from ui.formatting import PlantTime, number
from ui.theme import AXIS, application_theme, font

TIME_STEPS_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
)  # fmt: skip
DAY_S = 86_400
LABEL_OVERHANG = 34
"""How far a label may reach beyond the end of its axis, in pixels."""


def number_step(span: float, count: int) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that cuts a span into about ``count`` parts."""
    if not span > 0 or not math.isfinite(span):
        return 1.0
    raw = span / max(1, count)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= raw * 0.999)


class PlainAxis(pg.AxisItem):  # type: ignore[misc]
    """Linear numbers; ``factor`` turns plotted into shown units (Hz to CPM or orders)."""

    def __init__(self, orientation: str, *, extent: int) -> None:
        super().__init__(orientation, showValues=True, maxTickLength=0)
        self.factor = 1.0
        self.suffix = ""
        """Unit put behind the last number."""
        self.setStyle(tickFont=font(AXIS), autoExpandTextSpace=False, tickTextOffset=6, tickLength=0)
        self.setStyle(hideOverlappingLabels=LABEL_OVERHANG)
        self.enableAutoSIPrefix(False)
        if orientation in ("left", "right"):
            self.setWidth(extent)
        else:
            self.setHeight(extent)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.recolour()

    def forget(self) -> None:
        """Drop the cached picture: after a change of range Qt may mend only parts of it."""
        self.setCacheMode(QGraphicsItem.CacheMode.NoCache)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def recolour(self) -> None:
        """Take the colours of the present theme."""
        tokens = application_theme().tokens
        self.setTextPen(tokens.text_2)
        self.setPen(pg.mkPen(None))

    def major_ticks(self, low: float, high: float, *, length: float) -> list[float]:
        """Return tick positions in plotted units; shared with the grid behind the curves."""
        spacing = 90 if self.orientation in ("bottom", "top") else 36
        step = number_step((high - low) * self.factor, max(2, int(length / spacing))) / self.factor
        first = math.ceil(low / step - 1e-9)
        return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        ticks = self.major_ticks(low, high, length=size)
        return [(ticks[1] - ticks[0] if len(ticks) > 1 else high - low, ticks)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        shown = abs(spacing * self.factor)
        digits = max(0, -math.floor(math.log10(shown) + 1e-9)) if shown > 0 else 0
        words = [number(value * self.factor, min(9, digits)) for value in values]
        return [*words[:-1], f"{words[-1]} {self.suffix}"] if words and self.suffix else words


class LogAxis(PlainAxis):
    """Decades: the plotted value is the decimal logarithm of the shown one."""

    def major_ticks(self, low: float, high: float, *, length: float) -> list[float]:
        whole = [float(k) for k in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
        thin = max(1, math.ceil(len(whole) / max(1, int(length / 24))))
        return whole[::thin]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [number(10.0**value, max(0, -round(value))) for value in values]


class TimeAxis(PlainAxis):
    """Seconds since 1970 plotted, plant time shown; midnight carries the date."""

    def __init__(self, orientation: str, *, extent: int, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__(orientation, extent=extent)
        self._plant_time = plant_time

    def _offset_s(self, at_s: float) -> float:
        local = self._plant_time().local(int(at_s * MICROSECONDS_PER_SECOND))
        offset = local.utcoffset()
        return offset.total_seconds() if offset is not None else 0.0

    def major_ticks(self, low: float, high: float, *, length: float) -> list[float]:
        if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
            return []
        spacing = 90 if self.orientation in ("bottom", "top") else 36
        wanted = (high - low) / max(1, length / spacing)
        step = next((each for each in TIME_STEPS_S if each >= wanted), TIME_STEPS_S[-1])
        offset = self._offset_s(low)
        first = math.ceil((low + offset) / step)
        return [k * step - offset for k in range(first, math.floor((high + offset) / step) + 1)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        clock = self._plant_time()
        return [self._worded(clock, value, spacing) for value in values]

    def _worded(self, clock: PlantTime, value: float, spacing: float) -> str:
        instant = round(value * MICROSECONDS_PER_SECOND)
        local = clock.local(instant)
        if spacing >= DAY_S or ((local.hour, local.minute, local.second) == (0, 0, 0) and spacing >= 60):
            return clock.day(instant, weekday=spacing < 8 * DAY_S)
        if spacing >= 60:
            return clock.minutes(instant)
        if spacing >= 1:
            return clock.clock(instant)
        return f"{clock.clock(instant)}.{local.microsecond // 1000:03d}"
