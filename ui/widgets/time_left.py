"""Time to respond: how much of it is gone, as words and a bar."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.formatting import duration, span
from ui.text import tr
from ui.theme import BODY, SEMIBOLD, application_theme, font
from ui.widgets import drawing


class TimeLeft(QWidget):
    """Time allowed at the left, time left at the right, the time gone as a bar below."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._within_s, self._gone_s = 1.0, 0.0
        self.setAccessibleName(tr("Response", "Time to respond"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_time(self, *, within_s: float, gone_s: float) -> None:
        """Show the time allowed and the time gone since the alarm."""
        self._within_s, self._gone_s = max(1.0, within_s), max(0.0, gone_s)
        self.setAccessibleDescription(self._words)
        self.update()

    @property
    def _words(self) -> str:
        left = self._within_s - self._gone_s
        if left <= 0:
            return tr("Response", "{time} over", time=duration(-left))
        return tr("Response", "{time} left", time=duration(left))

    def sizeHint(self) -> QSize:
        return QSize(240, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        row = QRectF(0, 0, self.width(), 20)
        words = tr("Response", "Respond within {time}", time=span(self._within_s))
        drawing.text(painter, row, words, face=font(BODY, SEMIBOLD), colour=tokens.text_1)
        drawing.text(
            painter, row, self._words, face=font(BODY, SEMIBOLD), colour=tokens.live, align=drawing.RIGHT
        )
        bar = QRectF(0, 23, self.width(), 7)
        painter.fillRect(bar, QColor(tokens.field))
        share = min(1.0, self._gone_s / self._within_s)
        grey = QColor(tokens.stop if tokens.name == "day" else tokens.line_strong)
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), grey)
        drawing.box(painter, bar, fill=None, outline=tokens.line_strong, radius=0)
        painter.end()
