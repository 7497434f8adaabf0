"""Priority symbols: shape, digit, outline and fill say priority and state together, at any size.

Square 1, triangle up 2, triangle down 3, circle 4. Filled and flashing: unacknowledged; ring: acknowledged;
dashed: returned but unacknowledged; grey letter: kept quiet.
"""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from domain.condition.alarms import AlarmState, Overlay, Priority
from ui import text
from ui.theme import BOLD, Tokens, application_theme, font
from ui.widgets import drawing
from ui.widgets.flash_clock import FlashClock, application_flash_clock

NOMINAL = 18
OUTLINE = 1.4
HOLLOW_SCALE = 1.4
"""Hollow triangles are wider: their digit needs a clear zone (HMI pictures)."""


class Look(Enum):
    """How the inside of a symbol is drawn."""

    FILLED = "filled"
    HOLLOW = "hollow"
    RING = "ring"
    DASHED = "dashed"
    DASHED_WEAK = "dashed_weak"
    FILLED_THICK = "filled_thick"
    DASHED_THICK = "dashed_thick"


@dataclass(frozen=True, slots=True)
class SymbolState:
    """What a symbol tells: the alarm's priority, base state and overlay."""

    priority: Priority
    state: AlarmState = AlarmState.UNACKNOWLEDGED
    overlay: Overlay = Overlay.NONE

    @property
    def is_latched(self) -> bool:
        return self.state in (AlarmState.LATCHED_UNACKNOWLEDGED, AlarmState.LATCHED_ACKNOWLEDGED)

    @property
    def is_flashing(self) -> bool:
        return self.overlay is Overlay.NONE and self.state in (
            AlarmState.UNACKNOWLEDGED,
            AlarmState.RETURNED,
            AlarmState.LATCHED_UNACKNOWLEDGED,
        )

    @property
    def words(self) -> str:
        """Words for a screen reader."""
        return f"{text.priority_name(self.priority)}, {text.alarm_state(self.state, self.overlay)}"


_OVERLAY_LETTERS = {Overlay.SHELVED: "S", Overlay.SUPPRESSED: "D", Overlay.OUT_OF_SERVICE: "O"}


def look_of(shown: SymbolState, clock: FlashClock | None) -> Look:
    """Return the look of a state at the clock's present phase; without a clock the lit phase."""
    if shown.state is AlarmState.UNACKNOWLEDGED:
        if clock is not None and clock.reduce_motion:
            return Look.FILLED_THICK
        return Look.FILLED if clock is None or clock.is_fast_on else Look.HOLLOW
    if shown.state in (AlarmState.RETURNED, AlarmState.LATCHED_UNACKNOWLEDGED):
        if clock is not None and clock.reduce_motion:
            return Look.DASHED_THICK
        return Look.DASHED if clock is None or clock.is_slow_on else Look.DASHED_WEAK
    return Look.RING


def _shape(priority: Priority, centre: QPointF, half: float) -> QPainterPath:
    path = QPainterPath()
    x, y = centre.x(), centre.y()
    if priority is Priority.CRITICAL:
        side = half * 0.94
        path.addRoundedRect(QRectF(x - side, y - side, 2 * side, 2 * side), 1.5, 1.5)
    elif priority is Priority.LOW:
        path.addEllipse(centre, half, half)
    else:
        wide, high = half * 1.24, half * 1.06
        tip, base = (y - high, y + high) if priority is Priority.HIGH else (y + high, y - high)
        path.addPolygon(QPolygonF([QPointF(x, tip), QPointF(x + wide, base), QPointF(x - wide, base)]))
        path.closeSubpath()
    return path


def draw_symbol(
    painter: QPainter,
    centre: QPointF,
    shown: SymbolState,
    *,
    tokens: Tokens,
    size: float = NOMINAL,
    clock: FlashClock | None = None,
    ground: str | None = None,
) -> None:
    """Paint a symbol around ``centre``; ``size`` is its nominal width, ``ground`` what lies behind it."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if shown.overlay is not Overlay.NONE:
        _draw_quiet(painter, centre, _OVERLAY_LETTERS[shown.overlay], tokens=tokens, size=size)
    else:
        look = look_of(shown, clock)
        _draw_body(painter, centre, shown, look=look, tokens=tokens, size=size, ground=ground or tokens.panel)
        if shown.is_latched:
            _draw_latch(painter, centre + QPointF(size * 0.86, size * 0.28), tokens.text_2)
    painter.restore()


def _draw_body(
    painter: QPainter,
    centre: QPointF,
    shown: SymbolState,
    *,
    look: Look,
    tokens: Tokens,
    size: float,
    ground: str,
) -> None:
    priority = shown.priority
    is_triangle = priority in (Priority.HIGH, Priority.MEDIUM)
    is_solid = look in (Look.FILLED, Look.FILLED_THICK)
    scale = 1.0 if is_solid or not is_triangle else 1.16
    half = size / 2 * scale
    path = _shape(priority, centre, half)
    fill = QColor(tokens.fill(priority))
    outline = QPen(QColor(tokens.text_1), OUTLINE * size / NOMINAL)
    outline.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    digit = tokens.ink(priority) if is_solid else tokens.text_1
    if look in (Look.DASHED, Look.DASHED_WEAK, Look.DASHED_THICK):
        outline.setDashPattern([2.2, 1.6])
        if look is Look.DASHED_WEAK:
            outline.setColor(QColor(tokens.line_strong))
    if look in (Look.FILLED_THICK, Look.DASHED_THICK):
        outline.setWidthF(outline.widthF() * 1.9)
    if look is Look.RING:
        _draw_ring(painter, path, priority, fill=fill, ground=ground, tokens=tokens, size=size)
    else:
        painter.fillPath(path, fill if is_solid else QColor(ground))
    painter.strokePath(path, outline)
    _draw_digit(painter, centre, priority, digit, size=size, half=half)


def _draw_ring(
    painter: QPainter,
    path: QPainterPath,
    priority: Priority,
    *,
    fill: QColor,
    ground: str,
    tokens: Tokens,
    size: float,
) -> None:
    """Paint the ring inside the outline: 2.5 px, on triangles 3.5 px with a thin inner outline."""
    is_triangle = priority in (Priority.HIGH, Priority.MEDIUM)
    width = (3.5 if is_triangle else 2.5) * size / NOMINAL
    painter.fillPath(path, QColor(ground))
    painter.save()
    painter.setClipPath(path)
    ring = QPen(fill, 2 * (width + OUTLINE / 2))
    ring.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if is_triangle:
        inner = QPen(QColor(tokens.text_1), 2 * (width + OUTLINE / 2) + 1.4)
        inner.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.strokePath(path, inner)
    painter.strokePath(path, ring)
    painter.restore()
    if is_triangle:
        centre = path.boundingRect().center()
        down = -1 if priority is Priority.MEDIUM else 1
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawEllipse(centre + QPointF(0, down * size * 0.16), size * 0.27, size * 0.29)


def _draw_digit(
    painter: QPainter, centre: QPointF, priority: Priority, colour: str, *, size: float, half: float
) -> None:
    shift = {Priority.HIGH: 0.3, Priority.MEDIUM: -0.3}.get(priority, 0.0) * half
    face = font(max(8, round(size * (0.62 if shift == 0 else 0.55))), BOLD)
    box = QRectF(centre.x() - half, centre.y() - half + shift, 2 * half, 2 * half)
    drawing.text(painter, box, str(int(priority)), face=face, colour=colour, align=drawing.CENTRE)


def _draw_quiet(painter: QPainter, centre: QPointF, letter: str, *, tokens: Tokens, size: float) -> None:
    half = size * 0.42
    rect = QRectF(centre.x() - half, centre.y() - half, 2 * half, 2 * half)
    painter.setPen(QPen(QColor(tokens.line_strong), 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect, 3, 3)
    face = font(max(8, round(size * 0.56)), BOLD)
    drawing.text(painter, rect, letter, face=face, colour=tokens.text_2, align=drawing.CENTRE)


def _draw_latch(painter: QPainter, centre: QPointF, colour: str) -> None:
    painter.setPen(QPen(QColor(colour), 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(centre.x() - 3.5, centre.y() - 0.5, 7, 5), 1, 1)
    painter.drawArc(QRectF(centre.x() - 2.2, centre.y() - 4, 4.4, 7), 0, 180 * 16)


class PrioritySymbol(QWidget):
    """A symbol as a widget; nothing is drawn, and no place is lost, while there is no alarm."""

    def __init__(self, shown: SymbolState | None = None, *, size: int = NOMINAL) -> None:
        super().__init__()
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self._shown: SymbolState | None = None
        self._size = size
        self._is_listening = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_state(shown)

    def show_state(self, shown: SymbolState | None) -> None:
        """Show an alarm, or none."""
        if shown == self._shown:
            return
        self._shown = shown
        self.setAccessibleName(shown.words if shown else "")
        self.setToolTip(shown.words if shown else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._size * 1.56), round(self._size * 1.45))

    def showEvent(self, event: QShowEvent) -> None:
        self._listen(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._listen(False)

    def _listen(self, listening: bool) -> None:
        """Follow the flash clock or not; Qt may hide a widget that was never shown."""
        if listening is not self._is_listening:
            self._is_listening = listening
            ticked = self._clock.ticked
            ticked.connect(self._flash) if listening else ticked.disconnect(self._flash)

    def _flash(self) -> None:
        if self._shown is not None and self._shown.is_flashing:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is None:
            return
        painter = QPainter(self)
        centre = QPointF(self.width() / 2, self.height() / 2)
        draw_symbol(
            painter,
            centre,
            self._shown,
            tokens=self._theme.tokens,
            size=self._size,
            clock=self._clock,
            ground=self.palette().window().color().name(),
        )
        painter.end()
