"""Verified copies of the plant database, and the way back.

A backup is a folder with the copy and a manifest: identity, schema, row counts, audit chain heads and the
SHA-256 of the copy. It appears under its final name only after the copy was opened and checked.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import ConfigurationError, DatabaseDamaged, StorageError
from domain.instants import iso_utc
from storage.data_folder import DataFolder
from storage.database import connect
from storage.failures import told
from storage.locks import InstanceLock, WriteLock
from storage.migrations import refuse_newer
from storage.set_aside import set_aside

_COPY, _MANIFEST, _FORMAT = "plant.db", "manifest.json", 1
Filler = Callable[[Path], None]
"""Writes the plant, and what else belongs to the copy, into an empty folder."""


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup holds, as written beside it.

    ``others`` are the files beside the plant database with their SHA-256: history and waveforms, when they
    were asked for.
    """

    plant_id: str
    schema: str
    created_us: int
    reason: str
    sha256: str
    rows: Mapping[str, int]
    audit_heads: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)
    format: int = _FORMAT


def backup(
    folder: DataFolder, target: Path, *, now_us: int, reason: str = "manual", with_history: bool = False
) -> Path:
    """Copy the running plant database into a new folder below ``target`` and return that folder.

    The copy is made with SQLite's online backup under the write lock, history and waveforms (which may be
    large) from one snapshot each without holding up their writer; then all is opened and verified.
    StorageError leaves nothing behind.
    """

    def fill(draft: Path) -> None:
        with WriteLock(folder.write_lock, timeout_s=30.0).held():
            _copy(folder.plant_db, draft / _COPY)
        if with_history:
            for path in (folder.history_db, *folder.waveform_files()):
                if path.exists():
                    _copy_snapshot(path, draft / path.name)

    return make_backup(fill, target, now_us=now_us, reason=reason)


def make_backup(fill: Filler, target: Path, *, now_us: int, reason: str) -> Path:
    """Let ``fill`` write the files into a draft; check them and give the folder its name only then."""
    name = f"jidoka-{iso_utc(now_us).replace(':', '').replace('.', '-')}-{reason}"
    draft, final = target / f".draft-{uuid4().hex}", target / name
    try:
        draft.mkdir(parents=True)
        fill(draft)
        others = sorted(path for path in draft.iterdir() if path.name != _COPY)
        for path in others:
            _check_pages(path)
        manifest = BackupManifest(
            **_inspect(draft / _COPY),
            created_us=now_us,
            reason=reason,
            sha256=_digest(draft / _COPY),
            others={path.name: _digest(path) for path in others},
        )
        text = json.dumps(asdict(manifest), indent=2, sort_keys=True)
        (draft / _MANIFEST).write_text(text, encoding="utf-8")
        for file in draft.iterdir():
            _sync(file)
        os.replace(draft, final)
        _sync_folder(target)
    except OSError as error:
        raise StorageError(
            f"backup to {target} failed ({error.strerror or error}); the plant goes on, choose another place",
            key="backup_failed",
            target=str(target),
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return final


def verify(path: Path) -> BackupManifest:
    """Open a backup and compare it with its manifest; DatabaseDamaged says what does not fit.

    ConfigurationError when there is nothing at all at ``path``.
    """
    if not path.exists():
        raise ConfigurationError(f"there is no backup at {path}", key="backup_missing")
    manifest = read_manifest(path)
    if not (path / _COPY).is_file() or _digest(path / _COPY) != manifest.sha256:
        raise DatabaseDamaged(f"{path}: the copy is missing or was changed", key="backup_changed")
    for name, digest in manifest.others.items():
        if Path(name).name != name or not (path / name).is_file() or _digest(path / name) != digest:
            raise DatabaseDamaged(f"{path}: {name} is missing or was changed", key="backup_changed")
        _check_pages(path / name)
    facts = _inspect(path / _COPY)
    for name, value in facts.items():
        if getattr(manifest, name) != value:
            raise DatabaseDamaged(f"{path}: '{name}' does not fit its manifest", key="backup_changed")
    return manifest


def read_manifest(path: Path) -> BackupManifest:
    """Return what a backup says of itself, unchecked; DatabaseDamaged when it says nothing."""
    try:
        return BackupManifest(**json.loads((path / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DatabaseDamaged(
            f"{path} is not a complete backup ({error})", key="backup_incomplete"
        ) from error


def backups_in(target: Path) -> list[Path]:
    """Return the backups below a folder, newest first, unchecked."""
    return sorted(target.glob("jidoka-*"), reverse=True)


def newest_verified(target: Path, *, plant_id: str | None = None) -> tuple[Path, BackupManifest] | None:
    """Return the newest backup below a folder that passes ``verify``, None when there is none."""
    for path in backups_in(target):
        try:
            manifest = verify(path)
        except StorageError:
            continue
        if plant_id is None or manifest.plant_id == plant_id:
            return path, manifest
    return None


def restore(path: Path, folder: DataFolder, *, now_us: int, dry_run: bool = False) -> BackupManifest:
    """Put a backup in the place of the plant database; the replaced files go to quarantine.

    Refuses while a collector or window runs (AlreadyRunning), for a damaged backup (DatabaseDamaged) and for
    one of a newer program (MigrationFailed). On any failure the live files are untouched [F43].
    """
    manifest = verify(path)
    refuse_newer(manifest.schema or None)
    if dry_run:
        return manifest
    with InstanceLock(folder.runtime, "collector"), InstanceLock(folder.runtime, "window"):
        with WriteLock(folder.write_lock).held():
            install(path, folder, now_us=now_us)
    return manifest


def install(path: Path, folder: DataFolder, *, now_us: int) -> tuple[Path, ...]:
    """Move the live files aside and the copy in; the caller holds the locks and verified the backup."""
    others = verify(path).others
    drafts = {name: folder.root / f".restore-{uuid4().hex}" for name in (_COPY, *others)}
    moved: tuple[Path, ...] = ()
    try:
        for name, draft in drafts.items():
            shutil.copyfile(path / name, draft)
            _sync(draft)
        for name, draft in drafts.items():
            moved += set_aside(folder.root / name, folder.quarantine, now_us=now_us)
            os.replace(draft, folder.root / name)
        _sync_folder(folder.root)
    except OSError as error:
        raise StorageError(
            f"restoring {path} failed ({error.strerror or error})", key="restore_failed", backup=str(path)
        ) from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return moved


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise ConfigurationError(
            f"there is no plant database at {source} to back up", key="nothing_to_back_up"
        )
    origin, copy = connect(source, mode="rw"), connect(target, mode="rwc")
    try:
        with told(target):
            origin.execute("PRAGMA wal_autocheckpoint=0")
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        origin.close()


def _copy_snapshot(source: Path, target: Path) -> None:
    """Copy a database from one snapshot while its writer goes on."""
    origin = connect(source, mode="rw")
    try:
        with told(source):
            origin.execute("PRAGMA wal_autocheckpoint=0")
            origin.execute("VACUUM INTO ?", (str(target),))
    finally:
        origin.close()


def _check_pages(copy: Path) -> None:
    connection = connect(copy, mode="ro")
    try:
        with told(copy):
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    finally:
        connection.close()
    if verdict != "ok":
        raise DatabaseDamaged(f"{copy} is damaged: {verdict}", key="database_damaged", file=str(copy))


def _inspect(copy: Path) -> dict[str, Any]:
    """Open a copy read-only, check its pages and return the facts that the manifest holds."""
    _check_pages(copy)
    connection = connect(copy, mode="ro")
    try:
        with told(copy):
            return _facts(connection)
    finally:
        connection.close()


def _facts(connection: sqlite3.Connection) -> dict[str, Any]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    tables = [row[0] for row in connection.execute(query)]
    heads = connection.execute("SELECT workstation, sequence, hash FROM audit_heads ORDER BY workstation")
    return {
        "plant_id": _one(connection, "SELECT plant_id FROM identity").hex(),
        "schema": _one(connection, "SELECT version_num FROM alembic_version"),
        "rows": {table: _one(connection, f'SELECT count(*) FROM "{table}"') for table in tables},
        "audit_heads": {station: f"{sequence}:{digest.hex()}" for station, sequence, digest in heads},
    }


def _one(connection: sqlite3.Connection, query: str) -> Any:
    return connection.execute(query).fetchone()[0]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Make a rename durable; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
