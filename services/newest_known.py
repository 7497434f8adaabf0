"""Which values from outside the links are of now: of each tag the newest that is known."""

import numpy as np

from domain.plant.quality import CLASS_MASK, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch

_BACK_FILLED = np.uint16(QualityFlag.BACK_FILLED)


class NewestKnown:
    """Marks what is older than the newest known value of its tag as back-filled [ACQ-7].

    Readings by hand and files come late and in any order: an old one belongs into history, but raises no
    alarm and overwrites nothing.
    """

    def __init__(self, most_key: int) -> None:
        self._newest_us = np.zeros(most_key + 1, dtype=np.int64)

    def know(self, batch: ReadingBatch) -> None:
        """Take what history holds; bad rows say nothing of a value."""
        is_value = (batch.quality & CLASS_MASK) != QualityClass.BAD
        np.maximum.at(self._newest_us, batch.tag_key[is_value], batch.source_us[is_value])

    def knows(self, tag_key: int) -> bool:
        """Say whether a tag ever had a value."""
        return bool(self._newest_us[tag_key])

    def marked(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the batch in order of time, everything but the newest value of each tag back-filled."""
        batch = batch.select(np.argsort(batch.source_us, kind="stable"))
        last = np.zeros(len(batch), dtype=bool)
        _, from_end = np.unique(batch.tag_key[::-1], return_index=True)
        last[len(batch) - 1 - from_end] = True
        is_now = last & (batch.source_us >= self._newest_us[batch.tag_key])
        self.know(batch)
        quality = np.where(is_now, batch.quality, batch.quality | _BACK_FILLED).astype(np.uint16)
        return ReadingBatch(
            batch.tag_key,
            batch.value,
            quality,
            batch.source_us,
            batch.receive_us,
            batch.sequence,
            batch.raw_status,
            batch.text,
        )
