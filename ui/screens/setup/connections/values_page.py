"""Step 3: what each value means, with the live value beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from domain.plant.plant import Plant
from domain.plant.tags import ConnectionKind
from domain.plant.templates import MachineClass
from services.set_up.link_values import ChosenValue
from ui.formatting import Presentation, number
from ui.screens.setup.connections.machine_panel import MachinePanel
from ui.screens.setup.connections.value_panel import WIDTH, ValuePanel
from ui.screens.setup.connections.words import unit_words
from ui.text import tr, tr_n
from ui.theme import BODY, BOLD, font
from ui.widgets.cell_delegate import PADDING
from ui.widgets.data_table import DataTable
from ui.widgets.drawing import width_of
from ui.widgets.form import HintLine, on_delete
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.table_model import CellKind, Column

WIDE = 1200
TO_DO_WIDE, TO_DO = 216, 148
"""The narrow one holds the longest single complaint; several of them stand in the tip."""
PLACE_WIDE, PLACE = 300, 238
PLACE_COLUMN = 1


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A line of the table; ``to_do`` is empty when it can be stored, ``state`` says what it will be.

    ``short_place`` names the machine by its code.
    """

    value: ChosenValue
    name: str
    place: str
    short_place: str
    state: str
    to_do: str
    live: Presentation

    @property
    def is_open(self) -> bool:
        return bool(self.to_do)


class ValuesPage(QWidget):
    """Shows the values of a draft; tells what is chosen and what a person changes."""

    selected = Signal()
    removed = Signal()

    def __init__(self, classes: Sequence[MachineClass]) -> None:
        super().__init__()
        self._faces = font(BODY), font(BODY, BOLD)
        self.table = DataTable(
            _columns(self._place_that_fits),
            name=tr("Link", "Values"),
            identity=_id,
            is_bold=_is_open,
            is_on_panel=True,
        )
        self.said = HintLine()
        self.panel = ValuePanel()
        self.machine = MachinePanel(classes)
        self._empty = EmptyState(
            tr("Link", "No value is chosen yet."), why=tr("Link", "Go back to step 2 and tick some.")
        )
        self._card = Panel(tr("Link", "Values"))
        self._card.body.addWidget(self.said)
        self._card.body.addWidget(self._empty, 1)
        self._card.body.addWidget(self.table, 1)
        self._side = QStackedWidget()
        self._side.addWidget(self.panel)
        self._side.addWidget(self.machine)
        self._side.setFixedWidth(WIDTH)
        self._is_wide: bool | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        left = QVBoxLayout()
        left.addWidget(self._card)
        row.addLayout(left, 1)
        row.addWidget(self._side)
        self.table.selection_changed.connect(self.selected)
        on_delete(self.table).activated.connect(self.removed)
        self.panel.removed.connect(self.removed)
        self.machine.cancelled.connect(self.show_panel)

    def show_rows(self, rows: Sequence[ValueRow]) -> None:
        """Show the values; what still has to be done is counted."""
        self.table.set_rows(rows)
        self.table.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        still_open = sum(row.is_open for row in rows)
        self._card.set_context(
            tr("Link", "{count} of {all} still open", count=still_open, all=len(rows))
            if still_open
            else tr_n("Link", "{count} value, nothing open", "{count} values, nothing open", count=len(rows))
        )

    def resizeEvent(self, event: object) -> None:
        """In small windows scale and match fold into the fields at the right, and names get their room.

        Within one kind of window columns stay as a person made them.
        """
        is_wide = self.width() > WIDE
        if is_wide is self._is_wide:
            return
        self._is_wide = is_wide
        for key in ("scale", "match"):
            self.table.show_column(key, is_wide)
        self.table.resize_column("state", TO_DO_WIDE if is_wide else TO_DO)
        self.table.resize_column("place", PLACE_WIDE if is_wide else PLACE)

    def _place_that_fits(self, row: ValueRow) -> str:
        """Return machine and point in full, with the code of the machine where that is too long."""
        room = self.table.horizontalHeader().sectionSize(PLACE_COLUMN) - 2 * PADDING
        return row.place if width_of(row.place, self._faces[row.is_open]) <= room else row.short_place

    def chosen_ids(self) -> list[UUID]:
        """Return the values whose rows are selected."""
        return [each for each in self.table.selected() if isinstance(each, UUID)]

    def show_chosen(self, values: Sequence[ChosenValue], plant: Plant, kind: ConnectionKind) -> None:
        """Show the fields of the selected values."""
        self.panel.show_values(values, plant, kind)

    def ask_machine(self, plant: Plant, *, name: str) -> None:
        """Ask for a new machine in the place of the fields."""
        self._side.setCurrentWidget(self.machine)
        self.machine.begin(plant, name=name)

    @property
    def is_asking_machine(self) -> bool:
        """Whether a new machine stands in the place of the fields."""
        return self._side.currentWidget() is self.machine

    @property
    def is_naming_machine(self) -> bool:
        """Whether a person is in one of the fields of a new machine."""
        focused = QApplication.focusWidget()
        return self.is_asking_machine and focused is not None and self.machine.isAncestorOf(focused)

    def show_panel(self) -> None:
        """Show the fields again."""
        self._side.setCurrentWidget(self.panel)


def _columns(place: Callable[[ValueRow], str]) -> tuple[Column, ...]:
    return (
        Column("name", tr("Link", "Value"), _name, tip=_tip, is_hideable=False, is_name=True),
        Column(
            "place", tr("Link", "Machine, point"), place, width=PLACE_WIDE, tip=_place, order=_place,
            is_name=True,
        ),
        Column("match", tr("Link", "Match"), _match, width=76, align_right=True, order=_match_order),
        Column("unit", tr("Link", "Unit"), _unit, width=60),
        Column("scale", tr("Link", "Scale"), _scale, width=84, is_weak=True),
        Column("live", tr("Link", "Live"), _live, CellKind.NUMBER, 124, decimals=2, is_hideable=False),
        Column("state", tr("Link", "To do"), _state, width=TO_DO_WIDE, is_hideable=False, tip=_state),
    )  # fmt: skip


def _id(row: ValueRow) -> UUID:
    return row.value.id


def _is_open(row: ValueRow) -> bool:
    return row.is_open


def _name(row: ValueRow) -> str:
    return row.name


def _tip(row: ValueRow) -> str:
    return "\n".join(filter(None, (row.name, row.value.label, row.value.source)))


def _place(row: ValueRow) -> str:
    return row.place


def _match(row: ValueRow) -> str:
    confidence = row.value.confidence
    if row.value.asset_id is None:
        return "\u2013"
    return tr("Link", "by hand") if confidence is None else number(confidence, 2)


def _match_order(row: ValueRow) -> float:
    return 1.0 if row.value.confidence is None else row.value.confidence


def _unit(row: ValueRow) -> str:
    return unit_words(row.value.unit)


def _scale(row: ValueRow) -> str:
    value = row.value
    factor = "" if value.factor == 1.0 else f"\u00d7 {value.factor:g}"
    offset = "" if value.offset == 0.0 else f"{value.offset:+g}".replace("-", "\u2212")
    return f"{factor} {offset}".strip()


def _live(row: ValueRow) -> Presentation:
    return row.live


def _state(row: ValueRow) -> str:
    return row.to_do or row.state
