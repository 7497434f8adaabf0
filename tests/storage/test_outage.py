"""A database server that is away: samples wait on this PC, go over in order and once [F44, NEW-31]."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from domain.errors import DatabaseUnreachable
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch, reading_batch
from domain.roles import Actor
from storage.historian import Historian
from storage.postgresql import server_url
from storage.store import Store, open_store
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
    reader = store.open_history_reader()
    for key in (1, 77):
        series = reader.series(key, start_us=START_US, end_us=START_US + 100 * SECOND)
        assert series.value.tolist() == [key * 1000.0 + number for number in range(43)]
    reader.close()
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
    url = store._database.url  # type: ignore[attr-defined]
    return f"postgresql://{url.username}@{url.host}:{url.port}/{url.database}"


def test_an_address_with_a_password_is_refused() -> None:
    """Secrets never stand in settings or on a command line."""
    with pytest.raises(Exception, match="PGPASSWORD"):
        server_url("postgresql://a:secret@host/db")
