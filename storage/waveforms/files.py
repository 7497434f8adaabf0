"""Kept waveforms and spectra: one database file a UTC month, so that retention deletes a file.

Waveforms are lossless float32 (shuffle and zstd); each is durable when ``keep`` returns, so that an alarm
committed afterwards never links to nothing.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from domain.errors import DatabaseDamaged, MigrationFailed, NotFound, StorageError
from domain.identifiers import new_id
from domain.instants import Clock, from_microseconds
from domain.plant.keeping import WaveformRules
from domain.plant.signals import SpectrumKind, Waveform
from domain.ports import KeptWaveform, SpectrumRow
from storage.data_folder import DataFolder
from storage.database import connect
from storage.failures import storage_error, told
from storage.history.codec import ChunkCodec
from storage.set_aside import COMPANIONS, set_aside
from storage.sql import immediate
from storage.waveforms.rows import (
    INSERT_SPECTRUM,
    INSERT_WAVEFORM,
    LIST_SPECTRA,
    LIST_TAGS,
    LIST_WAVEFORMS,
    SELECT_SPECTRUM,
    SELECT_WAVEFORM,
    Some,
    kept_of,
    month_ends,
    outdated,
    spectrum_of,
    spectrum_row,
    staying,
    thinned,
    waveform_of,
    waveform_row,
)

APPLICATION_ID = 0x4A494457
"""``PRAGMA application_id``: "JIDW"."""
VERSION = 1
LITTLE_BYTES = 64_000_000
"""What stays of a month is written anew in well under a second."""

_TABLES = """
CREATE TABLE waveform (
    id BLOB PRIMARY KEY, tag_key INTEGER NOT NULL, start_us INTEGER NOT NULL, sampling_rate_hz REAL NOT NULL,
    length INTEGER NOT NULL, unit TEXT NOT NULL, quality INTEGER NOT NULL, revision INTEGER NOT NULL,
    reason TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX ix_waveform_tag ON waveform (tag_key, start_us);
CREATE TABLE spectrum (
    id INTEGER PRIMARY KEY, tag_key INTEGER NOT NULL, kind TEXT NOT NULL, time_us INTEGER NOT NULL,
    resolution_hz REAL NOT NULL, lines INTEGER NOT NULL, unit TEXT NOT NULL, is_rms INTEGER NOT NULL,
    quality INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX ix_spectrum_tag ON spectrum (tag_key, kind, time_us);
"""
T = TypeVar("T")


class MonthlyWaveforms:
    """Implements ``domain.ports.WaveformStore``; several processes may read while one writes."""

    problem = ""
    waiting_rows = 0

    def __init__(self, folder: DataFolder, *, clock: Clock, is_writer: bool = True) -> None:
        self._folder = folder
        self._clock = clock
        self._is_writer = is_writer
        self._codec = ChunkCodec()
        self._open: dict[Path, sqlite3.Connection] = {}
        self.set_aside: list[Path] = []
        """Damaged month files that went to quarantine, or that a reader passed over."""

    def keep(self, waveform: Waveform, *, reason: str, identity: UUID | None = None) -> UUID:
        """Store a waveform durably and return its id; one that is kept under this id already stays."""
        identity = identity or new_id(now_ms=self._clock.now_us() // 1000)
        path = self._file_of(waveform.start_us)
        row = waveform_row(identity, waveform, reason=reason, codec=self._codec)
        with told(path):
            self._writable(path).execute(INSERT_WAVEFORM, row)
        return identity

    def waveform(self, waveform_id: UUID) -> Waveform:
        """Return a stored waveform; NotFound when it is gone, DatabaseDamaged when its bytes were changed."""
        found = self._from_months(lambda m: m.execute(SELECT_WAVEFORM, (waveform_id.bytes,)).fetchall())
        if not found:
            raise NotFound(f"waveform {waveform_id} is no longer kept", key="waveform_gone")
        return waveform_of(found[0], self._codec)

    def waveforms(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[KeptWaveform]:
        """List what is kept of a tag in a time window, oldest first."""
        rows = self._from_months(
            lambda month: month.execute(LIST_WAVEFORMS, (tag_key, start_us, end_us)).fetchall(),
            start_us=start_us,
            end_us=end_us,
        )
        return tuple(kept_of(row) for row in rows)

    def tag_keys(self) -> Sequence[int]:
        """Return the tags of which any waveform is kept."""
        rows = self._from_months(lambda month: month.execute(LIST_TAGS).fetchall())
        return sorted({int(row[0]) for row in rows})

    def keep_spectra(self, rows: Sequence[SpectrumRow]) -> None:
        """Store spectra durably, those of one month in one transaction; the same again replaces."""
        by_file: dict[Path, list[tuple[object, ...]]] = {}
        for row in rows:
            by_file.setdefault(self._file_of(row.time_us), []).append(spectrum_row(row, self._codec))
        for path, columns in by_file.items():
            with told(path):
                month = self._writable(path)
                with immediate(month):
                    month.executemany(INSERT_SPECTRUM, columns)

    def spectra(
        self, tag_key: int, kind: SpectrumKind, *, start_us: int, end_us: int, limit: int = 500
    ) -> Sequence[SpectrumRow]:
        """Return stored spectra in a time window, oldest first, thinned evenly to ``limit``."""
        which = (tag_key, kind.value, start_us, end_us)
        months: dict[int, sqlite3.Connection] = dict(
            self._from_months(
                lambda month: [(row[0], month) for row in month.execute(LIST_SPECTRA, which)],
                start_us=start_us,
                end_us=end_us,
            )
        )
        chosen = thinned(list(months), limit)
        return tuple(self._spectrum(months[time_us], tag_key, kind, time_us) for time_us in chosen)

    def prune(self, rules: WaveformRules, *, most: int = 100) -> int:
        """Let go of some of what is too old, at most so many rows; return how many, 0 when all is done."""
        removed = 0
        for path in self._folder.waveform_files():
            if removed >= most:
                break
            was_open = path in self._open
            try:
                with told(path):
                    removed += self._prune_month(path, rules, most - removed)
            except DatabaseDamaged:
                self._put_aside(path)
            if not was_open:
                self._close_one(path)
        return removed

    def _prune_month(self, path: Path, rules: WaveformRules, most: int) -> int:
        start_us, end_us = month_ends(*map(int, path.stem.removeprefix("waveforms-").split("-")))
        if start_us >= rules.latest_us:
            return 0
        left, month = staying(rules, end_us=end_us), self._writable(path)
        if left is not None and not any(_has(month, some) for some in left):
            return self._remove(path)
        removed = 0
        with immediate(month):
            for some in outdated(rules, start_us=start_us, end_us=end_us):
                if removed < most:
                    removed += _delete(month, some, most - removed)
        if left is not None and not removed:
            _give_back(month)
        return removed

    def _remove(self, path: Path) -> int:
        """Remove a month; on Windows one that somebody reads stays until the next time."""
        self._close_one(path)
        try:
            for companion in COMPANIONS:
                path.with_name(path.name + companion).unlink(missing_ok=True)
        except OSError:
            return 0
        return 1

    def catch_up(self) -> int:
        """Nothing waits: what is kept is in its file."""
        return 0

    def close(self) -> None:
        """Close every month."""
        for path in list(self._open):
            self._close_one(path)

    def _spectrum(
        self, month: sqlite3.Connection, tag_key: int, kind: SpectrumKind, time_us: int
    ) -> SpectrumRow:
        row = month.execute(SELECT_SPECTRUM, (tag_key, kind.value, time_us)).fetchone()
        return spectrum_of(row, self._codec)

    def _from_months(
        self,
        ask: Callable[[sqlite3.Connection], list[T]],
        *,
        start_us: int | None = None,
        end_us: int | None = None,
    ) -> list[T]:
        """Ask every month of the window, oldest first; a damaged file is passed over and noted."""
        answers: list[T] = []
        for path in self._folder.waveform_files():
            month = path.stem.removeprefix("waveforms-")
            if start_us is not None and month < _month(start_us):
                continue
            if end_us is not None and month > _month(end_us):
                continue
            try:
                with told(path):
                    answers += ask(self._readable(path))
            except DatabaseDamaged:
                self._put_aside(path)
        return answers

    def _readable(self, path: Path) -> sqlite3.Connection:
        if path not in self._open:
            self._open[path] = _checked(path, mode="rw" if self._is_writer else "ro")
        return self._open[path]

    def _writable(self, path: Path) -> sqlite3.Connection:
        if not self._is_writer:
            raise StorageError("this program only reads waveforms", key="read_only")
        if path in self._open:
            return self._open[path]
        try:
            self._open[path] = _checked(path, mode="rw") if path.exists() else _made(path)
        except (DatabaseDamaged, sqlite3.Error) as error:
            if not isinstance(error, DatabaseDamaged) and not isinstance(
                storage_error(error, path), DatabaseDamaged
            ):
                raise
            self._put_aside(path)
            self._open[path] = _made(path)
        return self._open[path]

    def _put_aside(self, path: Path) -> None:
        """Set a damaged month aside; a reader leaves that to the writer and passes over it."""
        self._close_one(path)
        if self._is_writer:
            self.set_aside += set_aside(path, self._folder.quarantine, now_us=self._clock.now_us())
        elif path not in self.set_aside:
            self.set_aside.append(path)

    def _close_one(self, path: Path) -> None:
        connection = self._open.pop(path, None)
        if connection is not None:
            connection.close()

    def _file_of(self, instant_us: int) -> Path:
        return month_file(self._folder, instant_us)


def _has(month: sqlite3.Connection, some: Some) -> bool:
    query = f"SELECT 1 FROM {some.table} WHERE {some.condition} LIMIT 1"
    return month.execute(query, some.parameters).fetchone() is not None


def _delete(month: sqlite3.Connection, some: Some, most: int) -> int:
    return month.execute(
        f"DELETE FROM {some.table} WHERE rowid IN "
        f"(SELECT rowid FROM {some.table} WHERE {some.condition} LIMIT {most})",
        some.parameters,
    ).rowcount


def _give_back(month: sqlite3.Connection) -> None:
    """Give room back to the disk, where little stays of a month; not while somebody reads it."""
    pages, free, page_bytes = (
        month.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    if 2 * free > pages and (pages - free) * page_bytes < LITTLE_BYTES:
        with suppress(sqlite3.OperationalError):
            month.execute("VACUUM")


def month_file(folder: DataFolder, instant_us: int) -> Path:
    """Return the file of the instant's UTC month."""
    return folder.waveform_file(_month(instant_us))


def open_month(path: Path, *, mode: str) -> sqlite3.Connection:
    """Open one month's file, "ro", or "rwc" to make it when it is missing; errors as when it is kept."""
    if mode == "rwc" and not path.exists():
        return _made(path)
    return _checked(path, mode="rw" if mode == "rwc" else mode)


def _month(instant_us: int) -> str:
    return f"{from_microseconds(instant_us):%Y-%m}"


def _checked(path: Path, *, mode: str) -> sqlite3.Connection:
    """Open an existing month; DatabaseDamaged when it is not one of ours."""
    connection = connect(path, mode=mode)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise DatabaseDamaged(f"{path} is not a waveform file of this program", key="database_foreign")
        if connection.execute("PRAGMA user_version").fetchone()[0] > VERSION:
            raise MigrationFailed(f"{path} was written by a newer program", key="schema_newer")
        connection.execute("PRAGMA synchronous=FULL")
        return connection
    except BaseException:
        connection.close()
        raise


def _made(path: Path) -> sqlite3.Connection:
    connection = connect(path, mode="rwc")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
    return connection
