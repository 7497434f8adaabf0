"""What the bearings tab looks like: the catalogue with one bearing beside it, or a file to be taken in."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui.screens.setup.bearings.detail import BearingDetail
from ui.screens.setup.bearings.entry import EntrySheet
from ui.screens.setup.bearings.importing import ImportPanel
from ui.screens.setup.bearings.table import catalogue_table
from ui.text import tr
from ui.widgets.form import HintLine, line_field
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.undo_bar import UndoBar

SIDE_WIDTH_LEAST, SIDE_WIDTH_MOST = 330, 440
NARROW_BELOW = 1400


class BearingsView(QWidget):
    """Widgets only; the tab acts."""

    searched = Signal(str)

    def __init__(self, bar: UndoBar) -> None:
        super().__init__()
        self.search = line_field(tr("Bearings", "Search"), hint=tr("Bearings", "Search maker or designation"))
        self.search.setClearButtonEnabled(True)
        self.add = KeyButton(tr("Bearings", "Add\u2026"))
        self.bring = KeyButton(tr("Bearings", "Import\u2026"))
        self.said = HintLine()
        self.table = catalogue_table()
        self.empty = EmptyState(
            tr("Bearings", "No bearing is in the catalogue yet."),
            why=tr("Bearings", "With its geometry a fault is told by its frequency: outer race, inner race."),
            act=tr("Bearings", "Import a file"),
        )
        self.detail, self.entry, self.file = BearingDetail(), EntrySheet(), ImportPanel()
        self.side, self.pages = QStackedWidget(), QStackedWidget()
        self._build(bar)

    def _build(self, bar: UndoBar) -> None:
        for each in (self.detail, self.entry):
            self.side.addWidget(each)
        self.side.setMinimumWidth(SIDE_WIDTH_LEAST)
        self.side.setMaximumWidth(SIDE_WIDTH_MOST)
        self.catalogue = QWidget()
        row = QHBoxLayout(self.catalogue)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._card(bar), 10)
        row.addWidget(self.side, 4)
        for page in (self.catalogue, self.file):
            self.pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)
        self.search.textChanged.connect(self.searched)
        self.search.returnPressed.connect(self.table.setFocus)

    def _card(self, bar: UndoBar) -> Panel:
        self.card = Panel(tr("Bearings", "Bearing catalogue"))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.search, 1)
        head.addWidget(self.add)
        head.addWidget(self.bring)
        self.card.body.setSpacing(8)
        self.card.body.addLayout(head)
        for each in (self.said, self.table, self.empty):
            self.card.body.addWidget(each, 0 if each is self.said else 1)
        self.card.body.addWidget(bar)
        self.empty.hide()
        return self.card

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < NARROW_BELOW
        for key in ("slip", "source"):
            self.table.show_column(key, not is_narrow)
