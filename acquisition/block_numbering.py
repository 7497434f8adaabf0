"""Numbering the blocks of a sampled channel, so that holes and repetitions show."""

from typing import Final

from acquisition.source_times import is_believable
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.readings import LossCounter

_REPEAT_US: Final = 10 * MICROSECONDS_PER_SECOND
_PACE_US: Final = 60 * MICROSECONDS_PER_SECOND
"""Time over which the source's own stamps are compared with its rate: their jitter hardly counts in it."""

_PACE_TOLERANCE: Final = 0.001
"""A rate further off than this shows tones in the wrong place [F64]."""


class BlockNumbering:
    """Gives each block its first index, so that a hole shows as a jump of it.

    A block that starts within half a block of where the previous one ended continues it; later ones leave a
    hole, counted as "samples_missing" for a streaming channel; earlier ones repeat what is known. A source
    that samples at another rate than the declared one is suspect until its pace is right again.
    """

    def __init__(self, sampling_rate_hz: float, *, is_streaming: bool, losses: LossCounter) -> None:
        self._rate_hz = sampling_rate_hz
        self._is_streaming = is_streaming
        self._losses = losses
        self._next_index: int | None = None
        self._next_us = 0.0
        self._is_told = self._is_off_pace = False
        self._pace_from_us, self._pace_samples = 0, 0

    def start(self, source_us: int | None, length: int, *, receive_us: int) -> tuple[int, bool]:
        """Return when the first of ``length`` samples was taken, and whether that is suspect.

        ``source_us`` is what the source says of the first sample, None when it does not tell.
        """
        by_receipt_us = receive_us - round(self._length_us(length))
        self._is_told = False
        if source_us is None:
            return by_receipt_us, True
        went_back = self._next_index is not None and source_us < self._next_us - _REPEAT_US
        if went_back or not is_believable(source_us, receive_us=receive_us):
            return by_receipt_us, True
        self._is_told = True
        return source_us, self._is_off_pace

    def place(self, start_us: int, length: int) -> int | None:
        """Return the index of the first sample, None for a block that repeats what is known."""
        length_us = self._length_us(length)
        if self._next_index is None:
            first = round(start_us * self._rate_hz / MICROSECONDS_PER_SECOND)
        else:
            drift_us = start_us - self._next_us
            if drift_us < -length_us / 2:
                self._losses.add("repeated_block")
                return None
            missing = 0
            if drift_us > length_us / 2:
                missing = round(drift_us * self._rate_hz / MICROSECONDS_PER_SECOND)
            if missing and self._is_streaming:
                self._losses.add("samples_missing", missing)
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
