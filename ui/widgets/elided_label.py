"""A line of words that says by an ellipsis when there is more; the tip holds them all."""

import math

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.text import tip
from ui.theme import CAPTION, MEDIUM, REGULAR, application_theme, font
from ui.widgets import drawing


class ElidedLabel(QWidget):
    """Takes the width it is given and asks for none; a title asks for what its words need and yields."""

    def __init__(self, *, size: int = CAPTION, is_title: bool = False) -> None:
        super().__init__()
        self._theme = application_theme()
        self._face, self._words = font(size, MEDIUM if is_title else REGULAR), ""
        self._is_title = is_title
        wide = QSizePolicy.Policy.Maximum if is_title else QSizePolicy.Policy.Ignored
        self.setSizePolicy(wide, QSizePolicy.Policy.Fixed)

    def set_words(self, words: str) -> None:
        """Say something."""
        if words != self._words:
            self._words = words
            self.setToolTip(tip(words))
            self.setAccessibleName(words)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        width = math.ceil(drawing.width_of(self._words, self._face)) + 2 if self._is_title else 0
        return QSize(width, round(self._face.pixelSize() * 1.3))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = self._theme.tokens
        area, ink = drawing.rect_f(self.rect()), tokens.text_1 if self._is_title else tokens.text_2
        drawing.text(painter, area, self._words, face=self._face, colour=ink)
        painter.end()
