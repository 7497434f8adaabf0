"""The values of a machine or point: who brings each, and which still wait for a device."""

from dataclasses import dataclass
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from domain.plant.assets import MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.tags import Tag
from ui.formatting import unit_symbol
from ui.screens.setup.machines.nodes import Thing, is_brought
from ui.text import tr, tr_n
from ui.theme import CAPTION
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import label
from ui.widgets.table_model import Column


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A value and who brings it."""

    tag: Tag
    device: str


def value_rows(thing: Thing, plant: Plant) -> tuple[ValueRow, ...]:
    """Return the values of devices below an asset or at a point, those that wait first."""
    tags = tags_below(thing, plant)
    names = {each.id: each.name for each in plant.connections}
    waits = tr("Machines", "waits for a device")
    rows = [
        ValueRow(tag, names.get(tag.connection_id, waits) if tag.connection_id else waits)
        for tag in tags
        if is_brought(tag)
    ]
    return tuple(sorted(rows, key=lambda row: (row.tag.connection_id is not None, row.tag.key)))


def tags_below(thing: Thing, plant: Plant) -> tuple[Tag, ...]:
    """Return every tag that belongs to an asset or point, computed ones among them."""
    if isinstance(thing, MeasurementPoint):
        return tuple(tag for tag in plant.tags if tag.point_id == thing.id)
    return plant.tags_of(thing.id)


class ValuesPanel(QWidget):
    """The table with its one act. ``removal_asked`` carries the tags."""

    removal_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        columns = (
            Column("name", tr("Machines", "Value"), _name, tip=_tip, is_hideable=False, is_name=True),
            Column("unit", tr("Machines", "Unit"), _unit, width=58, is_weak=True),
            Column("device", tr("Machines", "Device"), _device, width=132, tip=_device, is_hideable=False),
        )
        name = tr("Machines", "Values")
        self.table = DataTable(columns, name=name, identity=_id, row_height=ROW_COMPACT, is_on_panel=True)
        self.figures = label("", size=CAPTION, role="caption")
        self.figures.setWordWrap(True)
        self.remove = KeyButton(tr("Machines", "Remove value"))
        self._is_allowed = True
        row = QHBoxLayout()
        row.addWidget(self.remove)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(label(name, strong=True, role="title"))
        column.addWidget(self.table, 1)
        column.addWidget(self.figures)
        column.addLayout(row)
        self.table.selection_changed.connect(self._look)
        self.remove.clicked.connect(self._ask)
        self._look()

    def show_thing(self, thing: Thing, plant: Plant) -> None:
        """Show the values of an asset or point."""
        rows = value_rows(thing, plant)
        figures = len(tags_below(thing, plant)) - len(rows)
        self.table.set_rows(rows)
        none = tr("Machines", "No value of a device belongs here yet. ")
        words = tr_n(
            "Machines",
            "{count} computed figure belongs to it.",
            "{count} computed figures belong to it.",
            count=figures,
        )
        self.figures.setText(f"{'' if rows else none}{words if figures else ''}".strip())
        self._look()

    def allow(self, allowed: bool) -> None:
        """Let people remove values, or only look."""
        self._is_allowed = allowed
        self._look()

    def _look(self) -> None:
        self.remove.setEnabled(self._is_allowed and bool(self.table.selected()))
        self.remove.setToolTip(
            tr("Machines", "What the machine's class foresees waits for another device; anything else goes.")
        )

    def _ask(self) -> None:
        chosen = set(self.table.selected())
        rows = [self.table.rows.row(place) for place in range(self.table.rows.rowCount())]
        self.removal_asked.emit([row.tag for row in rows if row.tag.id in chosen])


def _id(row: ValueRow) -> UUID:
    return row.tag.id


def _name(row: ValueRow) -> str:
    return row.tag.label


def _tip(row: ValueRow) -> str:
    return f"{row.tag.label}\n{row.tag.name}"


def _unit(row: ValueRow) -> str:
    return unit_symbol(row.tag.unit)


def _device(row: ValueRow) -> str:
    return row.device
