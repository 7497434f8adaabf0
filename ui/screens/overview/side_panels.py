"""Links and newest events, at the right of the overview."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QAbstractItemView

from ui.formatting import PlantTime, Presentation, number
from ui.screens.alarm_words import EventRow
from ui.screens.event_panel import EventPanel
from ui.screens.overview.state import LinkRow
from ui.text import tr
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.panel import Panel
from ui.widgets.table_model import CellKind, Column


class LinksPanel(Panel):
    """State, age and loss of every connection."""

    def __init__(self) -> None:
        super().__init__(tr("Overview", "LINKS"), padding=1)
        columns = (
            Column("name", tr("Overview", "Connection"), _link_name, tip=_link_tip),
            Column("state", tr("Overview", "State"), _link_state, width=112, tip=_link_tip),
            Column("age", tr("Overview", "Age"), _link_age, width=60, align_right=True),
            Column("lost", tr("Overview", "Lost"), _link_lost, CellKind.NUMBER, 64, order=_link_losses),
        )
        self.table = DataTable(
            columns, name=tr("Overview", "Links"), identity=_link_name, is_bold=_is_down,
            row_height=ROW_COMPACT, is_on_panel=True,
        )  # fmt: skip
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.body.addWidget(self.table)

    def set_compact(self, compact: bool) -> None:
        """Use the widths of small windows."""
        header = self.table.horizontalHeader()
        for place, width in ((1, 100), (2, 58), (3, 46)) if compact else ((1, 112), (2, 60), (3, 64)):
            header.resizeSection(place, width)

    def show_links(self, rows: Sequence[LinkRow], *, is_live: bool) -> None:
        """Show the links."""
        self.table.set_rows(rows)
        live = sum(row.is_live for row in rows)
        words = tr("Overview", "{live} of {total} live", live=live, total=len(rows))
        self.set_context(words if is_live else tr("Overview", "collection does not run"))
        self.setFixedHeight(32 + 28 + ROW_COMPACT * min(4, max(1, len(rows))) + 10)


def _link_name(row: LinkRow) -> str:
    return row.name


def _link_state(row: LinkRow) -> str:
    return row.state


def _link_age(row: LinkRow) -> str:
    return row.age


def _link_lost(row: LinkRow) -> Presentation:
    return Presentation(number(row.lost, 0))


def _link_losses(row: LinkRow) -> int:
    return row.lost


def _link_tip(row: LinkRow) -> str:
    return row.tip


def _is_down(row: LinkRow) -> bool:
    return not row.is_live


def latest_events(plant_time: Callable[[], PlantTime]) -> EventPanel:
    """Return the newest entries of the alarm journal of the whole plant."""

    def stamp(row: EventRow) -> str:
        return plant_time().clock(row.at_us)

    def stamp_tip(row: EventRow) -> str:
        return plant_time().tip(row.at_us)

    return EventPanel(
        tr("Overview", "LATEST EVENTS"), tr("Overview", "alarm journal, 7 days"),
        stamp=stamp, stamp_tip=stamp_tip, message=_event_message, message_tip=_event_tip,
        empty=tr("Overview", "No alarm was raised or cleared in 7 days."),
    )  # fmt: skip


def _event_message(row: EventRow) -> str:
    return f"{row.code}  {row.message}" if row.code else row.message


def _event_tip(row: EventRow) -> str:
    return "\n".join(part for part in (row.place, row.message, row.what, row.by, row.note) if part)
