"""Paints the cells of every table from tokens: text, aligned numbers, symbols, sparks, health, states."""

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from domain.plant.assets import MachineState
from ui.formatting import Presentation, number
from ui.icons import draw_icon
from ui.theme import BODY, BOLD, CAPTION, MEDIUM, REGULAR, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.priority_symbol import SymbolState, draw_symbol
from ui.widgets.spark import Spark, draw_health, draw_spark, draw_state
from ui.widgets.table_model import BOLD_ROLE, GROUP_END_ROLE, VALUE_ROLE, CellKind, Column

PADDING = 8


class CellDelegate(QStyledItemDelegate):
    """One delegate for all kinds; ``columns`` are those of the model."""

    def __init__(self, columns: tuple[Column, ...], parent: QObject, *, is_on_panel: bool = False) -> None:
        super().__init__(parent)
        self._is_on_panel = is_on_panel
        self._columns = columns
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self._plain, self._bold = font(BODY, REGULAR), font(BODY, BOLD)
        self._strong = font(BODY, SEMIBOLD)
        self._digit = drawing.width_of("0", self._strong)
        self._point = drawing.width_of(".", self._strong)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(60, 28)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        whole = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        plain = tokens.panel if self._is_on_panel else tokens.field
        ground = tokens.selection if selected else plain
        if selected:
            painter.fillRect(whole, QColor(ground))
        line = whole.bottom() - 0.5
        drawing.rule(painter, QPointF(whole.left(), line), QPointF(whole.right(), line), tokens.line)
        if index.data(GROUP_END_ROLE):
            drawing.rule(
                painter, QPointF(whole.left(), line), QPointF(whole.right(), line), tokens.line_strong
            )
        if selected and self._is_on_panel:
            self._frame_row(painter, whole, index)
        cell = whole.adjusted(PADDING, 0, -PADDING, -1)
        column = self._columns[index.column()]
        value = index.data(VALUE_ROLE)
        face = self._bold if index.data(BOLD_ROLE) and not column.is_weak else self._plain
        painter.save()
        self._paint_value(painter, cell, column, value, face=face, ground=ground)
        painter.restore()

    def _frame_row(
        self, painter: QPainter, whole: QRectF, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Frame the chosen row of a card, so that it is found at one look."""
        ink = self._theme.tokens.accent
        left, right = whole.left(), whole.right()
        for y in (whole.top() + 0.5, whole.bottom() - 0.5):
            drawing.rule(painter, QPointF(left, y), QPointF(right, y), ink)
        if index.column() == 0:
            drawing.rule(painter, QPointF(left + 0.5, whole.top()), QPointF(left + 0.5, whole.bottom()), ink)
        if index.column() == len(self._columns) - 1:
            drawing.rule(
                painter, QPointF(right - 0.5, whole.top()), QPointF(right - 0.5, whole.bottom()), ink
            )

    def _paint_value(
        self, painter: QPainter, cell: QRectF, column: Column, value: Any, *, face: QFont, ground: str
    ) -> None:
        tokens = self._theme.tokens
        match column.kind:
            case CellKind.NUMBER if isinstance(value, Presentation):
                self._paint_number(painter, cell, column, value, tokens)
            case CellKind.SYMBOL if isinstance(value, SymbolState):
                draw_symbol(
                    painter, cell.center(), value, tokens=tokens, size=17, clock=self._clock, ground=ground
                )
            case CellKind.SYMBOL if isinstance(value, str) and value:
                at = cell.center()
                draw_icon(painter, value, x=at.x() - 9, y=at.y() - 9, size=18, colour=tokens.text_2)
            case CellKind.SPARK if isinstance(value, Spark):
                draw_spark(painter, cell.adjusted(0, 3, 0, -3), value, tokens=tokens)
            case CellKind.HEALTH:
                self._paint_health(painter, cell, value, tokens)
            case CellKind.STATE if isinstance(value, MachineState):
                draw_state(painter, cell, value, tokens=tokens)
            case CellKind.TEXT:
                ink = tokens.text_2 if column.is_weak else tokens.text_1
                align = drawing.RIGHT if column.align_right else drawing.LEFT
                elide = Qt.TextElideMode.ElideMiddle if column.is_name else Qt.TextElideMode.ElideRight
                drawing.text(painter, cell, str(value or ""), face=face, colour=ink, align=align, elide=elide)

    def _paint_number(
        self, painter: QPainter, cell: QRectF, column: Column, shown: Presentation, tokens: Tokens
    ) -> None:
        """Right-align on the decimal sign: fewer decimals than the column stand further left."""
        own = shown.decimals
        missing = 0.0
        if column.decimals > own and not shown.is_hatched:
            missing = (column.decimals - own) * self._digit + (self._point if own == 0 else 0)
        face, ink = (self._plain, tokens.text_1) if column.is_weak else (self._strong, None)
        area = cell.adjusted(0, 0, -missing, 0)
        drawing.value(painter, area, shown, tokens=tokens, face=face, colour=ink)

    def _paint_health(self, painter: QPainter, cell: QRectF, value: object, tokens: Tokens) -> None:
        if isinstance(value, str):
            # A refusal stands where the score would: calm words, no bar.
            drawing.text(painter, cell, value, face=font(CAPTION), colour=tokens.text_2)
            return
        score = value if isinstance(value, float | int) else None
        words = number(float("nan") if score is None else score, 0)
        head = QRectF(cell.left(), cell.top(), 28, cell.height())
        drawing.text(painter, head, words, face=font(BODY, MEDIUM), colour=tokens.live, align=drawing.RIGHT)
        draw_health(painter, cell.adjusted(36, 0, 0, 0), score, tokens=tokens)
