"""Acknowledging over a real database, from two places at once [F45, NEW-31, ROL-1]."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from domain.condition.alarms import AlarmEvent, AlarmRule, AlarmState, Priority
from domain.errors import NotPermitted
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.tags import Tag, TagKind
from domain.roles import Actor, Role
from services.access import program_actor
from services.alarm_recording import AlarmRecorder, stored_conditions
from services.alarm_watch import ConditionChange
from services.alarming import Alarming, counts
from services.durable_queue import DurableQueue
from storage.store import Store, open_store
from tests.conftest import FakeClock

SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
TAG = Tag(new_id(), 1, "P.temperature", "Temperature", TagKind.MEASURED, "degC", SITE.id)
MIA = Actor(UUID(int=5), Role.OPERATOR, "ws-1", "Mia")


def rule(priority: Priority) -> AlarmRule:
    limit = Limit(80.0, "degC", LimitSide.HIGH, Provenance("site"))
    return AlarmRule(new_id(), SITE.id, priority, "value_high", tag_key=1, limit=limit)


HIGH, LOW = rule(Priority.HIGH), rule(Priority.LOW)


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path, role="tool", clock=clock)
    with opened.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(Plant((SITE,), (), (TAG,), site_name="North"))
        work.alarm_rules.save(HIGH)
        work.alarm_rules.save(LOW)
    yield opened
    opened.close()


def raise_alarm(store: Store, clock: FakeClock, which: AlarmRule, event: AlarmEvent) -> None:
    kept = store.open_waveforms(is_writer=True)
    recorder = AlarmRecorder(store, kept, actor=program_actor("collector"))
    recorder.record(ConditionChange(which, event, 91.5), at_us=clock.now_us())
    kept.close()


def test_an_operator_sees_and_acknowledges_what_the_collector_raised(store: Store, clock: FakeClock) -> None:
    raise_alarm(store, clock, LOW, AlarmEvent.CONDITION_TRUE)
    clock.advance(5)
    raise_alarm(store, clock, HIGH, AlarmEvent.CONDITION_TRUE)
    alarming = Alarming(store, clock=clock)
    views = alarming.listed()
    assert [view.priority for view in views] == [Priority.HIGH, Priority.LOW]
    assert views[0].alarm.value == 91.5
    assert counts(views)[Priority.HIGH].unacknowledged == 1
    report = alarming.acknowledge([view.alarm.id for view in views], by=MIA, note="seen")
    assert [alarm.state for alarm in report.done] == [AlarmState.ACKNOWLEDGED] * 2
    assert alarming.get(HIGH.id).alarm.acknowledged_by == "Mia"
    assert store.audit.verify().is_sound
    assert stored_conditions(store) == {HIGH.id: True, LOW.id: True}


def test_f45_the_second_of_two_learns_that_it_came_late(store: Store, clock: FakeClock) -> None:
    raise_alarm(store, clock, HIGH, AlarmEvent.CONDITION_TRUE)
    first, second = Alarming(store, clock=clock), Alarming(store, clock=clock)
    assert first.acknowledge([HIGH.id], by=MIA).done
    late = second.acknowledge([HIGH.id], by=MIA)
    assert not late.done
    assert late.refused[0][0] == HIGH.id


def test_f39_alarms_wait_while_another_program_holds_the_database(store: Store, clock: FakeClock) -> None:
    """Half a minute of an antivirus or a backup: told, 0 lost, and in their order afterwards."""
    raw = store._database._writer.raw_connection().driver_connection  # type: ignore[attr-defined]
    raw.execute("PRAGMA busy_timeout=10")
    kept = store.open_waveforms(is_writer=True)
    recorder = AlarmRecorder(store, kept, actor=program_actor("collector"))
    queue = DurableQueue(cause="alarm", limit=1000)
    other = sqlite3.connect(store.folder.plant_db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for second in range(30):
        clock.advance(1)
        event = AlarmEvent.CONDITION_FALSE if second % 2 else AlarmEvent.CONDITION_TRUE
        queue.put(partial(recorder.record, ConditionChange(HIGH, event, 91.5), at_us=clock.now_us()))
        queue.run()
    assert (len(queue), bool(queue.problem)) == (30, True)
    assert Alarming(store, clock=clock).listed() == (), "screens go on reading"
    other.execute("ROLLBACK")
    other.close()
    queue.run()
    kept.close()
    times = [row.at_us for row in store.alarms.journal(0, 2**62)][::-1]
    assert (len(queue), queue.losses.total, len(times)) == (0, 0, 30)
    assert times == sorted(times)


def test_the_collector_keeps_an_acknowledgement_made_meanwhile(store: Store, clock: FakeClock) -> None:
    raise_alarm(store, clock, HIGH, AlarmEvent.CONDITION_TRUE)
    Alarming(store, clock=clock).acknowledge([HIGH.id], by=MIA)
    raise_alarm(store, clock, HIGH, AlarmEvent.CONDITION_FALSE)
    assert Alarming(store, clock=clock).get(HIGH.id).alarm.state is AlarmState.NORMAL
    journal = Alarming(store, clock=clock).journal(start_us=0, end_us=clock.now_us() + 1)
    assert [row.event for row in journal] == ["condition_false", "acknowledge", "condition_true"]


def test_a_viewer_may_look_and_nothing_else(store: Store, clock: FakeClock) -> None:
    raise_alarm(store, clock, HIGH, AlarmEvent.CONDITION_TRUE)
    alarming = Alarming(store, clock=clock)
    with pytest.raises(NotPermitted, match="operator"):
        alarming.acknowledge([HIGH.id], by=Actor(UUID(int=6), Role.VIEWER, "ws-1", "Guest"))
    assert alarming.get(HIGH.id).alarm.state is AlarmState.UNACKNOWLEDGED
