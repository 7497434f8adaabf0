"""Alarms after ISA-18.2: base states A-F, an overlay, rules and the one pure function that changes a state.

The collector and every window change the stored row by compare-and-set with ``step``. Nothing here knows the
clock: instants come in as microseconds UTC, delays are compared by the caller's monotonic timers.
"""

from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from uuid import UUID

from domain.errors import IllegalTransition
from domain.plant.limits import Limit, LimitSide


class AlarmState(Enum):
    """Base state; letters of ISA-18.2-2016."""

    NORMAL = "A"
    UNACKNOWLEDGED = "B"
    ACKNOWLEDGED = "C"
    RETURNED = "D"
    LATCHED_UNACKNOWLEDGED = "E"
    LATCHED_ACKNOWLEDGED = "F"


class Overlay(Enum):
    """What lies over the base state; the condition is tracked throughout."""

    NONE = ""
    SHELVED = "G"
    SUPPRESSED = "H"
    OUT_OF_SERVICE = "I"


class AlarmEvent(Enum):
    """What can happen to an alarm."""

    CONDITION_TRUE = "condition_true"
    CONDITION_FALSE = "condition_false"
    ACKNOWLEDGE = "acknowledge"
    RE_ALARM = "re_alarm"
    RESET = "reset"


class Priority(IntEnum):
    """1 is the most urgent."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4


ANNUNCIATED = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED, AlarmState.LATCHED_UNACKNOWLEDGED})
"""States that ask for an acknowledgement."""

ACTIVE_CONDITION = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
"""States in which the condition is true."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When an alarm becomes active and when it clears.

    ``message_key`` with the tag's label makes the words. A connection alarm has no tag: ``connection_id`` is
    set and ``limit`` is None. Delays in seconds, deadband in the unit of the limit.
    """

    id: UUID
    asset_id: UUID
    priority: Priority
    message_key: str
    tag_key: int | None = None
    connection_id: UUID | None = None
    limit: Limit | None = None
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    deadband: float = 0.0
    latching: bool = False
    only_running: bool = False
    consequence: str = ""
    likely_cause: str = ""
    response: str = ""
    call: str = ""
    respond_within_s: float | None = None
    is_enabled: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class Alarm:
    """The stored row of one rule: its present state. ``value`` is that of the last transition into B."""

    id: UUID
    rule_id: UUID
    state: AlarmState = AlarmState.NORMAL
    overlay: Overlay = Overlay.NONE
    overlay_until_us: int | None = None
    overlay_reason: str = ""
    raised_us: int | None = None
    returned_us: int | None = None
    acknowledged_us: int | None = None
    acknowledged_by: str = ""
    note: str = ""
    value: float | None = None
    waveform_id: UUID | None = None
    changed_us: int = 0
    version: int = 1

    @property
    def is_listed(self) -> bool:
        """Whether the active list shows it."""
        return self.state is not AlarmState.NORMAL and self.overlay is Overlay.NONE

    @property
    def needs_acknowledgement(self) -> bool:
        return self.state in ANNUNCIATED and self.overlay is Overlay.NONE


_TABLE: dict[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (AlarmState.NORMAL, AlarmEvent.CONDITION_TRUE): AlarmState.UNACKNOWLEDGED,
    (AlarmState.UNACKNOWLEDGED, AlarmEvent.ACKNOWLEDGE): AlarmState.ACKNOWLEDGED,
    (AlarmState.UNACKNOWLEDGED, AlarmEvent.CONDITION_FALSE): AlarmState.RETURNED,
    (AlarmState.ACKNOWLEDGED, AlarmEvent.CONDITION_FALSE): AlarmState.NORMAL,
    (AlarmState.ACKNOWLEDGED, AlarmEvent.RE_ALARM): AlarmState.UNACKNOWLEDGED,
    (AlarmState.RETURNED, AlarmEvent.ACKNOWLEDGE): AlarmState.NORMAL,
    (AlarmState.RETURNED, AlarmEvent.CONDITION_TRUE): AlarmState.UNACKNOWLEDGED,
    (AlarmState.LATCHED_UNACKNOWLEDGED, AlarmEvent.ACKNOWLEDGE): AlarmState.LATCHED_ACKNOWLEDGED,
    (AlarmState.LATCHED_UNACKNOWLEDGED, AlarmEvent.CONDITION_TRUE): AlarmState.UNACKNOWLEDGED,
    (AlarmState.LATCHED_ACKNOWLEDGED, AlarmEvent.CONDITION_TRUE): AlarmState.UNACKNOWLEDGED,
    (AlarmState.LATCHED_ACKNOWLEDGED, AlarmEvent.RESET): AlarmState.NORMAL,
}

_LATCHING: dict[AlarmState, AlarmState] = {
    AlarmState.UNACKNOWLEDGED: AlarmState.LATCHED_UNACKNOWLEDGED,
    AlarmState.ACKNOWLEDGED: AlarmState.LATCHED_ACKNOWLEDGED,
}


def next_state(state: AlarmState, event: AlarmEvent, *, latching: bool) -> AlarmState:
    """Return the state after an event; IllegalTransition when the state does not know it.

    Source: ISA-18.2-2016 / IEC 62682 state table. Condition events that change nothing keep the state.
    """
    if event is AlarmEvent.CONDITION_FALSE and latching and state in _LATCHING:
        return _LATCHING[state]
    if event in (AlarmEvent.CONDITION_TRUE, AlarmEvent.CONDITION_FALSE):
        return _TABLE.get((state, event), state)
    try:
        return _TABLE[state, event]
    except KeyError:
        raise IllegalTransition(
            f"an alarm in state {state.value} cannot be changed by '{event.value}'",
            key="alarm_transition",
            state=state.value,
            event=event.value,
        ) from None


def step(
    alarm: Alarm,
    event: AlarmEvent,
    *,
    latching: bool,
    at_us: int,
    by: str = "",
    note: str = "",
    value: float | None = None,
) -> Alarm:
    """Return the alarm after an event, its version one higher; the same object when nothing changed."""
    state = next_state(alarm.state, event, latching=latching)
    if state is alarm.state:
        return alarm
    changed = replace(alarm, state=state, changed_us=at_us, version=alarm.version + 1)
    if state is AlarmState.UNACKNOWLEDGED:
        return replace(
            changed,
            raised_us=at_us,
            returned_us=None,
            acknowledged_us=None,
            acknowledged_by="",
            note="",
            value=value,
            waveform_id=None,
        )
    if event is AlarmEvent.CONDITION_FALSE:
        return replace(changed, returned_us=at_us)
    if event is AlarmEvent.ACKNOWLEDGE:
        return replace(changed, acknowledged_us=at_us, acknowledged_by=by, note=note)
    return changed


def is_deviating(value: float, limit: Limit, *, deadband: float, was_deviating: bool) -> bool:
    """Say whether a value lies beyond its limit; a returning value must also cross the deadband.

    A value equal to the limit does not deviate (the better side keeps the boundary).
    """
    margin = deadband if was_deviating else 0.0
    if limit.side is LimitSide.HIGH:
        return value > limit.value - margin
    return value < limit.value + margin
