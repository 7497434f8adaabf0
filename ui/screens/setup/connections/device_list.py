"""The devices of the plant: how each is, what it brings, and what was begun and not finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from domain.plant.tags import Connection
from domain.ports import ConnectionStatus
from services.set_up.link_forms import place_of
from services.set_up.plant_setup import Draft
from ui.formatting import age
from ui.screens.link_words import link_problem
from ui.screens.setup.connections.words import kind_name
from ui.text import connection_state, tr
from ui.widgets.confirm_box import ConfirmBox
from ui.widgets.data_table import DataTable
from ui.widgets.form import HintLine, on_delete
from ui.widgets.hold_button import HoldButton
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.table_model import Column
from ui.widgets.undo_bar import UndoBar


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device with its present state; a draft that was never stored has no connection."""

    id: UUID
    connection: Connection | None
    status: ConnectionStatus | None
    values: int
    draft: Draft | None = None


class DeviceList(QWidget):
    """The table and what can be done with the device that is chosen."""

    added = Signal()
    opened = Signal(object)
    changed = Signal(object)
    """Its address is to be changed."""
    paused = Signal(object, bool)
    """Whether it is to be read."""
    removed = Signal(object, bool)
    """Whether its values stay and wait."""
    trend_asked = Signal(object)
    thrown_away = Signal(object)

    def __init__(self, undo: UndoBar) -> None:
        super().__init__()
        self._rows: dict[UUID, DeviceRow] = {}
        self._refusal = ""
        self._asked: tuple[UUID, bool] | None = None
        """The device that is to be removed, and whether its values stay."""
        self.add = KeyButton(tr("Link", "Add a device"), icon="link", is_primary=True, key="Ctrl+N")
        self.values = KeyButton(tr("Link", "Values\u2026"), key="Enter")
        self.address = KeyButton(tr("Link", "Address\u2026"))
        self.pause = KeyButton(tr("Link", "Pause"))
        self.trend = KeyButton(tr("Link", "Trend"), icon="trends")
        self.remove = KeyButton(tr("Link", "Remove\u2026"), key="Del")
        self.remove_all = KeyButton(tr("Link", "Remove with values\u2026"))
        self.discard = HoldButton(tr("Link", "Throw the draft away"))
        self.said = HintLine()
        self.table = _table()
        self.confirm, self.undo = ConfirmBox(), undo
        self._empty = EmptyState(
            tr("Link", "No device is connected yet."),
            why=tr(
                "Link",
                "Add a PLC, a gateway, a broker or a folder of files. Nothing is written to a device.",
            ),
            act=tr("Link", "Add a device"),
        )
        self._build()

    def _build(self) -> None:
        card = Panel(tr("Link", "Devices"), tr("Link", "read only; every value keeps its quality"))
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.add)
        tools.addStretch(1)
        self._acts = (
            self.values, self.address, self.pause, self.trend, self.remove, self.remove_all, self.discard,
        )  # fmt: skip
        for button in self._acts:
            tools.addWidget(button)
        card.body.addLayout(tools)
        for widget in (self.said, self.confirm, self.undo):
            card.body.addWidget(widget)
        card.body.addWidget(self._empty, 1)
        card.body.addWidget(self.table, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
        self._connect()
        self.show_rows(())

    def _connect(self) -> None:
        self.add.clicked.connect(self.added)
        self._empty.acted.connect(self.added)
        self.table.opened.connect(self.opened)
        self.table.selection_changed.connect(self._look)
        self._told_by: dict[QObject, SignalInstance] = {
            self.values: self.opened,
            self.address: self.changed,
            self.trend: self.trend_asked,
            self.discard: self.thrown_away,
        }
        for button in (self.values, self.address, self.trend):
            button.clicked.connect(self._tell)
        self.discard.held.connect(self._tell)
        self.pause.clicked.connect(self._on_pause)
        self.remove.clicked.connect(self._ask_removal)
        self.remove_all.clicked.connect(self._ask_removal_with_values)
        self.confirm.confirmed.connect(self._on_confirmed)
        on_delete(self.table).activated.connect(self._ask_removal)

    def show_rows(self, rows: Sequence[DeviceRow]) -> None:
        """Show the devices; the chosen one stays chosen."""
        self._rows = {row.id: row for row in rows}
        self.table.set_rows(rows)
        self.table.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        self.add.setVisible(bool(rows))
        self._look()

    def allow(self, refusal: str) -> None:
        """Let the person act, or say which role may."""
        self._refusal = refusal
        self.add.setEnabled(not refusal)
        self._empty.allow(not refusal)
        for button in (self.add, *self._acts):
            button.setToolTip(refusal)
        self.said.say(refusal)
        self.said.setVisible(bool(refusal))
        self._look()

    @property
    def chosen(self) -> DeviceRow | None:
        """The device that is selected."""
        found = self.table.selected()
        return self._rows.get(found[0]) if len(found) == 1 and isinstance(found[0], UUID) else None

    def _look(self) -> None:
        row = self.chosen
        for button in self._acts:
            button.setVisible(bool(self._rows))
            button.setEnabled(False)
        self.discard.setVisible(row is not None and row.draft is not None)
        if row is None:
            return
        is_stored, may = row.connection is not None, not self._refusal
        self.values.setEnabled(True)
        self.discard.setEnabled(may)
        for button in (self.address, self.pause, self.remove, self.remove_all):
            button.setEnabled(is_stored and may)
        self.trend.setEnabled(is_stored and row.values > 0)
        if row.connection is not None:
            self.pause.set_words(
                tr("Link", "Pause") if row.connection.is_enabled else tr("Link", "Read again")
            )

    def _tell(self) -> None:
        row = self.chosen
        if row is not None:
            self._told_by[self.sender()].emit(row.id)

    def _on_pause(self) -> None:
        row = self.chosen
        if row is not None and row.connection is not None:
            self.paused.emit(row.id, not row.connection.is_enabled)

    def _ask_removal(self) -> None:
        if self._refusal:
            return
        words = tr(
            "Link",
            "It is read no more. Its values ({count}) stay, with their history, and wait for another device.",
        )
        self._ask(words, keeps_values=True)

    def _ask_removal_with_values(self) -> None:
        words = tr(
            "Link",
            "It is read no more, and its values ({count}) go; those that a machine class foresees wait. "
            "Stored history stays on the disk.",
        )
        self._ask(words, keeps_values=False)

    def _ask(self, effect: str, *, keeps_values: bool) -> None:
        row = self.chosen
        if row is not None and row.connection is not None:
            self._asked = (row.id, keeps_values)
            title = tr("Link", "Remove {name}?", name=row.connection.name)
            self.confirm.ask(title, effect=effect.format(count=row.values), act=tr("Link", "Remove"))

    def _on_confirmed(self, _reason: str) -> None:
        """Remove the device that was asked about, whatever is selected by now."""
        if self._asked is not None:
            self.removed.emit(*self._asked)
            self._asked = None


def _table() -> DataTable:
    columns = (
        Column("name", tr("Link", "Device"), _name, width=180, is_hideable=False),
        Column("kind", tr("Link", "Kind"), _kind, width=150),
        Column("place", tr("Link", "Where"), _place, width=230, is_weak=True, tip=_place),
        Column("state", tr("Link", "State"), _state, width=130, is_hideable=False),
        Column("values", tr("Link", "Values"), _values, width=70, align_right=True, order=_values),
        Column("age", tr("Link", "Newest"), _age, width=80, align_right=True, order=_age_order),
        Column("problem", tr("Link", "What is the matter"), _problem, tip=_problem),
    )
    return DataTable(columns, name=tr("Link", "Devices"), identity=_id, is_on_panel=True)


def _id(row: DeviceRow) -> UUID:
    return row.id


def _name(row: DeviceRow) -> str:
    if row.connection is not None:
        return row.connection.name
    assert row.draft is not None
    return row.draft.title or tr("Link", "New device")


def _kind(row: DeviceRow) -> str:
    return "" if row.connection is None else kind_name(row.connection.kind)


def _place(row: DeviceRow) -> str:
    return "" if row.connection is None else place_of(row.connection)


def _state(row: DeviceRow) -> str:
    if row.connection is None:
        return tr("Link", "draft")
    if not row.connection.is_enabled:
        return connection_state("disabled")
    return tr("Link", "not collected") if row.status is None else connection_state(row.status.state)


def _values(row: DeviceRow) -> int:
    return row.values


def _age(row: DeviceRow) -> str:
    if row.status is None or row.status.last_value_age_s is None:
        return "\u2013"
    return age(row.status.last_value_age_s)


def _age_order(row: DeviceRow) -> float:
    known = None if row.status is None else row.status.last_value_age_s
    return float("inf") if known is None else known


def _problem(row: DeviceRow) -> str:
    if row.draft is not None:
        return tr("Link", "begun by {name}, not finished: open it to go on", name=row.draft.changed_by)
    return "" if row.status is None else link_problem(row.status)
