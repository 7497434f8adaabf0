"""How long the disk lasts is told by the growth of the databases, once that can be told."""

import shutil
from pathlib import Path

import pytest

from services.disk import LEAST_SPAN_S, LONGEST_HOURS, DiskWatch
from tests.conftest import FakeClock

MEGABYTE = 1_000_000
PER_HOUR = 360 * MEGABYTE


def grown(path: Path, size: int) -> None:
    """Make a file of this size that takes no room."""
    with path.open("ab") as file:
        file.truncate(size)


def watched(folder: Path, clock: FakeClock, *, seconds: float, name: str) -> DiskWatch:
    """Look every ten seconds at a file that grows by a megabyte in that time."""
    watch = DiskWatch(folder, clock=clock)
    for step in range(int(seconds // 10) + 1):
        grown(folder / name, step * MEGABYTE)
        watch.look()
        clock.advance(10.0)
    return watch


def test_before_five_minutes_nothing_is_claimed(tmp_path: Path, clock: FakeClock) -> None:
    assert watched(tmp_path, clock, seconds=LEAST_SPAN_S - 10, name="history.db").hours_left is None


def test_hours_left_is_free_room_over_growth(tmp_path: Path, clock: FakeClock) -> None:
    watch = watched(tmp_path, clock, seconds=LEAST_SPAN_S, name="history.db")
    assert watch.hours_left == pytest.approx(watch.free_bytes / PER_HOUR)
    assert watch.free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


def test_a_log_that_fills_to_its_bound_is_no_growth(tmp_path: Path, clock: FakeClock) -> None:
    watch = watched(tmp_path, clock, seconds=LEAST_SPAN_S, name="history.db-wal")
    assert watch.hours_left == LONGEST_HOURS


def test_only_the_last_hour_counts(tmp_path: Path, clock: FakeClock) -> None:
    watch = watched(tmp_path, clock, seconds=LEAST_SPAN_S, name="history.db")
    for _ in range(361):
        watch.look()
        clock.advance(10.0)
    assert watch.hours_left == LONGEST_HOURS, "it has stopped growing"
