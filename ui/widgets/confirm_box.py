"""A question before an act that needs care: names object and effect, asks a reason; Cancel is the default.

It stands in the screen where the act was asked for, never over the alarms (HMI guide, 8).
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.text import tr
from ui.theme import BODY, NAME, application_theme
from ui.widgets import drawing
from ui.widgets.hold_button import HoldButton
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label


class ConfirmBox(QWidget):
    """``confirmed`` carries the reason; ``cancelled`` fires for Cancel and Esc. Hidden until it asks."""

    confirmed = Signal(str)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._title, self._effect = label("", size=NAME, strong=True), label("", size=BODY, role="title")
        self._caption = label("", role="title")
        self.reason = QLineEdit()
        self.reason.setObjectName("field")
        self.cancel = KeyButton(tr("Confirm", "Cancel"), key="Esc", is_primary=True)
        self.confirm = HoldButton("")
        for each in (self._title, self._effect, self._caption):
            each.setWordWrap(True)
        self._build()
        self.hide()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        for each in (self._title, self._effect, self._caption, self.reason):
            column.addWidget(each)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.cancel)
        row.addWidget(self.confirm)
        row.addStretch(1)
        column.addLayout(row)
        self.cancel.clicked.connect(self._put_away)
        self.confirm.held.connect(self._agree)
        self.reason.textChanged.connect(self._look)

    def ask(self, title: str, *, effect: str, act: str, reason: str = "") -> None:
        """Ask; ``reason`` words the field for it, empty asks for none. Focus goes to Cancel."""
        self._title.setText(title)
        self._effect.setText(effect)
        self._caption.setText(reason)
        self._caption.setVisible(bool(reason))
        self.reason.clear()
        self.reason.setVisible(bool(reason))
        self.reason.setAccessibleName(reason)
        self.confirm.set_words(act)
        self.setAccessibleName(title)
        self.setAccessibleDescription(effect)
        self._look()
        self.show()
        self.cancel.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._put_away()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        drawing.box(painter, drawing.rect_f(self.rect()), fill=tokens.raised, outline=tokens.text_1)
        painter.end()

    def _look(self) -> None:
        """A reason that is asked for must be given."""
        is_given = bool(self.reason.text().strip()) or self.reason.isHidden()
        self.confirm.setEnabled(is_given)
        self.confirm.setToolTip("" if is_given else tr("Confirm", "Give the reason first."))

    def _agree(self) -> None:
        self.hide()
        self.confirmed.emit(self.reason.text().strip())

    def _put_away(self) -> None:
        if not self.isHidden():
            self.hide()
            self.cancelled.emit()
