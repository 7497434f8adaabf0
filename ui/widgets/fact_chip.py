"""A fact in a header: caption over value; with choices it opens a menu."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QMenu, QSizePolicy

from ui.theme import AXIS, BODY, MEDIUM, application_theme, font
from ui.widgets import drawing

HEIGHT = 40


class FactChip(QAbstractButton):
    """Shows one setting or fact; ``chosen`` tells the key of a choice."""

    chosen = Signal(str)

    def __init__(self, caption: str, *, choices: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._theme = application_theme()
        self._caption, self._value = caption, "\u2013"
        self._choices = tuple(choices)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if choices else Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(caption)
        self.clicked.connect(self._open)

    def show_value(self, value: str, *, tip: str = "") -> None:
        """Show a value."""
        if value != self._value or tip != self.toolTip():
            is_wider = drawing.width_of(value, font(BODY, MEDIUM)) > self.width() - 20
            self._value = value
            self.setToolTip(tip)
            self.setAccessibleDescription(value)
            if is_wider:
                self.updateGeometry()
            self.update()

    @property
    def value(self) -> str:
        """What is shown."""
        return self._value

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices: (key, words)."""
        self._choices = tuple(choices)

    def _open(self) -> None:
        if not self._choices:
            return
        menu = QMenu(self)
        menu.setObjectName("menu")
        menu.setAccessibleName(self._caption)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key, words in self._choices:
            action = QAction(words, menu)
            action.setData(key)
            menu.addAction(action)
        menu.triggered.connect(self._take)
        menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def _take(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))

    def sizeHint(self) -> QSize:
        widest = max(
            drawing.width_of(self._value, font(BODY, MEDIUM)), drawing.width_of(self._caption, font(AXIS))
        )
        return QSize(round(widest) + 20 + (18 if self._choices else 0), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(90, self.sizeHint().width()), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        area = drawing.rect_f(self.rect())
        lit = bool(self._choices) and (self.underMouse() or self.isDown())
        outline = tokens.line_strong if self._choices else tokens.line
        drawing.box(painter, area, fill=tokens.raised if lit else tokens.panel, outline=outline)
        room = area.width() - 20 - (16 if self._choices else 0)
        drawing.text(painter, QRectF(10, 4, room, 14), self._caption, face=font(AXIS), colour=tokens.text_3)
        drawing.text(
            painter, QRectF(10, 18, room + 1, 18), self._value, face=font(BODY, MEDIUM), colour=tokens.text_1
        )
        if self._choices:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(tokens.text_2), 1.5))
            x, y = area.right() - 14, area.center().y()
            painter.drawPolyline([QPointF(x - 4, y - 2), QPointF(x, y + 2), QPointF(x + 4, y - 2)])
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        painter.end()
