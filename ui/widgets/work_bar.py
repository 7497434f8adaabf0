"""A thin bar under words: how far long work is, and the button that ends it."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.text import tr
from ui.theme import BODY, application_theme, font
from ui.widgets import drawing
from ui.widgets.key_button import KeyButton

BAR_HEIGHT = 6


class ShareBar(QWidget):
    """A share as a filled length; an unknown share is hatched."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._share: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_share(self, share: float | None) -> None:
        """Show 0 to 1, or None for unknown."""
        if share != self._share:
            self._share = share
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, BAR_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        painter.fillRect(area, QColor(tokens.band))
        if self._share is None:
            drawing.hatch(painter, area, tokens.line_strong)
        else:
            painter.fillRect(QRectF(0, 0, area.width() * self._share, area.height()), QColor(tokens.accent))
        painter.end()


class WorkBar(QWidget):
    """Shown while something long is done. ``cancelled`` fires once; then the bar says that it is ending."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = QLabel()
        self._words.setFont(font(BODY))
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = ShareBar()
        self.cancel = KeyButton(tr("Work", "Cancel"), icon="close")
        self.cancel.clicked.connect(self._end)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self._words)
        column.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(column, 1)
        row.addWidget(self.cancel)
        self.setAccessibleName(tr("Work", "Progress"))
        self.hide()

    def begin(self) -> None:
        """Show the bar for new work."""
        self.cancel.setEnabled(True)
        self.tell(tr("Work", "Beginning\u2026"), None)
        self.show()

    def tell(self, words: str, share: float | None) -> None:
        """Say what is done now and how far it is; None when nobody knows."""
        if self.cancel.isEnabled():
            self._words.setText(words)
            self.setAccessibleDescription(words)
            self._bar.show_share(share)

    def _end(self) -> None:
        self.tell(tr("Work", "Ending\u2026"), None)
        self.cancel.setEnabled(False)
        self.cancelled.emit()
