"""Parts of a form: a line under a field that helps, warns or refuses; fields; the frame of a wrong one."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QSizePolicy, QWidget

from ui.theme import CAPTION, MEDIUM, REGULAR, font

SEND_KEYS = ("Ctrl+Return", "Ctrl+Enter")
"""Both Enter keys send a form."""


class HintLine(QLabel):
    """One sentence that may wrap; it keeps its place while it has nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMinimumHeight(18)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._is_marked: bool | None = None
        self.say("")

    def say(self, words: str, *, is_marked: bool = False) -> None:
        """Say something; what needs a look is marked with "!" and strong."""
        self.setText(f"!  {words}" if words and is_marked else words)
        self.setAccessibleName(words)
        if is_marked is not self._is_marked:
            self._is_marked = is_marked
            self.setFont(font(CAPTION, MEDIUM if is_marked else REGULAR))
            self.setObjectName("text" if is_marked else "caption")
            _polish(self)


def line_field(name: str, *, hint: str = "") -> QLineEdit:
    """Return a field of one line."""
    made = QLineEdit()
    made.setObjectName("field")
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    return made


def text_field(name: str, *, hint: str = "", height: int = 84) -> QPlainTextEdit:
    """Return a field of several lines; Tab leaves it."""
    made = QPlainTextEdit()
    made.setObjectName("field")
    made.setAccessibleName(name)
    made.setPlaceholderText(hint)
    made.setTabChangesFocus(True)
    made.setFixedHeight(height)
    return made


def mark_wrong(field: QWidget, wrong: bool) -> None:
    """Frame a field whose content is refused."""
    if bool(field.property("wrong")) is not wrong:
        field.setProperty("wrong", wrong)
        _polish(field)


def send_keys(sheet: QWidget) -> list[QShortcut]:
    """Return shortcuts that act while the focus is in the sheet."""
    context = Qt.ShortcutContext.WidgetWithChildrenShortcut
    return [QShortcut(QKeySequence(keys), sheet, context=context) for keys in SEND_KEYS]


def on_delete(table: QWidget) -> QShortcut:
    """Return a shortcut for Del that acts while the focus is in a table, and nowhere else."""
    context = Qt.ShortcutContext.WidgetShortcut
    return QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), table, context=context)


def _polish(widget: QWidget) -> None:
    widget.style().unpolish(widget)
    widget.style().polish(widget)
