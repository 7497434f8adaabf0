"""A file of this PC in which something waits for the plant database. Used by one thread at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.database import connect
from storage.failures import told
from storage.set_aside import set_aside


class SpoolFile:
    """Made when something is first kept; what is kept in it survives a loss of power."""

    def __init__(self, path: Path, *, table: str, quarantine: Path) -> None:
        """``table`` is the statement that makes the table where it is missing."""
        self._path = path
        self._table = table
        self._quarantine = quarantine
        self._connection: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """Say whether anything was ever kept."""
        return self._path.exists()

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection; StorageError for what goes wrong, DatabaseDamaged for a damaged file."""
        with told(self._path):
            if self._connection is None:
                self._connection = self._prepared()
            yield self._connection

    def _prepared(self) -> sqlite3.Connection:
        connection = connect(self._path, mode="rwc")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(self._table)
        except sqlite3.Error:
            connection.close()  # the next one begins anew
            raise
        return connection

    def set_aside(self, *, now_us: int) -> tuple[Path, ...]:
        """Move the file into quarantine; return the new places. The next one is empty."""
        self.close()
        return set_aside(self._path, self._quarantine, now_us=now_us)

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
