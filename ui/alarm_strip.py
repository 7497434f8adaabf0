"""The strip under every screen: the worst unacknowledged alarms, then the newest, and two buttons."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from domain.instants import MICROSECONDS_PER_SECOND
from ui import text
from ui.formatting import PlantTime, duration, span
from ui.shell_state import ShellState, StripAlarm
from ui.text import tr
from ui.theme import BODY, BOLD, CAPTION, REGULAR, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label
from ui.widgets.priority_symbol import draw_symbol

ROW_HEIGHT, PADDING = 24, 2
MOST_ROWS, FEW_ROWS = 3, 2
STATE_WIDTH = 108.0
"""Room for the longest word of a state that asks for an acknowledgement."""

TIME_WIDTH = 92.0
"""Room for the time of an alarm that has stood for more than a week: "12 Nov 10:42"."""


class StripRows(QWidget):
    """The rows themselves; arrow keys choose, Enter opens the asset."""

    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self._alarms: tuple[StripAlarm, ...] = ()
        self._is_known = False
        self._chosen: UUID | None = None
        self._count = MOST_ROWS
        self._now_us = 0
        self._plant_time = PlantTime()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Strip", "Newest alarms"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_count(self, count: int) -> None:
        """Show so many rows at most."""
        self._count = count
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(600, self._count * ROW_HEIGHT + 2 * PADDING)

    @property
    def shown(self) -> Sequence[StripAlarm]:
        """The alarms in view, none while nobody knows them."""
        return self._alarms[: self._count] if self._is_known else ()

    @property
    def chosen(self) -> StripAlarm | None:
        """The alarm that F9 means: the chosen one, else the first that waits."""
        for alarm in self.shown:
            if alarm.id == self._chosen:
                return alarm
        return next((alarm for alarm in self.shown if alarm.symbol.is_flashing), None)

    def show_alarms(self, alarms: Sequence[StripAlarm], *, now_us: int, plant_time: PlantTime) -> None:
        """Show these alarms; the choice stays with its alarm."""
        fresh = tuple(alarms)
        self._is_known = True
        is_new = bool(fresh) and (not self._alarms or fresh[0].id != self._alarms[0].id)
        self._now_us, self._plant_time = now_us, plant_time
        self._alarms = fresh
        first = fresh[0] if fresh else None
        if is_new and first is not None:
            self.setAccessibleDescription(f"{first.symbol.words}: {first.place}, {first.message}")
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
        self.update()

    def show_unknown(self) -> None:
        """Say that nobody knows: what was shown may be over, or worse."""
        if self._is_known:
            self._is_known = False
            self.update()

    def showEvent(self, event: QShowEvent) -> None:
        self._clock.ticked.connect(self._flash)

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.ticked.disconnect(self._flash)

    def _flash(self) -> None:
        if any(alarm.symbol.is_flashing for alarm in self.shown):
            self.update(0, 0, 64, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        if not self.shown:
            area = QRectF(20, 0, self.width() - 20, self.height())
            words = tr("Strip", "No active alarms") if self._is_known else tr("Strip", "Alarms are not known")
            drawing.text(painter, area, words, face=font(BODY), colour=tokens.text_2)
        chosen = self.chosen
        for place, alarm in enumerate(self.shown):
            row = QRectF(0, PADDING + place * ROW_HEIGHT, self.width(), ROW_HEIGHT)
            is_chosen = chosen is not None and alarm.id == chosen.id
            if is_chosen:
                painter.fillRect(row.adjusted(16, 0, 0, 0), QColor(tokens.selection))
            self._paint_row(painter, row, alarm, ground=tokens.selection if is_chosen else tokens.field)
        if self.hasFocus():
            drawing.focus_ring(painter, drawing.rect_f(self.rect()), tokens, radius=0)
        painter.end()

    def _paint_row(self, painter: QPainter, row: QRectF, alarm: StripAlarm, *, ground: str) -> None:
        tokens, wide = self._theme.tokens, self.width() > 1300
        face = font(BODY, BOLD if alarm.symbol.is_flashing else REGULAR)
        at = QPointF(42, row.center().y())
        draw_symbol(painter, at, alarm.symbol, tokens=tokens, size=15, clock=self._clock, ground=ground)

        def cell(left: float, width: float) -> QRectF:
            return QRectF(left, row.top(), width, row.height())

        state = text.alarm_state(alarm.symbol.state, alarm.symbol.overlay)
        drawing.text(
            painter, cell(68, STATE_WIDTH), state, face=font(CAPTION, SEMIBOLD), colour=tokens.text_1
        )
        clock = self._plant_time.brief(alarm.raised_us, now_us=self._now_us)
        drawing.text(painter, cell(76 + STATE_WIDTH, TIME_WIDTH), clock, face=face, colour=tokens.text_1)
        place_width, place_left = 220.0 if wide else 170.0, 80.0 + STATE_WIDTH + TIME_WIDTH
        drawing.text(painter, cell(place_left, place_width), alarm.place, face=face, colour=tokens.text_1)
        right = row.right() - 8
        tail = 560.0 if wide else (210.0 if self.width() > 760 else 100.0)
        begin = place_left + place_width + 8
        message = cell(begin, max(60.0, right - tail - begin - 8))
        drawing.text(painter, message, alarm.message, face=face, colour=tokens.text_1)
        self._paint_figures(painter, row, alarm, left=right - tail, wide=wide)

    def _paint_figures(
        self, painter: QPainter, row: QRectF, alarm: StripAlarm, *, left: float, wide: bool
    ) -> None:
        tokens = self._theme.tokens
        strong, weak = font(BODY, SEMIBOLD), font(CAPTION)

        def cell(offset: float, width: float) -> QRectF:
            return QRectF(left + offset, row.top(), width, row.height())

        drawing.value(painter, cell(0, 60), alarm.value, tokens=tokens, face=strong)
        drawing.text(painter, cell(66, 40), alarm.value.unit, face=weak, colour=tokens.text_2)
        open_s = (self._now_us - alarm.raised_us) / MICROSECONDS_PER_SECOND
        if row.right() - left < 200:
            return
        if not wide:
            drawing.text(
                painter, cell(110, 90), duration(open_s), face=weak, colour=tokens.text_1, align=drawing.RIGHT
            )
            return
        if alarm.limit is not None:
            drawing.text(painter, cell(112, 32), tr("Strip", "limit"), face=weak, colour=tokens.text_2)
            drawing.value(
                painter, cell(144, 56), alarm.limit, tokens=tokens, face=strong, colour=tokens.text_1
            )
        drawing.text(
            painter, cell(214, 70), duration(open_s), face=strong, colour=tokens.text_1, align=drawing.RIGHT
        )
        if alarm.respond_within_s is not None:
            words = response_words(alarm.respond_within_s, open_s=open_s)
            drawing.text(painter, cell(304, 250), words, face=weak, colour=tokens.text_1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int((event.position().y() - PADDING) // ROW_HEIGHT)
        if 0 <= place < len(self.shown):
            self._chosen = self.shown[place].id
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._open_chosen()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ids = [alarm.id for alarm in self.shown]
        chosen = self.chosen
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and ids:
            at = ids.index(chosen.id) if chosen is not None else 0
            at += 1 if event.key() == Qt.Key.Key_Down else -1
            self._chosen = ids[max(0, min(len(ids) - 1, at))]
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_chosen()
        else:
            super().keyPressEvent(event)

    def _open_chosen(self) -> None:
        chosen = self.chosen
        if chosen is not None and chosen.address:
            self.opened.emit(chosen.address)


def response_words(within_s: float, *, open_s: float) -> str:
    """Return how soon an alarm wants a response and what is left of that time."""
    words = tr("Strip", "respond within {time}", time=span(within_s))
    if open_s >= within_s:
        return words + ", " + tr("Strip", "overdue")
    return words + ", " + tr("Strip", "{time} left", time=span(within_s - open_s))


class AlarmStrip(QWidget):
    """Rows, and beside them Acknowledge, Alarm list and what is not in view."""

    acknowledge_asked = Signal()
    list_asked = Signal()
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.rows = StripRows()
        self.rows.opened.connect(self.opened)
        self._acknowledge = KeyButton(tr("Strip", "Acknowledge"), key="F9")
        self._acknowledge.clicked.connect(self.acknowledge_asked)
        self._acknowledge.setEnabled(False)
        to_list = KeyButton(tr("Strip", "Alarm list"), key="Ctrl+2")
        to_list.clicked.connect(self.list_asked)
        self._caption: QLabel = label("", size=CAPTION, role="caption")
        self._caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 16, 0)
        row.setSpacing(16)
        row.addWidget(self.rows, 1)
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 0, 2)
        grid.setSpacing(4)
        grid.setHorizontalSpacing(8)
        grid.addWidget(self._acknowledge, 0, 0)
        grid.addWidget(to_list, 0, 1)
        grid.addWidget(self._caption, 1, 0, 1, 2)
        row.addLayout(grid)

    def set_narrow(self, narrow: bool) -> None:
        """Use two rows and no caption."""
        self.rows.set_count(FEW_ROWS if narrow else MOST_ROWS)
        self._caption.setVisible(not narrow)

    def show_state(self, state: ShellState, *, now_us: int, plant_time: PlantTime) -> None:
        """Show the strip and how much more there is."""
        if not state.is_alarm_list_known:
            self.rows.show_unknown()
            self._acknowledge.setEnabled(False)
            self._caption.setText("")
            return
        self.rows.show_alarms(state.strip, now_us=now_us, plant_time=plant_time)
        chosen = self.rows.chosen
        self._acknowledge.setEnabled(chosen is not None and chosen.symbol.is_flashing)
        self._caption.setText(
            tr(
                "Strip",
                "{waiting} unacknowledged, {shown} shown; {new} new in the last 10 min",
                waiting=state.unacknowledged,
                shown=len(self.rows.shown),
                new=state.new_in_10_min,
            )
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.field))
        painter.fillRect(QRectF(0, 0, self.width(), 1), QColor(tokens.line_strong))
        painter.end()
