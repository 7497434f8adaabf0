"""What was taken is kept until it is durable; drops are counted [F37, F39, reliability 3]."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from domain.errors import StorageError
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.tags import Tag, TagKind
from domain.ports import CommitReport, HistoryWriter
from services import recording
from services.recording import Recorder, Settling, WriterLane
from storage.store import open_store
from tests.conftest import FakeClock
from tests.protocol.stage import until

TAGS = (
    Tag(UUID(int=1), 1, "a", "A", TagKind.MEASURED, "A", UUID(int=9), revision=4),
    Tag(UUID(int=2), 2, "w", "W", TagKind.WAVEFORM, "g", UUID(int=9)),
)


class Disk:
    """A history writer whose disk can be taken away; keeps what was not committed, as the real one does."""

    def __init__(self) -> None:
        self.is_full = False
        self.pending: list[tuple[ReadingBatch, list[int]]] = []
        self.durable: list[float] = []
        self.revisions: list[int] = []

    def append(self, batch: ReadingBatch, *, revision: np.ndarray) -> None:
        self.pending.append((batch, revision.tolist()))

    def commit(self) -> CommitReport:
        if self.is_full:
            raise StorageError("disk full")
        count = sum(len(batch) for batch, _ in self.pending)
        for batch, revision in self.pending:
            self.durable.extend(batch.value.tolist())
            self.revisions.extend(revision)
        self.pending = []
        return CommitReport(count, 0)


def readings(*values: float, tag: int = 1) -> ReadingBatch:
    return reading_batch([tag] * len(values), list(values), quality=0, source_us=1, receive_us=1)


def recorder(disk: Disk, clock: FakeClock) -> Recorder:
    return Recorder(Plant(tags=TAGS), disk, WriterLane(), clock=clock)  # type: ignore[arg-type]


def test_stored_equals_received_with_the_revision_of_the_tag(clock: FakeClock) -> None:
    disk = Disk()
    one = recorder(disk, clock)
    one.take(readings(1.0, 2.0))
    one.take(readings(3.0, tag=2))
    one.finish()
    assert disk.durable == [1.0, 2.0]
    assert disk.revisions == [4, 4]
    assert (one.samples_received, one.samples_stored, one.samples_pending) == (2, 2, 0)
    assert one.last_commit_age_s == 0


def test_f37_a_full_disk_keeps_everything_in_order_until_there_is_room(clock: FakeClock) -> None:
    disk = Disk()
    one = recorder(disk, clock)
    disk.is_full = True
    for value in (1.0, 2.0, 3.0):
        one.take(readings(value))
        one.finish()
    assert (one.samples_stored, one.samples_pending) == (0, 3)
    disk.is_full = False
    one.take(readings(4.0))
    one.finish()
    assert disk.durable == [1.0, 2.0, 3.0, 4.0]
    assert (one.samples_stored, one.losses.total) == (4, 0)


@contextmanager
def full_disk(history: HistoryWriter) -> Iterator[None]:
    """Let the database file not grow for a while."""
    connection = history._connection  # type: ignore[attr-defined]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    yield
    connection.execute("PRAGMA max_page_count=1000000")


def test_f37_ten_minutes_without_space_drain_within_a_minute_of_commits(
    tmp_path: Path, clock: FakeClock
) -> None:
    """F37: a thousand tags at 1 Hz on a real history; the collector commits once a second."""
    keys = list(range(1, 1001))
    tags = tuple(replace(TAGS[0], id=UUID(int=key), key=key) for key in keys)
    with closing(open_store(tmp_path, role="collector", clock=clock)) as store:
        history = store.open_history_writer()
        one = Recorder(Plant(tags=tags), history, WriterLane(), clock=clock)
        with full_disk(history):
            for _ in range(600):
                one.take(reading_batch(keys, [1.0] * 1000, quality=0, source_us=clock.now_us(), receive_us=1))
                one.finish()
                clock.advance(1.0)
            assert one.samples_pending > 0.9 * 600_000, "the disk was really full"
        commits = 0
        while one.samples_pending and commits < 60:
            one.finish()
            commits += 1
        history.close()
    assert (one.samples_stored, one.samples_pending, one.losses.total) == (600_000, 0, 0)


def test_f37_what_waits_for_the_disk_is_bounded_and_the_oldest_are_counted(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F37: the second that the disk refused is kept; of those behind it the newest four."""
    monkeypatch.setattr(recording, "PENDING_LIMIT", 4)
    monkeypatch.setattr(recording, "COMMIT_ROWS", 2)
    disk = Disk()
    one = recorder(disk, clock)
    disk.is_full = True
    for value in range(10):
        one.take(readings(float(value)))
        one.finish()
    assert (one.samples_pending, one.losses.by_cause) == (5, {"history_full": 5})
    disk.is_full = False
    one.finish()
    assert disk.durable == [0.0, 6.0, 7.0, 8.0, 9.0]
    assert (one.samples_stored, one.samples_pending) == (5, 0)


def test_a_failed_job_is_counted_by_its_cause() -> None:
    lane = WriterLane()

    def fail() -> None:
        raise OSError("no")

    lane.submit(fail, cause="status_file").result()
    lane.close()
    assert lane.losses.by_cause == {"status_file": 1}


async def test_what_was_taken_is_durable_when_somebody_waited_for_it(clock: FakeClock) -> None:
    """A broker forgets what it kept for us only then."""
    disk, lane = Disk(), WriterLane()
    one = Recorder(Plant(tags=TAGS), disk, lane, clock=clock)  # type: ignore[arg-type]
    one.take(readings(1.0, 2.0))
    await Settling(one, lane).wait()
    assert disk.durable == [1.0, 2.0]
    lane.close()


async def test_a_disk_that_refuses_or_hangs_does_not_hold_up_live_values(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, lane, released = Disk(), WriterLane(), threading.Event()
    one = Recorder(Plant(tags=TAGS), disk, lane, clock=clock)  # type: ignore[arg-type]
    settling = Settling(one, lane)
    disk.is_full = True
    one.take(readings(1.0))
    await settling.wait()
    disk.is_full = False
    lane.ask(released.wait)
    monkeypatch.setattr(recording, "SETTLE_S", 0.05)
    await settling.wait()
    monkeypatch.setattr(recording, "SETTLE_S", 60.0)
    async with asyncio.timeout(5):
        await settling.wait()
    assert disk.durable == [], "it has been waited for once, and not again while it hangs"
    released.set()
    await until(lambda: disk.durable == [1.0], within_s=5, what="stored")
    one.take(readings(2.0))
    await settling.wait()
    assert disk.durable == [1.0, 2.0]
    lane.close()


def test_a_recurring_job_waits_once_behind_a_slow_one() -> None:
    lane, gate, done = WriterLane(), threading.Event(), []
    slow = lane.ask(partial(gate.wait, 10))
    for number in range(100):
        lane.submit_once(lambda number=number: done.append(number), cause="tick")  # type: ignore[misc]
    gate.set()
    assert slow.result(10)
    lane.ask(lambda: None).result(10)
    lane.submit_once(lambda: done.append(100), cause="tick")
    lane.close()
    assert done == [0, 100]
