"""The backup tab: copies, what a restore would do, the data in use, the set-up file [NEW-30, S-11, S-34].

Long work runs in a lane of its own on the window's own store: a store serves several threads, and what takes
long reads on connections of its own. The folder of the copies, which may be a share that has gone dead, is
looked at in a second lane. So neither other screens nor the database lane wait for either.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from domain.errors import DatabaseDamaged
from domain.ports import IntegrityReport
from domain.roles import Permission
from services.backups import Backups, BackupShelf, RestorePreview
from services.plant_file import FileReading, PlantFile
from services.set_up.configuration import Edit
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.polling import Poll
from ui.screens.setup.acts import SetupActs
from ui.screens.setup.backup.copies import CopiesPanel
from ui.screens.setup.backup.lane import LongLane
from ui.screens.setup.backup.restore import RestorePanel
from ui.screens.setup.backup.set_up_file import SetUpFilePanel
from ui.screens.setup.backup.words import integrity_words, made_at
from ui.screens.setup.tabs import SetupTab
from ui.tasks import Tasks, Ticket
from ui.text import error_words, tr
from ui.widgets.file_sheet import Wanted, ask_file
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, label
from ui.widgets.work_bar import WorkBar

T = TypeVar("T")
LOOK_EVERY_S = 5.0
SAID_HEIGHT = 36


class BackupTab(SetupTab):
    """Copies, their proof and their restore; the set-up as a file."""

    help_page = "setup-backup"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._backups = Backups(workstation.store, clock=workstation.clock)
        self._file = PlantFile(workstation.store)
        role = workstation.actor.role
        refusal = refusal_to(role, Permission.BACK_UP)
        self.copies = CopiesPanel(when=self._when, refusal=refusal)
        self.restore = RestorePanel(when=self._when, data_folder=workstation.folder)
        self.acts = SetupActs(workstation, context, acted=self._acted, failed=self._file_failed)
        self.set_up = SetUpFilePanel(self.acts.bar, refusal=refusal or refusal_to(role, Permission.CONFIGURE))
        self.check = KeyButton(tr("Backup", "Check the data in use"), icon="search")
        self.check.setToolTip(refusal)
        self.said, self.work = label(refusal or _hint()), WorkBar()
        self._refusal = refusal
        self._lane = LongLane(self.work)
        self._place_lane = Tasks()
        self._tickets: list[Ticket] = []
        self.view = self._build()
        self.acts.listen_in(self.view)
        self._connect()
        self._poll = Poll(
            self._place_lane, self._look, self._show, period_s=LOOK_EVERY_S, failed=context.show_problem
        )

    def _build(self) -> QWidget:
        page = QWidget()
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self.copies, 3)
        left.addWidget(self.set_up, 2)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addLayout(left, 6)
        row.addWidget(self.restore, 5)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._head())
        column.addLayout(row, 1)
        return page

    def _head(self) -> Panel:
        """One line for what runs and how it went, whichever part of the page asked for it."""
        head = Panel(tr("Backup", "Backup"))
        self.said.setWordWrap(True)
        for each in (self.said, self.work):
            each.setMinimumHeight(SAID_HEIGHT)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.said, 1)
        line.addWidget(self.work, 1)
        line.addWidget(self.check)
        head.body.addLayout(line)
        return head

    def _connect(self) -> None:
        self.copies.copy_asked.connect(self._copy)
        self.copies.proof_asked.connect(self._prove)
        self.copies.plan_asked.connect(self._plan)
        self.copies.folder_asked.connect(self._ask_folder)
        self.copies.chosen.connect(self._on_chosen)
        self.check.clicked.connect(self._check)
        self.set_up.export_asked.connect(self._ask_export)
        self.set_up.file_asked.connect(self._ask_import)
        self.set_up.import_asked.connect(self._import)
        self._lane.busy_changed.connect(self._on_busy)
        self._on_busy()

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        self._poll.ask_soon()

    def refresh(self, now_us: int) -> None:
        self._poll.ask_if_due(now_us)
        self._lane.refresh()

    def plant_changed(self) -> None:
        self._poll.ask_soon()

    def close(self) -> None:
        self._poll.end()
        for ticket in self._tickets:
            ticket.cancel()
        self._lane.close()
        self._place_lane.close()

    # ---- off the main thread

    def _look(self) -> tuple[BackupShelf, bool]:
        return self._backups.shelf(), self._file.is_plant_empty

    def _run(
        self,
        work: Callable[[], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Do a short act on the disk; its outcome is told as long as the tab lives."""
        ticket = self._place_lane.run(work, done=done, failed=failed)
        self._tickets = [*self._tickets[-3:], ticket]

    # ---- copies

    def _copy(self, with_history: bool) -> None:
        by = self._workstation.actor
        self._lane.run(
            lambda work: self._backups.back_up(by=by, with_history=with_history, work=work),
            done=self._copied,
            failed=self._failed,
        )

    def _copied(self, path: Path) -> None:
        self.copies.found(path, is_sound=True)
        self._say(tr("Backup", "Backed up and verified: {name}", name=path.name))

    def _prove(self) -> None:
        self._open(self._backups.verify, done=self._proven)

    def _proven(self, result: object) -> None:
        path = self._asked
        self.copies.found(path, is_sound=True)
        self._say(tr("Backup", "{name} is sound.", name=path.name))

    def _plan(self) -> None:
        self._open(self._backups.plan_restore, done=self._planned)

    def _planned(self, preview: RestorePreview) -> None:
        self.copies.found(preview.path, is_sound=True)
        self.restore.show_preview(preview)
        self._say(tr("Backup", "{name} is sound and could be restored.", name=preview.path.name))

    def _open(self, act: Callable[..., object], *, done: Callable[..., None]) -> None:
        """Open the chosen copy in the long lane."""
        path, by = self.copies.selected, self._workstation.actor
        if path is not None and not self._refusal:
            self._asked = path
            self._lane.run(lambda work: act(path, by=by, work=work), done=done, failed=self._not_sound)

    def _not_sound(self, error: BaseException) -> None:
        if isinstance(error, DatabaseDamaged):
            self.copies.found(self._asked, is_sound=False)
        self._failed(error)

    def _on_chosen(self) -> None:
        shown = self.restore.preview
        if shown is not None and shown.path != self.copies.selected:
            self.restore.show_preview(None)

    def _ask_folder(self) -> None:
        start = self._start_folder()
        title = tr("Backup", "Folder of the copies")
        ask_file(self.view, title, wanted=Wanted.FOLDER, start=start, chosen=self._choose_folder)

    def _choose_folder(self, path: str) -> None:
        work = partial(self._backups.choose_place, Path(path), by=self._workstation.actor)
        self._run(work, done=self._folder_chosen, failed=self._failed)

    def _folder_chosen(self, path: Path) -> None:
        self._say(tr("Backup", "Copies go to {folder} from now on.", folder=path))

    # ---- the data in use

    def _check(self) -> None:
        by = self._workstation.actor
        self._lane.run(
            lambda work: self._backups.check(by=by, work=work), done=self._checked, failed=self._failed
        )

    def _checked(self, report: IntegrityReport) -> None:
        self._say(integrity_words(report))

    # ---- the set-up as a file

    def _ask_export(self) -> None:
        ask_file(
            self.view,
            tr("SetUpFile", "Export the set-up"),
            wanted=Wanted.SAVE,
            start=self._start_folder() / "set-up.json",
            kinds=tr("SetUpFile", "Set-up file (*.json)"),
            chosen=self._export,
        )

    def _export(self, path: str) -> None:
        work = partial(self._file.export, Path(path), by=self._workstation.actor)
        self._run(work, done=self._exported, failed=self._file_failed)

    def _exported(self, path: Path) -> None:
        self.set_up.say(tr("SetUpFile", "Exported to {path}", path=path))

    def _ask_import(self) -> None:
        ask_file(
            self.view,
            tr("SetUpFile", "Import a set-up"),
            wanted=Wanted.OPEN,
            start=self._start_folder(),
            kinds=tr("SetUpFile", "Set-up file (*.json)"),
            chosen=self._read,
        )

    def _read(self, path: str) -> None:
        file = Path(path)
        self._run(lambda: (file, self._file.read(file)), done=self._read_done, failed=self._unread)

    def _read_done(self, found: tuple[Path, FileReading]) -> None:
        self.set_up.show_reading(*found)

    def _unread(self, error: BaseException) -> None:
        self.set_up.show_unread(error_words(error))

    def _import(self, path: Path) -> None:
        work = partial(self._file.import_from, path, by=self._workstation.actor)
        self._run(work, done=partial(self._imported, path.name), failed=self._file_failed)

    def _imported(self, name: str, reading: FileReading) -> None:
        self.set_up.show_imported(reading)
        if reading.edit is not None:
            self.acts.take(reading.edit, name=name)
        self._poll.ask_soon()

    def _acted(self, edit: Edit) -> None:
        """An import was stored or taken back: what stood there of the other is over."""
        if edit.title_key == "undo":
            self.set_up.say("")
        self._poll.ask_soon()

    def _file_failed(self, error: BaseException) -> None:
        self.set_up.say(error_words(error))

    # ---- in the main thread

    def _show(self, found: tuple[BackupShelf, bool]) -> None:
        shelf, is_empty = found
        self.copies.show_shelf(shelf)
        self.set_up.set_plant_empty(is_empty)

    def _failed(self, error: BaseException) -> None:
        self._say(error_words(error))

    def _say(self, words: str) -> None:
        self.said.setText(words)
        self._poll.ask_soon()

    def _on_busy(self) -> None:
        is_busy = self._lane.is_busy
        self.copies.set_busy(is_busy)
        self.check.setEnabled(not is_busy and not self._refusal)
        self.said.setVisible(not is_busy)

    def _when(self, instant_us: int) -> str:
        return made_at(instant_us, self._context.plant_time(), now_us=self._context.clock.now_us())

    def _start_folder(self) -> Path:
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        return Path(QStandardPaths.writableLocation(documents))


def _hint() -> str:
    return tr("Backup", "Copies are made while everything runs. Keep some of them on another disk.")


def make_tab(workstation: Workstation, context: Context) -> BackupTab:
    """Return the tab."""
    return BackupTab(workstation, context)
