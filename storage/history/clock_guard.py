"""Notices that the wall clock jumped, so that nothing old is thrown away on a wrong date [F58].

The steady clock is the witness: while the program runs, wall time must advance with it. Over a time in which
nobody watched, only the last instant on record can be compared.
"""

from typing import Final

from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, Clock

SMALLEST_JUMP_US: Final = 2 * MICROSECONDS_PER_SECOND
"""Less than this is a clock that is kept right, not one that jumped (S-39)."""

LARGEST_JUMP_US: Final = MICROSECONDS_PER_HOUR
LONGEST_REST_US: Final = 30 * MICROSECONDS_PER_DAY
"""A plant may stand still for so long; a longer time without a record is taken for a wrong date."""

STEADY_S: Final = 24 * 3600.0
"""After a rest that can be true, a clock that ran evenly for a day is believed without a person's word."""


class ClockGuard:
    """Compares the wall clock with the steady one, and at start with the last instant on record."""

    def __init__(self, clock: Clock, *, last_known_us: int | None, is_suspect: bool = False) -> None:
        """``last_known_us`` is the wall time of the last durable write, None before the first.

        ``is_suspect`` says that a jump of an earlier run still waits for its confirmation.
        """
        self._clock = clock
        self._jumps: list[int] = []
        self._is_suspect = is_suspect
        self._rested_since_s: float | None = None
        self._remember()
        rest_us = 0 if last_known_us is None else self._wall_us - last_known_us
        if rest_us < -LARGEST_JUMP_US or rest_us > LONGEST_REST_US:
            self._is_suspect = True
            self._jumps.append(rest_us)
        elif rest_us > LARGEST_JUMP_US:
            self._rested_since_s = self._steady_s

    def look(self) -> None:
        """Compare the clocks; call it about once a second."""
        steady_s = self._clock.monotonic_s()
        expected = self._wall_us + int((steady_s - self._steady_s) * MICROSECONDS_PER_SECOND)
        jump_us = self._clock.now_us() - expected
        if abs(jump_us) > SMALLEST_JUMP_US:
            self._jumps.append(jump_us)
        if abs(jump_us) > LARGEST_JUMP_US:
            self._is_suspect = True
        if self._rested_since_s is not None and steady_s - self._rested_since_s > STEADY_S:
            self._rested_since_s = None
        self._remember()

    @property
    def is_suspect(self) -> bool:
        """Whether a jump of more than an hour waits for its confirmation."""
        return self._is_suspect

    @property
    def is_trusted(self) -> bool:
        """Whether the date is good enough to throw old data away."""
        return not self._is_suspect and self._rested_since_s is None

    def take_jumps(self) -> tuple[int, ...]:
        """Return the jumps (microseconds, ahead is positive) noticed since the last call."""
        jumps, self._jumps = tuple(self._jumps), []
        return jumps

    def confirm(self) -> None:
        """A person says that the present time is right."""
        self._is_suspect = False
        self._rested_since_s = None
        self._remember()

    def _remember(self) -> None:
        self._wall_us, self._steady_s = self._clock.now_us(), self._clock.monotonic_s()
