"""What a reading should have been, and why: the one form that changes what somebody reported."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from services.reports import ReadingView
from ui.formatting import unit_symbol, with_unit
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.form import HintLine, line_field, mark_wrong, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label


class CorrectionForm(QWidget):
    """Two fields; Enter leads from the value to the reason and from there to saving."""

    sent = Signal()
    given_up = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._head = label("", size=CAPTION, role="title")
        self.value = line_field(tr("Reporting", "Right value"))
        self.reason = line_field(tr("Reporting", "Reason"), hint=tr("Reporting", "Reason, required"))
        self._value_hint, self._reason_hint = HintLine(), HintLine()
        self.save = KeyButton(tr("Reporting", "Save correction"), key="Ctrl+Enter", is_primary=True)
        cancel = KeyButton(tr("Reporting", "Cancel"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        for each in (self._head, self.value, self._value_hint, self.reason, self._reason_hint):
            column.addWidget(each)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save, 1)
        column.addLayout(buttons)
        self.value.returnPressed.connect(self.reason.setFocus)
        self.reason.returnPressed.connect(self.save.click)
        self.save.clicked.connect(self.sent)
        cancel.clicked.connect(self.given_up)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self.save.click)

    def open_for(self, view: ReadingView) -> None:
        """Begin with what stands there now."""
        tag, value = view.tag, view.reading.value
        shown = with_unit(value, digits=tag.digits, unit=tag.unit)
        self._head.setText(tr("Reporting", "Correct {value}; both values stay on record", value=shown))
        self.value.setText(f"{value:.{max(0, tag.digits)}f} {unit_symbol(tag.unit)}".strip())
        self.reason.clear()
        self.show_refusal("", about_reason=False)
        self.show()
        self.value.setFocus(Qt.FocusReason.OtherFocusReason)
        self.value.selectAll()

    def show_refusal(self, words: str, *, about_reason: bool) -> None:
        """Say at its field what is wrong; the focus goes there."""
        for field, hint, mine in (
            (self.value, self._value_hint, not about_reason),
            (self.reason, self._reason_hint, about_reason),
        ):
            wrong = bool(words) and mine
            hint.say(words if mine else "", is_marked=wrong)
            mark_wrong(field, wrong)
            if wrong:
                field.setFocus(Qt.FocusReason.OtherFocusReason)
