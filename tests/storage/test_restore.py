"""A restore is whole or has not happened, whenever a file, the program or the power fails [F43, T-19]."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.errors import StorageError
from domain.plant.plant import Plant
from domain.roles import Actor
from storage import backup as backups
from storage import exchange
from storage.data_folder import DataFolder
from storage.store import Store, open_store
from tests.storage.stored_plant import START_US, StillClock

STEPS = range(7)
"""The note, three files that go, two that come; and one more than there are."""


class Killed(BaseException):
    """The program or the power ends here."""


class Ended:
    """Stands in for ``os.replace`` in the exchange: fails before the moves whose numbers are given."""

    def __init__(self, failures: dict[int, BaseException]) -> None:
        self._failures = failures
        self.moves = 0

    def replace(self, source: Path, target: Path) -> None:
        number, self.moves = self.moves, self.moves + 1
        if number in self._failures:
            raise self._failures[number]
        os.replace(source, target)

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    @contextmanager
    def at(failures: dict[int, BaseException]) -> Iterator[Ended]:
        with monkeypatch.context() as then:
            moves = Ended(failures)
            then.setattr(exchange, "os", moves)
            yield moves

    return at


@pytest.fixture
def folder(furnished: Store, engineer: Actor, still_clock: StillClock, tmp_path: Path) -> DataFolder:
    """A plant "Later" with two samples; its copy, kept elsewhere, is of "Works" with one.

    It was cut off the power: what makes it "Later" stands in the write-ahead log only.
    """
    _sample(furnished, 0)
    backups.backup(furnished.folder, tmp_path / "stick", now_us=START_US, with_history=True)
    _sample(furnished, 1)
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_site(zone="UTC", site_name="Later")
    left = {path: path.read_bytes() for path in furnished.folder.root.glob("plant.db*")}
    furnished.close()
    for path, content in left.items():
        if path.suffix != ".db-shm":
            path.write_bytes(content)
    still_clock.now += 1_000_000
    return furnished.folder


@pytest.fixture
def copy(folder: DataFolder, tmp_path: Path) -> Path:
    (found,) = backups.backups_in(tmp_path / "stick")
    return found


def _sample(store: Store, number: int, *, tag_key: int = 1) -> None:
    writer = store.open_history_writer()
    at_us = np.array([START_US + number * 3_600_000_000])
    writer.write_past(tag_key, time_us=at_us, value=np.array([20.0]), quality=0)
    writer.close()


def _found(folder: DataFolder, clock: StillClock) -> tuple[str, int]:
    """Return what a start finds: the name of the plant and its samples; nothing may be left over."""
    store = open_store(folder.root, role="collector", clock=clock)
    reader = store.open_history_reader()
    found = store.plant.load().site_name, len(reader.series(1, start_us=0, end_us=2**60).value)
    reader.close()
    store.close()
    assert not [*folder.root.glob("exchange*"), *folder.root.glob(".restore-*")]
    return found


NOW, THEN = ("Later", 2), ("Works", 1)


@pytest.mark.parametrize("number", STEPS)
def test_a_restore_that_was_killed_is_finished_by_the_next_start(
    folder: DataFolder, copy: Path, still_clock: StillClock, failing: Callable[..., object], number: int
) -> None:
    """Before the exchange is noted nothing has changed; from then on it comes to its end."""
    with failing({number: Killed()}) as moves:  # type: ignore[attr-defined]
        with suppress(Killed):
            backups.restore(copy, folder, now_us=still_clock.now_us())
    assert moves.moves == min(number + 1, len(STEPS) - 1)
    assert _found(folder, still_clock) == (NOW if number == 0 else THEN)
    if number > 0:
        assert any(path.name.endswith("plant.db") for path in folder.quarantine.iterdir())


@pytest.mark.parametrize("number", STEPS[:-1])
def test_a_file_that_cannot_be_moved_leaves_every_live_file_where_it_was(
    folder: DataFolder, copy: Path, still_clock: StillClock, failing: Callable[..., object], number: int
) -> None:
    """On Windows a file that another program has open cannot be moved."""
    before = {path.name: _hash(path) for path in folder.root.glob("*.db*")}
    in_use = failing({number: PermissionError(13, "in use")})
    with in_use, pytest.raises(StorageError) as refused:  # type: ignore[attr-defined]
        backups.restore(copy, folder, now_us=still_clock.now_us())
    assert refused.value.key == "restore_failed"
    assert {path.name: _hash(path) for path in folder.root.glob("*.db*")} == before
    assert not list(folder.quarantine.iterdir())
    assert _found(folder, still_clock) == NOW


@pytest.mark.parametrize("number", STEPS)
def test_a_restore_that_was_killed_while_it_was_taken_back_is_taken_back_by_the_next_start(
    folder: DataFolder, copy: Path, still_clock: StillClock, failing: Callable[..., object], number: int
) -> None:
    failures = {3: PermissionError(13, "in use"), 4 + number: Killed()}
    with failing(failures), pytest.raises((StorageError, Killed)):  # type: ignore[attr-defined]
        backups.restore(copy, folder, now_us=still_clock.now_us())
    assert _found(folder, still_clock) in ((NOW,) if number > 0 else (NOW, THEN))


def test_a_start_that_cannot_finish_a_restore_says_so_and_the_next_one_does(
    folder: DataFolder, copy: Path, still_clock: StillClock, failing: Callable[..., object]
) -> None:
    with failing({2: Killed()}), pytest.raises(Killed):  # type: ignore[attr-defined]
        backups.restore(copy, folder, now_us=still_clock.now_us())
    in_use = failing({0: PermissionError(13, "in use")})
    with in_use, pytest.raises(StorageError) as refused:  # type: ignore[attr-defined]
        open_store(folder.root, role="collector", clock=still_clock)
    assert refused.value.key == "restore_unfinished"
    store = open_store(folder.root, role="collector", clock=still_clock)
    assert "a restore was cut short" in store.report.problem
    store.close()
    assert _found(folder, still_clock) == THEN


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_tag_made_after_an_older_copy_came_back_takes_no_samples_over(
    furnished: Store, engineer: Actor, still_clock: StillClock
) -> None:
    """The copy holds no history: the one in use stays, and knows a tag that the copy does not."""
    folder = furnished.folder
    copy = backups.backup(folder, folder.backup, now_us=START_US)
    _sample(furnished, 0, tag_key=40)
    furnished.close()
    backups.restore(copy, folder, now_us=START_US + 1)
    with closing(open_store(folder.root, role="window", clock=still_clock)) as opened:
        with opened.unit_of_work(engineer) as work:
            assert work.plant.next_tag_key() == 41


def test_another_plants_copy_that_was_cut_short_leaves_nobody_looking_for_the_history(
    folder: DataFolder, tmp_path: Path, still_clock: StillClock, failing: Callable[..., object]
) -> None:
    with closing(open_store(tmp_path / "other", role="collector", clock=still_clock)) as other:
        copy = backups.backup(other.folder, tmp_path / "stick", now_us=START_US + 5_000_000)
    with failing({2: Killed()}), pytest.raises(Killed):  # type: ignore[attr-defined]
        backups.restore(copy, folder, now_us=still_clock.now_us())
    with closing(open_store(folder.root, role="collector", clock=still_clock)) as opened:
        assert opened.report.plant_id.hex == backups.read_manifest(copy).plant_id
        with closing(opened.open_history_writer()) as writer:
            assert writer.opening.problem == ""


def test_another_plants_copy_leaves_no_samples_to_its_tags(
    folder: DataFolder, tmp_path: Path, small_plant: Plant, engineer: Actor, still_clock: StillClock
) -> None:
    other = open_store(tmp_path / "other", role="collector", clock=still_clock)
    with other.unit_of_work(engineer) as work:
        work.plant.import_plant(replace(small_plant, site_name="Other"))
    other.close()
    copy = backups.backup(other.folder, tmp_path / "stick", now_us=START_US + 5_000_000)
    plan = backups.plan_restore(copy, folder)
    assert (plan.is_of_other_plant, "history.db" in plan.set_aside) == (True, True)
    backups.restore(copy, folder, now_us=still_clock.now_us())
    assert [name for name in plan.set_aside if (folder.root / name).exists()] == ["plant.db"]
    assert _found(folder, still_clock) == ("Other", 0)
    with closing(open_store(folder.root, role="collector", clock=still_clock)) as opened:
        with closing(opened.open_history_writer()) as writer:
            assert writer.opening.problem == "", "nobody misses what went on purpose"
