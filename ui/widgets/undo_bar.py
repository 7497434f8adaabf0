"""What was just done, with the way back for ten seconds."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.text import tr
from ui.theme import application_theme
from ui.widgets import drawing
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label

OFFERED_MS = 10_000


class UndoBar(QWidget):
    """Hidden until something can be taken back; ``undone`` asks for that."""

    undone = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._words = label("")
        self._words.setWordWrap(True)
        self.undo = KeyButton(tr("Undo", "Undo"), is_flat=True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(OFFERED_MS)
        self._timer.timeout.connect(self.hide)
        self.undo.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 4, 4)
        row.addWidget(self._words, 1)
        row.addWidget(self.undo, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def offer(self, words: str, *, can_undo: bool = True) -> None:
        """Say what was done, and offer the way back where there is one."""
        self._words.setText(words)
        self.setAccessibleName(words)
        self.undo.setVisible(can_undo)
        self._timer.start()
        self.show()

    def _ask(self) -> None:
        self.hide()
        self.undone.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        drawing.box(painter, drawing.rect_f(self.rect()), fill=tokens.raised, outline=tokens.line_strong)
        painter.end()
