"""Forms of Setup: one column, label above, a helper line that becomes the complaint, values as plain data.

A form compares what it shows with what it was given: that is all there is to "not saved yet", so showing
values needs no blocked signals.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ui.screens.setup.typed_numbers import shown_number
from ui.text import tr
from ui.theme import BODY, MEDIUM, font
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.form import HintLine, line_field, mark_wrong, text_field
from ui.widgets.key_button import SegmentedButtons

Choices = Sequence[tuple[str, str]]


class Field(QWidget):
    """A label, an editor and a line under it. ``changed`` fires when a person or a program changes it."""

    changed = Signal()

    def __init__(
        self,
        title: str,
        editor: QWidget,
        *,
        read: Callable[[], Any],
        put: Callable[[Any], None],
        helper: str = "",
        is_required: bool = False,
    ) -> None:
        """``read`` gives the value that stands in the editor, ``put`` another one into it."""
        super().__init__()
        self._read, self._put = read, put
        self._editor, self._helper = editor, helper
        required = tr("Form", "required")
        self.title = QLabel(f"{title}  ({required})" if is_required else title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setFont(font(BODY, MEDIUM))
        self.title.setObjectName("title")
        self.title.setBuddy(editor)
        self.hint = HintLine()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for each in (self.title, editor, self.hint):
            column.addWidget(each)
        self.complain("")

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

    def take_focus(self) -> None:
        """Go to the editor."""
        self._editor.setFocus()


class LineField(Field):
    """One line of text; its value is a str without spaces around it."""

    def __init__(self, title: str, *, helper: str = "", hint: str = "", is_required: bool = False) -> None:
        self.editor = line_field(title, hint=hint)
        put = self.editor.setText
        super().__init__(
            title, self.editor, read=self._typed, put=put, helper=helper, is_required=is_required
        )
        self.editor.textChanged.connect(self._look)

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

    def __init__(self, title: str, choices: Choices = (), *, helper: str = "") -> None:
        self.editor = ChoiceBox(title)
        self.editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.editor.setMinimumContentsLength(12)
        self.editor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        super().__init__(title, self.editor, read=self._chosen, put=self._choose, helper=helper)
        self._choices: Choices = ()
        self.editor.currentTextChanged.connect(self.editor.setToolTip)
        self.offer(choices)
        self.editor.currentIndexChanged.connect(self.changed)

    def offer(self, choices: Choices) -> None:
        """Give other choices; what was chosen stays chosen when it is among them."""
        if tuple(choices) != tuple(self._choices):
            chosen = self.value()
            self._choices = tuple(choices)
            self.editor.clear()
            for key, words in choices:
                self.editor.addItem(words, key)
            self.show_value(chosen)

    def _chosen(self) -> str:
        return str(self.editor.currentData() or "")

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
