"""Calm states: nothing there yet, still loading, something failed, and the bar over a window."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QGuiApplication, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui import text
from ui.icons import draw_icon
from ui.theme import BODY, CAPTION, NAME, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.key_button import KeyButton

SET_UP_ADDRESS = "setup/connections"
SKELETON_DELAY_MS = 300
WORDS_DELAY_MS = 2000


class EmptyState(QWidget):
    """One sentence, why, and the one act that helps."""

    acted = Signal()

    def __init__(self, sentence: str, *, why: str = "", act: str = "") -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(1)
        self._sentence, self._why = QLabel(sentence), QLabel(why)
        self._sentence.setFont(font(NAME, SEMIBOLD))
        self._why.setObjectName("caption")
        for each in (self._sentence, self._why):
            each.setAlignment(Qt.AlignmentFlag.AlignCenter)
            each.setWordWrap(True)
            each.setTextFormat(Qt.TextFormat.PlainText)
            column.addWidget(each)
        self._why.setVisible(bool(why))
        self._button = KeyButton(act) if act else None
        if self._button is not None:
            self._button.clicked.connect(self.acted)
            column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.setAccessibleName(sentence)
        self.setAccessibleDescription(why)

    def allow(self, may: bool) -> None:
        """Offer the act, or show it to somebody who may not do it."""
        if self._button is not None:
            self._button.setEnabled(may)

    def set_words(self, sentence: str, why: str = "") -> None:
        """Say something else."""
        self._sentence.setText(sentence)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self.setAccessibleName(sentence)
        self.setAccessibleDescription(why)


class NoPlant(EmptyState):
    """Nothing is set up: says what would stand here, and leads to where it is set up."""

    def __init__(self, sentence: str, *, go: Callable[[str], object]) -> None:
        """``go`` opens an address."""
        super().__init__(
            sentence,
            why=text.tr(
                "Notices",
                "Connect a device and say which machine it belongs to; a first value takes five minutes. "
                "A set-up file is imported in Setup, Backup; the command demo opens a living plant.",
            ),
            act=text.tr("Notices", "Connect a device"),
        )
        self._go = go
        self.acted.connect(self._set_up)

    def _set_up(self) -> None:
        self._go(SET_UP_ADDRESS)


class Loading(QWidget):
    """Grey rows after 300 ms, words and a way out after 2 s; fast work never flickers."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._stage = 0
        self._first, self._second = QTimer(self), QTimer(self)
        for timer, delay in ((self._first, SKELETON_DELAY_MS), (self._second, WORDS_DELAY_MS)):
            timer.setSingleShot(True)
            timer.setInterval(delay)
            timer.timeout.connect(self._advance)
        self._cancel = KeyButton(text.tr("Notices", "Cancel"), key="Esc")
        self._cancel.clicked.connect(self.cancelled)
        self._cancel.hide()
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignHCenter)
        self.setAccessibleName(text.tr("Notices", "Loading"))

    def showEvent(self, event: QShowEvent) -> None:
        self._stage = 0
        self._first.start()
        self._second.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._first.stop()
        self._second.stop()
        self._cancel.hide()

    def _advance(self) -> None:
        self._stage += 1
        self._cancel.setVisible(self._stage > 1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._stage == 0:
            return
        tokens = self._theme.tokens
        painter = QPainter(self)
        for row in range(max(1, min(6, self.height() // 28 - 2))):
            width = (self.width() - 32) * (0.9, 0.7, 0.8)[row % 3]
            painter.fillRect(QRectF(16, 16 + 28 * row, width, 12), QColor(tokens.raised))
        if self._stage > 1:
            words = text.tr("Notices", "Still loading. What you see elsewhere stays live.")
            area = QRectF(0, self.height() - 68, self.width(), 20)
            drawing.text(painter, area, words, face=font(CAPTION), colour=tokens.text_2, align=drawing.CENTRE)
        painter.end()


class MessageBar(QWidget):
    """A calm bar: what failed, what still works; details can be copied, the cross puts it away."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._details = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(40, 4, 8, 4)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setFont(font(BODY, SEMIBOLD))
        row.addWidget(self._words, 1)
        self._copy = KeyButton(text.tr("Notices", "Copy details"))
        self._copy.clicked.connect(self._copy_details)
        close = KeyButton("", icon="close", is_flat=True, name=text.tr("Notices", "Put away"))
        close.clicked.connect(self.hide)
        row.addWidget(self._copy)
        row.addWidget(close)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_message(self, words: str, *, details: str = "") -> None:
        """Show a sentence; ``details`` are offered for copying."""
        self._words.setText(words)
        self._details = details
        self._copy.setVisible(bool(details))
        self.setAccessibleName(words)
        self.show()

    def end_message(self, words: str) -> None:
        """Put a sentence away that is true no more; another one stays."""
        if self._words.text() == words:
            self.hide()

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self._details)

    def sizeHint(self) -> QSize:
        return QSize(400, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        drawing.box(painter, drawing.rect_f(self.rect()), fill=tokens.raised, outline=tokens.text_1, radius=0)
        draw_icon(painter, "warning", x=12, y=self.height() / 2 - 10, size=20, colour=tokens.text_1)
        painter.end()


class SimulationBar(QWidget):
    """The bar over a window whose values do not come from a real plant [NEW-14]."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self.setFixedHeight(20)
        self._words = text.tr(
            "Notices", "SIM   Simulated plant: no value on this screen comes from a real machine"
        )
        self.setAccessibleName(self._words)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        area = drawing.rect_f(self.rect())
        painter.fillRect(area, QColor(tokens.raised))
        drawing.hatch(painter, area, tokens.line, step=7)
        face = font(CAPTION, SEMIBOLD)
        width = drawing.width_of(self._words, face) + 32
        middle = QRectF(area.center().x() - width / 2, 0, width, area.height())
        painter.fillRect(middle, QColor(tokens.raised))
        drawing.text(painter, middle, self._words, face=face, colour=tokens.text_1, align=drawing.CENTRE)
        painter.end()
