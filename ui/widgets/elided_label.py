"""A line of words that says by an ellipsis when there is more; the tip holds them all."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import CAPTION, application_theme, font
from ui.widgets import drawing


class ElidedLabel(QWidget):
    """Takes the width it is given and asks for none."""

    def __init__(self, *, size: int = CAPTION) -> None:
        super().__init__()
        self._theme = application_theme()
        self._face, self._words = font(size), ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_words(self, words: str) -> None:
        """Say something."""
        if words != self._words:
            self._words = words
            self.setToolTip(words)
            self.setAccessibleName(words)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, round(self._face.pixelSize() * 1.3))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area, ink = drawing.rect_f(self.rect()), self._theme.tokens.text_2
        drawing.text(painter, area, self._words, face=self._face, colour=ink)
        painter.end()
