"""Alarms as screens show them, and what people do with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.condition.alarms import Alarm, AlarmEvent, AlarmRule, Priority, step
from domain.errors import Conflict, IllegalTransition
from domain.instants import Clock
from domain.plant.assets import AssetPath
from domain.plant.plant import Plant
from domain.plant.tags import Connection, Tag
from domain.roles import Actor, Permission
from services.access import require
from services.contests import contested
from storage.repositories.condition_rows import AlarmTransition as AlarmTransition
from storage.store import Store


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm with everything a row or a detail shows. ``tag`` is None for alarms of links."""

    alarm: Alarm
    rule: AlarmRule
    path: AssetPath
    tag: Tag | None = None
    connection: Connection | None = None

    @property
    def priority(self) -> Priority:
        return self.rule.priority


@dataclass(frozen=True, slots=True)
class PriorityCount:
    """Listed alarms of one priority and how many of them ask for an acknowledgement."""

    total: int
    unacknowledged: int


@dataclass(frozen=True, slots=True)
class ActReport:
    """What an act on several alarms did. Conflicts carry who was first."""

    done: tuple[Alarm, ...]
    refused: tuple[tuple[UUID, Conflict | IllegalTransition], ...] = ()


class Alarming:
    """Use cases on alarms. Works while the collector is down: the stored row is the truth."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._plant = Plant()
        self._rules: dict[UUID, AlarmRule] = {}
        self.reload()

    def reload(self) -> None:
        """Read rules and set-up anew."""
        self._plant = self._store.plant.load()
        self._rules = {rule.id: rule for rule in self._store.alarm_rules.all()}

    @property
    def rules(self) -> Iterable[AlarmRule]:
        return self._rules.values()

    def listed(self) -> tuple[AlarmView, ...]:
        """Return the active list: unacknowledged first, then priority, then the newest."""
        views = [self._view(alarm) for alarm in self._store.alarms.listed() if alarm.rule_id in self._rules]
        return tuple(sorted(views, key=_rank))

    def get(self, alarm_id: UUID) -> AlarmView:
        """Return one alarm as shown; NotFound when it is gone."""
        return self._view(self._store.alarms.get(alarm_id))

    def journal(
        self, *, start_us: int, end_us: int, alarm_id: UUID | None = None, limit: int = 1000
    ) -> tuple[AlarmTransition, ...]:
        """Return transitions, the newest first."""
        return self._store.alarms.journal(start_us, end_us, alarm_id=alarm_id, limit=limit)

    def acknowledge(self, alarm_ids: Sequence[UUID], *, by: Actor, note: str = "") -> ActReport:
        """Acknowledge alarms; each one alone, so that a conflict on one does not stop the others."""
        require(by, Permission.ACKNOWLEDGE_ALARM)
        return self._act(alarm_ids, AlarmEvent.ACKNOWLEDGE, by=by, note=note)

    def reset(self, alarm_ids: Sequence[UUID], *, by: Actor) -> ActReport:
        """Reset latched alarms whose condition is gone."""
        require(by, Permission.RESET_ALARM)
        return self._act(alarm_ids, AlarmEvent.RESET, by=by, note="")

    def _act(self, alarm_ids: Sequence[UUID], event: AlarmEvent, *, by: Actor, note: str) -> ActReport:
        done: list[Alarm] = []
        refused: list[tuple[UUID, Conflict | IllegalTransition]] = []
        for alarm_id in alarm_ids:
            try:
                with contested(self._store, by=by, act=event.value, kind="alarm", thing_id=alarm_id):
                    done.append(self._act_on(alarm_id, event, by=by, note=note))
            except (Conflict, IllegalTransition) as error:
                refused.append((alarm_id, error))
        return ActReport(tuple(done), tuple(refused))

    def _act_on(self, alarm_id: UUID, event: AlarmEvent, *, by: Actor, note: str) -> Alarm:
        before = self._store.alarms.get(alarm_id)
        after = step(
            before,
            event,
            latching=self._rules[before.rule_id].latching,
            at_us=self._clock.now_us(),
            by=by.name or by.role.value,
            note=note,
        )
        with self._store.unit_of_work(by) as work:
            return work.alarms.compare_and_set(before, after, event=event, note=note)

    def _view(self, alarm: Alarm) -> AlarmView:
        rule = self._rules[alarm.rule_id]
        tag = None if rule.tag_key is None else self._plant.tag(rule.tag_key)
        links = (each for each in self._plant.connections if each.id == rule.connection_id)
        return AlarmView(alarm, rule, self._plant.path(rule.asset_id), tag, next(links, None))


def counts(views: Iterable[AlarmView]) -> dict[Priority, PriorityCount]:
    """Return the counters of the top bar, every priority present."""
    found = list(views)
    return {
        priority: PriorityCount(
            sum(view.priority is priority for view in found),
            sum(view.priority is priority and view.alarm.needs_acknowledgement for view in found),
        )
        for priority in Priority
    }


def _rank(view: AlarmView) -> tuple[bool, int, int]:
    return not view.alarm.needs_acknowledgement, int(view.priority), -(view.alarm.raised_us or 0)
