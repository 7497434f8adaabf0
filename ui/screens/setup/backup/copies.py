"""The copies of the plant: where they lie, which there are, and the acts on them."""

from collections.abc import Callable, Hashable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget

from services.backups import BackupShelf, KeptBackup
from ui.formatting import number
from ui.screens.setup.backup.words import NOTHING, holds, made_why
from ui.text import data_size, tr
from ui.widgets.data_table import DataTable
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState, Loading
from ui.widgets.panel import Panel, label
from ui.widgets.table_model import Column

BYTES_PER_MB = 1e6


class PathLabel(QLabel):
    """A path on one line, elided in its middle; the whole of it is in the tip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._path = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_path(self, path: Path) -> None:
        """Show a path."""
        self._path = str(path)
        self.setToolTip(self._path)
        self.setAccessibleDescription(self._path)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        middle = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self._path, middle, self.width()))


class CopiesPanel(Panel):
    """Signals what is asked for; ``show`` and ``set_busy`` say how things are."""

    copy_asked = Signal(bool)
    """True: with history."""
    proof_asked = Signal()
    plan_asked = Signal()
    folder_asked = Signal()
    chosen = Signal()

    def __init__(self, *, when: Callable[[int], str], refusal: str) -> None:
        super().__init__(tr("Backup", "Copies"))
        self._when, self._refusal = when, refusal
        self._findings: dict[Path, bool] = {}
        self._is_busy, self._has_place = False, True
        self.place = PathLabel(tr("Backup", "Folder of the copies"))
        self.change = KeyButton(tr("Backup", "Choose folder\u2026"))
        self.copy_now = KeyButton(tr("Backup", "Back up now"), is_primary=True)
        self.copy_all = KeyButton(tr("Backup", "Back up with history"))
        self.prove = KeyButton(tr("Backup", "Verify"), icon="check")
        self.plan = KeyButton(tr("Backup", "What would a restore do?"))
        self.table = self._make_table()
        self._pages = QStackedWidget()
        self._empty = EmptyState(
            tr("Backup", "There is no copy in this folder yet."),
            why=tr("Backup", "A copy is made while everything runs; nothing has to stop."),
            act=tr("Backup", "Back up now"),
        )
        self._gone = EmptyState(
            tr("Backup", "This folder cannot be reached."),
            why=tr("Backup", "Connect its disk or share, or choose another folder. The plant goes on."),
            act=tr("Backup", "Choose folder\u2026"),
        )
        self._loading = Loading()
        self._build()

    def _build(self) -> None:
        where, acts = QHBoxLayout(), QHBoxLayout()
        for row in (where, acts):
            row.setSpacing(8)
        where.addWidget(label(tr("Backup", "Folder"), role="title"))
        where.addWidget(self.place, 1)
        where.addWidget(self.change)
        for each in (self.copy_now, self.copy_all):
            acts.addWidget(each)
        acts.addStretch(1)
        for each in (self.plan, self.prove):
            acts.addWidget(each)
        for page in (self._loading, self._empty, self._gone, self.table):
            self._pages.addWidget(page)
        self.body.setSpacing(8)
        self.body.addLayout(where)
        self.body.addLayout(acts)
        self.body.addWidget(self._pages, 1)
        self._connect()
        self._allow()

    def _connect(self) -> None:
        self.copy_now.clicked.connect(self._ask_copy)
        self.copy_all.clicked.connect(self._ask_all)
        self._empty.acted.connect(self._ask_copy)
        self.prove.clicked.connect(self.proof_asked)
        self.plan.clicked.connect(self.plan_asked)
        self.table.opened.connect(self.plan_asked)
        self.change.clicked.connect(self.folder_asked)
        self._gone.acted.connect(self.folder_asked)
        self.table.selection_changed.connect(self._on_chosen)

    @property
    def selected(self) -> Path | None:
        """The one copy that is chosen."""
        paths = self.table.selected()
        return paths[0] if len(paths) == 1 and isinstance(paths[0], Path) else None

    def show_shelf(self, shelf: BackupShelf) -> None:
        """Show the copies of a place."""
        self.place.show_path(shelf.place)
        self._has_place = shelf.free_bytes is not None
        free = "" if shelf.free_bytes is None else data_size(shelf.free_bytes)
        self.set_context(tr("Backup", "{size} free", size=free) if free else "")
        self.table.set_rows(shelf.kept)
        page = self.table if shelf.kept else (self._empty if self._has_place else self._gone)
        self._pages.setCurrentWidget(page)
        self._allow()

    def set_busy(self, is_busy: bool) -> None:
        """While long work runs, nothing else begins."""
        self._is_busy = is_busy
        self._allow()

    def found(self, path: Path, *, is_sound: bool) -> None:
        """Note what opening a copy has shown, for as long as the window lives."""
        self._findings[path] = is_sound
        self.table.viewport().update()

    def _ask_copy(self) -> None:
        self.copy_asked.emit(False)

    def _ask_all(self) -> None:
        self.copy_asked.emit(True)

    def _on_chosen(self) -> None:
        self._allow()
        self.chosen.emit()

    def _allow(self) -> None:
        may = not self._refusal and not self._is_busy
        is_one = self.selected is not None
        allowed = {
            self.copy_now: may and self._has_place,
            self.copy_all: may and self._has_place,
            self.change: may,
            self.prove: may and is_one,
            self.plan: may and is_one,
        }
        for button, is_allowed in allowed.items():
            button.setEnabled(is_allowed)
            button.setToolTip(self._refusal)
        self._empty.setEnabled(may)

    def _make_table(self) -> DataTable:
        columns = (
            Column("when", tr("Backup", "Made"), self._made, width=132, order=_created, is_hideable=False),
            Column("holds", tr("Backup", "Holds"), holds, width=150),
            Column("size", tr("Backup", "Size, MB"), _size, width=80, align_right=True, order=_bytes),
            Column("state", tr("Backup", "Verified"), self._state, width=108, tip=_tip),
            Column("why", tr("Backup", "Occasion"), made_why, is_weak=True, tip=_tip),
        )
        return DataTable(
            columns,
            name=tr("Backup", "Copies"),
            identity=_identity,
            is_bold=self._is_useless,
            is_on_panel=True,
        )

    def _is_useless(self, row: KeptBackup) -> bool:
        return bool(row.problem) or self._findings.get(row.path) is False

    def _made(self, row: KeptBackup) -> str:
        return self._when(row.created_us) if row.created_us else NOTHING

    def _state(self, row: KeptBackup) -> str:
        if row.problem:
            return tr("Backup", "incomplete")
        is_sound = self._findings.get(row.path)
        if is_sound is None:
            return tr("Backup", "not opened yet")
        return tr("Backup", "sound") if is_sound else tr("Backup", "damaged")


def _identity(row: KeptBackup) -> Hashable:
    return row.path


def _created(row: KeptBackup) -> int:
    return row.created_us


def _bytes(row: KeptBackup) -> int:
    return row.size_bytes


def _size(row: KeptBackup) -> str:
    return number(row.size_bytes / BYTES_PER_MB, 1)


def _tip(row: KeptBackup) -> str:
    return str(row.path)
