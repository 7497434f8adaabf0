"""The plant database on a PostgreSQL server, for plants whose workstations share it.

Every write transaction holds one advisory lock, so that writers follow each other as they do behind SQLite's
write lock: versions are compared without races, and change ids are ordered as they were committed.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.pool import QueuePool

from storage.failures import told
from storage.server import Server, ServerLink
from storage.sql import BEGIN_WRITE, SqlRows

WRITE_LOCK: Final = 0x4A49444F
"""Number of the advisory lock that every write transaction holds: "JIDO"."""

HISTORY_SCHEMA, PLANT_SCHEMA = "history", "public"
BUSY_MS: Final = 5000


class PostgresDatabase:
    """Implements ``storage.sql.PlantDatabase``."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.place = server.place
        self._engine = create_engine(
            server.url,
            creator=server.connect,
            poolclass=QueuePool,
            pool_size=6,
            max_overflow=0,
            pool_pre_ping=True,
        )

        @event.listens_for(self._engine, "connect")
        def _connected(connection: Any, record: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {BUSY_MS}")
                cursor.execute("SET synchronous_commit = on")
            connection.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a read-only connection in one snapshot."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with told(self.place), self._engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection whose transaction holds the write lock: committed on leaving or rolled back."""
        with told(self.place), self._engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
            yield connection

    def watch(self) -> "LatestChange":
        """Return a watch on a connection of its own."""
        return LatestChange(self.server)

    def hurry(self) -> None:
        """Wait only briefly for a server that stands still."""
        self.server.hurry()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
        self.server.close()


class LatestChange:
    """Watches the newest row of the change feed, which every commit that matters moves."""

    def __init__(self, server: Server) -> None:
        self._connection = ServerConnection(server, is_read_only=True)

    def mark(self) -> int:
        """Return the newest change id."""
        found = self._connection.execute("SELECT max(id) FROM public.changes").fetchone()
        return int(found[0] or 0)

    def close(self) -> None:
        self._connection.close()


class ServerConnection:
    """A plain connection that speaks the spelling of the history; implements ``storage.sql.SqlConnection``.

    It is opened when first used and again after the server was away; a transaction that was open then is gone
    and its statement raises.
    """

    def __init__(self, server: Server, *, is_read_only: bool = False) -> None:
        self._server = server
        self._is_read_only = is_read_only
        self._connection: ServerLink | None = None

    @property
    def in_transaction(self) -> bool:
        if self._connection is None or self._connection.closed:
            return False
        return self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> SqlRows:
        """Run one statement; ``?`` stands for a parameter."""
        return self._ready().execute(_translated(sql), parameters or None)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> SqlRows:
        """Run one statement for many rows."""
        cursor = self._ready().cursor()
        cursor.executemany(_translated(sql), parameters)
        return cursor

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ready(self) -> ServerLink:
        if self._connection is None or self._connection.closed:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> ServerLink:
        connection = self._server.connect(autocommit=True)
        connection.execute(f"SET search_path TO {HISTORY_SCHEMA}, public")
        connection.execute(f"SET lock_timeout = {BUSY_MS}")
        if self._is_read_only:
            connection.execute(
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )
        return connection


def _translated(sql: str) -> str:
    return "BEGIN" if sql == BEGIN_WRITE else sql.replace("?", "%s")
