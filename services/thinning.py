"""Thinning of slow values before they are stored: a dead-band per tag, and one sample a minute at least."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.quality import QualityFlag
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Tag, TagDtype

LONGEST_SILENCE_US = 59 * MICROSECONDS_PER_SECOND
"""So that with samples of 1 s one is stored at least each minute, which is what readers lean on."""


_NEVER_THINNED = np.uint16(QualityFlag.MANUAL | QualityFlag.BACK_FILLED)
"""What a person read is an act, and what comes late has no neighbour to be measured by."""


class Thinner:
    """Knows what was stored last of each tag that has a dead-band. Nothing of the others is touched."""

    def __init__(self, tags: Iterable[Tag]) -> None:
        bands = {tag.key: tag.keeping.deadband for tag in tags if tag.dtype is not TagDtype.TEXT}
        size = max(bands, default=0) + 1
        self._band = np.zeros(size)
        for key, band in bands.items():
            self._band[key] = band
        self._value = np.full(size, np.nan)
        self._quality = np.full(size, -1, dtype=np.int32)
        self._stored_us = np.full(size, -(2**62), dtype=np.int64)
        self._is_idle = not self._band.any()
        self.thinned = 0
        """Samples left out on purpose: they are no loss."""

    def kept(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the batch without the samples that say nothing new."""
        keys = batch.tag_key
        if self._is_idle or not (self._band[keys] > 0).any():
            return batch
        if len(np.unique(keys)) < len(keys):  # several samples of a tag: each is judged by the one before
            return self._one_by_one(batch)
        keeps = self._says_more(batch)
        self.thinned += int((~keeps).sum())
        return batch if keeps.all() else batch.select(keeps)

    def _one_by_one(self, batch: ReadingBatch) -> ReadingBatch:
        keeps = np.array(
            [bool(self._says_more(batch.select(np.array([row])))[0]) for row in range(len(batch))]
        )
        self.thinned += int((~keeps).sum())
        return batch.select(keeps)

    def _says_more(self, batch: ReadingBatch) -> NDArray[np.bool_]:
        """Return which rows are to be stored, and remember those."""
        keys = batch.tag_key
        with np.errstate(invalid="ignore"):
            has_moved = ~(np.abs(batch.value - self._value[keys]) <= self._band[keys])
        both_missing = np.isnan(batch.value) & np.isnan(self._value[keys])
        is_other = batch.quality != self._quality[keys]
        is_late = batch.source_us - self._stored_us[keys] > LONGEST_SILENCE_US
        keeps: NDArray[np.bool_] = (has_moved & ~both_missing) | is_other | is_late | (self._band[keys] == 0)
        is_apart: NDArray[np.bool_] = (batch.quality & _NEVER_THINNED) != 0
        tells = keeps & ~is_apart
        stored = keys[tells]
        self._value[stored], self._quality[stored] = batch.value[tells], batch.quality[tells]
        self._stored_us[stored] = batch.source_us[tells]
        return keeps | is_apart
