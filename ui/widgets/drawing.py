"""Drawing vocabulary of the painted widgets: text, hatch, focus ring, boxes. Keeps nothing."""

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from ui.formatting import Presentation
from ui.theme import SEMIBOLD, Tokens, font

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter

HATCH_STEP = 5


def text(
    painter: QPainter,
    box: QRectF,
    words: str,
    *,
    face: QFont,
    colour: str,
    align: Qt.AlignmentFlag = LEFT,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """Paint one line, elided when the box is too narrow."""
    painter.setFont(face)
    painter.setPen(QColor(colour))
    if QFontMetricsF(face).horizontalAdvance(words) > box.width() + 0.5:
        words = QFontMetricsF(face).elidedText(words, elide, box.width())
    painter.drawText(box, int(align) | Qt.TextFlag.TextSingleLine, words)


def width_of(words: str, face: QFont) -> float:
    """Return the advance of a line in pixels."""
    return QFontMetricsF(face).horizontalAdvance(words)


def box(painter: QPainter, rect: QRectF, *, fill: str | None, outline: str | None, radius: float = 3) -> None:
    """Paint a box whose 1 px outline lies inside ``rect``."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius > 0)
    painter.setPen(QPen(QColor(outline), 1) if outline else Qt.PenStyle.NoPen)
    if fill:
        painter.setBrush(QColor(fill))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = rect.adjusted(0.5, 0.5, -0.5, -0.5) if outline else rect
    painter.drawRoundedRect(inner, radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def focus_ring(painter: QPainter, rect: QRectF, tokens: Tokens, *, radius: float = 3) -> None:
    """Paint the 2 px accent ring inside ``rect``."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(tokens.accent), 2))
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def choice_ground(
    painter: QPainter, rect: QRectF, tokens: Tokens, *, is_chosen: bool, is_hovered: bool
) -> None:
    """Paint the ground of one of several places: filled with a bar at the left when it is the chosen one."""
    if is_chosen:
        painter.fillRect(rect, QColor(tokens.selection))
        painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), QColor(tokens.accent))
    elif is_hovered:
        painter.fillRect(rect, QColor(tokens.raised))


def hatch(painter: QPainter, rect: QRectF, colour: str, *, step: int = HATCH_STEP) -> None:
    """Paint diagonal lines over a box: nothing is known here."""
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(QColor(colour), 1))
    height = rect.height()
    # Anchored to multiples of the step, so that neighbouring hatches continue each other.
    left = int(rect.left() - height) // step * step
    lines = [
        QLineF(x, rect.bottom(), x + height, rect.top()) for x in range(left, int(rect.right()) + step, step)
    ]
    painter.drawLines(lines)
    painter.restore()


def rule(painter: QPainter, start: QPointF, end: QPointF, colour: str) -> None:
    """Paint a crisp 1 px line."""
    painter.setPen(QPen(QColor(colour), 1))
    painter.drawLine(start, end)


def value(
    painter: QPainter,
    rect: QRectF,
    shown: Presentation,
    *,
    tokens: Tokens,
    face: QFont,
    align: Qt.AlignmentFlag = RIGHT,
    colour: str | None = None,
) -> None:
    """Paint a value after its quality: hatch behind unknown, weak when stale, marks beside it."""
    wanted = width_of(shown.text, face)
    ink = tokens.text_3 if shown.is_dimmed or shown.is_hatched else (colour or tokens.live)
    if shown.is_hatched:
        side = wanted + 16
        left = rect.right() - side if align & Qt.AlignmentFlag.AlignRight else rect.left()
        if align & Qt.AlignmentFlag.AlignHCenter:
            left = rect.center().x() - side / 2
        ground = QRectF(max(rect.left(), left), rect.center().y() - 8, min(side, rect.width()), 16)
        hatch(painter, ground, tokens.line_strong)
        text(painter, ground, shown.text, face=face, colour=tokens.text_1, align=CENTRE)
        return
    text(painter, rect, shown.text, face=face, colour=ink, align=align)


def mark(painter: QPainter, rect: QRectF, words: str, tokens: Tokens) -> None:
    """Paint a small boxed word such as SIM."""
    box(painter, rect, fill=None, outline=tokens.line_strong, radius=2)
    text(painter, rect, words, face=font(11, SEMIBOLD), colour=tokens.text_2, align=CENTRE)


def rect_f(rect: QRect) -> QRectF:
    """Return the float box of an integer one."""
    return QRectF(rect)
