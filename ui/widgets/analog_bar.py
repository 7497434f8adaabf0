"""Analog bar: a vertical track with normal band, limit ticks and a pointer; number and unit under it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import UNKNOWN_VALUE, Presentation
from ui.theme import BAR_VALUE, CAPTION, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.priority_symbol import SymbolState, draw_symbol

TRACK_WIDTH, TRACK_HEIGHT = 18, 124
TITLE_HEIGHT, VALUE_HEIGHT, UNIT_HEIGHT = 34, 24, 16
AROUND_TRACK = TITLE_HEIGHT + VALUE_HEIGHT + UNIT_HEIGHT + 8
SHORTEST_TRACK = 36


@dataclass(frozen=True, slots=True)
class Gauge:
    """A value against its normal band and limits on a fixed scale, all in one unit."""

    scale: tuple[float, float]
    normal: tuple[float, float] | None
    limits: tuple[float, ...]
    value: float | None
    shown: Presentation

    def y(self, track: QRectF, value: float) -> float:
        """Return the height of a value on a track; beyond the scale it stays at the end."""
        low, high = self.scale
        return track.bottom() - min(1.0, max(0.0, (value - low) / (high - low))) * track.height()


class AnalogBar(QWidget):
    """One value against its normal band and limits on a fixed scale."""

    def __init__(
        self, title: str, subtitle: str = "", *, track_height: int = TRACK_HEIGHT, is_elastic: bool = False
    ) -> None:
        """An elastic bar's track takes the height that its layout gives."""
        super().__init__()
        self._is_elastic = is_elastic
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self._title, self._subtitle = title, subtitle
        self._track_height = track_height
        self._scale = (0.0, 1.0)
        self._normal: tuple[float, float] | None = None
        self._limits: tuple[float, ...] = ()
        self._value: float | None = None
        self._shown: Presentation = UNKNOWN_VALUE
        self._symbol: SymbolState | None = None
        self.setAccessibleName(f"{title} {subtitle}".strip())
        vertical = QSizePolicy.Policy.Expanding if is_elastic else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)

    def set_titles(self, title: str, subtitle: str = "") -> None:
        """Name the value."""
        self._title, self._subtitle = title, subtitle
        self.setAccessibleName(f"{title} {subtitle}".strip())
        self.update()

    def set_scale(
        self,
        low: float,
        high: float,
        *,
        normal: tuple[float, float] | None = None,
        limits: Sequence[float] = (),
    ) -> None:
        """Set ends of the track, normal band and limits, all in the value's unit; high must exceed low."""
        if not high > low:
            raise ValueError(f"scale of '{self._title}' ends at {high}, which is not above {low}")
        self._scale, self._normal, self._limits = (low, high), normal, tuple(limits)
        self.update()

    def show_value(
        self, value: float | None, shown: Presentation, *, symbol: SymbolState | None = None
    ) -> None:
        """Move the pointer; ``shown`` is the worded value, ``symbol`` the worst alarm on it."""
        if (value, shown, symbol) == (self._value, self._shown, self._symbol):
            return
        self._value, self._shown, self._symbol = value, shown, symbol
        self.setAccessibleDescription(shown.spoken)
        self.setToolTip(" ".join(part for part in (shown.spoken, symbol.words if symbol else "") if part))
        self.update()

    def sizeHint(self) -> QSize:
        track = TRACK_HEIGHT if self._is_elastic else self._track_height
        return QSize(84, AROUND_TRACK + track)

    def minimumSizeHint(self) -> QSize:
        track = SHORTEST_TRACK if self._is_elastic else self._track_height
        return QSize(56, AROUND_TRACK + track)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._is_elastic:
            self._track_height = max(SHORTEST_TRACK, self.height() - AROUND_TRACK)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        width = float(self.width())
        small = font(CAPTION)
        for line, words in enumerate((self._title, self._subtitle)):
            place = QRectF(0, line * 16, width, 16)
            drawing.text(painter, place, words, face=small, colour=tokens.text_2, align=drawing.CENTRE)
        self._paint_track(painter, round(width / 2 - TRACK_WIDTH / 2))
        below = TITLE_HEIGHT + self._track_height + 8
        face = font(BAR_VALUE, SEMIBOLD)
        area = QRectF(0, below, width, VALUE_HEIGHT)
        drawing.value(painter, area, self._shown, tokens=tokens, face=face, align=drawing.CENTRE)
        unit = " ".join(part for part in (self._shown.age or self._shown.unit, self._shown.mark) if part)
        area = QRectF(0, below + VALUE_HEIGHT - 2, width, UNIT_HEIGHT)
        drawing.text(painter, area, unit, face=small, colour=tokens.text_2, align=drawing.CENTRE)
        if self._symbol is not None:
            at = QPointF(min(width - 14, width / 2 + TRACK_WIDTH / 2 + 20), TITLE_HEIGHT + 12)
            draw_symbol(painter, at, self._symbol, tokens=tokens, size=20)
        painter.end()

    def _paint_track(self, painter: QPainter, left: int) -> None:
        track = QRectF(left, TITLE_HEIGHT + 4, TRACK_WIDTH, self._track_height)
        gauge = Gauge(self._scale, self._normal, self._limits, self._value, self._shown)
        draw_gauge(painter, track, gauge, tokens=self._theme.tokens)


def draw_gauge(painter: QPainter, track: QRectF, gauge: Gauge, *, tokens: Tokens) -> None:
    """Paint track, normal band, limit ticks and pointer; the pointer reaches 6 px beyond the track."""
    left, right = track.left(), track.right()
    painter.fillRect(track, QColor(tokens.field))
    if gauge.normal is not None:
        top, bottom = round(gauge.y(track, gauge.normal[1])), round(gauge.y(track, gauge.normal[0]))
        painter.fillRect(QRectF(left, top, track.width(), bottom - top), QColor(tokens.band_strong))
    if gauge.shown.is_hatched:
        drawing.hatch(painter, track, tokens.line_strong)
    drawing.box(painter, track, fill=None, outline=tokens.line_strong, radius=0)
    for limit in gauge.limits:
        y = round(gauge.y(track, limit)) + 0.5
        drawing.rule(painter, QPointF(left - 4, y), QPointF(right + 3, y), tokens.text_1)
    if gauge.value is None or not math.isfinite(gauge.value) or gauge.shown.is_hatched:
        return
    x, y = left + 5, gauge.y(track, gauge.value)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.text_3 if gauge.shown.is_dimmed else tokens.live))
    painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x + 19, y - 6.5), QPointF(x + 19, y + 6.5)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
