"""A compact list painted from tokens: groups, rows with pen, symbol, value and unit; ticks and drags.

Used where a tree of Qt would be heavy: points of the plant, kept records, tags of the trend browser.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDrag,
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QScrollArea, QSizePolicy, QToolTip, QWidget

from ui.formatting import Presentation
from ui.theme import BODY, CAPTION, REGULAR, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing
from ui.widgets.flash_clock import application_flash_clock
from ui.widgets.priority_symbol import SymbolState, draw_symbol
from ui.widgets.tick import draw_tick

ROW = 26
INDENT = 12
BOX = 14
UNIT_WIDTH = 44
TAGS_MIME = "application/x-jidoka-tags"


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row. A group has no ``key`` of its own unless it can be opened; ``pen`` is a pen number or None."""

    key: Hashable
    words: str
    level: int = 0
    is_group: bool = False
    is_open: bool | None = None
    weak: str = ""
    note: str = ""
    value: Presentation | None = None
    symbol: SymbolState | None = None
    is_checked: bool | None = None
    pen: int | None = None
    mime: str = ""
    tip: str = ""

    @property
    def spoken(self) -> str:
        """Words for a screen reader."""
        parts = [self.words, self.weak, self.note]
        if self.value is not None:
            parts.append(self.value.spoken)
        if self.symbol is not None:
            parts.append(self.symbol.words)
        return " ".join(part for part in parts if part)


class RowList(QWidget):
    """The rows. ``chosen`` follows Enter, click or arrow keys; ``toggled`` a tick or an opened group."""

    chosen = Signal(object)
    toggled = Signal(object)

    def __init__(self, name: str, *, unit_width: int = 0, follows_arrows: bool = True) -> None:
        super().__init__()
        self._theme = application_theme()
        self._clock = application_flash_clock()
        self._rows: tuple[ListRow, ...] = ()
        self._current: Hashable = None
        self._wants_view = False
        self._is_listening = False
        self._unit_width = unit_width
        self._follows_arrows = follows_arrows
        self._pressed_at: QPointF | None = None
        self._area: QScrollArea | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def scroller(self) -> QScrollArea:
        """Return a scroll area around the list, made once."""
        if self._area is None:
            self._area = QScrollArea()
            self._area.setObjectName("scroll")
            self._area.setWidgetResizable(True)
            self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self._area.setAccessibleName(self.accessibleName())
            self._area.viewport().setAutoFillBackground(False)
            self.setAutoFillBackground(False)
            self._area.setWidget(self)
        return self._area

    # ---- rows

    def show_rows(self, rows: Sequence[ListRow]) -> None:
        """Show these rows; only what changed is painted, the current row and the scroll position stay."""
        self._reveal_chosen()
        fresh = tuple(rows)
        if fresh == self._rows:
            return
        before, self._rows = self._rows, fresh
        if len(before) != len(fresh):
            self.setMinimumHeight(len(fresh) * ROW)
            self.updateGeometry()
            self.update()
            return
        for place, (old, new) in enumerate(zip(before, fresh, strict=True)):
            if old != new:
                self.update(0, place * ROW, self.width(), ROW)

    @property
    def rows(self) -> tuple[ListRow, ...]:
        """What is shown."""
        return self._rows

    @property
    def current(self) -> Hashable:
        """The key of the current row, None without one."""
        return self._current

    def set_current(self, key: Hashable) -> None:
        """Mark a row without telling anyone."""
        if key != self._current:
            self._current = key
            self._wants_view = key is not None
            self.update()
        place = self._place()
        row = self._rows[place] if place is not None else None
        self.setAccessibleDescription(row.spoken if row is not None else "")

    def _reveal_chosen(self) -> None:
        """Scroll to a row chosen by others, once, as soon as the list has a size."""
        place = self._place()
        if self._wants_view and place is not None and self._area is not None and self.isVisible():
            self._wants_view = False
            self._area.ensureVisible(0, place * ROW + ROW // 2, 0, ROW // 2)

    def _place(self) -> int | None:
        return next((n for n, row in enumerate(self._rows) if row.key == self._current), None)

    def sizeHint(self) -> QSize:
        return QSize(200, max(1, len(self._rows)) * ROW)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = self._theme.tokens, QPainter(self)
        first, last = event.rect().top() // ROW, event.rect().bottom() // ROW
        for place in range(max(0, first), min(len(self._rows), last + 1)):
            area = QRectF(0, place * ROW, self.width(), ROW)
            self._paint_row(painter, area, self._rows[place], tokens)
        painter.end()

    def _paint_row(self, painter: QPainter, area: QRectF, row: ListRow, tokens: Tokens) -> None:
        is_current = row.key is not None and row.key == self._current
        if is_current and not row.is_group:
            painter.fillRect(area, QColor(tokens.selection))
            painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), QColor(tokens.accent))
        if is_current and self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        left = area.left() + 12 + row.level * INDENT
        if row.is_open is not None:
            _draw_arrow(painter, QPointF(left + 2, area.center().y()), is_open=row.is_open, tokens=tokens)
            left += 14
        if row.is_checked is not None:
            box = QRectF(left, area.center().y() - BOX / 2, BOX, BOX)
            draw_tick(painter, box, is_on=row.is_checked, tokens=tokens)
            left += BOX + 8
            if row.pen is not None:
                _draw_pen(painter, left, area.center().y(), row.pen, tokens)
            left += 20
        right = self._paint_right(painter, area, row, tokens)
        face = font(BODY, SEMIBOLD if row.is_group or is_current else REGULAR)
        ink = tokens.text_2 if row.is_group else tokens.text_1
        weak = drawing.width_of(row.weak, font(CAPTION)) + 7 if row.weak else 0.0
        width = min(drawing.width_of(row.words, face) + 1, right - left - 4 - weak)
        words = QFontMetricsF(face).elidedText(row.words, Qt.TextElideMode.ElideMiddle, width)
        drawing.text(painter, QRectF(left, area.top(), width, ROW), words, face=face, colour=ink)
        if row.weak:
            rest = QRectF(left + width + 6, area.top(), weak, ROW)
            drawing.text(painter, rest, row.weak, face=font(CAPTION), colour=tokens.text_2)

    def _paint_right(self, painter: QPainter, area: QRectF, row: ListRow, tokens: Tokens) -> float:
        right = area.right() - 10
        if row.value is not None:
            if self._unit_width:
                unit = QRectF(right - self._unit_width + 6, area.top(), self._unit_width - 6, ROW)
                drawing.text(painter, unit, row.value.unit, face=font(CAPTION), colour=tokens.text_2)
                right -= self._unit_width
            face = font(BODY, SEMIBOLD)
            width = drawing.width_of(row.value.text, face) + (16 if row.value.is_hatched else 2)
            box = QRectF(right - width, area.top(), width, ROW)
            drawing.value(painter, box, row.value, tokens=tokens, face=face)
            right -= width + 6
        if row.note:
            face = font(CAPTION)
            width = drawing.width_of(row.note, face) + 2
            box = QRectF(right - width, area.top(), width, ROW)
            drawing.text(painter, box, row.note, face=face, colour=tokens.text_3, align=drawing.RIGHT)
            right -= width + 6
        if row.symbol is not None:
            at = QPointF(right - 9, area.center().y())
            ground = tokens.selection if row.key == self._current else tokens.panel
            draw_symbol(painter, at, row.symbol, tokens=tokens, size=15, clock=self._clock, ground=ground)
            right -= 24
        return right

    # ---- flashing and focus

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._listen(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._listen(False)

    def _listen(self, listening: bool) -> None:
        """Follow the flash clock or not; Qt may hide a list that was never shown."""
        if listening is not self._is_listening:
            self._is_listening = listening
            ticked = self._clock.ticked
            ticked.connect(self._flash) if listening else ticked.disconnect(self._flash)

    def _flash(self) -> None:
        for place, row in enumerate(self._rows):
            if row.symbol is not None and row.symbol.is_flashing:
                self.update(0, place * ROW, self.width(), ROW)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._place() is None:
            first = next((row.key for row in self._rows if self._is_stop(row)), None)
            self.set_current(first)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # ---- acts

    def _is_stop(self, row: ListRow) -> bool:
        return row.key is not None

    def _row_at(self, at: QPointF) -> ListRow | None:
        place = int(at.y()) // ROW
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pressed_at = event.position()
        row = self._row_at(event.position())
        if row is not None and self._is_stop(row):
            self.set_current(row.key)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed_at = self._pressed_at, None
        row = self._row_at(event.position())
        if pressed is None or row is None or row is not self._row_at(pressed) or not self._is_stop(row):
            return
        self._take(row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        row = self._row_at(self._pressed_at)
        far = (event.position() - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
        if row is not None and row.mime and far:
            self._pressed_at = None
            self._drag(row)

    def _drag(self, row: ListRow) -> None:
        carried = QMimeData()
        carried.setData(TAGS_MIME, row.mime.encode())
        carried.setText(row.words)
        drag = QDrag(self)
        drag.setMimeData(carried)
        drag.exec(Qt.DropAction.CopyAction)

    def _take(self, row: ListRow) -> None:
        if row.is_checked is not None or row.is_open is not None:
            self.toggled.emit(row.key)
        else:
            self.chosen.emit(row.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, place = event.key(), self._place()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and place is not None:
            self._take(self._rows[place])
        elif key == Qt.Key.Key_Space and place is not None and self._rows[place].is_checked is not None:
            self._take(self._rows[place])
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and place is not None:
            if self._rows[place].is_open is (key == Qt.Key.Key_Left):
                self._take(self._rows[place])
        else:
            super().keyPressEvent(event)

    def _step(self, direction: int) -> None:
        place = self._place()
        at = (-1 if direction > 0 else len(self._rows)) if place is None else place
        at += direction
        while 0 <= at < len(self._rows) and not self._is_stop(self._rows[at]):
            at += direction
        if not 0 <= at < len(self._rows):
            return
        row = self._rows[at]
        self.set_current(row.key)
        if self._area is not None:
            self._area.ensureVisible(20, at * ROW + ROW // 2, 0, 2 * ROW)
            self._wants_view = False
        if self._follows_arrows and row.is_checked is None and row.is_open is None:
            self.chosen.emit(row.key)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self._row_at(QPointF(event.pos()))
            if row is not None and row.tip:
                QToolTip.showText(event.globalPos(), row.tip, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def _draw_arrow(painter: QPainter, at: QPointF, *, is_open: bool, tokens: Tokens) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.text_2), 1.5))
    steps = ((-3, -1.5), (0, 1.5), (3, -1.5)) if is_open else ((-1.5, -3), (1.5, 0), (-1.5, 3))
    points = [QPointF(at.x() + x, at.y() + y) for x, y in steps]
    painter.drawPolyline(points)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _draw_pen(painter: QPainter, left: float, middle: float, pen: int, tokens: Tokens) -> None:
    stroke = QPen(QColor(tokens.pen(pen)), 2)
    if pen >= len(tokens.pens):
        stroke.setDashPattern([2, 1.5])
    painter.setPen(stroke)
    painter.drawLine(QPointF(left, middle), QPointF(left + 12, middle))
