"""Store-and-forward while a database server is away: rows of the tail wait in a file of this PC, in order.

A row leaves the file only after the server has it; its key (term of the lease, sequence) lets the server know
it again when an answer was lost [F44].
"""

import json
import sqlite3
from pathlib import Path
from typing import Final

from domain.errors import DatabaseUnreachable
from storage.data_folder import DataFolder
from storage.database import connect
from storage.failures import told
from storage.history.tail import TailRow
from storage.leases import Lease
from storage.set_aside import set_aside
from storage.sql import HistoryBase, HistoryOpening, SqlConnection, immediate

ROWS_AT_ONCE: Final = 30
"""Rows sent to the server in one go: a minute's outage is made up in a few seconds beside live data."""

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS waiting (epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, "
    "committed_us INTEGER NOT NULL, samples INTEGER NOT NULL, names TEXT NOT NULL, body BLOB NOT NULL, "
    "PRIMARY KEY (epoch, sequence))"
)


_TOTAL: Final = "SELECT count(*), coalesce(sum(samples), 0) FROM waiting"


class TailSpool:
    """The file. Used by the writer lane alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self.rows = self.samples = 0
        if path.exists():
            self._count()

    def put(self, row: TailRow, *, epoch: int) -> None:
        """Keep a row durably."""
        layouts = {number: keys.hex() for number, keys in row.layouts.items()}
        names = json.dumps({"layouts": layouts, "texts": dict(row.texts)})
        values = (epoch, row.sequence, row.committed_us, row.samples, names, row.body)
        with told(self._path):
            self._opened().execute("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?)", values)
        self._count()

    def oldest_epoch(self) -> int:
        """Return the term of the lease in which the oldest waiting row was read; 0 when none waits."""
        with told(self._path):
            found = self._opened().execute("SELECT min(epoch) FROM waiting").fetchone()
        return int(found[0] or 0)

    def first(self, most: int) -> list[TailRow]:
        """Return the oldest rows."""
        query = (
            "SELECT sequence, committed_us, samples, body, names, epoch FROM waiting "
            "ORDER BY epoch, sequence LIMIT ?"
        )
        with told(self._path):
            found = self._opened().execute(query, (most,)).fetchall()
        return [
            TailRow(sequence, committed_us, samples, body, *_names(names), epoch)
            for sequence, committed_us, samples, body, names, epoch in found
        ]

    def drop(self, rows: list[TailRow]) -> None:
        """Forget rows that the server has."""
        with told(self._path), immediate(self._opened()):
            self._opened().executemany(
                "DELETE FROM waiting WHERE epoch = ? AND sequence = ?",
                [(row.epoch, row.sequence) for row in rows],
            )
        self._count()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, mode="rwc")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(_TABLE)
        return self._connection

    def _count(self) -> None:
        with told(self._path):
            found = (
                self._opened().execute("SELECT count(*), coalesce(sum(samples), 0) FROM waiting").fetchone()
            )
        self.rows, self.samples = int(found[0]), int(found[1])


class SpooledHistory:
    """A server's history with a file in front of it; implements ``storage.sql.HistoryBase``."""

    def __init__(self, server: HistoryBase, folder: DataFolder, *, lease: Lease) -> None:
        self._server = server
        self._folder = folder
        self._lease = lease
        self._spool = TailSpool(folder.spool_db)
        self.place = server.place

    @property
    def waiting_samples(self) -> int:
        """Samples that are durable here and not yet on the server."""
        return self._spool.samples

    def writer(self, *, now_us: int) -> tuple[SqlConnection, HistoryOpening]:
        """Open the server's history. Rows that waited while another collector had the lease are set aside.

        That collector read the same devices at the same time; nothing is stored twice, nothing is deleted.
        """
        connection, opening = self._server.writer(now_us=now_us)
        term = self._lease.term
        if not self._spool.rows or term.follows_own or self._spool.oldest_epoch() == term.epoch:
            return connection, opening
        samples = self._spool.samples
        self._spool.close()
        moved = set_aside(self._folder.spool_db, self._folder.quarantine, now_us=now_us)
        self._spool = TailSpool(self._folder.spool_db)
        problem = f"{samples} samples read while another collector had taken over were set aside"
        return connection, HistoryOpening(problem, moved)

    def reader(self) -> SqlConnection:
        return self._server.reader()

    def put_tail(self, connection: SqlConnection, row: TailRow) -> None:
        """Send the row, or keep it here behind those that already wait."""
        term = self._lease.term
        if not self._spool.rows:
            try:
                with told(self.place):
                    self._server.put_tail(connection, row)
                return
            except DatabaseUnreachable:
                pass
        self._spool.put(row, epoch=term.epoch)

    def catch_up(self, connection: SqlConnection) -> int:
        """Send the oldest waiting rows; return how many samples wait still. LeaseLost when we may not."""
        rows = self._spool.first(ROWS_AT_ONCE) if self._spool.rows else []
        sent: list[TailRow] = []
        try:
            for row in rows:
                with told(self.place):
                    self._server.put_tail(connection, row)
                sent.append(row)
        except DatabaseUnreachable:
            pass
        if sent:
            self._spool.drop(sent)
        return self._spool.samples

    def close(self) -> None:
        """Close the file."""
        self._spool.close()


def _names(text: str) -> tuple[dict[int, bytes], dict[int, str]]:
    names = json.loads(text)
    layouts = {int(number): bytes.fromhex(keys) for number, keys in names["layouts"].items()}
    return layouts, {int(number): body for number, body in names["texts"].items()}
