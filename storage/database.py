"""The plant database: one writing connection behind the write lock, a few query-only readers.

The driver runs in autocommit; every write transaction begins IMMEDIATE, every read transaction sees one
snapshot. Commits are ``synchronous=FULL``: what returned from ``write`` survives a power cut.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from storage.failures import told
from storage.locks import WriteLock

BUSY_S = 5.0
CHECKPOINT_PAGES = 1000
SAFE_SQLITE = (3, 51, 3)
"""First release without the WAL-reset bug; older ones are safe behind the write lock only."""


class Database:
    """Connections to one existing SQLite file; it never creates a file."""

    def __init__(
        self, path: Path, *, write_lock: WriteLock, is_checkpointer: bool, busy_s: float = BUSY_S
    ) -> None:
        """``is_checkpointer`` is True in the collector and while no collector can run, else False."""
        self.path = path
        self._lock = write_lock
        self._busy_s = busy_s
        self._pages = CHECKPOINT_PAGES if is_checkpointer else 0
        self._writer = _engine(self._open_writer, begin="BEGIN IMMEDIATE", is_single=True)
        self._reader = _engine(self._open_reader, begin="BEGIN", is_single=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a query-only connection in one snapshot."""
        with told(self.path), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield the writing connection in an IMMEDIATE transaction: committed on leaving or rolled back."""
        with self._lock.held(), told(self.path), self._writer.begin() as connection:
            yield connection

    @property
    def place(self) -> Path:
        """The file."""
        return self.path

    def watch(self) -> "DataVersion":
        """Return a watch on a connection of its own."""
        return DataVersion(self._open_reader(), self._lock)

    def hurry(self) -> None:
        """Waits for a lock are bounded in any case."""

    def close(self) -> None:
        """Close every connection under the write lock."""
        with self._lock.held():
            self._reader.dispose()
            self._writer.dispose()

    def _open_writer(self) -> sqlite3.Connection:
        connection = connect(self.path, mode="rw", busy_s=self._busy_s)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={self._pages}")
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        connection = connect(self.path, mode="rw", busy_s=self._busy_s)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA query_only=ON")
        return connection


class DataVersion:
    """Watches ``PRAGMA data_version``: it moves with every commit of another connection."""

    def __init__(self, connection: sqlite3.Connection, lock: WriteLock) -> None:
        self._connection = connection
        self._lock = lock

    def mark(self) -> int:
        """Return the version; costs microseconds."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close under the write lock, since a last close checkpoints."""
        with self._lock.held():
            self._connection.close()


def connect(path: Path, *, mode: str, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Open a SQLite file in autocommit; ``mode`` is "ro", "rw" or "rwc" (creates)."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_s,
        isolation_level=None,
        check_same_thread=False,
    )


def _engine(creator: object, *, begin: str, is_single: bool) -> Engine:
    options = (
        {"poolclass": StaticPool}
        if is_single
        else {"poolclass": QueuePool, "max_overflow": 0, "pool_size": 6}
    )
    engine = create_engine("sqlite://", creator=creator, **options)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
