"""A restart leaves its trace in the history, however short it was [F33]."""

from uuid import UUID

import numpy as np

from domain.plant.plant import Plant
from domain.plant.quality import BAD_COMMUNICATION_LOST, BAD_STALE, QualityFlag
from domain.plant.readings import reading_batch
from domain.plant.tags import Tag, TagKind
from domain.ports import HistorySeries
from services.downtime import MissedValues, collected_keys, downtime_rows, last_good_values

LINK, SECOND = UUID(int=8), 1_000_000
NOW = 10_000 * SECOND
SIMULATED = int(QualityFlag.SIMULATED)
PLANT = Plant(
    tags=(
        Tag(UUID(int=1), 1, "a", "A", TagKind.MEASURED, "A", UUID(int=9), connection_id=LINK),
        Tag(UUID(int=2), 2, "b", "B", TagKind.MEASURED, "A", UUID(int=9), connection_id=LINK, period_s=5.0),
        Tag(UUID(int=3), 3, "w", "W", TagKind.WAVEFORM, "g", UUID(int=9), connection_id=LINK),
        Tag(UUID(int=4), 4, "d", "D", TagKind.DERIVED, "g", UUID(int=9)),
    )
)


def test_a_bad_row_stands_where_the_next_value_was_due() -> None:
    times = [NOW - 3 * SECOND, NOW - 2 * SECOND]
    last = reading_batch([1, 2], [1.0, 2.0], quality=SIMULATED, source_us=times, receive_us=times, sequence=7)
    rows = downtime_rows(PLANT, last, started_us=NOW)
    assert rows is not None
    assert rows.source_us.tolist() == [NOW - 2 * SECOND, NOW], "never later than the start"
    assert rows.quality.tolist() == [BAD_COMMUNICATION_LOST | SIMULATED] * 2
    assert rows.sequence.tolist() == [8, 8]


def test_what_was_bad_or_long_ago_or_ahead_needs_no_row() -> None:
    times = [NOW - SECOND, NOW - 3601 * SECOND]
    last = reading_batch([1, 2], [1.0, 2.0], quality=[BAD_STALE, 0], source_us=times, receive_us=times)
    assert downtime_rows(PLANT, last, started_us=NOW) is None
    ahead = reading_batch([1], [1.0], quality=0, source_us=NOW + SECOND, receive_us=NOW)
    assert downtime_rows(PLANT, ahead, started_us=NOW) is None


def test_only_what_devices_bring_into_the_history_is_marked() -> None:
    assert collected_keys(PLANT) == [1, 2]


def test_what_a_crash_cost_is_counted_once_by_the_periods_of_the_tags() -> None:
    """Ten seconds away: nine values of a 1 s tag, one of a 5 s tag, none of a tag that was never seen."""
    before = [NOW - 10 * SECOND, NOW - 10 * SECOND]
    missed = MissedValues(
        PLANT, reading_batch([1, 2], [1.0, 2.0], quality=0, source_us=before, receive_us=before)
    )
    bad = reading_batch([1], [float("nan")], quality=BAD_STALE, source_us=NOW, receive_us=NOW)
    assert missed.take(bad) == 0
    back = reading_batch([1, 2, 4], [1.0, 2.0, 0.0], quality=0, source_us=NOW, receive_us=NOW)
    assert missed.take(back) == 9 + 1
    assert missed.take(back) == 0
    assert _missed_after(1.46) == 1, "the value due after one second is gone, wherever the new grid lies"
    assert _missed_after(1.05) == 0, "a little late is not missed"
    never = reading_batch([1], [float("nan")], quality=0, source_us=0, receive_us=0)
    assert MissedValues(PLANT, never).take(back) == 0


def _missed_after(away_s: float) -> int:
    last = reading_batch([1], [1.0], quality=0, source_us=NOW, receive_us=NOW)
    new_us = NOW + round(away_s * SECOND)
    return MissedValues(PLANT, last).take(
        reading_batch([1], [1.0], quality=0, source_us=new_us, receive_us=new_us)
    )


def test_what_turns_up_in_a_devices_memory_is_taken_back() -> None:
    before = [NOW - 10 * SECOND, NOW - 10 * SECOND]
    missed = MissedValues(
        PLANT, reading_batch([1, 2], [1.0, 2.0], quality=0, source_us=before, receive_us=before)
    )
    assert missed.take(reading_batch([1], [1.0], quality=0, source_us=NOW, receive_us=NOW)) == 9
    times = [NOW - 11 * SECOND, NOW - 9 * SECOND, NOW - SECOND, NOW, NOW - SECOND]
    fetched = reading_batch([1, 1, 1, 1, 2], [1.0] * 5, quality=2048, source_us=times, receive_us=NOW)
    assert missed.give_back(fetched) == 2, "only inside the hole, only of a tag that was counted"
    many = reading_batch([1] * 20, [1.0] * 20, quality=2048, source_us=NOW - SECOND, receive_us=NOW)
    assert missed.give_back(many) == 7, "never more than was counted"


class OneSeries:
    """A history of which one tag is asked."""

    def __init__(self, series: HistorySeries) -> None:
        self.given = series

    def series(self, tag_key: int, *, start_us: int, end_us: int) -> HistorySeries:
        assert (tag_key, end_us - start_us) == (self.given.tag_key, 60 * SECOND)
        return self.given


def test_a_link_that_was_lost_at_the_end_is_asked_from_its_last_good_value() -> None:
    times = np.array([NOW - 9 * SECOND, NOW - 8 * SECOND, NOW - 7 * SECOND])
    quality = np.array([0, 2048, BAD_STALE], dtype=np.uint16)
    before = HistorySeries(2, times, np.ones(3), quality, np.ones(3, dtype=np.int32))
    last = reading_batch(
        [1, 2], [1.0, 2.0], quality=[2048, BAD_COMMUNICATION_LOST], source_us=NOW - 5 * SECOND, receive_us=NOW
    )
    known = last_good_values(OneSeries(before), last)  # type: ignore[arg-type]
    assert known.source_us.tolist() == [NOW - 5 * SECOND, NOW - 8 * SECOND]
    assert known.quality.tolist() == [0, 0]
