"""When a condition counts: delays, deadband, running machines, bad values [NEW-17, F63]."""

import math
from dataclasses import replace
from uuid import UUID

from domain.condition.alarms import AlarmEvent, AlarmRule, Priority
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.quality import BAD_COMMUNICATION_LOST, GOOD
from domain.plant.readings import ReadingBatch, reading_batch
from domain.ports import ConnectionStatus
from services.alarm_watch import LINK_LOSING, SAMPLES_DROPPED, AlarmWatch, ConditionChange, DropWatch
from services.link_losses import lost_here, lost_on_the_way

RULE_ID, ASSET, LINK = UUID(int=1), UUID(int=2), UUID(int=3)
TAG, STATE = 10, 11
RUN, STOP = 1.0, 2.0


def rule(**changes: object) -> AlarmRule:
    limit = Limit(80.0, "degC", LimitSide.HIGH, Provenance("site"))
    settings: dict[str, object] = {
        "tag_key": TAG, "limit": limit, "on_delay_s": 5.0, "off_delay_s": 3.0, "deadband": 2.0,
    }  # fmt: skip
    settings |= {"message_key": "value_high"} | changes
    return AlarmRule(RULE_ID, ASSET, Priority.HIGH, **settings)  # type: ignore[arg-type]


def watch(*of: AlarmRule, was_true: bool = False) -> AlarmWatch:
    return AlarmWatch(of, conditions={RULE_ID: was_true}, state_tag_of={RULE_ID: STATE})


def value(number: float, *, tag: int = TAG, quality: int = GOOD) -> ReadingBatch:
    return reading_batch([tag], [number], quality=quality, source_us=0, receive_us=0)


def events(changes: list[ConditionChange]) -> list[AlarmEvent]:
    return [change.event for change in changes]


def test_a_deviation_counts_after_its_on_delay_even_without_new_values() -> None:
    one = watch(rule())
    assert not one.observe(value(90), now_s=0)
    assert not one.tick(now_s=4.9)
    assert events(one.tick(now_s=5.0)) == [AlarmEvent.CONDITION_TRUE]


def test_a_deviation_that_goes_away_in_time_never_counts() -> None:
    one = watch(rule())
    one.observe(value(90), now_s=0)
    one.observe(value(70), now_s=2)
    assert not one.tick(now_s=60)


def test_the_return_uses_deadband_and_off_delay() -> None:
    one = watch(rule(), was_true=True)
    assert not one.observe(value(79), now_s=0)
    assert not one.tick(now_s=10)
    one.observe(value(77.9), now_s=11)
    assert events(one.tick(now_s=14)) == [AlarmEvent.CONDITION_FALSE]


def test_f63_bad_and_non_finite_values_change_nothing() -> None:
    one = watch(rule(on_delay_s=0.0))
    for number, quality in ((math.nan, GOOD), (math.inf, GOOD), (1e9, BAD_COMMUNICATION_LOST)):
        assert not one.observe(value(number, quality=quality), now_s=0)
    assert events(one.observe(value(81), now_s=1)) == [AlarmEvent.CONDITION_TRUE]


def test_new_17_no_alarm_from_a_stopped_machine() -> None:
    one = watch(rule(only_running=True, on_delay_s=0.0))
    assert not one.observe(value(90), now_s=0)
    one.observe(value(STOP, tag=STATE), now_s=1)
    assert not one.observe(value(90), now_s=2)
    one.observe(value(RUN, tag=STATE), now_s=3)
    assert events(one.observe(value(90), now_s=4)) == [AlarmEvent.CONDITION_TRUE]


def test_a_condition_that_was_true_before_a_restart_is_not_raised_again() -> None:
    one = watch(rule(on_delay_s=0.0), was_true=True)
    assert not one.observe(value(90), now_s=0)


def test_a_lost_link_is_a_condition_too() -> None:
    one = watch(rule(tag_key=None, limit=None, connection_id=LINK, on_delay_s=1.0))
    assert not one.observe_connection(LINK, is_up=False, now_s=0)
    assert events(one.observe_connection(LINK, is_up=False, now_s=1)) == [AlarmEvent.CONDITION_TRUE]
    one.observe_connection(LINK, is_up=True, now_s=2)
    assert events(one.tick(now_s=5)) == [AlarmEvent.CONDITION_FALSE]


def test_a_link_that_loses_values_is_a_condition_of_its_own() -> None:
    """Any drop anywhere is an alarm; what an outage cost is told by the lost link."""
    lost = rule(tag_key=None, limit=None, connection_id=LINK, on_delay_s=0.0)
    losing = replace(lost, id=UUID(int=77), message_key=LINK_LOSING)
    one = watch(lost, losing)
    changes = one.observe_losses(LINK, is_losing=True, now_s=0)
    assert [(each.rule.id, each.event) for each in changes] == [(losing.id, AlarmEvent.CONDITION_TRUE)]
    assert one.observe_connection(LINK, is_up=False, now_s=1)[0].rule.id == lost.id
    drops = DropWatch()
    assert not drops.is_losing(9, now_s=2.0, is_told_otherwise=True)
    assert not drops.is_losing(9, now_s=3.0)
    assert drops.is_losing(10, now_s=4.0)


def test_what_a_link_counts_tells_of_losses_here_on_the_way_or_of_none() -> None:
    counts = {
        "queue_overflow": 1, "server_queue_overflow": 10, "link_down": 100, "repeated_value": 1000,
        "source_time_ahead": 10_000, "file_rejected": 20,
    }  # fmt: skip
    link = ConnectionStatus(LINK, "PLC-1", "connected", None, drops=counts)
    assert lost_here(link) == {"queue_overflow": 1}
    assert lost_on_the_way(link) == 30


def test_any_loss_inside_the_program_is_a_condition_for_a_minute() -> None:
    one = watch(rule(tag_key=None, limit=None, message_key=SAMPLES_DROPPED, on_delay_s=0.0, off_delay_s=0.0))
    drops = DropWatch()
    found = []
    for now_s, total in ((0.0, 0), (1.0, 0), (2.0, 7), (30.0, 7), (61.0, 7), (62.5, 7)):
        is_true = drops.is_losing(total, now_s=now_s)
        found += [
            (now_s, each.event) for each in one.observe_system(SAMPLES_DROPPED, is_true=is_true, now_s=now_s)
        ]
    assert found == [(2.0, AlarmEvent.CONDITION_TRUE), (62.5, AlarmEvent.CONDITION_FALSE)]
