"""Notices that the wall clock jumped, so that nothing old is thrown away on a wrong date [F58]."""

from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, Clock

LARGEST_JUMP_US = MICROSECONDS_PER_HOUR
STEADY_S = 24 * 3600.0
"""A clock that ran evenly for a day after a jump is believed without a person's word."""


class ClockGuard:
    """Compares the wall clock with the steady one, and at start with the last instant on record."""

    def __init__(self, clock: Clock, *, last_known_us: int | None) -> None:
        """``last_known_us`` is the wall time of the last durable write, None before the first."""
        self._clock = clock
        now = clock.now_us()
        is_odd = last_known_us is not None and abs(now - last_known_us) > LARGEST_JUMP_US
        self._suspect_since_s: float | None = clock.monotonic_s() if is_odd else None
        self._remember()

    def is_suspect(self) -> bool:
        """Say whether a jump of more than an hour waits for its confirmation."""
        steady_s = self._clock.monotonic_s()
        expected = self._wall_us + int((steady_s - self._steady_s) * MICROSECONDS_PER_SECOND)
        if abs(self._clock.now_us() - expected) > LARGEST_JUMP_US:
            self._suspect_since_s = steady_s
        self._remember()
        if self._suspect_since_s is not None and steady_s - self._suspect_since_s > STEADY_S:
            self._suspect_since_s = None
        return self._suspect_since_s is not None

    def confirm(self) -> None:
        """A person says that the present time is right."""
        self._suspect_since_s = None
        self._remember()

    def _remember(self) -> None:
        self._wall_us, self._steady_s = self._clock.now_us(), self._clock.monotonic_s()
