"""Right drawer inside the window: detail without a modal dialog. Esc closes it and gives the focus back."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui import text
from ui.theme import NAME, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.key_button import KeyButton

MINIMUM_WIDTH, MAXIMUM_WIDTH = 300, 460


class Drawer(QWidget):
    """Lies over the right edge of ``host`` and follows its size; holds one content at a time."""

    closed = Signal()

    def __init__(self, host: QWidget, *, width: int = 400) -> None:
        super().__init__(host)
        self._theme = application_theme()
        self._host = host
        self._wanted = min(MAXIMUM_WIDTH, max(MINIMUM_WIDTH, width))
        self._content: QWidget | None = None
        self._came_from: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(13, 6, 12, 12)
        header = QHBoxLayout()
        self._title = QLabel()
        self._title.setFont(font(NAME, SEMIBOLD))
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        header.addWidget(self._title, 1)
        self._close = KeyButton("", key="Esc", icon="close", is_flat=True, name=text.tr("Drawer", "Close"))
        self._close.clicked.connect(self.close_drawer)
        header.addWidget(self._close)
        column.addLayout(header)
        self._column = column
        host.installEventFilter(self)
        self.hide()

    @property
    def content(self) -> QWidget | None:
        """What the drawer holds, also while it is shut."""
        return self._content

    def open_with(self, title: str, content: QWidget) -> None:
        """Show a content; the one before is put aside, not deleted. Focus moves in."""
        if self._content is not None and self._content is not content:
            self._column.removeWidget(self._content)
            self._content.hide()
            self._content.setParent(None)
        if self._content is not content:
            self._column.addWidget(content, 1)
            self._content = content
        self._title.setText(title)
        self.setAccessibleName(title)
        if self.isHidden():
            self._came_from = QApplication.focusWidget()
        content.show()
        self._place()
        self.show()
        self.raise_()
        self._close.setFocus()

    def empty(self) -> None:
        """Shut the drawer and let its content go to whom it belongs."""
        self.close_drawer()
        if self._content is not None:
            self._column.removeWidget(self._content)
            self._content.setParent(None)
            self._content = None

    def close_drawer(self) -> None:
        """Shut the drawer; focus returns to where it came from."""
        if self.isHidden():
            return
        self.hide()
        if self._came_from is not None and self._came_from.isVisible():
            self._came_from.setFocus()
        self._came_from = None
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_drawer()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(event, QResizeEvent):
            self._place()
        return False

    def _place(self) -> None:
        host = self._host
        width = min(self._wanted, host.width())
        self.setGeometry(QRect(host.width() - width, 0, width, host.height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.panel))
        drawing.rule(painter, QPointF(0.5, 0), QPointF(0.5, self.height()), tokens.line_strong)
        painter.end()
