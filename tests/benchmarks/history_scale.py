"""History at the size of a plant: five years of a few tags, one day of ten thousand, cold and warm.

``history_scale [--tags N] [--years N]`` writes both databases in a temporary folder (about 2 GB by default)
and removes them; 0 leaves one out. Cold: a fresh connection after the page cache has dropped the files
(POSIX_FADV_DONTNEED); warm: the median of repeated reads on one connection. Each limit is plain sqlite3
fetching the same rows, equally cold or warm. Goals: warm a day <= 2 ms, 30 days <= 3 ms, a year <= 100 ms,
last values of 1,000 tags <= 10 ms; on five years a year <= 1 s and a start <= 6 s, cold [F48].
"""

import argparse
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Tag, TagDtype, TagKind
from services.access import program_actor
from services.clock import SystemClock
from storage.data_folder import DataFolder, prepare_data_folder
from storage.history.file import HistoryFile
from storage.history.historian import Historian
from storage.history.reader import StoredHistory
from storage.locks import InstanceLock
from storage.store import open_store
from tests.benchmarks._figures import tell
from tests.benchmarks.history import signals
from tests.benchmarks.start import painted_s

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
T0 = 1_760_000_400_000_000 // DAY * DAY
COLUMNS = 2000
LONG_TAGS: Final = (5, 2, 9)
"""Tags of the long database: a slow walk, steps, noise."""

SHAPES = 50
"""Different signals; ten thousand tags share them, each shifted by its own number of samples."""

COLD_TIMES, WARM_TIMES = 5, 15
WANTED: Final = 1000
MOST_TAGS: Final = 20_000


class _Hands:
    """A clock that the run moves."""

    now = T0

    def now_us(self) -> int:
        return self.now

    def monotonic_s(self) -> float:
        return self.now / SECOND


def main(arguments: list[str]) -> int:
    """Run all figures; nothing is left on the disk."""
    parser = argparse.ArgumentParser(prog="history_scale", description=__doc__)
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--years", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jidoka-scale-") as place:
        if options.years:
            _long(Path(place) / "long", options.years * 365)
        if options.tags:
            _wide(Path(place) / "wide", options.tags)
    return 0


# ---- one tag for years


def _long(root: Path, days: int) -> None:
    """Write every day of the long tags as finished days come, then look back from the last one."""
    _found(root)
    folder = prepare_data_folder(root)
    _write_days(folder, days)
    size, samples = folder.history_db.stat().st_size, days * 86_400 * len(LONG_TAGS)
    tell(
        f"file of {samples / 1e6:.0f} M samples",
        size / samples,
        "bytes/sample",
        limit=4.0,
        limit_name="float32",
    )
    for name, span in (("one day", 1), ("30 days", 30), ("one year", 365), (f"{days // 365} years", days)):
        if span <= days:
            _trend(folder, f"trend of {name} in {days // 365} years of 1 Hz", LONG_TAGS[0], days=span)
    cold_ms = _cold_ms(folder, lambda reader: reader.last_values(list(LONG_TAGS)))
    raw_ms = _raw_cold_ms(folder, lambda raw: [_raw_last(raw, key) for key in LONG_TAGS])
    tell("last values, cold", cold_ms, "ms", limit=raw_ms, limit_name="the same rows by sqlite3, cold")
    _starts(folder)


def _found(root: Path) -> None:
    """Make a plant of the long tags, so that programs find something to show."""
    site = Asset(new_id(), None, AssetKind.SITE, "Works", "W")
    tags = tuple(
        Tag(new_id(), key, f"W.{key}", f"Value {key}", TagKind.MEASURED, "1", site.id, dtype=TagDtype.FLOAT32)
        for key in LONG_TAGS
    )
    with closing(open_store(root, role="tool", clock=SystemClock())) as store:
        with store.unit_of_work(program_actor("benchmark")) as work:
            work.plant.import_plant(Plant((site,), (), tags, site_name="Works"))


def _write_days(folder: DataFolder, days: int) -> None:
    shapes = signals(10, 86_400)
    seconds = np.arange(86_400, dtype=np.int64) * SECOND
    begun, spent = time.perf_counter(), 0.0
    with closing(_writer(folder)) as writer:
        for day in range(days):
            for key in LONG_TAGS:
                value = np.roll(shapes[:, key - 1], 997 * day)
                before = time.process_time()
                writer.write_past(key, time_us=T0 - (days - day) * DAY + seconds, value=value, quality=0)
                spent += time.process_time() - before
    raw_s = _raw_write_s(folder.root / "raw.db", shapes[:, : len(LONG_TAGS)].T, rounds=min(days, 100))
    count = days * len(LONG_TAGS) * 86_400 / 1e6
    raw_count = min(days, 100) * len(LONG_TAGS) * 86_400 / 1e6
    limit = raw_count / raw_s
    name = "sqlite3 insert of the float32 hours"
    tell("write years of days", count / spent, "Msamples/CPU s", limit=limit, limit_name=name)
    tell("write years of days, wall", time.perf_counter() - begun, "s", limit=count / limit, limit_name=name)


def _starts(folder: DataFolder) -> None:
    """How long collector and window take to open the long database, cold."""

    def opened() -> None:
        store = open_store(folder.root, role="collector", clock=SystemClock())
        writer, reader = store.open_history_writer(), store.open_history_reader()
        reader.last_values(list(LONG_TAGS))
        for each in (reader, writer, store):
            each.close()

    bare_s = _median_s(lambda: sqlite3.connect(folder.history_db).close(), before=lambda: _drop(folder))
    ready_s = _median_s(opened, before=lambda: _drop(folder))
    tell(
        "collector opens the long database, cold", ready_s, "s", limit=bare_s, limit_name="a bare connection"
    )
    empty = folder.root.parent / "empty"
    open_store(empty, role="tool", clock=SystemClock()).close()
    window_s, limit_s = _window_s(folder.root), _window_s(empty)
    tell("first window over the long database", window_s, "s", limit=limit_s, limit_name="over an empty one")


def _window_s(root: Path) -> float:
    """Return the median seconds from the start of the program to its painted window, files cold.

    The supervisor's lock is held here, so that the window leaves no collector behind.
    """
    taken, folder = [], prepare_data_folder(root)
    with InstanceLock(folder.runtime, "supervisor"):
        for _ in range(3):
            _drop(folder)
            taken.append(painted_s(root))
    return float(np.median(taken))


# ---- ten thousand tags for a day


def _wide(root: Path, tags: int) -> None:
    """Write hour after hour of all tags, as a running collector leaves them, and a minute of tail."""
    folder = prepare_data_folder(root)
    shapes = signals(SHAPES, 86_400)
    spent = _write_hours(folder, shapes, tags)
    raw_s = _raw_write_s(root / "raw.db", shapes.T, rounds=2)
    limit = 2 * shapes.size / 1e6 / raw_s
    name = "sqlite3 insert of the float32 hours"
    rate = tags * 86_400 / 1e6 / spent
    tell(f"write one day of {tags} tags", rate, "Msamples/CPU s", limit=limit, limit_name=name)
    share = 100 * spent / 86_400
    tell(
        f"{tags} tags at 1 Hz, compaction",
        share,
        "% of a core",
        limit=100 * tags / (limit * 1e6),
        limit_name=name,
    )
    _sizes(folder, tags)
    _trend(folder, f"trend of one day beside {tags} tags", 7 * tags // 10 + 5, days=1)
    keys = np.random.default_rng(3).choice(np.arange(1, tags + 1), min(WANTED, tags), replace=False).tolist()
    _last_values(folder, keys, "chunks only")
    _write_tail(folder, shapes, tags)
    _last_values(folder, keys, "a minute of tail")


def _write_hours(folder: DataFolder, shapes: np.ndarray, tags: int) -> float:
    """Return the CPU seconds of writing a day of all tags, hour by hour, and finishing it."""
    seconds = np.arange(3600, dtype=np.int64) * SECOND
    begun = time.process_time()
    clock = _Hands()
    with closing(_writer(folder, clock)) as writer:
        for hour in range(24):
            start_us = T0 - DAY + hour * HOUR
            clock.now = start_us + HOUR
            for tag in range(tags):
                low = (3600 * hour + 61 * tag) % (86_400 - 3600)
                value = shapes[low : low + 3600, tag % SHAPES]
                writer.write_past(tag + 1, time_us=start_us + seconds, value=value, quality=0)
        clock.now = T0 + 2 * HOUR
        writer.compact(now_us=clock.now)
    return time.process_time() - begun


def _write_tail(folder: DataFolder, shapes: np.ndarray, tags: int) -> None:
    clock, keys = _Hands(), np.arange(1, tags + 1, dtype=np.int32)
    clock.now = T0 + 2 * HOUR
    with closing(_writer(folder, clock)) as writer:
        for second in range(60):
            at_us = T0 + 2 * HOUR + second * SECOND
            clock.now = at_us + 5000
            value = np.resize(shapes[second], tags)
            times, quality = np.full(tags, at_us), np.zeros(tags, np.uint16)
            writer.append(ReadingBatch(keys, value, quality, times, times + 3000, np.full(tags, second)))
            writer.commit()


def _sizes(folder: DataFolder, tags: int) -> None:
    size = folder.history_db.stat().st_size
    samples = tags * 86_400
    tell(
        f"one day of {tags} tags",
        size / 1e9,
        "GB",
        limit=4 * samples / 1e9,
        limit_name="float32 values alone",
    )
    tell("bytes a sample, whole file", size / samples, "bytes", limit=4.0, limit_name="float32")
    with closing(sqlite3.connect(folder.history_db)) as raw:
        levels = int(
            raw.execute("SELECT coalesce(sum(length(body)) + 40 * count(*), 0) FROM level").fetchone()[0]
        )
    yearly = 365 * size / 1e9
    kept = (90 * (size - levels) + 365 * levels) / 1e9
    limit = 365 * 4 * samples / 1e9
    tell(f"a year of {tags} tags, extrapolated", yearly, "GB", limit=limit, limit_name="float32 values alone")
    tell("the same with 90 days of raw values", kept, "GB", limit=limit, limit_name="float32 values alone")


def _last_values(folder: DataFolder, keys: list[int], state: str) -> None:
    name = f"last values of {len(keys)} tags, {state}"
    limit_name = "the same rows by sqlite3"

    def raw(connection: sqlite3.Connection) -> object:
        return [_raw_last(connection, key) for key in keys]

    cold_ms = _cold_ms(folder, lambda reader: reader.last_values(keys))
    tell(f"{name}, cold", cold_ms, "ms", limit=_raw_cold_ms(folder, raw), limit_name=f"{limit_name}, cold")
    with _reader(folder) as reader, closing(sqlite3.connect(folder.history_db)) as connection:
        warm_ms = _warm_ms(lambda: reader.last_values(keys))
        tell(f"{name}, warm", warm_ms, "ms", limit=_warm_ms(lambda: raw(connection)), limit_name=limit_name)


# ---- what both measure


def _trend(folder: DataFolder, name: str, key: int, *, days: int) -> None:
    start_us = T0 - days * DAY
    limit_name = "the same bodies by sqlite3"

    def look(reader: StoredHistory) -> object:
        return reader.trend(key, start_us=start_us, end_us=T0, columns=COLUMNS)

    def raw(connection: sqlite3.Connection) -> object:
        return _raw_bodies(connection, key, start_us, days)

    cold_ms = _cold_ms(folder, look)
    tell(f"{name}, cold", cold_ms, "ms", limit=_raw_cold_ms(folder, raw), limit_name=f"{limit_name}, cold")
    with _reader(folder) as reader, closing(sqlite3.connect(folder.history_db)) as connection:
        warm_ms = _warm_ms(lambda: look(reader))
        tell(f"{name}, warm", warm_ms, "ms", limit=_warm_ms(lambda: raw(connection)), limit_name=limit_name)


def _raw_bodies(connection: sqlite3.Connection, key: int, start_us: int, days: int) -> list[Any]:
    """Fetch the bodies from which such a trend is drawn: raw chunks, minutes or hours."""
    width_us = days * DAY / COLUMNS
    if width_us < 60 * SECOND:
        query = "SELECT value_body FROM chunk WHERE tag_key = ? AND first_us >= ?"
        return connection.execute(query, (key, start_us)).fetchall()
    step_s = 60 if width_us < HOUR else 3600
    query = "SELECT body FROM level WHERE tag_key = ? AND step_s = ? AND start_us >= ?"
    return connection.execute(query, (key, step_s, start_us)).fetchall()


def _raw_last(connection: sqlite3.Connection, key: int) -> Any:
    query = "SELECT last_value, last_us FROM chunk WHERE tag_key = ? ORDER BY first_us DESC LIMIT 1"
    return connection.execute(query, (key,)).fetchone()


def _writer(folder: DataFolder, clock: _Hands | None = None) -> Historian:
    dtypes = dict.fromkeys(range(1, MOST_TAGS + 1), TagDtype.FLOAT32)
    return Historian(HistoryFile(folder), clock=clock or _Hands(), dtypes=dtypes)


@contextmanager
def _reader(folder: DataFolder) -> Iterator[StoredHistory]:
    reader = StoredHistory(HistoryFile(folder))
    try:
        yield reader
    finally:
        reader.close()


def _drop(folder: DataFolder) -> None:
    """Let the page cache forget the files of the history."""
    for path in folder.root.glob("history.db*"):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def _cold_ms(folder: DataFolder, look: Callable[[StoredHistory], object]) -> float:
    taken = []
    for _ in range(COLD_TIMES):
        _drop(folder)
        with _reader(folder) as reader:
            taken.append(_seconds(lambda reader=reader: look(reader)))  # type: ignore[misc]
    return 1e3 * float(np.median(taken))


def _raw_cold_ms(folder: DataFolder, look: Callable[[sqlite3.Connection], object]) -> float:
    taken = []
    for _ in range(COLD_TIMES):
        _drop(folder)
        with closing(sqlite3.connect(folder.history_db)) as raw:
            taken.append(_seconds(lambda raw=raw: look(raw)))  # type: ignore[misc]
    return 1e3 * float(np.median(taken))


def _warm_ms(look: Callable[[], object]) -> float:
    look()
    return 1e3 * float(np.median([_seconds(look) for _ in range(WARM_TIMES)]))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _median_s(
    work: Callable[[], object], *, before: Callable[[], object] = lambda: None, times: int = 5
) -> float:
    taken = []
    for _ in range(times):
        before()
        taken.append(_seconds(work))
    return float(np.median(taken))


def _raw_write_s(path: Path, columns: np.ndarray, *, rounds: int) -> float:
    """Return the CPU seconds in which plain sqlite3 inserts the float32 hours of these days (n, 86400)."""
    hours = [part.astype("<f4").tobytes() for column in columns for part in np.split(column, 24)]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)")
        begun = time.process_time()
        for _ in range(rounds):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO t (body) VALUES (?)", [(hour,) for hour in hours])
            connection.execute("COMMIT")
        spent = time.process_time() - begun
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    return spent
