"""The line under a plot: what the cursors stand on, in pairs of weak word and strong figure."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import CAPTION, SEMIBOLD, application_theme, font
from ui.widgets import drawing

HEIGHT = 26


@dataclass(frozen=True, slots=True)
class Figure:
    """One entry: "A" and "152.19 Hz"."""

    word: str
    value: str


class ReadoutLine(QWidget):
    """Shows figures from the left; those that do not fit are left out, the first ones never."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self._figures: tuple[Figure, ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show these figures."""
        fresh = tuple(figures)
        if fresh == self._figures:
            return
        self._figures = fresh
        self.setAccessibleDescription(", ".join(f"{each.word} {each.value}" for each in fresh))
        self.update()

    @property
    def words(self) -> str:
        """What the line says."""
        return self.accessibleDescription()

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        drawing.rule(painter, QPointF(0, 0.5), QPointF(self.width(), 0.5), tokens.line)
        weak, strong = font(CAPTION), font(CAPTION, SEMIBOLD)
        left = 0.0
        for place, figure in enumerate(self._figures):
            word, value = drawing.width_of(figure.word, weak), drawing.width_of(figure.value, strong)
            wanted = word + value + (6 if figure.word else 0)
            if place and left + 17 + wanted > self.width():
                break
            if place:
                x = round(left + 8) + 0.5
                drawing.rule(painter, QPointF(x, 7), QPointF(x, HEIGHT - 6), tokens.line)
                left += 17
            row = QRectF(left, 1, word + 1, HEIGHT - 1)
            drawing.text(painter, row, figure.word, face=weak, colour=tokens.text_2)
            row = QRectF(left + word + (6 if figure.word else 0), 1, value + 1, HEIGHT - 1)
            drawing.text(painter, row, figure.value, face=strong, colour=tokens.live)
            left += wanted
        painter.end()
