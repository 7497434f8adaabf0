"""What the history asks of a database connection, so that SQLite and PostgreSQL serve the same code.

The history spells its statements once, in the words both engines know, with ``?`` for parameters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from storage.history.tail import TailRow


class SqlRows(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class SqlConnection(Protocol):
    """A connection in autocommit; ``sqlite3.Connection`` is one as it stands."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> SqlRows: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> SqlRows: ...

    def close(self) -> None: ...


BEGIN_WRITE = "BEGIN IMMEDIATE"


@contextmanager
def immediate(connection: SqlConnection) -> Iterator[None]:
    """Run a block in one write transaction: all of it or nothing."""
    connection.execute(BEGIN_WRITE)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


_INSERT_LAYOUT = (
    "INSERT INTO layout (id, keys) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET keys = excluded.keys"
)
_INSERT_STATUS = "INSERT INTO raw_status (tag_key, time_us, code) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_TEXT = "INSERT INTO text (number, body) VALUES (?, ?) ON CONFLICT DO NOTHING"


def put_besides(connection: SqlConnection, row: TailRow) -> None:
    """Write what a row of the tail brings besides samples, in the caller's transaction."""
    if row.layouts:
        connection.executemany(_INSERT_LAYOUT, list(row.layouts.items()))
    if row.texts:
        connection.executemany(_INSERT_TEXT, list(row.texts.items()))
    if row.statuses:
        connection.executemany(_INSERT_STATUS, list(row.statuses))


class Watch(Protocol):
    """A cheap question: is the database another than at the last look?"""

    def mark(self) -> int:
        """Return a number that differs after every commit by somebody else; costs little."""
        ...

    def close(self) -> None: ...


class PlantDatabase(Protocol):
    """The transactions of the plant's tables, on either engine."""

    @property
    def place(self) -> Path | str:
        """Where it is, for messages: a file, or server and database without credentials."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """Yield a read-only connection in one snapshot."""
        ...

    def write(self) -> AbstractContextManager[Connection]:
        """Yield the connection of a write transaction: one writer at a time, durable when the block ends."""
        ...

    def watch(self) -> Watch:
        """Return a watch on a connection of its own, for one thread."""
        ...

    def hurry(self) -> None:
        """The program ends: wait only briefly for what stands still."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class HistoryOpening:
    """How the history came up; ``problem`` and ``set_aside`` tell of a file that was replaced.

    ``layouts``, ``texts`` and ``sequence`` are numbers given out that the history itself does not know yet:
    rows that wait for it use them.
    """

    problem: str = ""
    set_aside: tuple[Path, ...] = ()
    layouts: Mapping[int, bytes] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    sequence: int = 0


class HistoryBase(Protocol):
    """Where a history lies: a file of its own, or tables on a server."""

    @property
    def place(self) -> Path | str:
        """Where it is, for messages."""
        ...

    def writer(self, *, now_us: int) -> tuple[SqlConnection, HistoryOpening]:
        """Open or make the history for its one writer."""
        ...

    def reader(self) -> SqlConnection:
        """Open the history without any right to change it."""
        ...

    def put_tail(self, connection: SqlConnection, row: TailRow) -> None:
        """Make a row of the tail durable, once, whoever asks again; LeaseLost for a writer of the past."""
        ...

    @property
    def waiting_samples(self) -> int:
        """Samples that are durable on this PC and wait for their server; 0 where there is none."""
        ...

    def catch_up(self, connection: SqlConnection) -> int:
        """Send some of what waits for the server, oldest first; return the samples that wait still."""
        ...

    def close(self) -> None:
        """Let go of files of its own."""
        ...
