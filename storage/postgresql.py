"""The plant database on a PostgreSQL server, for plants whose workstations share it.

Every write transaction holds one advisory lock, so that writers follow each other as they do behind SQLite's
write lock: versions are compared without races, and change ids are ordered as they were committed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

from domain.errors import ConfigurationError
from storage.failures import told
from storage.sql import BEGIN_WRITE, SqlRows

WRITE_LOCK: Final = 0x4A49444F
"""Number of the advisory lock that every write transaction holds: "JIDO"."""

HISTORY_SCHEMA, PLANT_SCHEMA = "history", "public"
BUSY_MS: Final = 5000
CONNECT_S: Final = 3
_KEEPALIVE: Final = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}
"""A server that vanished without a word is noticed within seconds, not after the system's two hours."""


def server_url(address: str) -> URL:
    """Return the checked address of a server, ``postgresql://[user@]host[:port]/database``.

    ConfigurationError for another kind of address or one that carries a password: it comes from the
    environment (PGPASSWORD) or the user's password file. No message repeats what may be a password.
    """
    url = _parsed(address)
    if url is None or url.drivername != "postgresql" or not url.database:
        raise ConfigurationError(
            f"'{_shown(address)}' must read postgresql://user@host:port/database",
            key="database_address_wrong",
        )
    if url.password or any("password" in name.lower() for name in url.query):
        raise ConfigurationError(
            "an address never holds a password: set PGPASSWORD or use the password file",
            key="database_password_in_address",
        )
    return url.set(drivername="postgresql+psycopg")


def _parsed(address: str) -> URL | None:
    """Return the address in its parts; None for what has none, without the cause, which may quote it."""
    try:
        return make_url(address)
    except Exception:
        return None


def _shown(address: str) -> str:
    """Return an address as a message may show it: from the host on, and up to the first password."""
    host_on = f"\u2026@{address.rpartition('@')[2]}" if "@" in address else address
    return re.split(r"(?i)\S*password", host_on, maxsplit=1)[0].strip()


def place_of(url: URL) -> str:
    """Return server and database for messages."""
    return f"database '{url.database}' on {url.host or 'this computer'}:{url.port or 5432}"


class PostgresDatabase:
    """Implements ``storage.sql.PlantDatabase``."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.place = place_of(url)
        self._engine = create_engine(
            url, poolclass=QueuePool, pool_size=6, max_overflow=0, pool_pre_ping=True, connect_args=_KEEPALIVE
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
        return LatestChange(self.url)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


class LatestChange:
    """Watches the newest row of the change feed, which every commit that matters moves."""

    def __init__(self, url: URL) -> None:
        self._connection = ServerConnection(url, is_read_only=True)

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

    def __init__(self, url: URL, *, is_read_only: bool = False) -> None:
        self._arguments = psycopg_arguments(url)
        self._is_read_only = is_read_only
        self._connection: psycopg.Connection[Any] | None = None

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

    def _ready(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> "psycopg.Connection[Any]":
        connection = psycopg.connect(**self._arguments, autocommit=True)
        connection.execute(f"SET search_path TO {HISTORY_SCHEMA}, public")
        connection.execute(f"SET lock_timeout = {BUSY_MS}")
        if self._is_read_only:
            connection.execute(
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )
        return connection


def psycopg_arguments(url: URL) -> dict[str, Any]:
    """Return the arguments of a plain connection to the same server."""
    named = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
    return {name: value for name, value in named.items() if value} | dict(url.query) | _KEEPALIVE


def _translated(sql: str) -> str:
    return "BEGIN" if sql == BEGIN_WRITE else sql.replace("?", "%s")
