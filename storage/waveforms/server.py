"""Kept waveforms and spectra in tables of a PostgreSQL server, one partition a UTC month."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from domain.errors import NotFound, StorageError
from domain.identifiers import new_id
from domain.instants import Clock, from_microseconds
from domain.plant.keeping import WaveformRules
from domain.plant.signals import SpectrumKind, Waveform
from domain.ports import KeptWaveform, SpectrumRow
from storage.failures import told
from storage.history.codec import ChunkCodec
from storage.history.server import FencedConnection
from storage.leases import Lease
from storage.postgresql import ServerConnection
from storage.server import Server
from storage.sql import SqlConnection, immediate
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

_INSERT: Final = {"waveform": INSERT_WAVEFORM, "spectrum": INSERT_SPECTRUM}
_TIME_COLUMN: Final = 2
"""Place of the instant in a row of either table."""

_PARTITIONS: Final = (
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
    "JOIN pg_class parent ON parent.oid = inhparent JOIN pg_namespace n ON n.oid = parent.relnamespace "
    "WHERE n.nspname = 'history' AND parent.relname = ? ORDER BY child.relname"
)


class ServerWaveforms:
    """Implements ``domain.ports.WaveformStore``; a writer needs the collector's lease."""

    problem = ""
    waiting_rows = 0

    def __init__(self, server: Server, *, clock: Clock, lease: Lease | None = None) -> None:
        self._place = server.place
        self._clock = clock
        self._is_writer = lease is not None
        self._connection = (
            ServerConnection(server, is_read_only=True) if lease is None else FencedConnection(server, lease)
        )
        self._codec = ChunkCodec()
        self._months: set[str] = set()

    def keep(self, waveform: Waveform, *, reason: str, identity: UUID | None = None) -> UUID:
        """Store a waveform durably and return its id; one that is kept under this id already stays."""
        identity = identity or new_id(now_ms=self._clock.now_us() // 1000)
        self.put("waveform", [waveform_row(identity, waveform, reason=reason, codec=self._codec)])
        return identity

    def put(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Store rows of "waveform" or "spectrum" in one transaction."""
        with self._writing(table, [row[_TIME_COLUMN] for row in rows]):
            self._connection.executemany(_INSERT[table], rows)

    def waveform(self, waveform_id: UUID) -> Waveform:
        """Return a stored waveform; NotFound when it is gone, DatabaseDamaged when its bytes were changed."""
        with told(self._place):
            found = self._connection.execute(SELECT_WAVEFORM, (waveform_id.bytes,)).fetchone()
        if found is None:
            raise NotFound(f"waveform {waveform_id} is no longer kept", key="waveform_gone")
        return waveform_of(found, self._codec)

    def waveforms(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[KeptWaveform]:
        """List what is kept of a tag in a time window, oldest first."""
        with told(self._place):
            rows = self._connection.execute(LIST_WAVEFORMS, (tag_key, start_us, end_us)).fetchall()
        return tuple(kept_of(row) for row in rows)

    def tag_keys(self) -> Sequence[int]:
        """Return the tags of which any waveform is kept."""
        with told(self._place):
            return sorted(int(row[0]) for row in self._connection.execute(LIST_TAGS))

    def keep_spectra(self, rows: Sequence[SpectrumRow]) -> None:
        """Store spectra durably in one transaction; the same again replaces."""
        if rows:
            self.put("spectrum", [spectrum_row(row, self._codec) for row in rows])

    def spectra(
        self, tag_key: int, kind: SpectrumKind, *, start_us: int, end_us: int, limit: int = 500
    ) -> Sequence[SpectrumRow]:
        """Return stored spectra in a time window, oldest first, thinned evenly to ``limit``."""
        which = (tag_key, kind.value, start_us, end_us)
        with told(self._place):
            times = [int(row[0]) for row in self._connection.execute(LIST_SPECTRA, which)]
            chosen = [
                self._connection.execute(SELECT_SPECTRUM, (tag_key, kind.value, time_us)).fetchone()
                for time_us in thinned(times, limit)
            ]
        return tuple(spectrum_of(row, self._codec) for row in chosen)

    def prune(self, rules: WaveformRules, *, most: int = 100) -> int:
        """Let go of some of what is too old, at most so many rows; return how many, 0 when all is done."""
        removed = 0
        with told(self._place), immediate(self._connection):
            for month in self._stored_months():
                if removed < most:
                    removed += self._prune_month(month, rules, most - removed)
        self._months.clear()
        return removed

    def _stored_months(self) -> list[str]:
        """Return the months that have a partition, as in the names of the partitions, oldest first."""
        found = set[str]()
        for table in ("waveform", "spectrum"):
            rows = self._connection.execute(_PARTITIONS, (table,)).fetchall()
            found |= {name.removeprefix(f"{table}_") for (name,) in rows}
        return sorted(found)

    def _prune_month(self, month: str, rules: WaveformRules, most: int) -> int:
        start_us, end_us = month_ends(*map(int, month.split("_")))
        if start_us >= rules.latest_us:
            return 0
        left = staying(rules, end_us=end_us)
        if left is not None and not any(self._has(month, some) for some in left):
            for table in ("waveform", "spectrum"):
                self._connection.execute(f"DROP TABLE IF EXISTS history.{table}_{month}")
            return 1
        removed = 0
        for some in outdated(rules, start_us=start_us, end_us=end_us):
            if removed < most and self._is_there(f"{some.table}_{month}"):
                place = f"history.{some.table}_{month}"
                removed += self._connection.execute(
                    f"DELETE FROM {place} WHERE ctid = ANY(ARRAY("
                    f"SELECT ctid FROM {place} WHERE {some.condition} LIMIT {most - removed}))",
                    some.parameters,
                ).rowcount
        return removed

    def _has(self, month: str, some: Some) -> bool:
        name = f"{some.table}_{month}"
        query = f"SELECT 1 FROM history.{name} WHERE {some.condition} LIMIT 1"
        return (
            self._is_there(name) and self._connection.execute(query, some.parameters).fetchone() is not None
        )

    def _is_there(self, name: str) -> bool:
        found = self._connection.execute("SELECT to_regclass(?)", (f"history.{name}",)).fetchone()
        return found[0] is not None

    def catch_up(self) -> int:
        """Nothing waits: what is put is there."""
        return 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _writing(self, table: str, instants_us: Sequence[int]) -> Iterator[None]:
        """Begin a transaction for rows of these instants, whose months exist then."""
        if not self._is_writer:
            raise StorageError("this program only reads waveforms", key="read_only")
        with told(self._place):
            for instant_us in instants_us:
                self._make_month(table, instant_us)
            with immediate(self._connection):
                yield

    def _make_month(self, table: str, instant_us: int) -> None:
        name = _partition(table, instant_us)
        if name not in self._months:
            make_month(self._connection, table, instant_us)
            self._months.add(name)


def make_month(connection: SqlConnection, table: str, instant_us: int) -> None:
    """Make the partition of "waveform" or "spectrum" that holds the instant, unless it is there."""
    at = from_microseconds(instant_us)
    low_us, high_us = month_ends(at.year, at.month)
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS history.{_partition(table, instant_us)} PARTITION OF history.{table} "
        f"FOR VALUES FROM ({low_us}) TO ({high_us})"
    )


def _partition(table: str, instant_us: int) -> str:
    return f"{table}_{from_microseconds(instant_us):%Y_%m}"
