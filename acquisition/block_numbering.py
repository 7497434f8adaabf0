"""Numbering the blocks of a sampled channel, so that holes and repetitions show."""

from typing import Final

from acquisition.source_times import is_behind, is_believable
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from domain.plant.readings import LossCounter

_REPEAT_US: Final = 10 * MICROSECONDS_PER_SECOND
_RECORD_US: Final = MICROSECONDS_PER_DAY
"""A device may keep its last record so long until it is read; samples that stream are of now."""

_PACE_US: Final = 60 * MICROSECONDS_PER_SECOND
"""Time over which the source's own stamps are compared with its rate: their jitter hardly counts in it."""

_PACE_TOLERANCE: Final = 0.001
"""A rate further off than this shows tones in the wrong place [F64]."""


def is_repeat(start_us: float, *, known_until_us: float, length_us: float) -> bool:
    """Say whether a block repeats what is known: it starts more than half a block before the end of that.

    One that starts much earlier repeats nothing: the clock of its source was set back.
    """
    overlap_us = known_until_us - start_us
    return length_us / 2 < overlap_us <= length_us + _REPEAT_US


class BlockNumbering:
    """Gives each block its first index, so that a hole shows as a jump of it.

    A block that starts within half a block of where the previous one ended continues it; later ones leave a
    hole, counted as "samples_missing" for a streaming channel; earlier ones repeat what is known. A source
    that samples at another rate than the declared one is suspect until its pace is right again. The first
    block of a link may be one that was held: it can be old, and nothing is missing after it. Blocks that do
    not tell their time repeat nothing: those that arrive together were taken one after another.
    """

    def __init__(self, sampling_rate_hz: float, *, is_streaming: bool, losses: LossCounter) -> None:
        self._rate_hz = sampling_rate_hz
        self._is_streaming = is_streaming
        self._losses = losses
        self._next_index: int | None = None
        self._next_us = 0.0
        self._is_told, self._is_off_pace, self._is_held = True, False, False
        self._pace_from_us, self._pace_samples = 0, 0

    def start(self, source_us: int | None, length: int, *, receive_us: int) -> tuple[int, bool]:
        """Return when the first of ``length`` samples was taken, and whether that is suspect.

        ``source_us`` is what the source says of the first sample, None when it does not tell.
        """
        self._is_told = source_us is not None and self._is_true(source_us, length, receive_us=receive_us)
        if source_us is None or not self._is_told:
            return self._by_receipt_us(length, receive_us=receive_us), True
        return source_us, self._is_off_pace

    def _is_true(self, source_us: int, length: int, *, receive_us: int) -> bool:
        if not is_believable(source_us, receive_us=receive_us):
            return False
        is_old = is_behind(source_us, receive_us=receive_us - (0 if self._is_streaming else _RECORD_US))
        if self._next_index is None:
            self._is_held = is_old
            return True
        length_us = self._length_us(length)
        if is_repeat(source_us, known_until_us=self._next_us, length_us=length_us):
            return True
        return not is_old and source_us >= self._next_us - _REPEAT_US

    def _by_receipt_us(self, length: int, *, receive_us: int) -> int:
        """Return when a block began that ended when it came, after those that came with it."""
        length_us = self._length_us(length)
        begin_us = receive_us - round(length_us)
        is_set_back = begin_us < self._next_us - length_us - _REPEAT_US  # our own clock
        return begin_us if is_set_back else max(begin_us, round(self._next_us))

    def place(self, start_us: int, length: int) -> int | None:
        """Return the index of the first sample, None for a block that repeats what is known."""
        length_us = self._length_us(length)
        if self._next_index is None:
            first = round(start_us * self._rate_hz / MICROSECONDS_PER_SECOND)
        else:
            drift_us = start_us - self._next_us
            if drift_us < -length_us / 2 and self._is_told:
                self._losses.add("repeated_block")
                return None
            missing = 0
            if drift_us > length_us / 2:
                missing = round(drift_us * self._rate_hz / MICROSECONDS_PER_SECOND)
            if missing and self._is_streaming and not self._is_held:
                self._losses.add("samples_missing", missing)
            self._is_held = False
            first = self._next_index + missing
        self._watch_pace(start_us, length, continues=first == self._next_index)
        self._next_index, self._next_us = first + length, start_us + length_us
        return first

    def _watch_pace(self, start_us: int, length: int, *, continues: bool) -> None:
        elapsed_us = start_us - self._pace_from_us
        if not (continues and self._is_told):
            self._pace_from_us, self._pace_samples = start_us, 0
        elif elapsed_us >= _PACE_US:
            pace = self._pace_samples / self._rate_hz * MICROSECONDS_PER_SECOND / elapsed_us
            self._is_off_pace = abs(pace - 1.0) > _PACE_TOLERANCE
            self._pace_from_us, self._pace_samples = start_us, 0
        self._pace_samples += length

    def _length_us(self, length: int) -> float:
        return length / self._rate_hz * MICROSECONDS_PER_SECOND
