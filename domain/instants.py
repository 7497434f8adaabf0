"""Time in the product: int64 microseconds UTC in storage and rings, aware datetimes at the edge.

Durations are measured with the monotonic clock, never by subtracting wall times.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_HOUR = 3600 * MICROSECONDS_PER_SECOND
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Where time comes from; passed in everywhere so that tests hold the hands."""

    def now_us(self) -> int:
        """Return wall time as microseconds UTC since 1970."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds of a clock that never jumps."""
        ...


def to_microseconds(moment: datetime) -> int:
    """Return the microseconds UTC of an aware datetime; ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in time; give it a zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(instant_us: int) -> datetime:
    """Return the aware UTC datetime of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(instant_us))


def iso_utc(instant_us: int) -> str:
    """Return an ISO 8601 text with a trailing Z, for exports and logs."""
    return from_microseconds(instant_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")
