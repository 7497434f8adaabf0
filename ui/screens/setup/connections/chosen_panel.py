"""What is chosen of a device so far: a short list at the right of step 2."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Signal

from services.set_up.link_values import ChosenValue
from ui.screens.setup.connections.words import unit_words
from ui.screens.setup.counted import counted_values
from ui.text import tr
from ui.widgets.data_table import DataTable
from ui.widgets.form import on_delete
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.table_model import Column

WIDTH = 320


class ChosenPanel(Panel):
    """``removed`` carries the ids of values that are no longer wanted."""

    removed = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Link", "Chosen"))
        self.setFixedWidth(WIDTH)
        columns = (
            Column("name", tr("Link", "Name"), _name, tip=_tip, is_hideable=False, is_name=True),
            Column("unit", tr("Link", "Unit"), _unit, width=60, is_weak=True),
        )
        self.table = DataTable(columns, name=tr("Link", "Chosen values"), identity=_id, is_on_panel=True)
        self.remove = KeyButton(tr("Link", "Take out"), key="Del")
        self._empty = EmptyState(
            tr("Link", "Nothing is chosen yet."), why=tr("Link", "Tick what you want to see and keep.")
        )
        self.body.addWidget(self._empty, 1)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.remove)
        self.remove.clicked.connect(self._take_out)
        on_delete(self.table).activated.connect(self._take_out)
        self.table.selection_changed.connect(self._look)
        self.show_values(())

    def show_values(self, values: Sequence[ChosenValue]) -> None:
        """List the values; stored ones are taken out in step 3, where their history is named."""
        self.table.set_rows(values)
        self.table.setVisible(bool(values))
        self.remove.setVisible(bool(values))
        self._empty.setVisible(not values)
        self.set_context(counted_values(len(values)) if values else "")
        self._look()

    def _look(self) -> None:
        self.remove.setEnabled(bool(self.table.selected()))

    def _take_out(self) -> None:
        chosen = self.table.selected()
        if chosen:
            self.removed.emit(chosen)


def _id(value: ChosenValue) -> UUID:
    return value.id


def _name(value: ChosenValue) -> str:
    return value.name


def _unit(value: ChosenValue) -> str:
    return unit_words(value.unit)


def _tip(value: ChosenValue) -> str:
    return f"{value.name}\n{value.label}\n{value.source}"
