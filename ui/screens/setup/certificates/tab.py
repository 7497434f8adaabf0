"""The certificates tab: whom this PC believes, whom it refuses and why, and who it is itself [S-16]."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QStandardPaths
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from domain.roles import Permission
from services.certificates import CertificateKind, Certificates, CertificateView
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.polling import Poll
from ui.screens.setup.certificates import words
from ui.screens.setup.certificates.detail import CertificateDetail
from ui.screens.setup.tabs import SetupTab
from ui.tasks import Ticket
from ui.text import error_words, tr
from ui.widgets.data_table import DataTable
from ui.widgets.file_sheet import Wanted, ask_file
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState, Loading
from ui.widgets.panel import Panel
from ui.widgets.table_model import Column
from ui.widgets.undo_bar import UndoBar

T = TypeVar("T")
POLL_S = 3.0
NARROW_BELOW = 1300
OWN_FILE = "jidoka-client.der"


class _Page(QWidget):
    """The page; drops the column of fingerprints where it is narrow, the detail has the whole one."""

    def __init__(self, table: DataTable) -> None:
        super().__init__()
        self._table = table

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._table.show_column("print", self.width() >= NARROW_BELOW)


class CertificatesTab(SetupTab):
    """Whom we trust over OPC UA, whom we refused, and what we show to others."""

    help_page = "setup-certificates"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._context, self._actor = context, workstation.actor
        self._certificates = Certificates(workstation.store, clock=workstation.clock)
        self._views: tuple[CertificateView, ...] = ()
        self._group_ends: set[Hashable] = set()
        self._tickets: list[Ticket] = []
        self._file: Path | None = None
        self._undo: Callable[[], None] | None = None
        self._wanted: Hashable = None
        refusal = refusal_to(workstation.actor.role, Permission.CONFIGURE)
        self.table = self._make_table()
        self.detail = CertificateDetail(plant_time=context.plant_time, refusal=refusal)
        self.from_file = KeyButton(tr("Certificates", "Trust a file\u2026"))
        self.from_file.setEnabled(not refusal)
        self.from_file.setToolTip(refusal)
        self.done = UndoBar()
        self.empty = EmptyState(
            tr("Certificates", "There is no certificate yet."),
            why=tr(
                "Certificates",
                "Ours is made with the first OPC UA connection; that of a server when it was tried first.",
            ),
            act=tr("Certificates", "Make ours now"),
        )
        self.empty.setEnabled(not refusal)
        self._loading, self._pages = Loading(), QStackedWidget()
        self.view = self._build()
        self._connect()
        self._poll = Poll(
            context.tasks, self._certificates.listed, self._show, period_s=POLL_S, failed=context.show_problem
        )

    def _build(self) -> QWidget:
        page = _Page(self.table)
        card = Panel(tr("Certificates", "Certificates of OPC UA"))
        self._card = card
        for each in (self._loading, self.empty, self.table):
            self._pages.addWidget(each)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.done, 1)
        line.addStretch(0)
        line.addWidget(self.from_file)
        card.body.setSpacing(8)
        card.body.addWidget(self._pages, 1)
        card.body.addLayout(line)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        column = QVBoxLayout()
        column.addWidget(card)
        row.addLayout(column, 3)
        row.addWidget(self.detail, 1)
        return page

    def _connect(self) -> None:
        self.table.selection_changed.connect(self._on_chosen)
        self.from_file.clicked.connect(self._ask_file)
        self.empty.acted.connect(self._make_ours)
        self.detail.trusted.connect(self._trust)
        self.detail.rejected.connect(self._reject)
        self.detail.removed.connect(self._remove)
        self.detail.renewed.connect(self._renew)
        self.detail.save_asked.connect(self._ask_save)
        self.detail.put_away.connect(self._put_file_away)
        self.done.undone.connect(self._take_back)

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        self._poll.ask_soon()

    def refresh(self, now_us: int) -> None:
        self._poll.ask_if_due(now_us)

    def plant_changed(self) -> None:
        self._poll.ask_soon()

    def close(self) -> None:
        self._poll.end()
        for ticket in self._tickets:
            ticket.cancel()

    # ---- acts, off the main thread

    def _run(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        ticket = self._context.tasks.run(work, done=done, failed=self._failed)
        self._tickets = [*self._tickets[-3:], ticket]

    def _trust(self, reason: str) -> None:
        view, by = self.detail.view, self._actor
        if view is None:
            return
        if self._file is None:
            self._trust_mark(view.fingerprint, reason)
            return
        mark, act = view.fingerprint, self._certificates.trust_file
        self._run(partial(act, self._file, by=by, mark=mark, reason=reason), self._trusted)

    def _trust_mark(self, mark: str, reason: str) -> None:
        work = partial(self._certificates.trust, mark, by=self._actor, reason=reason)
        self._run(work, self._trusted)

    def _reject(self) -> None:
        view = self.detail.view
        if view is not None:
            self._reject_mark(view.fingerprint)

    def _reject_mark(self, mark: str) -> None:
        self._run(partial(self._certificates.reject, mark, by=self._actor), self._rejected)

    def _remove(self) -> None:
        view = self.detail.view
        if view is not None:
            work = partial(self._certificates.remove, view.fingerprint, by=self._actor)
            self._run(work, self._removed)

    def _make_ours(self) -> None:
        self._renew("")

    def _renew(self, reason: str) -> None:
        self._run(partial(self._certificates.renew_own, by=self._actor, reason=reason), self._renewed)

    def _ask_file(self) -> None:
        ask_file(
            self.view,
            tr("Certificates", "Trust a file"),
            wanted=Wanted.OPEN,
            start=_documents(),
            kinds=tr("Certificates", "Certificates (*.der *.pem *.crt *.cer)"),
            chosen=self._look_into,
        )

    def _look_into(self, path: str) -> None:
        file = Path(path)
        self._run(lambda: (file, self._certificates.look_into(file)), self._looked)

    def _ask_save(self) -> None:
        ask_file(
            self.view,
            tr("Certificates", "Save our certificate"),
            wanted=Wanted.SAVE,
            start=_documents() / OWN_FILE,
            kinds=tr("Certificates", "Certificates (*.der)"),
            chosen=self._save,
        )

    def _save(self, path: str) -> None:
        self._run(partial(self._certificates.save_own, Path(path), by=self._actor), self._saved)

    # ---- outcomes, in the main thread

    def _trusted(self, view: CertificateView) -> None:
        name = words.name_of(view.subject)
        told = tr("Certificates", "{name} is trusted. Its link tries again within seconds.", name=name)
        self._tell(told, view, undo=partial(self._reject_mark, view.fingerprint))

    def _rejected(self, view: CertificateView) -> None:
        name = words.name_of(view.subject)
        told = tr(
            "Certificates", "{name} is not trusted any more. Its link ends at the next attempt.", name=name
        )
        back = tr("Certificates", "taken back")
        self._tell(told, view, undo=partial(self._trust_mark, view.fingerprint, back))

    def _removed(self, nothing: None) -> None:
        self._tell(tr("Certificates", "Removed from the list."), None)

    def _renewed(self, view: CertificateView) -> None:
        self._tell(tr("Certificates", "Made. Save it to a file and let each server trust it."), view)

    def _looked(self, found: tuple[Path, CertificateView]) -> None:
        file, view = found
        self.table.clearSelection()
        self._file = file
        self.detail.show_certificate(view, is_from_file=True)
        self.detail.ask_trust()

    def _saved(self, path: Path) -> None:
        self.done.offer(tr("Certificates", "Saved to {path}", path=path), can_undo=False)

    def _failed(self, error: BaseException) -> None:
        self.done.offer(error_words(error), can_undo=False)
        self._poll.ask_soon()

    def _tell(
        self, told: str, view: CertificateView | None, *, undo: Callable[[], None] | None = None
    ) -> None:
        """Say what was done, offer the way back, and keep the certificate in front where it stands now."""
        self._file, self._undo = None, undo
        self._wanted = None if view is None else _identity(view)
        self.detail.show_certificate(view)
        self.done.offer(told, can_undo=undo is not None)
        self._poll.ask_soon()

    def _take_back(self) -> None:
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()

    # ---- what is shown

    def _show(self, views: Sequence[CertificateView]) -> None:
        is_first = self._pages.currentWidget() is self._loading
        self._views = tuple(views)
        self._group_ends = {
            _identity(row) for row, following in pairwise(views) if row.kind is not following.kind
        }
        self._pages.setCurrentWidget(self.table if views else self.empty)
        self._card.set_context(_counts(self._views))
        self.table.set_rows(self._views)
        wanted = self._wanted or (_identity(_first_to_see(self._views)) if is_first and views else None)
        self._wanted = None
        if wanted is not None:
            self.table.select(wanted)
        if self._file is None:
            self._on_chosen()

    def _put_file_away(self) -> None:
        self._file = None
        self._on_chosen()

    def _on_chosen(self) -> None:
        chosen = self.table.selected()
        if len(chosen) == 1 or self._file is None:
            self._file = None
            found = [view for view in self._views if _identity(view) in chosen]
            self.detail.show_certificate(found[0] if len(found) == 1 else None)

    def _ends_group(self, row: CertificateView) -> bool:
        return _identity(row) in self._group_ends

    def _make_table(self) -> DataTable:
        columns = (
            Column("stands", tr("Certificates", "Stands"), words.stands, width=84, is_hideable=False),
            Column("name", tr("Certificates", "Name"), _name, tip=_subject, is_hideable=False),
            Column("ends", tr("Certificates", "Valid until"), self._ends, width=110),
            Column("left", tr("Certificates", "Lasts"), words.left, width=140, order=_days_left),
            Column("why", tr("Certificates", "Refused because"), words.why, width=190, tip=words.why),
            Column("print", tr("Certificates", "Fingerprint"), words.short_print, width=130, is_weak=True),
        )
        return DataTable(
            columns,
            name=tr("Certificates", "Certificates"),
            identity=_identity,
            is_bold=words.needs_a_look,
            ends_group=self._ends_group,
            is_on_panel=True,
        )

    def _ends(self, row: CertificateView) -> str:
        return words.ends(row, self._context.plant_time())


def _identity(row: CertificateView) -> Hashable:
    return row.kind, row.fingerprint


def _name(row: CertificateView) -> str:
    return words.name_of(row.subject)


def _subject(row: CertificateView) -> str:
    return row.subject


def _days_left(row: CertificateView) -> int:
    return row.days_left


def _first_to_see(views: Sequence[CertificateView]) -> CertificateView:
    """Return the one that waits for a decision, else the first."""
    return next((view for view in views if view.kind is CertificateKind.REJECTED), views[0])


def _counts(views: Sequence[CertificateView]) -> str:
    trusted = sum(view.kind is CertificateKind.TRUSTED for view in views)
    refused = sum(view.kind is CertificateKind.REJECTED for view in views)
    return tr("Certificates", "{trusted} trusted, {refused} refused", trusted=trusted, refused=refused)


def _documents() -> Path:
    place = QStandardPaths.StandardLocation.DocumentsLocation
    return Path(QStandardPaths.writableLocation(place))


def make_tab(workstation: Workstation, context: Context) -> CertificatesTab:
    """Return the tab."""
    return CertificatesTab(workstation, context)
