"""Waterfall: spectra over time as greys of the theme, in a RGB32 ring; only a new row is coloured."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import PlantTime, number
from ui.text import tr
from ui.theme import AXIS, SEMIBOLD, Tokens, application_theme, font
from ui.widgets import drawing
from ui.widgets.axis_items import number_step
from ui.widgets.plot_pane import BOTTOM_AXIS, LEFT_AXIS, RIGHT_MARGIN, TOP_MARGIN

LEVELS = 256
TIME_LABEL_STEP_PX = 34
BY_DAY_US = 36 * 3_600_000_000


def grey_table(tokens: Tokens) -> NDArray[np.uint32]:
    """Return 256 RGB32 colours from plot ground (low) to text-1 (high)."""
    low, high = QColor(tokens.plot), QColor(tokens.text_1)
    share = np.linspace(0.0, 1.0, LEVELS)
    table: NDArray[np.uint32] = np.full(LEVELS, 0xFF, np.uint32)
    for one, other in (
        (low.red(), high.red()),
        (low.green(), high.green()),
        (low.blue(), high.blue()),
    ):
        table = (table << np.uint32(8)) | np.rint(one + share * (other - one)).astype(np.uint32)
    return table


class WaterfallPlot(QWidget):
    """Newest row on top. A click or the arrow keys move the slice cursor; ``sliced`` tells the row's time."""

    sliced = Signal(object)
    """Instant in microseconds UTC of the row chosen, None when the newest is shown."""

    def __init__(self, name: str, *, rows: int, bins: int, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__()
        if rows < 2 or bins < 2:
            raise ValueError(f"a waterfall needs at least 2 x 2 cells, not {rows} x {bins}")
        self._theme = application_theme()
        self._plant_time = plant_time
        self._levels = np.zeros((rows, bins), np.uint8)
        self._pixels = np.zeros((rows, bins), np.uint32)
        self._times: NDArray[np.int64] = np.zeros(rows, np.int64)
        self._next = 0
        self._count = 0
        self._reach_hz = 1.0
        self._low, self._high = -4.0, 1.0
        self._slice: int | None = None
        self._table = grey_table(self._theme.tokens)
        self._image = QImage(self._pixels.data, bins, rows, bins * 4, QImage.Format.Format_RGB32)
        self._pixels[:] = self._table[0]
        self._theme.changed.connect(self._recolour)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(80)

    @property
    def frame(self) -> QRectF:
        """The area of the rows in pixels."""
        return QRectF(self.rect()).adjusted(LEFT_AXIS, TOP_MARGIN, -RIGHT_MARGIN, -BOTTOM_AXIS)

    @property
    def slice_us(self) -> int | None:
        """Instant of the row under the slice cursor, None without one."""
        return None if self._slice is None else int(self._times[self._ring_row(self._slice)])

    def set_levels(self, low: float, high: float) -> None:
        """Set the amplitudes of the lightest and darkest grey, both above zero; rows to come use them."""
        if not 0 < low < high:
            raise ValueError(f"levels must grow from above zero, not {low} to {high}")
        self._low, self._high = float(np.log10(low)), float(np.log10(high))

    def append(self, amplitude: NDArray[np.float32], *, time_us: int, resolution_hz: float) -> None:
        """Add one spectrum on top; it is reduced to the bins by the largest line in each."""
        bins = self._levels.shape[1]
        self._reach_hz = max(1, len(amplitude) - 1) * resolution_hz
        clean = np.nan_to_num(amplitude, nan=0.0, posinf=0.0, neginf=0.0)
        if len(clean) >= bins:
            reduced = np.maximum.reduceat(clean, np.arange(bins) * len(clean) // bins)
        else:
            reduced = clean[np.arange(bins) * len(clean) // bins]
        share = (np.log10(np.maximum(reduced, 1e-12)) - self._low) / (self._high - self._low)
        self._levels[self._next] = np.rint(np.clip(share, 0, 1) * (LEVELS - 1)).astype(np.uint8)
        np.take(self._table, self._levels[self._next], out=self._pixels[self._next])
        self._times[self._next] = time_us
        self._next = (self._next + 1) % len(self._levels)
        self._count = min(self._count + 1, len(self._levels))
        if self._slice is not None:
            self._slice = min(self._slice + 1, self._count - 1)
        self.update()

    def show_rows(
        self, rows: Sequence[tuple[int, NDArray[np.float32], float]], *, chosen_us: int | None = None
    ) -> None:
        """Show (time, amplitude, resolution) anew, oldest first, greys fitted; a chosen row stays chosen."""
        self.clear()
        strong = [amplitude[1:] for _, amplitude, _ in rows if len(amplitude) > 2]
        if strong:
            every = np.concatenate(strong)
            high = float(np.quantile(every, 0.9995))
            low = float(np.quantile(every, 0.5))
            self.set_levels(max(low, high * 1e-4, 1e-9), max(high, 1e-8))
        for time_us, amplitude, resolution_hz in rows:
            self.append(amplitude, time_us=time_us, resolution_hz=resolution_hz)
        times = [row[0] for row in rows]
        if chosen_us in times:
            last = len(times) - 1 - times[::-1].index(chosen_us)
            self._slice = len(times) - 1 - last
            self.update()

    def clear(self) -> None:
        """Forget all rows."""
        self._next = self._count = 0
        self._slice = None
        self._levels[:] = 0
        self._pixels[:] = self._table[0]
        self.update()

    def set_slice(self, row: int | None) -> None:
        """Put the slice cursor on the row-th newest spectrum, or take it away."""
        self._slice = None if row is None or not self._count else max(0, min(self._count - 1, row))
        at = self.slice_us
        self.setAccessibleDescription("" if at is None else self._plant_time().clock(at))
        self.sliced.emit(at)
        self.update()

    def _ring_row(self, age: int) -> int:
        return (self._next - 1 - age) % len(self._levels)

    def _recolour(self) -> None:
        self._table = grey_table(self._theme.tokens)
        np.take(self._table, self._levels, out=self._pixels)
        self.update()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, frame = self._theme.tokens, self.frame
        painter = QPainter(self)
        painter.fillRect(frame, QColor(tokens.plot))
        self._paint_rows(painter, frame)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawRect(frame.adjusted(0.5, 0.5, -0.5, -0.5))
        self._paint_axes(painter, frame, tokens)
        if self._slice is not None:
            self._paint_slice(painter, frame, tokens)
        if self.hasFocus():
            drawing.focus_ring(painter, QRectF(self.rect()), tokens)
        painter.end()

    def _paint_rows(self, painter: QPainter, frame: QRectF) -> None:
        """Blit the two halves of the ring upside down, the newest row on top."""
        rows, bins = self._levels.shape
        painter.save()
        painter.translate(frame.left(), frame.top())
        painter.scale(1.0, -1.0)
        height = frame.height() / rows
        newer, older = self._next, rows - self._next
        if newer:
            target = QRectF(0, -newer * height, frame.width(), newer * height)
            painter.drawImage(target, self._image, QRectF(0, 0, bins, newer))
        if older:
            target = QRectF(0, -frame.height(), frame.width(), older * height)
            painter.drawImage(target, self._image, QRectF(0, newer, bins, older))
        painter.restore()

    def _paint_axes(self, painter: QPainter, frame: QRectF, tokens: Tokens) -> None:
        face = font(AXIS)
        step = number_step(self._reach_hz, max(2, int(frame.width() / 90)))
        for place in np.arange(0.0, self._reach_hz * 1.0001, step):
            x = frame.left() + place / self._reach_hz * frame.width()
            left = min(x - 40, self.width() - 80.0)
            box = QRectF(left, frame.bottom() + 2, 80, 16)
            is_last = place + step > self._reach_hz * 1.0001
            words = number(float(place), 0) + (" Hz" if is_last else "")
            drawing.text(
                painter,
                box,
                words,
                face=face,
                colour=tokens.text_2,
                align=drawing.RIGHT if left < x - 40 else drawing.CENTRE,
            )
        rows = len(self._levels)
        covered = self._times[: self._count]
        by_day = self._count > 1 and int(covered.max() - covered.min()) > BY_DAY_US
        for line in range(max(1, int(frame.height() / TIME_LABEL_STEP_PX))):
            age = int(line * TIME_LABEL_STEP_PX / frame.height() * rows)
            if age >= self._count:
                break
            box = QRectF(0, frame.top() + line * TIME_LABEL_STEP_PX - 1, frame.left() - 6, 14)
            at = int(self._times[self._ring_row(age)])
            words = tr("Waterfall", "now")
            if age:
                clock = self._plant_time()
                words = clock.day(at, weekday=False) if by_day else clock.minutes(at)
            drawing.text(painter, box, words, face=face, colour=tokens.text_2, align=drawing.RIGHT)

    def _paint_slice(self, painter: QPainter, frame: QRectF, tokens: Tokens) -> None:
        y = frame.top() + ((self._slice or 0) + 0.5) * frame.height() / len(self._levels)
        painter.setPen(QPen(QColor(tokens.accent), 2))
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        at = self.slice_us
        clock, newest = self._plant_time(), int(self._times[self._ring_row(0)])
        words = "" if at is None else clock.stamp(at, now_us=newest)
        face = font(AXIS, SEMIBOLD)
        width = drawing.width_of(words, face) + 10
        box = QRectF(frame.right() - width, min(y + 1, frame.bottom() - 17), width, 16)
        painter.fillRect(box, QColor(tokens.accent))
        drawing.text(painter, box, words, face=face, colour=tokens.on_accent, align=drawing.CENTRE)

    # ---- acts

    def mousePressEvent(self, event: QMouseEvent) -> None:
        frame = self.frame
        if frame.contains(event.position()):
            share = (event.position().y() - frame.top()) / frame.height()
            self.set_slice(int(share * len(self._levels)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Up:
                self.set_slice(None if not self._slice else self._slice - 1)
            case Qt.Key.Key_Down:
                self.set_slice(0 if self._slice is None else self._slice + 1)
            case Qt.Key.Key_Home:
                self.set_slice(None)
            case _:
                super().keyPressEvent(event)
