"""Step 1: which kind of device, where it is, and a test that tells what it answers."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from domain.plant.tags import ConnectionKind
from services.set_up.link_draft import LinkDraft
from services.set_up.link_forms import LINK_FORMS, FieldKind, OptionField, is_asked
from ui.screens.setup.connections import words
from ui.screens.setup.connections.test_panel import TestPanel
from ui.text import tr
from ui.widgets.fields import ChoiceField, Field, FlagField, LineField, PathField
from ui.widgets.file_sheet import Wanted
from ui.widgets.key_button import ToolButton
from ui.widgets.panel import Panel, label
from ui.widgets.tab_list import TabList

KINDS_WIDTH, FORM_WIDTH = 216, 480


class DevicePage(QWidget):
    """Shows a draft; tells what a person changes of it."""

    kind_chosen = Signal(str)
    typed = Signal(str, str)
    """Name of the option and what was typed."""
    name_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._kind: ConnectionKind | None = None
        self._fields: dict[str, OptionField] = {}
        self.rows: dict[str, Field] = {}
        self._seen: set[str] = set()
        """Fields that were left or are to be complained about."""
        self.kinds = TabList([(kind.value, words.kind_name(kind), "link") for kind in LINK_FORMS])
        self.kinds.setAccessibleName(tr("Link", "Kind of device"))
        self.name = LineField(
            tr("Link", "Name"), helper=tr("Link", "As people call the device, such as PLC-2")
        )
        self._use = label("", role="caption")
        self._use.setWordWrap(True)
        self.more = ToolButton(tr("Link", "More settings"))
        self.test = TestPanel()
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._kinds_card = Panel(tr("Link", "Kind of device"), padding=6)
        self._kinds_card.setFixedWidth(KINDS_WIDTH)
        self._kinds_card.body.addWidget(self.kinds)
        self._kinds_card.body.addStretch(1)
        self._form_card = Panel(tr("Link", "Where it is"))
        self._form_card.setMaximumWidth(FORM_WIDTH)
        self._form_card.body.addWidget(self._scrolled())
        row.addWidget(self._kinds_card)
        row.addWidget(self._form_card, 3)
        row.addWidget(self.test, 2)
        self.kinds.chosen.connect(self.kind_chosen)
        self.name.edited.connect(self._on_name)
        self.name.left.connect(self._leave_name)
        self.more.toggled.connect(self._arrange)

    def _scrolled(self) -> QWidget:
        body = QWidget()
        body.setObjectName("scrollbody")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(0, 4, 8, 4)
        self._column.setSpacing(8)
        self._column.addWidget(self._use)
        self._column.addWidget(self.name)
        self._options = QVBoxLayout()
        self._options.setSpacing(8)
        self._column.addLayout(self._options)
        self._column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("scroll")
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        return area

    # ---- what the presenter tells

    def show_draft(self, draft: LinkDraft, *, is_taken: bool) -> None:
        """Show what was typed; fields that were left say what is wrong with them.

        ``is_taken``: another device has the name.
        """
        if draft.kind is not self._kind:
            self._make_rows(draft.kind)
        self.kinds.set_chosen(draft.kind.value)
        self.kinds.setEnabled(draft.before is None)
        self._use.setText(words.kind_use(draft.kind))
        self.name.show_value(draft.name)
        for name, row in self.rows.items():
            row.show_value(draft.typed.get(name, ""))
        self._typed = draft.typed
        self._arrange()
        self._show_problems(draft.answers.problems, name_problem=_name_problem(draft, is_taken=is_taken))

    def complain(self, draft: LinkDraft, *, is_taken: bool) -> None:
        """Say everything that is wrong and put the focus on the first of it."""
        self._seen = {"", *self._fields}
        problems = draft.answers.problems
        if any(self._fields[name].is_expert for name in problems):
            self.more.setChecked(True)
        self.show_draft(draft, is_taken=is_taken)
        if is_taken or not draft.name.strip():
            self.name.take_focus()
            return
        wrong = next((row for name, row in self.rows.items() if name in problems), None)
        if wrong is not None:
            wrong.take_focus()

    def begin(self) -> None:
        """A fresh draft: nothing was left yet."""
        self._seen = set()
        self.more.setChecked(False)

    # ---- inside

    def _make_rows(self, kind: ConnectionKind) -> None:
        for row in self.rows.values():
            self._options.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._kind, self._seen = kind, set()
        self._fields = {field.name: field for field in LINK_FORMS[kind]}
        self.rows = {name: _row(kind, field) for name, field in self._fields.items()}
        for name, row in self.rows.items():
            row.key = name
            row.edited.connect(self.typed)
            row.left.connect(self._leave)
            self._options.addWidget(row)

    def _arrange(self) -> None:
        """Show the fields that are asked for; what few people need only on request."""
        has_more = False
        for name, row in self.rows.items():
            field = self._fields[name]
            asked = is_asked(field, self._typed)
            has_more = has_more or (asked and field.is_expert)
            row.setVisible(asked and (not field.is_expert or self.more.isChecked()))
        self.more.setVisible(has_more)

    def _show_problems(self, problems: Mapping[str, str], *, name_problem: str) -> None:
        self.name.complain(name_problem if "" in self._seen else "")
        for name, row in self.rows.items():
            key = problems.get(name, "") if name in self._seen else ""
            field = self._fields[name]
            row.complain(words.field_problem(key, low=field.low, high=field.high) if key else "")

    def _on_name(self) -> None:
        self.name_typed.emit(self.name.value())

    def _leave_name(self) -> None:
        self._seen.add("")
        self.name_typed.emit(self.name.value())

    def _leave(self, name: str) -> None:
        self._seen.add(name)
        self.typed.emit(name, self.rows[name].value())


def _name_problem(draft: LinkDraft, *, is_taken: bool) -> str:
    if not draft.name.strip():
        return tr("Link", "Give the device a name.")
    return tr("Link", "A device has this name already. Choose another name.") if is_taken else ""


def _row(kind: ConnectionKind, field: OptionField) -> Field:
    name, help_line = words.field_name(kind, field.name), words.field_help(kind, field.name)
    if field.kind is FieldKind.CHOICE:
        choices = [(choice, words.choice_name(choice)) for choice in field.choices]
        return ChoiceField(name, choices, helper=help_line)
    if field.kind is FieldKind.FLAG:
        return FlagField(name, helper=help_line)
    if field.kind in (FieldKind.FILE, FieldKind.FOLDER):
        wanted = Wanted.FOLDER if field.kind is FieldKind.FOLDER else Wanted.OPEN
        return PathField(name, wanted=wanted, helper=help_line)
    return LineField(name, helper=help_line, unit=field.unit)
