"""A list of names with icons, one of them lit: the tabs of a screen, top to bottom."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from ui.icons import draw_icon
from ui.theme import BODY, MEDIUM, SEMIBOLD, application_theme, font
from ui.widgets import drawing

HEIGHT = 36
ICON = 18


class TabButton(QAbstractButton):
    """One name of the list."""

    def __init__(self, key: str, words: str, icon: str) -> None:
        super().__init__()
        self._theme = application_theme()
        self.key, self._icon = key, icon
        self.setText(words)
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        drawing.choice_ground(painter, area, tokens, is_chosen=self.isChecked(), is_hovered=self.underMouse())
        ink = tokens.text_1 if self.isChecked() else tokens.text_2
        draw_icon(painter, self._icon, x=12, y=(HEIGHT - ICON) / 2, size=ICON, colour=ink)
        face = font(BODY, SEMIBOLD if self.isChecked() else MEDIUM)
        words = QRectF(40, 0, area.width() - 46, area.height())
        drawing.text(painter, words, self.text(), face=face, colour=ink)
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens, radius=0)
        painter.end()


class TabList(QWidget):
    """The names from top to bottom; arrow keys walk, Enter or a click chooses."""

    chosen = Signal(str)

    def __init__(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """``entries`` are key, words and icon of each name."""
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, TabButton] = {}
        for key, words, icon in entries:
            button = TabButton(key, words, icon)
            self._group.addButton(button)
            self._buttons[key] = button
            column.addWidget(button)
        self._group.buttonClicked.connect(self._on_clicked)

    def set_chosen(self, key: str) -> None:
        """Light a name without telling anybody."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def _on_clicked(self, button: QAbstractButton) -> None:
        assert isinstance(button, TabButton)
        self.chosen.emit(button.key)
