"""Curves as pixel columns: min and max of every column, painted by numpy into one image, blitted 1:1.

A live plot costs one copy of its ground, one mask per curve and one ``drawImage``; no path, no antialiasing.
Peaks are never lost, gaps stay gaps, absurd numbers are gaps too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

from domain.plant.signals import FloatArray

ABSURD: Final = 1e30
"""Beyond this a number is no measurement; it is drawn as a gap."""

OFF_SCREEN: Final = 30_000
DOT_ON, DOT_PERIOD = 2, 4
DASH_ON, DASH_PERIOD = 6, 9


@dataclass(frozen=True, slots=True)
class View:
    """What part of the plane a canvas shows: data ranges and size in device pixels."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    width: int
    height: int


@dataclass(eq=False, slots=True)
class RasterCurve:
    """One curve: its data and its pen. ``low`` is ``high`` for plain samples.

    ``x`` (n,) ascending, or None for equal steps from ``start`` by ``step``. NaN is a gap; neighbours
    more than ``max_step`` apart in x are not joined. ``frozen`` (n,) bool marks samples drawn dotted.
    """

    colour: str = "#000000"
    is_thick: bool = False
    is_dashed: bool = False
    is_visible: bool = True
    x: NDArray[np.float64] | None = None
    start: float = 0.0
    step: float = 1.0
    low: FloatArray | None = None
    high: FloatArray | None = None
    frozen: NDArray[np.bool_] | None = None
    max_step: float = float("inf")
    columns_of: tuple[float, ...] | None = None
    columns: tuple[NDArray[np.intp], NDArray[np.int64]] | None = None
    """Column boundaries of the last view, see ``_column_starts``."""

    def set_samples(self, y: FloatArray, *, start: float = 0.0, step: float = 1.0) -> None:
        """Take samples at equal steps; the array is kept, not copied."""
        self.x, self.start, self.step, self.low, self.high = None, start, step, y, y
        self.frozen = None

    def set_points(
        self,
        x: NDArray[np.float64],
        low: FloatArray,
        high: FloatArray | None = None,
        *,
        max_step: float = float("inf"),
        frozen: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take samples or min/max columns at ascending x; lengths must agree."""
        other = low if high is None else high
        if not len(x) == len(low) == len(other):
            raise ValueError(f"curve arrays differ in length: {len(x)}, {len(low)}, {len(other)}")
        self.x, self.low, self.high, self.max_step, self.frozen = x, low, other, max_step, frozen

    def clear(self) -> None:
        """Show nothing."""
        self.low = self.high = self.x = self.frozen = None

    @property
    def is_empty(self) -> bool:
        return self.low is None or not len(self.low)

    def value_at(self, x: float) -> float | None:
        """Return the value nearest to x (the middle of a column), None on a gap or without data."""
        if self.low is None or self.high is None or not len(self.low):
            return None
        if self.x is None:
            index = round((x - self.start) / self.step)
        else:
            right = int(np.searchsorted(self.x, x))
            index = (
                right - 1
                if right and (right == len(self.x) or x - self.x[right - 1] < self.x[right] - x)
                else right
            )
        if not 0 <= index < len(self.low):
            return None
        if self.x is not None and abs(float(self.x[index]) - x) > self.max_step:
            return None
        value = (float(self.low[index]) + float(self.high[index])) / 2
        return value if np.isfinite(value) else None


Spans = tuple[NDArray[np.intp], NDArray[np.int16], NDArray[np.int16]]
"""Columns that carry something, with their upper and lower pixel row, ends included."""


def spans_of(curve: RasterCurve, view: View) -> Spans | None:
    """Return the vertical pixel spans of a curve in a view, None when nothing of it is there."""
    if curve.low is None or curve.high is None or not len(curve.low):
        return None
    if not (view.x_high > view.x_low and view.y_high > view.y_low and view.width > 0 and view.height > 0):
        return None
    first, last = _window(curve, view)
    if last <= first:
        return None
    low = curve.low[first:last]
    high = low if curve.high is curve.low else curve.high[first:last]
    starts, present = _column_starts(curve, view, first, last)
    lows = np.minimum.reduceat(low, starts)
    highs = np.maximum.reduceat(high, starts)
    # Minimum and maximum carry NaN on, so that the few reduced values tell whether all samples are sound.
    extremes = float(np.abs(lows).max()), float(np.abs(highs).max())
    if extremes[0] < ABSURD and extremes[1] < ABSURD and curve.max_step == float("inf"):
        return _clean_spans(lows, highs, present, view, curve)
    return _broken_spans(curve, low, high, _columns(curve, view, first, last), view, first)


def _column_starts(
    curve: RasterCurve, view: View, first: int, last: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return where each pixel column begins in the samples and which column it is; kept for equal steps."""
    key: tuple[float, ...] = (first, last, curve.start, curve.step, view.x_low, view.x_high, view.width)
    if curve.columns is not None and curve.x is None and curve.columns_of == key:
        return curve.columns
    columns = _columns(curve, view, first, last)
    starts = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1))
    found = starts, columns[starts]
    if curve.x is None:
        curve.columns_of, curve.columns = key, found
    return found


def _window(curve: RasterCurve, view: View) -> tuple[int, int]:
    """Return the slice of samples in view with one neighbour on either side."""
    count = len(curve.low) if curve.low is not None else 0
    if curve.x is None:
        first = int(np.floor((view.x_low - curve.start) / curve.step))
        last = int(np.ceil((view.x_high - curve.start) / curve.step)) + 1
        return max(0, min(first, count)), max(0, min(last, count))
    first = int(np.searchsorted(curve.x, view.x_low)) - 1
    last = int(np.searchsorted(curve.x, view.x_high, side="right")) + 1
    return max(0, first), min(count, last)


def _columns(curve: RasterCurve, view: View, first: int, last: int) -> NDArray[np.int64]:
    """Return the pixel column of each sample; neighbours outside the view get columns outside it."""
    scale = view.width / (view.x_high - view.x_low)
    if curve.x is None:
        origin = (curve.start + first * curve.step - view.x_low) * scale
        positions = origin + np.arange(last - first) * (curve.step * scale)
    else:
        positions = (curve.x[first:last] - view.x_low) * scale
    columns: NDArray[np.int64] = np.floor(np.clip(positions, -OFF_SCREEN, OFF_SCREEN)).astype(np.int64)
    return columns


def _rows(values: NDArray[np.floating], view: View) -> NDArray[np.float64]:
    """Return pixel rows, 0 at the top, clipped far outside."""
    scale = (view.height - 1) / (view.y_high - view.y_low)
    rows: NDArray[np.float64] = np.clip((view.y_high - values) * scale, -OFF_SCREEN, OFF_SCREEN)
    return rows


def _clean_spans(
    lows: FloatArray, highs: FloatArray, present: NDArray[np.int64], view: View, curve: RasterCurve
) -> Spans | None:
    tops, bottoms = _rows(highs, view), _rows(lows, view)
    if len(present) < present[-1] - present[0] + 1:
        every = np.arange(max(0, present[0]), min(present[-1], view.width - 1) + 1)
        tops, bottoms = np.interp(every, present, tops), np.interp(every, present, bottoms)
        present = every
    if not len(present):
        return None
    _join(tops, bottoms)
    return _finish(present, tops, bottoms, view, curve)


def _join(tops: NDArray[np.float64], bottoms: NDArray[np.float64]) -> None:
    """Stretch each column until it touches the one before it, so that the curve is one line."""
    if len(tops) < 2:
        return
    before_top, before_bottom = tops[:-1].copy(), bottoms[:-1].copy()
    np.minimum(tops[1:], before_bottom, out=tops[1:])
    np.maximum(bottoms[1:], before_top, out=bottoms[1:])


def _broken_spans(
    curve: RasterCurve,
    low: FloatArray,
    high: FloatArray,
    columns: NDArray[np.int64],
    view: View,
    first: int,
) -> Spans | None:
    """The same with gaps: runs between gaps are rasterised one after the other."""
    with np.errstate(invalid="ignore"):
        good = (np.abs(low) < ABSURD) & (np.abs(high) < ABSURD)
    breaks = ~good
    if curve.x is not None and np.isfinite(curve.max_step):
        apart = np.diff(curve.x[first : first + len(low)]) > curve.max_step
        starts_new = np.concatenate(([True], apart | breaks[:-1]))
    else:
        starts_new = np.concatenate(([True], breaks[:-1]))
    kept = np.flatnonzero(good)
    if not len(kept):
        return None
    run = np.cumsum(starts_new)[kept]
    columns, low, high = columns[kept], low[kept], high[kept]
    key_changes = np.flatnonzero(
        (np.diff(columns, prepend=columns[0] - 1) != 0) | (np.diff(run, prepend=run[0]) != 0)
    )
    present, runs = columns[key_changes], run[key_changes]
    tops = _rows(np.maximum.reduceat(high, key_changes), view)
    bottoms = _rows(np.minimum.reduceat(low, key_changes), view)
    parts = [
        _run_spans(present[piece], tops[piece], bottoms[piece], view)
        for piece in np.split(np.arange(len(present)), np.flatnonzero(np.diff(runs)) + 1)
    ]
    present = np.concatenate([part[0] for part in parts])
    if not len(present):
        return None
    tops, bottoms = np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
    return _finish(present, tops, bottoms, view, curve)


def _run_spans(
    present: NDArray[np.int64], tops: NDArray[np.float64], bottoms: NDArray[np.float64], view: View
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    if len(present) > 1 and len(present) < present[-1] - present[0] + 1:
        every = np.arange(max(0, present[0]), min(present[-1], view.width - 1) + 1)
        tops, bottoms, present = np.interp(every, present, tops), np.interp(every, present, bottoms), every
    _join(tops, bottoms)
    return present, tops, bottoms


def _finish(
    columns: NDArray[np.int64],
    tops: NDArray[np.float64],
    bottoms: NDArray[np.float64],
    view: View,
    curve: RasterCurve,
) -> Spans | None:
    inside = (columns >= 0) & (columns < view.width)
    if curve.is_dashed:
        inside &= columns % DASH_PERIOD < DASH_ON
    if curve.frozen is not None and curve.x is not None:
        # A column is dotted when the sample at or before it is frozen.
        x = view.x_low + (columns + 0.5) * (view.x_high - view.x_low) / view.width
        owner = np.clip(np.searchsorted(curve.x, x, side="right") - 1, 0, len(curve.frozen) - 1)
        inside &= ~curve.frozen[owner] | (columns % DOT_PERIOD < DOT_ON)
    if not inside.any():
        return None
    return (
        columns[inside].astype(np.intp),
        np.rint(tops[inside]).astype(np.int16),
        np.rint(bottoms[inside]).astype(np.int16),
    )


class Scratch:
    """Working memory of the rasteriser. Shared by all canvases it stays in the processor's cache."""

    def __init__(self) -> None:
        self._hold(1)

    def _hold(self, count: int) -> None:
        self.distance = np.empty(count, np.int16)
        self.inside = np.empty(count, np.bool_)
        self.change = np.empty(count, np.uint32)
        self.bits = np.empty(count, np.uint32)

    def reserve(self, count: int) -> None:
        """Hold at least so many pixels."""
        if count > len(self.distance):
            self._hold(count)


class Canvas:
    """An RGB32 image with a ground that is copied under the curves of each frame."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._pixels = np.zeros((1, 1), np.uint32)
        self._ground = np.zeros((1, 1), np.uint32)
        self._rows = np.zeros((1, 1), np.int16)
        self.image = QImage()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in device pixels."""
        return self._pixels.shape[1], self._pixels.shape[0]

    def set_ground(self, ground: QImage) -> None:
        """Take a RGB32 image as ground; its size becomes the canvas's."""
        height, width = ground.height(), ground.width()
        stride = ground.bytesPerLine() // 4
        view = np.frombuffer(ground.constBits(), np.uint32).reshape(height, stride)[:, :width]
        self._ground = view.copy()
        self._pixels = self._ground.copy()
        self._rows = np.arange(height, dtype=np.int16)[:, None]
        self._scratch.reserve(width * height)
        self.image = QImage(self._pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
        self.image.setDevicePixelRatio(ground.devicePixelRatio())

    def draw(self, curves: list[RasterCurve], view: View) -> None:
        """Paint ground and curves; the last curve lies on top."""
        np.copyto(self._pixels, self._ground)
        for curve in curves:
            spans = spans_of(curve, view) if curve.is_visible else None
            if spans is not None:
                self._paint(spans, np.uint32(QColor(curve.colour).rgb()), is_thick=curve.is_thick)

    def _paint(self, spans: Spans, colour: np.uint32, *, is_thick: bool) -> None:
        columns, tops, bottoms = spans
        height, width = self._pixels.shape
        upper = max(0, int(tops.min()))
        lower = min(height, int(bottoms.max()) + (2 if is_thick else 1))
        if upper >= lower:
            return
        lengths = (bottoms - tops + (1 if is_thick else 0)).astype(np.uint16)
        mask = self._mask(tops, lengths, upper=upper, lower=lower)
        first, last = int(columns[0]), int(columns[-1]) + 1
        is_solid = last - first == len(columns)
        for shift in (0, 1) if is_thick else (0,):
            if is_solid and last + shift <= width:
                self._blend(self._pixels[upper:lower, first + shift : last + shift], colour, mask)
            else:
                self._scatter(columns + shift, mask, colour, upper=upper, lower=lower)

    def _mask(
        self, tops: NDArray[np.int16], lengths: NDArray[np.uint16], *, upper: int, lower: int
    ) -> NDArray[np.bool_]:
        """Return which pixels lie in the spans; rows above a span wrap round to large numbers."""
        shape, count = (lower - upper, len(tops)), (lower - upper) * len(tops)
        distance = self._scratch.distance[:count].reshape(shape)
        np.subtract(self._rows[upper:lower], tops, out=distance)
        mask = self._scratch.inside[:count].reshape(shape)
        np.less_equal(distance.view(np.uint16), lengths, out=mask)
        return mask

    def _blend(self, target: NDArray[np.uint32], colour: np.uint32, mask: NDArray[np.bool_]) -> None:
        """Set masked pixels; bit arithmetic in kept buffers is several times faster than a masked copy."""
        change = self._scratch.change[: mask.size].reshape(mask.shape)
        np.negative(mask.view(np.int8), out=change.view(np.int32), casting="safe")
        bits = self._scratch.bits[: mask.size].reshape(mask.shape)
        np.bitwise_xor(target, colour, out=bits)
        np.bitwise_and(change, bits, out=change)
        np.bitwise_xor(target, change, out=target)

    def _scatter(
        self, columns: NDArray[np.intp], mask: NDArray[np.bool_], colour: np.uint32, *, upper: int, lower: int
    ) -> None:
        inside = columns < self._pixels.shape[1]
        target = self._pixels[upper:lower]
        if len(np.unique(columns)) == len(columns):
            part = target[:, columns[inside]]
            self._blend(part, colour, np.ascontiguousarray(mask[:, inside]))
            target[:, columns[inside]] = part
            return
        # Runs that meet in one column: both ends are drawn.
        rows, places = np.nonzero(mask[:, inside])
        target[rows, columns[inside][places]] = colour


def snapped(rect: QRectF) -> QRectF:
    """Return the rectangle on whole pixels."""
    return QRectF(round(rect.left()), round(rect.top()), round(rect.width()), round(rect.height()))
