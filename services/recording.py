"""The collector's writer lane: one thread that owns the history, the waveforms and the alarm rows.

The event loop never waits for a disk: it hands work over and looks at figures. What cannot be written stays
in order in memory, within a bound; beyond it the oldest batches are dropped, counted and told.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from domain.errors import StorageError
from domain.instants import Clock
from domain.plant.plant import Plant
from domain.plant.readings import LossCounter, ReadingBatch
from domain.ports import HistoryWriter
from services.thinning import Thinner

T = TypeVar("T")
_log = logging.getLogger(__name__)

PENDING_LIMIT = 20_000_000
"""Readings kept in memory while the disk refuses: about an hour of 5,000 tags at 1 Hz."""


COMMIT_ROWS = 1_000_000
"""So many readings and the batch that exceeds them go into one commit, which is one row of the database."""


class WriterLane:
    """Runs jobs one after the other in one thread; a failed job is logged and counted."""

    def __init__(self, name: str = "writer") -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._begun_s: float | None = None
        self._queued: set[str] = set()
        self._lock = threading.Lock()
        self.losses = LossCounter()

    @property
    def busy_s(self) -> float:
        """How long the present job has been at work, in seconds; 0 between jobs. For any thread."""
        begun_s = self._begun_s
        return 0.0 if begun_s is None else time.monotonic() - begun_s

    def submit(self, job: Callable[[], None], *, cause: str) -> "Future[None]":
        """Queue a job; when it raises, one loss of this cause is counted."""
        return self._pool.submit(self._run, job, cause)

    def submit_once(self, job: Callable[[], None], *, cause: str) -> None:
        """Queue a recurring job unless one of its cause waits already, which will do the work of both."""
        with self._lock:
            if cause in self._queued:
                return
            self._queued.add(cause)
        self._pool.submit(self._run_once, job, cause)

    def _run_once(self, job: Callable[[], None], cause: str) -> None:
        with self._lock:
            self._queued.discard(cause)
        self._run(job, cause)

    def ask(self, job: Callable[[], T]) -> "Future[T]":
        """Queue a job whose answer or error is the caller's."""
        return self._pool.submit(self._timed, job)

    def _timed(self, job: Callable[[], T]) -> T:
        self._begun_s = time.monotonic()
        try:
            return job()
        finally:
            self._begun_s = None

    def _run(self, job: Callable[[], None], cause: str) -> None:
        try:
            self._timed(job)
        except Exception:  # the thread's outer edge
            self.losses.add(cause)
            _log.exception("the writer lane could not finish: %s", cause)

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._pool.shutdown(wait=True)


class Recorder:
    """Takes batches from the loop; the lane commits them once a second."""

    def __init__(self, plant: Plant, history: HistoryWriter, lane: WriterLane, *, clock: Clock) -> None:
        self._history = history
        self._lane = lane
        self._clock = clock
        self._revision = np.ones(max((tag.key for tag in plant.tags), default=0) + 1, dtype=np.int32)
        for tag in plant.tags:
            self._revision[tag.key] = tag.revision
        self._stored_kinds = np.zeros(len(self._revision), dtype=bool)
        for tag in plant.tags:
            self._stored_kinds[tag.key] = not tag.is_waveform
        self._thinner = Thinner(plant.tags)
        self._waiting: deque[ReadingBatch] = deque()
        self._waiting_rows = 0
        self._lock = threading.Lock()
        self._is_busy = False
        self._last_commit_s: float | None = None
        self._in_writer = 0
        self.samples_received = 0
        self.samples_stored = 0
        self.losses = LossCounter()

    def take(self, batch: ReadingBatch) -> None:
        """Queue a batch; waveform tags have no place in the value history."""
        stored = self._stored_kinds[batch.tag_key]
        if not stored.all():
            batch = batch.select(stored)
        if not len(batch):
            return
        with self._lock:
            self.samples_received += len(batch)
            batch = self._thinner.kept(batch)
            self._waiting.append(batch)
            self._waiting_rows += len(batch)
            while self._waiting_rows > PENDING_LIMIT:
                dropped = self._waiting.popleft()
                self._waiting_rows -= len(dropped)
                self.losses.add("history_full", len(dropped))

    def commit_soon(self) -> None:
        """Ask the lane to make everything durable, unless it is still at the last round."""
        if not self._is_busy:
            self._is_busy = True
            self._lane.submit(self._commit, cause="history_commit")

    def finish(self) -> None:
        """Make the rest durable in the caller's thread; the lane must be closed."""
        self._is_busy = True
        self._commit()

    def flush(self) -> None:
        """Make everything taken so far durable; belongs to the lane. StorageError keeps it for later.

        What the disk refused is tried again alone: the rest waits here, where its bound is kept.
        """
        due = self.samples_pending
        while True:
            due -= self._store_oldest()
            if due <= 0 or not self._waiting:
                return

    def _store_oldest(self) -> int:
        """Commit what was refused before or else the oldest; return how many readings that were."""
        if not self._in_writer:
            self._move_to_writer()
        report = self._history.commit()
        rows, self._in_writer = self._in_writer, 0
        self.samples_stored += report.samples
        self._last_commit_s = self._clock.monotonic_s()
        return rows

    def _commit(self) -> None:
        try:
            self.flush()
        except StorageError as error:
            _log.error("history is kept in memory: %s", error)
        finally:
            self._is_busy = False

    def _move_to_writer(self) -> None:
        for batch in self._oldest():
            self._history.append(batch, revision=self._revision[batch.tag_key])
            self._in_writer += len(batch)

    def _oldest(self) -> list[ReadingBatch]:
        """Take out what one commit stores."""
        batches: list[ReadingBatch] = []
        rows = 0
        with self._lock:
            while self._waiting and rows < COMMIT_ROWS:
                batches.append(self._waiting.popleft())
                rows += len(batches[-1])
            self._waiting_rows -= rows
        return batches

    @property
    def samples_thinned(self) -> int:
        """Readings left out on purpose, by the dead-band of their tag."""
        return self._thinner.thinned

    @property
    def samples_pending(self) -> int:
        """Readings taken but not yet durable."""
        return self._waiting_rows + self._in_writer

    @property
    def last_commit_age_s(self) -> float | None:
        """Seconds since the last durable commit, None before the first."""
        return None if self._last_commit_s is None else self._clock.monotonic_s() - self._last_commit_s


SETTLE_S = 2.0
"""Longer than a commit ever takes on a healthy disk."""


class Settling:
    """Lets a coroutine of the loop wait until what the recorder took is durable."""

    def __init__(self, recorder: Recorder, lane: WriterLane) -> None:
        self._recorder = recorder
        self._lane = lane
        self._overdue: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Return when it is durable; also when the database refuses, or takes too long: live values go on.

        What is not durable then waits in memory, as everything does.
        """
        if self._overdue is not None and not self._overdue.done():
            return
        stored = asyncio.wrap_future(self._lane.ask(self._recorder.flush))
        stored.add_done_callback(_looked_at)
        await asyncio.wait((stored,), timeout=SETTLE_S)
        self._overdue = None if stored.done() else stored


def _looked_at(stored: "asyncio.Future[None]") -> None:
    """The recorder's own round tells what the database refuses."""
    if not stored.cancelled():
        stored.exception()
