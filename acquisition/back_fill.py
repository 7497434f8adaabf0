"""Which stretches of time a link missed, tag by tag, and what is still to be asked of the device's memory.

A stretch begins at the last value before a loss and ends at the first one after it, both excluded. The value
of a quiet tag was told when it was new, so no stretch begins long before the newest value of its link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.source_times import NO_TIME
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from domain.plant.quality import CLASS_MASK, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Tag

REACH_US: Final = 60 * MICROSECONDS_PER_SECOND
"""A stretch begins at most so long before the newest value of its link."""

LONGEST_US: Final = 7 * MICROSECONDS_PER_DAY
MOST_STRETCHES: Final = 32
"""A link that flaps keeps so many groups of stretches waiting; the oldest are given up."""


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

    def take(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the rows that lie inside, each tag's later than those taken before."""
        place = np.minimum(np.searchsorted(self.keys, batch.tag_key), len(self.keys) - 1)
        chosen = (self.keys[place] == batch.tag_key) & (batch.source_us < self.end_us[place])
        chosen &= batch.source_us > self.start_us[place]
        np.maximum.at(self.start_us, place[chosen], batch.source_us[chosen])
        return batch.select(chosen)


class MissedTime:
    """Follows the live values of one link; hands out stretches when values have come again."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        self._keys = np.array(sorted(tag.key for tag in tags if not tag.is_waveform), dtype=np.int32)
        self._last_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._open_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._end_us = np.full(len(self._keys), NO_TIME, np.int64)
        self._waiting: list[Stretches] = []

    def resume(self, last: ReadingBatch) -> None:
        """Take over what an earlier run stored last; bad rows say nothing."""
        place, source_us = self._good(last)
        self._last_us[place] = source_us

    def begin(self) -> None:
        """A new link is up: what it brings first ends a stretch that began with the last value known."""
        newest_us = int(self._last_us.max(initial=NO_TIME))
        if newest_us == NO_TIME:
            return
        open_us = np.maximum(self._last_us, newest_us - REACH_US)
        self._open_us = np.where(self._last_us == NO_TIME, NO_TIME, open_us)
        self._end_us[:] = NO_TIME

    def note(self, batch: ReadingBatch) -> None:
        """Take live values."""
        place, source_us = self._good(batch)
        if (self._open_us != NO_TIME).any():
            ends = (self._open_us[place] != NO_TIME) & (self._end_us[place] == NO_TIME)
            self._end_us[place[ends][::-1]] = source_us[ends][::-1]  # of several values the first one
        self._last_us[place] = np.maximum(source_us, self._last_us[place])

    def waiting(self) -> Sequence[Stretches]:
        """Return what is to be asked, oldest first, with the stretches that have ended meanwhile."""
        ended = (self._open_us != NO_TIME) & (self._end_us != NO_TIME)
        if ended.any():
            begin_us = np.maximum(self._open_us[ended], self._end_us[ended] - LONGEST_US)
            self._waiting.append(Stretches(self._keys[ended], begin_us, self._end_us[ended]))
            self._open_us[ended] = NO_TIME
            del self._waiting[:-MOST_STRETCHES]
        return tuple(self._waiting)

    def done(self, stretches: Stretches) -> None:
        """Forget stretches that the device has answered for, or will not."""
        self._waiting = [each for each in self._waiting if each is not stretches]

    def _good(self, batch: ReadingBatch) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        place = np.minimum(np.searchsorted(self._keys, batch.tag_key), max(0, len(self._keys) - 1))
        if not len(self._keys):
            return np.empty(0, np.intp), np.empty(0, np.int64)
        chosen = (self._keys[place] == batch.tag_key) & ~is_past(batch) & (batch.source_us > 0)
        chosen &= (batch.quality & CLASS_MASK) != QualityClass.BAD
        return place[chosen], batch.source_us[chosen]
