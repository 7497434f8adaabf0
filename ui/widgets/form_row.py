"""One question of a form: its name above, the answer, and one line that helps or says what is wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.text import tr
from ui.theme import CAPTION, MEDIUM, font
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.file_sheet import Wanted, ask_file
from ui.widgets.form import HintLine, line_field, mark_wrong
from ui.widgets.key_button import KeyButton
from ui.widgets.tick import TickBox


class FormRow(QWidget):
    """``changed`` carries key and text as a person types or chooses, ``left`` the key when he is done.

    What the program puts in with ``show_text`` is not told, and never moves a cursor that is in the field.
    """

    changed = Signal(str, str)
    left = Signal(str)

    def __init__(
        self,
        caption: str,
        editor: QWidget,
        *,
        read: Callable[[], str],
        put: Callable[[str], None],
        help_line: str = "",
        unit: str = "",
    ) -> None:
        """``read`` gives what stands in the editor, ``put`` changes it without telling anybody."""
        super().__init__()
        self._read, self._put = read, put
        self.key = ""
        """By which the form knows the question."""
        self.editor = editor
        self._help = help_line
        self.setAccessibleName(caption)
        editor.setAccessibleName(caption)
        editor.setAccessibleDescription(help_line)
        self._caption, self._hint = QLabel(caption), HintLine()
        self._caption.setFont(font(CAPTION, MEDIUM))
        self._caption.setObjectName("title")
        self._caption.setBuddy(editor)
        self._line = QHBoxLayout()
        self._line.setSpacing(6)
        self._line.addWidget(editor, 1)
        if unit:
            self.add_beside(_unit_label(unit))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._caption)
        column.addLayout(self._line)
        column.addWidget(self._hint)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say_problem("")

    @property
    def text(self) -> str:
        """What stands there now."""
        return self._read()

    def show_text(self, text: str) -> None:
        """Put something in without telling anybody."""
        self._put(text)

    def say_problem(self, words: str) -> None:
        """Say what is wrong, or help again when nothing is."""
        self._hint.say(words or self._help, is_marked=bool(words))
        self._hint.setVisible(bool(words or self._help))
        mark_wrong(self.editor, bool(words))

    def _tell_changed(self) -> None:
        self.changed.emit(self.key, self.text)

    def _tell_left(self) -> None:
        self.left.emit(self.key)

    def set_caption(self, caption: str) -> None:
        """Name the question anew."""
        self._caption.setText(caption)
        self.editor.setAccessibleName(caption)

    def add_beside(self, widget: QWidget) -> None:
        """Put something at the right of the answer."""
        self._line.addWidget(widget)


def _unit_label(unit: str) -> QLabel:
    made = QLabel(unit)
    made.setObjectName("caption")
    return made


class TextRow(FormRow):
    """A line of text or a number."""

    def __init__(self, caption: str, *, help_line: str = "", unit: str = "", hint: str = "") -> None:
        self._field: QLineEdit = line_field(caption, hint=hint)
        super().__init__(
            caption, self._field, read=self._field.text, put=self._show, help_line=help_line, unit=unit
        )
        self._field.textEdited.connect(self._tell_changed)
        self._field.editingFinished.connect(self._tell_left)

    def _show(self, text: str) -> None:
        if text != self._field.text() and not self._field.hasFocus():
            self._field.setText(text)
            self._field.setCursorPosition(0)

    def put_text(self, text: str) -> None:
        """Put something in even while the cursor is there, and tell it: a file chosen, a suggestion taken."""
        self._field.setText(text)
        self._tell_changed()
        self._tell_left()

    def complete_with(self, words: Sequence[str]) -> None:
        """Offer words while typing."""
        completer = QCompleter(list(words), self._field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._field.setCompleter(completer)


class PathRow(TextRow):
    """A file or folder, typed or looked for."""

    def __init__(self, caption: str, *, wanted: Wanted, help_line: str = "") -> None:
        super().__init__(caption, help_line=help_line)
        self._wanted, self._title = wanted, caption
        self.look = KeyButton(tr("Form", "Look\u2026"))
        self.look.clicked.connect(self._ask)
        self.add_beside(self.look)

    def _ask(self) -> None:
        start = Path(self.text) if self.text else Path.home()
        ask_file(self.window(), self._title, wanted=self._wanted, start=start, chosen=self.put_text)


class ChoiceRow(FormRow):
    """One of few or many; many are found by typing."""

    def __init__(
        self,
        caption: str,
        choices: Sequence[tuple[str, str]] = (),
        *,
        help_line: str = "",
        is_searched: bool = False,
    ) -> None:
        """``choices`` are (key, words)."""
        self._box = ChoiceBox(caption)
        self._box.setMinimumContentsLength(8)
        self._box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        super().__init__(caption, self._box, read=self._chosen, put=self._choose, help_line=help_line)
        self._choices: tuple[tuple[str, str], ...] = ()
        if is_searched:
            self._let_search()
        self.set_choices(choices)
        self._box.activated.connect(self._on_chosen)

    def _let_search(self) -> None:
        self._box.setEditable(True)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = self._box.completer()
        assert completer is not None, "an editable box has one"
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices; the present one stays when it is still among them."""
        if tuple(choices) == self._choices:
            return
        present = self.text
        self._choices = tuple(choices)
        with QSignalBlocker(self._box):
            self._box.clear()
            for key, words in choices:
                self._box.addItem(words, key)
        self.show_text(present)

    def _chosen(self) -> str:
        data = self._box.currentData()
        return "" if data is None else str(data)

    def _choose(self, text: str) -> None:
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(self._box.findData(text))

    def _on_chosen(self) -> None:
        self._tell_changed()
        self._tell_left()


class FlagRow(FormRow):
    """Yes or no; yes reads "yes", no is empty."""

    def __init__(self, caption: str, *, help_line: str = "") -> None:
        self._check = TickBox(caption)
        super().__init__("", self._check, read=self._answer, put=self._tick, help_line=help_line)
        self._check.setAccessibleName(caption)
        self._caption.hide()
        self._check.toggled.connect(self._on_toggled)

    def _answer(self) -> str:
        return "yes" if self._check.isChecked() else ""

    def _tick(self, text: str) -> None:
        with QSignalBlocker(self._check):
            self._check.setChecked(bool(text))

    def _on_toggled(self) -> None:
        self._tell_changed()
        self._tell_left()


def focus_first_wrong(rows: Sequence[FormRow], is_wrong: Callable[[FormRow], bool]) -> bool:
    """Put the focus on the first row that is wrong; False when none is."""
    wrong = next((row for row in rows if row.isVisibleTo(row.window()) and is_wrong(row)), None)
    if wrong is None:
        return False
    wrong.editor.setFocus(Qt.FocusReason.OtherFocusReason)
    return True
