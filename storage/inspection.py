"""Recognising what lies where the plant database should be: new, sound, missing, empty, foreign, damaged."""

import os
import sqlite3
import time
from dataclasses import dataclass
from uuid import UUID

from domain.errors import ConfigurationError, DatabaseDamaged
from storage.data_folder import DataFolder
from storage.database import connect
from storage.exchange import finish_exchange
from storage.failures import storage_error
from storage.locks import WriteLock
from storage.migrations import HEAD

APPLICATION = "jidoka"
APPLICATION_ID = 0x4A49444F
"""``PRAGMA application_id`` of the plant database: "JIDO"."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of looking at the file: ``problem`` is empty when it may be used.

    ``is_ours`` is False for a file that this program never wrote: it must be left alone.
    """

    is_new: bool = False
    problem: str = ""
    is_ours: bool = True
    plant_id: UUID | None = None
    revision: str | None = None
    check_finished: bool = True


def look_at(folder: DataFolder, *, check_s: float, start_new: bool) -> Finding:
    """Look at the plant database of a folder; the caller holds the write lock.

    The pages are checked for at most ``check_s`` seconds (0 leaves that out). ConfigurationError for a file
    without write access, StorageError for one that cannot be looked at.
    """
    path, was_known = folder.plant_db, folder.plant_marker.exists()
    if not path.exists():
        if was_known and not start_new:
            return Finding(problem="missing")
        return Finding(is_new=True)
    if not os.access(path, os.W_OK):
        raise ConfigurationError(
            f"{path} is read-only: give this user the right to change it",
            key="database_read_only",
            file=str(path),
        )
    if path.stat().st_size == 0:
        return Finding(problem="empty", is_ours=was_known)
    try:
        connection = connect(path, mode="rw")
        try:
            connection.execute("PRAGMA wal_autocheckpoint=0")
            return _examine(connection, was_known=was_known, check_s=check_s)
        finally:
            connection.close()
    except sqlite3.Error as error:
        told = storage_error(error, path)
        if not isinstance(told, DatabaseDamaged):
            raise told from error
        return Finding(problem=f"damaged: {error}", is_ours=was_known)


def is_of_this_schema(folder: DataFolder) -> bool:
    """Say whether the plant database can be opened as it stands, without an upgrade or a repair."""
    with WriteLock(folder.write_lock).held():
        finish_exchange(folder)
        finding = look_at(folder, check_s=0.0, start_new=False)
    return not finding.is_new and not finding.problem and finding.revision == HEAD


def _examine(connection: sqlite3.Connection, *, was_known: bool, check_s: float) -> Finding:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return Finding(problem="foreign", is_ours=was_known)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"identity", "alembic_version"} <= tables:
        return Finding(is_new=True) if not tables and not was_known else Finding(problem="without identity")
    row = connection.execute("SELECT application, plant_id FROM identity").fetchone()
    if row is None or row[0] != APPLICATION:
        return Finding(problem="without identity", is_ours=was_known)
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    problem, finished = _quick_check(connection, limit_s=check_s)
    return Finding(
        problem=problem,
        plant_id=UUID(bytes=row[1]),
        revision=revision[0] if revision else None,
        check_finished=finished,
    )


def _quick_check(connection: sqlite3.Connection, *, limit_s: float) -> tuple[str, bool]:
    """Check the pages for at most ``limit_s``; return the first problem and whether the check finished."""
    if limit_s <= 0:
        return "", False
    deadline = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), 1000)
    try:
        verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupt" in str(error):
            return "", False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return ("", True) if verdict == "ok" else (f"damaged: {verdict}", True)
