"""How long the disk lasts is told by the growth of the databases, once that can be told."""

import shutil
from pathlib import Path

import pytest

from services.disk import (
    LEAST_SPAN_S,
    LONGEST_HOURS,
    PLENTY_BYTES,
    RESERVE_AFTER_S,
    DiskGuard,
    DiskWatch,
)
from storage.data_folder import prepare_data_folder
from storage.disk_reserve import RESERVE_BYTES, DiskReserve
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


def test_a_disk_is_short_when_little_is_left_or_it_fills_within_days(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F37: told while there is time to act; a large disk has room at nine tenths."""
    watch = DiskWatch(tmp_path, clock=clock)
    for total, free, is_short in (
        (10**12, 5 * 10**11, False),
        (10**12, 5 * 10**10, False),
        (10**11, 9 * 10**9, True),
        (10**10, 2 * 10**9, False),
    ):
        _room(monkeypatch, free=free, total=total)
        watch.look()
        clock.advance(10.0)
        assert watch.is_short is is_short, (total, free)
    _room(monkeypatch, free=100 * PER_HOUR // 2, total=10**12)
    assert watched(tmp_path, clock, seconds=LEAST_SPAN_S, name="history.db").is_short


def test_f37_the_reserve_is_given_to_the_databases_when_the_disk_is_full_and_taken_again_later(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare_data_folder(tmp_path)
    watch, reserve = DiskWatch(tmp_path, clock=clock), DiskReserve(folder)
    guard = DiskGuard(watch, reserve, clock=clock)

    def look(free: int) -> None:
        _room(monkeypatch, free=free, total=10**12)
        clock.advance(10.0)
        watch.look()
        guard.look()

    look(PLENTY_BYTES * 2)
    assert not reserve.is_there, "a start has more urgent things to do"
    clock.advance(RESERVE_AFTER_S)
    look(PLENTY_BYTES * 2)
    assert folder.disk_reserve.stat().st_blocks * 512 >= RESERVE_BYTES, "really taken"
    look(RESERVE_BYTES)
    assert (reserve.is_there, guard.problem) == (True, "")
    look(1_000_000)
    assert (reserve.is_there, "the disk is full" in guard.problem) == (False, True)
    look(RESERVE_BYTES)
    assert guard.problem, "not well again by the reserve alone"
    look(PLENTY_BYTES * 2)
    assert (reserve.is_there, guard.problem) == (True, "")


def _room(monkeypatch: pytest.MonkeyPatch, *, free: int, total: int) -> None:
    usage = type(shutil.disk_usage("/"))(total, total - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
