"""The link audit tab: a row per machine, critical ones first, with what is still missing [ACQ-8]."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from domain.plant.assets import Asset
from services.link_audit import AuditRow, audit_links, device_tags, measure_loss
from services.workstation import Workstation
from ui.context import Context
from ui.formatting import Presentation, age, number
from ui.screens.link_words import link_problem, losses_of
from ui.screens.polling import Poll
from ui.screens.setup.tabs import SetupTab
from ui.text import connection_state, tr
from ui.widgets.data_table import DataTable
from ui.widgets.notices import EmptyState, Loading
from ui.widgets.panel import Panel
from ui.widgets.table_model import CellKind, Column

AUDIT_EVERY_S, LOSS_EVERY_S = 2.0, 0.5
"""Loss is read for one machine at a time: a whole plant would keep other screens waiting for the disk."""
NONE = Presentation("\u2013", "")


class LinksTab(SetupTab):
    """Whether every machine brings what it should before it goes live."""

    help_page = "setup-links"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._losses: dict[UUID, float] = {}
        self._turn = 0
        self.table = _table()
        self._summary = QLabel()
        self._summary.setObjectName("caption")
        self._loading = Loading()
        self._empty = EmptyState(
            tr("Links", "No machine has values of a device yet."),
            why=tr("Links", "Connect a device and give its values to machines."),
        )
        self.view = self._build()
        tasks, failed = context.tasks, context.show_problem
        self._audit = Poll(tasks, self._look, self._show, period_s=AUDIT_EVERY_S, failed=failed)
        self._loss = Poll(tasks, self._measure, self._take_loss, period_s=LOSS_EVERY_S, failed=failed)

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self._card = Panel(
            tr("Links", "Link audit"), tr("Links", "critical machines first; loss over 15 minutes")
        )
        head = QHBoxLayout()
        head.addWidget(self._summary)
        head.addStretch(1)
        self._card.body.addLayout(head)
        for each in (self._loading, self._empty, self.table):
            self._card.body.addWidget(each, 1)
        self.table.hide()
        self._empty.hide()
        self.table.opened.connect(self._open_asset)
        column.addWidget(self._card)
        return page

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        self._audit.ask_soon()

    def refresh(self, now_us: int) -> None:
        self._audit.ask_if_due(now_us)
        self._loss.ask_if_due(now_us)

    def plant_changed(self) -> None:
        self._losses = {}
        self._audit.ask_soon()
        self._loss.ask_soon()

    # ---- in the database lane

    def _look(self) -> tuple[AuditRow, ...]:
        monitoring = self._workstation.monitoring
        return audit_links(
            monitoring.plant,
            monitoring.live,
            monitoring.connections(),
            now_us=self._context.clock.now_us(),
            losses=self._losses,
        )

    def _measure(self) -> tuple[UUID, float | None] | None:
        """Return the loss of the next machine in turn, None without any machine."""
        monitoring = self._workstation.monitoring
        plant, now_us = monitoring.plant, self._context.clock.now_us()
        machines = [machine for line in plant.lines for machine in plant.machines(line.id)]
        machines = [machine for machine in machines if device_tags(plant, machine)]
        if not machines:
            return None
        machine = machines[self._turn % len(machines)]
        self._turn += 1
        status = monitoring.status()
        since_us = 0 if status is None else status.written_us - round(status.uptime_s * 1e6)
        history = self._workstation.history
        return machine.id, measure_loss(plant, machine, history, now_us=now_us, since_us=since_us)

    # ---- in the main thread

    def _show(self, rows: Sequence[AuditRow]) -> None:
        self._loading.hide()
        self.table.setVisible(bool(rows))
        self._empty.setVisible(not rows)
        self.table.set_rows(rows)
        ready = sum(row.is_ready for row in rows)
        self._summary.setText(
            tr("Links", "{ready} of {count} machines ready", ready=ready, count=len(rows)) if rows else ""
        )

    def _take_loss(self, found: tuple[UUID, float | None] | None) -> None:
        if found is None:
            return
        machine_id, loss = found
        losses = {key: share for key, share in self._losses.items() if key != machine_id}
        self._losses = losses if loss is None else losses | {machine_id: loss}

    def _open_asset(self, identity: object) -> None:
        self._context.go(f"asset/{identity}")


def _table() -> DataTable:
    columns = (
        Column("asset", tr("Links", "Machine"), _asset, width=190, is_hideable=False),
        Column("line", tr("Links", "Line"), _line, width=150, is_weak=True),
        Column("critical", tr("Links", "Critical"), _critical, width=72),
        Column("links", tr("Links", "Links"), _links, is_hideable=False, tip=_links_tip),
        Column("seen", tr("Links", "Seen"), _seen, width=96, align_right=True, order=_seen_order),
        Column("missing", tr("Links", "Missing"), _missing, width=130, tip=_missing_tip),
        Column("age", tr("Links", "Oldest"), _oldest, width=84, align_right=True, order=_oldest_order),
        Column("loss", tr("Links", "Lost %"), _loss, CellKind.NUMBER, 84, decimals=2, order=_loss_order),
        Column(
            "lost", tr("Links", "Lost by links"), _lost, CellKind.NUMBER, 96, tip=_lost_tip, order=_lost_order
        ),
        Column("verdict", tr("Links", "Audit"), _verdict, width=96),
    )
    return DataTable(columns, name=tr("Links", "Link audit"), identity=_id, is_on_panel=True)


def _id(row: AuditRow) -> UUID:
    return row.asset.id


def _asset(row: AuditRow) -> str:
    return _named(row.asset)


def _named(asset: Asset) -> str:
    return asset.name


def _line(row: AuditRow) -> str:
    return row.line_name


def _critical(row: AuditRow) -> str:
    return row.asset.criticality.value


def _links(row: AuditRow) -> str:
    by_state: dict[str, list[str]] = {}
    for link in row.links:
        by_state.setdefault(link.state, []).append(link.name)
    return "; ".join(f"{', '.join(names)} {connection_state(state)}" for state, names in by_state.items())


def _links_tip(row: AuditRow) -> str:
    return "\n".join(
        f"{link.name}: {connection_state(link.state)}. {link_problem(link)}".rstrip() for link in row.links
    )


def _seen(row: AuditRow) -> str:
    return tr("Links", "{seen} of {tags}", seen=row.seen, tags=row.tags)


def _seen_order(row: AuditRow) -> float:
    return row.seen / row.tags


def _missing(row: AuditRow) -> str:
    return ", ".join(row.missing)


def _missing_tip(row: AuditRow) -> str:
    return "\n".join(row.missing)


def _oldest(row: AuditRow) -> str:
    return tr("Links", "never") if row.oldest_age_s is None else age(row.oldest_age_s)


def _oldest_order(row: AuditRow) -> float:
    return float("inf") if row.oldest_age_s is None else row.oldest_age_s


def _loss(row: AuditRow) -> Presentation:
    return NONE if row.loss_share is None else Presentation(number(100 * row.loss_share, 2), decimals=2)


def _loss_order(row: AuditRow) -> float | None:
    return row.loss_share


def _lost(row: AuditRow) -> Presentation:
    return Presentation(number(row.lost, 0), decimals=0) if row.lost else NONE


def _lost_order(row: AuditRow) -> float:
    return row.lost


def _lost_tip(row: AuditRow) -> str:
    told = [f"{link.name}: {losses}" for link in row.links if (losses := losses_of(link))]
    return "\n".join([tr("Links", "What the links of this machine lost since the collector started."), *told])


def _verdict(row: AuditRow) -> str:
    return tr("Links", "ready") if row.is_ready else tr("Links", "open")


def make_tab(workstation: Workstation, context: Context) -> LinksTab:
    """Return the tab."""
    return LinksTab(workstation, context)
