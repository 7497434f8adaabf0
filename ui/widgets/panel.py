"""Panel: a card with its title left, its context right and one body; and the plain labels used on it."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import BODY, CAPTION, REGULAR, SEMIBOLD, application_theme, font
from ui.widgets import drawing

HEADER_HEIGHT = 32
PADDING = 12


class Panel(QWidget):
    """A card. Put the content into ``body``; ``set_title`` and ``set_context`` word its header."""

    def __init__(self, title: str = "", context: str = "", *, padding: int = PADDING) -> None:
        super().__init__()
        self._theme = application_theme()
        self._title, self._strong, self._context = title, "", context
        self._tools: QWidget | None = None
        self.setAccessibleName(title)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(
            padding, (HEADER_HEIGHT if title else 0) + 4, padding, max(4, padding - 4)
        )
        self.body.setSpacing(4)

    def set_title(self, title: str, strong: str = "") -> None:
        """Word the title; ``strong`` follows it in text-1 as the name of what is shown."""
        self._title, self._strong = title, strong
        self.setAccessibleName(f"{title} {strong}".strip())
        self.update(0, 0, self.width(), HEADER_HEIGHT)

    def set_context(self, context: str) -> None:
        """Word what the content is about, at the right of the header."""
        if context != self._context:
            self._context = context
            self._place_tools()
            self.update(0, 0, self.width(), HEADER_HEIGHT)

    def set_header_widget(self, widget: QWidget) -> None:
        """Put buttons at the right of the header, left of the context."""
        widget.setParent(self)
        self._tools = widget
        widget.show()
        self._place_tools()

    def _place_tools(self) -> None:
        if self._tools is not None:
            wanted = self._tools.sizeHint()
            context = drawing.width_of(self._context, font(CAPTION)) + 12 if self._context else 0
            left = round(self.width() - PADDING - context - wanted.width())
            self._tools.setGeometry(
                left, (HEADER_HEIGHT - wanted.height()) // 2, wanted.width(), wanted.height()
            )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_tools()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        drawing.box(painter, area, fill=tokens.panel, outline=tokens.line)
        if self._title:
            self._paint_header(painter, area.width())
        painter.end()

    def _paint_header(self, painter: QPainter, width: float) -> None:
        tokens = self._theme.tokens
        face = font(BODY, SEMIBOLD)
        row = QRectF(PADDING, 0, width - 2 * PADDING, HEADER_HEIGHT)
        title = drawing.width_of(self._title, face)
        drawing.text(painter, row, self._title, face=face, colour=tokens.text_2)
        if self._strong:
            after = row.adjusted(title + 8, 0, 0, 0)
            drawing.text(painter, after, self._strong, face=face, colour=tokens.text_1)
            title += 8 + drawing.width_of(self._strong, face)
        small = font(CAPTION)
        tools = 0 if self._tools is None else self._tools.width() + 12
        if title + 16 + tools + drawing.width_of(self._context, small) < row.width():
            drawing.text(painter, row, self._context, face=small, colour=tokens.text_3, align=drawing.RIGHT)
        y = HEADER_HEIGHT - 0.5
        drawing.rule(painter, QPointF(1, y), QPointF(width - 2, y), tokens.line)


class Separator(QWidget):
    """A 1 px line between parts of a panel."""

    def __init__(self, *, vertical: bool = False) -> None:
        super().__init__()
        self._theme = application_theme()
        self._vertical = vertical
        fixed, free = QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding
        self.setSizePolicy(fixed if vertical else free, free if vertical else fixed)

    def sizeHint(self) -> QSize:
        return QSize(1, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.tokens.line)
        painter.end()


def label(words: str, *, size: int = BODY, strong: bool = False, role: str = "text") -> QLabel:
    """Return a label; ``role`` is "text", "title" (text-2), "caption" (text-3) or "live"."""
    made = QLabel(words)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(font(size, SEMIBOLD if strong else REGULAR))
    made.setObjectName(role)
    return made
