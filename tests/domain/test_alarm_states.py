"""The state table of ISA-18.2 as data, and the rules around it [NEW-5, AND-3]."""

from uuid import UUID

import pytest

from domain.condition.alarms import Alarm, AlarmEvent, AlarmState, is_deviating, next_state, step
from domain.errors import IllegalTransition
from domain.plant.limits import Limit, LimitSide, Provenance

A, B, C, D, E, F = AlarmState
TRUE, FALSE = AlarmEvent.CONDITION_TRUE, AlarmEvent.CONDITION_FALSE
ACK, RESET = AlarmEvent.ACKNOWLEDGE, AlarmEvent.RESET
ID = UUID(int=7)
HIGH = Limit(80.0, "degC", LimitSide.HIGH, Provenance("site"))
LOW = Limit(3.0, "bar", LimitSide.LOW, Provenance("site"))

TABLE = [
    (A, TRUE, False, B),
    (B, ACK, False, C),
    (B, FALSE, False, D),
    (B, FALSE, True, E),
    (C, FALSE, False, A),
    (C, FALSE, True, F),
    (C, AlarmEvent.RE_ALARM, False, B),
    (D, ACK, False, A),
    (D, TRUE, False, B),
    (E, ACK, True, F),
    (E, TRUE, True, B),
    (F, RESET, True, A),
    (F, TRUE, True, B),
    (A, FALSE, False, A),
    (B, TRUE, False, B),
    (C, TRUE, False, C),
    (F, FALSE, True, F),
]


@pytest.mark.parametrize(("state", "event", "latching", "expected"), TABLE)
def test_state_table(state: AlarmState, event: AlarmEvent, latching: bool, expected: AlarmState) -> None:
    assert next_state(state, event, latching=latching) is expected


@pytest.mark.parametrize(
    ("state", "event"), [(A, ACK), (C, ACK), (F, ACK), (B, RESET), (E, RESET), (A, AlarmEvent.RE_ALARM)]
)
def test_acts_that_a_state_does_not_know_are_refused(state: AlarmState, event: AlarmEvent) -> None:
    with pytest.raises(IllegalTransition):
        next_state(state, event, latching=False)


def test_an_alarm_keeps_who_and_when_until_it_is_raised_anew() -> None:
    raised = step(Alarm(ID, ID), TRUE, latching=False, at_us=10, value=81.5)
    assert (raised.state, raised.raised_us, raised.value, raised.version) == (B, 10, 81.5, 2)
    acknowledged = step(raised, ACK, latching=False, at_us=20, by="Mia", note="seen")
    assert (acknowledged.acknowledged_by, acknowledged.acknowledged_us, acknowledged.note) == (
        "Mia",
        20,
        "seen",
    )
    gone = step(acknowledged, FALSE, latching=False, at_us=30)
    assert (gone.state, gone.returned_us, gone.is_listed) == (A, 30, False)
    again = step(gone, TRUE, latching=False, at_us=40, value=90.0)
    assert (again.acknowledged_by, again.returned_us, again.needs_acknowledgement) == ("", None, True)


def test_a_condition_event_that_changes_nothing_makes_no_new_version() -> None:
    alarm = Alarm(ID, ID)
    assert step(alarm, FALSE, latching=False, at_us=1) is alarm


@pytest.mark.parametrize(
    ("value", "was", "expected"),
    [(80.0, False, False), (80.1, False, True), (79.0, True, True), (78.0, True, False), (77.0, True, False)],
)
def test_a_high_limit_with_deadband(value: float, was: bool, expected: bool) -> None:
    assert is_deviating(value, HIGH, deadband=2.0, was_deviating=was) is expected


def test_a_value_equal_to_its_limit_belongs_to_the_better_side() -> None:
    assert not is_deviating(3.0, LOW, deadband=0.0, was_deviating=False)
    assert is_deviating(2.999, LOW, deadband=0.0, was_deviating=False)
    assert is_deviating(3.05, LOW, deadband=0.1, was_deviating=True)
