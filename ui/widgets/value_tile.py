"""Tile: one plant figure with unit, 24 h curve and a sentence; pressing it leads to what stands behind."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from ui.formatting import UNKNOWN_VALUE, Presentation
from ui.theme import BODY, CAPTION, KPI, KPI_LARGE, REGULAR, SEMIBOLD, font
from ui.widgets import drawing
from ui.widgets.painted_button import PaintedButton
from ui.widgets.priority_symbol import SymbolState, draw_symbol
from ui.widgets.spark import Spark, draw_spark

TALL, LOW = 112, 84
PADDING = 12


class ValueTile(PaintedButton):
    """Painted in one pass. ``definition`` says in its tip how the figure is made."""

    def __init__(self, title: str, *, definition: str = "") -> None:
        super().__init__()
        self._title, self._sentence = title, ""
        self._shown: Presentation = UNKNOWN_VALUE
        self._spark: Spark | None = None
        self._symbol: SymbolState | None = None
        self._is_low = False
        self.setToolTip(definition)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_low(self, low: bool) -> None:
        """Use the height for small windows."""
        self._is_low = low
        self.updateGeometry()

    def set_title(self, title: str) -> None:
        """Name the figure."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(title)
            self.update()

    def show_figure(
        self,
        shown: Presentation,
        *,
        sentence: str = "",
        spark: Spark | None = None,
        symbol: SymbolState | None = None,
    ) -> None:
        """Show a figure; the sentence puts it in words, the symbol is there while an alarm is."""
        if (shown, sentence, symbol) == (self._shown, self._sentence, self._symbol) and spark is self._spark:
            return
        self._shown, self._sentence, self._spark, self._symbol = shown, sentence, spark, symbol
        self.setAccessibleDescription(". ".join(part for part in (shown.spoken, sentence) if part))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, LOW if self._is_low else TALL)

    def minimumSizeHint(self) -> QSize:
        return QSize(110, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        fill = tokens.raised if self.underMouse() else tokens.panel
        drawing.box(painter, area, fill=fill, outline=tokens.line)
        inner = area.adjusted(PADDING, 0, -PADDING, 0)
        title = QRectF(inner.left(), 6 if self._is_low else 8, inner.width(), 18)
        drawing.text(painter, title, self._title, face=font(BODY, SEMIBOLD), colour=tokens.text_2)
        foot = 24.0 if self._is_low else 30.0
        self._paint_value(painter, inner.adjusted(0, 24 if self._is_low else 28, 0, -foot))
        y = area.bottom() - foot - 0.5
        drawing.rule(painter, QPointF(inner.left(), y), QPointF(inner.right(), y), tokens.line)
        words = QRectF(inner.left(), area.bottom() - foot, inner.width(), foot)
        drawing.text(painter, words, self._sentence, face=font(CAPTION), colour=tokens.text_1)
        if self._symbol is not None:
            at = QPointF(area.right() - 20, title.center().y() + 2)
            draw_symbol(painter, at, self._symbol, tokens=tokens, size=17, ground=fill)
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        painter.end()

    def _paint_value(self, painter: QPainter, row: QRectF) -> None:
        tokens = self._theme.tokens
        face = font(KPI if self._is_low else KPI_LARGE, SEMIBOLD)
        drawing.value(painter, row, self._shown, tokens=tokens, face=face, align=drawing.LEFT)
        hatch = 16 if self._shown.is_hatched else 0
        left = row.left() + drawing.width_of(self._shown.text, face) + hatch + 6
        small = font(CAPTION, REGULAR)
        width = drawing.width_of(self._shown.unit, small)
        drop = face.pixelSize() * 0.26
        unit = QRectF(left, row.top() + drop, max(0.0, min(width + 1, row.right() - left)), row.height())
        drawing.text(painter, unit, self._shown.unit, face=small, colour=tokens.text_2)
        free = row.right() - (left + width + 10)
        if self._spark is not None and free >= 40:
            room = min(96.0, free)
            curve = QRectF(row.right() - room, row.center().y() - 15, room + 4, 30)
            draw_spark(painter, curve, self._spark, tokens=tokens)
