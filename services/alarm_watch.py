"""Watches values against limits: deadband, delays, running machines. Reports conditions that turn.

Pure bookkeeping without clock or database: the collector feeds it and stores what it reports.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.condition.alarms import AlarmEvent, AlarmRule, is_deviating
from domain.plant.assets import MachineState
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.readings import ReadingBatch

SAMPLES_DROPPED = "samples_dropped"
"""Message key of the rule that any loss inside the program raises."""

DISK_SHORT = "disk_short"
"""Message key of the rule that a disk which is nearly full raises."""

LINK_LOSING = "link_losing"
"""Message key of the rule that a loss on the way from a device raises while its link is up."""

DROP_MEMORY_S = 60.0


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """A condition has held long enough to count. ``value`` is the last one seen, NaN for a link."""

    rule: AlarmRule
    event: AlarmEvent
    value: float


@dataclass(slots=True)
class _Watched:
    rule: AlarmRule
    condition: bool
    deviating: bool = False
    since_s: float | None = None
    value: float = math.nan


class AlarmWatch:
    """Conditions of all enabled rules.

    ``conditions`` says which conditions were true when the program ended; ``state_tag_of`` names the state
    tag of the machine of each rule that only counts while it runs.
    """

    def __init__(
        self,
        rules: Iterable[AlarmRule],
        *,
        conditions: Mapping[UUID, bool],
        state_tag_of: Mapping[UUID, int],
    ) -> None:
        self._by_tag: dict[int, list[_Watched]] = {}
        self._by_connection: dict[UUID, list[_Watched]] = {}
        self._by_losses: dict[UUID, list[_Watched]] = {}
        self._by_message: dict[str, list[_Watched]] = {}
        self._all: list[_Watched] = []
        self._state_tag_of = dict(state_tag_of)
        self._state: dict[int, int] = dict.fromkeys(self._state_tag_of.values(), MachineState.UNKNOWN.value)
        for rule in rules:
            if rule.is_enabled:
                self._add(rule, conditions.get(rule.id, False))

    def _add(self, rule: AlarmRule, condition: bool) -> None:
        watched = _Watched(rule, condition, deviating=condition)
        self._all.append(watched)
        if rule.tag_key is not None and rule.limit is not None:
            self._by_tag.setdefault(rule.tag_key, []).append(watched)
        elif rule.connection_id is not None and rule.message_key == LINK_LOSING:
            self._by_losses.setdefault(rule.connection_id, []).append(watched)
        elif rule.connection_id is not None:
            self._by_connection.setdefault(rule.connection_id, []).append(watched)
        else:
            self._by_message.setdefault(rule.message_key, []).append(watched)

    def observe(self, batch: ReadingBatch, *, now_s: float) -> list[ConditionChange]:
        """Take new values; bad and non-finite ones change no condition."""
        changes: list[ConditionChange] = []
        usable = (batch.quality & CLASS_MASK) != QualityClass.BAD
        for tag_key, value, is_usable in zip(
            batch.tag_key.tolist(), batch.value.tolist(), usable.tolist(), strict=True
        ):
            if tag_key in self._state:
                self._state[tag_key] = int(value) if is_usable else MachineState.UNKNOWN.value
            if not is_usable or not math.isfinite(value):
                continue
            for watched in self._by_tag.get(tag_key, ()):
                self._judge(watched, value)
                changes.extend(self._settle(watched, now_s))
        return changes

    def observe_connection(self, connection_id: UUID, *, is_up: bool, now_s: float) -> list[ConditionChange]:
        """Take the state of a link."""
        return self._observe(self._by_connection.get(connection_id, ()), is_true=not is_up, now_s=now_s)

    def observe_losses(self, connection_id: UUID, *, is_losing: bool, now_s: float) -> list[ConditionChange]:
        """Take whether a link that is up loses values."""
        return self._observe(self._by_losses.get(connection_id, ()), is_true=is_losing, now_s=now_s)

    def observe_system(self, message_key: str, *, is_true: bool, now_s: float) -> list[ConditionChange]:
        """Take a condition of the program itself, known by the message key of its rule."""
        return self._observe(self._by_message.get(message_key, ()), is_true=is_true, now_s=now_s)

    def _observe(self, found: Iterable[_Watched], *, is_true: bool, now_s: float) -> list[ConditionChange]:
        changes: list[ConditionChange] = []
        for watched in found:
            watched.deviating = is_true
            changes.extend(self._settle(watched, now_s))
        return changes

    def tick(self, *, now_s: float) -> list[ConditionChange]:
        """Let delays run out without new values."""
        changes: list[ConditionChange] = []
        for watched in self._all:
            if watched.since_s is not None:
                changes.extend(self._settle(watched, now_s))
        return changes

    def _judge(self, watched: _Watched, value: float) -> None:
        rule, watched.value = watched.rule, value
        assert rule.limit is not None
        if rule.only_running and not self._is_running(rule):
            watched.deviating = False
            return
        watched.deviating = is_deviating(
            value, rule.limit, deadband=rule.deadband, was_deviating=watched.deviating
        )

    def _is_running(self, rule: AlarmRule) -> bool:
        state_tag = self._state_tag_of.get(rule.id)
        return state_tag is not None and self._state[state_tag] == MachineState.RUN.value

    def _settle(self, watched: _Watched, now_s: float) -> Iterable[ConditionChange]:
        if watched.deviating == watched.condition:
            watched.since_s = None
            return ()
        if watched.since_s is None:
            watched.since_s = now_s
        delay_s = watched.rule.on_delay_s if watched.deviating else watched.rule.off_delay_s
        if now_s - watched.since_s < delay_s:
            return ()
        watched.condition, watched.since_s = watched.deviating, None
        event = AlarmEvent.CONDITION_TRUE if watched.condition else AlarmEvent.CONDITION_FALSE
        return (ConditionChange(watched.rule, event, watched.value),)


class DropWatch:
    """Says whether data are being lost: a count that grew within the last minute."""

    def __init__(self) -> None:
        self._total = 0
        self._grew_s = -math.inf

    def is_losing(self, total: int, *, now_s: float, is_told_otherwise: bool = False) -> bool:
        """Take the sum of all drops so far. What grew while another alarm told why is no news."""
        if total > self._total and not is_told_otherwise:
            self._grew_s = now_s
        self._total = total
        return now_s - self._grew_s < DROP_MEMORY_S
