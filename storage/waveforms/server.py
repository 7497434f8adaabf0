"""Kept waveforms and spectra in tables of a PostgreSQL server, one partition a UTC month."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from domain.errors import NotFound, StorageError
from domain.identifiers import new_id
from domain.instants import Clock, from_microseconds, to_microseconds
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
    kept_of,
    spectrum_of,
    spectrum_row,
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

    def prune(self, *, before_us: int) -> int:
        """Drop whole months that end before the instant; return the partitions removed."""
        removed = 0
        with told(self._place), immediate(self._connection):
            for table in ("waveform", "spectrum"):
                kept = _partition(table, before_us)
                for (name,) in self._connection.execute(_PARTITIONS, (table,)).fetchall():
                    if name < kept:
                        self._connection.execute(f"DROP TABLE history.{name}")
                        removed += 1
        self._months.clear()
        return removed

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
    low_us, high_us = _month_ends(instant_us)
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS history.{_partition(table, instant_us)} PARTITION OF history.{table} "
        f"FOR VALUES FROM ({low_us}) TO ({high_us})"
    )


def _partition(table: str, instant_us: int) -> str:
    return f"{table}_{from_microseconds(instant_us):%Y_%m}"


def _month_ends(instant_us: int) -> tuple[int, int]:
    """Return begin and end of the instant's UTC month."""
    at = from_microseconds(instant_us)
    following = (at.year + at.month // 12, at.month % 12 + 1)
    begin, end = datetime(at.year, at.month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
    return to_microseconds(begin), to_microseconds(end)
