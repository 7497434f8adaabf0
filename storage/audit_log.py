"""Who changed what: append-only, each entry chained by SHA-256 to the one before; one chain a workstation."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from domain.roles import Actor
from storage.schema.records import audit, audit_heads
from storage.sql import PlantDatabase

Row = dict[str, Any]
_GENESIS = bytes(32)
_HASHED = (
    "workstation", "sequence", "at_us", "user_id", "user_name", "role", "action", "kind",
    "aggregate_id", "detail",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act. ``detail`` is the act's own plain data."""

    workstation: str
    sequence: int
    at_us: int
    user_name: str
    role: str
    action: str
    kind: str
    aggregate_id: UUID
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """Result of a check; ``entries`` were read. The first bad row is named, or nothing when all is well."""

    entries: int
    workstation: str = ""
    sequence: int | None = None
    problem: str = ""

    @property
    def is_sound(self) -> bool:
        return not self.problem


class AuditLog:
    """Reading and checking the log."""

    def __init__(self, database: PlantDatabase) -> None:
        self._database = database

    def entries(self, *, start_us: int, end_us: int, limit: int = 1000) -> tuple[AuditEntry, ...]:
        """Return the acts of a time window, oldest first."""
        query = (
            select(audit)
            .where(audit.c.at_us >= start_us, audit.c.at_us < end_us)
            .order_by(audit.c.at_us, audit.c.workstation, audit.c.sequence)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(_entry(row._asdict()) for row in connection.execute(query))

    def of(self, aggregate_ids: Iterable[UUID], *, action: str) -> tuple[AuditEntry, ...]:
        """Return acts of one sort on these things, oldest first."""
        query = (
            select(audit)
            .where(audit.c.aggregate_id.in_(list(aggregate_ids)), audit.c.action == action)
            .order_by(audit.c.at_us, audit.c.workstation, audit.c.sequence)
        )
        with self._database.read() as connection:
            return tuple(_entry(row._asdict()) for row in connection.execute(query))

    def verify(self) -> AuditFinding:
        """Walk every chain and name the first row that does not fit: changed, missing or cut off."""
        with self._database.read() as connection:
            return verify_chains(connection)

    def heads(self) -> dict[str, tuple[int, str]]:
        """Return the last sequence and hash (hex) of each workstation's chain."""
        with self._database.read() as connection:
            return chain_heads(connection)


def append_entry(
    connection: Connection,
    actor: Actor,
    *,
    at_us: int,
    action: str,
    kind: str,
    aggregate_id: UUID,
    detail: str,
) -> None:
    """Write one act in the caller's transaction; ``detail`` is canonical JSON."""
    head = connection.execute(
        select(audit_heads.c.sequence, audit_heads.c.hash).where(
            audit_heads.c.workstation == actor.workstation
        )
    ).one_or_none()
    sequence, previous = (head.sequence + 1, bytes(head.hash)) if head else (1, _GENESIS)
    row: dict[str, object] = {
        "workstation": actor.workstation,
        "sequence": sequence,
        "at_us": at_us,
        "user_id": actor.user_id,
        "user_name": actor.name,
        "role": actor.role.value,
        "action": action,
        "kind": kind,
        "aggregate_id": aggregate_id,
        "detail": detail,
    }
    digest = row_hash(previous, row)
    connection.execute(insert(audit), row | {"previous": previous, "hash": digest})
    if head:
        connection.execute(
            update(audit_heads).where(audit_heads.c.workstation == actor.workstation),
            {"sequence": sequence, "hash": digest},
        )
    else:
        connection.execute(
            insert(audit_heads), {"workstation": actor.workstation, "sequence": sequence, "hash": digest}
        )


def row_hash(previous: bytes, row: Mapping[str, object]) -> bytes:
    """Return SHA-256 over the previous hash and the row as canonical JSON."""
    plain = [value.hex if isinstance(value, UUID) else value for value in (row[name] for name in _HASHED)]
    return hashlib.sha256(previous + canonical(plain).encode()).digest()


def canonical(value: object) -> str:
    """Return JSON text that is the same for equal values on every machine."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def chain_heads(connection: Connection) -> dict[str, tuple[int, str]]:
    """Return the last sequence and hash of each chain, read on the caller's connection."""
    rows = connection.execute(select(audit_heads).order_by(audit_heads.c.workstation))
    return {row.workstation: (row.sequence, bytes(row.hash).hex()) for row in rows}


def verify_chains(connection: Connection) -> AuditFinding:
    """Check every chain on the caller's connection; see ``AuditLog.verify``."""
    heads = chain_heads(connection)
    last: dict[str, tuple[int, bytes]] = {}
    count = 0
    for row in _all_rows(connection):
        count += 1
        station = str(row["workstation"])
        sequence, previous = last.get(station, (0, _GENESIS))
        problem = _problem(row, sequence, previous)
        if problem:
            return AuditFinding(count, station, int(row["sequence"]), problem)
        last[station] = (int(row["sequence"]), bytes(row["hash"]))
    for station, (sequence, digest) in heads.items():
        found, found_hash = last.get(station, (0, _GENESIS))
        if (found, found_hash.hex()) != (sequence, digest):
            return AuditFinding(count, station, found + 1, "cut off: later entries are missing")
    return AuditFinding(count)


def _problem(row: Row, sequence: int, previous: bytes) -> str:
    if row["sequence"] != sequence + 1:
        return "missing: an entry before this one is gone"
    if bytes(row["previous"]) != previous:
        return "not chained to the entry before it"
    if row_hash(previous, row) != bytes(row["hash"]):
        return "changed after it was written"
    return ""


def _all_rows(connection: Connection) -> Iterator[Row]:
    query = select(audit).order_by(audit.c.workstation, audit.c.sequence)
    for row in connection.execute(query.execution_options(yield_per=500)):
        yield row._asdict()


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        row["workstation"],
        row["sequence"],
        row["at_us"],
        row["user_name"],
        row["role"],
        row["action"],
        row["kind"],
        row["aggregate_id"],
        json.loads(row["detail"]),
    )
