"""Beside each pane: its curves under the cursors, their difference, and what happened in between."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import UNKNOWN, number
from ui.text import tr
from ui.theme import BODY, CAPTION, MEDIUM, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing

HEAD, ROW = 22, 21
COLUMN = 49
WIDTH, WIDTH_NARROW = 296, 244


@dataclass(frozen=True, slots=True)
class CurveFigures:
    """One curve; None where nothing is known. ``first`` and ``second`` are A and B, or ``first`` is now."""

    name: str
    pen: int
    digits: int
    first: float | None
    second: float | None
    low: float | None
    mean: float | None
    high: float | None


class CursorTable(QWidget):
    """Two small tables, drawn; what does not fit below is left out, the first table never."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._rows: tuple[CurveFigures, ...] = ()
        self._has_cursors, self._span_words = False, ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)

    def show_figures(self, rows: Sequence[CurveFigures], *, has_cursors: bool, span_words: str) -> None:
        """Show these figures; without cursors the live value stands in the first table."""
        fresh = tuple(rows)
        if (fresh, has_cursors, span_words) == (self._rows, self._has_cursors, self._span_words):
            return
        self._rows, self._has_cursors, self._span_words = fresh, has_cursors, span_words
        self.setAccessibleDescription(
            "; ".join(
                f"{row.name} {_words(row.first, row.digits)} {_words(row.second, row.digits)}"
                for row in fresh
            )
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        heads = ("A", "B", "B \u2212 A") if self._has_cursors else ("", "", tr("Trends", "Now"))
        top = self._head(painter, 0, tr("Trends", "Curve"), heads, tokens)
        for row in self._rows:
            change = None if row.first is None or row.second is None else row.second - row.first
            cells = [
                _words(row.first, row.digits),
                _words(row.second, row.digits),
                _signed(change, row.digits),
            ]
            if not self._has_cursors:
                cells = ["", "", _words(row.first, row.digits)]
            top = self._row(painter, top, row, cells, tokens)
        heads = (tr("Trends", "Min"), tr("Trends", "Mean"), tr("Trends", "Max"))
        if top + HEAD + ROW <= self.height():
            top = self._head(painter, top + 4, self._span_words, heads, tokens)
            for row in self._rows:
                if top + ROW > self.height():
                    break
                cells = [_words(each, row.digits) for each in (row.low, row.mean, row.high)]
                top = self._row(painter, top, row, cells, tokens)
        painter.end()

    def _head(self, painter: QPainter, top: float, words: str, heads: Sequence[str], tokens: Tokens) -> float:
        area = QRectF(0, top, self.width(), HEAD)
        painter.fillRect(area, QColor(tokens.raised))
        drawing.rule(
            painter, QPointF(0, top + HEAD - 0.5), QPointF(self.width(), top + HEAD - 0.5), tokens.line
        )
        face = font(CAPTION, MEDIUM)
        box = QRectF(8, top, self.width() - 3 * COLUMN - 10, HEAD)
        drawing.text(painter, box, words, face=face, colour=tokens.text_2)
        for place, head in enumerate(heads):
            cell = self._cell(place, top, HEAD)
            drawing.text(painter, cell, head, face=face, colour=tokens.text_2, align=drawing.RIGHT)
        return top + HEAD

    def _row(
        self, painter: QPainter, top: float, row: CurveFigures, cells: Sequence[str], tokens: Tokens
    ) -> float:
        stroke = QPen(QColor(tokens.pen(row.pen)), 2)
        painter.setPen(stroke)
        painter.drawLine(QPointF(8, top + ROW / 2), QPointF(20, top + ROW / 2))
        taken = next((place for place, cell in enumerate(cells) if cell), 3)
        box = QRectF(26, top, self.width() - (3 - taken) * COLUMN - 28, ROW)
        drawing.text(
            painter, box, row.name, face=font(BODY), colour=tokens.text_1, elide=Qt.TextElideMode.ElideMiddle
        )
        for place, cell in enumerate(cells):
            drawing.text(
                painter,
                self._cell(place, top, ROW),
                cell,
                face=font(BODY, SEMIBOLD),
                colour=tokens.live,
                align=drawing.RIGHT,
            )
        return top + ROW

    def _cell(self, place: int, top: float, height: float) -> QRectF:
        right = self.width() - 8 - (2 - place) * COLUMN
        return QRectF(right - COLUMN + 4, top, COLUMN - 4, height)


def _words(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None else number(value, digits)


def _signed(value: float | None, digits: int) -> str:
    return "" if value is None else number(value, digits, signed=True)
