"""What the time stamps of a source are worth: clocks unset, ahead, behind or going backwards."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.readings import LossCounter

AHEAD_US: Final = 60 * MICROSECONDS_PER_SECOND
"""A clock that runs so far before ours is wrong, or ours is."""

BEHIND_US: Final = 600 * MICROSECONDS_PER_SECOND
"""No chain of gateways takes so long to bring a value of now: what is told later has a clock behind ours."""

_BEHIND_PERIODS: Final = 3
"""A value that stands for an hour carries the time at which that began, and comes when it is over."""

_SLIGHTLY_US: Final = 5 * MICROSECONDS_PER_SECOND
_YEAR_2000_US: Final = 946_684_800 * MICROSECONDS_PER_SECOND
_PACE_US: Final = 5 * MICROSECONDS_PER_SECOND
_PACE_MARGIN: Final = 1.1
"""Over so long, source times that pass at most so much faster than ours are those of a living source."""

FOR_EVER_US: Final = 2**61
"""The patience with values of a memory: none is too old."""

NO_TIME: Final = -(2**63)
"""In an array, in place of a source time that was not sent."""

Places = NDArray[np.intp]
Instants = NDArray[np.int64]


def is_believable(source_us: int, *, receive_us: int) -> bool:
    """Say whether a source time can be true: not the epoch of an unset clock, not ahead of us."""
    return _YEAR_2000_US < source_us <= receive_us + AHEAD_US


def are_believable(source_us: Instants, *, receive_us: Instants) -> NDArray[np.bool_]:
    """Say of each source time whether it can be true."""
    return (source_us > _YEAR_2000_US) & (source_us <= receive_us + AHEAD_US)


def patience_us(period_s: float) -> int:
    """Return how old a value of now may be that is measured so often."""
    return max(BEHIND_US, round(_BEHIND_PERIODS * period_s * MICROSECONDS_PER_SECOND))


def is_behind(source_us: int, *, receive_us: int, patience_us: int = BEHIND_US) -> bool:
    """Say whether a value of now has a source time that is too old for it."""
    return source_us < receive_us - patience_us


class SourceClock:
    """Judges the source times of one item.

    A time that goes backwards, is unset, lies ahead or further behind than ``patience_us`` is replaced by the
    receive time. The first report after subscribing states what the value is *now*: a quiet value truly is
    old. A time stamp older than ``subscribed_us`` on it becomes that time, in the source's clock. The value
    was stored when it was new, and a gap may lie between. What is told again with the time that it had is no
    older for it. Equal times are kept apart by a microsecond, so that no value overwrites another.
    """

    __slots__ = ("_is_first", "_patience_us", "_source_us", "_stored_us", "_subscribed_us")

    def __init__(self, subscribed_us: int, *, patience_us: int = BEHIND_US) -> None:
        self._subscribed_us = subscribed_us
        self._patience_us = patience_us
        self._source_us: int | None = None
        self._is_first = True
        self._stored_us = 0

    def expect_held(self) -> None:
        """The next report states what the value is now, like the first one: it may be old."""
        self._is_first = True

    def judge(self, source_us: int | None, *, receive_us: int) -> tuple[int, bool]:
        """Return the time to store and whether the source's clock is suspect."""
        if source_us is None:
            return self._after_stored(receive_us), False
        if not self.goes_on(source_us, receive_us=receive_us):
            return self._after_stored(receive_us), True
        is_first, is_told_again = self._is_first, source_us == self._source_us
        self._is_first, self._source_us = False, source_us
        if is_first:
            return self._after_stored(max(source_us, self._subscribed_us)), False
        if not is_told_again and self.is_behind(source_us, receive_us=receive_us):
            return self._after_stored(receive_us), True
        return self._after_stored(source_us), False

    def goes_on(self, source_us: int, *, receive_us: int) -> bool:
        """Say whether a time can be true and does not go backwards."""
        went_back = self._source_us is not None and source_us < self._source_us
        return not went_back and is_believable(source_us, receive_us=receive_us)

    def is_behind(self, source_us: int, *, receive_us: int) -> bool:
        """Say whether a time is too old for a value of now."""
        return is_behind(source_us, receive_us=receive_us, patience_us=self._patience_us)

    def _after_stored(self, instant_us: int) -> int:
        if self._stored_us - _SLIGHTLY_US < instant_us <= self._stored_us:
            instant_us = self._stored_us + 1
        self._stored_us = instant_us
        return instant_us


class Lateness:
    """Tells values of one item that somebody kept while the link was away from those sent just now.

    A value older than the link was kept; from the first newer one on all are of now. A source whose clock is
    behind is known by its pace: values that come no faster than they were measured are of now as well.
    """

    __slots__ = ("_began_us", "_is_over", "_since")

    def __init__(self, began_us: int) -> None:
        self._began_us = began_us
        self._is_over = False
        self._since: tuple[int, int] | None = None

    def is_late(self, source_us: int, *, receive_us: int) -> bool:
        """Say whether a value, the next in order of time, was kept."""
        self._is_over = self._is_over or source_us >= self._began_us or self._is_even(source_us, receive_us)
        return not self._is_over

    def _is_even(self, source_us: int, receive_us: int) -> bool:
        if self._since is None:
            self._since = source_us, receive_us
            return False
        measured_us, passed_us = source_us - self._since[0], receive_us - self._since[1]
        if passed_us < _PACE_US:
            return False
        self._since = source_us, receive_us
        return measured_us <= passed_us * _PACE_MARGIN


class Pace:
    """Tells a source that hands over late what it kept from one whose clock is behind.

    The one brings values faster than they were measured; that shows after some seconds of its time.
    """

    __slots__ = ("_is_fast", "_since")

    def __init__(self) -> None:
        self._is_fast = False
        self._since: tuple[int, int] | None = None

    def is_fast(self, source_us: int, *, receive_us: int) -> bool:
        """Say whether values come faster than they were measured; called with each one, in order of time."""
        if self._since is None:
            self._since = source_us, receive_us
        measured_us, passed_us = source_us - self._since[0], receive_us - self._since[1]
        if max(measured_us, passed_us) >= _PACE_US:
            self._is_fast = measured_us > passed_us * _PACE_MARGIN
            self._since = source_us, receive_us
        return self._is_fast


class SourceClocks:
    """Judges the source times of many items at once, by the rules of ``SourceClock``, one place each.

    What is wrong is counted in ``losses`` by cause: unset, ahead, behind, backwards, equal. ``patience_us``
    is that of each item, one for all when it is a number.
    """

    def __init__(
        self,
        count: int,
        *,
        subscribed_us: int,
        losses: LossCounter,
        patience_us: Instants | int = BEHIND_US,
    ) -> None:
        self._subscribed_us = subscribed_us
        self._losses = losses
        self._patience_us = np.broadcast_to(np.asarray(patience_us, np.int64), count)
        self._is_first = np.ones(count, np.bool_)
        self._source_us = np.full(count, NO_TIME, np.int64)
        self._stored_us = np.zeros(count, np.int64)

    def expect_held(self, place: int) -> None:
        """The next report of an item states what its value is now, like the first one: it may be old."""
        self._is_first[place] = True

    def judge(
        self, place: Places, source_us: Instants, *, receive_us: Instants
    ) -> tuple[Instants, NDArray[np.bool_]]:
        """Return the times to store and whether each source's clock is suspect; rows in order of arrival."""
        turns = list(_turns(place, len(self._stored_us)))
        if len(turns) == 1:
            return self._judge_once(place, source_us, receive_us)
        stored_us, is_suspect = np.empty_like(source_us), np.empty(len(place), np.bool_)
        for rows in turns:
            stored_us[rows], is_suspect[rows] = self._judge_once(
                place[rows], source_us[rows], receive_us[rows]
            )
        return stored_us, is_suspect

    def _judge_once(
        self, place: Places, source_us: Instants, receive_us: Instants
    ) -> tuple[Instants, NDArray[np.bool_]]:
        """Judge rows of which each has a place of its own."""
        last_us = self._source_us[place]
        is_true = are_believable(source_us, receive_us=receive_us)
        is_known = is_true & (source_us >= last_us)
        is_first = self._is_first[place]
        is_old = source_us < receive_us - self._patience_us[place]
        is_late = is_known & is_old & ~is_first & (source_us != last_us)
        is_taken = is_known & ~is_late
        is_suspect = (source_us != NO_TIME) & ~is_taken
        if is_suspect.any():
            self._count(is_suspect, is_true, is_ahead=source_us > receive_us, is_behind=is_late)
        self._source_us[place] = np.where(is_known, source_us, last_us)
        self._is_first[place] = is_first & ~is_known
        now_us = np.where(is_first, np.maximum(source_us, self._subscribed_us), source_us)
        instant_us = np.where(is_taken, now_us, receive_us)
        before_us = self._stored_us[place]
        collides = (instant_us <= before_us) & (instant_us > before_us - _SLIGHTLY_US)
        if collides.any():
            self._losses.add("source_time_equal", int((collides & is_taken).sum()))
            instant_us = np.where(collides, before_us + 1, instant_us)
        self._stored_us[place] = instant_us
        return instant_us, is_suspect

    def _count(
        self,
        is_suspect: NDArray[np.bool_],
        is_true: NDArray[np.bool_],
        *,
        is_ahead: NDArray[np.bool_],
        is_behind: NDArray[np.bool_],
    ) -> None:
        causes = {
            "source_time_behind": is_suspect & is_behind,
            "source_time_backwards": is_suspect & is_true & ~is_behind,
            "source_time_ahead": is_suspect & ~is_true & is_ahead,
            "source_time_unset": is_suspect & ~is_true & ~is_ahead,
        }
        for cause, rows in causes.items():
            if rows.any():
                self._losses.add(cause, int(rows.sum()))


def _turns(place: Places, count: int) -> Iterator[Places]:
    """Split rows so that each place occurs once a turn, its first row in the first turn."""
    rows = np.arange(len(place))
    first = np.empty(count, np.intp)
    first[place[::-1]] = rows[::-1]
    if bool((first[place] == rows).all()):
        yield rows
        return
    order = np.argsort(place, kind="stable")
    begins = np.flatnonzero(np.diff(place[order], prepend=-1))
    turn = np.empty(len(place), np.intp)
    turn[order] = rows - np.repeat(begins, np.diff(np.append(begins, len(place))))
    by_turn = np.argsort(turn, kind="stable")
    yield from np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1)
