"""Backups as acts of a person: permitted, noted, ended on request [NEW-30, S-11, S-12, S-34]."""

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from filelock import FileLock

from domain.errors import Cancelled, ConfigurationError, DatabaseDamaged, NotPermitted, StorageError
from domain.long_work import LongWork
from domain.roles import Actor, Role
from services.backups import Backups, restore
from services.plant_file import PlantFile, read_file
from storage.backup import ROOM_KEPT_FREE
from storage.store import Store, open_store
from tests.conftest import FakeClock
from tests.storage.stored_plant import (  # noqa: F401
    engineer,
    furnished,
    hot_rule,
    small_plant,
    still_clock,
    store,
)

ENA = Actor(UUID(int=7), Role.ENGINEER, "ws-1", "Ena")
MIA = Actor(UUID(int=5), Role.OPERATOR, "ws-1", "Mia")
ADA = Actor(UUID(int=9), Role.ADMINISTRATOR, "ws-1", "Ada")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def backups(furnished: Store, clock: FakeClock) -> Backups:  # noqa: F811
    return Backups(furnished, clock=clock)


@pytest.fixture
def plant(furnished: Store) -> Store:  # noqa: F811
    """The furnished plant with an hour of history."""
    writer = furnished.open_history_writer()
    times = np.arange(1_760_000_000_000_000, 1_760_003_600_000_000, 1_000_000)
    writer.write_past(1, time_us=times, value=np.sin(times / 1e7), quality=0)
    writer.close()
    return furnished


def acts(store: Store, kind: str = "backup") -> list[tuple[str, str]]:  # noqa: F811
    entries = store.audit.entries(start_us=0, end_us=2**62, limit=10_000)
    return [(entry.action, entry.user_name) for entry in entries if entry.kind == kind]


def left_in(place: Path) -> list[str]:
    return [path.name for path in place.iterdir()] if place.is_dir() else []


def test_a_copy_a_proof_a_plan_and_a_check_are_noted_once_each(plant: Store, backups: Backups) -> None:
    taken = backups.back_up(by=ENA, with_history=True)
    backups.verify(taken, by=ENA)
    backups.plan_restore(taken, by=ENA)
    assert acts(plant) == [("back_up", "Ena"), ("verify", "Ena"), ("plan_restore", "Ena")]
    assert backups.check(by=ENA).is_sound
    assert acts(plant, "stored_data") == [("check", "Ena")]


@pytest.mark.parametrize(
    "act",
    [
        lambda backups, place: backups.back_up(by=MIA),
        lambda backups, place: backups.verify(place, by=MIA),
        lambda backups, place: backups.plan_restore(place, by=MIA),
        lambda backups, place: backups.check(by=MIA),
        lambda backups, place: backups.choose_place(place, by=MIA),
    ],
)
def test_an_operator_may_not(
    plant: Store, backups: Backups, tmp_path: Path, act: Callable[[Backups, Path], object]
) -> None:
    with pytest.raises(NotPermitted):
        act(backups, tmp_path)
    assert (acts(plant), left_in(plant.folder.backup)) == ([], [])


def test_a_copy_that_cannot_be_noted_is_not_kept(
    plant: Store, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-12, F46: the act is refused, the plant goes on."""

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("storage.unit_of_work.append_entry", full)
    with pytest.raises(StorageError):
        backups.back_up(by=ENA)
    assert left_in(plant.folder.backup) == []
    assert plant.plant.load().site_name == "Works"


class Ended(LongWork):
    """Somebody ends the work as soon as it comes to an act on a file."""

    def __init__(self, act: str, name: str) -> None:
        super().__init__()
        self._at = (act, name)

    def tell(self, act: str, name: str, *, done: int = 0, total: int = 0, unit: str = "bytes") -> None:
        if (act, name) == self._at:
            self.cancel()
        super().tell(act, name, done=done, total=total, unit=unit)


@pytest.mark.parametrize(
    ("act", "name"),
    [("copying", "plant.db"), ("reading", "history.db"), ("reading", "plant.db")],
)
def test_a_copy_that_is_ended_leaves_nothing(plant: Store, backups: Backups, act: str, name: str) -> None:
    with pytest.raises(Cancelled):
        backups.back_up(by=ENA, with_history=True, work=Ended(act, name))
    assert (left_in(plant.folder.backup), acts(plant)) == ([], [])


def test_a_proof_and_a_check_can_be_ended(plant: Store, backups: Backups) -> None:
    taken = backups.back_up(by=ENA)
    with pytest.raises(Cancelled):
        backups.verify(taken, by=ENA, work=Ended("reading", "plant.db"))
    with pytest.raises(Cancelled):
        backups.check(by=ENA, work=Ended("reading_history", ""))
    assert acts(plant) == [("back_up", "Ena")]


def test_the_work_tells_how_far_it_is(plant: Store, backups: Backups) -> None:
    work = LongWork()
    backups.back_up(by=ENA, with_history=True, work=work)
    assert (work.step.act, work.step.share) == ("reading", 1.0)


def test_what_a_dead_process_left_half_is_swept_and_a_living_ones_stays(
    plant: Store, backups: Backups
) -> None:
    place = plant.folder.backup
    for name in (".draft-dead", ".draft-alive"):
        (place / name).mkdir()
        (place / name / "plant.db").write_bytes(b"half")
    with FileLock(place / ".draft-alive.lock"):
        taken = backups.back_up(by=ENA)
    assert (place / ".draft-alive").is_dir()
    assert not (place / ".draft-dead").exists()
    assert [kept.path for kept in backups.shelf().kept] == [taken]


def test_too_little_room_is_told_with_figures_before_anything_is_copied(
    plant: Store, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F38: the disk of a recording plant is not filled by its copies."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12, ROOM_KEPT_FREE))
    with pytest.raises(StorageError) as refused:
        backups.back_up(by=ENA, work=Ended("copying", "plant.db"))
    assert refused.value.key == "backup_no_room"
    assert refused.value.parameters["free_bytes"] == ROOM_KEPT_FREE
    assert int(str(refused.value.parameters["needed_bytes"])) > 0
    assert left_in(plant.folder.backup) == []


def test_a_chosen_place_is_remembered_and_used(plant: Store, backups: Backups, tmp_path: Path) -> None:
    place = tmp_path / "second disk"
    place.mkdir()
    backups.choose_place(place, by=ENA)
    assert Backups(plant, clock=FakeClock()).place == place
    assert backups.back_up(by=ENA).parent == place
    assert acts(plant, "setting")[-1] == ("save", "Ena")


def test_a_place_among_the_live_files_or_without_right_to_write_is_refused(
    plant: Store, backups: Backups, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    refused = {
        plant.folder.root: "backup_place_live",
        plant.folder.quarantine: "backup_place_live",
        tmp_path / "file": "backup_place_unwritable",
        tmp_path / "nowhere": "backup_place_unwritable",
    }
    for place, key in refused.items():
        with pytest.raises(ConfigurationError) as refusal:
            backups.choose_place(place, by=ENA)
        assert refusal.value.key == key
    assert backups.choose_place(plant.folder.backup, by=ENA) == plant.folder.backup


def test_a_place_that_went_away_is_told(plant: Store, backups: Backups, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    backups.choose_place(tmp_path / "stick", by=ENA)
    (tmp_path / "stick").rmdir()
    assert backups.shelf().free_bytes is None


def test_a_damaged_copy_is_noted_as_such(plant: Store, backups: Backups) -> None:
    taken = backups.back_up(by=ENA)
    (taken / "plant.db").write_bytes(b"not a database")
    with pytest.raises(DatabaseDamaged):
        backups.verify(taken, by=ENA)
    entry = plant.audit.entries(start_us=0, end_us=2**62)[-1]
    assert (entry.action, entry.detail["problem"]) == ("verify", "backup_changed")


def test_a_plan_says_what_would_change_and_changes_nothing(plant: Store, backups: Backups) -> None:
    taken = backups.back_up(by=ENA, with_history=True)
    with plant.unit_of_work(ENA) as work:
        work.plant.save_setting("later", 1)
    plan = backups.plan_restore(taken, by=ENA)
    assert plan.files == ("plant.db", "history.db")
    assert plan.rows_now["settings"] == plan.rows_then["settings"] + 1
    assert {"plant.db", "history.db"} <= set(plan.set_aside)
    assert (plan.is_of_this_plant, plan.needs_upgrade) == (True, False)
    assert plant.plant.setting("later") == 1


def test_a_restore_is_for_administrators_and_noted_in_the_restored_plant(
    plant: Store, backups: Backups, clock: FakeClock
) -> None:
    taken, folder = backups.back_up(by=ENA), plant.folder
    plant.close()
    with pytest.raises(NotPermitted):
        restore(taken, folder, by=ENA, clock=clock)
    restore(taken, folder, by=ADA, clock=clock)
    opened = open_store(folder.root, role="tool", clock=clock)
    assert acts(opened) == [("restore", "Ada")]
    assert opened.audit.verify().is_sound
    opened.close()


def test_the_set_up_file_is_written_and_read_into_an_empty_plant_only(
    plant: Store, tmp_path: Path, clock: FakeClock
) -> None:
    file = PlantFile(plant).export(tmp_path / "plant.json", by=ENA)
    assert acts(plant, "set_up") == [("export", "Ena")]
    empty = open_store(tmp_path / "empty", role="tool", clock=clock)
    assert PlantFile(empty).import_from(file, by=ENA) == read_file(file)
    assert empty.plant.load().assets == plant.plant.load().assets
    assert acts(empty, "set_up") == [("import", "Ena")]
    with pytest.raises(ConfigurationError) as refused:
        PlantFile(empty).import_from(file, by=ENA)
    assert refused.value.key == "plant_not_empty"
    empty.close()


def test_a_set_up_file_with_complaints_or_without_permission_changes_nothing(
    plant: Store, tmp_path: Path, clock: FakeClock
) -> None:
    for act in (PlantFile(plant).export, PlantFile(plant).import_from):
        with pytest.raises(NotPermitted):
            act(tmp_path / "plant.json", by=MIA)
    (tmp_path / "wrong.json").write_text('{"format": "other"}', encoding="utf-8")
    empty = open_store(tmp_path / "empty", role="tool", clock=clock)
    assert PlantFile(empty).import_from(tmp_path / "wrong.json", by=ENA).complaints
    assert PlantFile(empty).is_plant_empty
    empty.close()
