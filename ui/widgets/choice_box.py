"""A field to choose one of many from a list, with the arrow that says so."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit

from ui.icons import draw_icon
from ui.theme import application_theme

ARROW = 16


class ChoiceBox(QComboBox):
    """A combo box of the theme; the wheel scrolls the sheet it stands on, not its choice."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setObjectName("choice")
        self.setAccessibleName(name)

    def let_search(self) -> None:
        """Let a person find a choice by typing any part of it."""
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = self.completer()
        assert completer is not None, "an editable box has one"
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._line().editingFinished.connect(self._show_choice)

    def typed(self) -> tuple[str, int] | None:
        """Return the words that a person is looking for, with the cursor; None when there are none."""
        line = self.lineEdit()
        if line is None or not line.isModified():
            return None
        return line.text(), line.cursorPosition()

    def retype(self, words: str, cursor: int) -> None:
        """Let words stand there that a person is looking for."""
        line = self._line()
        line.setText(words)
        line.setModified(True)
        line.setCursorPosition(cursor)

    def _line(self) -> QLineEdit:
        line = self.lineEdit()
        assert line is not None, "an editable box has one"
        return line

    def _show_choice(self) -> None:
        """Words that are no choice go: what stands there is what is chosen."""
        chosen = self.itemText(self.currentIndex())
        if self._line().text() != chosen:
            self._line().setText(chosen)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        tokens = self._theme.tokens
        painter = QPainter(self)
        ink = tokens.text_2 if self.isEnabled() else tokens.text_3
        x, y = self.width() - ARROW - 4, (self.height() - ARROW) / 2
        draw_icon(painter, "chevron-down", x=x, y=y, size=ARROW, colour=ink)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
