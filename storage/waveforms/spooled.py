"""A server's waveforms and spectra with a file of this PC in front of it, for while it is away [F44].

A row leaves the file only after the server has it; id or time know it again when an answer was lost.
"""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from domain.errors import DatabaseDamaged, DatabaseUnreachable
from domain.identifiers import new_id
from domain.instants import Clock
from domain.plant.keeping import WaveformRules
from domain.plant.signals import SpectrumKind, Waveform
from domain.ports import KeptWaveform, SpectrumRow
from storage.data_folder import DataFolder
from storage.history.codec import ChunkCodec
from storage.leases import Lease
from storage.spool_file import SpoolFile
from storage.waveforms.rows import spectrum_row, waveform_row
from storage.waveforms.server import ServerWaveforms

ROWS_AT_ONCE: Final = 50
"""Rows sent in one go: live data are stored in between."""

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, "
    "kind TEXT NOT NULL, entry TEXT NOT NULL, body BLOB NOT NULL)"
)
Row = tuple[Any, ...]


class SpooledWaveforms:
    """Implements ``domain.ports.WaveformStore`` for the collector. Used by the writer lane alone.

    ``problem`` tells of a file that was set aside at the start, nothing when all is well; ``waiting_rows``
    are durable on this PC and wait for the server.
    """

    def __init__(self, server: ServerWaveforms, folder: DataFolder, *, clock: Clock, lease: Lease) -> None:
        self._server = server
        self._clock = clock
        self._lease = lease
        self._codec = ChunkCodec()
        self._file = SpoolFile(folder.waveform_spool_db, table=_TABLE, quarantine=folder.quarantine)
        self.waiting_rows = 0
        self.problem = ""
        if self._file.exists():
            self._take_up()

    def _take_up(self) -> None:
        """Count what waits; what another collector's time lies between is set aside, as samples are."""
        try:
            with self._file.opened() as connection:
                count, epoch = connection.execute("SELECT count(*), min(epoch) FROM waiting").fetchone()
        except DatabaseDamaged as damage:
            self.problem = f"{damage}; the waveforms that waited in it were set aside"
            self._file.set_aside(now_us=self._clock.now_us())
            return
        if not count or self._lease.term.continues(int(epoch)):
            self.waiting_rows = int(count)
            return
        self.problem = f"{count} waveforms and spectra of before another collector took over were set aside"
        self._file.set_aside(now_us=self._clock.now_us())

    def keep(self, waveform: Waveform, *, reason: str, identity: UUID | None = None) -> UUID:
        """Store a waveform durably, there or here, and return its id."""
        identity = identity or new_id(now_ms=self._clock.now_us() // 1000)
        self._put("waveform", [waveform_row(identity, waveform, reason=reason, codec=self._codec)])
        return identity

    def keep_spectra(self, rows: Sequence[SpectrumRow]) -> None:
        """Store spectra durably, there or here."""
        if rows:
            self._put("spectrum", [spectrum_row(row, self._codec) for row in rows])

    def _put(self, kind: str, rows: Sequence[Row]) -> None:
        if not self.waiting_rows:
            try:
                self._server.put(kind, rows)
                return
            except DatabaseUnreachable:
                pass
        epoch = self._lease.term.epoch
        entries = [(epoch, kind, json.dumps([_plain(each) for each in row[:-1]]), row[-1]) for row in rows]
        with self._file.opened() as connection:
            connection.executemany(
                "INSERT INTO waiting (epoch, kind, entry, body) VALUES (?, ?, ?, ?)", entries
            )
        self.waiting_rows += len(rows)

    def catch_up(self) -> int:
        """Send the oldest waiting rows; return how many wait still."""
        if not self.waiting_rows:
            return 0
        query = "SELECT number, kind, entry, body FROM waiting ORDER BY number LIMIT ?"
        with self._file.opened() as connection:
            found = connection.execute(query, (ROWS_AT_ONCE,)).fetchall()
        sent: list[tuple[int]] = []
        try:
            for number, kind, entry, body in found:
                self._server.put(kind, [(*(_stored(each) for each in json.loads(entry)), body)])
                sent.append((number,))
        except DatabaseUnreachable:
            pass
        if sent:
            with self._file.opened() as connection:
                connection.executemany("DELETE FROM waiting WHERE number = ?", sent)
            self.waiting_rows -= len(sent)
        return self.waiting_rows

    def waveform(self, waveform_id: UUID) -> Waveform:
        return self._server.waveform(waveform_id)

    def waveforms(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[KeptWaveform]:
        return self._server.waveforms(tag_key, start_us=start_us, end_us=end_us)

    def tag_keys(self) -> Sequence[int]:
        return self._server.tag_keys()

    def spectra(
        self, tag_key: int, kind: SpectrumKind, *, start_us: int, end_us: int, limit: int = 500
    ) -> Sequence[SpectrumRow]:
        return self._server.spectra(tag_key, kind, start_us=start_us, end_us=end_us, limit=limit)

    def prune(self, rules: WaveformRules, *, most: int = 100) -> int:
        return self._server.prune(rules, most=most)

    def close(self) -> None:
        """Close the file and the connection."""
        self._file.close()
        self._server.close()


def _plain(column: object) -> object:
    return {"bytes": column.hex()} if isinstance(column, bytes) else column


def _stored(column: Any) -> object:
    return bytes.fromhex(column["bytes"]) if isinstance(column, dict) else column
