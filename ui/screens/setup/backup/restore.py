"""What a restore of the chosen copy would do, and how it is done."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from services.backups import RestorePreview, restore_commands
from ui.formatting import number
from ui.screens.setup.backup.words import caution, table_words
from ui.text import tr
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.fact_grid import FactGrid
from ui.widgets.form import text_field
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel, label
from ui.widgets.table_model import Column

COMMAND_HEIGHT: Final = 92
BOOKKEEPING: Final = {"alembic_version", "identity", "counters", "leases", "changes", "audit_heads"}
"""Tables of the program itself: they tell a person nothing."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """Rows of one stored table in the copy and now."""

    table: str
    then: int
    now: int


def changes_of(preview: RestorePreview) -> tuple[TableChange, ...]:
    """Return the tables, those that differ most first."""
    names = {*preview.rows_then, *preview.rows_now} - BOOKKEEPING
    rows = [
        TableChange(name, preview.rows_then.get(name, 0), preview.rows_now.get(name, 0)) for name in names
    ]
    return tuple(sorted(rows, key=lambda row: (-abs(row.now - row.then), -row.then, row.table)))


class RestorePanel(Panel):
    """Empty until a copy was asked about; shows one preview at a time."""

    def __init__(self, *, when: Callable[[int], str], data_folder: Path) -> None:
        super().__init__(tr("Backup", "Restore"))
        self._when = when
        self._commands = ""
        self._data_folder = data_folder
        self.preview: RestorePreview | None = None
        self.facts = {key: _value() for key in ("made", "files", "aside")}
        self.caution = _value()
        self.command = text_field(tr("Backup", "Commands that restore the copy"), height=COMMAND_HEIGHT)
        self.copy = KeyButton(tr("Backup", "Copy commands"), icon="copy")
        self.table = _table()
        self._empty = EmptyState(
            tr("Backup", "No copy was asked about."),
            why=tr(
                "Backup",
                "Choose a copy and ask what a restore would do. It is opened and compared; nothing changes.",
            ),
        )
        self._pages = QStackedWidget()
        self._build()

    def _build(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._grid())
        column.addWidget(self.caution)
        column.addWidget(self.table, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        how = tr("Backup", "Nothing may use the data meanwhile: close this window, end collecting, restore.")
        row.addWidget(_worded(how), 1)
        row.addWidget(self.copy)
        column.addLayout(row)
        column.addWidget(self.command)
        self.command.setReadOnly(True)
        self.command.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.copy.clicked.connect(self._copy)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(content)
        self.body.addWidget(self._pages)

    def _grid(self) -> FactGrid:
        names = {
            "made": tr("Backup", "Made"),
            "files": tr("Backup", "Brings back"),
            "aside": tr("Backup", "Sets aside"),
        }
        return FactGrid(self.facts, names)

    def show_preview(self, preview: RestorePreview | None) -> None:
        """Show what a restore would do; None shows that nothing was asked."""
        self.preview = preview
        self.set_context("" if preview is None else tr("Backup", "dry run, nothing was changed"))
        self._pages.setCurrentIndex(0 if preview is None else 1)
        if preview is None:
            return
        self.facts["made"].setText(self._when(preview.created_us))
        self.facts["files"].setText(", ".join(preview.files))
        aside = tr(
            "Backup",
            "{files} to {folder}",
            files=", ".join(preview.set_aside),
            folder=preview.quarantine.name,
        )
        self.facts["aside"].setText(aside)
        self.facts["aside"].setToolTip(str(preview.quarantine))
        self.caution.setText(caution(preview))
        self.caution.setVisible(bool(self.caution.text()))
        self.table.set_rows(changes_of(preview))
        self._show_commands(preview)

    def _show_commands(self, preview: RestorePreview) -> None:
        self._commands = "\n".join(restore_commands(preview.path, self._data_folder))
        self.command.setPlainText(self._commands)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._commands)


def _value() -> QLabel:
    return _worded("")


def _worded(words: str) -> QLabel:
    made = label(words)
    made.setWordWrap(True)
    return made


def _table() -> DataTable:
    columns = (
        Column("table", tr("Backup", "Table"), _name, is_hideable=False),
        Column("then", tr("Backup", "In the copy"), _then, width=90, align_right=True, order=_then_rows),
        Column("now", tr("Backup", "Now"), _now, width=80, align_right=True, order=_now_rows),
        Column("lost", tr("Backup", "Change"), _change, width=80, align_right=True, order=_difference),
    )
    name = tr("Backup", "Rows of each table in the copy and now")
    return DataTable(columns, name=name, identity=_identity, row_height=ROW_COMPACT, is_on_panel=True)


def _identity(row: TableChange) -> Hashable:
    return row.table


def _name(row: TableChange) -> str:
    return table_words(row.table)


def _then(row: TableChange) -> str:
    return number(row.then, 0)


def _then_rows(row: TableChange) -> int:
    return row.then


def _now(row: TableChange) -> str:
    return number(row.now, 0)


def _now_rows(row: TableChange) -> int:
    return row.now


def _difference(row: TableChange) -> int:
    return row.then - row.now


def _change(row: TableChange) -> str:
    difference = _difference(row)
    return number(difference, 0, signed=True) if difference else "\u2013"
