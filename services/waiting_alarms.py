"""Alarm changes that wait for the database, as texts that outlive the program [F44]."""

import json
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.condition.alarms import AlarmEvent, AlarmRule
from services.alarm_watch import ConditionChange

_log = logging.getLogger(__name__)


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
    """Return the changes in their order, and the numbers of those that mean nothing any more."""
    by_id = {rule.id: rule for rule in rules}
    found: list[WaitingChange] = []
    void: list[int] = []
    for number, text in kept:
        try:
            said = json.loads(text)
            rule, event = by_id.get(UUID(said["rule"])), AlarmEvent(said["event"])
            value, at_us = math.nan if said["value"] is None else float(said["value"]), int(said["at_us"])
        except (ValueError, KeyError, TypeError) as odd:
            _log.error("a waiting change of an alarm cannot be read (%r): %s", odd, text)
            rule = None
        if rule is None:
            void.append(number)
        else:
            found.append(WaitingChange(number, ConditionChange(rule, event, value), at_us))
    return found, void


def conditions_after(stored: Mapping[UUID, bool], waiting: Iterable[WaitingChange]) -> dict[UUID, bool]:
    """Return which conditions were true when the last program ended, stored or still waiting."""
    conditions = dict(stored)
    for each in waiting:
        conditions[each.change.rule.id] = each.change.event is AlarmEvent.CONDITION_TRUE
    return conditions
