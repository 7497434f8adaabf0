"""The backup tab: copy now, prove a copy, check the data in use; a lane of its own [NEW-30]."""

from collections.abc import Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from services.keeping import (
    KeptBackup,
    back_up,
    backup_place,
    check_integrity,
    kept_backups,
    verify_backup,
)
from services.workstation import Workstation
from ui.context import Context
from ui.formatting import number
from ui.screens.polling import Poll
from ui.tasks import Tasks
from ui.text import error_words, tr
from ui.widgets.data_table import DataTable
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel
from ui.widgets.table_model import Column

LOOK_EVERY_S = 5.0
BYTES_PER_MB = 1e6


class BackupTab:
    """Implements ``ui.screens.setup.tabs.SetupTab``. Long work has a lane of its own: polls never wait."""

    help_page = "setup-backup"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._folder, self._context = workstation.folder, context
        self._place = backup_place(workstation.folder)
        self._findings: dict[Path, str] = {}
        self._lane = Tasks()
        self.table = self._make_table()
        self.copy_now = KeyButton(tr("Backup", "Back up now"), is_primary=True)
        self.copy_all = KeyButton(tr("Backup", "Back up with history"))
        self.prove = KeyButton(tr("Backup", "Verify the chosen copy"), icon="check")
        self.check = KeyButton(tr("Backup", "Check the data in use"), icon="search")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self._empty = EmptyState(
            tr("Backup", "There is no backup yet."),
            why=tr("Backup", "A backup is made while everything runs; nothing has to stop."),
        )
        self.view = self._build()
        self._poll = Poll(
            context.tasks, self._look, self._show, period_s=LOOK_EVERY_S, failed=context.show_problem
        )

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        card = Panel(tr("Backup", "Backup"), str(self._place))
        row = QHBoxLayout()
        for each in (self.copy_now, self.copy_all):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.prove)
        row.addWidget(self.check)
        card.body.addLayout(row)
        card.body.addWidget(self.said)
        card.body.addWidget(self._empty, 1)
        card.body.addWidget(self.table, 1)
        column.addWidget(card)
        self.table.hide()
        self.prove.setEnabled(False)
        self.copy_now.clicked.connect(self._copy)
        self.copy_all.clicked.connect(self._copy_all)
        self.prove.clicked.connect(self._verify)
        self.check.clicked.connect(self._check)
        self.table.selection_changed.connect(self._chosen)
        return page

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        self._poll.ask_soon()

    def refresh(self, now_us: int) -> None:
        self._poll.ask_if_due(now_us)

    def on_hidden(self) -> None:
        """Work under way goes on; its outcome waits here."""

    def act(self, name: str) -> bool:
        return False

    def plant_changed(self) -> None:
        """Backups do not change with the set-up."""

    def close(self) -> None:
        self._lane.close()

    # ---- off the main thread

    def _look(self) -> tuple[KeptBackup, ...]:
        return kept_backups(self._place)

    # ---- in the main thread

    def _copy(self) -> None:
        self._start_copy(with_history=False)

    def _copy_all(self) -> None:
        self._start_copy(with_history=True)

    def _start_copy(self, *, with_history: bool) -> None:
        self._begin(tr("Backup", "Copying, then opening the copy to prove it\u2026"))
        work = partial(back_up, self._folder, None, with_history=with_history)
        self._lane.run(work, done=self._copied, failed=self._failed)

    def _copied(self, path: Path) -> None:
        self._findings[path] = tr("Backup", "sound")
        self._end(tr("Backup", "Backed up and verified: {name}", name=path.name))

    def _verify(self) -> None:
        for path in self.table.selected():
            assert isinstance(path, Path)
            self._begin(tr("Backup", "Opening {name}\u2026", name=path.name))
            self._lane.run(partial(_verified, path), done=self._verified, failed=self._failed)

    def _verified(self, outcome: tuple[Path, str]) -> None:
        path, problem = outcome
        self._findings[path] = tr("Backup", "damaged") if problem else tr("Backup", "sound")
        self._end(problem or tr("Backup", "{name} is sound.", name=path.name))

    def _check(self) -> None:
        self._begin(tr("Backup", "Reading every chunk of history and every waveform\u2026"))
        self._lane.run(partial(check_integrity, self._folder), done=self._checked, failed=self._failed)

    def _checked(self, report: dict[str, Any]) -> None:
        self._end(integrity_words(report))

    def _failed(self, error: BaseException) -> None:
        self._end(error_words(error))

    def _begin(self, words: str) -> None:
        self.said.setText(words)
        for button in (self.copy_now, self.copy_all, self.prove, self.check):
            button.setEnabled(False)

    def _end(self, words: str) -> None:
        self.said.setText(words)
        self.copy_now.setEnabled(True)
        self.copy_all.setEnabled(True)
        self.check.setEnabled(True)
        self._chosen()
        self._poll.ask_soon()

    def _chosen(self) -> None:
        self.prove.setEnabled(len(self.table.selected()) == 1 and self.copy_now.isEnabled())

    def _show(self, found: Sequence[KeptBackup]) -> None:
        self._empty.setVisible(not found)
        self.table.setVisible(bool(found))
        self.table.set_rows(found)

    def _make_table(self) -> DataTable:
        columns = (
            Column("when", tr("Backup", "Made"), self._when, width=150, order=_made, is_hideable=False),
            Column("holds", tr("Backup", "Holds"), _holds, width=200),
            Column("size", tr("Backup", "Size"), _size, width=100, align_right=True, order=_bytes),
            Column("state", tr("Backup", "Verified"), self._state, width=130),
            Column("name", tr("Backup", "Folder"), _name, is_weak=True, tip=_tip),
        )
        return DataTable(columns, name=tr("Backup", "Backups"), identity=_identity, is_on_panel=True)

    def _when(self, row: KeptBackup) -> str:
        if not row.created_us:
            return "\u2013"
        now_us = self._context.clock.now_us()
        return self._context.plant_time().stamp(row.created_us, now_us=now_us)

    def _state(self, row: KeptBackup) -> str:
        if row.problem:
            return tr("Backup", "incomplete")
        return self._findings.get(row.path, tr("Backup", "not opened yet"))


def integrity_words(report: dict[str, Any]) -> str:
    """Return the outcome of a check in one sentence; damaged things are named."""
    if report["is_sound"]:
        return tr(
            "Backup",
            "The data in use are sound: {audit} audit entries, {chunks} history chunks, {waves} waveforms.",
            audit=report["audit_entries"],
            chunks=report["chunks"],
            waves=report["waveforms"],
        )
    damaged = [report["audit_problem"], *report["damaged_chunks"], *report["damaged_waveforms"]]
    return tr("Backup", "Damaged: {what}", what=", ".join(each for each in damaged if each))


def _verified(path: Path) -> tuple[Path, str]:
    try:
        verify_backup(path)
    except Exception as error:  # whatever is wrong with the copy is the answer
        return path, error_words(error)
    return path, ""


def _identity(row: KeptBackup) -> Hashable:
    return row.path


def _made(row: KeptBackup) -> int:
    return row.created_us


def _bytes(row: KeptBackup) -> int:
    return row.size_bytes


def _holds(row: KeptBackup) -> str:
    if row.problem:
        return "\u2013"
    return tr("Backup", "plant, history, waveforms") if row.has_history else tr("Backup", "plant")


def _size(row: KeptBackup) -> str:
    return f"{number(row.size_bytes / BYTES_PER_MB, 1)} MB"


def _name(row: KeptBackup) -> str:
    return row.path.name


def _tip(row: KeptBackup) -> str:
    return row.problem or str(row.path)


def make_tab(workstation: Workstation, context: Context) -> BackupTab:
    """Return the tab."""
    return BackupTab(workstation, context)
