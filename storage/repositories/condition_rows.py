"""Rows of the condition tables and the domain's values, both ways."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from domain.condition.alarms import Alarm, AlarmRule, AlarmState, Overlay, Priority
from domain.plant.limits import Limit, LimitSide, Provenance

_SAME_RULE = (
    "id", "asset_id", "message_key", "tag_key", "connection_id", "on_delay_s", "off_delay_s", "deadband",
    "latching", "only_running", "consequence", "likely_cause", "response", "respond_within_s", "is_enabled",
    "version",
)  # fmt: skip
_SAME_ALARM = (
    "id", "rule_id", "overlay_until_us", "overlay_reason", "raised_us", "returned_us", "acknowledged_us",
    "acknowledged_by", "note", "value", "waveform_id", "changed_us", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlarmTransition:
    """One row of the journal: what happened to an alarm, when and by whom. States are ISA-18.2 letters."""

    id: int
    alarm_id: UUID
    rule_id: UUID
    at_us: int
    event: str
    state_from: AlarmState
    state_to: AlarmState
    overlay_from: Overlay
    overlay_to: Overlay
    value: float | None
    by: str
    note: str
    version: int


def rule_row(rule: AlarmRule) -> dict[str, object]:
    """Return the row of a rule."""
    limit = rule.limit
    plain = None if limit is None else asdict(limit) | {"side": limit.side.value}
    return {name: getattr(rule, name) for name in _SAME_RULE} | {
        "priority": int(rule.priority),
        "limit_value": plain,
        "call_kind": rule.call,
    }


def rule_of(row: Mapping[str, Any]) -> AlarmRule:
    """Return the rule of a row."""
    return AlarmRule(
        priority=Priority(row["priority"]),
        limit=None if row["limit_value"] is None else _limit(row["limit_value"]),
        call=row["call_kind"],
        **{name: row[name] for name in _SAME_RULE},
    )


def _limit(plain: Mapping[str, Any]) -> Limit:
    return Limit(plain["value"], plain["unit"], LimitSide(plain["side"]), Provenance(**plain["provenance"]))


def alarm_row(alarm: Alarm) -> dict[str, object]:
    """Return the row of an alarm."""
    return {name: getattr(alarm, name) for name in _SAME_ALARM} | {
        "state": alarm.state.value,
        "overlay": alarm.overlay.value,
    }


def alarm_of(row: Mapping[str, Any]) -> Alarm:
    """Return the alarm of a row."""
    return Alarm(
        state=AlarmState(row["state"]),
        overlay=Overlay(row["overlay"]),
        **{name: row[name] for name in _SAME_ALARM},
    )


def journal_row(before: Alarm, after: Alarm, *, event: str, by: str, note: str) -> dict[str, object]:
    """Return the journal row of a transition."""
    return {
        "alarm_id": after.id,
        "rule_id": after.rule_id,
        "at_us": after.changed_us,
        "event": event,
        "state_from": before.state.value,
        "state_to": after.state.value,
        "overlay_from": before.overlay.value,
        "overlay_to": after.overlay.value,
        "value": after.value,
        "by_name": by,
        "note": note,
        "version": after.version,
    }


def transition_of(row: Mapping[str, Any]) -> AlarmTransition:
    """Return the transition of a journal row."""
    return AlarmTransition(
        row["id"],
        row["alarm_id"],
        row["rule_id"],
        row["at_us"],
        row["event"],
        AlarmState(row["state_from"]),
        AlarmState(row["state_to"]),
        Overlay(row["overlay_from"]),
        Overlay(row["overlay_to"]),
        row["value"],
        row["by_name"],
        row["note"],
        row["version"],
    )
