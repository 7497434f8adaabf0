"""Which stretches of time a link missed, tag by tag, and what is still to be asked of the device's memory.

A stretch begins at the last value before a loss and ends at the first one after it, both excluded. The value
of a quiet tag was told when it was new, so no stretch begins long before the newest value of its link.
The values that were due in a stretch are counted as lost until they turn up. A device may remember some time
later than it tells, so the end of a stretch is asked for more than once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.source_times import AHEAD_US, NO_TIME
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from domain.plant.quality import CLASS_MASK, FLAG_MASK, GOOD, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Tag

REACH_US: Final = 60 * MICROSECONDS_PER_SECOND
"""A stretch begins at most so long before the newest value of its link."""

IN_STEP_PERIODS: Final = 3
IN_STEP_GRACE_US: Final = MICROSECONDS_PER_SECOND
"""A tag whose last value lay longer before the newest of its link was quiet: nothing was due."""

JITTER_PERIODS: Final = 0.1
"""A value that comes so little after it was due is in time."""

LONGEST_US: Final = 7 * MICROSECONDS_PER_DAY
MOST_STRETCHES: Final = 32
"""A link that flaps keeps so many groups of stretches waiting; the oldest are given up."""

ASK_AGAIN_S: Final = (5.0, 60.0)
"""So long after an answer the device is asked again for what lies after the last value it brought."""


def is_past(batch: ReadingBatch) -> NDArray[np.bool_]:
    """Say of each row whether it was fetched or delivered afterwards."""
    flagged: NDArray[np.bool_] = (batch.quality & np.uint16(QualityFlag.BACK_FILLED)) != 0
    return flagged


@dataclass(frozen=True)
class Stretches:
    """Missed time of several tags, sorted by key; ``start_us`` moves on with what was brought."""

    keys: NDArray[np.int32]
    start_us: NDArray[np.int64]
    end_us: NDArray[np.int64]
    period_us: NDArray[np.int64]
    lost: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Values that were due in the stretch and were not brought yet; empty when nobody counts them."""
    answers: int = 0
    """How often the device has told what it remembers of them."""
    due_s: float = -inf
    """When it is to be asked, monotonic."""

    def take(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the rows that lie inside, each tag's later than those taken before."""
        place = np.minimum(np.searchsorted(self.keys, batch.tag_key), len(self.keys) - 1)
        chosen = (self.keys[place] == batch.tag_key) & (batch.source_us < self.end_us[place])
        chosen &= batch.source_us > self.start_us[place]
        np.maximum.at(self.start_us, place[chosen], batch.source_us[chosen])
        return batch.select(chosen)

    def give_back(self, brought: ReadingBatch) -> int:
        """Return how many of the values counted as lost are these rows, which ``take`` has chosen."""
        if not len(self.lost):
            return 0
        place = np.searchsorted(self.keys, brought.tag_key)
        found = np.minimum(np.bincount(place, minlength=len(self.keys)), self.lost)
        self.lost[:] -= found
        return int(found.sum())

    def again(self, *, now_s: float) -> "Stretches | None":
        """Return the ends to ask for once more after an answer at ``now_s``; None when there are none."""
        if self.answers >= len(ASK_AGAIN_S):
            return None
        short = self.end_us - self.start_us > (1 + JITTER_PERIODS) * self.period_us
        if not short.any():
            return None
        return Stretches(
            self.keys[short],
            self.start_us[short],
            self.end_us[short],
            self.period_us[short],
            self.lost[short] if len(self.lost) else self.lost,
            answers=self.answers + 1,
            due_s=now_s + ASK_AGAIN_S[self.answers],
        )


class TakenTimes:
    """Up to which source time each tag was taken, whatever link brought it.

    Only good values count: of others the time may not be the source's own.
    """

    def __init__(self, tags: Sequence[Tag]) -> None:
        self._keys = np.array(sorted(tag.key for tag in tags if not tag.is_waveform), dtype=np.int32)
        self._newest_us = np.full(len(self._keys), NO_TIME, np.int64)

    def note(self, batch: ReadingBatch) -> None:
        """Take values of now or of the past; rows of other tags are passed over."""
        if not len(self._keys):
            return
        place = np.minimum(np.searchsorted(self._keys, batch.tag_key), len(self._keys) - 1)
        chosen = self._keys[place] == batch.tag_key
        chosen &= (batch.quality & ~np.uint16(FLAG_MASK)) == GOOD
        np.maximum.at(self._newest_us, place[chosen], batch.source_us[chosen])

    def by_tag(self) -> dict[int, int]:
        """Return the newest source time, microseconds UTC, of each tag that had any."""
        known = self._newest_us != NO_TIME
        return dict(zip(self._keys[known].tolist(), self._newest_us[known].tolist(), strict=True))


class MissedTime:
    """Follows the live values of one link; hands out stretches when values have come again.

    ``lost`` counts the values that were due meanwhile, by the period of their tag. What came irregularly or
    was known from an earlier run only is not counted.
    """

    def __init__(self, tags: Sequence[Tag]) -> None:
        values = sorted((tag for tag in tags if not tag.is_waveform), key=lambda tag: tag.key)
        self._keys = np.array([tag.key for tag in values], dtype=np.int32)
        periods_us = [max(1, round(tag.period_s * MICROSECONDS_PER_SECOND)) for tag in values]
        self._period_us = np.array(periods_us, dtype=np.int64)
        self._last_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._open_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._end_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._moved_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._due_since_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._owed = np.zeros(len(self._keys), np.int64)
        self._waiting: list[Stretches] = []
        self.lost = 0

    def resume(self, last: ReadingBatch) -> None:
        """Take over what an earlier run stored last; bad rows say nothing."""
        place, source_us = self._good(last)
        self._last_us[place] = source_us

    def begin(self, *, is_counted: bool = True) -> None:
        """A new link is up: what it brings first ends a stretch that began with the last value known."""
        newest_us = int(self._last_us.max(initial=NO_TIME))
        if newest_us == NO_TIME:
            return
        nobody = np.full(len(self._keys), NO_TIME, np.int64)
        self._due_since_us = self._in_step_us() if is_counted else nobody
        open_us = np.maximum(self._last_us, newest_us - REACH_US)
        self._open_us = np.where(self._last_us == NO_TIME, NO_TIME, open_us)
        self._end_us[:] = NO_TIME

    def _in_step_us(self) -> NDArray[np.int64]:
        """Return since when values are due; a stretch that no value has ended yet goes on."""
        reach_us = IN_STEP_PERIODS * self._period_us + IN_STEP_GRACE_US
        moved = self._moved_us != NO_TIME
        in_step = moved & (self._moved_us >= self._moved_us.max() - reach_us)
        goes_on = (self._open_us != NO_TIME) & (self._end_us == NO_TIME)
        before = np.where(goes_on, self._due_since_us, NO_TIME)
        return np.where(in_step, self._last_us, before)

    def note(self, batch: ReadingBatch, *, held_us: int = NO_TIME) -> None:
        """Take live values; those of ``held_us`` are older and were told because the link began."""
        place, source_us = self._good(batch)
        if len(batch):
            self._believe_clock(int(batch.receive_us.max()))
        if (self._open_us != NO_TIME).any():
            ends = (self._open_us[place] != NO_TIME) & (self._end_us[place] == NO_TIME)
            self._end_us[place[ends][::-1]] = source_us[ends][::-1]  # of several values the first one
            self._owe(np.unique(place[ends]), held_us)
        self._last_us[place] = np.maximum(source_us, self._last_us[place])
        moved = source_us != held_us
        self._moved_us[place[moved]] = source_us[moved]

    def _believe_clock(self, now_us: int) -> None:
        """Forget times that have not come yet: our clock was set back, and outages count from now on."""
        latest_us = now_us + AHEAD_US
        self._open_us[self._open_us > latest_us] = NO_TIME
        for times_us in (self._last_us, self._moved_us):
            times_us[times_us > latest_us] = now_us

    def _owe(self, place: NDArray[np.intp], held_us: int) -> None:
        """Count what was due in the stretches that have ended; a value that is held was due itself."""
        end_us, since_us = self._end_us[place], self._due_since_us[place]
        away = (end_us - np.where(since_us == NO_TIME, end_us, since_us)) / self._period_us[place]
        passed = np.where(end_us == held_us, np.floor(away), np.ceil(away - JITTER_PERIODS))
        self._owed[place] = np.maximum(passed - 1, 0).astype(np.int64)
        self.lost += int(self._owed[place].sum())

    def waiting(self, *, now_s: float = inf) -> Sequence[Stretches]:
        """Return what is to be asked by now, with the stretches that have ended meanwhile."""
        ended = (self._open_us != NO_TIME) & (self._end_us != NO_TIME)
        if ended.any():
            begin_us = np.maximum(self._open_us[ended], self._end_us[ended] - LONGEST_US)
            found = (self._keys, self._end_us, self._period_us, self._owed)
            keys, end_us, period_us, owed = (each[ended] for each in found)
            self._waiting.append(Stretches(keys, begin_us, end_us, period_us, owed))
            self._open_us[ended] = self._due_since_us[ended] = NO_TIME
            del self._waiting[:-MOST_STRETCHES]
        return tuple(each for each in self._waiting if each.due_s <= now_s)

    def take(self, stretches: Stretches, batch: ReadingBatch) -> ReadingBatch:
        """Return the rows that lie in the stretches; they are lost no more."""
        brought = stretches.take(batch)
        self.lost -= stretches.give_back(brought)
        return brought

    def answered(self, stretches: Stretches, *, now_s: float) -> None:
        """The device has told what it remembers by now; ends that it left open are asked for again later."""
        self.give_up(stretches)
        if (again := stretches.again(now_s=now_s)) is not None:
            self._waiting.append(again)

    def give_up(self, stretches: Stretches) -> None:
        """Ask for them no more."""
        self._waiting = [each for each in self._waiting if each is not stretches]

    def _good(self, batch: ReadingBatch) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        place = np.minimum(np.searchsorted(self._keys, batch.tag_key), max(0, len(self._keys) - 1))
        if not len(self._keys):
            return np.empty(0, np.intp), np.empty(0, np.int64)
        chosen = (self._keys[place] == batch.tag_key) & ~is_past(batch) & (batch.source_us > 0)
        chosen &= (batch.quality & CLASS_MASK) != QualityClass.BAD
        return place[chosen], batch.source_us[chosen]
