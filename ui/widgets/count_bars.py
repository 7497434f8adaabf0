"""Counts per stretch of time as grey columns, the last one in the colour of live values."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import PlantTime, number
from ui.text import tr
from ui.theme import AXIS, MEDIUM, application_theme, font
from ui.widgets import drawing

LEFT, FOOT, TOP = 28, 18, 6


class CountBars(QWidget):
    """Columns of equal width that end at the present; a dashed line marks ``threshold``."""

    def __init__(
        self, name: str, *, threshold: float, threshold_name: str, plant_time: Callable[[], PlantTime]
    ) -> None:
        super().__init__()
        self._theme = application_theme()
        self._plant_time = plant_time
        self._threshold, self._threshold_name = threshold, threshold_name
        self._counts: tuple[int, ...] = ()
        self._start_us = self._end_us = 0
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_counts(self, counts: Sequence[int], *, start_us: int, end_us: int) -> None:
        """Show counts of equal stretches between two instants."""
        fresh = tuple(counts)
        if (fresh, start_us, end_us) == (self._counts, self._start_us, self._end_us):
            return
        self._counts, self._start_us, self._end_us = fresh, start_us, end_us
        words = tr("Bars", "{total} in all, now {now}", total=sum(fresh), now=fresh[-1] if fresh else 0)
        self.setAccessibleDescription(words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 140)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        frame = QRectF(LEFT, TOP, self.width() - LEFT - 2, self.height() - TOP - FOOT)
        painter.fillRect(frame, QColor(tokens.plot))
        top = max(1.25 * self._threshold, 1.1 * max(self._counts, default=0))
        self._paint_columns(painter, frame, top)
        self._paint_threshold(painter, frame, top)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawRect(frame.adjusted(0.5, 0.5, -0.5, -0.5))
        self._paint_axes(painter, frame, top)
        painter.end()

    def _paint_columns(self, painter: QPainter, frame: QRectF, top: float) -> None:
        tokens = self._theme.tokens
        if not self._counts:
            return
        step = frame.width() / len(self._counts)
        grey = QColor(tokens.stop if tokens.name == "day" else tokens.line_strong)
        for place, count in enumerate(self._counts):
            height = frame.height() * count / top
            colour = QColor(tokens.live) if place == len(self._counts) - 1 else grey
            left = frame.left() + place * step
            painter.fillRect(
                QRectF(round(left) + 1, frame.bottom() - height, max(1, round(step) - 2), height), colour
            )

    def _paint_threshold(self, painter: QPainter, frame: QRectF, top: float) -> None:
        tokens = self._theme.tokens
        y = round(frame.bottom() - frame.height() * self._threshold / top) + 0.5
        pen = QPen(QColor(tokens.text_2), 1)
        pen.setDashPattern([5, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        face = font(AXIS, MEDIUM)
        box = QRectF(frame.left() + 4, y - 15, frame.width() - 8, 14)
        drawing.text(painter, box, self._threshold_name, face=face, colour=tokens.text_2)

    def _paint_axes(self, painter: QPainter, frame: QRectF, top: float) -> None:
        tokens, face = self._theme.tokens, font(AXIS)
        for value in (0.0, self._threshold):
            y = frame.bottom() - frame.height() * value / top
            box = QRectF(0, y - 7, LEFT - 6, 14)
            drawing.text(painter, box, number(value, 0), face=face, colour=tokens.text_2, align=drawing.RIGHT)
        if not self._counts:
            return
        parts = 8 if frame.width() > 560 else 4
        clock = self._plant_time()
        for part in range(parts + 1):
            at_us = self._start_us + (self._end_us - self._start_us) * part // parts
            x = frame.left() + frame.width() * part / parts
            left = min(max(0.0, x - 30), self.width() - 60.0)
            box = QRectF(left, frame.bottom() + 3, 60, 14)
            align = drawing.RIGHT if part == parts else drawing.CENTRE
            drawing.text(painter, box, clock.minutes(at_us), face=face, colour=tokens.text_2, align=align)
