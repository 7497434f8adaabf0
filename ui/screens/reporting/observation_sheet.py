"""The sheet for what somebody noticed: a tile, a few words, sent with one key [ACQ-6]."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from domain.condition.evidence import ObservationKind
from domain.plant.assets import MeasurementPoint
from ui.formatting import PlantTime
from ui.screens.reporting.drafts import ObservationDraft
from ui.screens.reporting.when import WhenChoice
from ui.screens.reporting.words import kind_name
from ui.text import tr
from ui.theme import CAPTION, NAME
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.choice_tiles import ChoiceTiles
from ui.widgets.form import HintLine, mark_wrong, send_keys, text_field
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label


class ObservationSheet(QWidget):
    """Shows a draft and says when it changed; knows nothing of services."""

    changed = Signal()
    sent = Signal()

    def __init__(self, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> None:
        super().__init__()
        self._machine = label("", size=NAME, strong=True)
        self._place = ChoiceBox(tr("Reporting", "Where"))
        self._tiles = ChoiceTiles(
            [(kind.value, kind_name(kind)) for kind in ObservationKind],
            name=tr("Reporting", "What did you notice?"),
        )
        self._kind_hint, self._text_hint, self._told = HintLine(), HintLine(), HintLine()
        self._text = text_field(
            tr("Reporting", "What exactly?"),
            hint=tr("Reporting", "For instance: grinding at full speed"),
        )
        self._when = WhenChoice(tr("Reporting", "How long ago?"), plant_time=plant_time, now_us=now_us)
        self._send = KeyButton(tr("Reporting", "Send"), key="Ctrl+Enter", is_primary=True)
        self._draft = ObservationDraft()
        self._build()
        self._connect()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._machine)
        column.addWidget(self._place)
        column.addSpacing(8)
        column.addWidget(_head(tr("Reporting", "What did you notice?")))
        column.addWidget(self._tiles)
        column.addWidget(self._kind_hint)
        column.addWidget(_head(tr("Reporting", "What exactly?")))
        column.addWidget(self._text)
        column.addWidget(self._text_hint)
        column.addWidget(self._when)
        column.addSpacing(12)
        column.addWidget(self._send)
        column.addWidget(self._told)
        column.addStretch(1)

    def _connect(self) -> None:
        self._tiles.chosen.connect(self._edit)
        self._text.textChanged.connect(self._edit)
        self._place.activated.connect(self._edit)
        self._when.changed.connect(self._edit)
        self._send.clicked.connect(self.sent)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self._send.click)

    # ---- what it shows

    def show_machine(self, name: str, points: Sequence[MeasurementPoint], draft: ObservationDraft) -> None:
        """Show what was begun at a machine."""
        self._machine.setText(name)
        self._place.clear()
        self._place.addItem(tr("Reporting", "The whole machine"), None)
        for point in points:
            self._place.addItem(point.name, str(point.id))
        self._place.setVisible(bool(points))
        self._told.say("")
        self._show(draft)

    def _show(self, draft: ObservationDraft) -> None:
        self._draft = draft
        self._tiles.choose("" if draft.kind is None else draft.kind.value)
        point = None if draft.point_id is None else str(draft.point_id)
        self._place.setCurrentIndex(max(0, self._place.findData(point)))
        self._when.show_moment(draft.when)
        if self._text.toPlainText() != draft.text:
            self._text.setPlainText(draft.text)
        self._clear_errors()

    def say(self, words: str) -> None:
        """Say what is known of the draft."""
        self._told.say(words)

    def begin(self) -> None:
        """Let the keys of the tiles work at once."""
        self._tiles.take_focus()

    def show_sent(self, words: str) -> None:
        """Say that it arrived, and be ready for the next one."""
        self._show(ObservationDraft())
        self._told.say(words)
        self.begin()

    def show_refusal(self, words: str, *, is_about_text: bool) -> None:
        """Say at the field what is missing; the focus goes there."""
        hint = self._text_hint if is_about_text else self._kind_hint
        hint.say(words, is_marked=True)
        if is_about_text:
            mark_wrong(self._text, True)
            self._text.setFocus()
        else:
            self._tiles.take_focus()

    def show_busy(self, busy: bool) -> None:
        """Do not take a second order while the first is under way."""
        self._send.setEnabled(not busy)

    @property
    def draft(self) -> ObservationDraft:
        """What stands in the sheet."""
        return self._draft

    # ---- what the operator does

    def _edit(self) -> None:
        point = self._place.currentData()
        draft = replace(
            self._draft,
            kind=ObservationKind(self._tiles.current) if self._tiles.current else None,
            point_id=UUID(point) if point else None,
            text=self._text.toPlainText(),
            when=self._when.moment,
        )
        if draft == self._draft:
            return  # only shown
        self._draft = draft
        if not self._draft == ObservationDraft():
            self._told.say("")
        self._clear_errors()
        self.changed.emit()

    def _clear_errors(self) -> None:
        self._kind_hint.say("")
        self._text_hint.say("")
        mark_wrong(self._text, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Digits choose a tile; the words come next."""
        digit = event.key() - Qt.Key.Key_0
        if not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and self._tiles.press(digit):
            self._text.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        super().keyPressEvent(event)


def _head(words: str) -> QWidget:
    return label(words, size=CAPTION, role="title")
