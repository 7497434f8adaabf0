"""What the history says of the time in which nobody collected: a bad row where the next value was due."""

from dataclasses import replace

import numpy as np

from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.plant import Plant
from domain.plant.quality import BAD_COMMUNICATION_LOST, CLASS_MASK, FLAG_MASK, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch, reading_batch
from domain.ports import HistoryReader


def collected_keys(plant: Plant) -> list[int]:
    """Return the tags that a device brings into the history; files wait until somebody takes them."""
    return [
        tag.key
        for tag in plant.tags
        if tag.connection_id is not None and not tag.is_waveform and tag.key not in plant.file_tag_keys
    ]


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


LOOK_BACK_US = 60 * MICROSECONDS_PER_SECOND
"""A link that was lost says so within seconds; the last good value lies no further before its bad row."""


def last_good_values(reader: HistoryReader, last: ReadingBatch) -> ReadingBatch:
    """Return the ``last`` values with those that are bad replaced by the good ones shortly before them."""
    source_us, quality = last.source_us.copy(), last.quality.copy()
    for row in np.flatnonzero((last.quality & CLASS_MASK) == QualityClass.BAD).tolist():
        end_us = int(last.source_us[row])
        if end_us <= 0:
            continue
        before = reader.series(int(last.tag_key[row]), start_us=end_us - LOOK_BACK_US, end_us=end_us)
        good = np.flatnonzero((before.quality & CLASS_MASK) != QualityClass.BAD)
        if len(good):
            source_us[row], quality[row] = before.time_us[good[-1]], before.quality[good[-1]] & CLASS_MASK
    return replace(last, source_us=source_us, quality=quality & ~np.uint16(QualityFlag.BACK_FILLED))


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
        self._begin_us, self._end_us = self._last_us.copy(), np.zeros(size, dtype=np.int64)
        self._counted = 0
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
        self._end_us[keys] = source_us
        missed = int(np.maximum(np.ceil(away - JITTER_PERIODS) - 1, 0).sum())
        self._counted += missed
        return missed

    def give_back(self, batch: ReadingBatch) -> int:
        """Return how many of the values counted as missed these back-filled ones are."""
        mine = batch.select(batch.tag_key < len(self._end_us))
        inside = (mine.source_us > self._begin_us[mine.tag_key]) & (
            mine.source_us < self._end_us[mine.tag_key]
        )
        found = min(int(inside.sum()), self._counted)
        self._counted -= found
        return found
