"""Sparkline, health bar and machine state: drawn the same in a row of a table and as a widget of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from domain.condition.alarms import Priority
from domain.condition.health import ESCALATION_BELOW
from domain.plant.assets import MachineState
from ui import text
from ui.formatting import number
from ui.theme import BODY, CAPTION, REGULAR, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing


@dataclass(frozen=True, eq=False)
class Spark:
    """A short curve: ``values`` (n,) at equal steps with NaN for gaps; scale and normal band in its unit.

    ``alarm`` colours the last point while an alarm exists for the value.
    """

    values: NDArray[np.float64]
    low: float
    high: float
    normal_low: float | None = None
    normal_high: float | None = None
    alarm: Priority | None = None


def draw_spark(painter: QPainter, rect: QRectF, spark: Spark, *, tokens: Tokens) -> None:
    """Paint band, curve with its gaps, and the last point."""
    span = spark.high - spark.low
    if span <= 0 or not len(spark.values):
        return
    inner = rect.adjusted(0, 2, -4, -2)

    def y_of(value: float) -> float:
        share = min(1.0, max(0.0, (value - spark.low) / span))
        return inner.bottom() - share * inner.height()

    if spark.normal_low is not None and spark.normal_high is not None:
        top, bottom = y_of(spark.normal_high), y_of(spark.normal_low)
        painter.fillRect(
            QRectF(inner.left(), top, inner.width(), max(1.0, bottom - top)), QColor(tokens.band)
        )
    painter.setPen(QPen(QColor(tokens.live), 1))
    step = inner.width() / max(1, len(spark.values) - 1)
    heights = inner.bottom() - np.clip((spark.values - spark.low) / span, 0, 1) * inner.height()
    last: QPointF | None = None
    for run in np.split(np.arange(len(heights)), np.flatnonzero(np.diff(np.isfinite(heights))) + 1):
        if len(run) and np.isfinite(heights[run[0]]):
            points = [QPointF(inner.left() + i * step, float(heights[i])) for i in run]
            painter.drawPolyline(QPolygonF(points))
            last = points[-1]
    if last is not None and np.isfinite(heights[-1]):
        _draw_last(painter, last, spark.alarm, tokens)


def _draw_last(painter: QPainter, at: QPointF, alarm: Priority | None, tokens: Tokens) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if alarm is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.live))
        painter.drawEllipse(at, 2.5, 2.5)
    else:
        painter.setPen(QPen(QColor(tokens.text_1), 1))
        painter.setBrush(QColor(tokens.fill(alarm)))
        painter.drawEllipse(at, 3.5, 3.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def draw_health(painter: QPainter, rect: QRectF, score: float | None, *, tokens: Tokens) -> None:
    """Paint a bar filled to the score with a tick at the escalation level; hatch when it is unknown."""
    bar = QRectF(round(rect.left()), round(rect.center().y() - 4), round(rect.width()), 8)
    if score is None:
        drawing.hatch(painter, bar, tokens.line_strong)
    else:
        painter.fillRect(bar, QColor(tokens.field))
        painter.fillRect(
            QRectF(bar.left(), bar.top(), bar.width() * min(100.0, max(0.0, score)) / 100, bar.height()),
            QColor(tokens.stop if tokens.name == "day" else tokens.line_strong),
        )
    drawing.box(painter, bar, fill=None, outline=tokens.line_strong, radius=0)
    tick = round(bar.left() + bar.width() * ESCALATION_BELOW / 100) + 0.5
    drawing.rule(painter, QPointF(tick, bar.top() - 3), QPointF(tick, bar.bottom() + 3), tokens.text_1)


def draw_state(painter: QPainter, rect: QRectF, state: MachineState, *, tokens: Tokens) -> None:
    """Paint box and word; running is light and plain, everything else dark and bold."""
    running = state is MachineState.RUN
    square = QRectF(round(rect.left()), round(rect.center().y() - 5.5), 11, 11)
    if state is MachineState.UNKNOWN:
        drawing.hatch(painter, square, tokens.line_strong, step=4)
    drawing.box(
        painter,
        square,
        fill=None if state is MachineState.UNKNOWN else (tokens.run if running else tokens.stop),
        outline=tokens.line_strong,
        radius=0,
    )
    face = font(CAPTION, REGULAR if running else SEMIBOLD)
    drawing.text(
        painter,
        rect.adjusted(18, 0, 0, 0),
        text.machine_state(state),
        face=face,
        colour=tokens.text_1,
    )


class Sparkline(QWidget):
    """A spark as a widget."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self._spark: Spark | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_spark(self, spark: Spark | None) -> None:
        """Show a curve, or nothing yet."""
        self._spark = spark
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._spark is None:
            return
        painter = QPainter(self)
        draw_spark(painter, drawing.rect_f(self.rect()), self._spark, tokens=self._theme.tokens)
        painter.end()


class HealthBar(QWidget):
    """Health as number and bar."""

    def __init__(self, *, number_size: int = BODY, number_width: int = 28) -> None:
        super().__init__()
        self._theme = application_theme()
        self._score: float | None = None
        self._face = font(number_size, SEMIBOLD)
        self._number_width = number_width
        self.setAccessibleName(text.tr("Health", "Health"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_score(self, score: float | None) -> None:
        """Show 0-100, or unknown."""
        self._score = score
        spoken = text.tr("Health", "unknown") if score is None else f"{number(score, 0)} %"
        self.setAccessibleDescription(spoken)
        self.setToolTip(text.tr("Health", "Health {value}; escalates below 70", value=spoken))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._number_width + 68, max(20, self._face.pixelSize() + 6))

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        words = number(float("nan") if self._score is None else self._score, 0)
        head = QRectF(0, 0, self._number_width, area.height())
        drawing.text(painter, head, words, face=self._face, colour=tokens.live, align=drawing.RIGHT)
        bar = area.adjusted(self._number_width + 8, 0, -1, 0)
        draw_health(painter, bar, self._score, tokens=tokens)
        painter.end()


class StateLamp(QWidget):
    """Machine state as box and word."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._state = MachineState.UNKNOWN
        self.setAccessibleName(text.tr("Machine", "Machine state"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_state(self, state: MachineState) -> None:
        """Show what the machine does."""
        if state is not self._state:
            self._state = state
            self.setAccessibleDescription(text.machine_state(state))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        words = text.machine_state(self._state)
        return QSize(20 + round(drawing.width_of(words, font(CAPTION, SEMIBOLD))), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_state(painter, drawing.rect_f(self.rect()), self._state, tokens=self._theme.tokens)
        painter.end()
