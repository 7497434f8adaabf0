"""Ways out of the alarm screen: the rows shown as a table, the page as a picture; times are UTC."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QImage

from domain.instants import iso_utc
from ui.context import Context
from ui.screens.alarm_words import EventRow
from ui.screens.alarms.presenter import AlarmsPresenter
from ui.screens.alarms.state import AlarmRow
from ui.screens.alarms.view import AlarmsView
from ui.text import priority_name, tr
from ui.widgets.plot_export import Export, Exporter, file_name, write_table

ACTIVE_HEADER = (
    "priority", "state", "raised (UTC)", "asset", "message", "value", "limit", "unit", "duration s",
    "owner", "note",
)  # fmt: skip
JOURNAL_HEADER = ("time (UTC)", "priority", "event", "asset", "message", "value", "unit", "by", "note")


class AlarmsExport:
    """Exports what is on show, filtered as it is."""

    def __init__(self, view: AlarmsView, presenter: AlarmsPresenter, context: Context) -> None:
        self._view, self._presenter, self._context = view, presenter, context
        rows = Export(tr("Alarms", "Rows shown (CSV)\u2026"), "csv", self.rows, _write_rows)
        self.exporter = Exporter(
            view, context.tasks, (rows,), name=self._name, picture=self._picture, button=view.export_button
        )
        self.exporter.failed.connect(context.show_problem)

    def _picture(self) -> QImage:
        return self._view.grab().toImage()

    def _name(self) -> str:
        return file_name("alarms", self._presenter.tab, iso_utc(self._context.clock.now_us())[:19])

    def rows(self) -> tuple[Sequence[str], list[tuple[object, ...]]]:
        """Return header and rows of what is shown, times in UTC."""
        if self._presenter.tab == "history":
            journal = self._presenter.journal_rows()
            return JOURNAL_HEADER, [_journal_cells(row) for row in (journal.rows if journal else ())]
        rows = self._presenter.rows(self._context.clock.now_us())
        return ACTIVE_HEADER, [_active_cells(row) for row in rows]


def _active_cells(row: AlarmRow) -> tuple[object, ...]:
    return (
        priority_name(row.symbol.priority), row.state, iso_utc(row.raised_us), row.path, row.message,
        row.value.text, row.limit.text, row.unit, row.lasted_s, row.owner, row.note,
    )  # fmt: skip


def _journal_cells(row: EventRow) -> tuple[object, ...]:
    return (
        iso_utc(row.at_us), priority_name(row.symbol.priority), row.what, row.place, row.message,
        row.value.text, row.value.unit, row.by, row.note,
    )  # fmt: skip


def _write_rows(path: Path, prepared: object) -> object:
    assert isinstance(prepared, tuple)
    header, rows = prepared
    return write_table(path, notes=(), header=header, rows=rows)
