"""Moving a plant between files and a PostgreSQL server without loss, and the proof of it [NEW-31].

Every row of every table is copied as it is, the audit chains among them. A digest over the rows of each table
is taken while reading and again from what was written; the source is left as it was.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Table, func, insert, select, text

from domain.errors import ConfigurationError, StorageError
from storage.schema import METADATA
from storage.sql import PlantDatabase

ROWS_AT_ONCE: Final = 500

Progress = Callable[[str, int], None]
"""Is told the table and the rows copied so far."""


@dataclass(frozen=True, slots=True)
class Copied:
    """One table: how many rows went over, and the digest that source and target share."""

    table: str
    rows: int
    digest: str


class PlantTables(Protocol):
    """Where the tables of a plant are read."""

    def read(self) -> AbstractContextManager[Connection]:
        """Yield a connection in one snapshot."""
        ...


class RowDigest:
    """A digest over rows that does not depend on their order."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Sequence[Any]) -> None:
        """Take one row; numbers that two engines give in different types count the same."""
        plain = repr([_plain(value) for value in row]).encode()
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(plain).digest())) % (1 << 256)
        self.rows += 1

    @property
    def hex(self) -> str:
        return f"{self._sum:064x}"


def silent(table: str, rows: int) -> None:
    """Progress that nobody watches."""


def copy_plant(
    source: PlantTables, target: PlantDatabase, *, progress: Progress, proving: Progress = silent
) -> list[Copied]:
    """Copy every table of the plant database into an empty one of the same schema, in one transaction.

    ``proving`` is told the rows that were read back.
    """
    with source.read() as reading, target.write() as writing:
        _refuse_filled(writing, str(target.place))
        copied = [_copy_table(table, reading, writing, progress) for table in METADATA.sorted_tables]
        _restart_counters(writing)
    with target.read() as reading:
        for each in copied:
            prove(each, _rows(METADATA.tables[each.table], reading), str(target.place), progress=proving)
    return copied


def batched(rows: Iterable[Any], size: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in tuples of at most ``size``."""
    iterator = iter(rows)
    while batch := tuple(islice(iterator, size)):
        yield batch


def _copy_table(table: Table, reading: Connection, writing: Connection, progress: Progress) -> Copied:
    digest = RowDigest()
    for rows in batched(_rows(table, reading), ROWS_AT_ONCE):
        for row in rows:
            digest.add(tuple(row))
        writing.execute(insert(table), [row._asdict() for row in rows])
        progress(table.name, digest.rows)
    return Copied(table.name, digest.rows, digest.hex)


def _rows(table: Table, connection: Connection) -> Iterator[Any]:
    """Yield rows so that a row comes after the one it refers to within its own table."""
    order = [table.c.version] if "version" in table.c else list(table.primary_key)
    if "parent_id" in table.c:
        yield from _parents_first(connection.execute(select(table)).all())
        return
    yield from connection.execute(select(table).order_by(*order).execution_options(yield_per=ROWS_AT_ONCE))


def _parents_first(rows: Sequence[Any]) -> Iterator[Any]:
    waiting, placed = list(rows), set[Any]()
    while waiting:
        ready = [row for row in waiting if row.parent_id is None or row.parent_id in placed]
        if not ready:
            raise StorageError("assets are parents of each other in a circle", key="storage_failed")
        yield from ready
        placed |= {row.id for row in ready}
        waiting = [row for row in waiting if row.id not in placed]


def _refuse_filled(connection: Connection, place: str) -> None:
    for table in METADATA.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise ConfigurationError(
                f"{place} holds rows already ({table.name}); give an empty database", key="target_not_empty"
            )


def _restart_counters(connection: Connection) -> None:
    """Let a server's own row numbers go on behind the copied ones."""
    if connection.dialect.name != "postgresql":
        return
    for table in ("changes", "alarm_journal"):
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                f"(SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
            )
        )


def prove(copied: Copied, rows: Iterable[Sequence[Any]], place: str, *, progress: Progress) -> None:
    """Raise StorageError when the rows of a table read back are not what was copied."""
    found = RowDigest()
    for batch in batched(rows, ROWS_AT_ONCE):
        for row in batch:
            found.add(tuple(row))
        progress(copied.table, found.rows)
    if (copied.rows, copied.digest) != (found.rows, found.hex):
        raise StorageError(
            f"{place}: table {copied.table} holds {found.rows} rows that differ from the {copied.rows} "
            "copied; the source is unchanged, the target must not be used",
            key="move_failed",
            table=copied.table,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return hashlib.sha256(bytes(value)).hexdigest()
    if isinstance(value, float):
        return None if value != value else value + 0.0  # SQLite stores NaN as nothing and -0.0 as 0.0
    if isinstance(value, bool):
        return int(value)
    return value
