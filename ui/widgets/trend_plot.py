"""Trend of up to six tags of one unit: stored min/max columns and the live tail in one plot, gaps kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.quality import CAUSE_MASK, CAUSE_SHIFT, CLASS_MASK, QualityCause, QualityClass
from domain.ports import HistoryGap, TrendColumns
from ui import formatting
from ui.formatting import PlantTime
from ui.text import tr
from ui.widgets.axis_items import PlainAxis, TimeAxis, number_step
from ui.widgets.plot_layers import EventMark, Stretch
from ui.widgets.plot_pane import BOTTOM_AXIS, LEFT_AXIS, TOP_MARGIN, PlotPane
from ui.widgets.raster_curve import RasterCurve
from ui.widgets.readout import Figure, ReadoutLine
from ui.widgets.readout_plot import ReadoutPlot

MOST_CURVES = 6
TAIL_SAMPLES = 8192
GAP_FACTOR = 2.5
MOST_IN_GAP = 2
LONGEST_JOIN_S = 120.0
"""The past may hold a value a minute; what is further apart without a declared gap is not joined either."""
BARE_AXIS = 7


@dataclass(frozen=True, slots=True)
class TrendCurve:
    """One tag in a trend; ``pen`` 0 is pen 1."""

    tag_key: int
    label: str
    unit: str
    digits: int
    pen: int = 0


class _Series:
    """History and tail of one tag as plotted arrays; x in seconds since 1970."""

    def __init__(self, spec: TrendCurve, curve: RasterCurve) -> None:
        self.spec, self.curve = spec, curve
        self._x = np.zeros(0)
        self._low = np.zeros(0)
        self._high = np.zeros(0)
        self._frozen = np.zeros(0, np.bool_)
        self._gap_s = LONGEST_JOIN_S
        self._tail_x = np.zeros(TAIL_SAMPLES)
        self._tail_y = np.zeros(TAIL_SAMPLES)
        self._tail_frozen = np.zeros(TAIL_SAMPLES, np.bool_)
        self._tail_count = 0
        self.gaps: tuple[HistoryGap, ...] = ()

    def set_history(self, columns: TrendColumns) -> None:
        self._x = (columns.time_us + columns.column_us / 2) / MICROSECONDS_PER_SECOND
        if len(self._x):
            # The last column is still filling: its middle lies in the future and would hide live values.
            self._x[-1] = columns.time_us[-1] / MICROSECONDS_PER_SECOND
        bad = (columns.quality & CLASS_MASK) == QualityClass.BAD
        empty = columns.count == 0
        self._low = np.where(empty & bad, np.nan, columns.minimum)
        self._high = np.where(empty & bad, np.nan, columns.maximum)
        self._frozen = _is_frozen(columns.quality)
        self._gap_s = max(LONGEST_JOIN_S, GAP_FACTOR * columns.column_us / MICROSECONDS_PER_SECOND)
        self.gaps = tuple(gap for gap in columns.gaps if _is_empty(gap, columns))
        self._break_at_gaps()
        self._compose()

    def _break_at_gaps(self) -> None:
        """Put a hole into the curve in the middle of each declared gap."""
        if not self.gaps or not len(self._x):
            return
        middles = np.array([(gap.start_us + gap.end_us) / 2 for gap in self.gaps]) / MICROSECONDS_PER_SECOND
        places = np.searchsorted(self._x, middles)
        self._x = np.insert(self._x, places, middles)
        self._low = np.insert(self._low, places, np.nan)
        self._high = np.insert(self._high, places, np.nan)
        self._frozen = np.insert(self._frozen, places, False)

    def append(self, time_us: int, value: float, quality: int) -> bool:
        """Take a live value; False when it is not newer than the last."""
        at_s = time_us / MICROSECONDS_PER_SECOND
        if self._tail_count and at_s <= self._tail_x[self._tail_count - 1]:
            return False
        if self._tail_count == TAIL_SAMPLES:
            keep = TAIL_SAMPLES // 2
            for array in (self._tail_x, self._tail_y, self._tail_frozen):
                array[:keep] = array[-keep:]
            self._tail_count = keep
        is_bad = quality & CLASS_MASK == QualityClass.BAD
        self._tail_x[self._tail_count] = at_s
        self._tail_y[self._tail_count] = np.nan if is_bad else value
        self._tail_frozen[self._tail_count] = (quality & CAUSE_MASK) >> CAUSE_SHIFT == QualityCause.FROZEN
        self._tail_count += 1
        self._compose()
        return True

    def _compose(self) -> None:
        count = self._tail_count
        first = int(np.searchsorted(self._tail_x[:count], self._x[-1], side="right")) if len(self._x) else 0
        tail = slice(first, count)
        x = np.concatenate((self._x, self._tail_x[tail]))
        low = np.concatenate((self._low, self._tail_y[tail]))
        high = np.concatenate((self._high, self._tail_y[tail]))
        frozen = np.concatenate((self._frozen, self._tail_frozen[tail]))
        self.curve.set_points(x, low, high, max_step=self._gap_s, frozen=frozen if frozen.any() else None)


def _is_empty(gap: HistoryGap, columns: TrendColumns) -> bool:
    """Say whether a gap is wide enough to see and holds no values: known time is not hatched."""
    first, last = np.searchsorted(columns.time_us, (gap.start_us, gap.end_us))
    return gap.end_us - gap.start_us > columns.column_us and last - first <= MOST_IN_GAP


def _is_frozen(quality: NDArray[np.uint16]) -> NDArray[np.bool_]:
    frozen: NDArray[np.bool_] = (quality & CAUSE_MASK) >> CAUSE_SHIFT == QualityCause.FROZEN
    return frozen


def nice_range(low: float, high: float, *, parts: int = 5) -> tuple[float, float]:
    """Return a range on round figures that holds both ends, for a fixed y axis."""
    if not high > low:
        low, high = low - 1.0, low + 1.0
    step = number_step(high - low, parts)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


class TrendPlot(ReadoutPlot):
    """Plot and, if wanted, readout line. Instants are microseconds UTC at its border."""

    live_changed = Signal(bool)
    """The operator left the present (False) or came back to it (True)."""

    def __init__(
        self,
        name: str,
        *,
        plant_time: Callable[[], PlantTime],
        has_time_axis: bool = True,
        has_readout: bool = True,
        top_margin: int = TOP_MARGIN,
    ) -> None:
        x_axis = TimeAxis("bottom", extent=BOTTOM_AXIS if has_time_axis else BARE_AXIS, plant_time=plant_time)
        # A bare axis keeps room for the lower half of the lowest number.
        x_axis.setStyle(showValues=has_time_axis)
        y_axis = PlainAxis("left", extent=LEFT_AXIS)
        super().__init__(
            PlotPane(name=name, x_axis=x_axis, y_axis=y_axis, top_margin=top_margin),
            ReadoutLine(tr("Trend", "Readout of {name}", name=name)),
        )
        self.readout.setVisible(has_readout)
        self._plant_time = plant_time
        self._series: dict[int, _Series] = {}
        self._pool: list[RasterCurve] = []
        self._is_live = True
        self._span_s = 8 * 3600.0
        self.pane.cursor_moved.connect(self._on_cursor)
        self.pane.navigated.connect(self._on_navigated)

    # ---- data

    def set_curves(self, specs: Sequence[TrendCurve]) -> None:
        """Show these tags; ValueError above six. Curves of tags that stay keep their data."""
        if len(specs) > MOST_CURVES:
            raise ValueError(f"a pane holds at most {MOST_CURVES} curves, not {len(specs)}")
        kept = {key: series for key, series in self._series.items() if series.spec in specs}
        for key, series in self._series.items():
            if key not in kept:
                series.curve.is_visible = False
                series.curve.clear()
                self._pool.append(series.curve)
        self._series = {spec.tag_key: kept.get(spec.tag_key) or self._new_series(spec) for spec in specs}
        first = next(iter(self._series.values()), None)
        self.pane.answering = first.curve if first else None
        self._refresh_gaps()
        self.pane.recolour()

    def _new_series(self, spec: TrendCurve) -> _Series:
        if self._pool:
            curve = self._pool.pop()
            curve.is_visible = True
            self.pane.set_pen(curve, spec.pen)
        else:
            curve = self.pane.add_curve(spec.pen)
        return _Series(spec, curve)

    def show_history(self, columns: TrendColumns) -> None:
        """Draw stored columns of a tag; ignored when the tag is not shown any more."""
        series = self._series.get(columns.tag_key)
        if series is not None:
            series.set_history(columns)
            self._refresh_gaps()
            self.pane.redraw()

    def append(self, tag_key: int, *, time_us: int, value: float, quality: int) -> None:
        """Add one live value; an old or repeated instant is ignored."""
        series = self._series.get(tag_key)
        if series is not None and series.append(time_us, value, quality):
            self.pane.redraw()

    def set_events(self, events: Sequence[tuple[int, EventMark]]) -> None:
        """Show alarms at instants in microseconds."""
        self.pane.set_events(
            [EventMark(at_us / MICROSECONDS_PER_SECOND, mark.symbol) for at_us, mark in events]
        )

    def _refresh_gaps(self) -> None:
        # Only what every curve misses is hatched; a gap of one curve shows as a gap of that curve.
        gaps = [set(series.gaps) for series in self._series.values()]
        common = set.intersection(*gaps) if gaps else set()
        self.pane.set_hatched(
            [
                Stretch(
                    gap.start_us / MICROSECONDS_PER_SECOND,
                    gap.end_us / MICROSECONDS_PER_SECOND,
                    _gap_words(gap),
                )
                for gap in sorted(common, key=_gap_start)
            ]
        )

    # ---- ranges

    @property
    def is_live(self) -> bool:
        """Whether the right edge follows the present."""
        return self._is_live

    def set_live(self, live: bool) -> None:
        """Follow the present, or stay."""
        if live is not self._is_live:
            self._is_live = live
            self.live_changed.emit(live)

    def follow(self, now_us: int) -> None:
        """Move the right edge to the present while live."""
        if self._is_live:
            end = now_us / MICROSECONDS_PER_SECOND
            self.pane.set_ranges(x=(end - self._span_s, end))

    def set_span(self, seconds: float, *, now_us: int) -> None:
        """Show so many seconds up to the present."""
        self._span_s = seconds
        end = now_us / MICROSECONDS_PER_SECOND
        y = self.pane.ranges
        self.pane.set_full(x=(end - seconds, end), y=(y.y_low, y.y_high), show=True)

    def set_window(self, *, start_us: int, end_us: int) -> None:
        """Show a window of the past."""
        self._span_s = (end_us - start_us) / MICROSECONDS_PER_SECOND
        self.pane.set_ranges(x=(start_us / MICROSECONDS_PER_SECOND, end_us / MICROSECONDS_PER_SECOND))

    def set_y(self, low: float, high: float) -> None:
        """Fix the y axis."""
        now = self.pane.ranges
        self.pane.set_full(x=(now.x_low, now.x_high), y=(low, high))
        self.pane.set_ranges(y=(low, high))

    @property
    def window_us(self) -> tuple[int, int]:
        """What is shown, in microseconds UTC."""
        now = self.pane.ranges
        return round(now.x_low * MICROSECONDS_PER_SECOND), round(now.x_high * MICROSECONDS_PER_SECOND)

    def _on_navigated(self) -> None:
        now = self.pane.ranges
        self._span_s = now.x_high - now.x_low
        self.set_live(False)

    # ---- cursors

    def values_at(self, cursor: str) -> dict[int, float | None]:
        """Return each tag's value under a cursor; empty without the cursor."""
        at = self.pane.cursor(cursor)
        if at is None:
            return {}
        return {key: series.curve.value_at(at) for key, series in self._series.items()}

    def _on_cursor(self, name: str) -> None:
        self.refresh_readout()

    def refresh_readout(self) -> None:
        """Word what the cursors stand on."""
        if self.readout.isHidden():
            return
        figures: list[Figure] = []
        clock, a, b = self._plant_time(), self.pane.cursor("A"), self.pane.cursor("B")
        for name, at in (("A", a), ("B", b)):
            if at is None:
                continue
            figures.append(Figure(name, clock.clock(round(at * MICROSECONDS_PER_SECOND))))
            for key, value in self.values_at(name).items():
                spec = self._series[key].spec
                words = formatting.UNKNOWN
                if value is not None:
                    words = formatting.with_unit(value, digits=spec.digits, unit=spec.unit)
                figures.append(Figure(spec.label if len(self._series) > 1 else "", words))
        if a is not None and b is not None:
            figures.append(Figure("B \u2212 A", formatting.duration(abs(b - a))))
        if not figures:
            figures.append(Figure(tr("Trend", "click or C puts a cursor"), ""))
        self.readout.show_figures(figures)


def _gap_start(gap: HistoryGap) -> int:
    return gap.start_us


def _gap_words(gap: HistoryGap) -> str:
    length = formatting.duration((gap.end_us - gap.start_us) / MICROSECONDS_PER_SECOND)
    if gap.cause == QualityCause.COMMUNICATION_LOST:
        return tr("Trend", "no link {length}", length=length)
    return tr("Trend", "gap {length}", length=length)
