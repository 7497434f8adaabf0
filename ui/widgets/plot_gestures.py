"""What mouse and keys do to a plot (HMI guide, section 7): pan, zoom, box, cursors, steps and peaks."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from ui.widgets.raster_curve import RasterCurve

if TYPE_CHECKING:
    from ui.widgets.plot_pane import PlotPane

GRAB_PX, CLICK_PX = 6, 4
PAN_STEP, ZOOM_STEP = 0.1, 0.7


class PlotGestures:
    """Turns events into calls of the pane; holds nothing but the drag under way."""

    def __init__(self, pane: "PlotPane") -> None:
        self._pane = pane
        self._from: QPointF | None = None
        self._last = QPointF()
        self._part = ""
        self._held = ""
        self._has_moved = False
        self._button = Qt.MouseButton.NoButton
        self.zoom_box: QRectF | None = None

    def press(self, event: QMouseEvent) -> None:
        """Begin a drag or a click."""
        at = event.position()
        self._from = self._last = at
        self._button, self._has_moved = event.button(), False
        self._part = self._pane.where(at)
        self._held = self._cursor_near(at.x()) if event.button() is Qt.MouseButton.LeftButton else ""

    def _cursor_near(self, pixel: float) -> str:
        mapping = self._pane.mapping
        for name in ("A", "B"):
            x = self._pane.cursor(name)
            if x is not None and abs(mapping.x(x) - pixel) <= GRAB_PX:
                return name
        return ""

    def move(self, event: QMouseEvent) -> None:
        """Go on with a drag."""
        if self._from is None:
            return
        at = event.position()
        if not self._has_moved:
            if (at - self._from).manhattanLength() < CLICK_PX:
                return
            self._has_moved = True
            if not self._held:
                self._pane.history.remember(self._pane.ranges)
        if self._held:
            self._pane.set_cursor(self._held, self._pane.mapping.x_value(at.x()))
        elif self._button is Qt.MouseButton.RightButton and self._part == "frame":
            self.zoom_box = QRectF(self._from, at).normalized().intersected(self._pane.frame)
            self._pane.refresh_overlay()
        elif self._part == "frame":
            self._drag_pan(at)
        else:
            self._drag_axis(at)
        self._last = at

    def _drag_pan(self, at: QPointF) -> None:
        frame, step = self._pane.frame, at - self._last
        self._pane.pan(x=-step.x() / max(1.0, frame.width()), y=step.y() / max(1.0, frame.height()))

    def _drag_axis(self, at: QPointF) -> None:
        now, step = self._pane.ranges, at - self._last
        if self._part == "x":
            factor = 1.01 ** -step.x()
            centre = (now.x_low + now.x_high) / 2
            half = (now.x_high - now.x_low) / 2 * factor
            self._pane.navigate(x=(centre - half, centre + half))
        elif self._part == "y":
            factor = 1.01 ** step.y()
            self._pane.navigate(y=(now.y_high - (now.y_high - now.y_low) * factor, now.y_high))

    def release(self, event: QMouseEvent) -> None:
        """End a drag, or take it as a click."""
        box, self.zoom_box = self.zoom_box, None
        was_click = self._from is not None and not self._has_moved
        self._from = None
        if box is not None and box.width() > CLICK_PX and box.height() > CLICK_PX:
            mapping = self._pane.mapping
            self._pane.navigate(
                x=(mapping.x_value(box.left()), mapping.x_value(box.right())),
                y=(mapping.y_value(box.bottom()), mapping.y_value(box.top())),
            )
        elif was_click and self._part == "frame":
            self._click(event)
        self._pane.refresh_overlay()

    def _click(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.RightButton:
            self._pane.customContextMenuRequested.emit(event.position().toPoint())
        elif event.button() is Qt.MouseButton.LeftButton:
            name = "B" if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else "A"
            self._pane.set_cursor(name, self._pane.mapping.x_value(event.position().x()))

    def double_click(self, event: QMouseEvent) -> None:
        """Zoom back on an axis."""
        if self._pane.where(event.position()) in ("x", "y"):
            self._pane.zoom_back()

    def wheel(self, event: QWheelEvent) -> None:
        """Pan x; with Ctrl pan y; with Shift zoom x at the pointer."""
        steps = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._pane.pan(y=steps * PAN_STEP)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            at = self._pane.mapping.x_value(event.position().x())
            self._pane.zoom(ZOOM_STEP**steps, at=at)
        else:
            self._pane.pan(x=-steps * PAN_STEP)
        event.accept()

    def key(self, event: QKeyEvent) -> bool:
        """Do what a key asks; False when it is none of the plot's."""
        key = event.key()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        if key in (Qt.Key.Key_Comma, Qt.Key.Key_Period, Qt.Key.Key_Less, Qt.Key.Key_Greater):
            forward = key in (Qt.Key.Key_Period, Qt.Key.Key_Greater)
            self._step(1 if forward else -1, to_peak=control)
            return True
        if control:
            return False
        return self._navigation_key(key) or self._letter_key(key, shift)

    def _navigation_key(self, key: int) -> bool:
        pane = self._pane
        match key:
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                pane.zoom(ZOOM_STEP)
            case Qt.Key.Key_Minus:
                pane.zoom(1 / ZOOM_STEP)
            case Qt.Key.Key_Left:
                pane.pan(x=-PAN_STEP)
            case Qt.Key.Key_Right:
                pane.pan(x=PAN_STEP)
            case Qt.Key.Key_Up:
                pane.pan(y=PAN_STEP)
            case Qt.Key.Key_Down:
                pane.pan(y=-PAN_STEP)
            case Qt.Key.Key_Backspace:
                pane.zoom_back()
            case Qt.Key.Key_Home:
                pane.zoom_full()
            case Qt.Key.Key_Space:
                pane.pause_asked.emit()
            case _:
                return False
        return True

    def _letter_key(self, key: int, shift: bool) -> bool:
        if key == Qt.Key.Key_C:
            name = "B" if shift else "A"
            now = self._pane.ranges
            is_there = self._pane.cursor(name) is not None
            self._pane.set_cursor(name, None if is_there else (now.x_low + now.x_high) / 2)
            return True
        if Qt.Key.Key_A <= key <= Qt.Key.Key_Z:
            self._pane.key_asked.emit(int(key), shift)
            return True
        return False

    def _step(self, direction: int, *, to_peak: bool) -> None:
        """Move cursor A by one sample, or to the next peak of the answering curve."""
        curve = self._pane.answering
        if curve is None:
            return
        now = self._pane.ranges
        start = self._pane.cursor("A")
        if start is None:
            start = (now.x_low + now.x_high) / 2
        there = next_peak(curve, start, direction) if to_peak else next_sample(curve, start, direction)
        if there is not None:
            self._pane.set_cursor("A", there)


def _positions(curve: RasterCurve) -> NDArray[np.float64]:
    if curve.x is not None:
        return curve.x
    count = 0 if curve.high is None else len(curve.high)
    places: NDArray[np.float64] = curve.start + np.arange(count, dtype=np.float64) * curve.step
    return places


def next_sample(curve: RasterCurve, x: float, direction: int) -> float | None:
    """Return the sample position next to x in a direction, None at the end."""
    places = _positions(curve)
    if not len(places):
        return None
    nearest = int(np.argmin(np.abs(places - x)))
    wanted = nearest + direction
    return float(places[wanted]) if 0 <= wanted < len(places) else None


def peak_indexes(
    values: NDArray[np.floating],
) -> NDArray[np.intp]:
    """Return the local maxima that stand out: above the median by a fifth of the way to the largest value."""
    if len(values) < 3:
        return np.zeros(0, np.intp)
    clean = np.where(np.isfinite(values), values, -np.inf)
    finite = clean[np.isfinite(clean)]
    if not len(finite):
        return np.zeros(0, np.intp)
    floor = float(np.median(finite))
    floor += 0.2 * (float(finite.max()) - floor)
    inner = clean[1:-1]
    return np.flatnonzero((inner > clean[:-2]) & (inner >= clean[2:]) & (inner > floor)) + 1


def next_peak(curve: RasterCurve, x: float, direction: int) -> float | None:
    """Return the next outstanding peak left (-1) or right (+1) of x, None when there is none."""
    if curve.high is None:
        return None
    peaks = _positions(curve)[peak_indexes(np.asarray(curve.high))]
    beyond = (
        peaks[peaks > x + 1e-9 * max(1.0, abs(x))]
        if direction > 0
        else peaks[peaks < x - 1e-9 * max(1.0, abs(x))]
    )
    if not len(beyond):
        return None
    return float(beyond[0] if direction > 0 else beyond[-1])
