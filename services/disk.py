"""How long the disk lasts at the pace at which the plant's data grow."""

import shutil
from collections import deque
from pathlib import Path
from typing import Final

from domain.instants import Clock

EVERY_S: Final = 10.0
LOOK_BACK_S: Final = 3600.0
LEAST_SPAN_S: Final = 300.0
"""Databases grow in steps; from fewer of them no pace can be told."""

LONGEST_HOURS: Final = 10 * 365 * 24.0


class DiskWatch:
    """Looks at the data folder every ten seconds and compares with an hour ago.

    Write-ahead logs are not counted: they grow to their bound after each start, then no more.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._sizes: deque[tuple[float, int]] = deque()
        self.free_bytes = 0

    def look(self) -> None:
        """Take the present size when ten seconds are over; reads the folder, so not for the loop."""
        now_s = self._clock.monotonic_s()
        if self._sizes and now_s - self._sizes[-1][0] < EVERY_S:
            return
        self.free_bytes = shutil.disk_usage(self._folder).free
        self._sizes.append((now_s, sum(path.stat().st_size for path in self._folder.glob("*.db"))))
        while now_s - self._sizes[0][0] > LOOK_BACK_S:
            self._sizes.popleft()

    @property
    def hours_left(self) -> float | None:
        """Hours until the disk is full, None while that cannot be told yet; at most ten years."""
        if len(self._sizes) < 2:
            return None
        (first_s, first), (last_s, last) = self._sizes[0], self._sizes[-1]
        if last_s - first_s < LEAST_SPAN_S:
            return None
        per_hour = (last - first) / (last_s - first_s) * 3600
        return LONGEST_HOURS if per_hour <= 0 else min(LONGEST_HOURS, self.free_bytes / per_hour)
