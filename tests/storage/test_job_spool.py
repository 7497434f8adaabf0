"""Work that waits for the plant database outlives the program, in order, and belongs to one term [F44]."""

from pathlib import Path

import pytest

from domain.errors import StorageError
from storage.data_folder import DataFolder, prepare_data_folder
from storage.job_spool import JobSpool
from storage.leases import FolderLease, LeaseTerm


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return prepare_data_folder(tmp_path / "data")


def spool_of(folder: DataFolder, *, epoch: int = 1, follows_own: bool = True) -> JobSpool:
    lease = FolderLease("here")
    lease.term = LeaseTerm("collector", "here", epoch, follows_own=follows_own)
    return JobSpool(folder, lease=lease, now_us=1_760_000_400_000_000)


def test_a_plant_whose_database_never_refused_has_no_file(folder: DataFolder) -> None:
    spool = spool_of(folder)
    spool.close()
    assert (spool.waiting, spool.problem, folder.jobs_db.exists()) == ((), "", False)


def test_what_was_put_and_not_dropped_is_there_for_the_next_program(folder: DataFolder) -> None:
    spool = spool_of(folder)
    numbers = [spool.put(body) for body in ("one", "two", "three")]
    spool.drop(numbers[1])
    spool.close()
    again = spool_of(folder, epoch=2)
    assert again.waiting == ((numbers[0], "one"), (numbers[2], "three"))
    for number, _ in again.waiting:
        again.drop(number)
    again.close()
    assert spool_of(folder, epoch=3).waiting == ()


def test_a_set_up_change_within_the_term_loses_nothing(folder: DataFolder) -> None:
    spool = spool_of(folder, epoch=4, follows_own=False)
    spool.put("one")
    spool.close()
    assert [body for _, body in spool_of(folder, epoch=4, follows_own=False).waiting] == ["one"]


def test_what_waited_while_another_collector_had_the_plant_is_set_aside(folder: DataFolder) -> None:
    spool = spool_of(folder, epoch=1)
    spool.put("one")
    spool.close()
    again = spool_of(folder, epoch=3, follows_own=False)
    assert (again.waiting, "1 acts" in again.problem) == ((), True)
    assert [path.name for path in folder.quarantine.iterdir() if path.name.endswith("jobs.db")]
    again.put("two")
    again.close()
    assert [body for _, body in spool_of(folder, epoch=3, follows_own=False).waiting] == ["two"]


def test_a_damaged_file_is_set_aside_and_stops_nobody(folder: DataFolder) -> None:
    folder.jobs_db.write_bytes(b"not a database at all" * 400)
    spool = spool_of(folder)
    assert (spool.waiting, "damaged" in spool.problem) == ((), True)
    assert any(path.name.endswith("jobs.db") for path in folder.quarantine.iterdir())
    spool.put("one")
    spool.close()
    assert [body for _, body in spool_of(folder).waiting] == ["one"]


def test_a_file_that_cannot_be_opened_once_is_opened_the_next_time(folder: DataFolder) -> None:
    spool = spool_of(folder)
    folder.jobs_db.mkdir()
    with pytest.raises(StorageError):
        spool.put("one")
    folder.jobs_db.rmdir()
    spool.put("two")
    spool.close()
    assert [body for _, body in spool_of(folder, epoch=2).waiting] == ["two"]
