"""What the time stamps of a source are worth: unset clocks, clocks ahead, clocks going backwards."""

from typing import Final

from domain.instants import MICROSECONDS_PER_SECOND

_AHEAD_US: Final = 60 * MICROSECONDS_PER_SECOND
_SLIGHTLY_US: Final = 5 * MICROSECONDS_PER_SECOND
_YEAR_2000_US: Final = 946_684_800 * MICROSECONDS_PER_SECOND


def is_believable(source_us: int, *, receive_us: int) -> bool:
    """Say whether a source time can be true: not the epoch of an unset clock, not ahead of us."""
    return _YEAR_2000_US < source_us <= receive_us + _AHEAD_US


class SourceClock:
    """Judges the source times of one item.

    A time that goes backwards, is unset or lies ahead is replaced by the receive time. The first report after
    subscribing states what the value is *now*: a time stamp older than ``subscribed_us`` on it becomes that
    time, in the source's clock. The value was stored when it was new, and a gap may lie between. Equal times
    are kept apart by a microsecond, so that no value overwrites another.
    """

    __slots__ = ("_source_us", "_stored_us", "_subscribed_us")

    def __init__(self, subscribed_us: int) -> None:
        self._subscribed_us = subscribed_us
        self._source_us: int | None = None
        self._stored_us = 0

    def judge(self, source_us: int | None, *, receive_us: int) -> tuple[int, bool]:
        """Return the time to store and whether the source's clock is suspect."""
        if source_us is None:
            return self._after_stored(receive_us), False
        went_back = self._source_us is not None and source_us < self._source_us
        if went_back or not is_believable(source_us, receive_us=receive_us):
            return self._after_stored(receive_us), True
        is_first = self._source_us is None
        self._source_us = source_us
        return self._after_stored(max(source_us, self._subscribed_us) if is_first else source_us), False

    def _after_stored(self, instant_us: int) -> int:
        if self._stored_us - _SLIGHTLY_US < instant_us <= self._stored_us:
            instant_us = self._stored_us + 1
        self._stored_us = instant_us
        return instant_us
