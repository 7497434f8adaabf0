"""A fingerprint as people compare it: pairs in rows of eight, each at its own place."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.screens.setup.certificates.words import PAIRS_IN_A_ROW
from ui.text import tr
from ui.theme import MEDIUM, NAME, application_theme, font
from ui.widgets import drawing

PAIR_WIDTH, ROW_HEIGHT, HALF_GAP = 34, 24, 12


class FingerprintView(QWidget):
    """Shows one fingerprint; columns stand under each other, with a gap in the middle of each row."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._pairs: list[str] = []
        self.setAccessibleName(tr("Certificates", "Fingerprint"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_fingerprint(self, fingerprint: str) -> None:
        """Show pairs that are separated by colons."""
        self._pairs = fingerprint.split(":") if fingerprint else []
        self.setAccessibleDescription(" ".join(self._pairs))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(PAIRS_IN_A_ROW * PAIR_WIDTH + HALF_GAP + 16, 4 * ROW_HEIGHT + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        drawing.box(painter, area, fill=tokens.field, outline=tokens.line)
        face = font(NAME, MEDIUM)
        for place, pair in enumerate(self._pairs):
            row, column = divmod(place, PAIRS_IN_A_ROW)
            x = 8 + column * PAIR_WIDTH + HALF_GAP * (column >= PAIRS_IN_A_ROW // 2)
            cell = QRectF(x, 4 + row * ROW_HEIGHT, PAIR_WIDTH, ROW_HEIGHT)
            drawing.text(painter, cell, pair, face=face, colour=tokens.text_1, align=drawing.CENTRE)
        painter.end()
