"""Tops of axes that do not jump: round figures that rise at once and fall only after a while."""

import math

PATIENCE = 25
"""So many quiet curves in a row let the top come down."""

QUIET_SHARE = 0.35


def round_up(value: float) -> float:
    """Return the next figure of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is not below a value."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return float(
        next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.9999)
    )


class SteadyTop:
    """Remembers the top of an axis. ``offer`` says whether it had to move."""

    def __init__(self) -> None:
        self.top = 0.0
        self._quiet = 0

    def reset(self) -> None:
        """Forget the top: the next peak sets it."""
        self.top, self._quiet = 0.0, 0

    def offer(self, peak: float) -> bool:
        """Take the peak of one curve; True when the top has changed."""
        if not peak > 0 or not math.isfinite(peak):
            return False
        if peak > self.top or self.top == 0:
            self.top, self._quiet = round_up(peak * 1.1), 0
            return True
        self._quiet = self._quiet + 1 if peak < QUIET_SHARE * self.top else 0
        if self._quiet < PATIENCE:
            return False
        self.top, self._quiet = round_up(peak * 1.1), 0
        return True
