"""What the history says of the time in which nobody collected: a bad row where the next value was due."""

import numpy as np

from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.plant import Plant
from domain.plant.quality import BAD_COMMUNICATION_LOST, CLASS_MASK, FLAG_MASK, QualityClass
from domain.plant.readings import ReadingBatch, reading_batch


def collected_keys(plant: Plant) -> list[int]:
    """Return the tags that a device brings into the history."""
    return [tag.key for tag in plant.tags if tag.connection_id is not None and not tag.is_waveform]


def downtime_rows(plant: Plant, last: ReadingBatch, *, started_us: int) -> ReadingBatch | None:
    """Return a bad row for each tag whose ``last`` stored value was not bad, one period after it.

    Without it a restart shorter than the history's idea of a hole would leave no trace. A value older than an
    hour needs none: the hole speaks for itself. None when there is nothing to say.
    """
    period_us = np.array(
        [round(plant.tag(key).period_s * MICROSECONDS_PER_SECOND) for key in last.tag_key.tolist()],
        dtype=np.int64,
    )
    is_told = (last.quality & CLASS_MASK) != QualityClass.BAD
    is_told &= (last.source_us > started_us - MICROSECONDS_PER_HOUR) & (last.source_us < started_us)
    if not is_told.any():
        return None
    due_us = np.minimum(last.source_us + period_us, started_us)[is_told]
    flags = last.quality[is_told] & FLAG_MASK
    return reading_batch(
        last.tag_key[is_told],
        np.full(len(due_us), np.nan),
        quality=(flags | BAD_COMMUNICATION_LOST).astype(np.uint16),
        source_us=due_us,
        receive_us=started_us,
        sequence=last.sequence[is_told] + 1,
    )


JITTER_PERIODS = 0.1
"""A value that comes so little after it was due is in time."""


class MissedValues:
    """Counts what a crash cost: the values due between the last stored one of a tag and its first new one.

    The new link polls on a grid of its own, so the first new value stands anywhere between two old ones.
    """

    def __init__(self, plant: Plant, last: ReadingBatch) -> None:
        known = last.source_us > 0
        size = int(last.tag_key.max(initial=0)) + 1
        self._last_us = np.zeros(size, dtype=np.int64)
        self._last_us[last.tag_key[known]] = last.source_us[known]
        self._period_us = np.ones(size, dtype=np.int64)
        for key in last.tag_key.tolist():
            self._period_us[key] = max(1, round(plant.tag(key).period_s * MICROSECONDS_PER_SECOND))

    def take(self, batch: ReadingBatch) -> int:
        """Return how many values were missed by the tags that this batch brings for the first time."""
        mine = (batch.tag_key < len(self._last_us)) & ((batch.quality & CLASS_MASK) != QualityClass.BAD)
        keys, first = np.unique(batch.tag_key[mine], return_index=True)
        waiting = self._last_us[keys] > 0
        keys, source_us = keys[waiting], batch.source_us[mine][first[waiting]]
        away = (source_us - self._last_us[keys]) / self._period_us[keys]
        self._last_us[keys] = 0
        return int(np.maximum(np.ceil(away - JITTER_PERIODS) - 1, 0).sum())
