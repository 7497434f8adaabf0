"""The box with a tick: in painted lists, in trees, and as a question of its own."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui.theme import BODY, Tokens, application_theme, font
from ui.widgets import drawing

BOX, HEIGHT = 14, 28
_INDICATOR = QStyle.SubElement.SE_ItemViewItemCheckIndicator


def draw_tick(painter: QPainter, box: QRectF, *, is_on: bool, tokens: Tokens) -> None:
    """Paint a box of 14 px, with a tick when it is on."""
    drawing.box(painter, box, fill=tokens.field, outline=tokens.line_strong, radius=2)
    if is_on:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.text_1), 1.8))
        steps = ((3, 7), (6, 10.5), (11, 4))
        painter.drawPolyline([QPointF(box.left() + x, box.top() + y) for x, y in steps])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


class TickDelegate(QStyledItemDelegate):
    """Paints the ticks of the tree that it is made for, from tokens."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is None:
            return
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        view = self.parent()
        assert isinstance(view, QWidget)
        place = QRectF(view.style().subElementRect(_INDICATOR, whole, view))
        box = QRectF(0, 0, BOX, BOX)
        box.moveCenter(QPointF(round(place.center().x()), round(place.center().y())))
        is_on = Qt.CheckState(state) is Qt.CheckState.Checked
        draw_tick(painter, box, is_on=is_on, tokens=application_theme().tokens)


class TickBox(QAbstractButton):
    """A question to be answered with yes or no."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setText(words)
        self.setCheckable(True)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(round(drawing.width_of(self.text(), font(BODY))) + BOX + 20, HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        box = QRectF(4, round((area.height() - BOX) / 2), BOX, BOX)
        draw_tick(painter, box, is_on=self.isChecked(), tokens=tokens)
        ink = tokens.text_1 if self.isEnabled() else tokens.text_3
        words = area.adjusted(box.right() + 8, 0, 0, 0)
        drawing.text(painter, words, self.text(), face=font(BODY), colour=ink)
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        painter.end()
