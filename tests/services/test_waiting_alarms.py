"""Alarm changes that an earlier collector could not store are stored by the next one [F33, F44]."""

import math
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.condition.alarms import AlarmEvent, AlarmState
from services.alarm_watch import ConditionChange
from services.waiting_alarms import conditions_after, text_of, waiting_changes
from storage.store import open_store
from tests.protocol.stage import until
from tests.services.intake_stage import RULES, furnish
from tests.services.test_intake import collecting
from tests.storage.stored_plant import StillClock

LEAK_RULE, PANEL_RULE = RULES[0], RULES[1]
ENDED_US = 1_760_000_400_000_000
ALL_US = (0, 4_000_000_000_000_000)


def _text(rule_place: int, event: AlarmEvent, at_us: int, value: float = 41.0) -> str:
    return text_of(ConditionChange(RULES[rule_place], event, value), at_us=at_us)


@pytest.mark.parametrize("value", [41.25, math.nan])
def test_a_change_survives_as_text(value: float) -> None:
    text = _text(0, AlarmEvent.CONDITION_TRUE, ENDED_US, value)
    ((found,), void) = waiting_changes([(7, text)], RULES)
    assert (found.number, found.at_us, void) == (7, ENDED_US, [])
    assert found.change.rule is LEAK_RULE
    assert found.change.event is AlarmEvent.CONDITION_TRUE
    assert found.change.value == value or (math.isnan(found.change.value) and math.isnan(value))


@pytest.mark.parametrize(
    "odd", ["", "{}", "[1]", '{"rule": "x"}', _text(0, AlarmEvent.CONDITION_TRUE, 1)[:-9]]
)
def test_a_text_that_cannot_be_read_holds_no_other(odd: str) -> None:
    texts = [(1, odd), (2, _text(0, AlarmEvent.CONDITION_TRUE, ENDED_US))]
    waiting, void = waiting_changes(texts, RULES)
    assert ([each.number for each in waiting], void) == ([2], [1])


async def test_a_change_that_was_stored_and_not_forgotten_is_not_stored_again(tmp_path: Path) -> None:
    data, drop = tmp_path / "data", tmp_path / "drop"
    drop.mkdir()
    ended = open_store(data, role="collector", clock=StillClock(ENDED_US))
    furnish(ended, drop)
    body = _text(0, AlarmEvent.CONDITION_TRUE, ENDED_US + 1)
    for _ in range(2):
        spool = ended.open_job_spool()
        spool.put(body)
        spool.close()
    ended.close()

    async with collecting(data) as store:
        await until(lambda: len(store.alarms.journal(*ALL_US)) == 1, within_s=20, what="it is stored")
    with closing(open_store(data, role="tool", clock=StillClock(ENDED_US))) as after:
        assert [row.event for row in after.alarms.journal(*ALL_US)] == ["condition_true"]
        spool = after.open_job_spool()
        assert spool.waiting == ()
        spool.close()


def test_the_last_waiting_change_says_what_was_true() -> None:
    texts = [_text(0, event, ENDED_US) for event in (AlarmEvent.CONDITION_TRUE, AlarmEvent.CONDITION_FALSE)]
    texts.append(_text(1, AlarmEvent.CONDITION_TRUE, ENDED_US))
    waiting, _ = waiting_changes(enumerate(texts), RULES)
    other = uuid4()
    stored = {LEAK_RULE.id: True, PANEL_RULE.id: False, other: True}
    assert conditions_after(stored, waiting) == {LEAK_RULE.id: False, PANEL_RULE.id: True, other: True}


async def test_the_next_collector_stores_them_in_order_with_their_times(tmp_path: Path) -> None:
    data, drop = tmp_path / "data", tmp_path / "drop"
    drop.mkdir()
    ended = open_store(data, role="collector", clock=StillClock(ENDED_US))
    furnish(ended, drop)
    spool = ended.open_job_spool()
    spool.put(_text(0, AlarmEvent.CONDITION_TRUE, ENDED_US + 1))
    removed = text_of(ConditionChange(LEAK_RULE, AlarmEvent.CONDITION_TRUE, 1.0), at_us=2)
    spool.put(removed.replace(str(LEAK_RULE.id), str(UUID(int=999))))
    spool.put(_text(0, AlarmEvent.CONDITION_FALSE, ENDED_US + 2))
    spool.close()
    ended.close()

    async with collecting(data) as store:
        await until(lambda: len(store.alarms.journal(*ALL_US)) == 2, within_s=20, what="both are stored")
    again = open_store(data, role="tool", clock=StillClock(ENDED_US))
    rows = again.alarms.journal(*ALL_US)[::-1]
    assert [(row.event, row.at_us) for row in rows] == [
        ("condition_true", ENDED_US + 1),
        ("condition_false", ENDED_US + 2),
    ]
    (alarm,) = [each for each in again.alarms.listed() if each.rule_id == LEAK_RULE.id]
    assert (alarm.state, alarm.raised_us) == (AlarmState.RETURNED, ENDED_US + 1)
    left = again.open_job_spool()
    assert left.waiting == (), "nothing is told twice"
    left.close()
    again.close()
