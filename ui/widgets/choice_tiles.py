"""Large tiles to choose one of: a word in the middle, its key in the corner; made for gloves."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QSizePolicy, QWidget

from ui.theme import CAPTION, MEDIUM, NAME, font
from ui.widgets import drawing
from ui.widgets.painted_button import PaintedButton

HEIGHT = 52


class ChoiceTile(PaintedButton):
    """One tile; chosen, it is filled and framed like every chosen place."""

    def __init__(self, words: str, *, key: str) -> None:
        super().__init__()
        self._key = key
        self.setText(words)
        self.setCheckable(True)
        self.setAccessibleName(words)
        self.setAccessibleDescription(key)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(round(drawing.width_of(self.text(), font(NAME, MEDIUM))) + 40, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        is_chosen = self.isChecked()
        fill = tokens.selection if is_chosen else tokens.panel
        if self.underMouse() and not is_chosen and self.isEnabled():
            fill = tokens.raised
        outline = tokens.accent if is_chosen else tokens.line_strong
        drawing.box(painter, area, fill=fill, outline=outline if self.isEnabled() else tokens.line)
        ink = tokens.text_1 if self.isEnabled() else tokens.text_3
        face = font(NAME, MEDIUM)
        drawing.text(painter, area, self.text(), face=face, colour=ink, align=drawing.CENTRE)
        corner = QRectF(area.right() - 20, 3, 14, 16)
        weak = tokens.text_1 if is_chosen else tokens.text_3
        drawing.text(painter, corner, self._key, face=font(CAPTION), colour=weak, align=drawing.RIGHT)
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        painter.end()


class ChoiceTiles(QWidget):
    """Tiles in rows, numbered from 1; none is chosen at first."""

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], *, name: str, columns: int = 3) -> None:
        """``choices`` are (key, words) in reading order."""
        super().__init__()
        self.setAccessibleName(name)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        self._group = QButtonGroup(self)
        self._tiles: dict[str, ChoiceTile] = {}
        for place, (key, words) in enumerate(choices):
            tile = ChoiceTile(words, key=str(place + 1))
            tile.setProperty("choice", key)
            self._group.addButton(tile)
            self._tiles[key] = tile
            grid.addWidget(tile, place // columns, place % columns)
        self._group.buttonClicked.connect(self._on_clicked)

    @property
    def current(self) -> str:
        """The key of the choice; empty while there is none."""
        checked = self._group.checkedButton()
        return "" if checked is None else str(checked.property("choice"))

    def choose(self, key: str) -> None:
        """Choose without telling anyone; an empty key chooses nothing."""
        self._group.setExclusive(False)
        for each, tile in self._tiles.items():
            tile.setChecked(each == key)
        self._group.setExclusive(True)

    def press(self, number: int) -> bool:
        """Choose the tile of a key from 1; False when there is none."""
        tiles = list(self._tiles.values())
        if not 1 <= number <= len(tiles) or not self.isEnabled():
            return False
        tiles[number - 1].click()
        return True

    def take_focus(self) -> None:
        """Put the focus on the choice, or on the first tile."""
        tile = self._tiles.get(self.current) or next(iter(self._tiles.values()))
        tile.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_clicked(self, tile: QAbstractButton) -> None:
        self.chosen.emit(str(tile.property("choice")))
