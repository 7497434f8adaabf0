"""What buttons that paint themselves share: the theme, light under the pointer, Enter as well as Space."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton

from ui.theme import application_theme


class PaintedButton(QAbstractButton):
    """Base of buttons painted from tokens: give it a ``paintEvent`` and a size."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)
