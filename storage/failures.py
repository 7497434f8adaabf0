"""Failures of the database engines in the product's words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import DatabaseDamaged, StorageError

_DAMAGE = ("malformed", "not a database", "disk image", "corrupt")
_KNOWN = (
    ("locked", "database_busy", "is held by another program; nothing was saved, try again"),
    ("busy", "database_busy", "is held by another program; nothing was saved, try again"),
    ("full", "disk_full", "lies on a full disk; make space, what was saved before is intact"),
    ("disk i/o error", "disk_error", "could not be written: disk full, limit reached or disk failing"),
    ("readonly", "database_read_only", "is read-only; give this user the right to change it"),
    ("unable to open", "database_unreachable", "cannot be opened; check the folder and its rights"),
    ("constraint", "constraint_violated", "refused a row that breaks a rule of the schema"),
    ("append-only", "append_only", "keeps this table append-only"),
)


def storage_error(error: Exception, path: Path) -> StorageError:
    """Return the StorageError that says what an engine's exception means for this file."""
    text = str(error.orig if isinstance(error, DBAPIError) and error.orig is not None else error)
    lowered = text.lower()
    if any(word in lowered for word in _DAMAGE):
        return DatabaseDamaged(f"{path} is damaged: {text}", key="database_damaged", file=str(path))
    for word, key, sentence in _KNOWN:
        if word in lowered:
            return StorageError(f"{path} {sentence} ({text})", key=key, file=str(path))
    return StorageError(f"{path} did not do its work: {text}", key="storage_failed", file=str(path))


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn exceptions of sqlite3 and SQLAlchemy inside the block into StorageError about ``path``."""
    try:
        yield
    except (sqlite3.Error, DBAPIError, PoolTimeout, SQLAlchemyError) as error:
        raise storage_error(error, path) from error
