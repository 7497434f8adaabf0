"""The historian's writing side: pending second -> durable tail -> parts -> hourly chunks and levels.

One writer per history database, in the collector, used by one thread at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import StorageError
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, Clock
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Keeping, TagDtype
from domain.ports import CommitReport
from storage.failures import told
from storage.history.chunks import ChunkTables, day_of
from storage.history.clock_guard import ClockGuard
from storage.history.codec import ChunkCodec
from storage.history.compaction import HourCompactor
from storage.history.folding import TailFolder, note, noted, stored_layouts
from storage.history.keeping_rules import KeepingRules
from storage.history.raw_statuses import RawStatusLog
from storage.history.samples import Samples, merged
from storage.history.tail import FrameWriter, PendingBatch, TailRow, pooled
from storage.history.text_book import TextBook, stored_texts
from storage.sql import HistoryBase, immediate

GRACE_US = 120 * MICROSECONDS_PER_SECOND
"""An hour is finished this long after its end; later rows are merged into it."""
_HOURS_PER_TRANSACTION = 64
_TAGS_PER_TRANSACTION = 500
_SUSPECT, _CONFIRMED = "clock_suspect", "clock_confirmed"


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How many days each resolution is kept; None keeps it for ever."""

    raw_days: float | None = 90
    minute_days: float | None = 730
    hour_days: float | None = None


class Historian:
    """Implements ``domain.ports.HistoryWriter``."""

    def __init__(
        self,
        base: HistoryBase,
        *,
        clock: Clock,
        dtypes: Mapping[int, TagDtype] | None = None,
        keeping: Mapping[int, Keeping] | None = None,
        retention: RetentionPolicy | None = None,
    ) -> None:
        """``dtypes`` gives the declared type per tag key (float64 where absent).

        ``keeping`` names the tags with rules of their own.
        """
        self._base = base
        self._place = base.place
        self._clock = clock
        self._retention = retention or RetentionPolicy()
        with told(base.place):
            self._connection, self.opening = base.writer(now_us=clock.now_us())
        self._tables = ChunkTables(self._connection, ChunkCodec())
        self._rules = KeepingRules(keeping)
        self._compactor = HourCompactor(self._tables, self._rules)
        self._folder = TailFolder(self._tables, self._connection, dtypes=dtypes or {})
        self._frames = FrameWriter({**stored_layouts(self._connection), **self.opening.layouts})
        self.texts = TextBook({**stored_texts(self._connection), **self.opening.texts})
        self._statuses = RawStatusLog()
        self._pending: list[PendingBatch] = []
        self._last_id = max(self._greatest_id(), self.opening.sequence)
        self._was_suspect = bool(noted(self._connection, _SUSPECT))
        self._guard = ClockGuard(clock, last_known_us=self._last_commit(), is_suspect=self._was_suspect)

    def append(self, batch: ReadingBatch, *, revision: NDArray[np.int32] | int = 1) -> None:
        """Take a batch into the pending second; its arrays are handed over and must not change."""
        if len(batch):
            self._statuses.take(batch)
            self._pending.append(PendingBatch(batch, revision))

    @property
    def pending(self) -> int:
        """Samples appended and not yet durable."""
        return sum(len(each.batch) for each in self._pending)

    @property
    def waiting_samples(self) -> int:
        """Samples that are durable on this PC and wait for their server."""
        return self._base.waiting_samples

    def commit(self) -> CommitReport:
        """Make everything pending durable in one row; StorageError keeps it pending."""
        now_us = self._clock.now_us()
        if not self._pending:
            return CommitReport(0, now_us)
        pending = pooled(self._pending)
        body = b"".join([self._frames.frame(each) for each in pending])
        samples = sum(len(each.batch) for each in pending)
        row = TailRow(
            self._last_id + 1,
            now_us,
            samples,
            body,
            dict(self._frames.new_layouts),
            self.texts.new(),
            self._statuses.new(),
        )
        with told(self._place):
            self._base.put_tail(self._connection, row)
        self._frames.new_layouts.clear()
        self.texts.stored(row.texts)
        self._statuses.stored(row.statuses)
        self._last_id += 1
        self._pending.clear()
        return CommitReport(samples, now_us)

    def compact(self, *, now_us: int, most_hours: int | None = None) -> int:
        """Fold a tail older than its ten minutes into parts, finish hours and days; return the chunks.

        ``most_hours`` bounds the hours of tags finished in this call, so that commits need not wait; the
        rest stays readable and is finished by the next calls. What waits for a server goes there first.
        """
        with told(self._place):
            if self._base.catch_up(self._connection):
                return 0
            if self._folder.is_due(now_us):
                self._folder.fold()
                note(self._connection, "clock_us", self._clock.now_us())
            written = self._finish_hours(now_us, most_hours)
            self._finish_days(now_us)
        return written

    def write_past(
        self,
        tag_key: int,
        *,
        time_us: NDArray[np.int64],
        value: NDArray[np.float64],
        quality: NDArray[np.uint16] | int,
        revision: int = 1,
    ) -> int:
        """Write one tag's past straight to chunks and levels; where rows exist the two are merged."""
        if not len(time_us):
            return 0
        count = len(time_us)
        samples = merged(
            [
                Samples(
                    np.asarray(time_us, dtype=np.int64),
                    self._folder.declared(tag_key, np.asarray(value, dtype=np.float64)),
                    np.ascontiguousarray(np.broadcast_to(np.asarray(quality, dtype=np.uint16), count)),
                    np.zeros(count, dtype=np.int64),
                )
            ]
        )
        with told(self._place), immediate(self._connection):
            first, last = int(samples.time_us[0]), int(samples.time_us[-1])
            if not self._tables.chunks(tag_key, start_us=first, end_us=last + 1):
                return self._compactor.write_past(tag_key, samples, revision=revision)
            hours = self._folder.write_parts(tag_key, samples, revision)
            today = day_of(self._clock.now_us())
            return sum(
                self._compactor.finish_hour(tag_key, hour, day_is_over=day_of(hour) < today) for hour in hours
            )

    def watch_clock(self) -> tuple[int, ...]:
        """Return the jumps of the clock since the last call (microseconds); one of over an hour stays noted.

        A restart does not make a wrong date right: what waits for a person's word waits on.
        """
        self._guard.look()
        if self._guard.is_suspect != self._was_suspect:
            self._note_suspicion()
        return self._guard.take_jumps()

    @property
    def is_clock_suspect(self) -> bool:
        """Whether a jump of over an hour waits for a person's word."""
        return self._guard.is_suspect

    @property
    def confirmed_mark(self) -> int | None:
        """The mark of the last confirmation that was used."""
        with told(self._place):
            return noted(self._connection, _CONFIRMED)

    def confirm_clock(self, *, mark: int | None = None) -> None:
        """A person says that the clock is right; pruning goes on. ``mark`` tells one confirmation apart."""
        self._guard.confirm()
        if mark is not None:
            with told(self._place), immediate(self._connection):
                note(self._connection, _CONFIRMED, mark)
        self._note_suspicion()

    def _note_suspicion(self) -> None:
        with told(self._place), immediate(self._connection):
            note(self._connection, _SUSPECT, int(self._guard.is_suspect))
        self._was_suspect = self._guard.is_suspect

    def prune(self, *, now_us: int) -> int:
        """Apply retention; return the rows removed.

        StorageError "clock_jumped" after a jump of the clock, "clock_rested" within a day after nobody
        collected.
        """
        self._guard.look()
        if not self._guard.is_suspect and not self._guard.is_trusted:
            raise StorageError(
                "nobody collected for over an hour; old history goes after a day of even time",
                key="clock_rested",
            )
        if self._guard.is_suspect or abs(now_us - self._clock.now_us()) > MICROSECONDS_PER_HOUR:
            raise StorageError(
                "the clock of this computer jumped by more than an hour; old history is not removed "
                "until somebody confirms the time (collect --confirm-clock)",
                key="clock_jumped",
            )
        removed = 0
        with told(self._place):
            keys = list(self._tables.tag_keys())
            for low in range(0, len(keys), _TAGS_PER_TRANSACTION):
                with immediate(self._connection):
                    for tag_key in keys[low : low + _TAGS_PER_TRANSACTION]:
                        removed += self._prune_tag(tag_key, now_us)
        return removed

    def _prune_tag(self, tag_key: int, now_us: int) -> int:
        """Remove what is too old of one tag; each statement walks the tag's own oldest rows only."""
        policy = self._retention
        raw_days = self._rules.raw_days(tag_key, policy.raw_days)
        removed = 0
        if raw_days is not None:
            before_us = _days_before(now_us, raw_days)
            removed += self._tables.delete_chunks(tag_key, before_us=before_us)
            removed += self._tables.delete_statuses(tag_key, before_us=before_us)
        for step_s, days in ((60, policy.minute_days), (3600, policy.hour_days)):
            if days is not None:
                before_us = _days_before(now_us, days + 1)
                removed += self._tables.delete_levels(tag_key, step_s=step_s, before_us=before_us)
        if policy.minute_days is not None:
            before_us = _days_before(now_us, policy.minute_days)
            removed += self._tables.delete_gaps(tag_key, before_us=before_us)
        return removed

    def close(self) -> None:
        """Close the file; what is pending and not committed is lost, as the report of ``commit`` said."""
        self._connection.close()
        self._base.close()

    def _finish_hours(self, now_us: int, most: int | None) -> int:
        open_until = (now_us - GRACE_US) // MICROSECONDS_PER_HOUR * MICROSECONDS_PER_HOUR
        today = day_of(now_us - GRACE_US)
        found = self._tables.open_hours(before_us=open_until)
        hours = sorted(
            {(key, first // MICROSECONDS_PER_HOUR * MICROSECONDS_PER_HOUR) for key, first in found}
        )
        hours = hours[:most]
        written = 0
        for low in range(0, len(hours), _HOURS_PER_TRANSACTION):
            with immediate(self._connection):
                for tag_key, hour in hours[low : low + _HOURS_PER_TRANSACTION]:
                    written += self._compactor.finish_hour(tag_key, hour, day_is_over=day_of(hour) < today)
        return written

    def _finish_days(self, now_us: int) -> None:
        found = self._tables.days_with_hours(before_us=day_of(now_us - GRACE_US))
        days = sorted({(key, day_of(start)) for key, start in found})
        for low in range(0, len(days), _HOURS_PER_TRANSACTION):
            with immediate(self._connection):
                for tag_key, day in days[low : low + _HOURS_PER_TRANSACTION]:
                    self._compactor.finish_day(tag_key, day)

    def _last_commit(self) -> int | None:
        tail = self._connection.execute("SELECT max(committed_us) FROM tail").fetchone()[0]
        known = [each for each in (tail, noted(self._connection, "clock_us")) if each is not None]
        return max(known, default=None)

    def _greatest_id(self) -> int:
        """Return the last number given to a tail row; numbers are never used again, readers lean on it."""
        tail = self._connection.execute("SELECT max(id) FROM tail").fetchone()[0]
        return max(tail or 0, noted(self._connection, "tail_id") or 0)


def _days_before(now_us: int, days: float) -> int:
    return now_us - int(days * MICROSECONDS_PER_DAY)
