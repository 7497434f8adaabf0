"""What a plot shows beside its curves: bands, limits, hatch and grid below, cursors and marks above."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ui.icons import draw_icon
from ui.theme import AXIS, MEDIUM, SEMIBOLD, Tokens, font
from ui.widgets import drawing
from ui.widgets.flash_clock import FlashClock
from ui.widgets.priority_symbol import SymbolState, draw_symbol
from ui.widgets.raster_curve import View


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit at ``value`` of the y axis with its name and figure, such as "High 4.5"."""

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the x axis: hatched when nothing is known there, with words such as "no link"."""

    low: float
    high: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """A dashed vertical line with a label above the frame: a harmonic or a fault frequency."""

    x: float
    label: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class EventMark:
    """An alarm on the time axis, or something else by the name of its icon."""

    x: float
    symbol: SymbolState | str

    @property
    def is_flashing(self) -> bool:
        """Whether it waits for somebody."""
        return isinstance(self.symbol, SymbolState) and self.symbol.is_flashing


@dataclass(frozen=True, slots=True)
class Spot:
    """A dot on the curve, with or without words above it: a sideband, a peak."""

    x: float
    y: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Turns plotted values into pixels of the scene; ``frame`` is the plot area."""

    frame: QRectF
    view: View

    def x(self, value: float) -> float:
        """Return the pixel of an x value, clipped far outside."""
        share = (value - self.view.x_low) / (self.view.x_high - self.view.x_low)
        return self.frame.left() + max(-10.0, min(11.0, share)) * self.frame.width()

    def y(self, value: float) -> float:
        """Return the pixel of a y value, clipped far outside."""
        share = (self.view.y_high - value) / (self.view.y_high - self.view.y_low)
        return self.frame.top() + max(-10.0, min(11.0, share)) * self.frame.height()

    def x_value(self, pixel: float) -> float:
        """Return the x value under a pixel."""
        share = (pixel - self.frame.left()) / max(1.0, self.frame.width())
        return self.view.x_low + share * (self.view.x_high - self.view.x_low)

    def y_value(self, pixel: float) -> float:
        """Return the y value under a pixel."""
        share = (pixel - self.frame.top()) / max(1.0, self.frame.height())
        return self.view.y_high - share * (self.view.y_high - self.view.y_low)

    def shows(self, x: float) -> bool:
        """Say whether an x value lies in the frame."""
        return self.view.x_low <= x <= self.view.x_high


@dataclass(slots=True)
class Backdrop:
    """Everything below the curves; drawn once per range, size or theme."""

    band: tuple[float, float] | None = None
    limits: Sequence[LimitLine] = ()
    hatched: Sequence[Stretch] = ()
    has_grid: bool = True


def render_backdrop(
    backdrop: Backdrop,
    mapping: Mapping,
    *,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    tokens: Tokens,
    ratio: float,
) -> QImage:
    """Return the ground of a plot as an RGB32 image of the frame's size in device pixels."""
    frame = mapping.frame
    image = QImage(
        max(1, round(frame.width() * ratio)),
        max(1, round(frame.height() * ratio)),
        QImage.Format.Format_RGB32,
    )
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(tokens.plot))
    painter = QPainter(image)
    painter.translate(-frame.left(), -frame.top())
    if backdrop.band is not None:
        low, high = (round(mapping.y(value)) for value in backdrop.band)
        painter.fillRect(QRectF(frame.left(), high, frame.width(), low - high), QColor(tokens.band))
    for stretch in backdrop.hatched:
        _hatch(painter, stretch, mapping, tokens)
    if backdrop.has_grid:
        _grid(painter, mapping, x_ticks, y_ticks, tokens)
    _limits(painter, backdrop.limits, mapping, tokens)
    painter.setPen(QPen(QColor(tokens.line), 1))
    painter.drawRect(QRectF(frame.left() + 0.5, frame.top() + 0.5, frame.width() - 1, frame.height() - 1))
    painter.end()
    return image


def _hatch(painter: QPainter, stretch: Stretch, mapping: Mapping, tokens: Tokens) -> None:
    left, right = mapping.x(stretch.low), mapping.x(stretch.high)
    area = QRectF(left, mapping.frame.top(), max(2.0, right - left), mapping.frame.height())
    area = area.intersected(mapping.frame)
    if area.isEmpty():
        return
    painter.fillRect(area, QColor(tokens.plot))
    drawing.hatch(painter, area, tokens.line, step=6)
    face = font(AXIS)
    if stretch.words and drawing.width_of(stretch.words, face) + 4 < area.width():
        words = QRectF(area.left(), area.top() + 6, area.width(), 14)
        drawing.text(painter, words, stretch.words, face=face, colour=tokens.text_2, align=drawing.CENTRE)


def _grid(
    painter: QPainter, mapping: Mapping, x_ticks: Sequence[float], y_ticks: Sequence[float], tokens: Tokens
) -> None:
    frame = mapping.frame
    faint = QColor(tokens.line)
    faint.setAlphaF(0.45)
    painter.setPen(QPen(faint, 1))
    lines = [
        QLineF(round(mapping.x(x)) + 0.5, frame.top(), round(mapping.x(x)) + 0.5, frame.bottom())
        for x in x_ticks
    ]
    lines += [
        QLineF(frame.left(), round(mapping.y(y)) + 0.5, frame.right(), round(mapping.y(y)) + 0.5)
        for y in y_ticks
    ]
    painter.drawLines(lines)


def _limits(painter: QPainter, limits: Sequence[LimitLine], mapping: Mapping, tokens: Tokens) -> None:
    """Paint limits, then their labels over the lines; a label moves aside for one that is there already."""
    frame, face = mapping.frame, font(AXIS, MEDIUM)
    pen = QPen(QColor(tokens.text_2), 1)
    pen.setDashPattern([5, 3])
    painter.setPen(pen)
    placed = [(limit, round(mapping.y(limit.value)) + 0.5) for limit in sorted(limits, key=_limit_place)]
    placed = [(limit, y) for limit, y in placed if frame.top() <= y <= frame.bottom()]
    for _, y in placed:
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
    labels: list[QRectF] = []
    for limit, y in placed:
        above = y - frame.top() > 16
        width = drawing.width_of(limit.name, face) + 4
        box = QRectF(frame.left() + 4, y - 15 if above else y + 1, width, 14)
        while any(box.intersects(other) for other in labels) and box.right() < frame.right():
            box.translate(width + 8, 0)
        labels.append(box)
        painter.fillRect(box, QColor(tokens.plot))
        drawing.text(painter, box.adjusted(2, 0, 2, 0), limit.name, face=face, colour=tokens.text_2)


def _limit_place(limit: LimitLine) -> float:
    return -limit.value


def draw_guides(painter: QPainter, guides: Sequence[Guide], mapping: Mapping, tokens: Tokens) -> None:
    """Paint guides with their labels above the frame; where labels would touch, the strong ones stay."""
    if not guides:
        return
    pen = QPen(QColor(tokens.text_3), 1)
    pen.setDashPattern([2, 3])
    face = font(AXIS, SEMIBOLD)
    taken: list[tuple[float, float]] = []
    for guide in sorted(guides, key=_guide_rank):
        if not mapping.shows(guide.x):
            continue
        x = round(mapping.x(guide.x)) + 0.5
        painter.setPen(pen)
        painter.drawLine(QPointF(x, mapping.frame.top()), QPointF(x, mapping.frame.bottom()))
        width = drawing.width_of(guide.label, face) + 2
        left, right = x - width / 2 - 2, x + width / 2 + 2
        if left < mapping.frame.left() - 20 or any(left < b and right > a for a, b in taken):
            continue
        taken.append((left, right))
        box = QRectF(x - width / 2, mapping.frame.top() - 17, width, 15)
        ink = tokens.text_1 if guide.is_strong else tokens.text_2
        drawing.text(painter, box, guide.label, face=face, colour=ink, align=drawing.CENTRE)


def _guide_rank(guide: Guide) -> tuple[bool, float]:
    return not guide.is_strong, guide.x


def draw_spots(painter: QPainter, spots: Sequence[Spot], mapping: Mapping, tokens: Tokens) -> None:
    """Paint dots just above the curve; of words that would touch, those of the earlier spot stay."""
    if not spots:
        return
    face = font(AXIS)
    taken: list[QRectF] = []
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for spot in spots:
        if not mapping.shows(spot.x) or mapping.y(spot.y) > mapping.frame.bottom():
            continue
        at = QPointF(mapping.x(spot.x), max(mapping.frame.top() + 8, mapping.y(spot.y) - 5))
        if spot.words:
            width = drawing.width_of(spot.words, face) + 2
            box = QRectF(at.x() - width / 2, max(mapping.frame.top(), at.y() - 12), width, 14)
            if box.left() < mapping.frame.left() or any(box.intersects(other) for other in taken):
                continue
            taken.append(box)
            drawing.text(painter, box, spot.words, face=face, colour=tokens.text_1, align=drawing.CENTRE)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.text_1))
            painter.drawEllipse(at, 1.8, 1.8)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def draw_cursor(
    painter: QPainter, name: str, x: float, *, y: float | None, mapping: Mapping, tokens: Tokens
) -> None:
    """Paint a cursor: line, ring on the curve, and its letter in a box at the foot of the frame."""
    if not mapping.shows(x):
        return
    frame = mapping.frame
    place = round(mapping.x(x)) + 0.5
    painter.setPen(QPen(QColor(tokens.accent), 1))
    painter.drawLine(QPointF(place, frame.top()), QPointF(place, frame.bottom()))
    if y is not None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        painter.setBrush(QColor(tokens.plot))
        height = min(frame.bottom(), max(frame.top(), mapping.y(y)))
        painter.drawEllipse(QPointF(place, height), 3.5, 3.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    box = QRectF(place - 8.5, frame.bottom() - 17, 16, 16)
    painter.fillRect(box, QColor(tokens.accent))
    drawing.text(painter, box, name, face=font(AXIS, SEMIBOLD), colour=tokens.on_accent, align=drawing.CENTRE)


def draw_events(
    painter: QPainter, events: Sequence[EventMark], mapping: Mapping, *, tokens: Tokens, clock: FlashClock
) -> None:
    """Paint alarms on the time axis with a dotted line through the frame."""
    for event in events:
        if not mapping.shows(event.x):
            continue
        x = round(mapping.x(event.x)) + 0.5
        pen = QPen(QColor(tokens.text_2), 1)
        pen.setDashPattern([1, 2])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, mapping.frame.top()), QPointF(x, mapping.frame.bottom()))
        at = QPointF(x, mapping.frame.bottom() - 10)
        if isinstance(event.symbol, str):
            draw_icon_mark(painter, at, event.symbol, frame=mapping.frame, tokens=tokens)
        else:
            draw_symbol(painter, at, event.symbol, tokens=tokens, size=14, clock=clock, ground=tokens.plot)


def draw_icon_mark(painter: QPainter, at: QPointF, icon: str, *, frame: QRectF, tokens: Tokens) -> None:
    """Paint an icon on the ground of a plot, without any colour of an alarm."""
    ground = QRectF(at.x() - 8, at.y() - 7, 16, 14).intersected(frame)
    painter.fillRect(ground, QColor(tokens.plot))
    draw_icon(painter, icon, x=at.x() - 8, y=at.y() - 8, size=16, colour=tokens.text_2)


def draw_banner(painter: QPainter, words: str, mapping: Mapping, tokens: Tokens) -> None:
    """Paint words such as PAUSED into the upper right corner."""
    face = font(AXIS, SEMIBOLD)
    width = drawing.width_of(words, face) + 12
    box = QRectF(mapping.frame.right() - width - 6, mapping.frame.top() + 6, width, 18)
    drawing.box(painter, box, fill=tokens.panel, outline=tokens.line_strong, radius=2)
    drawing.text(painter, box, words, face=face, colour=tokens.text_1, align=drawing.CENTRE)


def draw_zoom_box(painter: QPainter, box: QRectF, tokens: Tokens) -> None:
    """Paint the box that is being drawn with the right button."""
    fill = QColor(tokens.accent)
    fill.setAlphaF(0.12)
    painter.fillRect(box, fill)
    painter.setPen(QPen(QColor(tokens.accent), 1))
    painter.drawRect(box)
