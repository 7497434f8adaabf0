"""The frame's values from the services: alarms by events, links each second; nobody waits."""

from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from domain.errors import DatabaseUnreachable, StorageError
from domain.events import AlarmsChanged
from domain.plant.limits import Limit
from services.alarming import ActReport, AlarmView, counts
from services.status import SystemStatus
from services.workstation import Workstation
from ui import text
from ui.bridge import EventBridge
from ui.formatting import Presentation, present
from ui.screens.alarm_words import place_of
from ui.shell_state import Count, LinkSummary, ShellState, StripAlarm
from ui.tasks import Tasks
from ui.widgets.priority_symbol import SymbolState

STATUS_MS = 1000
NEW_WITHIN_US = 600 * 1_000_000
CONNECTED = "connected"


class ServiceShellSource(QObject):
    """Implements ``ShellSource`` for a workstation."""

    told = Signal(str)
    """A sentence about the data that a person should read, each once."""

    went_away = Signal(object)
    """The database has not answered for a while: the error that says so."""

    answered = Signal(object)
    """The database answers: the error that is over now, or would be had anybody met it. Each second."""

    def __init__(
        self, workstation: Workstation, tasks: Tasks, events: EventBridge, *, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workstation = workstation
        self._tasks = tasks
        self._views: tuple[AlarmView, ...] = ()
        self._is_known = False
        self._away: StorageError | None = None
        place = str(workstation.store.place)
        self._silence = DatabaseUnreachable("it answers", key="database_unreachable", place=place)
        self._told: set[str] = set()
        self._status: SystemStatus | None = None
        events.delivered.connect(self._on_events)
        self._timer = QTimer(self)
        self._timer.setInterval(STATUS_MS)
        self._timer.timeout.connect(self._ask_status)
        self._timer.start()
        self._ask_alarms()
        self._ask_status()

    def state(self) -> ShellState:
        """Return the newest picture."""
        now_us = self._workstation.clock.now_us()
        status, is_alive = self._status, self._workstation.live.is_alive()
        connections = () if status is None else status.connections
        live = sum(each.state == CONNECTED for each in connections) if is_alive else 0
        return ShellState(
            counts={key: Count(each.total, each.unacknowledged) for key, each in counts(self._views).items()},
            strip=[self._strip_row(view, now_us) for view in self._strip_order()],
            new_in_10_min=sum((view.alarm.raised_us or 0) > now_us - NEW_WITHIN_US for view in self._views),
            links=LinkSummary(live, len(self._workstation.monitoring.plant.connections), is_alive),
            connections=connections,
            is_alarm_list_known=self._is_known,
            is_simulated=self._workstation.monitoring.is_simulated,
            site=self._workstation.monitoring.plant.site_name,
            user=self._workstation.actor.name,
            role=text.role_name(self._workstation.actor.role),
        )

    def acknowledge(self, alarm_ids: Sequence[UUID], *, failed: Callable[[BaseException], None]) -> None:
        """Acknowledge alarms; those that somebody else was faster with are told to ``failed``."""
        alarming, actor = self._workstation.alarming, self._workstation.actor

        def act() -> ActReport:
            report = alarming.acknowledge(alarm_ids, by=actor)
            if report.refused and not report.done:
                raise report.refused[0][1]
            return report

        self._tasks.run(act, failed=failed)

    def _strip_order(self) -> list[AlarmView]:
        """Unacknowledged first by priority, then the newest."""
        return sorted(
            self._views,
            key=lambda view: (
                not view.alarm.needs_acknowledgement,
                int(view.priority) if view.alarm.needs_acknowledgement else 0,
                -(view.alarm.raised_us or 0),
            ),
        )

    def _strip_row(self, view: AlarmView, now_us: int) -> StripAlarm:
        alarm, rule, tag = view.alarm, view.rule, view.tag
        label = tag.label if tag is not None else view.connection.name if view.connection else ""
        return StripAlarm(
            id=alarm.id,
            symbol=SymbolState(view.priority, alarm.state, alarm.overlay),
            raised_us=alarm.raised_us or now_us,
            place=place_of(self._workstation.monitoring.plant, rule),
            message=text.alarm_message(rule.message_key, label=label),
            value=self._present_value(view),
            limit=_limit(rule.limit, tag.digits if tag else 1),
            respond_within_s=rule.respond_within_s if alarm.needs_acknowledgement else None,
            address=f"alarms/{alarm.id}",
        )

    def _present_value(self, view: AlarmView) -> Presentation:
        if view.tag is None:
            return present(None, unit="1", digits=0, quality=0)
        row = next(self._workstation.live.values(np.array([view.tag.key], dtype=np.int32)).rows())
        return present(row.value, unit=view.tag.unit, digits=view.tag.digits, quality=row.quality.code)

    def _on_events(self, events: tuple[object, ...]) -> None:
        if any(isinstance(event, AlarmsChanged) for event in events):
            self._ask_alarms()

    def _ask_alarms(self) -> None:
        self._tasks.run(self._workstation.alarming.listed, done=self._take_alarms, failed=self._miss_alarms)

    def _take_alarms(self, views: tuple[AlarmView, ...]) -> None:
        self._views, self._is_known = views, True

    def _miss_alarms(self, error: BaseException) -> None:
        """What is shown may be over; asked for again each second."""
        self._is_known = False

    def _ask_status(self) -> None:
        self._notice_database()
        self._tasks.run(self._look, done=self._take_status)

    def _notice_database(self) -> None:
        """Tell when the database goes away, and while it answers that it does; read alarms until known."""
        problem = self._workstation.watch.away
        if problem is None:
            self.answered.emit(self._away or self._silence)
            self._away = None
            if not self._is_known:
                self._ask_alarms()
        elif self._away is None:
            self._away, self._is_known = problem, False
            self.went_away.emit(problem)

    def _look(self) -> SystemStatus | None:
        """Read the status and the words that screens asked for, in the lane."""
        self._workstation.texts.fetch(self._workstation.history.texts)
        return self._workstation.monitoring.status()

    def _take_status(self, status: SystemStatus | None) -> None:
        self._status = status
        for problem in () if status is None else status.problems:
            if problem not in self._told:
                self._told.add(problem)
                self.told.emit(problem)


def _limit(limit: Limit | None, digits: int) -> Presentation | None:
    if limit is None:
        return None
    return present(limit.value, unit=limit.unit, digits=digits, quality=0)
