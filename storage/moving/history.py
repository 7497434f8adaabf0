"""Moving samples, waveforms and spectra between files and a server, as the bytes they are."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from storage.data_folder import DataFolder
from storage.failures import told
from storage.history.file import HistoryFile
from storage.moving.tables import ROWS_AT_ONCE, Copied, Progress, RowDigest, batched, prove, silent
from storage.postgresql import ServerConnection
from storage.server import Server
from storage.sql import SqlConnection, immediate
from storage.waveforms.files import month_file, open_month
from storage.waveforms.server import make_month

Rows = Iterable[Sequence[Any]]

HISTORY: Final = {
    "meta": "key, value",
    "text": "number, body",
    "layout": "id, keys",
    "tail": "id, committed_us, samples, body",
    "chunk": (
        "tag_key, first_us, last_us, is_part, revision, samples, code, period_us, minimum, maximum, mean, "
        "good, quality, sequence_first, sequence_step, delay_low_us, delay_high_us, last_value, "
        "last_quality, value_body, quality_body, time_body, sequence_body"
    ),
    "level": "tag_key, step_s, start_us, span_s, revision, buckets, code, body",
    "gap": "tag_key, end_us, start_us, cause",
    "raw_status": "tag_key, time_us, code",
}
WAVEFORMS: Final = {
    "waveform": "id, tag_key, start_us, sampling_rate_hz, length, unit, quality, revision, reason, body",
    "spectrum": "tag_key, kind, time_us, resolution_hz, lines, unit, is_rms, quality, body",
}
_TIME_COLUMN: Final = {"waveform": 2, "spectrum": 2}
_BEGIN_SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_RESUME: Final = "SELECT setval('tail_id', (SELECT coalesce(max(id), 0) + 1 FROM tail), false)"


class Side(Protocol):
    """Where histories and waveforms lie, for reading all of it and for writing all of it."""

    place: str

    def snapshot(self) -> AbstractContextManager[str]:
        """Let everything that is read inside the block be of one moment.

        Yields the name by which another connection to the same server joins in, "" where nobody writes.
        """
        ...

    def read(self, table: str, columns: str) -> Rows:
        """Yield every row of a table."""
        ...

    def write(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows to a table."""
        ...

    def finish(self) -> None:
        """Put in order what writing rows by hand left open."""
        ...

    def close(self) -> None: ...


def copy_history(
    source: Side, target: Side, *, progress: Progress, proving: Progress = silent
) -> list[Copied]:
    """Copy samples, waveforms and spectra; StorageError when the target does not give back the same."""
    copied = []
    for table, columns in (HISTORY | WAVEFORMS).items():
        digest = RowDigest()
        for rows in batched(source.read(table, columns), ROWS_AT_ONCE):
            for row in rows:
                digest.add(row)
            target.write(table, columns, rows)
            progress(table, digest.rows)
        copied.append(Copied(table, digest.rows, digest.hex))
    target.finish()
    for each in copied:
        written = target.read(each.table, (HISTORY | WAVEFORMS)[each.table])
        prove(each, written, target.place, progress=proving)
    return copied


class FileSide:
    """The files of a data folder."""

    def __init__(self, folder: DataFolder, *, now_us: int) -> None:
        self._folder = folder
        self._now_us = now_us
        self._writer: SqlConnection | None = None
        self.place = str(folder.root)

    def snapshot(self) -> AbstractContextManager[str]:
        """Nothing runs on a folder that is moved."""
        return contextlib.nullcontext("")

    def read(self, table: str, columns: str) -> Rows:
        with told(self._folder.history_db):
            for opened in self._readers(table):
                with contextlib.closing(opened) as connection:
                    yield from connection.execute(f"SELECT {columns} FROM {table}")

    def _readers(self, table: str) -> Iterator[SqlConnection]:
        if table in WAVEFORMS:
            for path in self._folder.waveform_files():
                yield open_month(path, mode="ro")
        elif self._folder.history_db.exists():
            yield HistoryFile(self._folder).reader()

    def write(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        put = _insert(table, columns)
        if table in HISTORY:
            if self._writer is None:
                self._writer, _ = HistoryFile(self._folder).writer(now_us=self._now_us)
            with told(self._folder.history_db), immediate(self._writer):
                self._writer.executemany(put, rows)
            return
        for path in {month_file(self._folder, row[_TIME_COLUMN[table]]) for row in rows}:
            mine = [row for row in rows if month_file(self._folder, row[_TIME_COLUMN[table]]) == path]
            with told(path), contextlib.closing(open_month(path, mode="rwc")) as month, immediate(month):
                month.executemany(put, mine)

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class ServerSide:
    """The tables of a server."""

    def __init__(self, server: Server) -> None:
        self._connection = ServerConnection(server)
        self.place = server.place

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[str]:
        """Read inside the block what was there when it began: the collector goes on meanwhile."""
        with told(self.place):
            self._connection.execute(_BEGIN_SNAPSHOT)
            try:
                yield self._connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def read(self, table: str, columns: str) -> Rows:
        """Yield every row through a cursor of the server, so that memory does not hold a table."""
        inside = contextlib.nullcontext() if self._connection.in_transaction else immediate(self._connection)
        with told(self.place), inside:
            self._connection.execute(f"DECLARE moving CURSOR FOR SELECT {columns} FROM {table}")
            while rows := self._connection.execute(f"FETCH {ROWS_AT_ONCE} FROM moving").fetchall():
                yield from rows
            self._connection.execute("CLOSE moving")

    def write(self, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        put = _insert(table, columns)
        if table == "tail":
            put, rows = _insert(table, f"{columns}, epoch, sequence"), [(*row, 0, row[0]) for row in rows]
        with told(self.place):
            if table in WAVEFORMS:
                for instant_us in {row[_TIME_COLUMN[table]] for row in rows}:
                    make_month(self._connection, table, instant_us)
            with immediate(self._connection):
                self._connection.executemany(put, rows)

    def finish(self) -> None:
        with told(self.place):
            self._connection.execute(_RESUME)

    def close(self) -> None:
        self._connection.close()


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" * len(columns.split(", ")))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"
