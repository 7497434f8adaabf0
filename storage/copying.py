"""Copying and checking database files step by step: told on the way, ended within a moment when asked to."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ConfigurationError, DatabaseDamaged
from domain.long_work import LongWork
from storage.database import connect
from storage.failures import told

_PAGES_AT_ONCE = 256
_BYTES_AT_ONCE = 1 << 20
_STEPS_BETWEEN_LOOKS = 20_000
"""Instructions of SQLite's machine between two looks: well below a millisecond."""


def size_of(database: Path) -> int:
    """Return the bytes of a database and of the log that is not folded into it yet; 0 when it is absent."""
    parts = (database, database.with_name(f"{database.name}-wal"))
    return sum(each.stat().st_size for each in parts if each.is_file())


def copy_database(source: Path, target: Path, *, work: LongWork) -> None:
    """Copy with SQLite's online backup; the caller keeps writers away."""
    if not source.is_file():
        raise ConfigurationError(
            f"there is no plant database at {source} to back up", key="nothing_to_back_up"
        )
    origin, copy = connect(source, mode="rw"), connect(target, mode="rwc")
    try:
        with told(target):
            origin.execute("PRAGMA wal_autocheckpoint=0")
            page_bytes = _pragma(origin, "page_size")

            def tell(status: int, remaining: int, total: int) -> None:
                done = (total - remaining) * page_bytes
                work.tell("copying", source.name, done=done, total=total * page_bytes)

            origin.backup(copy, pages=_PAGES_AT_ONCE, progress=tell)
            copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        origin.close()


def copy_snapshot(source: Path, target: Path, *, work: LongWork) -> None:
    """Copy a database from one snapshot while its writer goes on."""
    origin = connect(source, mode="rw")
    try:
        with told(source):
            origin.execute("PRAGMA wal_autocheckpoint=0")
            pages, page_bytes = (_pragma(origin, name) for name in ("page_count", "page_size"))

            def tell() -> None:
                done = target.stat().st_size if target.exists() else 0
                work.tell("copying", source.name, done=done, total=pages * page_bytes)

            with watched(origin, work, tell=tell):
                origin.execute("VACUUM INTO ?", (str(target),))
    finally:
        origin.close()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def check_pages(copy: Path, *, work: LongWork) -> None:
    """Check every page; DatabaseDamaged says what is wrong."""
    connection = connect(copy, mode="ro")
    try:
        with told(copy), watched(connection, work, tell=lambda: work.tell("checking", copy.name)):
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    finally:
        connection.close()
    if verdict != "ok":
        raise DatabaseDamaged(f"{copy} is damaged: {verdict}", key="database_damaged", file=str(copy))


def digest_of(path: Path, *, work: LongWork) -> str:
    """Return the SHA-256 of a file."""
    total, done, digest = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_BYTES_AT_ONCE):
            digest.update(piece)
            done += len(piece)
            work.tell("reading", path.name, done=done, total=total)
    return digest.hexdigest()


@contextmanager
def watched(connection: sqlite3.Connection, work: LongWork, *, tell: Callable[[], None]) -> Iterator[None]:
    """Let ``tell`` speak while one long statement runs; a wish to end interrupts it and raises Cancelled."""

    def look() -> bool:
        if not work.is_cancelled:
            tell()
        return work.is_cancelled

    work.check()
    connection.set_progress_handler(look, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except sqlite3.OperationalError:
        work.check()
        raise
    finally:
        connection.set_progress_handler(None, 0)
