"""The historian from the pending second to the trend, on real files."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from domain.errors import StorageError
from domain.plant.quality import BAD_COMMUNICATION_LOST, UNCERTAIN_FROZEN, QualityCause
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.tags import TagDtype
from domain.ports import HistoryReader, HistoryWriter
from storage.data_folder import DataFolder, prepare_data_folder
from storage.history.file import HistoryFile
from storage.history.historian import Historian, RetentionPolicy
from storage.history.reader import StoredHistory
from tests.storage.stored_plant import StillClock

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
T0 = 1_760_000_400_000_000 // DAY * DAY
TYPES = {1: TagDtype.FLOAT32, 2: TagDtype.INT64}


class Recorder:
    """Writes seconds of tags 1..n and remembers what it wrote."""

    def __init__(self, folder: DataFolder, clock: StillClock) -> None:
        self.folder, self.clock = folder, clock
        self.writer = Historian(HistoryFile(folder), clock=clock, dtypes=TYPES)
        self.reader = StoredHistory(HistoryFile(folder), dtypes=TYPES)

    def seconds(self, first: int, count: int, *, tags: int = 3, quality: int = 0) -> None:
        keys = np.arange(1, tags + 1, dtype=np.int32)
        for second in range(first, first + count):
            at = T0 + second * SECOND
            self.clock.now = at + 10_000
            self.writer.append(_second(keys, second, at, quality))
            self.writer.commit()

    def compact_at(self, second: int) -> int:
        self.clock.now = T0 + second * SECOND
        return self.writer.compact(now_us=self.clock.now)

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


def _second(keys: np.ndarray, second: int, at: int, quality: int = 0) -> ReadingBatch:
    values = np.where(keys == 2, second * 7.0, np.sin(second / 50.0) + keys)
    return reading_batch(keys, values, quality=quality, source_us=at, receive_us=at + 2000, sequence=second)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(prepare_data_folder(tmp_path / "data"), StillClock(T0))
    yield made
    made.close()


def test_the_ports_are_kept(recorder: Recorder) -> None:
    writer: HistoryWriter = recorder.writer
    reader: HistoryReader = recorder.reader
    assert writer.commit().samples == 0
    assert len(reader.series(1, start_us=0, end_us=T0).value) == 0


@pytest.mark.parametrize("compacted_at", [None, 1000, 3700, 2 * 86400])
def test_every_sample_is_read_back_equal_at_each_stage(recorder: Recorder, compacted_at: int | None) -> None:
    """Tail, parts, chunks and days give the same rows: equal in the declared type."""
    recorder.seconds(0, 1000)
    if compacted_at is not None:
        recorder.compact_at(compacted_at)
    seconds = np.arange(1000)
    expected = {
        1: (np.sin(seconds / 50.0) + 1).astype(np.float32).astype(np.float64),
        2: seconds * 7.0,
        3: np.sin(seconds / 50.0) + 3,
    }
    for tag_key, values in expected.items():
        series = recorder.reader.series(tag_key, start_us=T0, end_us=T0 + DAY)
        np.testing.assert_array_equal(series.value, values)
        np.testing.assert_array_equal(series.time_us, T0 + seconds * SECOND)
        assert set(series.quality.tolist()) == {0}
    window = recorder.reader.series(1, start_us=T0 + 10 * SECOND, end_us=T0 + 20 * SECOND)
    assert window.time_us.tolist() == [T0 + s * SECOND for s in range(10, 20)]


def test_late_and_repeated_rows_go_to_their_hour_once(recorder: Recorder) -> None:
    """Back-filled rows join an hour that was finished; (tag, time, sequence) comes once."""
    recorder.seconds(0, 100)
    recorder.seconds(200, 100)
    recorder.compact_at(2 * 3600)
    assert [g.cause for g in recorder.reader.trend(1, start_us=T0, end_us=T0 + HOUR, columns=50).gaps] == [0]
    recorder.seconds(90, 110)
    recorder.compact_at(3 * 3600)
    series = recorder.reader.series(1, start_us=T0, end_us=T0 + DAY)
    np.testing.assert_array_equal(series.time_us, T0 + np.arange(300) * SECOND)
    assert recorder.reader.trend(1, start_us=T0, end_us=T0 + HOUR, columns=50).gaps == ()
    trend = recorder.reader.trend(1, start_us=T0, end_us=T0 + DAY, columns=24)
    assert int(trend.count.sum()) == 300


def test_equal_times_with_other_sequences_are_kept(recorder: Recorder) -> None:
    """F59: a clock set back two seconds overwrites nothing; order is by time, then sequence."""
    for sequence, second in enumerate([0, 1, 2, 1, 2, 3]):
        at = T0 + second * SECOND
        recorder.writer.append(
            reading_batch([1], [float(sequence)], quality=0, source_us=at, receive_us=at, sequence=sequence)
        )
    recorder.writer.commit()
    before = recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value.tolist()
    recorder.compact_at(7200)
    assert (
        recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value.tolist() == before == [0, 1, 3, 2, 4, 5]
    )


@pytest.mark.parametrize("compacted", [False, True])
def test_gaps_carry_their_cause(recorder: Recorder, compacted: bool) -> None:
    recorder.seconds(0, 100)
    recorder.seconds(100, 20, quality=BAD_COMMUNICATION_LOST)
    recorder.seconds(120, 80)
    recorder.seconds(400, 100)
    if compacted:
        recorder.compact_at(7200)
    trend = recorder.reader.trend(1, start_us=T0, end_us=T0 + 500 * SECOND, columns=500)
    found = [((g.start_us - T0) // SECOND, (g.end_us - T0) // SECOND, g.cause) for g in trend.gaps]
    assert found == [(100, 120, int(QualityCause.COMMUNICATION_LOST)), (199, 400, 0)]
    assert len(trend.time_us) == 280


@pytest.mark.parametrize("tag_key", [1, 2, 3])
def test_trends_of_all_levels_tell_the_same_extremes(recorder: Recorder, tag_key: int) -> None:
    """Minimum, maximum, mean and count agree between raw rows, 60 s and 3600 s levels and the tail."""
    recorder.seconds(0, 3000)
    recorder.compact_at(2 * 3600)
    recorder.seconds(7200, 600)
    raw = recorder.reader.series(tag_key, start_us=T0, end_us=T0 + DAY).value
    for columns, level in ((86400, 0), (1000, 60), (24, 3600)):
        trend = recorder.reader.trend(tag_key, start_us=T0, end_us=T0 + DAY, columns=columns)
        assert trend.level_s == level
        assert int(trend.count.sum()) == 3600
        assert (trend.minimum.min(), trend.maximum.max()) == (raw.min(), raw.max())
        mean = float((trend.mean * trend.count).sum() / trend.count.sum())
        assert mean == pytest.approx(raw.mean(), rel=1e-6)


def test_a_revision_splits_the_chunk(recorder: Recorder) -> None:
    for second in range(60):
        at = T0 + second * SECOND
        recorder.writer.append(_second(np.array([1, 2], np.int32), second, at), revision=1 + second // 30)
    recorder.writer.commit()
    recorder.compact_at(7200)
    series = recorder.reader.series(1, start_us=T0, end_us=T0 + DAY)
    assert series.revision.tolist() == [1] * 30 + [2] * 30


@pytest.mark.parametrize(
    "values",
    [
        [np.nan] * 5,
        [np.inf, -np.inf, 1.0, 2.0, np.nan],
        [1e308, 1e308, -1e308, 5e-324, -0.0],
        [4.0] * 5,
        [7.0],
    ],
)
def test_odd_numbers_break_nothing(recorder: Recorder, values: list[float]) -> None:
    """F63: stored, reduced and read back as they came, for every declared type."""
    count = len(values)
    for tag_key in (1, 2, 3):
        at = T0 + np.arange(count) * SECOND
        recorder.writer.append(
            reading_batch(
                [tag_key] * count, values, quality=0, source_us=at, receive_us=at, sequence=np.arange(count)
            )
        )
    recorder.writer.commit()
    for stage in ("tail", "chunk"):
        assert stage
        for tag_key in (2, 3):
            series = recorder.reader.series(tag_key, start_us=T0, end_us=T0 + DAY)
            np.testing.assert_array_equal(series.value, values)
        for columns in (10000, 100, 5):
            recorder.reader.trend(1, start_us=T0, end_us=T0 + DAY, columns=columns)
        recorder.reader.last_values([1, 2, 3])
        recorder.compact_at(7200)


def test_last_values_come_from_tail_and_chunks(recorder: Recorder) -> None:
    recorder.seconds(0, 50)
    recorder.compact_at(7200)
    recorder.seconds(7300, 1, tags=1)
    last = recorder.reader.last_values([1, 2, 99])
    assert last.source_us.tolist() == [T0 + 7300 * SECOND, T0 + 49 * SECOND, 0]
    assert last.value[1] == 343.0
    assert np.isnan(last.value[2])


def test_a_past_joins_the_present_without_a_step(recorder: Recorder) -> None:
    """Thirty days at a value a minute go straight to chunks and levels; live seconds follow."""
    time_us = T0 - 30 * DAY + np.arange(43200, dtype=np.int64) * 60 * SECOND
    recorder.writer.write_past(1, time_us=time_us, value=np.arange(43200.0), quality=1 << 9)
    recorder.seconds(0, 60)
    month = recorder.reader.trend(1, start_us=T0 - 30 * DAY, end_us=T0 + HOUR, columns=2000)
    assert int(month.count.sum()) == 43260
    assert month.level_s == 60
    assert month.gaps == ()
    year = recorder.reader.trend(1, start_us=T0 - 365 * DAY, end_us=T0 + HOUR, columns=1000)
    assert (year.level_s, int(year.count.sum())) == (3600, 43260)
    recorder.compact_at(2 * 86400)
    assert (
        int(recorder.reader.trend(1, start_us=T0 - 30 * DAY, end_us=T0 + HOUR, columns=2000).count.sum())
        == 43260
    )


def test_a_frozen_hour_still_shows_in_a_year(recorder: Recorder) -> None:
    """NEW-14: a frozen value looks different on every plot, however much of it is shown."""
    time_us = T0 + np.arange(3 * 3600, dtype=np.int64) * SECOND
    quality = np.where((time_us >= T0 + HOUR) & (time_us < T0 + 2 * HOUR), UNCERTAIN_FROZEN, 0)
    value = np.arange(len(time_us), dtype=float)
    recorder.writer.write_past(1, time_us=time_us, value=value, quality=quality.astype(np.uint16))
    for columns, level_s in ((180, 60), (3, 3600)):
        trend = recorder.reader.trend(1, start_us=T0, end_us=T0 + 3 * HOUR, columns=columns)
        assert trend.level_s == level_s
        is_inside = (trend.time_us >= T0 + HOUR) & (trend.time_us < T0 + 2 * HOUR)
        assert set(trend.quality[is_inside].tolist()) == {UNCERTAIN_FROZEN}
        assert set(trend.quality[~is_inside].tolist()) == {0}


def test_a_past_over_stored_rows_is_merged(recorder: Recorder) -> None:
    recorder.seconds(0, 60)
    recorder.compact_at(2 * 86400)
    again = T0 + np.arange(30, 90, dtype=np.int64) * SECOND
    recorder.writer.write_past(3, time_us=again, value=np.zeros(60), quality=0)
    assert len(set(recorder.reader.series(3, start_us=T0, end_us=T0 + DAY).time_us.tolist())) == 90


def test_a_bounded_compaction_goes_on_where_it_stopped(recorder: Recorder) -> None:
    recorder.seconds(0, 100)
    recorder.clock.now = T0 + 7200 * SECOND
    written = [recorder.writer.compact(now_us=recorder.clock.now, most_hours=1) for _ in range(4)]
    assert written == [1, 1, 1, 0]
    assert len(recorder.reader.series(3, start_us=T0, end_us=T0 + DAY).value) == 100


def test_a_reader_follows_through_folds_and_restarts(recorder: Recorder) -> None:
    """Numbers of tail rows are never used again, so that no reader mistakes new rows for known ones."""
    total = 0
    for start in (0, 700, 1400):
        recorder.seconds(start, 10)
        total += 10
        assert len(recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value) == total
        recorder.compact_at(start + 650)
        recorder.writer.close()
        recorder.writer = Historian(HistoryFile(recorder.folder), clock=recorder.clock, dtypes=TYPES)
        assert len(recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value) == total


def test_retention_keeps_the_levels(recorder: Recorder) -> None:
    recorder.seconds(0, 600)
    recorder.compact_at(2 * 86400)
    recorder.writer._retention = RetentionPolicy(raw_days=1, minute_days=None)
    assert recorder.writer.prune(now_us=recorder.clock.now) == 3
    assert len(recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value) == 0
    assert (
        int(recorder.reader.trend(1, start_us=T0, end_us=T0 + 600 * SECOND, columns=600).count.sum()) == 600
    )


@pytest.mark.parametrize("jump_us", [-2 * HOUR, 2 * HOUR, -3650 * DAY, DAY])
def test_nothing_is_pruned_on_a_jumped_clock(tmp_path: Path, jump_us: int) -> None:
    """F58: a jump of over an hour stops retention until somebody confirms the time."""

    class JumpingClock(StillClock):
        def monotonic_s(self) -> float:
            return 5.0

    clock = JumpingClock(T0)
    writer = Historian(
        HistoryFile(prepare_data_folder(tmp_path)), clock=clock, retention=RetentionPolicy(raw_days=0.01)
    )
    writer.write_past(1, time_us=np.array([T0 - DAY]), value=np.array([1.0]), quality=0)
    clock.now += jump_us
    with pytest.raises(StorageError, match="confirms the time"):
        writer.prune(now_us=clock.now)
    writer.confirm_clock()
    writer.prune(now_us=clock.now)
    writer.close()


def test_a_full_disk_keeps_the_second_pending(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """F37: the commit fails cleanly, reading goes on, the same samples are stored once there is space."""
    recorder.seconds(0, 10)
    pages = recorder.writer._connection.execute("PRAGMA page_count").fetchone()[0]
    recorder.writer._connection.execute(f"PRAGMA max_page_count={pages}")
    keys = np.arange(1, 3001, dtype=np.int32)
    recorder.writer.append(_second(keys, 10, T0 + 10 * SECOND))
    with pytest.raises(StorageError) as told:
        recorder.writer.commit()
    assert told.value.key == "disk_full"
    assert recorder.writer.pending == 3000
    assert len(recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value) == 10
    recorder.writer._connection.execute("PRAGMA max_page_count=1000000")
    assert recorder.writer.commit().samples == 3000
    assert len(recorder.reader.series(1, start_us=T0, end_us=T0 + DAY).value) == 11


@pytest.mark.parametrize("damage", ["empty", "foreign", "garbage", "missing"])
def test_a_damaged_history_is_set_aside_and_told(recorder: Recorder, damage: str) -> None:
    recorder.seconds(0, 10)
    recorder.close()
    path = recorder.folder.history_db
    if damage == "garbage":
        path.write_bytes(b"x" * 8192)
    else:
        path.unlink()
        if damage == "empty":
            path.touch()
        if damage == "foreign":
            other = sqlite3.connect(path)
            other.execute("CREATE TABLE t (a)")
            other.close()
    reopened = Historian(HistoryFile(recorder.folder), clock=recorder.clock)
    assert damage in reopened.opening.problem or damage == "garbage"
    assert bool(reopened.opening.set_aside) == (damage != "missing")
    reopened.close()


def test_a_flipped_bit_in_a_chunk_is_a_gap_and_not_a_value(recorder: Recorder) -> None:
    recorder.seconds(0, 100)
    recorder.compact_at(7200)
    raw = sqlite3.connect(recorder.folder.history_db)
    body = bytearray(raw.execute("SELECT value_body FROM chunk WHERE tag_key = 1").fetchone()[0])
    body[len(body) // 2] ^= 4
    raw.execute("UPDATE chunk SET value_body = ? WHERE tag_key = 1", (bytes(body),))
    raw.commit()
    raw.close()
    trend = recorder.reader.trend(1, start_us=T0, end_us=T0 + 100 * SECOND, columns=100)
    assert len(trend.time_us) == 0
    assert [gap.cause for gap in trend.gaps] == [int(QualityCause.DECODE)]
    assert len(recorder.reader.series(2, start_us=T0, end_us=T0 + DAY).value) == 100


def test_a_damaged_level_is_made_good_from_the_raw_rows(recorder: Recorder) -> None:
    recorder.seconds(0, 600)
    recorder.compact_at(2 * 3600)
    raw = sqlite3.connect(recorder.folder.history_db)
    raw.execute("UPDATE level SET body = substr(body, 1, length(body) - 3) WHERE tag_key = 1")
    raw.commit()
    raw.close()
    trend = recorder.reader.trend(1, start_us=T0, end_us=T0 + DAY, columns=100)
    assert (trend.level_s, int(trend.count.sum())) == (0, 600)
    recorder.compact_at(2 * 86400)
    assert int(recorder.reader.trend(2, start_us=T0, end_us=T0 + DAY, columns=100).count.sum()) == 600


_WRITER = """
import sys
from pathlib import Path
from storage.data_folder import prepare_data_folder
from storage.history.historian import Historian
from storage.history.file import HistoryFile
from domain.plant.readings import reading_batch
from tests.storage.stored_plant import StillClock
from tests.storage.test_history import T0, SECOND
clock = StillClock(T0)
writer = Historian(HistoryFile(prepare_data_folder(Path(sys.argv[1]))), clock=clock)
for second in range(10**6):
    at = T0 + second * SECOND
    clock.now = at
    both = [second, second]
    writer.append(reading_batch([1, 2], both, quality=0, source_us=at, receive_us=at, sequence=second))
    writer.commit()
    print(second, flush=True)
    writer.compact(now_us=at)
"""


def _lost(acknowledged: int, folder: DataFolder) -> list[int]:
    """Return the acknowledged seconds that are not stored: the check of a kill."""
    reader = StoredHistory(HistoryFile(folder))
    lost: set[int] = set()
    for tag_key in (1, 2):
        stored = set(reader.series(tag_key, start_us=T0, end_us=T0 + 365 * DAY).value.astype(int).tolist())
        lost |= set(range(acknowledged + 1)) - stored
    reader.close()
    return sorted(lost)


def test_kill_9_of_the_writer_loses_nothing_committed(tmp_path: Path) -> None:
    """F33, T-01: acknowledged rows are there after kill -9; a planted loss is found by the same check."""
    folder = prepare_data_folder(tmp_path / "data")
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder.root)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert child.stdout is not None
    acknowledged = -1
    for line in child.stdout:
        acknowledged = int(line)
        if acknowledged >= 1500:
            break
    child.kill()
    child.wait()
    child.stdout.close()
    assert _lost(acknowledged, folder) == []
    writer = Historian(HistoryFile(folder), clock=StillClock(T0))
    writer.compact(now_us=T0 + 10 * DAY)
    assert _lost(acknowledged, folder) == []
    writer._connection.execute("DELETE FROM chunk WHERE tag_key = 2")
    writer.close()
    assert len(_lost(acknowledged, folder)) > 1000


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_of_an_earlier_version_is_brought_up_and_found_by_its_indices(
    tmp_path: Path, version: int
) -> None:
    """F48: finding what is still open must not walk the years; a missing index costs no row."""
    folder = prepare_data_folder(tmp_path / "data")
    made = Recorder(folder, StillClock(T0))
    made.seconds(0, 100)
    made.close()
    with sqlite3.connect(folder.history_db) as raw:
        raw.execute("DROP TABLE raw_status")
        if version < 3:
            raw.execute("DROP INDEX ix_chunk_open")
        if version < 2:
            raw.execute("DROP TABLE text")
        raw.execute(f"PRAGMA user_version={version}")
    raw.close()
    again = Recorder(folder, StillClock(T0 + HOUR))
    assert len(again.reader.series(1, start_us=T0, end_us=T0 + HOUR).value) == 100
    plan = again.reader._connection.execute(
        "EXPLAIN QUERY PLAN SELECT id FROM chunk WHERE is_part = 1 AND tag_key = 1"
    ).fetchall()
    assert "ix_chunk_open" in plan[0][3]
    plan = again.reader._connection.execute(
        "EXPLAIN QUERY PLAN SELECT tag_key, first_us FROM chunk WHERE is_part = 1 AND first_us < 5"
    ).fetchall()
    assert "ix_chunk_part" in plan[0][3]
    assert again.reader.texts([1]) == {}
    assert again.reader.raw_statuses(1, start_us=0, end_us=2**62) == ()
    again.close()
