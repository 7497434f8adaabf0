"""What the machines tab looks like: tree left; edit panel, sheet or question right."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from domain.plant.templates import MachineClass
from ui.screens.setup.machines.editor import EditPanel
from ui.screens.setup.machines.sheets import LineSheet, MachineSheet, PointSheet
from ui.screens.setup.machines.tree import PlantTree
from ui.text import tr
from ui.widgets.confirm_box import ConfirmBox
from ui.widgets.form import line_field
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.undo_bar import UndoBar

TREE_WIDTH_LEAST, TREE_WIDTH_MOST = 320, 460


class MachinesView(QWidget):
    """Widgets only; the tab acts."""

    searched = Signal(str)
    moved = Signal(int)

    def __init__(self, classes: tuple[MachineClass, ...], bar: UndoBar) -> None:
        super().__init__()
        self.tree = PlantTree()
        self.search = line_field(tr("Machines", "Search"), hint=tr("Machines", "Search name or code"))
        self.search.setClearButtonEnabled(True)
        self.add_line = KeyButton(tr("Machines", "Add line\u2026"))
        self.add_machine = KeyButton(tr("Machines", "Add machine\u2026"))
        self.add_point = KeyButton(tr("Machines", "Add point\u2026"))
        self.editor = EditPanel()
        self.question = ConfirmBox()
        self.sheets = (LineSheet(), MachineSheet(classes), PointSheet())
        self.line_sheet, self.machine_sheet, self.point_sheet = self.sheets
        self.empty = EmptyState(
            tr("Machines", "No machine is set up yet."),
            why=tr("Machines", "Values, alarms and orders all belong to a machine: begin with one."),
            act=tr("Machines", "Add a machine"),
        )
        self.right = QStackedWidget()
        self._build(bar)
        self._connect()

    def _build(self, bar: UndoBar) -> None:
        nothing = Panel()
        nothing.body.addWidget(self.empty)
        for page in (nothing, self.editor, *self.sheets):
            self.right.addWidget(page)
        self.nothing = nothing
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.question)
        right.addWidget(self.right, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._tree_card(bar), 4)
        row.addLayout(right, 9)
        row.setContentsMargins(0, 0, 0, 0)
        self.setLayout(row)

    def _tree_card(self, bar: UndoBar) -> Panel:
        card = Panel(tr("Machines", "Plant"))
        card.setMinimumWidth(TREE_WIDTH_LEAST)
        card.setMaximumWidth(TREE_WIDTH_MOST)
        card.body.setSpacing(8)
        card.body.addWidget(self.search)
        card.body.addLayout(_under(bar, self.tree), 1)
        row = QHBoxLayout()
        row.setSpacing(6)
        for each in (self.add_line, self.add_machine, self.add_point):
            row.addWidget(each)
        row.addStretch(1)
        card.body.addLayout(row)
        self.card = card
        return card

    def _connect(self) -> None:
        self.search.textChanged.connect(self.searched)
        self.search.returnPressed.connect(self.tree.setFocus)
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, step in (("Alt+Up", -1), ("Alt+Down", 1)):
            shortcut = QShortcut(QKeySequence(keys), self, context=context)
            shortcut.activated.connect(self._move_up if step < 0 else self._move_down)
        delete = QShortcut(QKeySequence("Del"), self.tree, context=Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self.editor.remove.click)
        down = QShortcut(QKeySequence("Down"), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.tree.setFocus)

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the right."""
        self.right.setCurrentWidget(page)

    def put_question_away(self) -> None:
        """Hide the question and give the form back."""
        self.question.hide()
        self.editor.setEnabled(True)

    @property
    def page(self) -> QWidget:
        """What stands at the right."""
        return self.right.currentWidget()

    def _move_up(self) -> None:
        self.moved.emit(-1)

    def _move_down(self) -> None:
        self.moved.emit(1)


def _under(bar: UndoBar, content: QWidget) -> QGridLayout:
    """Return a content with a bar over its lower edge: the bar comes and goes and nothing moves."""
    layers = QGridLayout()
    layers.addWidget(content, 0, 0)
    layers.addWidget(bar, 0, 0, Qt.AlignmentFlag.AlignBottom)
    bar.raise_()
    return layers
