"""A database server that is away: samples wait on this PC, go over in order and once [F44, NEW-31]."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from domain.condition.alarms import AlarmEvent, AlarmRule
from domain.errors import ConfigurationError, DatabaseUnreachable
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.ports import SpectrumRow
from domain.roles import Actor
from services.access import program_actor
from services.alarm_recording import AlarmRecorder
from services.alarm_watch import ConditionChange
from services.durable_queue import DurableQueue
from services.supervision import STOP_LIMIT_S
from services.waiting_alarms import conditions_after, text_of, waiting_changes
from storage.history.historian import Historian
from storage.server import server_url
from storage.store import Store, open_store
from tests.soak.demo_run import seconds_until
from tests.storage.postgresql_stage import PostgresServer, running_server
from tests.storage.stored_plant import START_US, StillClock

SECOND = 1_000_000


@pytest.fixture
def server(postgresql: PostgresServer) -> Iterator[PostgresServer]:
    """A server of its own: others must not notice that it goes away."""
    with running_server() as own:
        yield own


@pytest.fixture
def store(
    server: PostgresServer, tmp_path: Path, still_clock: StillClock, small_plant: Plant, engineer: Actor
) -> Iterator[Store]:
    url = server.fresh_database()
    opened = open_store(tmp_path / "data", role="collector", clock=still_clock, database=url)
    with opened.unit_of_work(engineer) as work:
        work.plant.import_plant(small_plant)
    assert opened.wait_for_lease()
    yield opened
    opened.close()


def _second(number: int, *, tags: int = 100) -> ReadingBatch:
    at_us = START_US + number * SECOND
    keys = np.arange(1, tags + 1)
    return reading_batch(
        keys, keys * 1000.0 + number, quality=0, source_us=at_us, receive_us=at_us, sequence=number
    )


def _record(writer: Historian, clock: StillClock, seconds: range) -> None:
    for number in seconds:
        clock.now = START_US + number * SECOND
        writer.append(_second(number))
        assert writer.commit().samples == 100, "durable, here or there"


def test_f44_nothing_is_lost_or_doubled_while_the_server_is_away(
    server: PostgresServer, store: Store, still_clock: StillClock
) -> None:
    writer = store.open_history_writer()
    _record(writer, still_clock, range(3))
    server.stop(mode="immediate")
    _record(writer, still_clock, range(3, 40))
    assert writer.waiting_samples == 3700
    with pytest.raises(DatabaseUnreachable):
        store.plant.load()
    server.start()
    _record(writer, still_clock, range(40, 42))
    assert writer.waiting_samples == 3900, "what comes meanwhile stands behind"
    rounds = 0
    while writer.waiting_samples:
        writer.compact(now_us=still_clock.now)
        rounds += 1
    assert rounds == 2
    _record(writer, still_clock, range(42, 43))
    _is_whole_and_in_order(store, 43)
    writer.close()


def _is_whole_and_in_order(store: Store, seconds: int) -> None:
    """Compare every tag with what was read: nothing lost, nothing twice, in the order of reading."""
    reader = store.open_history_reader()
    for key in range(1, 101):
        series = reader.series(key, start_us=START_US, end_us=START_US + 10 * seconds * SECOND)
        assert series.value.tolist() == [key * 1000.0 + number for number in range(seconds)]
        assert series.time_us.tolist() == [START_US + number * SECOND for number in range(seconds)]
    reader.close()


def test_f44_ten_minutes_with_a_server_that_falls_over_while_it_catches_up(
    server: PostgresServer, store: Store, still_clock: StillClock
) -> None:
    writer = store.open_history_writer()
    _record(writer, still_clock, range(2))
    server.stop(mode="immediate")
    _record(writer, still_clock, range(2, 600))
    for _ in range(3):
        server.start()
        writer.compact(now_us=still_clock.now)
        assert writer.waiting_samples > 0
        server.stop(mode="immediate")
        writer.compact(now_us=still_clock.now)
    server.start()
    while writer.waiting_samples:
        writer.compact(now_us=still_clock.now)
    _is_whole_and_in_order(store, 600)
    writer.close()


def test_f44_a_changed_set_up_sets_nothing_aside(
    server: PostgresServer, store: Store, still_clock: StillClock
) -> None:
    """The collector opens its history anew within one term: what it read itself before is its own."""
    writer = store.open_history_writer()
    server.stop(mode="immediate")
    _record(writer, still_clock, range(20))
    writer.close()
    server.start()
    again = store.open_history_writer()
    assert (again.waiting_samples, again.opening.problem) == (2000, "")
    again.compact(now_us=still_clock.now)
    _is_whole_and_in_order(store, 20)
    again.close()


@pytest.mark.parametrize("does_restart", [False, True], ids=["changed set-up", "new program"])
def test_f44_numbers_that_waiting_rows_use_are_not_given_out_again(
    server: PostgresServer, store: Store, still_clock: StillClock, tmp_path: Path, does_restart: bool
) -> None:
    """The server does not know key lists, texts and sequences of rows that wait; a second writer does."""
    writer = store.open_history_writer()
    server.stop(mode="immediate")
    stopped = writer.texts.number_of("stopped")
    _record(writer, still_clock, range(4))
    writer.close()
    server.start()
    again = store
    if does_restart:
        address = server_url_text(store)
        store.close()
        again = open_store(tmp_path / "data", role="collector", clock=still_clock, database=address)
        assert again.wait_for_lease()
    second = again.open_history_writer()
    assert second.texts.number_of("stopped") == stopped
    assert second.texts.number_of("running") != stopped
    for number in range(4, 8):
        still_clock.now = START_US + number * SECOND
        second.append(_second(number, tags=90))
        assert second.commit().samples == 90
    assert second.waiting_samples == 4 * 100 + 4 * 90, "those behind wait too"
    second.compact(now_us=still_clock.now)
    reader = again.open_history_reader()
    for key, seconds in ((1, 8), (90, 8), (91, 4), (100, 4)):
        series = reader.series(key, start_us=START_US, end_us=START_US + 100 * SECOND)
        assert series.value.tolist() == [key * 1000.0 + number for number in range(seconds)]
    for each in (reader, second, again):
        each.close()


def test_f44_a_server_that_stands_still_is_given_up_after_a_while(
    server: PostgresServer, store: Store, still_clock: StillClock
) -> None:
    """What it was given before, it stores when it goes on; the same rows, sent again, are not doubled."""
    writer = store.open_history_writer()
    _record(writer, still_clock, range(2))
    with _frozen(server, store, patience_s=1.0) as begun_s:
        _record(writer, still_clock, range(2, 12))
        with pytest.raises(DatabaseUnreachable):
            store.plant.load()
        assert time.monotonic() - begun_s < 10, "one wait for all, not one each"
        assert writer.waiting_samples == 1000
    seconds_until(lambda: _caught_up(writer, still_clock), limit_s=10, what="all is there")
    _record(writer, still_clock, range(12, 14))
    _is_whole_and_in_order(store, 14)
    writer.close()


def test_f44_who_ends_beside_a_server_that_stands_still_keeps_all_in_time(
    server: PostgresServer, store: Store, still_clock: StillClock
) -> None:
    writer = store.open_history_writer()
    _record(writer, still_clock, range(2))
    with _frozen(server, store, patience_s=600.0) as begun_s:
        store.hurry()
        _record(writer, still_clock, range(2, 4))
        writer.close()
        store.close()
        assert time.monotonic() - begun_s < STOP_LIMIT_S
        assert store.folder.spool_db.exists()


@contextmanager
def _frozen(server: PostgresServer, store: Store, *, patience_s: float) -> Iterator[float]:
    store._database.server._patience_s = patience_s  # type: ignore[attr-defined]
    server.freeze()
    try:
        yield time.monotonic()
    finally:
        server.thaw()


def _caught_up(writer: Historian, clock: StillClock) -> bool:
    writer.compact(now_us=clock.now)
    return writer.waiting_samples == 0


def test_f44_waveforms_and_spectra_wait_here_and_go_over_once(
    server: PostgresServer, store: Store, still_clock: StillClock, tmp_path: Path
) -> None:
    """Hours of an outage and a restart in it lose no evidence; what was sent before a crash stays one row."""
    kept = store.open_waveforms(is_writer=True)
    before = kept.keep(_waveform(0), reason="schedule")
    server.stop(mode="immediate")
    ids = [kept.keep(_waveform(number), reason="alarm") for number in range(1, 70)]
    kept.keep_spectra([_spectrum(number) for number in range(70)])
    assert kept.waiting_rows == 139
    address = server_url_text(store)
    kept.close()
    store.close()
    spooled = {path: path.read_bytes() for path in (tmp_path / "data").glob("waveform_spool.db*")}
    server.start()
    for _ in range(2):
        again = open_store(tmp_path / "data", role="collector", clock=still_clock, database=address)
        assert again.wait_for_lease()
        resumed = again.open_waveforms(is_writer=True)
        assert (resumed.waiting_rows, resumed.problem) == (139, "")
        while resumed.catch_up():
            pass
        found = resumed.waveforms(7, start_us=0, end_us=2**62)
        assert {each.id for each in found} == {before, *ids}
        assert resumed.waveform(ids[5]).samples.tolist() == _waveform(6).samples.tolist()
        spectra = resumed.spectra(7, SpectrumKind.ENVELOPE, start_us=0, end_us=2**62)
        assert [row.spectrum.amplitude.tolist() for row in spectra] == [
            _spectrum(number).spectrum.amplitude.tolist() for number in range(70)
        ]
        resumed.close()
        again.close()
        for path, body in spooled.items():
            path.write_bytes(body)


def test_f44_waveforms_of_before_another_collector_took_over_are_set_aside(
    server: PostgresServer, store: Store, still_clock: StillClock, tmp_path: Path
) -> None:
    kept = store.open_waveforms(is_writer=True)
    server.stop(mode="immediate")
    kept.keep(_waveform(1), reason="alarm")
    address = server_url_text(store)
    kept.close()
    store.close()
    server.start()
    server.run_sql(address, "UPDATE leases SET holder = 'other', epoch = epoch + 1, expires_us = 0")
    again = open_store(tmp_path / "data", role="collector", clock=still_clock, database=address)
    assert again.wait_for_lease()
    resumed = again.open_waveforms(is_writer=True)
    assert resumed.waiting_rows == 0
    assert "1 waveforms and spectra" in resumed.problem
    assert any("waveform_spool" in path.name for path in again.folder.quarantine.iterdir())
    resumed.close()
    again.close()


def _waveform(number: int) -> Waveform:
    samples = np.full(256, number, np.float32)
    return Waveform(7, samples, 25600.0, START_US + number * SECOND, "g", 0, revision=1)


def _spectrum(number: int) -> SpectrumRow:
    amplitude = np.array([0.0, np.inf, number], dtype=np.float32)
    at_us = START_US + number * SECOND
    return SpectrumRow(7, SpectrumKind.ENVELOPE, at_us, Spectrum(amplitude, 0.5, "g", is_rms=True), 0)


def test_f44_rows_that_the_server_has_already_are_not_stored_again(
    server: PostgresServer, store: Store, still_clock: StillClock, tmp_path: Path
) -> None:
    """Power fails after the server's commit and before the file here has forgotten the rows."""
    writer = store.open_history_writer()
    _record(writer, still_clock, range(1))
    server.stop(mode="immediate")
    _record(writer, still_clock, range(1, 20))
    writer.close()
    kept = {
        path: path.read_bytes()
        for path in store.folder.spool_db.parent.glob(f"{store.folder.spool_db.name}*")
    }
    server.start()
    for _ in range(2):
        again = store.open_history_writer()
        assert again.waiting_samples == 1900
        again.compact(now_us=still_clock.now)
        assert again.waiting_samples == 0
        again.close()
        for path, body in kept.items():
            path.write_bytes(body)
    _is_whole_and_in_order(store, 20)


def test_f44_alarms_of_the_outage_are_recorded_once_and_in_order(
    server: PostgresServer, store: Store, hot_rule: AlarmRule, engineer: Actor
) -> None:
    with store.unit_of_work(engineer) as work:
        work.alarm_rules.save(hot_rule)
    kept = store.open_waveforms(is_writer=True)
    recorder = AlarmRecorder(store, kept, actor=program_actor("collector"))
    queue = DurableQueue(cause="alarm", limit=1000)
    events = [AlarmEvent.CONDITION_TRUE, AlarmEvent.CONDITION_FALSE] * 20
    for at_us, event in enumerate(events, start=1):
        if at_us in (5, 25):
            server.stop(mode="immediate")
        if at_us in (15, 35):
            server.start()
        queue.put(partial(recorder.record, ConditionChange(hot_rule, event, 91.0), at_us=at_us))
        queue.run()
        assert not len(queue) or queue.problem
    queue.run()
    assert (len(queue), queue.losses.total) == (0, 0)
    journal = store.alarms.journal(0, 1000)[::-1]
    assert [(row.at_us, row.event) for row in journal] == [
        (at_us, event.value) for at_us, event in enumerate(events, start=1)
    ]
    kept.close()


def test_alarms_of_an_outage_outlive_the_program_that_saw_them(
    server: PostgresServer,
    store: Store,
    hot_rule: AlarmRule,
    engineer: Actor,
    still_clock: StillClock,
    tmp_path: Path,
) -> None:
    """The change of a condition that came and went is told, with its own times, after the restart [F33]."""
    with store.unit_of_work(engineer) as work:
        work.alarm_rules.save(hot_rule)
    spool = store.open_job_spool()
    queue = DurableQueue(cause="alarm", limit=1000, keeper=spool)
    kept = store.open_waveforms(is_writer=True)
    recorder = AlarmRecorder(store, kept, actor=program_actor("collector"))
    server.stop(mode="immediate")
    for at_us, event in ((7, AlarmEvent.CONDITION_TRUE), (9, AlarmEvent.CONDITION_FALSE)):
        change = ConditionChange(hot_rule, event, 91.0)
        queue.put(partial(recorder.record, change, at_us=at_us), body=text_of(change, at_us=at_us))
        queue.run()
    address = server_url_text(store)
    for each in (spool, kept, store):
        each.close()
    server.start()
    again = open_store(tmp_path / "data", role="collector", clock=still_clock, database=address)
    assert again.wait_for_lease()
    waiting, void = waiting_changes(again.open_job_spool().waiting, again.alarm_rules.all())
    assert [(each.change, each.at_us) for each in waiting] == [
        (ConditionChange(hot_rule, AlarmEvent.CONDITION_TRUE, 91.0), 7),
        (ConditionChange(hot_rule, AlarmEvent.CONDITION_FALSE, 91.0), 9),
    ]
    assert not void
    assert conditions_after({hot_rule.id: True}, waiting) == {hot_rule.id: False}
    again.close()


def test_a_spool_that_is_damaged_is_set_aside_and_collecting_goes_on(
    store: Store, still_clock: StillClock
) -> None:
    store.folder.spool_db.write_bytes(b"not a database at all" * 400)
    writer = store.open_history_writer()
    assert "damaged" in writer.opening.problem
    assert writer.opening.set_aside[0].exists()
    _record(writer, still_clock, range(2))
    writer.close()


def test_what_waited_when_the_program_died_goes_over_with_the_next_start(
    server: PostgresServer, store: Store, still_clock: StillClock, tmp_path: Path
) -> None:
    writer = store.open_history_writer()
    _record(writer, still_clock, range(2))
    server.stop(mode="immediate")
    _record(writer, still_clock, range(2, 6))
    address = server_url_text(store)
    writer.close()
    store.close()
    server.start()
    again = open_store(tmp_path / "data", role="collector", clock=still_clock, database=address)
    assert again.wait_for_lease(), "its own lease is taken again at once"
    assert again.term.follows_own
    resumed = again.open_history_writer()
    assert resumed.waiting_samples == 400
    assert resumed.opening.problem == ""
    resumed.compact(now_us=still_clock.now)
    reader = again.open_history_reader()
    assert len(reader.series(5, start_us=START_US, end_us=START_US + 100 * SECOND).value) == 6
    for each in (reader, resumed, again):
        each.close()


def test_what_waited_while_another_collector_took_over_is_set_aside(
    server: PostgresServer, store: Store, still_clock: StillClock, tmp_path: Path
) -> None:
    """That one read the same devices: nothing is stored twice, nothing is deleted."""
    writer = store.open_history_writer()
    server.stop(mode="immediate")
    _record(writer, still_clock, range(4))
    address = server_url_text(store)
    writer.close()
    store.close()
    server.start()
    server.run_sql(address, "UPDATE leases SET holder = 'other', epoch = epoch + 1, expires_us = 0")
    again = open_store(tmp_path / "data", role="collector", clock=still_clock, database=address)
    assert again.wait_for_lease()
    resumed = again.open_history_writer()
    assert resumed.waiting_samples == 0
    assert "400 samples" in resumed.opening.problem
    assert resumed.opening.set_aside[0].exists()
    resumed.close()
    again.close()


def server_url_text(store: Store) -> str:
    url = store._database.server.url  # type: ignore[attr-defined]
    return f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://a:s3cret@host/db",
        "postgresql://a:s3cret@host:54x2/db",
        "postgresql://a:s3cret@host",
        "postgresql:/a:s3cret@host/db",
        "postgres://a:s3cret@host/db",
        "mysql://a:s3cret@ss@host/db",
        "a:s3cret@host/db",
        "postgresql://a@host/db?password=s3cret",
        "postgresql://a@host/db?sslpassword=s3cret",
        "host=db user=a password='s3cret'",
        "host=db PASSWORD = s3cret",
        "postgresql://a@host:x/db?password=s3cret",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(address: str) -> None:
    """S-17, S-38: secrets never stand in settings or on a command line, and not in what is told of them."""
    with pytest.raises(ConfigurationError) as told:
        server_url(address)
    assert "s3cret" not in f"{told.value}{told.value.parameters}"
    assert (told.value.__cause__, told.value.__context__) == (None, None), "no traceback quotes it either"
    assert "PGPASSWORD" in str(told.value) or "postgresql://user@host:port/database" in str(told.value)


def test_a_wrong_address_without_a_secret_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'postgresql://host' must read"):
        server_url("postgresql://host")
