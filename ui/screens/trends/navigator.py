"""The whole of a week or a month as one small curve with the window on it: drag to look elsewhere."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from domain.instants import MICROSECONDS_PER_DAY
from domain.ports import TrendColumns
from ui.formatting import PlantTime
from ui.text import tr
from ui.theme import AXIS, CAPTION, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.plot_pane import LEFT_AXIS, RIGHT_MARGIN

HEIGHT = 74
GRIP = 6
SHORTEST_US = 60_000_000


class Navigator(QWidget):
    """Instants are microseconds UTC. ``moved`` tells the window the operator wants."""

    moved = Signal(object, object)

    def __init__(self, *, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__()
        self._theme, self._plant_time = application_theme(), plant_time
        self._start_us = self._end_us = 0
        self._window = (0, 0)
        self._columns: TrendColumns | None = None
        self._held, self._from = "", 0.0
        self._window_before = (0, 0)
        self.setAccessibleName(tr("Trends", "Navigator"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_whole(self, columns: TrendColumns | None, *, start_us: int, end_us: int) -> None:
        """Show the curve of the whole span."""
        self._columns, self._start_us, self._end_us = columns, start_us, end_us
        self.update()

    def show_window(self, start_us: int, end_us: int) -> None:
        """Show which part the plots show."""
        if (start_us, end_us) != self._window and not self._held:
            moved_px = abs(self._x(start_us) - self._x(self._window[0])) if self._end_us else 1.0
            self._window = (start_us, end_us)
            if moved_px > 0.3:
                self.update()

    @property
    def days(self) -> int:
        """How many days the whole covers."""
        return round((self._end_us - self._start_us) / MICROSECONDS_PER_DAY)

    @property
    def frame(self) -> QRectF:
        """Where the curve lies."""
        return QRectF(self.rect()).adjusted(LEFT_AXIS, 6, -RIGHT_MARGIN, -20)

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT)

    def _x(self, at_us: float) -> float:
        frame, span = self.frame, max(1, self._end_us - self._start_us)
        return frame.left() + (at_us - self._start_us) / span * frame.width()

    def _instant(self, x: float) -> float:
        frame = self.frame
        return self._start_us + (x - frame.left()) / max(1.0, frame.width()) * (self._end_us - self._start_us)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter, frame = self._theme.tokens, QPainter(self), self.frame
        painter.fillRect(frame, QColor(tokens.plot))
        words = tr("Trends", "{days} d", days=self.days) if self._end_us else ""
        box = QRectF(8, frame.top(), LEFT_AXIS - 12, 18)
        drawing.text(painter, box, words, face=font(CAPTION, SEMIBOLD), colour=tokens.text_2)
        self._paint_days(painter, frame)
        self._paint_curve(painter, frame)
        drawing.box(painter, frame, fill=None, outline=tokens.line, radius=0)
        self._paint_window(painter, frame)
        if self.hasFocus():
            drawing.focus_ring(painter, QRectF(self.rect()), tokens)
        painter.end()

    def _paint_days(self, painter: QPainter, frame: QRectF) -> None:
        tokens, clock = self._theme.tokens, self._plant_time()
        every = 1 if self.days <= 8 else 5
        first = clock.local(self._start_us).replace(hour=0, minute=0, second=0, microsecond=0)
        midnight_us = round(first.timestamp() * 1e6)
        for day in range(0, self.days + 2, every):
            at_us = midnight_us + day * MICROSECONDS_PER_DAY
            x = round(self._x(at_us)) + 0.5
            if not frame.left() < x < frame.right():
                continue
            drawing.rule(painter, QPointF(x, frame.top()), QPointF(x, frame.bottom()), tokens.line)
            box = QRectF(x + 4, frame.bottom() + 2, 90, 15)
            words = clock.day(at_us, weekday=every == 1)
            if box.left() + 50 < frame.right():
                drawing.text(painter, box, words, face=font(AXIS), colour=tokens.text_2)

    def _paint_curve(self, painter: QPainter, frame: QRectF) -> None:
        columns = self._columns
        if columns is None or not len(columns.time_us):
            return
        values = columns.mean
        good = np.isfinite(values)
        if not good.any():
            return
        low, high = float(values[good].min()), float(values[good].max())
        span = high - low or 1.0
        painter.save()
        painter.setClipRect(frame)
        painter.setPen(QPen(QColor(self._theme.tokens.pen(0)), 1))
        breaks = np.flatnonzero(np.diff(columns.time_us[good]) > 3 * columns.column_us) + 1
        y = frame.bottom() - 4 - (values[good] - low) / span * (frame.height() - 8)
        for piece in np.split(np.arange(int(good.sum())), breaks):
            times = columns.time_us[good][piece]
            points = [QPointF(self._x(at), float(y[k])) for at, k in zip(times.tolist(), piece, strict=True)]
            painter.drawPolyline(QPolygonF(points))
        painter.restore()

    def _paint_window(self, painter: QPainter, frame: QRectF) -> None:
        tokens = self._theme.tokens
        left = max(frame.left(), self._x(self._window[0]))
        right = min(frame.right(), self._x(self._window[1]))
        if right <= left - 1:
            return
        area = QRectF(left, frame.top(), max(3.0, right - left), frame.height())
        fill = QColor(tokens.selection)
        fill.setAlphaF(0.45)
        painter.fillRect(area, fill)
        drawing.box(painter, area, fill=None, outline=tokens.accent, radius=0)
        for x in (area.left(), area.right()):
            painter.fillRect(QRectF(x - 2, area.center().y() - 8, 4, 16), QColor(tokens.accent))

    # ---- acts

    def _part_at(self, x: float) -> str:
        left, right = self._x(self._window[0]), self._x(self._window[1])
        if abs(x - right) <= GRIP:
            return "end"
        if abs(x - left) <= GRIP:
            return "start"
        return "whole" if left < x < right else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        part = self._part_at(x)
        if not part:
            centre, half = self._instant(x), (self._window[1] - self._window[0]) / 2
            self._move(round(centre - half), round(centre + half))
            part = "whole"
        self._held, self._from, self._window_before = part, x, self._window

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if not self._held:
            cursor = {"start": Qt.CursorShape.SizeHorCursor, "end": Qt.CursorShape.SizeHorCursor}
            self.setCursor(cursor.get(self._part_at(x), Qt.CursorShape.ArrowCursor))
            return
        step = round(self._instant(x) - self._instant(self._from))
        start, end = self._window_before
        if self._held in ("start", "whole"):
            start += step
        if self._held in ("end", "whole"):
            end += step
        if end - start >= SHORTEST_US:
            self._move(start, end)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = ""

    def _move(self, start_us: int, end_us: int) -> None:
        self._window = (start_us, end_us)
        self.moved.emit(start_us, end_us)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        start, end = self._window
        shift = step * (end - start) // 4
        self._move(start + shift, end + shift)
