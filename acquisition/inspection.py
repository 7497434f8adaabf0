"""What is done to every batch and block between driver and hub: flags, sequence, plausibility, freshness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acquisition.block_numbering import is_repeat
from acquisition.stillness import StillnessWatch
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.quality import (
    CLASS_MASK,
    FLAG_MASK,
    GOOD,
    UNCERTAIN_FROZEN,
    UNCERTAIN_RANGE,
    QualityClass,
    QualityFlag,
)
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock, reading_batch
from domain.plant.tags import Tag

_PERIODS_UNTIL_STALE = 3
_STALE_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class _Expectation:
    """Columns over the tags of a connection, sorted by key."""

    keys: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    stale_after_s: NDArray[np.float64]


def _expectation(tags: Sequence[Tag]) -> _Expectation:
    ordered = sorted(tags, key=lambda tag: tag.key)
    periods = [tag.capture.interval_s if tag.capture else tag.period_s for tag in ordered]
    return _Expectation(
        np.array([tag.key for tag in ordered], dtype=np.int32),
        np.array([-np.inf if tag.low is None else tag.low for tag in ordered]),
        np.array([np.inf if tag.high is None else tag.high for tag in ordered]),
        np.array(periods, dtype=np.float64) * _PERIODS_UNTIL_STALE + _STALE_GRACE_S,
    )


class Inspection:
    """Stamps the items of one connection; its numbering outlives the drivers that come and go.

    Values outside the tag's plausible range, and those that stand still for too long, become uncertain. A
    block that an earlier link already delivered is dropped and counted. Sample indices only grow: a fresh
    driver counts from the nominal rate, and a device clock that runs slow would otherwise put it behind what
    was delivered; after one that was set back nobody knows what is missing, and a hole says so.
    ``keeps_sequence``: the source numbers its rows itself.
    """

    def __init__(
        self, tags: Sequence[Tag], *, is_simulated: bool, losses: LossCounter, keeps_sequence: bool = False
    ) -> None:
        self._expected = _expectation(tags)
        self._stillness = StillnessWatch(sorted(tags, key=lambda tag: tag.key))
        self._flags = int(QualityFlag.SIMULATED if is_simulated else QualityFlag.NONE)
        self._losses = losses
        self._keeps_sequence = keeps_sequence
        self._sequence = 0
        self._seen_s = np.full(len(tags), np.inf)
        self._is_stale = np.zeros(len(tags), dtype=bool)
        self._block_end_us: dict[int, int] = {}
        self._next_index: dict[int, int] = {}
        self._index_shift: dict[int, int] = {}

    def begin(self, now_s: float) -> None:
        """Start expecting values: a new link is up."""
        self._seen_s[:] = now_s
        self._is_stale[:] = False
        self._stillness.begin(now_s)

    def batch(self, batch: ReadingBatch, *, now_s: float) -> ReadingBatch:
        """Return the batch numbered, flagged and checked for plausible range; its tags are fresh."""
        place = np.searchsorted(self._expected.keys, batch.tag_key)
        self._seen_s[place] = now_s
        self._is_stale[place] = False
        quality = self._stillness.judged(place, batch.value, batch.quality, now_s=now_s)
        return self._checked(replace(batch, quality=quality), place)

    def past(self, batch: ReadingBatch) -> ReadingBatch:
        """Return values from a device's memory, treated as others are; they make no tag fresh."""
        return self._checked(batch, np.searchsorted(self._expected.keys, batch.tag_key))

    def _checked(self, batch: ReadingBatch, place: NDArray[np.intp]) -> ReadingBatch:
        is_outside = (batch.value < self._expected.low[place]) | (batch.value > self._expected.high[place])
        is_good = (batch.quality & ~np.uint16(FLAG_MASK)) == GOOD
        quality = np.where(is_outside & is_good, batch.quality | UNCERTAIN_RANGE, batch.quality)
        checked = replace(batch, quality=(quality | self._flags).astype(np.uint16))
        return checked if self._keeps_sequence else self._number(checked)

    def block(self, block: SampleBlock, *, now_s: float) -> SampleBlock | None:
        """Return the block flagged, or None when its samples were delivered before."""
        place = int(np.searchsorted(self._expected.keys, block.tag_key))
        self._seen_s[place] = now_s
        self._is_stale[place] = False
        length_us = round(len(block.samples) / block.sampling_rate_hz * MICROSECONDS_PER_SECOND)
        known_until_us = self._block_end_us.get(block.tag_key, block.start_us)
        if is_repeat(block.start_us, known_until_us=known_until_us, length_us=length_us):
            self._losses.add("repeated_block")
            return None
        self._block_end_us[block.tag_key] = block.start_us + length_us
        is_set_back = block.start_us < known_until_us - length_us
        first_index = self._growing_index(block, hole=len(block.samples) if is_set_back else 0)
        return replace(block, first_index=first_index, quality=block.quality | self._flags)

    def _growing_index(self, block: SampleBlock, *, hole: int) -> int:
        key = block.tag_key
        first = block.first_index + self._index_shift.get(key, 0)
        behind = self._next_index.get(key, first) + hole - first
        if behind > 0:
            self._index_shift[key] = self._index_shift.get(key, 0) + behind
            first += behind
        self._next_index[key] = first + len(block.samples)
        return first

    def all_bad(self, quality: int, *, now_us: int) -> ReadingBatch:
        """Return one row per tag: no value, this quality, now."""
        return self._bad(self._expected.keys, quality, now_us=now_us)

    def newly_stale(self, quality: int, *, now_s: float, now_us: int) -> ReadingBatch | None:
        """Return rows for the tags that just missed three periods, None when there are none."""
        is_late = (now_s - self._seen_s > self._expected.stale_after_s) & ~self._is_stale
        if not is_late.any():
            return None
        self._is_stale |= is_late
        return self._bad(self._expected.keys[is_late], quality, now_us=now_us)

    def newly_frozen(self, *, now_s: float, now_us: int) -> ReadingBatch | None:
        """Return rows for the tags whose value has just stood still for too long, None for none."""
        places, values = self._stillness.newly_frozen(now_s=now_s)
        if not len(places):
            return None
        return self._number(
            reading_batch(
                self._expected.keys[places],
                values,
                quality=UNCERTAIN_FROZEN | self._flags,
                source_us=now_us,
                receive_us=now_us,
            )
        )

    def _bad(self, keys: NDArray[np.int32], quality: int, *, now_us: int) -> ReadingBatch:
        batch = reading_batch(
            keys,
            np.full(len(keys), np.nan),
            quality=quality | self._flags,
            source_us=now_us,
            receive_us=now_us,
        )
        return self._number(batch)

    def _number(self, batch: ReadingBatch) -> ReadingBatch:
        first = self._sequence
        self._sequence += len(batch)
        return replace(batch, sequence=np.arange(first, self._sequence, dtype=np.int64))


def has_value(item: ReadingBatch | SampleBlock) -> bool:
    """Say whether anything in the item is not bad."""
    if isinstance(item, SampleBlock):
        return item.quality & CLASS_MASK != QualityClass.BAD
    return bool(np.any(item.quality & CLASS_MASK != QualityClass.BAD))
