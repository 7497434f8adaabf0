"""One value of a round: what it was, a field with its unit, a note, or why it could not be measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from domain.condition.evidence import MissReason
from ui.screens.reporting.drafts import LineDraft
from ui.screens.reporting.words import miss_name
from ui.text import tr
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.form import HintLine, line_field, mark_wrong
from ui.widgets.key_button import ToolButton
from ui.widgets.panel import label

UNIT_WIDTH = 84


@dataclass(frozen=True, slots=True)
class LineState:
    """A value to read as the sheet shows it; ``units`` are (code, symbol), the tag's own first."""

    key: int
    name: str
    place: str
    last: str
    units: Sequence[tuple[str, str]]


class RoundLine(QWidget):
    """Shows a draft of one value and says when it changed."""

    changed = Signal(int)
    settled = Signal(int)
    """The operator is done with the field."""
    left = Signal(int)
    """Enter: the next field, please."""
    past_asked = Signal(int)

    def __init__(self, state: LineState, draft: LineDraft, *, read_only: bool) -> None:
        super().__init__()
        self.key, self._state = state.key, state
        self.field = line_field(tr("Reporting", "Value of {name}", name=state.name))
        self._unit = ChoiceBox(tr("Reporting", "Unit"))
        self._reason = ChoiceBox(tr("Reporting", "Why not"))
        self._note = line_field(tr("Reporting", "Note"), hint=tr("Reporting", "Note"))
        self._note_button = ToolButton(tr("Reporting", "Note"))
        self._miss_button = ToolButton(tr("Reporting", "Not measurable"))
        self._past = ToolButton(tr("Reporting", "Last readings"))
        self._past.setCheckable(False)
        self._last, self._hint = HintLine(), HintLine()
        self._fill(state, draft)
        self._build()
        self._arrange()
        self._connect()
        for each in (self.field, self._unit, self._reason, self._note, self._note_button, self._miss_button):
            each.setEnabled(not read_only)

    def _fill(self, state: LineState, draft: LineDraft) -> None:
        for code, symbol in state.units:
            self._unit.addItem(symbol, code)
        for reason in MissReason:
            self._reason.addItem(miss_name(reason), reason.value)
        self._unit.setFixedWidth(UNIT_WIDTH)
        self.field.setText(draft.words)
        self._unit.setCurrentIndex(max(0, self._unit.findData(draft.unit)))
        self._note.setText(draft.note)
        self._note_button.setChecked(bool(draft.note))
        self._miss_button.setChecked(draft.reason is not None)
        if draft.reason is not None:
            self._reason.setCurrentIndex(self._reason.findData(draft.reason.value))
        place = f"{state.place}, " if state.place else ""
        self._last.say(place + state.last)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(label(self._state.name, strong=True), 1)
        head.addWidget(self._past)
        column.addLayout(head)
        column.addWidget(self._last)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        row.addWidget(self._unit)
        row.addWidget(self._reason, 1)
        row.addWidget(self._note_button)
        row.addWidget(self._miss_button)
        column.addLayout(row)
        column.addWidget(self._note)
        column.addWidget(self._hint)

    def _connect(self) -> None:
        self.field.textEdited.connect(self._edit)
        self._note.textEdited.connect(self._edit)
        self._unit.activated.connect(self._edit)
        self._reason.activated.connect(self._edit)
        self.field.editingFinished.connect(self._settle)
        self.field.returnPressed.connect(self._leave)
        self._note.returnPressed.connect(self._leave)
        self._note_button.clicked.connect(self._ask_note)
        self._miss_button.clicked.connect(self._give_up)
        self._past.clicked.connect(self._ask_past)

    # ---- what it shows

    @property
    def draft(self) -> LineDraft:
        """What stands in the line."""
        reason = MissReason(self._reason.currentData()) if self._miss_button.isChecked() else None
        unit = str(self._unit.currentData())
        own = self._state.units[0][0]
        note = self._note.text() if self._has_note else ""
        return LineDraft(self.field.text(), "" if unit == own else unit, note, reason)

    @property
    def hint(self) -> str:
        """What stands under the field."""
        return self._hint.text()

    def say(self, words: str, *, is_marked: bool = False, is_wrong: bool = False) -> None:
        """Help, warn or refuse under the field."""
        self._hint.say(words, is_marked=is_marked)
        wrong_note = is_wrong and self._miss_button.isChecked()
        mark_wrong(self._note, wrong_note)
        mark_wrong(self.field, is_wrong and not wrong_note)

    def take_focus(self) -> None:
        """Put the focus where the next word belongs."""
        target: QWidget = self.field if self.field.isVisibleTo(self) else self._reason
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def _has_note(self) -> bool:
        return self._note_button.isChecked() or self._miss_button.isChecked()

    def _arrange(self) -> None:
        missing = self._miss_button.isChecked()
        for each in (self.field, self._unit, self._note_button):
            each.setVisible(not missing)
        self._reason.setVisible(missing)
        self._note.setVisible(self._has_note)

    # ---- what the operator does

    def _edit(self) -> None:
        self.changed.emit(self.key)

    def _settle(self) -> None:
        self.settled.emit(self.key)

    def _leave(self) -> None:
        self.left.emit(self.key)

    def _ask_note(self) -> None:
        self._arrange()
        if self._note_button.isChecked():
            self._note.setFocus(Qt.FocusReason.OtherFocusReason)
        self._edit()

    def _give_up(self) -> None:
        self._arrange()
        self.take_focus()
        self._edit()

    def _ask_past(self) -> None:
        self.past_asked.emit(self.key)
