"""The system health tab: one sentence on top, the facts, the links with what they lost."""

from collections.abc import Hashable
from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from domain.roles import Permission
from services.clock_watch import confirm_time
from services.status import SystemStatus
from services.workstation import Workstation
from ui.context import Context
from ui.screens.permissions import refusal_to
from ui.screens.polling import Poll
from ui.screens.setup.health.facts import (
    Fact,
    LinkRow,
    facts_of,
    link_rows,
    support_text,
    version_rows,
)
from ui.screens.setup.health.verdict import verdict
from ui.screens.setup.tabs import SetupTab
from ui.text import tr
from ui.theme import NAME, SEMIBOLD, font
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel
from ui.widgets.table_model import Column

POLL_S = 1.0


class HealthTab(SetupTab):
    """How the collector and its links do, and what a support person would ask."""

    help_page = "setup-health"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._status: SystemStatus | None = None
        self.facts, self.links, self.versions = _fact_table(), _link_table(), _version_table()
        self.sentence, self.problems = QLabel(), QLabel()
        self._copy = KeyButton(tr("Health", "Copy for support"), icon="copy")
        self.confirm_time = KeyButton(tr("Health", "The time of this PC is right"), icon="check")
        self.confirm_time.hide()
        self.view = self._build()
        monitoring = workstation.monitoring
        self._poll = Poll(
            context.tasks, monitoring.status, self._show, period_s=POLL_S, failed=context.show_problem
        )

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._head())
        row = QHBoxLayout()
        row.setSpacing(12)
        facts = Panel(tr("Health", "Collector"), tr("Health", "once a second"))
        facts.body.addWidget(self.facts)
        links = Panel(tr("Health", "Links"), tr("Health", "trouble first; losses since the start"))
        links.body.addWidget(self.links)
        versions = Panel(tr("Health", "Versions"))
        versions.body.addWidget(self.versions)
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(links, 5)
        right.addWidget(versions, 4)
        row.addWidget(facts, 5)
        row.addLayout(right, 6)
        column.addLayout(row, 1)
        return page

    def _head(self) -> Panel:
        head = Panel(tr("Health", "System health"))
        line = QHBoxLayout()
        self.sentence.setFont(font(NAME, SEMIBOLD))
        self.problems.setWordWrap(True)
        self.problems.setObjectName("caption")
        self._copy.clicked.connect(self._copy_for_support)
        self.confirm_time.clicked.connect(self._confirm_time)
        refusal = refusal_to(self._workstation.actor.role, Permission.OPERATE_COLLECTOR)
        self.confirm_time.setEnabled(not refusal)
        self.confirm_time.setToolTip(refusal)
        line.addWidget(self.sentence, 1)
        line.addWidget(self.confirm_time)
        line.addWidget(self._copy)
        head.body.addLayout(line)
        head.body.addWidget(self.problems)
        return head

    # ---- what the shell asks

    def open(self, argument: str) -> None:
        self._poll.ask_soon()

    def refresh(self, now_us: int) -> None:
        self._poll.ask_if_due(now_us)
        self.sentence.setText(verdict(self._status, now_us=now_us))

    def plant_changed(self) -> None:
        self._poll.ask_soon()

    # ---- in the main thread

    def _show(self, status: SystemStatus | None) -> None:
        self._status = status
        self.sentence.setText(verdict(status, now_us=self._context.clock.now_us()))
        self.problems.setText("" if status is None else "\n".join(status.problems))
        self.problems.setVisible(bool(status and status.problems))
        self._copy.setEnabled(status is not None)
        self.confirm_time.setVisible(bool(status and status.is_clock_suspect))
        self.facts.set_rows(() if status is None else facts_of(status))
        self.links.set_rows(() if status is None else link_rows(status))
        self.versions.set_rows(() if status is None else version_rows(status))

    def _confirm_time(self) -> None:
        """Say that the date is right, so that old history may go again; the collector takes it at once."""
        self.confirm_time.hide()
        station = self._workstation
        work = partial(confirm_time, station.store, by=station.actor, clock=self._context.clock)
        self._context.tasks.run(work, failed=self._context.show_problem)

    def _copy_for_support(self) -> None:
        if self._status is not None:
            QGuiApplication.clipboard().setText(support_text(self._status))


def _fact_table() -> DataTable:
    columns = (
        Column("name", tr("Health", "Fact"), _fact_name, width=180, is_hideable=False),
        Column("value", tr("Health", "Now"), _fact_value, width=136, align_right=True, is_hideable=False),
        Column("meaning", tr("Health", "Means"), _fact_meaning, is_weak=True, tip=_fact_meaning),
    )
    return DataTable(
        columns, name=tr("Health", "Facts"), identity=_fact_id, row_height=ROW_COMPACT, is_on_panel=True
    )


def _link_table() -> DataTable:
    columns = (
        Column("name", tr("Health", "Link"), _link_name, width=130, is_hideable=False),
        Column("state", tr("Health", "State"), _link_state, width=120, is_hideable=False),
        Column("age", tr("Health", "Age"), _link_age, width=64, align_right=True, order=_link_age_s),
        Column("losses", tr("Health", "Lost"), _link_losses, width=120, tip=_link_losses),
        Column("problem", tr("Health", "Problem"), _link_problem, tip=_link_problem),
    )
    return DataTable(
        columns, name=tr("Health", "Links"), identity=_link_name, row_height=ROW_COMPACT, is_on_panel=True
    )


def _version_table() -> DataTable:
    columns = (
        Column("name", tr("Health", "Part"), _fact_name, width=180, is_hideable=False),
        Column("value", tr("Health", "Version"), _fact_value, width=100, is_hideable=False),
        Column("meaning", tr("Health", "Means"), _fact_meaning, is_weak=True, tip=_fact_meaning),
    )
    return DataTable(
        columns, name=tr("Health", "Versions"), identity=_fact_id, row_height=ROW_COMPACT, is_on_panel=True
    )


def _fact_id(fact: Fact) -> Hashable:
    return fact.key


def _fact_name(fact: Fact) -> str:
    return fact.name


def _fact_value(fact: Fact) -> str:
    return fact.value


def _fact_meaning(fact: Fact) -> str:
    return fact.meaning


def _link_name(row: LinkRow) -> str:
    return row.name


def _link_state(row: LinkRow) -> str:
    return row.state


def _link_age(row: LinkRow) -> str:
    return row.age


def _link_age_s(row: LinkRow) -> float:
    return row.age_s


def _link_losses(row: LinkRow) -> str:
    return row.losses


def _link_problem(row: LinkRow) -> str:
    return row.problem


def make_tab(workstation: Workstation, context: Context) -> HealthTab:
    """Return the tab."""
    return HealthTab(workstation, context)
