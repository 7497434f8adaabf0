"""Fields of forms: label above, a helper line that becomes the complaint, values as plain data.

A form compares what it shows with what it was given: that is all there is to "not saved yet", so showing
values needs no blocked signals.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.text import tr
from ui.theme import BODY, MEDIUM, font
from ui.typed_numbers import shown_number
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.file_sheet import Wanted, ask_file
from ui.widgets.form import HintLine, line_field, mark_wrong, text_field
from ui.widgets.key_button import KeyButton, SegmentedButtons
from ui.widgets.panel import label
from ui.widgets.tick import TickBox

Choices = Sequence[tuple[str, str]]


class Field(QWidget):
    """A label, an editor and a line under it.

    ``changed`` fires when a person or a program changes it; ``edited`` tells key and value of what a person
    does, ``left`` the key when he is done with it.
    """

    changed = Signal()
    edited = Signal(str, str)
    left = Signal(str)

    def __init__(
        self,
        title: str,
        editor: QWidget,
        *,
        read: Callable[[], Any],
        put: Callable[[Any], None],
        helper: str = "",
        unit: str = "",
        is_required: bool = False,
    ) -> None:
        """``read`` gives the value that stands in the editor, ``put`` another one into it."""
        super().__init__()
        self.key = ""
        """By which a form knows the field."""
        self._read, self._put = read, put
        self._editor, self._helper = editor, helper
        editor.setAccessibleDescription(helper)
        required = tr("Form", "required")
        self.title = QLabel(f"{title}  ({required})" if is_required else title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setFont(font(BODY, MEDIUM))
        self.title.setObjectName("title")
        self.title.setBuddy(editor)
        self.title.setVisible(bool(title))
        self.hint = HintLine()
        self._line = QHBoxLayout()
        self._line.setSpacing(6)
        self._line.addWidget(editor, 1)
        if unit:
            self.add_beside(label(unit, role="caption"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.title)
        column.addLayout(self._line)
        column.addWidget(self.hint)
        self.complain("")

    def add_beside(self, widget: QWidget) -> None:
        """Put something at the right of the editor."""
        self._line.addWidget(widget)

    def value(self) -> Any:
        """Return what stands there."""
        return self._read()

    def show_value(self, value: Any) -> None:
        """Put something in; what stands there already is left alone, with its cursor."""
        if value != self._read():
            self._put(value)

    def complain(self, words: str) -> None:
        """Say what is wrong; empty goes back to the helper line."""
        self.hint.say(words or self._helper, is_marked=bool(words))
        self.hint.setVisible(bool(words or self._helper))
        mark_wrong(self._editor, bool(words))

    def help_with(self, words: str) -> None:
        """Give another helper line."""
        if words != self._helper:
            self._helper = words
            self.complain("")

    @property
    def is_wrong(self) -> bool:
        """Whether a complaint stands at the field."""
        return bool(self._editor.property("wrong"))

    @property
    def has_focus(self) -> bool:
        """Whether a person is in the field."""
        return self._editor.hasFocus()

    def take_focus(self) -> None:
        """Go to the editor."""
        self._editor.setFocus()

    def _tell_edited(self) -> None:
        self.edited.emit(self.key, str(self.value()))

    def _tell_left(self) -> None:
        self.left.emit(self.key)

    def _tell_chosen(self) -> None:
        """A choice is made and left at once."""
        self._tell_edited()
        self._tell_left()


class LineField(Field):
    """One line of text; its value is a str without spaces around it."""

    def __init__(
        self, title: str, *, helper: str = "", hint: str = "", unit: str = "", is_required: bool = False
    ) -> None:
        self.editor = line_field(title, hint=hint)
        super().__init__(
            title, self.editor, read=self._typed, put=self._type, helper=helper, unit=unit,
            is_required=is_required,
        )  # fmt: skip
        self.editor.textChanged.connect(self._look)
        self.editor.textEdited.connect(self._tell_edited)
        self.editor.editingFinished.connect(self._tell_left)

    def enter(self, text: str) -> None:
        """Take a text as if it had been typed: a file looked for, a suggestion."""
        self.editor.setText(text)
        self._tell_chosen()

    def _type(self, text: str) -> None:
        self.editor.setText(text)
        self.editor.setCursorPosition(0)

    def _typed(self) -> str:
        return self.editor.text().strip()

    def take_focus(self) -> None:
        self.editor.setFocus()
        self.editor.selectAll()

    def _look(self) -> None:
        self.complain("")
        self.changed.emit()


class NumberField(LineField):
    """A number as typed; both decimal signs count. The text stays as it is, ``number_of`` reads it."""

    def show_value(self, value: Any) -> None:
        super().show_value(value if isinstance(value, str) else shown_number(value))


class PathField(LineField):
    """A file or folder, typed or looked for."""

    def __init__(self, title: str, *, wanted: Wanted, helper: str = "") -> None:
        super().__init__(title, helper=helper)
        self._wanted, self._title = wanted, title
        self.look = KeyButton(tr("Form", "Look\u2026"))
        self.look.clicked.connect(self._ask)
        self.add_beside(self.look)

    def _ask(self) -> None:
        start = Path(self.value()) if self.value() else Path.home()
        ask_file(self.window(), self._title, wanted=self._wanted, start=start, chosen=self.enter)


class FlagField(Field):
    """Yes or no; yes reads "yes", no is empty."""

    def __init__(self, title: str, *, helper: str = "") -> None:
        self.editor = TickBox(title)
        super().__init__("", self.editor, read=self._answer, put=self._tick, helper=helper)
        self.editor.toggled.connect(self.changed)
        self.editor.clicked.connect(self._tell_chosen)

    def _answer(self) -> str:
        return "yes" if self.editor.isChecked() else ""

    def _tick(self, value: str) -> None:
        self.editor.setChecked(bool(value))


class TextField(Field):
    """Several lines of text."""

    def __init__(self, title: str, *, helper: str = "", height: int = 64) -> None:
        self.editor = text_field(title, height=height)
        put = self.editor.setPlainText
        super().__init__(title, self.editor, read=self._typed, put=put, helper=helper)
        self.editor.textChanged.connect(self.changed)

    def _typed(self) -> str:
        return self.editor.toPlainText().strip()


class ChoiceField(Field):
    """One choice out of many: its value is a key. What is chosen stays when other choices are offered."""

    def __init__(
        self, title: str, choices: Choices = (), *, helper: str = "", is_searched: bool = False
    ) -> None:
        """``is_searched``: found by typing, for long lists."""
        self.editor = ChoiceBox(title)
        self.editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.editor.setMinimumContentsLength(12)
        self.editor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        super().__init__(title, self.editor, read=self._chosen, put=self._choose, helper=helper)
        self._choices: Choices = ()
        self.editor.currentTextChanged.connect(self.editor.setToolTip)
        if is_searched:
            self.editor.let_search()
        self.offer(choices)
        self.editor.currentIndexChanged.connect(self.changed)
        self.editor.activated.connect(self._tell_chosen)

    def offer(self, choices: Choices) -> None:
        """Give other choices; what was chosen stays chosen when it is among them, what is typed stays."""
        if tuple(choices) != tuple(self._choices):
            chosen, typed = self.value(), self.editor.typed() if self.has_focus else None
            self._choices = tuple(choices)
            self.editor.clear()
            for key, words in choices:
                self.editor.addItem(words, key)
            self.show_value(chosen)
            if typed is not None:
                self.editor.retype(*typed)

    def _chosen(self) -> str:
        return str(self.editor.currentData() or "")

    def show_value(self, value: Any) -> None:
        if self.editor.currentIndex() < 0 or value != self._chosen():
            self._choose(value)  # an empty key may have words too

    def show_nothing(self) -> None:
        """Choose nothing: several things are shown that differ here."""
        self.editor.setCurrentIndex(-1)

    def _choose(self, value: str) -> None:
        place = self.editor.findData(value)
        if place >= 0:
            self.editor.setCurrentIndex(place)


class SegmentField(Field):
    """One choice out of few, all in view; each may have a sentence that says what it means."""

    def __init__(
        self, title: str, choices: Choices, *, sentences: Mapping[str, str] | None = None, helper: str = ""
    ) -> None:
        self.editor = SegmentedButtons(choices, name=title)
        super().__init__(title, self.editor, read=self._chosen, put=self._choose, helper=helper)
        self._sentences = sentences or {}
        self.editor.chosen.connect(self._look)
        self._explain()

    def _chosen(self) -> str:
        return self.editor.current

    def _choose(self, value: str) -> None:
        self.editor.choose(value)
        self._look()

    def _look(self) -> None:
        self._explain()
        self.changed.emit()

    def _explain(self) -> None:
        if self._sentences:
            self.help_with(self._sentences.get(self.value(), ""))


class FieldForm(QWidget):
    """Fields in one column. ``changed`` fires with every change of one of them."""

    changed = Signal()

    def __init__(self, fields: Mapping[str, Field], *, tail: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.fields = dict(fields)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for field in self.fields.values():
            column.addWidget(field)
            field.changed.connect(self.changed)
        for each in tail:
            column.addWidget(each)

    def values(self) -> dict[str, Any]:
        """Return what stands in the fields."""
        return {key: field.value() for key, field in self.fields.items()}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Fill the fields; complaints go."""
        for key, field in self.fields.items():
            field.complain("")
            field.show_value(values[key])

    def complain(self, complaints: Mapping[str, str]) -> bool:
        """Say what is wrong at the fields and go to the first; True when something is wrong."""
        for key, field in self.fields.items():
            field.complain(complaints.get(key, ""))
        first = next((field for key, field in self.fields.items() if key in complaints), None)
        if first is not None:
            first.take_focus()
        return first is not None

    def allow(self, allowed: bool) -> None:
        """Let people change the fields, or only look."""
        for field in self.fields.values():
            field.setEnabled(allowed)


def scrolled(form: QWidget, *, most_width: int = 0) -> QScrollArea:
    """Return a form that scrolls where there is no room, no wider than one reads well (0: as it is)."""
    body = QWidget()
    body.setObjectName("scrollbody")
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 12, 8)
    column.addWidget(form)
    column.addStretch(1)
    if most_width:
        form.setMaximumWidth(most_width)
    area = QScrollArea()
    area.setObjectName("scroll")
    area.setWidgetResizable(True)
    area.setWidget(body)
    return area
