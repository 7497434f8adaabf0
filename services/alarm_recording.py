"""Turns conditions into stored alarm states: the row is the truth, changed by compare-and-set."""

import contextlib
import logging
import math
from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.condition.alarms import ACTIVE_CONDITION, Alarm, AlarmRule, step
from domain.errors import Conflict, NotFound
from domain.plant.assets import AssetKind
from domain.plant.plant import Plant
from domain.plant.tags import TagKind
from domain.ports import WaveformStore
from domain.roles import Actor
from services.alarm_captures import AlarmCapture
from services.alarm_watch import ConditionChange
from storage.store import Store

_log = logging.getLogger(__name__)

ATTEMPTS = 5


class AlarmRecorder:
    """Writes condition changes in the collector's lane; a window may have changed the row meanwhile.

    Each call may be repeated after the database refused it: what is stored already is not stored again.
    Nobody waits for the alarm of a rule that was removed a moment ago.
    """

    def __init__(self, store: Store, kept: WaveformStore, *, actor: Actor) -> None:
        self._store = store
        self._kept = kept
        self._actor = actor

    def record(
        self,
        change: ConditionChange,
        *,
        at_us: int,
        capture: AlarmCapture | None = None,
        is_again: bool = False,
    ) -> None:
        """Store a change; its waveform is kept before the alarm that links it.

        ``is_again``: an earlier program may have stored it and not have noted that it did.
        """
        if is_again and self._is_stored(change, at_us):
            return
        if capture is not None:
            self._kept.keep(capture.waveform, reason="alarm", identity=capture.waveform_id)
        for _ in range(ATTEMPTS):
            try:
                before = self._store.alarms.get(change.rule.id)
            except NotFound:
                return
            after = step(
                before,
                change.event,
                latching=change.rule.latching,
                at_us=at_us,
                value=change.value if math.isfinite(change.value) else None,
            )
            if after is before:
                return
            try:
                self._write(before, after, change, capture)
                return
            except Conflict:
                continue
        _log.error("alarm %s could not be changed in %d attempts", change.rule.id, ATTEMPTS)

    def _is_stored(self, change: ConditionChange, at_us: int) -> bool:
        rows = self._store.alarms.journal(at_us, at_us + 1, alarm_id=change.rule.id)
        return any(row.event == change.event.value for row in rows)

    def link(self, capture: AlarmCapture) -> None:
        """Keep a waveform that was complete only after the alarm, then tie it to the alarm's row."""
        self._kept.keep(capture.waveform, reason="alarm", identity=capture.waveform_id)
        with contextlib.suppress(NotFound), self._store.unit_of_work(self._actor) as work:
            work.alarms.link_waveform(capture.rule_id, capture.waveform_id)

    def _write(
        self, before: Alarm, after: Alarm, change: ConditionChange, capture: AlarmCapture | None
    ) -> None:
        with self._store.unit_of_work(self._actor) as work:
            work.alarms.compare_and_set(before, after, event=change.event)
            if capture is not None:
                work.alarms.link_waveform(after.id, capture.waveform_id)


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
