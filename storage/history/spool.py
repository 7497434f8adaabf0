"""Store-and-forward while a database server is away: rows of the tail wait in a file of this PC, in order.

A row leaves the file only after the server has it; its key (term of the lease, sequence) lets the server know
it again when an answer was lost [F44].
"""

import json
from pathlib import Path
from typing import Final

from domain.errors import DatabaseDamaged, DatabaseUnreachable
from storage.data_folder import DataFolder
from storage.failures import told
from storage.history.raw_statuses import StatusChange
from storage.history.tail import TailRow
from storage.leases import Lease
from storage.spool_file import SpoolFile
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
    """The rows in the file. Used by the writer lane alone."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file
        self.rows = self.samples = 0

    def count(self) -> None:
        """Count what waits; DatabaseDamaged when the file cannot tell."""
        if not self._file.exists():
            self.rows = self.samples = 0
            return
        with self._file.opened() as connection:
            self.rows, self.samples = connection.execute(_TOTAL).fetchone()

    def put(self, row: TailRow, *, epoch: int) -> None:
        """Keep a row durably."""
        layouts = {number: keys.hex() for number, keys in row.layouts.items()}
        names = json.dumps({"layouts": layouts, "texts": dict(row.texts), "statuses": row.statuses})
        values = (epoch, row.sequence, row.committed_us, row.samples, names, row.body)
        with self._file.opened() as connection:
            made = connection.execute("INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?)", values)
        self.rows += made.rowcount
        self.samples += made.rowcount * row.samples

    def oldest_epoch(self) -> int:
        """Return the term of the lease in which the oldest waiting row was read; 0 when none waits."""
        with self._file.opened() as connection:
            found = connection.execute("SELECT min(epoch) FROM waiting").fetchone()
        return int(found[0] or 0)

    def numbers_used(self) -> HistoryOpening:
        """Return the names and the last sequence that waiting rows use: they must not be given out again."""
        layouts: dict[int, bytes] = {}
        texts: dict[int, str] = {}
        with self._file.opened() as connection:
            (sequence,) = connection.execute("SELECT max(sequence) FROM waiting").fetchone()
            for (names,) in connection.execute("SELECT DISTINCT names FROM waiting"):
                more_layouts, more_texts, _ = _besides(names)
                layouts |= more_layouts
                texts |= more_texts
        return HistoryOpening(layouts=layouts, texts=texts, sequence=int(sequence or 0))

    def first(self, most: int) -> list[TailRow]:
        """Return the oldest rows."""
        query = (
            "SELECT sequence, committed_us, samples, body, names, epoch FROM waiting "
            "ORDER BY epoch, sequence LIMIT ?"
        )
        with self._file.opened() as connection:
            found = connection.execute(query, (most,)).fetchall()
        return [
            TailRow(sequence, committed_us, samples, body, *_besides(names), epoch=epoch)
            for sequence, committed_us, samples, body, names, epoch in found
        ]

    def drop(self, rows: list[TailRow]) -> None:
        """Forget rows that the server has."""
        with self._file.opened() as connection, immediate(connection):
            connection.executemany(
                "DELETE FROM waiting WHERE epoch = ? AND sequence = ?",
                [(row.epoch, row.sequence) for row in rows],
            )
        self.rows -= len(rows)
        self.samples -= sum(row.samples for row in rows)

    def set_aside(self, *, now_us: int) -> tuple[Path, ...]:
        """Move the file into quarantine; return the new places."""
        moved = self._file.set_aside(now_us=now_us)
        self.rows = self.samples = 0
        return moved

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class SpooledHistory:
    """A server's history with a file in front of it; implements ``storage.sql.HistoryBase``."""

    def __init__(self, server: HistoryBase, folder: DataFolder, *, lease: Lease) -> None:
        self._server = server
        self._lease = lease
        self._spool = TailSpool(SpoolFile(folder.spool_db, table=_TABLE, quarantine=folder.quarantine))
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
        return connection, self._taken_up(now_us) or opening

    def _taken_up(self, now_us: int) -> HistoryOpening | None:
        """Look at what waits; None when nothing does."""
        try:
            self._spool.count()
            if not self._spool.rows:
                return None
            if self._lease.term.continues(self._spool.oldest_epoch()):
                return self._spool.numbers_used()
            problem = (
                f"{self._spool.samples} samples read while another collector had taken over were set aside"
            )
        except DatabaseDamaged as damage:
            problem = f"{damage}; the samples that waited in it were set aside"
        return HistoryOpening(problem, self._spool.set_aside(now_us=now_us))

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


def _besides(text: str) -> tuple[dict[int, bytes], dict[int, str], list[StatusChange]]:
    names = json.loads(text)
    layouts = {int(number): bytes.fromhex(keys) for number, keys in names["layouts"].items()}
    texts = {int(number): body for number, body in names["texts"].items()}
    return layouts, texts, [(key, time_us, code) for key, time_us, code in names.get("statuses", ())]
