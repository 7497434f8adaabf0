"""History and alarm commits against raw SQLite, zstd and a raw read, measured in the same run.

Data as in the guide: 30 % steps, 50 % slow walk at 0.01 resolution, 20 % float noise; float32, 1 Hz.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import zstandard

from domain.condition.alarms import AlarmEvent, AlarmRule, Priority, step
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch
from domain.plant.tags import TagDtype
from domain.roles import Actor, Role
from storage.data_folder import DataFolder, prepare_data_folder
from storage.history.file import HistoryFile
from storage.history.historian import Historian
from storage.history.reader import StoredHistory
from storage.store import Store, open_store
from tests.benchmarks._figures import tell

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
T0 = 1_760_000_400_000_000 // DAY * DAY


class _Hands:
    """A clock that the run moves."""

    now = T0

    def now_us(self) -> int:
        return self.now

    def monotonic_s(self) -> float:
        return self.now / SECOND


def main(arguments: list[str]) -> int:
    """Run all figures in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="jidoka-bench-") as place:
        root = Path(place)
        _ingest(root / "ingest")
        _trends(root / "trends")
        _past(root / "past")
        _alarms(root / "alarms")
    return 0


def signals(tags: int, count: int, *, seed: int = 1) -> np.ndarray:
    """Return (count, tags) float64 values that fit float32."""
    random = np.random.default_rng(seed)
    values = np.empty((count, tags))
    for tag in range(tags):
        kind = tag % 10
        if kind < 3:
            values[:, tag] = np.repeat(random.integers(0, 6, count // 300 + 1), 300)[:count]
        elif kind < 8:
            values[:, tag] = np.round(np.cumsum(random.normal(0, 0.01, count)) + 50, 2)
        else:
            values[:, tag] = random.normal(0, 1, count)
    return values.astype(np.float32).astype(np.float64)


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _median_ms(work: Callable[[], object], *, times: int = 25) -> float:
    work()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken)) * 1e3


def _writer(folder: DataFolder, clock: _Hands, tags: int) -> Historian:
    return Historian(
        HistoryFile(folder), clock=clock, dtypes=dict.fromkeys(range(1, tags + 1), TagDtype.FLOAT32)
    )


def _record(writer: Historian, clock: _Hands, values: np.ndarray) -> float:
    """Write one second a row and return the CPU seconds of append and commit."""
    keys = np.arange(1, values.shape[1] + 1, dtype=np.int32)
    quality = np.zeros(len(keys), np.uint16)
    spent = 0.0
    for second, row in enumerate(values):
        at = T0 + second * SECOND
        clock.now = at + 5000
        times = np.full(len(keys), at)
        batch = ReadingBatch(keys, row, quality, times, times + 3000, np.full(len(keys), second))
        begun = time.process_time()
        writer.append(batch)
        writer.commit()
        spent += time.process_time() - begun
    return spent


def _ingest(root: Path, *, tags: int = 1000, seconds: int = 3600) -> None:
    folder, clock, values = prepare_data_folder(root), _Hands(), signals(tags, seconds)
    writer = _writer(folder, clock, tags)
    tail = _record(writer, clock, values)
    clock.now = T0 + 3 * HOUR
    chunks = _cpu(lambda: writer.compact(now_us=clock.now))
    raw = _raw_blobs(root / "raw.db", values)
    count = tags * seconds / 1e6
    name = "raw sqlite3 insert of the float32 row"
    tell(
        "tail ingest, 1000 tags a commit", count / tail, "Msamples/CPU s", limit=count / raw, limit_name=name
    )
    compressor = zstandard.ZstdCompressor(level=3)
    packed = [np.ascontiguousarray(values[:, tag].astype("<f4")) for tag in range(tags)]
    shuffled = [column.view(np.uint8).reshape(-1, 4).T.tobytes() for column in packed]
    squeeze = _cpu(lambda: [compressor.compress(column) for column in shuffled])
    name = "zstd 3 of the shuffled float32 columns"
    tell("compaction of one hour", count / chunks, "Msamples/CPU s", limit=count / squeeze, limit_name=name)
    both = count / (tail + chunks)
    tell(
        "ingest with compaction", both, "Msamples/CPU s", limit=count / (raw + squeeze), limit_name="both raw"
    )
    size = sum(len(compressor.compress(column)) for column in shuffled) / (tags * seconds)
    tell(
        "bytes a sample, chunks",
        _stored(folder, "chunk") / (tags * seconds),
        "bytes",
        limit=size,
        limit_name=name,
    )
    tell(
        "bytes a sample, 60 s level",
        _stored(folder, "level") / (tags * seconds),
        "bytes",
        limit=size,
        limit_name=name,
    )
    writer.close()


def _stored(folder: DataFolder, table: str) -> int:
    """Return the bytes of a table's rows: bodies and about eight bytes a number."""
    columns = {"chunk": "value_body quality_body time_body sequence_body".split(), "level": ["body"]}[table]
    total = " + ".join(f"coalesce(length({column}), 0)" for column in columns)
    numbers = {"chunk": 100, "level": 40}[table]
    with sqlite3.connect(folder.history_db) as connection:
        return int(connection.execute(f"SELECT sum({total} + {numbers}) FROM {table}").fetchone()[0])


def _raw_blobs(path: Path, values: np.ndarray) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE tail (id INTEGER PRIMARY KEY, body BLOB)")
    rows = [row.astype("<f4").tobytes() for row in values]
    spent = _cpu(lambda: [connection.execute("INSERT INTO tail (body) VALUES (?)", (row,)) for row in rows])
    connection.close()
    return spent


def _trends(root: Path) -> None:
    """One tag of 30 days at 1 Hz, and an hour of tail of 300 tags."""
    folder, clock = prepare_data_folder(root), _Hands()
    writer = _writer(folder, clock, 300)
    days = signals(10, 86400)
    for day in range(30):
        time_us = T0 - (30 - day) * DAY + np.arange(86400, dtype=np.int64) * SECOND
        writer.write_past(5, time_us=time_us, value=days[:, 4], quality=0)
    reader = StoredHistory(HistoryFile(folder))
    _trend(reader, folder, "trend 1 day of 86 400 to 2000 columns", days=1, end_us=T0)
    _trend(reader, folder, "trend 30 days to 2000 columns", days=30, end_us=T0)
    _record(writer, clock, signals(300, 3600))
    begun = time.perf_counter()
    reader.trend(5, start_us=T0, end_us=T0 + HOUR, columns=2000)
    first = (time.perf_counter() - begun) * 1e3
    raw = _median_ms(lambda: _raw_tail(folder), times=5)
    tell(
        "hour of tail of 300 tags, first look", first, "ms", limit=raw, limit_name="raw read of the tail rows"
    )
    warm = _median_ms(lambda: reader.trend(5, start_us=T0, end_us=T0 + HOUR, columns=2000))
    tell("hour of tail of 300 tags, warm", warm, "ms", limit=raw, limit_name="raw read of the tail rows")
    keys = list(range(1, 1001))
    last = _median_ms(lambda: reader.last_values(keys))
    tell("last values of 1000 tags", last, "ms", limit=raw, limit_name="raw read of the tail rows")
    reader.close()
    writer.close()


def _raw_tail(folder: DataFolder) -> int:
    with sqlite3.connect(folder.history_db) as connection:
        return sum(len(body) for (body,) in connection.execute("SELECT body FROM tail"))


def _trend(reader: StoredHistory, folder: DataFolder, name: str, *, days: int, end_us: int) -> None:
    start_us = end_us - days * DAY
    value = _median_ms(lambda: reader.trend(5, start_us=start_us, end_us=end_us, columns=2000))
    raw = sqlite3.connect(folder.history_db)
    table = (
        ("chunk", "value_body", "first_us") if days == 1 else ("level", "body", "step_s = 60 AND start_us")
    )
    query = f"SELECT {table[1]} FROM {table[0]} WHERE tag_key = 5 AND {table[2]} >= ?"
    limit = _median_ms(lambda: raw.execute(query, (start_us,)).fetchall())
    raw.close()
    tell(name, value, "ms", limit=limit, limit_name="raw read of the same bodies")


def _past(root: Path, *, tags: int = 200) -> None:
    """Thirty days of 200 tags at one value a minute, as the demo plant brings them."""
    folder, clock = prepare_data_folder(root), _Hands()
    writer = _writer(folder, clock, tags)
    values = signals(10, 43200)
    time_us = T0 - 30 * DAY + np.arange(43200, dtype=np.int64) * 60 * SECOND
    begun = time.process_time()
    for tag in range(tags):
        writer.write_past(tag + 1, time_us=time_us, value=values[:, tag % 10], quality=1 << 9)
    spent = time.process_time() - begun
    compressor = zstandard.ZstdCompressor(level=3)
    shuffled = [values[:, tag].astype("<f4").view(np.uint8).reshape(-1, 4).T.tobytes() for tag in range(10)]
    limit = _cpu(lambda: [compressor.compress(shuffled[tag % 10]) for tag in range(tags)])
    tell(
        "30 days of 200 tags written",
        spent,
        "CPU s",
        limit=limit,
        limit_name="zstd 3 of the shuffled columns",
    )
    writer.close()


def _alarms(root: Path, *, alarms: int = 500) -> None:
    """Alarm transitions with journal, feed and FULL commits: one a transaction, and a hundred."""
    store = open_store(root, role="collector", clock=_Hands())
    actor = Actor(UUID(int=1), Role.ENGINEER, "BENCH", "bench")
    site = Asset(UUID(int=1), None, AssetKind.SITE, "Works", "W")
    rules = [AlarmRule(new_id(), site.id, Priority.LOW, "bench") for _ in range(alarms)]
    with store.unit_of_work(actor) as work:
        work.plant.import_plant(Plant((site,)))
        for rule in rules:
            work.alarm_rules.save(rule)
    raw = _raw_commits(root / "raw.db", alarms)
    for group in (1, 100):
        rate = alarms / _raise_all(store, actor, group)
        tell(
            f"alarm commits FULL, {group} a transaction",
            rate,
            "1/s",
            limit=raw,
            limit_name="raw FULL commits of a row",
        )
    store.close()


def _raise_all(store: Store, actor: Actor, group: int) -> float:
    waiting = [replace(alarm) for alarm in store.alarms.all()]
    begun = time.perf_counter()
    for low in range(0, len(waiting), group):
        with store.unit_of_work(actor) as work:
            for alarm in waiting[low : low + group]:
                event = AlarmEvent.CONDITION_TRUE if alarm.state.value == "A" else AlarmEvent.CONDITION_FALSE
                work.alarms.compare_and_set(alarm, step(alarm, event, latching=False, at_us=T0), event=event)
    return time.perf_counter() - begun


def _raw_commits(path: Path, count: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)")
    begun = time.perf_counter()
    for _ in range(count):
        connection.execute("INSERT INTO t (body) VALUES (?)", (bytes(200),))
    spent = time.perf_counter() - begun
    connection.close()
    return count / spent
