"""A measured value: tabular figures, its unit beside it, its quality in the open."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import UNKNOWN_VALUE, Presentation
from ui.theme import BODY, CAPTION, REGULAR, SEMIBOLD, application_theme, font
from ui.widgets import drawing

GAP = 6


class ValueLabel(QWidget):
    """Shows a presentation at one size; sizes of 22 and more are KPIs."""

    def __init__(self, name: str, *, size: int = BODY, align_right: bool = False) -> None:
        super().__init__()
        self._theme = application_theme()
        self._face = font(size, SEMIBOLD)
        self._align_right = align_right
        self._shown = UNKNOWN_VALUE
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def show_value(self, shown: Presentation) -> None:
        """Show a worded value."""
        if shown == self._shown:
            return
        self._shown = shown
        self.setAccessibleDescription(shown.spoken)
        self.setToolTip(shown.tip)
        self.updateGeometry()
        self.update()

    def _widths(self) -> tuple[float, float, float]:
        small = font(CAPTION)
        trail = " ".join(part for part in (self._shown.unit, self._shown.age) if part)
        value = drawing.width_of(self._shown.text, self._face) + (16 if self._shown.is_hatched else 0)
        return value, drawing.width_of(trail, small), 34.0 if self._shown.mark else 0.0

    def sizeHint(self) -> QSize:
        value, trail, mark = self._widths()
        return QSize(round(value + trail + mark + 2 * GAP), self._face.pixelSize() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, shown = self._theme.tokens, self._shown
        painter = QPainter(self)
        value, trail, mark = self._widths()
        height = float(self.height())
        left = self.width() - value - trail - mark - GAP - 1 if self._align_right else 0.0
        area = QRectF(left, 0, value + 1, height)
        drawing.value(painter, area, shown, tokens=tokens, face=self._face, align=drawing.LEFT)
        # Unit stands on the number's base line.
        drop = (self._face.pixelSize() - CAPTION) * 0.33
        area = QRectF(left + value + GAP, drop, trail + 2, height)
        words = " ".join(part for part in (shown.unit, shown.age) if part)
        drawing.text(painter, area, words, face=font(CAPTION, REGULAR), colour=tokens.text_2)
        if shown.mark:
            box = QRectF(left + value + trail + 2 * GAP, height / 2 - 7, 30, 14)
            drawing.mark(painter, box, shown.mark, tokens)
        painter.end()
