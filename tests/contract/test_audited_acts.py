"""What the audit log owes to people, on both engines: nothing goes unnoted, nobody is overruled unseen."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from domain.condition.alarms import AlarmEvent, AlarmRule, AlarmState
from domain.errors import Conflict, IllegalTransition, StorageError
from domain.plant.tags import Tag, TagDtype, TagKind
from domain.roles import Actor, Role
from services.access import program_actor
from services.alarm_recording import AlarmRecorder
from services.alarm_watch import ConditionChange
from services.alarming import Alarming
from services.backups import Backups
from services.certificates import Certificates
from services.clock_watch import confirm_time
from services.reporting import Reporting
from services.reports import NewReading
from services.set_up.configuration import Configuration
from storage.store import Store
from tests.storage.stored_plant import (  # noqa: F401
    StillClock,
    either_store,
    engineer,
    furnished,
    hot_rule,
    operator,
    small_plant,
    still_clock,
)

FILLER, BY_HAND_ID = UUID(int=3), UUID(int=30)
BY_HAND = Tag(BY_HAND_ID, 3, "L1.FIL.H", "Oil level", TagKind.MEASURED, "mm", FILLER, dtype=TagDtype.FLOAT64)


@pytest.fixture
def store(either_store: Store) -> Store:
    """Every test of this file runs on both engines."""
    return either_store


@pytest.fixture
def raised(furnished: Store, hot_rule: AlarmRule, engineer: Actor) -> Store:
    """The small plant with a tag read by hand and one alarm that waits for its acknowledgement."""
    assert furnished.wait_for_lease()
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_tag(BY_HAND)
    happens(furnished, hot_rule, AlarmEvent.CONDITION_TRUE)
    return furnished


def happens(store: Store, rule: AlarmRule, event: AlarmEvent, *, at_us: int = 5) -> None:
    """Let the collector see a condition turn."""
    kept = store.open_waveforms(is_writer=True)
    recorder = AlarmRecorder(store, kept, actor=program_actor("collector"))
    recorder.record(ConditionChange(rule, event, 91.5), at_us=at_us)
    kept.close()


def acts(store: Store) -> list[tuple[str, str, str]]:
    entries = store.audit.entries(start_us=0, end_us=2**62)
    return [(entry.user_name, entry.action, entry.kind) for entry in entries]


def everything(store: Store) -> tuple[object, ...]:
    """Return what an act could change: rows, set-up, alarms and the certificates of this workstation."""
    files = {path: path.read_bytes() for path in store.folder.pki.rglob("*") if path.is_file()}
    return store.row_counts(), store.plant.load(), store.alarms.all(), store.alarm_rules.all(), files


# ---- the log cannot be written


@contextmanager
def unwritable_audit(store: Store) -> Iterator[None]:
    """Let the engine itself refuse every row of the audit log."""
    if store.is_shared:
        begin = (
            "CREATE FUNCTION no_audit() RETURNS trigger AS $$ BEGIN RAISE 'broken'; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER no_audit BEFORE INSERT ON audit EXECUTE FUNCTION no_audit()",
        )
        end = "DROP TRIGGER no_audit ON audit"
    else:
        begin = ("CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END",)
        end = "DROP TRIGGER no_audit"
    _run(store, *begin)
    yield
    _run(store, end)


def _run(store: Store, *statements: str) -> None:
    with store._database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


Act = Callable[[Store, StillClock, Actor, Path], object]


def _acknowledge(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    return Alarming(store, clock=clock).acknowledge([UUID(int=20)], by=by)


def _configure(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    filler = replace(store.plant.load().asset(FILLER), name="Other")
    return Configuration(store, clock=clock).edit(save=[filler], title_key="renamed", by=by)


def _set_limit(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    (rule,) = store.alarm_rules.all()
    return Configuration(store, clock=clock).edit(save=[replace(rule, deadband=5.0)], title_key="x", by=by)


def _record(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    return Reporting(store, clock=clock).record_reading(NewReading(3, 40.0, taken_us=clock.now_us()), by=by)


def _back_up(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    return Backups(store, clock=clock).choose_place(place, by=by)


def _renew_certificate(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    return Certificates(store, clock=clock).renew_own(by=by)


def _confirm_time(store: Store, clock: StillClock, by: Actor, place: Path) -> object:
    return confirm_time(store, by=by, clock=clock)


@pytest.mark.parametrize(
    "act", [_acknowledge, _configure, _set_limit, _record, _back_up, _renew_certificate, _confirm_time]
)
def test_f46_what_cannot_be_noted_is_refused_and_leaves_no_trace(
    raised: Store, still_clock: StillClock, engineer: Actor, tmp_path: Path, act: Act
) -> None:
    """S-12; the same act is done as soon as the log takes entries again."""
    Certificates(raised, clock=still_clock).renew_own(by=engineer)
    before = everything(raised)
    with unwritable_audit(raised):
        with pytest.raises(StorageError):
            act(raised, still_clock, engineer, tmp_path)
        assert everything(raised) == before
    act(raised, still_clock, engineer, tmp_path)
    assert raised.audit.verify().is_sound


def test_f46_viewing_and_alarms_go_on(raised: Store, hot_rule: AlarmRule, still_clock: StillClock) -> None:
    """The collector needs no audit to store what a machine does."""
    with unwritable_audit(raised):
        happens(raised, hot_rule, AlarmEvent.CONDITION_FALSE, at_us=6)
        happens(raised, hot_rule, AlarmEvent.CONDITION_TRUE, at_us=7)
        alarming = Alarming(raised, clock=still_clock)
        (view,) = alarming.listed()
        assert (view.alarm.state, view.alarm.raised_us) == (AlarmState.UNACKNOWLEDGED, 7)
        journal = [row.event for row in alarming.journal(start_us=0, end_us=100)]
        assert journal == ["condition_true", "condition_false", "condition_true"]
        assert raised.plant.load().site_name == "Works"
        assert raised.audit.verify().is_sound


# ---- two at once


def at_once(*work: Callable[[], object]) -> list[object]:
    """Run in threads that start together; return results and exceptions in order."""
    start, results = threading.Barrier(len(work)), [None] * len(work)

    def run(place: int) -> None:
        start.wait()
        try:
            results[place] = work[place]()  # type: ignore[call-overload]
        except Exception as error:
            results[place] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return list(results)


PEOPLE = tuple(Actor(UUID(int=40 + n), Role.ENGINEER, f"HALL-{n}", f"Person {n}") for n in range(4))


def test_f45_of_several_who_acknowledge_at_once_one_wins_and_all_are_noted(
    raised: Store, hot_rule: AlarmRule, still_clock: StillClock
) -> None:
    desks = [Alarming(raised, clock=still_clock) for _ in PEOPLE]
    reports = at_once(
        *(
            lambda desk=desk, by=by: desk.acknowledge([hot_rule.id], by=by)
            for desk, by in zip(desks, PEOPLE, strict=True)
        )
    )
    winners = [by.name for by, told in zip(PEOPLE, reports, strict=True) if told.done]  # type: ignore[attr-defined]
    late = [told.refused[0][1] for told in reports if told.refused]  # type: ignore[attr-defined]
    assert (len(winners), len(late)) == (1, len(PEOPLE) - 1)
    assert all(isinstance(error, Conflict | IllegalTransition) for error in late)
    assert raised.alarms.get(hot_rule.id).acknowledged_by == winners[0]
    noted = {name: action for name, action, kind in acts(raised) if kind == "alarm"}
    assert noted == {by.name: "acknowledge" if by.name in winners else "refused" for by in PEOPLE}
    assert raised.audit.verify().is_sound


def test_f45_of_several_who_change_a_machine_at_once_no_update_is_lost(
    raised: Store, still_clock: StillClock
) -> None:
    desks = [Configuration(raised, clock=still_clock) for _ in PEOPLE]
    seen = desks[0].plant().asset(FILLER)
    results = at_once(
        *(
            lambda desk=desk, by=by: desk.edit(save=[replace(seen, name=by.name)], title_key="x", by=by)
            for desk, by in zip(desks, PEOPLE, strict=True)
        )
    )
    late = [each for each in results if isinstance(each, Conflict)]
    assert len(late) == len(PEOPLE) - 1, results
    stored = desks[0].plant().asset(FILLER)
    assert stored.version == seen.version + 1
    assert {error.parameters["by"] for error in late} == {stored.name}, "who was faster is named"
    noted = {name: action for name, action, kind in acts(raised) if kind == "asset" and "Person" in name}
    assert noted == {by.name: "change" if by.name == stored.name else "refused" for by in PEOPLE}


def test_f45_of_several_who_correct_a_reading_at_once_one_wins_and_all_are_noted(
    raised: Store, still_clock: StillClock
) -> None:
    desks = [Reporting(raised, clock=still_clock) for _ in PEOPLE]
    first = desks[0].record_reading(NewReading(3, 40.0, taken_us=still_clock.now_us()), by=PEOPLE[0])
    seen = raised.manual_readings.get(first.reading.id)
    results = at_once(
        *(
            lambda desk=desk, by=by, value=value: desk.correct_reading(
                seen.id, 50.0 + value, reason="misread", by=by
            )
            for value, (desk, by) in enumerate(zip(desks, PEOPLE, strict=True))
        )
    )
    late = [each for each in results if isinstance(each, Conflict)]
    stored = raised.manual_readings.get(seen.id)
    assert stored.version == 1 + len(PEOPLE) - len(late), "no correction is lost"
    noted = [action for name, action, kind in acts(raised) if kind == "manual_reading" and action != "record"]
    assert sorted(noted) == sorted(["correct"] * (len(PEOPLE) - len(late)) + ["refused"] * len(late))
