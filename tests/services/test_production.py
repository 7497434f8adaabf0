"""Rates and running time from stored readings: only what is known counts [NEW-25]."""

import numpy as np
import pytest

from domain.plant.quality import BAD_COMMUNICATION_LOST
from domain.ports import HistorySeries, TrendColumns
from services.production import piece_rates, pieces_per_hour, running_time

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def series(values: list[float], *, step_us: int = MINUTE, quality: list[int] | None = None) -> HistorySeries:
    count = len(values)
    return HistorySeries(
        1,
        np.arange(count, dtype=np.int64) * step_us,
        np.array(values),
        np.array(quality or [0] * count, np.uint16),
        np.ones(count, np.int32),
    )


def columns(totals: list[float], times: list[int]) -> TrendColumns:
    top = np.array(totals)
    count = np.ones(len(totals), np.int64)
    return TrendColumns(
        1, np.array(times, np.int64), top, top, top, count, np.zeros(len(totals), np.uint16), HOUR, 60
    )


def test_a_counter_gives_pieces_per_hour() -> None:
    assert pieces_per_hour(series([100, 160, 220, 280])) == pytest.approx(3600)


def test_a_counter_that_was_set_back_gives_no_figure() -> None:
    assert pieces_per_hour(series([100, 160, 0, 60])) is None
    assert pieces_per_hour(series([100])) is None


def test_running_time_weighs_states_with_their_time() -> None:
    found = running_time(series([1, 1, 2, 1]), start_us=0, end_us=4 * MINUTE, slots=2)
    assert found.share == pytest.approx(0.75)
    assert found.slots.tolist() == [1.0, 0.5]


def test_time_without_a_known_state_is_left_out() -> None:
    """A bad reading is unknown, and a reading is not believed for hours."""
    bad = running_time(
        series([1, 1, 2], quality=[0, BAD_COMMUNICATION_LOST, 0]), start_us=0, end_us=3 * MINUTE, slots=1
    )
    assert (bad.running_s, bad.known_s) == (60.0, 120.0)
    lonely = running_time(series([1], step_us=HOUR), start_us=0, end_us=10 * HOUR, slots=1)
    assert lonely.known_s == 150.0
    assert running_time(series([]), start_us=0, end_us=HOUR, slots=3).share is None


def test_rates_leave_holes_and_resets_out() -> None:
    times, rates = piece_rates(columns([0, 100, 150, 20, 400], [0, HOUR, 2 * HOUR, 3 * HOUR, 9 * HOUR]))
    assert len(times) == 4
    assert rates[:2].tolist() == [100.0, 50.0]
    assert np.isnan(rates[2:]).all()
