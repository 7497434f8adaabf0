"""Buttons that show their key, segmented choices and counter chips: flat, outlined, painted from tokens."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from domain.condition.alarms import Priority
from ui import text
from ui.icons import draw_icon
from ui.theme import BODY, CAPTION, MEDIUM, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.painted_button import PaintedButton
from ui.widgets.priority_symbol import SymbolState, draw_symbol

HEIGHT = 32
TOOL_HEIGHT = 24


class KeyButton(PaintedButton):
    """A button with its words left and its key right in weaker type; ``is_primary`` fills it with accent."""

    def __init__(
        self,
        words: str,
        *,
        key: str = "",
        icon: str = "",
        is_primary: bool = False,
        is_flat: bool = False,
        name: str = "",
    ) -> None:
        super().__init__()
        self._key, self._icon = key, icon
        self._is_primary, self._is_flat = is_primary, is_flat
        self.setText(words)
        self.setFont(font(BODY, MEDIUM))
        self.setAccessibleName(name or words)
        self.setAccessibleDescription(key)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        if name:
            self.setToolTip(f"{name}  {key}".strip())

    def set_words(self, words: str) -> None:
        """Say something else; the size follows."""
        if words != self.text():
            self.setText(words)
            self.setAccessibleName(words)
            self.updateGeometry()

    def set_icon(self, icon: str) -> None:
        """Show another drawing."""
        self._icon = icon
        self.update()

    def sizeHint(self) -> QSize:
        width = 24.0 if self.text() else 12.0
        if self.text():
            width += drawing.width_of(self.text(), font(BODY, MEDIUM))
        if self._icon:
            width += 20 + (6 if self.text() else 0)
        if self._key:
            width += drawing.width_of(self._key, font(CAPTION)) + (10 if self.text() else 18)
        return QSize(round(width + 0.5), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        is_lit = self._is_primary and self.isEnabled()
        ink = tokens.on_accent if is_lit else (tokens.text_1 if self.isEnabled() else tokens.text_3)
        weak = tokens.on_accent if is_lit else tokens.text_3
        fill = tokens.panel
        if is_lit:
            fill = tokens.accent
        elif self.isDown() or self.isChecked():
            fill = tokens.selection
        elif self.underMouse() and self.isEnabled():
            fill = tokens.raised
        outline: str | None = tokens.line_strong if self.isEnabled() else tokens.line
        if self._is_flat and fill == tokens.panel:
            outline = None
        drawing.box(painter, area, fill=fill, outline=None if is_lit else outline)
        self._paint_words(painter, area, ink=ink, weak=weak)
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        painter.end()

    def _paint_words(self, painter: QPainter, area: QRectF, *, ink: str, weak: str) -> None:
        spare = max(0.0, (area.width() - self.sizeHint().width()) / 2)
        left = (12.0 if self.text() else 6.0) + spare
        if self._icon:
            draw_icon(painter, self._icon, x=left, y=(area.height() - 20) / 2, size=20, colour=ink)
            left += 26
        right = area.width() - spare - 12
        face = font(BODY, MEDIUM)
        if self._key:
            keys = QRectF(left, 0, right - left, area.height())
            drawing.text(painter, keys, self._key, face=font(CAPTION), colour=weak, align=drawing.RIGHT)
        room = QRectF(left, 0, drawing.width_of(self.text(), face) + 1, area.height())
        drawing.text(painter, room, self.text(), face=face, colour=ink)


class ToolButton(KeyButton):
    """A low button for the header of a panel; it can stay pressed."""

    def __init__(self, words: str, *, key: str = "", name: str = "") -> None:
        super().__init__(words, key=key, name=name)
        self.setCheckable(True)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width() - 6, TOOL_HEIGHT)


UNKNOWN_COUNT = "\u2013"


class CounterChip(QAbstractButton):
    """Symbol, total and unacknowledged count of one priority: "3 (1)"."""

    def __init__(self, priority: Priority) -> None:
        super().__init__()
        self._theme = application_theme()
        self._priority = priority
        self._total = self._waiting = UNKNOWN_COUNT
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.show_unknown()

    def show_unknown(self) -> None:
        """Show that nobody knows: no database, or not yet."""
        words = text.tr("Alarms", "{priority}: not known", priority=text.priority_name(self._priority))
        self._show(UNKNOWN_COUNT, UNKNOWN_COUNT, words)

    def show_counts(self, total: int, waiting: int) -> None:
        """Show how many alarms there are and how many wait for acknowledgement."""
        words = text.tr_n(
            "Alarms",
            "{priority}: {count} alarm, {waiting} unacknowledged",
            "{priority}: {count} alarms, {waiting} unacknowledged",
            count=total,
            priority=text.priority_name(self._priority),
            waiting=waiting,
        )
        self._show(str(total), f"({waiting})", words)

    def _show(self, total: str, waiting: str, words: str) -> None:
        self._total, self._waiting = total, waiting
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        words = drawing.width_of(f"{self._total} {self._waiting}", font(BODY, SEMIBOLD))
        return QSize(max(78, round(words) + 52), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        drawing.box(painter, area, fill=tokens.panel, outline=tokens.line)
        at = QPointF(20, area.height() / 2)
        draw_symbol(painter, at, SymbolState(self._priority), tokens=tokens, size=17)
        face = font(BODY, SEMIBOLD)
        row = area.adjusted(38, 0, -4, 0)
        drawing.text(painter, row, self._total, face=face, colour=tokens.text_1)
        row = row.adjusted(drawing.width_of(self._total, face) + 5, 0, 0, 0)
        drawing.text(painter, row, self._waiting, face=font(BODY), colour=tokens.text_2)
        if self.hasFocus():
            drawing.focus_ring(painter, area, tokens)
        painter.end()


class SegmentedButtons(QWidget):
    """One choice out of few, all visible: "1 h | 8 h | 24 h". Arrow keys move, one is always chosen."""

    chosen = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], *, name: str, current: str = "", is_low: bool = False
    ) -> None:
        """``choices`` are (key, words) in reading order; low ones fit into the header of a panel."""
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, KeyButton] = {}
        for key, words in choices:
            button = ToolButton(words) if is_low else KeyButton(words)
            button.setCheckable(True)
            button.setProperty("choice", key)
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
        self._buttons[current or choices[0][0]].setChecked(True)
        self._group.buttonClicked.connect(self._on_clicked)

    @property
    def current(self) -> str:
        """The key of the present choice."""
        return str(self._group.checkedButton().property("choice"))

    def choose(self, key: str) -> None:
        """Choose without telling anyone; KeyError for an unknown key."""
        self._buttons[key].setChecked(True)

    def set_words(self, key: str, words: str) -> None:
        """Word a choice anew, such as "Active 9"; KeyError for an unknown key."""
        self._buttons[key].set_words(words)

    def _on_clicked(self, button: QAbstractButton) -> None:
        self.chosen.emit(str(button.property("choice")))
