"""Alarm changes that wait for the database, as texts that outlive the program [F44]."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.condition.alarms import AlarmEvent, AlarmRule
from services.alarm_watch import ConditionChange


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A change that an earlier program could not store; ``number`` is its place in the file."""

    number: int
    change: ConditionChange
    at_us: int


def text_of(change: ConditionChange, *, at_us: int) -> str:
    """Return the text of a change; its waveform is not in it."""
    value = change.value if math.isfinite(change.value) else None
    said = {"rule": str(change.rule.id), "event": change.event.value, "value": value, "at_us": at_us}
    return json.dumps(said)


def waiting_changes(
    kept: Iterable[tuple[int, str]], rules: Iterable[AlarmRule]
) -> tuple[list[WaitingChange], list[int]]:
    """Return the changes in their order, and the numbers of those whose rule was removed meanwhile."""
    by_id = {rule.id: rule for rule in rules}
    found: list[WaitingChange] = []
    void: list[int] = []
    for number, text in kept:
        said = json.loads(text)
        rule = by_id.get(UUID(said["rule"]))
        if rule is None:
            void.append(number)
            continue
        value = math.nan if said["value"] is None else said["value"]
        change = ConditionChange(rule, AlarmEvent(said["event"]), value)
        found.append(WaitingChange(number, change, said["at_us"]))
    return found, void


def conditions_after(stored: Mapping[UUID, bool], waiting: Iterable[WaitingChange]) -> dict[UUID, bool]:
    """Return which conditions were true when the last program ended, stored or still waiting."""
    conditions = dict(stored)
    for each in waiting:
        conditions[each.change.rule.id] = each.change.event is AlarmEvent.CONDITION_TRUE
    return conditions
