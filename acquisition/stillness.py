"""Notices measured values that do not move at all: a frozen converter shows a good value for ever [NEW-14].

Set points, states and counters stand still by nature and are not watched.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.plant.quality import GOOD, UNCERTAIN_FROZEN
from domain.plant.tags import Tag, TagKind

_WATCHED_KINDS: Final = frozenset({TagKind.MEASURED, TagKind.DERIVED})


class StillnessWatch:
    """Columns over the tags of a connection; ``place`` is a tag's index in the order given."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        limits = [tag.frozen_after_s if tag.kind in _WATCHED_KINDS else None for tag in tags]
        self._limit_s = np.array([np.inf if limit is None else limit for limit in limits])
        self._value = np.full(len(tags), np.nan)
        self._moved_s = np.full(len(tags), np.inf)
        self._is_told = np.zeros(len(tags), dtype=bool)
        self._is_idle = not np.isfinite(self._limit_s).any()

    def begin(self, now_s: float) -> None:
        """A new link is up: what was before says nothing of it."""
        self._value[:] = np.nan
        self._moved_s[:] = now_s
        self._is_told[:] = False

    def judged(
        self,
        place: NDArray[np.intp],
        value: NDArray[np.float64],
        quality: NDArray[np.uint16],
        *,
        now_s: float,
    ) -> NDArray[np.uint16]:
        """Return the qualities, good values that have not moved for too long turned uncertain."""
        if self._is_idle:
            return quality
        has_moved = value != self._value[place]  # a missing value counts as a move: it is told otherwise
        self._value[place] = value
        moved = place[has_moved]
        self._moved_s[moved], self._is_told[moved] = now_s, False
        is_frozen = (now_s - self._moved_s[place] > self._limit_s[place]) & (quality == GOOD)
        self._is_told[place[is_frozen]] = True
        return np.where(is_frozen, UNCERTAIN_FROZEN, quality).astype(np.uint16)

    def newly_frozen(self, *, now_s: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return places and values that have just stood still for too long without a word of the device."""
        is_frozen = (now_s - self._moved_s > self._limit_s) & ~self._is_told & np.isfinite(self._value)
        self._is_told |= is_frozen
        places = np.flatnonzero(is_frozen)
        return places, self._value[places]
