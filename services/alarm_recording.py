"""Turns conditions into stored alarm states: the row is the truth, changed by compare-and-set."""

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from domain.condition.alarms import ACTIVE_CONDITION, Alarm, AlarmEvent, AlarmRule, step
from domain.errors import Conflict
from domain.instants import Clock
from domain.plant.assets import AssetKind
from domain.plant.plant import Plant
from domain.plant.tags import TagKind
from domain.roles import Actor
from services.alarm_watch import ConditionChange
from storage.store import Store

_log = logging.getLogger(__name__)

ATTEMPTS = 5


class AlarmRecorder:
    """Writes condition changes in the collector's lane; a window may have changed the row meanwhile."""

    def __init__(self, store: Store, *, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    def record(
        self, changes: Iterable[ConditionChange], keep_waveform: Callable[[AlarmRule], UUID | None]
    ) -> None:
        """Store each change; a waveform is kept before the alarm that links it."""
        for change in changes:
            waveform_id = keep_waveform(change.rule) if change.event is AlarmEvent.CONDITION_TRUE else None
            self._record(change, waveform_id)

    def _record(self, change: ConditionChange, waveform_id: UUID | None) -> None:
        for _ in range(ATTEMPTS):
            before = self._store.alarms.get(change.rule.id)
            after = step(
                before,
                change.event,
                latching=change.rule.latching,
                at_us=self._clock.now_us(),
                value=change.value if math.isfinite(change.value) else None,
            )
            if after is before:
                return
            try:
                self._write(before, after, change, waveform_id)
                return
            except Conflict:
                continue
        _log.error("alarm %s could not be changed in %d attempts", change.rule.id, ATTEMPTS)

    def _write(self, before: Alarm, after: Alarm, change: ConditionChange, waveform_id: UUID | None) -> None:
        with self._store.unit_of_work(self._actor) as work:
            work.alarms.compare_and_set(before, after, event=change.event)
            if waveform_id is not None:
                work.alarms.link_waveform(after.id, waveform_id)


def stored_conditions(store: Store) -> dict[UUID, bool]:
    """Return which conditions were true when they were last stored."""
    return {alarm.rule_id: alarm.state in ACTIVE_CONDITION for alarm in store.alarms.all()}


def state_tags(plant: Plant, rules: Iterable[AlarmRule]) -> Mapping[UUID, int]:
    """Return the machine's state tag of each rule that only counts while the machine runs."""
    of_machine = {
        plant.machine_of(tag.asset_id).id: tag.key for tag in plant.tags if tag.kind is TagKind.STATE
    }
    found: dict[UUID, int] = {}
    for rule in rules:
        machine = plant.machine_of(rule.asset_id)
        if rule.only_running and machine.kind is AssetKind.MACHINE and machine.id in of_machine:
            found[rule.id] = of_machine[machine.id]
    return found
