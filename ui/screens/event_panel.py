"""What happened, in few columns, as it stands beside other things; Enter opens what a row is about."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView

from ui.screens.alarm_words import EventRow
from ui.screens.reporting.words import ReportRow
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.panel import Panel, label
from ui.widgets.table_model import CellKind, Column

Words = Callable[[Any], str]
TimelineRow = EventRow | ReportRow
"""An entry of the alarm journal, or something people reported."""


class EventPanel(Panel):
    """Time, symbol, message and event; how times and messages read is the room's."""

    opened = Signal(object)
    """The row that the operator opened."""

    def __init__(
        self,
        title: str,
        context: str,
        *,
        stamp: Words,
        stamp_tip: Words,
        message: Words,
        message_tip: Words,
        empty: str,
        stamp_width: int = 84,
    ) -> None:
        super().__init__(title, context, padding=1)
        columns = (
            Column("time", tr("Events", "Time"), stamp, width=stamp_width, tip=stamp_tip, is_weak=True),
            Column("symbol", "", _symbol, CellKind.SYMBOL, 34),
            Column("message", tr("Events", "Message"), message, tip=message_tip),
            Column("what", tr("Events", "Event"), _what, width=96, is_weak=True),
        )
        self.table = DataTable(
            columns, name=tr("Events", "Events"), identity=_id, row_height=ROW_COMPACT, is_on_panel=True
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.opened.connect(self._open)
        self._empty = label(empty, size=CAPTION, role="caption")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.body.addWidget(self.table)
        self.body.addWidget(self._empty)
        self._rows: Sequence[TimelineRow] = ()

    def set_compact(self, compact: bool) -> None:
        """Leave the word of the event to the symbol and the tip in small windows."""
        self.table.show_column("what", not compact)

    def show_events(self, rows: Sequence[TimelineRow] | None) -> None:
        """Show what happened, the newest first; None while it is being read."""
        self._rows = rows or ()
        self.table.set_rows(self._rows)
        self.table.setVisible(bool(self._rows))
        self._empty.setVisible(rows is not None and not rows)

    def _open(self, identity: object) -> None:
        row = next((each for each in self._rows if each.id == identity), None)
        if row is not None:
            self.opened.emit(row)


def _id(row: TimelineRow) -> Hashable:
    return row.id


def _symbol(row: TimelineRow) -> object:
    return row.symbol


def _what(row: TimelineRow) -> str:
    return row.what
