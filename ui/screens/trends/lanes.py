"""Under the curves, on their time axis: what the machines did, what their alarms did, and the hours."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.assets import MachineState
from ui.icons import draw_icon
from ui.screens.trends.past import StateRun
from ui.text import machine_state, tr
from ui.theme import AXIS, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing
from ui.widgets.plot_pane import LEFT_AXIS, PlotPane
from ui.widgets.priority_symbol import SymbolState, draw_symbol

LANE, EVENTS, HOURS = 20, 22, 20
LABEL_PAD = 8
MOST_LANES = 3
APART = 20
"""Symbols closer than this would cover each other: the first stays, and an alarm before anything else."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An alarm that was raised or acknowledged, or something else by the name of its icon."""

    at_us: int
    symbol: SymbolState | str
    words: str
    is_raised: bool


@dataclass(frozen=True, slots=True)
class StateLane:
    """One machine's states; ``name`` is empty where there is only one."""

    name: str
    runs: tuple[StateRun, ...]


class TimeLanes(QWidget):
    """Follows the x range of ``pane`` and stands exactly under its frame."""

    def __init__(self, pane: PlotPane) -> None:
        super().__init__()
        self._theme = application_theme()
        self._pane = pane
        self._lanes: tuple[StateLane, ...] = ()
        self._happenings: tuple[Happening, ...] = ()
        self.setAccessibleName(tr("Trends", "States and events"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_pane(self, pane: PlotPane) -> None:
        """Follow another pane."""
        self._pane = pane
        self.update()

    def show_past(self, lanes: Sequence[StateLane], happenings: Sequence[Happening]) -> None:
        """Show states and events."""
        fresh = tuple(lanes[:MOST_LANES])
        if len(fresh) != len(self._lanes):
            self.updateGeometry()
        self._lanes, self._happenings = fresh, tuple(happenings)
        self.setAccessibleDescription("; ".join(each.words for each in self._happenings[-10:]))
        self.update()

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """The events on show."""
        return self._happenings

    @property
    def lanes(self) -> tuple[StateLane, ...]:
        """The states on show."""
        return self._lanes

    def sizeHint(self) -> QSize:
        return QSize(300, max(1, len(self._lanes)) * LANE + EVENTS + HOURS)

    def _x(self, at_us: float) -> float:
        return self._pane.mapping.x(at_us / MICROSECONDS_PER_SECOND)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        frame = self._pane.frame
        for place, lane in enumerate(self._lanes):
            row = QRectF(frame.left(), place * LANE + 2, frame.width(), LANE - 4)
            name = lane.name or tr("Trends", "State")
            box = QRectF(LABEL_PAD, row.top(), LEFT_AXIS - LABEL_PAD - 4, row.height())
            drawing.text(painter, box, name, face=font(AXIS), colour=tokens.text_2)
            self._paint_states(painter, row, lane.runs, tokens)
        top = max(1, len(self._lanes)) * LANE
        self._paint_events(painter, QRectF(frame.left(), top, frame.width(), EVENTS), tokens)
        self._paint_hours(painter, QRectF(frame.left(), top + EVENTS, frame.width(), HOURS), tokens)
        painter.end()

    def _paint_states(self, painter: QPainter, row: QRectF, runs: Sequence[StateRun], tokens: Tokens) -> None:
        drawing.hatch(painter, row, tokens.line, step=6)
        face = font(AXIS, SEMIBOLD)
        for run in runs:
            left, right = max(row.left(), self._x(run.start_us)), min(row.right(), self._x(run.end_us))
            if right <= left:
                continue
            box = QRectF(round(left), row.top(), max(1.0, round(right) - round(left)), row.height())
            is_running = run.state is MachineState.RUN
            painter.fillRect(box, QColor(tokens.run if is_running else tokens.stop))
            words = machine_state(run.state)
            if drawing.width_of(words, face) + 8 < box.width():
                ink = _ink(tokens, is_running)
                drawing.text(painter, box, words, face=face, colour=ink, align=drawing.CENTRE)
        drawing.box(painter, row, fill=None, outline=tokens.line_strong, radius=0)

    def _paint_events(self, painter: QPainter, row: QRectF, tokens: Tokens) -> None:
        box = QRectF(LABEL_PAD, row.top(), LEFT_AXIS - LABEL_PAD - 2, row.height())
        drawing.text(painter, box, tr("Trends", "Events"), face=font(AXIS), colour=tokens.text_2)
        placed: list[float] = []
        for each in sorted(self._happenings, key=_is_no_alarm):
            x = self._x(each.at_us)
            if not row.left() <= x <= row.right() or any(abs(x - other) < APART for other in placed):
                continue
            placed.append(x)
            at = QPointF(x, row.center().y())
            if isinstance(each.symbol, str):
                left, top = at.x() - 8, at.y() - 8
                draw_icon(painter, each.symbol, x=left, y=top, size=16, colour=tokens.text_2)
            else:
                draw_symbol(painter, at, each.symbol, tokens=tokens, size=14, ground=tokens.panel)

    def _paint_hours(self, painter: QPainter, row: QRectF, tokens: Tokens) -> None:
        now, axis = self._pane.ranges, self._pane.x_axis
        ticks = axis.major_ticks(now.x_low, now.x_high, length=row.width())
        if len(ticks) < 2:
            return
        words = axis.tickStrings(ticks, 1.0, ticks[1] - ticks[0])
        for tick, word in zip(ticks, words, strict=True):
            width = drawing.width_of(word, font(AXIS)) + 2
            x = max(0.0, min(self.width() - width, self._pane.mapping.x(tick) - width / 2))
            box = QRectF(x, row.top() + 2, width, 15)
            drawing.text(painter, box, word, face=font(AXIS), colour=tokens.text_2, align=drawing.CENTRE)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            near = [each for each in self._happenings if abs(self._x(each.at_us) - event.pos().x()) < 9]
            words = "\n".join(each.words for each in near)
            if words:
                QToolTip.showText(event.globalPos(), words, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def _is_no_alarm(happening: Happening) -> bool:
    return isinstance(happening.symbol, str)


def _ink(tokens: Tokens, is_running: bool) -> str:
    """Return the readable ink on a state box: RUN is light in both themes."""
    if is_running:
        return tokens.text_1 if tokens.name == "day" else tokens.on_accent
    return tokens.text_1
