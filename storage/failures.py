"""Failures of the database engines in the product's words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from domain.errors import DatabaseDamaged, DatabaseUnreachable, StorageError

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
_SERVER_SAYS = {
    "23": ("constraint_violated", "refused a row that breaks a rule of the schema"),
    "28": ("database_refused_login", "refuses the login; check user, password file and pg_hba.conf"),
    "3D": ("database_missing", "has no database of this name"),
    "40": ("database_busy", "could not finish beside others; nothing was saved, try again"),
    "42": ("database_refused", "refuses the statement; check the rights of this user"),
    "53": ("disk_full", "is out of disk, memory or connections"),
    "55": ("database_busy", "is held by another program; nothing was saved, try again"),
    "P0": ("append_only", "keeps this table append-only"),
}
"""What the first two letters of a PostgreSQL error code mean for a person."""


_LINK_FAILURES = frozenset({"OperationalError", "InterfaceError", "PoolTimeout"})
"""Kinds of exception of the server's library, with all that descend from them."""


def storage_error(error: Exception, path: Path | str) -> StorageError:
    """Return the StorageError that says what an engine's exception means for this file or server."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(path, str):
        return _server_error(cause, path)
    text = str(cause)
    lowered = text.lower()
    if any(word in lowered for word in _DAMAGE):
        return DatabaseDamaged(f"{path} is damaged: {text}", key="database_damaged", file=str(path))
    for word, key, sentence in _KNOWN:
        if word in lowered:
            return StorageError(f"{path} {sentence} ({text})", key=key, file=str(path), place=str(path))
    return StorageError(f"{path} did not do its work: {text}", key="storage_failed", file=str(path))


def _server_error(cause: BaseException, place: str) -> StorageError:
    """Judge by the server's error code; a link that failed without one was not heard at all."""
    text = " ".join(str(cause).split())
    group = (getattr(cause, "sqlstate", None) or "")[:2]
    kinds = {kind.__name__ for kind in type(cause).__mro__}
    is_link = not group and bool(kinds & _LINK_FAILURES)
    if is_link or group in ("08", "57"):
        return DatabaseUnreachable(
            f"{place} does not answer ({text})", key="database_unreachable", place=place
        )
    if group == "XX":
        return DatabaseDamaged(f"{place} reports damage: {text}", key="database_damaged", file=place)
    key, sentence = _SERVER_SAYS.get(group, ("storage_failed", "did not do its work"))
    return StorageError(f"{place} {sentence} ({text})", key=key, file=place)


@contextmanager
def told(path: Path | str) -> Iterator[None]:
    """Turn exceptions of the database libraries inside the block into StorageError about the place.

    ``path`` is a file of SQLite, or the name of a PostgreSQL server and database.
    """
    try:
        yield
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise storage_error(error, path) from error
    except Exception as error:
        if not _is_server_library(error):
            raise
        raise storage_error(error, path) from error


def _is_server_library(error: Exception) -> bool:
    """Say whether the exception is psycopg's, without importing it where only SQLite is used."""
    return any(kind.__module__.startswith("psycopg") for kind in type(error).__mro__)
