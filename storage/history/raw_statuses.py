"""The raw status of a device beside values that are not good, stored at each change [Decisions, Quality]."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from domain.plant.readings import ReadingBatch

MOST: Final = 10_000
"""Changes noted between two commits: a device that only toggles must not fill the disk."""

StatusChange = tuple[int, int, int]
"""Tag key, source time in microseconds UTC, status code."""


class RawStatusLog:
    """Finds the changes in what is appended; a good value ends what the device said before."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._new: list[StatusChange] = []

    def take(self, batch: ReadingBatch) -> None:
        """Note every row whose status is another than its tag had before."""
        status = batch.raw_status
        if status is None or not (self._last or status.any()):
            return
        said = status != 0
        if self._last:
            said |= np.isin(batch.tag_key, np.fromiter(self._last, np.int32, len(self._last)))
        rows = np.flatnonzero(said)
        columns = (batch.tag_key[rows].tolist(), batch.source_us[rows].tolist(), status[rows].tolist())
        for key, time_us, code in zip(*columns, strict=True):
            if not code:
                self._last.pop(key, None)
            elif self._last.get(key) != code and len(self._new) < MOST:
                self._last[key] = code
                self._new.append((key, time_us, code))

    def new(self) -> tuple[StatusChange, ...]:
        """Return the changes that are not stored yet."""
        return tuple(self._new)

    def stored(self, changes: Sequence[StatusChange]) -> None:
        """Take note that these, the oldest, are durable."""
        del self._new[: len(changes)]
