"""How long the disk lasts at the pace at which the plant's data grow, and what is done when it is full."""

import logging
import shutil
from collections import deque
from pathlib import Path
from typing import Final

from domain.instants import Clock
from storage.disk_reserve import RESERVE_BYTES, DiskReserve

_log = logging.getLogger(__name__)

EVERY_S: Final = 10.0
LOOK_BACK_S: Final = 3600.0
LEAST_SPAN_S: Final = 300.0
"""Databases grow in steps; from fewer of them no pace can be told."""

LONGEST_HOURS: Final = 10 * 365 * 24.0

SHORT_HOURS: Final = 72.0
"""Time to act over a weekend."""

NEARLY_FULL: Final = 0.9
SMALL_BYTES: Final = 10 * 10**9
"""A large disk is not full at nine tenths: less than this must be left too."""

FULL_BYTES: Final = RESERVE_BYTES // 2
PLENTY_BYTES: Final = 16 * RESERVE_BYTES
RESERVE_AFTER_S: Final = 60.0
"""A start has more urgent things to do than to write a reserve."""


FULL: Final = "the disk is full; make space now, what was saved before is intact"


class DiskWatch:
    """Looks at the data folder every ten seconds and compares with an hour ago.

    Write-ahead logs are not counted: they grow to their bound after each start, then no more.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._sizes: deque[tuple[float, int]] = deque()
        self.free_bytes = 0
        self._total_bytes = 0

    def look(self) -> None:
        """Take the present size when ten seconds are over; reads the folder, so not for the loop."""
        now_s = self._clock.monotonic_s()
        if self._sizes and now_s - self._sizes[-1][0] < EVERY_S:
            return
        usage = shutil.disk_usage(self._folder)
        self.free_bytes, self._total_bytes = usage.free, usage.total
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

    @property
    def is_short(self) -> bool:
        """Whether somebody must make room soon: little is left of it, or it lasts less than three days."""
        hours, used = self.hours_left, self._total_bytes - self.free_bytes
        is_nearly_full = used >= NEARLY_FULL * self._total_bytes and self.free_bytes < SMALL_BYTES
        return bool(self._total_bytes) and (is_nearly_full or (hours is not None and hours < SHORT_HOURS))


class DiskGuard:
    """Keeps a reserve while there is plenty of room and lets it go when the disk is full. For the lane."""

    def __init__(self, watch: DiskWatch, reserve: DiskReserve, *, clock: Clock) -> None:
        self._watch = watch
        self._reserve = reserve
        self._clock = clock
        self._begun_s = clock.monotonic_s()
        self.problem = ""
        """What a person must do, nothing while all is well."""

    def look(self) -> None:
        """Act on what the watch saw last."""
        free = self._watch.free_bytes
        if free < FULL_BYTES:
            if self._reserve.is_there:
                self._reserve.release()
                _log.error(
                    "the disk is full: %d MB kept for this are given to the databases", RESERVE_BYTES >> 20
                )
            self.problem = FULL
        elif free > PLENTY_BYTES:
            self.problem = ""
            if not self._reserve.is_there and self._clock.monotonic_s() - self._begun_s > RESERVE_AFTER_S:
                self._make()

    def _make(self) -> None:
        try:
            self._reserve.make()
        except OSError as refusal:
            _log.warning("no reserve on the disk: %s", refusal)
