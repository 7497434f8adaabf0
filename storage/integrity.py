"""Looking at everything stored, while it is used or in a copy: what is damaged is named, nothing is changed.

Memory holds one piece at a time [NEW-30].
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from domain.errors import DatabaseDamaged
from domain.long_work import LongWork
from domain.ports import IntegrityReport, WaveformStore
from storage.audit_log import AuditLog
from storage.database import connect
from storage.failures import told
from storage.history.chunks import ChunkTables
from storage.history.codec import ChunkCodec
from storage.history.stored_tail import each_tail_row
from storage.sql import HistoryBase, SqlConnection
from storage.waveforms.rows import SELECT_EVERY_SPECTRUM, SELECT_EVERY_WAVEFORM, spectrum_of, waveform_of

_TELL_EVERY: Final = 256
"""Pieces of a copy between two reports of how far the work is."""


def check_integrity(
    audit: AuditLog, history: HistoryBase | None, kept: WaveformStore, *, work: LongWork
) -> IntegrityReport:
    """Walk the audit chains, decode tail, every chunk (each carries a checksum) and every kept waveform.

    Cancelled when somebody asks ``work`` to end.
    """
    work.tell("reading_audit", "")
    finding = audit.verify()
    chunks, damaged = (0, []) if history is None else _damaged_history(history, work)
    looked, bad_waveforms = _damaged_waveforms(kept, work)
    return IntegrityReport(
        finding.entries, finding.problem, chunks, tuple(damaged), looked, tuple(bad_waveforms)
    )


def unreadable_in(file: Path, *, work: LongWork) -> list[str]:
    """Return what in a closed file of history or waveforms cannot be decoded; Cancelled as above."""
    with told(file), closing(connect(file, mode="ro")) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        found: list[str] = []
        if {"tail", "layout", "chunk"} <= names:
            found += _unreadable_history(connection, work)[1]
        if {"waveform", "spectrum"} <= names:
            found += _unreadable_waveforms(connection, file.name, work)
        return found


def _damaged_history(history: HistoryBase, work: LongWork) -> tuple[int, list[str]]:
    with told(history.place), closing(history.reader()) as connection:
        return _unreadable_history(connection, work)


def _unreadable_history(connection: SqlConnection, work: LongWork) -> tuple[int, list[str]]:
    """Return how many chunks there are, and what of tail and chunks cannot be decoded."""
    chunks, damaged = 0, list(_unreadable_tail(connection, work))
    tables = ChunkTables(connection, ChunkCodec())
    keys = tables.tag_keys()
    for number, key in enumerate(keys, start=1):
        looked, bad = _damaged_chunks(tables, key, work)
        chunks, damaged = chunks + looked, damaged + bad
        work.tell("reading_history", "", done=number, total=len(keys), unit="tags")
    return chunks, damaged


def _unreadable_tail(connection: SqlConnection, work: LongWork) -> Iterator[str]:
    for number, rows in each_tail_row(connection):
        work.check()
        if rows is None:
            yield f"row {number} of the tail"


def _damaged_chunks(tables: ChunkTables, tag_key: int, work: LongWork) -> tuple[int, list[str]]:
    """Return how many chunks a tag has and which cannot be decoded."""
    looked, damaged = 0, list[str]()
    for stored in tables.all_chunks(tag_key):
        work.check()
        looked += 1
        try:
            tables.codec.decode(stored.chunk)
        except DatabaseDamaged:
            damaged.append(f"tag {tag_key} from {stored.chunk.first_us} to {stored.chunk.last_us}")
    return looked, damaged


def _unreadable_waveforms(connection: SqlConnection, name: str, work: LongWork) -> list[str]:
    """Return which waveforms and spectra of one month cannot be decoded."""
    damaged, codec = list[str](), ChunkCodec()
    for kind, query, decode in (
        ("waveform", SELECT_EVERY_WAVEFORM, waveform_of),
        ("spectrum", SELECT_EVERY_SPECTRUM, spectrum_of),
    ):
        for number, row in enumerate(connection.execute(query)):
            if number % _TELL_EVERY == 0:
                work.tell("reading_waveforms", name)
            work.check()
            try:
                decode(row, codec)
            except (DatabaseDamaged, ValueError):
                damaged.append(f"{kind} {number + 1} of tag {row[0]}")
    return damaged


def _damaged_waveforms(kept: WaveformStore, work: LongWork) -> tuple[int, list[str]]:
    looked, damaged = 0, list[str]()
    keys = kept.tag_keys()
    for number, key in enumerate(keys, start=1):
        work.tell("reading_waveforms", "", done=number, total=len(keys), unit="tags")
        for entry in kept.waveforms(key, start_us=0, end_us=4_000_000_000_000_000):
            work.check()
            looked += 1
            try:
                kept.waveform(entry.id)
            except DatabaseDamaged:
                damaged.append(f"waveform {entry.id} of tag {key}")
    return looked, damaged
