"""The rail: icon over word, the key's digit beside it, one entry lit."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from ui.icons import draw_icon
from ui.navigation import RailEntry
from ui.text import tr
from ui.theme import AXIS, MEDIUM, SEMIBOLD, application_theme, font
from ui.widgets import drawing

WIDE, NARROW = 84, 56


class RailButton(QAbstractButton):
    """One entry of the rail."""

    def __init__(self, entry: RailEntry) -> None:
        super().__init__()
        self._theme = application_theme()
        self.entry = entry
        self.setText(entry.words)
        self.setCheckable(True)
        self.setAccessibleName(entry.words)
        self.setAccessibleDescription(f"Ctrl+{entry.digit}")
        self.setToolTip(f"{entry.words}  Ctrl+{entry.digit}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(NARROW, 72)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        drawing.choice_ground(painter, area, tokens, is_chosen=self.isChecked(), is_hovered=self.underMouse())
        ink = tokens.text_1 if self.isChecked() else tokens.text_2
        draw_icon(painter, self.entry.icon, x=area.width() / 2 - 12, y=14, size=24, colour=ink)
        face = font(AXIS, SEMIBOLD if self.isChecked() and area.width() > NARROW else MEDIUM)
        words = QRectF(2, 44, area.width() - 4, 16)
        drawing.text(painter, words, self.text(), face=face, colour=ink, align=drawing.CENTRE)
        digit = QRectF(area.width() - 16, 6, 10, 14)
        drawing.text(
            painter, digit, str(self.entry.digit), face=font(AXIS), colour=tokens.text_3, align=drawing.CENTRE
        )
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens, radius=0)
        painter.end()


class Rail(QWidget):
    """All entries, in the order of their keys."""

    chosen = Signal(str)
    """Room asked for."""

    def __init__(self, entries: Sequence[RailEntry]) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setAccessibleName(tr("Rail", "Screens"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, RailButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 1, 8)
        column.setSpacing(4)
        for entry in entries:
            button = RailButton(entry)
            self._group.addButton(button)
            self._buttons[entry.room] = button
            column.addWidget(button)
        column.addStretch(1)
        self._group.buttonClicked.connect(self._on_clicked)
        self.setFixedWidth(WIDE)

    def set_narrow(self, narrow: bool) -> None:
        """Use the width for small windows."""
        self.setFixedWidth(NARROW if narrow else WIDE)

    def light(self, room: str) -> None:
        """Show which room is open."""
        if room in self._buttons:
            self._buttons[room].setChecked(True)

    def _on_clicked(self, button: QAbstractButton) -> None:
        if isinstance(button, RailButton):
            self.chosen.emit(button.entry.room)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.panel))
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), QColor(tokens.line))
        painter.end()
