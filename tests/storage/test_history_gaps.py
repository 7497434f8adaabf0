"""Holes are judged by the pace around them [NEW-14]."""

import numpy as np
import pytest

from domain.plant.quality import BAD_COMMUNICATION_LOST, QualityCause
from storage.history.gaps import find_gaps

SECOND = 1_000_000


def holes(*steps_s: float) -> list[tuple[float, float]]:
    time_us = np.cumsum([0, *(round(step * SECOND) for step in steps_s)]).astype(np.int64)
    period_us = round(float(np.median(np.diff(time_us))))
    quality = np.zeros(len(time_us), dtype=np.uint16)
    found = find_gaps(time_us, quality, period_us=period_us)
    return [(gap.start_us / SECOND, gap.end_us / SECOND) for gap in found]


def test_an_outage_in_regular_samples_is_a_hole() -> None:
    assert holes(1, 1, 1, 30, 1, 1, 1) == [(3, 33)]
    assert holes(30, 1, 1, 1, 1) == [(0, 30)]
    assert holes(1, 1, 1, 1, 30) == [(4, 34)]


def test_two_outages_around_one_sample_are_both_holes() -> None:
    assert holes(1, 1, 1, 30, 40, 1, 1, 1) == [(3, 33), (33, 73)]


@pytest.mark.parametrize("slow", [3, 60])
def test_a_past_by_the_minute_before_live_seconds_is_no_hole(slow: int) -> None:
    assert not holes(*[60] * slow, *[1] * 500)


def test_an_outage_at_the_slow_pace_is_seen_too() -> None:
    assert holes(60, 60, 60, 600, 60, 60, *[1] * 500) == [(180, 780)]


def test_irregular_reports_within_three_periods_are_no_holes() -> None:
    assert not holes(10, 12, 8, 25, 9, 11, 10)


def test_an_outage_told_by_a_bad_row_is_one_gap_with_its_cause() -> None:
    """NEW-14: what is known to be a lost link is not told a second time as a hole without a reason."""
    seconds = [0, 1, 2, 3, 4, 604, 605, 606]
    quality = np.zeros(len(seconds), dtype=np.uint16)
    quality[4] = BAD_COMMUNICATION_LOST
    time_us = np.array(seconds, dtype=np.int64) * SECOND
    (gap,) = find_gaps(time_us, quality, period_us=SECOND)
    assert (gap.start_us, gap.end_us) == (4 * SECOND, 604 * SECOND)
    assert gap.cause == QualityCause.COMMUNICATION_LOST
