"""Step 2 for devices that do not tell: the maker's register list from a file, or registers by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from domain.units import all_units
from services.set_up.link_values import place_key, place_words
from services.set_up.register_lists import (
    NUMBERINGS,
    ORDERS,
    TABLES,
    TYPES,
    UNIT_LATER,
    RegisterList,
    cure_of,
)
from services.set_up.register_rows import DraftTag, RowProblem
from services.set_up.register_words import Column
from ui.screens.setup.connections.chosen_panel import ChosenPanel
from ui.screens.setup.connections.words import unit_words
from ui.text import plain, tip, tr
from ui.theme import CAPTION, MEDIUM, font
from ui.widgets.fields import ChoiceField, LineField
from ui.widgets.file_sheet import Wanted, ask_file
from ui.widgets.form import HintLine
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.tick import TickDelegate

NAME, ADDRESS, TYPE, UNIT, PROBLEM = range(5)
EDITED: Final = {NAME: Column.NAME, ADDRESS: Column.ADDRESS, TYPE: Column.TYPE, UNIT: Column.UNIT}
KINDS_OF_FILES: Final = "Register lists (*.csv *.txt *.xlsx)"


class RegisterNode(QTreeWidgetItem):
    """A row of the list; its cells can be corrected."""

    def __init__(self, draft: DraftTag) -> None:
        place = place_words(draft.address) if draft.address else ""
        super().__init__([draft.name, place, str(draft.address.get("type", "")), unit_words(draft.unit), ""])
        self.draft = draft
        flags = self.flags() | Qt.ItemFlag.ItemIsEditable
        if is_usable(draft):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
            self.setCheckState(NAME, Qt.CheckState.Unchecked)
        self.setFlags(flags)
        self.setText(PROBLEM, "; ".join(problem_words(each) for each in draft.problems))
        self.setToolTip(PROBLEM, tip("\n".join(problem_words(each) for each in draft.problems)))


class RegisterPage(QWidget):
    """Shows a list and tells what is wanted of it."""

    file_chosen = Signal(str)
    sheet_chosen = Signal(str)
    assumed = Signal(object)
    """Assumptions by name: numbering, default_type, default_table, order."""
    corrected = Signal(int, object, str)
    """Row of the file, column, and the new text."""
    ticked = Signal(object, bool)
    """DraftTags, and whether they are wanted."""
    typed = Signal(object)
    """A register by hand: name, address, table, kind, unit."""

    def __init__(self) -> None:
        super().__init__()
        self.open_file = KeyButton(tr("Link", "Read a register list\u2026"), key="Ctrl+I", is_primary=True)
        self.all_rows = KeyButton(tr("Link", "Tick all that can be read"))
        self.said = HintLine()
        self.tree = _tree()
        self._empty = EmptyState(
            tr("Link", "No register list is open."),
            why=tr(
                "Link",
                "Makers publish lists as CSV or Excel: name, register, type, unit. Or type registers below.",
            ),
        )
        self.chosen = ChosenPanel()
        self._ticks: frozenset[tuple[object, ...]] = frozenset()
        self._make_assumptions()
        self._make_hand()
        self._build()

    def _make_assumptions(self) -> None:
        own = ("", tr("Link", "as the list says"))
        self.sheet = ChoiceField(tr("Link", "Sheet"))
        self.numbering = ChoiceField(
            tr("Link", "Numbers count"), [own, *((each, numbering_words(each)) for each in NUMBERINGS)]
        )
        self.kind = ChoiceField(tr("Link", "Type, if not said"), [own, *((each, each) for each in TYPES)])
        self.place = ChoiceField(
            tr("Link", "Table, if not said"), [own, *((each, plain(each)) for each in TABLES)]
        )
        self.order = ChoiceField(tr("Link", "Byte order, if not said"), [(each, each) for each in ORDERS])
        for row in (self.numbering, self.kind, self.place):
            row.show_value("")
        self.order.show_value(ORDERS[0])
        for row in (self.numbering, self.kind, self.place, self.order):
            row.edited.connect(self._on_assumed)
        self.sheet.edited.connect(self._on_sheet)

    def _make_hand(self) -> None:
        units = [("", ""), *((unit.code, unit.symbol or unit.code) for unit in all_units())]
        self.hand_name = LineField(tr("Link", "Name"))
        self.hand_address = LineField(tr("Link", "Register"), hint="40001, 4x1, 0x10")
        self.hand_table = ChoiceField(tr("Link", "Table"), [(each, plain(each)) for each in reversed(TABLES)])
        self.hand_kind = ChoiceField(tr("Link", "Type"), [(each, each) for each in TYPES])
        self.hand_unit = ChoiceField(tr("Link", "Unit"), units, is_searched=True)
        self.hand_table.show_value("holding")
        self.hand_kind.show_value("float32")
        self.add = KeyButton(tr("Link", "Add"), key="Enter")

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self._list_card(), 1)
        left.addWidget(self._hand_card())
        row.addLayout(left, 1)
        row.addWidget(self.chosen)
        self.open_file.clicked.connect(self._ask_file)
        shortcut = QShortcut(QKeySequence("Ctrl+I"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._ask_file)
        self.all_rows.clicked.connect(self._tick_all)
        self.tree.itemChanged.connect(self._on_changed)
        self.add.clicked.connect(self._on_add)
        for each in (self.hand_name, self.hand_address):
            each.editor.returnPressed.connect(self._on_add)
        self._show_list(False)

    def _list_card(self) -> Panel:
        card = Panel(tr("Link", "Register list of the maker"))
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.open_file)
        tools.addWidget(self.all_rows)
        tools.addStretch(1)
        self._assumptions = QWidget()
        settings = QHBoxLayout(self._assumptions)
        settings.setContentsMargins(0, 0, 0, 0)
        settings.setSpacing(8)
        for each in (self.sheet, self.numbering, self.kind, self.place, self.order):
            settings.addWidget(each)
        card.body.addLayout(tools)
        card.body.addWidget(self._assumptions)
        card.body.addWidget(self.said)
        card.body.addWidget(self._empty, 1)
        card.body.addWidget(self.tree, 1)
        return card

    def _hand_card(self) -> Panel:
        card = Panel(
            tr("Link", "By hand"), tr("Link", "40001 is holding register 0; 0x10 and 16 count from 0")
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        for each, stretch in (
            (self.hand_name, 3),
            (self.hand_address, 2),
            (self.hand_table, 2),
            (self.hand_kind, 2),
            (self.hand_unit, 2),
        ):
            row.addWidget(each, stretch, Qt.AlignmentFlag.AlignTop)
        beside = QVBoxLayout()
        beside.addSpacing(18)
        beside.addWidget(self.add)
        beside.addStretch(1)
        row.addLayout(beside)
        card.body.addLayout(row)
        return card

    # ---- what the presenter tells

    def begin(self) -> None:
        """Forget the list of another device."""
        self.tree.clear()
        self.said.say("")
        self._show_list(False)

    def show_list(self, found: RegisterList) -> None:
        """Show every row, with every problem it has."""
        self._show_list(True)
        self.sheet.offer([(each, each) for each in found.sheets])
        self.sheet.show_value(found.sheet)
        self.sheet.setVisible(len(found.sheets) > 1)
        self._list_rows(found.found.drafts)
        usable = sum(is_usable(draft) for draft in found.found.drafts)
        self.said.say(
            tr(
                "Link",
                "{name}: {usable} of {count} rows can be taken. Correct a cell with F2; the file stays.",
                name=found.path.name,
                usable=usable,
                count=len(found.found.drafts),
            )
        )
        self.show_ticks(self._ticks)

    def _list_rows(self, drafts: Sequence[DraftTag]) -> None:
        """List the rows anew; one goes on in the cell where one was."""
        row, column = self.tree.currentIndex().row(), self.tree.currentColumn()
        top = self.tree.verticalScrollBar().value()
        with QSignalBlocker(self.tree):
            self.tree.clear()
            self.tree.addTopLevelItems([RegisterNode(draft) for draft in drafts])
        before = self.tree.topLevelItem(row) if row >= 0 else None
        if before is not None:
            self.tree.setCurrentItem(before, column)
            self.tree.verticalScrollBar().setValue(top)

    def show_failed(self, words: str) -> None:
        """Say why a list or cell was not taken."""
        self.said.say(words, is_marked=True)

    def show_ticks(self, ticks: frozenset[tuple[object, ...]]) -> None:
        """Tick what is chosen."""
        self._ticks = ticks
        with QSignalBlocker(self.tree):
            for node in self._nodes():
                if is_usable(node.draft):
                    is_chosen = place_key(node.draft.address) in ticks
                    node.setCheckState(NAME, Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)

    def show_hand_problems(self, problems: Sequence[RowProblem]) -> None:
        """Say what is wrong with the register typed, or make room for the next."""
        by_column = {each.column: problem_words(each) for each in problems if each.key not in UNIT_LATER}
        self.hand_name.complain(by_column.get(Column.NAME, ""))
        others = [words for column, words in by_column.items() if column is not Column.NAME]
        self.hand_address.complain("; ".join(others))
        if not by_column:
            for row in (self.hand_name, self.hand_address):
                row.editor.clear()
            self.hand_name.take_focus()

    # ---- inside

    def _nodes(self) -> list[RegisterNode]:
        found = [self.tree.topLevelItem(at) for at in range(self.tree.topLevelItemCount())]
        return [node for node in found if isinstance(node, RegisterNode)]

    def _show_list(self, is_shown: bool) -> None:
        self.tree.setVisible(is_shown)
        self.all_rows.setVisible(is_shown)
        self._assumptions.setVisible(is_shown)
        self._empty.setVisible(not is_shown)

    def _ask_file(self) -> None:
        ask_file(
            self.window(), tr("Link", "Register list"), wanted=Wanted.OPEN, start=Path.home(),
            kinds=KINDS_OF_FILES, chosen=self.file_chosen.emit,
        )  # fmt: skip

    def _on_sheet(self) -> None:
        self.sheet_chosen.emit(self.sheet.value())

    def _on_assumed(self) -> None:
        self.assumed.emit(
            {
                "numbering": self.numbering.value(),
                "default_type": self.kind.value(),
                "default_table": self.place.value(),
                "order": self.order.value(),
            }
        )

    def _on_changed(self, node: QTreeWidgetItem, column: int) -> None:
        assert isinstance(node, RegisterNode)
        if column == NAME and node.text(NAME) == node.draft.name:
            self.ticked.emit([node.draft], node.checkState(NAME) is Qt.CheckState.Checked)
        elif column in EDITED:
            self.corrected.emit(node.draft.row, EDITED[column], node.text(column))

    def _tick_all(self) -> None:
        self.ticked.emit([node.draft for node in self._nodes() if is_usable(node.draft)], True)

    def _on_add(self) -> None:
        self.typed.emit(
            {
                "name": self.hand_name.value(),
                "address": self.hand_address.value(),
                "table": self.hand_table.value(),
                "kind": self.hand_kind.value(),
                "unit": self.hand_unit.value(),
            }
        )


def is_usable(draft: DraftTag) -> bool:
    """Say whether a row can be taken: only its unit may still be open."""
    return bool(draft.address) and all(problem.key in UNIT_LATER for problem in draft.problems)


def problem_words(problem: RowProblem) -> str:
    """Return what is wrong with a cell and what to do."""
    found = f" '{problem.found}'" if problem.found else ""
    return f"{plain(problem.column.value)}{found}: {tr('Register list', cure_of(problem))}"


def numbering_words(numbering: str) -> str:
    """Return what bare numbers of a list count."""
    return {
        "reference": tr("Link", "40001 is register 0"),
        "from_0": tr("Link", "from 0, as on the wire"),
        "from_1": tr("Link", "from 1"),
    }[numbering]


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setObjectName("tree")
    tree.setAccessibleName(tr("Link", "Register list"))
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setItemDelegateForColumn(NAME, TickDelegate(tree))
    tree.setHeaderLabels(
        [
            tr("Link", "Name"),
            tr("Link", "Register"),
            tr("Link", "Type"),
            tr("Link", "Unit"),
            tr("Link", "To do"),
        ]
    )
    header = tree.header()
    header.setFont(font(CAPTION, MEDIUM))
    header.setStretchLastSection(False)
    for column, width in ((ADDRESS, 150), (TYPE, 76), (UNIT, 64)):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(column, width)
    header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(PROBLEM, QHeaderView.ResizeMode.Stretch)
    return tree
