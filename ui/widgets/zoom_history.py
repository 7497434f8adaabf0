"""Twenty steps of zoom that can be taken back."""

from collections import deque
from dataclasses import dataclass

STEPS = 20


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a plot shows, in plotted units."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float


class ZoomHistory:
    """Remembers ranges before each zoom; a drag is one step."""

    def __init__(self) -> None:
        self._past: deque[Ranges] = deque(maxlen=STEPS)

    def remember(self, ranges: Ranges) -> None:
        """Note the ranges that are about to be left."""
        if not self._past or self._past[-1] != ranges:
            self._past.append(ranges)

    def back(self) -> Ranges | None:
        """Return the ranges before the last zoom, None when there is nothing to take back."""
        return self._past.pop() if self._past else None

    def __len__(self) -> int:
        return len(self._past)
