"""Everything that a device offers below a place, found by walking down."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain.plant.discovery import FoundItem

MOST: Final = 20_000
WITHIN_S: Final = 20.0


class Browses(Protocol):
    """Who lists what lies directly below a place, "" for the root."""

    def browse(self, place: str) -> Sequence[FoundItem]:
        """Return it; raises what the device answers."""
        ...


@dataclass(frozen=True, slots=True)
class Below:
    """Values below a place, each with the names that lead to it from there.

    Not ``is_whole``: there are more, the walk ended at its bound.
    """

    values: tuple[tuple[tuple[str, ...], FoundItem], ...]
    is_whole: bool


def everything_below(device: Browses, place: str, *, most: int = MOST, within_s: float = WITHIN_S) -> Below:
    """Walk down level by level until all is seen, or there are ``most`` values or places, or time is over.

    A place that is reached on two ways is walked once.
    """
    found: list[tuple[tuple[str, ...], FoundItem]] = []
    waiting: deque[tuple[tuple[str, ...], str]] = deque([((), place)])
    seen, begun_s = {place}, time.monotonic()
    while waiting and len(found) < most and len(seen) < most and time.monotonic() - begun_s < within_s:
        path, where = waiting.popleft()
        for item in device.browse(where):
            names = (*path, item.name)
            if item.address is not None:
                found.append((names, item))
            if item.has_children and item.place not in seen:
                seen.add(item.place)
                waiting.append((names, item.place))
    return Below(tuple(found[:most]), is_whole=not waiting and len(found) <= most)
