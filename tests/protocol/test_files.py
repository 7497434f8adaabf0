"""A watched folder: complete files once, bad ones aside, nothing lost on the way [ACQ-1, ACQ-7, NEW-30]."""

import hashlib
import os
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from acquisition.driver import DriverState
from acquisition.drivers import files_entry
from acquisition.drivers.files.driver import FilesDriver
from acquisition.drivers.files.reading import read_values, time_in_name
from domain.errors import ConfigurationError, StorageError
from domain.instants import iso_utc, to_microseconds
from domain.plant.files import FileContent, FileOutcome, TakenFile
from domain.plant.quality import QualityCause, QualityFlag
from domain.plant.readings import ReadingBatch
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Scaling, Tag
from services.newest_known import NewestKnown
from tests.protocol.stage import RealClock, Stage, connection, tag, until

CSV = "time,level,rpm\n2026-01-31T10:00:00Z,{},1480\n2026-01-31T10:00:10Z,{},1490\n"
WAVE = {"sampling_rate_hz": 1000.0, "capture": CaptureSchedule(60.0, 1000)}


@dataclass
class Book:
    """A book in memory; its storage can be taken away."""

    newest: NewestKnown = field(default_factory=lambda: NewestKnown(10))
    taken: list[FileContent] = field(default_factory=list)
    rejected: list[TakenFile] = field(default_factory=list)
    is_away: bool = False

    async def find(self, connection_id: UUID, digest: bytes) -> TakenFile | None:
        for each in self.taken:
            if each.digest == digest:
                return TakenFile(connection_id, digest, each.name, FileOutcome.TAKEN)
        return next((each for each in self.rejected if each.digest == digest), None)

    def marked(self, batch: ReadingBatch) -> ReadingBatch:
        return self.newest.marked(batch)

    def knows(self, tag_key: int) -> bool:
        return self.newest.knows(tag_key)

    async def take(self, content: FileContent) -> None:
        if self.is_away:
            raise StorageError("the disk is full")
        self.taken.append(content)

    async def reject(self, file: TakenFile) -> None:
        self.rejected.append(file)


@dataclass
class Folder:
    path: Path
    book: Book
    owner: Connection

    def stage(self, *tags: Tag) -> Stage:
        return Stage([self.owner], list(tags), drivers=lambda _: files_entry(self.book))

    def tag(self, key: int, channel: str, file: str = "*", **changes: object) -> Tag:
        return tag(key, self.owner, {"channel": channel, "file": file}, **changes)

    def names(self, place: str = "") -> list[str]:
        inside = self.path / place
        return sorted(each.name for each in inside.iterdir() if each.is_file()) if inside.is_dir() else []


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    place = tmp_path / "drop"
    place.mkdir()
    owner = connection(ConnectionKind.FILES, path=str(place), poll_s=0.05, steady_s=0.1)
    return Folder(place, Book(), owner)


async def test_a_table_is_taken_once_and_only_its_newest_values_are_of_now(folder: Folder) -> None:
    (folder.path / "shift.csv").write_text(CSV.format("1.5", "2.5"), "utf-8")
    async with folder.stage(folder.tag(1, "level", scaling=Scaling(10.0)), folder.tag(2, "rpm")) as stage:
        await until(lambda: len(folder.book.taken) == 1, within_s=3, what="taken")
        await until(lambda: folder.names("taken") == ["shift.csv"], within_s=2, what="moved")
        (folder.path / "again.csv").write_text(CSV.format("1.5", "2.5"), "utf-8")
        await until(lambda: "again.csv" in folder.names("taken"), within_s=3, what="known content")
        assert stage.supervisor.statuses()[0].state == DriverState.CONNECTED.value
    rows = [
        (r.tag_key, r.value, bool(r.quality.flags & QualityFlag.BACK_FILLED)) for r in stage.memory.readings
    ]
    assert rows == [(1, 15.0, True), (2, 1480.0, True), (1, 25.0, False), (2, 1490.0, False)]
    assert stage.memory.latest()[1].source_us == to_microseconds(datetime(2026, 1, 31, 10, 0, 10, tzinfo=UTC))


async def test_the_same_bytes_at_another_time_are_another_measurement(folder: Folder) -> None:
    """ACQ-7: a machine that stands still is recorded all the same; copies of a record are still one."""
    first, second = "pump_20260131_100000.wav", "pump_20260201_100000.wav"
    later = ["copy of pump_20260201_100000.wav", "pump (2).wav", "pump_2026-01-31T10-00-00.wav"]
    async with folder.stage(folder.tag(1, "1", "*pump*.wav", unit="g", **WAVE)):
        for name in (first, second, *later):
            _write_wav(folder.path / name, np.zeros(100), rate_hz=1000)
            await until(lambda done=name: done in folder.names("taken"), within_s=3, what=name)
    assert [content.name for content in folder.book.taken] == [first, second]
    starts = [iso_utc(content.waveforms[0].start_us)[:10] for content in folder.book.taken]
    assert starts == ["2026-01-31", "2026-02-01"]
    assert len({content.digest for content in folder.book.taken}) == 2


async def test_a_table_that_tells_its_times_is_one_whatever_its_name(folder: Folder) -> None:
    """Also one that an earlier version of the program has noted: by its bytes alone."""
    async with folder.stage(folder.tag(1, "level")):
        for name in ("a_20260131_100000.csv", "a_20260201_100000.csv", "a.csv"):
            (folder.path / name).write_text(CSV.format(1, 2), "utf-8")
            await until(lambda done=name: done in folder.names("taken"), within_s=3, what=name)
    (taken,) = folder.book.taken
    assert taken.digest == hashlib.sha256(CSV.format(1, 2).encode()).digest()


async def test_a_table_that_grows_where_it_stays_tells_each_row_once(tmp_path: Path) -> None:
    """A fresh driver tells them again, and they are the same rows: time and sequence are equal."""
    place = tmp_path / "share"
    place.mkdir()
    path, head = place / "log.csv", "time,level\n"
    owner = connection(ConnectionKind.FILES, path=str(place), poll_s=0.05, steady_s=0.1, after="leave")
    folder = Folder(place, Book(), owner)
    lines = [f"2026-01-31T10:00:0{second}Z,{value}\n" for second, value in enumerate((1, 2, 2, 4))]
    path.write_text(head + lines[0], "utf-8")
    async with folder.stage(folder.tag(1, "level")) as stage:
        for count in (1, 2, 3):
            await until(lambda at=count: len(folder.book.taken) == at, within_s=3, what=f"{count} rows")
            path.write_text(head + "".join(lines[: count + 1]), "utf-8")
        await until(lambda: len(folder.book.taken) == 4, within_s=3, what="all rows")
    assert [row.value for row in stage.memory.readings] == [1.0, 2.0, 2.0, 4.0]
    told = {(row.source_us, row.sequence) for row in stage.memory.readings}
    path.write_text(head + "".join(lines) + "2026-01-31T10:00:09Z,5\n", "utf-8")
    async with folder.stage(folder.tag(1, "level")) as again:
        await until(lambda: len(folder.book.taken) == 5, within_s=3, what="grown while we were away")
    assert {(row.source_us, row.sequence) for row in again.memory.readings} > told
    assert len(again.memory.readings) == 5


def test_rows_of_one_second_are_told_apart_in_order(folder: Folder) -> None:
    """A log to the second holds several values of it; a line that was cut when it was read is another row."""
    path, stamp = folder.path / "log.csv", "2026-01-31T10:00:00Z"

    def sequences(*values: str) -> list[int]:
        path.write_text("time,level\n" + "\n".join(f"{stamp},{value}" for value in values), "utf-8")
        told = read_values(path, [folder.tag(1, "level")], zone=UTC, now_us=2**60, modified_us=0).readings
        return told.sequence.tolist()

    cut, whole = sequences("1", "2", "1", "1"), sequences("1", "2", "1", "17")
    assert cut == sorted(set(cut))
    assert whole[:3] == cut[:3]
    assert whole[3] != cut[3]


async def test_a_late_file_overwrites_nothing_newer(folder: Folder) -> None:
    """ACQ-7: an old file fills history; what is known of now stays."""
    tags = [folder.tag(1, "level"), folder.tag(2, "rpm")]
    async with folder.stage(*tags) as stage:
        (folder.path / "new.csv").write_text(CSV.format(1, 2), "utf-8")
        await until(lambda: len(folder.book.taken) == 1, within_s=3, what="the new one")
        (folder.path / "old.csv").write_text(CSV.format(99, 99).replace("2026", "2025"), "utf-8")
        await until(lambda: len(folder.book.taken) == 2, within_s=3, what="the old one")
    late = [r for r in stage.memory.readings if r.value == 99]
    assert len(late) == 2
    assert all(r.quality.flags & QualityFlag.BACK_FILLED for r in late)


async def test_waveforms_come_from_wav_npz_and_csv_by_pattern_and_name(folder: Folder) -> None:
    tags = [
        folder.tag(1, "1", "pump_*.wav", unit="g", scaling=Scaling(5.0), **WAVE),
        folder.tag(2, "x", "*.npz", unit="g", **WAVE),
        folder.tag(3, "a", "*.csv", unit="g", **WAVE),
    ]
    _write_wav(folder.path / "pump_20260131_100000.wav", np.full(100, 0.5), rate_hz=1000)
    _write_wav(folder.path / "fan_20260131_100000.wav", np.zeros(100), rate_hz=1000)
    np.savez(folder.path / "2026-01-31T11-00-00.npz", x=np.ones(64, dtype=np.float32), fs=2000.0)
    stamps = [f"2026-01-31T12:00:00.{n:02d}0Z,{n}" for n in range(20)]
    (folder.path / "even.csv").write_text("t,a\n" + "\n".join(stamps), "utf-8")
    async with folder.stage(*tags) as stage:
        await until(lambda: len(folder.book.taken) == 3, within_s=3, what="three files")
        await until(lambda: folder.names("rejected") != [], within_s=3, what="nobody asked for the fan")
    waves = {w.tag_key: w for content in folder.book.taken for w in content.waveforms}
    assert waves[1].samples == pytest.approx(np.full(100, 2.5))
    assert [iso_utc(waves[key].start_us)[11:19] for key in (1, 2, 3)] == ["10:00:00", "11:00:00", "12:00:00"]
    assert [waves[key].sampling_rate_hz for key in (1, 2, 3)] == [1000, 2000, pytest.approx(100)]
    assert {r.tag_key for r in stage.memory.readings} == {1, 2, 3}, "a row carries age and quality of each"


async def test_a_bad_file_goes_aside_once_with_its_reason_and_stops_nobody(folder: Folder) -> None:
    (folder.path / "bad.csv").write_text("time,level\n2026-01-31T10:00:00Z,abc\n", "utf-8")
    (folder.path / "cut.wav").write_bytes(b"RIFF\x00\x00")
    (folder.path / "ahead.csv").write_text(CSV.format(1, 2).replace("2026", "2099"), "utf-8")
    (folder.path / "good.csv").write_text(CSV.format(1, 2), "utf-8")
    (folder.path / "note.txt").write_text("not for us", "utf-8")
    async with folder.stage(folder.tag(1, "level")) as stage:
        await until(lambda: len(folder.book.taken) == 1, within_s=3, what="the good one")
        await until(lambda: len(folder.names("rejected")) == 6, within_s=4, what="the bad ones with reasons")
        drops = stage.supervisor.statuses()[0].drops
    assert drops["file_rejected"] == 3
    assert "row 2, column 'level'" in (folder.path / "rejected" / "bad.csv.txt").read_text("utf-8")
    assert "future" in (folder.path / "rejected" / "ahead.csv.txt").read_text("utf-8")
    assert folder.names() == ["note.txt"]
    assert folder.book.rejected == [], "moving says it all"


async def test_where_nothing_can_be_moved_the_book_remembers(tmp_path: Path) -> None:
    """A read-only share: files stay, each is taken or rejected once, also by a fresh driver."""
    place = tmp_path / "share"
    place.mkdir()
    (place / "good.csv").write_text(CSV.format(1, 2), "utf-8")
    (place / "bad.csv").write_text("x", "utf-8")
    owner = connection(ConnectionKind.FILES, path=str(place), poll_s=0.05, steady_s=0.1, after="leave")
    folder = Folder(place, Book(), owner)
    for _ in range(2):
        async with folder.stage(folder.tag(1, "level")) as stage:
            await until(lambda: bool(folder.book.taken and folder.book.rejected), within_s=3, what="both")
            await until(lambda: all(each.is_done for each in _seen(stage)), within_s=3, what="all looked at")
    assert (len(folder.book.taken), len(folder.book.rejected)) == (1, 1)
    assert folder.names() == ["bad.csv", "good.csv"]


async def test_a_file_is_left_alone_while_it_grows(folder: Folder) -> None:
    path = folder.path / "slow.csv"
    with path.open("w", encoding="utf-8") as file:
        async with folder.stage(folder.tag(1, "level")) as stage:
            file.write("time,level\n")
            for number in range(12):
                file.write(f"2026-01-31T10:00:{number:02d}Z,{number}\n")
                file.flush()
                os.fsync(file.fileno())
                await until(_passed(0.05), within_s=1, what="a moment")
                assert not folder.book.taken
            file.close()
            await until(lambda: len(folder.book.taken) == 1, within_s=3, what="complete")
    assert len(stage.memory.readings) == 12


async def test_a_file_waits_while_storage_is_away(folder: Folder) -> None:
    """NEW-30: not durable means not taken; the file stays where it is."""
    folder.book.is_away = True
    (folder.path / "shift.csv").write_text(CSV.format(1, 2), "utf-8")
    async with folder.stage(folder.tag(1, "level")) as stage:
        await until(
            lambda: stage.supervisor.statuses()[0].drops.get("file_waits_for_storage", 0) >= 2,
            within_s=3,
            what="tried again",
        )
        assert folder.names() == ["shift.csv"]
        folder.book.is_away = False
        await until(lambda: folder.names("taken") == ["shift.csv"], within_s=3, what="taken in the end")


async def test_a_vanished_folder_is_a_lost_link_that_comes_back(folder: Folder) -> None:
    async with folder.stage(folder.tag(1, "level")) as stage:
        await until(lambda: _state(stage) == DriverState.CONNECTED.value, within_s=3, what="connected")
        away = folder.path.with_name("away")
        folder.path.rename(away)
        await until(lambda: _state(stage) == DriverState.DISCONNECTED.value, within_s=3, what="lost")
        assert stage.memory.quality(1).cause is QualityCause.COMMUNICATION_LOST
        away.rename(folder.path)
        (folder.path / "shift.csv").write_text(CSV.format(1, 2), "utf-8")
        await until(lambda: stage.memory.is_good(1), within_s=6, what="a value again")


async def test_browsing_shows_files_and_channels_for_all_of_their_kind(folder: Folder) -> None:
    _write_wav(folder.path / "pump2_20260131_100000.wav", np.zeros(10), rate_hz=1000)
    (folder.path / "levels.csv").write_text(CSV.format(1, 2), "utf-8")
    driver = files_entry(folder.book).create(folder.owner, RealClock())
    await driver.connect()
    assert isinstance(driver, FilesDriver)
    assert [item.name for item in await driver.browse()] == ["levels.csv", "pump2_20260131_100000.wav"]
    (channel,) = await driver.browse("pump2_20260131_100000.wav")
    assert channel.address == {"channel": "1", "file": "pump2_*.wav"}
    assert (channel.is_array, channel.sampling_rate_hz) == (True, 1000.0)
    assert [item.name for item in await driver.browse("levels.csv")] == ["level", "rpm"]
    with pytest.raises(ConfigurationError, match=r"gone\.csv"):
        await driver.browse("gone.csv")
    await driver.close()


async def test_a_column_of_samples_is_offered_as_a_waveform_with_its_rate(folder: Folder) -> None:
    """Slow columns stay values; times to the microsecond make no odd rate of 25,600 Hz."""
    fast = [f"{n / 25_600:.6f},{n % 7},1" for n in range(2000)]
    (folder.path / "PumpA_0001.csv").write_text("time,acc,key\n" + "\n".join(fast), "utf-8")
    slow = [f"2026-01-31T12:{minute:02d}:00Z,{minute}" for minute in range(20)]
    (folder.path / "shift.csv").write_text("time,level\n" + "\n".join(slow), "utf-8")
    driver = files_entry(folder.book).create(folder.owner, RealClock())
    await driver.connect()
    assert isinstance(driver, FilesDriver)
    acc, _ = await driver.browse("PumpA_0001.csv")
    assert (acc.is_array, acc.sampling_rate_hz, acc.value) == (True, 25_600.0, "")
    (level,) = await driver.browse("shift.csv")
    assert (level.is_array, level.value) == (False, "19.0")
    await driver.close()


async def test_samples_that_count_seconds_begin_when_their_file_says(folder: Folder) -> None:
    """A table of samples has no dates; single values without a date are refused as before."""
    rows = "time,acc\n" + "\n".join(f"{n / 1000:.3f},{n}" for n in range(50))
    (folder.path / "PumpA_20260131_100000.csv").write_text(rows, "utf-8")
    async with folder.stage(folder.tag(1, "acc", "PumpA_*.csv", unit="g", **WAVE)):
        await until(lambda: len(folder.book.taken) == 1, within_s=3, what="taken")
    (taken,) = folder.book.taken[0].waveforms
    assert (iso_utc(taken.start_us)[11:19], len(taken.samples)) == ("10:00:00", 50)
    (folder.path / "PumpB_20260131_100000.csv").write_text(rows.replace("time", "t"), "utf-8")
    async with folder.stage(folder.tag(2, "acc", "PumpB_*.csv")):
        await until(lambda: len(folder.names("rejected")) == 2, within_s=3, what="refused")


def test_times_in_names() -> None:
    moment = to_microseconds(datetime(2026, 1, 31, 14, 25, 9, tzinfo=UTC))
    for name in ("P1_20260131_142509.wav", "2026-01-31 14-25-09.npz", "2026-01-31T14:25:09_x.uff"):
        assert time_in_name(name, UTC) == moment
    for name in ("pump.wav", "20261331_142509.wav", "1234567.wav"):
        assert time_in_name(name, UTC) is None


def _state(stage: Stage) -> str:
    return stage.supervisor.statuses()[0].state


def _seen(stage: Stage) -> Iterator[object]:
    driver = stage.supervisor._supervisors[0]._driver
    return iter([] if driver is None else driver._seen.values())


def _passed(seconds: float):
    begin_s = time.monotonic()
    return lambda: time.monotonic() - begin_s > seconds


def _write_wav(path: Path, samples: np.ndarray, *, rate_hz: int) -> None:
    body = (samples * 32768).clip(-32768, 32767).astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, 1, rate_hz,
                       2 * rate_hz, 2, 16, b"data", len(body))  # fmt: skip
    path.write_bytes(head + body)


async def test_a_share_that_hangs_is_told_and_costs_one_thread_however_long(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F15 for folders: no look is begun behind one that hangs. Only the system's call is played."""
    monkeypatch.setattr("acquisition.drivers.files.driver._LOOK_LIMIT_S", 0.3)
    is_back, scandir, looks, before = threading.Event(), os.scandir, [0], threading.enumerate()
    is_back.set()

    def look(place: Path) -> object:
        looks[0] += 1
        is_back.wait()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", look)
    async with folder.stage(folder.tag(1, "level")) as stage:
        status = lambda: stage.supervisor.statuses()[0]  # noqa: E731 -- shorter where it is read
        await until(lambda: status().state == DriverState.CONNECTED.value, within_s=5, what="connected")
        is_back.clear()
        try:
            silent = DriverState.NOT_ANSWERING.value
            await until(lambda: status().state == silent, within_s=5, what="told")
            assert status().message_key == "device_not_ready"
            mark = looks[0]
            await until(lambda: status().next_try_s is not None, within_s=5, what="a first try is over")
            await until(lambda: status().next_try_s is None, within_s=5, what="another")
            await until(lambda: status().next_try_s is not None, within_s=5, what="and over")
            assert looks[0] == mark
            begun = [each.name for each in threading.enumerate() if each not in before]
            assert begun.count(folder.owner.name) == 1
        finally:
            is_back.set()
        (folder.path / "shift.csv").write_text(CSV.format("1.5", "2.5"), "utf-8")
        await until(lambda: len(folder.book.taken) == 1, within_s=8, what="taken when the share is back")
