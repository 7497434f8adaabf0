"""Looking at everything stored, while it is used: what is damaged is named, nothing is changed [NEW-30]."""

from domain.errors import DatabaseDamaged
from domain.long_work import LongWork
from domain.ports import IntegrityReport, WaveformStore
from storage.audit_log import AuditLog
from storage.failures import told
from storage.history.chunks import ChunkTables
from storage.history.codec import ChunkCodec
from storage.sql import HistoryBase


def check_integrity(
    audit: AuditLog, history: HistoryBase | None, kept: WaveformStore, *, work: LongWork
) -> IntegrityReport:
    """Walk the audit chains, decode every chunk (each carries a checksum) and every kept waveform.

    Cancelled when somebody asks ``work`` to end.
    """
    work.tell("reading_audit", "")
    finding = audit.verify()
    chunks, damaged = (0, []) if history is None else _damaged_history(history, work)
    looked, bad_waveforms = _damaged_waveforms(kept, work)
    return IntegrityReport(
        finding.entries, finding.problem, chunks, tuple(damaged), looked, tuple(bad_waveforms)
    )


def _damaged_history(history: HistoryBase, work: LongWork) -> tuple[int, list[str]]:
    """Return how many chunks there are and which cannot be decoded."""
    chunks, damaged = 0, list[str]()
    connection = history.reader()
    try:
        tables = ChunkTables(connection, ChunkCodec())
        with told(history.place):
            keys = tables.tag_keys()
            for number, key in enumerate(keys, start=1):
                looked, bad = _damaged_chunks(tables, key, work)
                chunks, damaged = chunks + looked, damaged + bad
                work.tell("reading_history", "", done=number, total=len(keys), unit="tags")
    finally:
        connection.close()
    return chunks, damaged


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
