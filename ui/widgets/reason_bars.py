"""Reasons of a score: a name, a bar and the points it costs; the bars share one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import number
from ui.theme import CAPTION, MEDIUM, REGULAR, SEMIBOLD, application_theme, font
from ui.widgets import drawing

ROW = 20
FIGURE_WIDTH = 34


@dataclass(frozen=True, slots=True)
class ReasonBar:
    """One reason: ``points`` lost of 100 and what it was measured at, in words."""

    name: str
    points: float
    detail: str = ""


class ReasonBars(QWidget):
    """Shows the heaviest reasons first; what does not fit is summed up in the last row."""

    def __init__(self, name: str, *, most: int = 3, name_share: float = 0.3, row_height: int = ROW) -> None:
        super().__init__()
        self._theme = application_theme()
        self._reasons: tuple[ReasonBar, ...] = ()
        self._sentence = ""
        self._most, self._share, self._row = most, name_share, row_height
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_most(self, most: int) -> None:
        """Give room for so many rows."""
        if most != self._most:
            self._most = most
            self.updateGeometry()
            self.update()

    def show_reasons(self, reasons: Sequence[ReasonBar], *, sentence: str = "") -> None:
        """Show reasons, or a sentence when there is none to show."""
        if (tuple(reasons), sentence) == (self._reasons, self._sentence):
            return
        self._reasons, self._sentence = tuple(reasons), sentence
        spoken = ", ".join(f"{each.name} {number(each.points, 0)}" for each in reasons)
        self.setAccessibleDescription(spoken or sentence)
        self.setToolTip("\n".join(f"{each.name}: {each.detail}" for each in reasons if each.detail))
        self.update()

    @property
    def rows(self) -> tuple[ReasonBar, ...]:
        """What is shown: the bars add up to the points lost."""
        if len(self._reasons) <= self._most:
            return self._reasons
        head, tail = self._reasons[: self._most - 1], self._reasons[self._most - 1 :]
        rest = ReasonBar(f"+ {len(tail)}", sum(each.points for each in tail))
        return (*head, rest)

    def sizeHint(self) -> QSize:
        return QSize(200, self._most * self._row)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        if not self._reasons:
            row = QRectF(0, 0, self.width(), self._row)
            drawing.text(painter, row, self._sentence, face=font(CAPTION), colour=tokens.text_2)
        names = round(self.width() * self._share)
        room = self.width() - names - FIGURE_WIDTH - 8
        most = max((each.points for each in self.rows), default=1.0) or 1.0
        for place, each in enumerate(self.rows):
            top = place * self._row
            weight = MEDIUM if each.points >= 0.5 else REGULAR
            ink = tokens.text_1 if each.points >= 0.5 else tokens.text_2
            words = QRectF(0, top, names - 8, self._row)
            drawing.text(painter, words, each.name, face=font(CAPTION, weight), colour=ink)
            width = max(1.0, room * each.points / most)
            grey = QColor(tokens.stop if tokens.name == "day" else tokens.line_strong)
            painter.fillRect(QRectF(names, top + self._row / 2 - 4, round(width), 8), grey)
            figure = QRectF(self.width() - FIGURE_WIDTH, top, FIGURE_WIDTH, self._row)
            face = font(CAPTION + 1, SEMIBOLD)
            drawing.text(
                painter, figure, number(each.points, 0), face=face, colour=tokens.live, align=drawing.RIGHT
            )
            y = top + self._row - 0.5
            faint = QColor(tokens.line)
            faint.setAlphaF(0.5)
            drawing.rule(
                painter, QPointF(0, y), QPointF(self.width(), y), faint.name(QColor.NameFormat.HexArgb)
            )
        painter.end()
