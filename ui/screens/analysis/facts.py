"""A sheet of headings and facts with their figures right-aligned; painted, quiet, of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import BODY, CAPTION, NAME, REGULAR, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing

ROW, BAR, GAP = 21, 20, 9


class FactKind(Enum):
    """How a line looks."""

    TITLE = "title"
    HEADING = "heading"
    FACT = "fact"
    NOTE = "note"
    BAR = "bar"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. ``share`` and ``mark`` (0..1) belong to a bar."""

    kind: FactKind
    words: str = ""
    figure: str = ""
    share: float = 0.0
    mark: float | None = None


class FactSheet(QWidget):
    """Shows facts; its height follows them."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self._facts: tuple[Fact, ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these facts."""
        fresh = tuple(facts)
        if fresh == self._facts:
            return
        taller = len(fresh) != len(self._facts)
        self._facts = fresh
        self.setAccessibleDescription("\n".join(f"{each.words} {each.figure}".strip() for each in fresh))
        if taller:
            self._fit()
        self.update()

    @property
    def words(self) -> str:
        """What the sheet says."""
        return self.accessibleDescription()

    def _fit(self) -> None:
        self.setMinimumHeight(round(sum(self._height(each) for each in self._facts)))
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(260, self.minimumHeight())

    def _height(self, fact: Fact) -> float:
        match fact.kind:
            case FactKind.NOTE:
                return self._note_box(fact).height() + 3
            case FactKind.RULE:
                return GAP
            case FactKind.TITLE:
                return 26
            case FactKind.BAR:
                return BAR
            case _:
                return ROW

    def _note_box(self, fact: Fact) -> QRectF:
        wide = QRectF(0, 0, max(60, self.width()), 400)
        return QFontMetricsF(font(CAPTION)).boundingRect(wide, int(Qt.TextFlag.TextWordWrap), fact.words)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter, top = self._theme.tokens, QPainter(self), 0.0
        for fact in self._facts:
            height = self._height(fact)
            self._paint(painter, QRectF(0, top, self.width(), height), fact, tokens)
            top += height
        painter.end()

    def _paint(self, painter: QPainter, area: QRectF, fact: Fact, tokens: Tokens) -> None:
        match fact.kind:
            case FactKind.RULE:
                y = round(area.center().y()) + 0.5
                drawing.rule(painter, QPointF(0, y), QPointF(area.right(), y), tokens.line)
            case FactKind.NOTE:
                painter.setFont(font(CAPTION))
                painter.setPen(QColor(tokens.text_3))
                painter.drawText(area, int(Qt.TextFlag.TextWordWrap), fact.words)
            case FactKind.BAR:
                self._paint_bar(painter, area, fact, tokens)
            case _:
                self._paint_fact(painter, area, fact, tokens)

    def _paint_fact(self, painter: QPainter, area: QRectF, fact: Fact, tokens: Tokens) -> None:
        is_title, is_heading = fact.kind is FactKind.TITLE, fact.kind is FactKind.HEADING
        face = font(NAME if is_title else BODY, SEMIBOLD if is_title or is_heading else REGULAR)
        strong = font(NAME if is_title else BODY, SEMIBOLD)
        width = drawing.width_of(fact.figure, strong) + 1 if fact.figure else 0
        room = area.adjusted(0, 0, -width - 8 if width else 0, 0)
        ink = tokens.text_2 if is_heading else tokens.text_1
        drawing.text(painter, room, fact.words, face=face, colour=ink)
        if fact.figure:
            drawing.text(painter, area, fact.figure, face=strong, colour=tokens.live, align=drawing.RIGHT)

    def _paint_bar(self, painter: QPainter, area: QRectF, fact: Fact, tokens: Tokens) -> None:
        label = drawing.width_of(fact.words, font(CAPTION)) + 10 if fact.words else 0
        drawing.text(painter, area, fact.words, face=font(CAPTION), colour=tokens.text_2)
        track = QRectF(label, area.center().y() - 4, area.width() - label, 8)
        drawing.box(painter, track, fill=tokens.field, outline=tokens.line_strong, radius=0)
        filled = QRectF(
            track.left() + 1, track.top() + 1, max(0.0, min(1.0, fact.share)) * (track.width() - 2), 6
        )
        painter.fillRect(filled, QColor(tokens.stop))
        if fact.mark is not None:
            x = round(track.left() + fact.mark * track.width()) + 0.5
            drawing.rule(painter, QPointF(x, track.top() - 3), QPointF(x, track.bottom() + 3), tokens.text_2)
