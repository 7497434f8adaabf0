"""Measurement point: pointer and 24 h curve side by side on one scale, value and unit below."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import UNKNOWN_VALUE, Presentation
from ui.text import tr
from ui.theme import AXIS, BAR_VALUE, CAPTION, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.analog_bar import TRACK_WIDTH, Gauge, draw_gauge
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.priority_symbol import SymbolState, draw_symbol
from ui.widgets.spark import Spark, draw_spark

HEAD, FOOT = 40, 42
TRACK_LEFT, CURVE_LEFT = 18, 62


class PointCard(QWidget):
    """``chosen`` fires on click and Enter."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self._title = self._place = ""
        self._gauge = Gauge((0.0, 1.0), None, (), None, UNKNOWN_VALUE)
        self._curve: NDArray[np.float64] | None = None
        self._symbol: SymbolState | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_figure(
        self,
        title: str,
        place: str,
        *,
        scale: tuple[float, float],
        normal: tuple[float, float] | None,
        limits: Sequence[float],
    ) -> None:
        """Name the figure and fix its scale."""
        self._title, self._place = title, place
        old = self._gauge
        self._gauge = Gauge(scale, normal, tuple(limits), old.value, old.shown)
        self.setAccessibleName(f"{title} {place}".strip())
        self.update()

    def show_value(
        self, value: float | None, shown: Presentation, *, symbol: SymbolState | None = None
    ) -> None:
        """Move the pointer."""
        old = self._gauge
        if (value, shown, symbol) == (old.value, old.shown, self._symbol):
            return
        self._gauge = Gauge(old.scale, old.normal, old.limits, value, shown)
        self._symbol = symbol
        self.setAccessibleDescription(shown.spoken)
        self.setToolTip(" ".join(part for part in (shown.spoken, symbol.words if symbol else "") if part))
        self.update()

    def show_curve(self, values: NDArray[np.float64] | None) -> None:
        """Draw (n,) values at equal steps over 24 h, NaN for gaps."""
        if values is not self._curve:
            self._curve = values
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(140, HEAD + 110 + FOOT)

    def minimumSizeHint(self) -> QSize:
        return QSize(118, HEAD + 56 + FOOT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        width = float(self.width())
        right = width - (34 if self._symbol is not None else 6)
        row = QRectF(10, 2, right - 10, 18)
        drawing.text(painter, row, self._title, face=font(CAPTION, SEMIBOLD), colour=tokens.text_1)
        row = QRectF(10, 19, right - 10, 16)
        drawing.text(painter, row, self._place, face=font(CAPTION), colour=tokens.text_2)
        if self._symbol is not None:
            at = QPointF(width - 20, 16)
            draw_symbol(painter, at, self._symbol, tokens=tokens, size=18, clock=self._clock)
        height = max(20, self.height() - HEAD - FOOT)
        track = QRectF(TRACK_LEFT, HEAD, TRACK_WIDTH, height)
        self._paint_curve(painter, QRectF(CURVE_LEFT, HEAD, max(10.0, width - CURVE_LEFT - 10), height))
        draw_gauge(painter, track, self._gauge, tokens=tokens)
        self._paint_foot(painter, HEAD + height, width)
        x = width - 0.5
        drawing.rule(painter, QPointF(x, 6), QPointF(x, self.height() - 6), tokens.line)
        if self.hasFocus():
            drawing.focus_ring(painter, drawing.rect_f(self.rect()), tokens)
        painter.end()

    def _paint_curve(self, painter: QPainter, frame: QRectF) -> None:
        tokens, gauge = self._theme.tokens, self._gauge
        painter.fillRect(frame, QColor(tokens.plot))
        low, high = gauge.scale
        band = gauge.normal or (None, None)
        values = self._curve if self._curve is not None else np.full(2, np.nan)
        alarm = self._symbol.priority if self._symbol is not None else None
        # The spark keeps 2 px free above and below: grown by as much, both scales agree.
        spark = Spark(values, low, high, band[0], band[1], alarm)
        draw_spark(painter, frame.adjusted(0, -2, 0, 2), spark, tokens=tokens)
        pen = QPen(QColor(tokens.text_2), 1)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        for limit in gauge.limits:
            y = round(gauge.y(frame, limit)) + 0.5
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        drawing.box(painter, frame, fill=None, outline=tokens.line, radius=0)

    def _paint_foot(self, painter: QPainter, top: float, width: float) -> None:
        tokens, shown = self._theme.tokens, self._gauge.shown
        centre = TRACK_LEFT + TRACK_WIDTH / 2
        face = font(BAR_VALUE, SEMIBOLD)
        wide = max(60.0, drawing.width_of(shown.text, face) + 20)
        left = max(2.0, centre - wide / 2)
        drawing.value(
            painter, QRectF(left, top + 2, wide, 22), shown, tokens=tokens, face=face, align=drawing.CENTRE
        )
        unit = shown.age or shown.unit
        row = QRectF(left, top + 23, wide, 16)
        drawing.text(painter, row, unit, face=font(CAPTION), colour=tokens.text_2, align=drawing.CENTRE)
        row = QRectF(CURVE_LEFT + 20, top + 4, width - CURVE_LEFT - 30, 16)
        words = tr("Point", "24 h")
        drawing.text(painter, row, words, face=font(AXIS), colour=tokens.text_3, align=drawing.RIGHT)
