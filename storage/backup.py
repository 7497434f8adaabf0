"""Verified copies of the plant database, and the way back.

A backup is a folder with the copy and a manifest: identity, schema, row counts, audit chain heads and the
SHA-256 of the copy. It appears under its final name only after the copy was opened and checked.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from domain.errors import ConfigurationError, DatabaseDamaged, StorageError
from domain.instants import iso_utc
from domain.long_work import LongWork
from storage import migrations
from storage.copying import check_pages, copy_database, copy_snapshot, digest_of, size_of
from storage.data_folder import DataFolder, known_plant, mark_plant
from storage.database import connect
from storage.draft_folders import draft_folder
from storage.exchange import (
    draft_of,
    exchange_files,
    files_leaving,
    finish_exchange,
    sweep_drafts_in,
    synchronise_file,
    synchronise_folder,
)
from storage.failures import told
from storage.history.tag_keys import greatest_key_in, history_files
from storage.integrity import unreadable_in
from storage.locks import InstanceLock, WriteLock

_COPY, _MANIFEST, _FORMAT = "plant.db", "manifest.json", 1
ROOM_KEPT_FREE: Final = 100_000_000
"""Bytes that stay free beside a copy, so that a plant recording on the same disk goes on."""

Filler = Callable[[Path], None]
"""Writes the plant, and what else belongs to the copy, into an empty folder."""


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup holds, as written beside it.

    ``others`` are the files beside the plant database with their SHA-256: history and waveforms, when they
    were asked for. ``unreadable`` counts, by file, what could not be decoded in them already when the copy
    was made: it is kept as it is, the copy has no other damage.
    """

    plant_id: str
    schema: str
    created_us: int
    reason: str
    sha256: str
    rows: Mapping[str, int]
    audit_heads: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)
    format: int = _FORMAT


Seal = Callable[[Path, BackupManifest], AbstractContextManager[object]]
"""Opens the block in which a copy gets its final name; when the block fails, the copy is not kept."""

Note = Callable[[Path, BackupManifest], None]
"""Writes into the copy of the plant that is about to take its place."""


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore would do. ``set_aside`` are the live files that would go to quarantine.

    ``needs_upgrade``: the copy is of an older program and is brought to this one's schema at the next start.
    ``is_of_other_plant``: this folder held another plant; all of its samples and waveforms are set aside too,
    since they would be shown as those of the tags that come.
    """

    manifest: BackupManifest
    files: tuple[str, ...]
    set_aside: tuple[str, ...]
    needs_upgrade: bool
    is_of_other_plant: bool


def backup(
    folder: DataFolder,
    target: Path,
    *,
    now_us: int,
    reason: str = "manual",
    with_history: bool = False,
    work: LongWork | None = None,
    seal: Seal | None = None,
) -> Path:
    """Copy the running plant database into a new folder below ``target`` and return that folder.

    The copy is made with SQLite's online backup under the write lock, history and waveforms (which may be
    large) from one snapshot each without holding up their writer; then all is opened and verified.
    StorageError (also for too little room, with the figures) and Cancelled leave nothing behind.
    """
    work = work or LongWork()
    others = [path for path in (folder.history_db, *folder.waveform_files()) if path.exists()]
    wanted = [folder.plant_db, *(others if with_history else ())]

    def fill(draft: Path) -> None:
        refuse_without_room(draft, sum(size_of(path) for path in wanted))
        with WriteLock(folder.write_lock, timeout_s=30.0).held():
            copy_database(folder.plant_db, draft / _COPY, work=work)
        for path in wanted[1:]:
            copy_snapshot(path, draft / path.name, work=work)

    return make_backup(fill, target, now_us=now_us, reason=reason, work=work, seal=seal)


def make_backup(
    fill: Filler,
    target: Path,
    *,
    now_us: int,
    reason: str,
    work: LongWork | None = None,
    seal: Seal | None = None,
) -> Path:
    """Let ``fill`` write the files into a draft; check them and give the folder its name only then."""
    work = work or LongWork()
    final = target / f"jidoka-{iso_utc(now_us).replace(':', '').replace('.', '-')}-{reason}"
    try:
        with draft_folder(target) as draft:
            fill(draft)
            manifest = _described(draft, now_us=now_us, reason=reason, work=work)
            text = json.dumps(asdict(manifest), indent=2, sort_keys=True)
            (draft / _MANIFEST).write_text(text, encoding="utf-8")
            for file in draft.iterdir():
                synchronise_file(file)
            work.check()
            _name(draft, final, nullcontext() if seal is None else seal(final, manifest))
            synchronise_folder(target)
    except OSError as error:
        raise StorageError(
            f"backup to {target} failed ({error.strerror or error}); the plant goes on, choose another place",
            key="backup_failed",
            target=str(target),
            problem=error.strerror or str(error),
        ) from error
    return final


def _described(draft: Path, *, now_us: int, reason: str, work: LongWork) -> BackupManifest:
    """Check every file of a draft and return what its manifest says."""
    others = sorted(path for path in draft.iterdir() if path.name != _COPY)
    for path in others:
        check_pages(path, work=work)
    unreadable = {path.name: len(unreadable_in(path, work=work)) for path in others}
    return BackupManifest(
        **_inspect(draft / _COPY, work=work),
        created_us=now_us,
        reason=reason,
        sha256=digest_of(draft / _COPY, work=work),
        others={path.name: digest_of(path, work=work) for path in others},
        unreadable={name: count for name, count in unreadable.items() if count},
    )


def _name(draft: Path, final: Path, sealing: AbstractContextManager[object]) -> None:
    """Give a draft its name inside the sealing block; what could not be sealed is not kept."""
    try:
        with sealing:
            os.replace(draft, final)
    except BaseException:
        if not draft.exists():
            shutil.rmtree(final, ignore_errors=True)
        raise


def refuse_without_room(target: Path, needed: int) -> None:
    """Raise StorageError with the figures where a copy of so many bytes leaves too little room."""
    free = shutil.disk_usage(target).free
    if free < needed + ROOM_KEPT_FREE:
        raise StorageError(
            f"a copy needs {needed / 1e6:.1f} MB beside {ROOM_KEPT_FREE / 1e6:.0f} MB to spare, and {target} "
            f"has {free / 1e6:.1f} MB free; make room or choose another place",
            key="backup_no_room",
            needed_bytes=needed,
            spare_bytes=ROOM_KEPT_FREE,
            free_bytes=free,
        )


def refuse_live_place(folder: DataFolder, target: Path) -> None:
    """Raise ConfigurationError for a place among the live files; its folder for backups is none."""
    place, root = Path(os.path.realpath(target)), Path(os.path.realpath(folder.root))
    if place.is_relative_to(root) and not place.is_relative_to(root / folder.backup.name):
        raise ConfigurationError(
            f"{target} lies among the live data: a failing disk would take the copies along; choose another",
            key="backup_place_live",
            place=str(target),
        )


def refuse_place(folder: DataFolder, target: Path) -> None:
    """Raise ConfigurationError for a place among the live files, or one that cannot be written."""
    refuse_live_place(folder, target)
    place = Path(os.path.abspath(target))
    try:
        if not place.is_dir():
            raise NotADirectoryError("no such folder")
        probe = place / f".probe-{uuid4().hex}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"{place} cannot be written ({error.strerror or error}); choose another folder for backups",
            key="backup_place_unwritable",
            place=str(place),
            problem=error.strerror or str(error),
        ) from error


def verify(path: Path, *, work: LongWork | None = None) -> BackupManifest:
    """Open a backup, compare it with its manifest and decode all of its history.

    DatabaseDamaged says what does not fit, ConfigurationError that there is nothing at all at ``path``.
    """
    work = work or LongWork()
    manifest = _compared(path, work)
    for name in manifest.others:
        found = unreadable_in(path / name, work=work)
        if len(found) > manifest.unreadable.get(name, 0):
            raise DatabaseDamaged(
                f"{path}: {name} holds {len(found)} pieces that cannot be read, the first is {found[0]}",
                key="backup_unreadable",
                backup=path.name,
                file=name,
                count=len(found),
                first=found[0],
            )
    return manifest


def _compared(path: Path, work: LongWork) -> BackupManifest:
    """Compare the files of a backup with its manifest, by bytes and by rows; errors as ``verify``."""
    if not path.exists():
        raise ConfigurationError(f"there is no backup at {path}", key="backup_missing")
    manifest = read_manifest(path)
    if not (path / _COPY).is_file() or digest_of(path / _COPY, work=work) != manifest.sha256:
        raise _changed(path, _COPY)
    for name, digest in manifest.others.items():
        is_there = Path(name).name == name and (path / name).is_file()
        if not is_there or digest_of(path / name, work=work) != digest:
            raise _changed(path, name)
        check_pages(path / name, work=work)
    for name, value in _inspect(path / _COPY, work=work).items():
        if getattr(manifest, name) != value:
            raise DatabaseDamaged(f"{path}: '{name}' does not fit its manifest", key="backup_misfit")
    return manifest


def _changed(path: Path, name: str) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"{path}: {name} is missing or was changed", key="backup_changed", backup=path.name, file=name
    )


def read_manifest(path: Path) -> BackupManifest:
    """Return what a backup says of itself, unchecked; DatabaseDamaged when it says nothing."""
    try:
        return BackupManifest(**json.loads((path / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DatabaseDamaged(
            f"{path} is not a complete backup ({error})", key="backup_incomplete", backup=path.name
        ) from error


def backups_in(target: Path) -> list[Path]:
    """Return the backups below a folder, newest first, unchecked."""
    return sorted(target.glob("jidoka-*"), reverse=True)


def newest_verified(target: Path, *, plant_id: str | None = None) -> tuple[Path, BackupManifest] | None:
    """Return the newest backup below a folder that is as it was made, None when there is none.

    A start waits for it, so the history in it is not decoded.
    """
    for path in backups_in(target):
        try:
            manifest = _compared(path, LongWork())
        except StorageError:
            continue
        if plant_id is None or manifest.plant_id == plant_id:
            return path, manifest
    return None


def plan_restore(path: Path, folder: DataFolder, *, work: LongWork | None = None) -> RestorePlan:
    """Verify a backup and say what ``restore`` would do; nothing is changed.

    DatabaseDamaged for a damaged backup, MigrationFailed for one of a newer program.
    """
    manifest = verify(path, work=work)
    migrations.refuse_newer(manifest.schema or None)
    return RestorePlan(
        manifest,
        (_COPY, *manifest.others),
        _leaving(folder, manifest),
        needs_upgrade=manifest.schema != migrations.HEAD,
        is_of_other_plant=_is_of_other_plant(folder, manifest),
    )


def _is_of_other_plant(folder: DataFolder, manifest: BackupManifest) -> bool:
    known = known_plant(folder)
    return known is not None and known != manifest.plant_id


def _leaving(folder: DataFolder, manifest: BackupManifest) -> tuple[str, ...]:
    """Return the live files that cannot stay beside the copy."""
    names = dict.fromkeys((_COPY, *manifest.others))
    if _is_of_other_plant(folder, manifest):
        names |= dict.fromkeys(path.name for path in folder.data_files())
    return files_leaving(folder, tuple(names))


def restore(path: Path, folder: DataFolder, *, now_us: int, note: Note | None = None) -> RestorePlan:
    """Put a backup in the place of the plant database as planned; the replaced files go to quarantine.

    ``note`` writes into the copy before it takes its place. Refuses while a collector or window runs
    (AlreadyRunning), for a damaged backup (DatabaseDamaged) and for one of a newer program (MigrationFailed).
    On any failure the live files are where they were [F43]; a restore that was cut short is finished by the
    next start.
    """
    plan = plan_restore(path, folder)
    with InstanceLock(folder.runtime, "collector"), InstanceLock(folder.runtime, "window"):
        with WriteLock(folder.write_lock).held():
            finish_exchange(folder)
            install(path, folder, now_us=now_us, note=note)
    return plan


def install(path: Path, folder: DataFolder, *, now_us: int, note: Note | None = None) -> tuple[Path, ...]:
    """Move the live files aside and the copy in, all or none; return where the old files are now.

    The caller holds the locks and verified the backup.
    """
    manifest = read_manifest(path)
    drafts = {name: draft_of(folder) for name in (_COPY, *manifest.others)}
    leaving = _leaving(folder, manifest)
    staying = tuple(each for each in history_files(folder) if each.name not in leaving)
    try:
        for name, draft in drafts.items():
            shutil.copyfile(path / name, draft)
        _keep_off_known_keys(drafts[_COPY], staying)
        if note is not None:
            note(drafts[_COPY], manifest)
        for draft in drafts.values():
            synchronise_file(draft)
        moved = exchange_files(folder, drafts, leaving=leaving, now_us=now_us)
        mark_plant(folder, UUID(hex=manifest.plant_id))
        return moved
    except OSError as error:
        raise StorageError(
            f"restoring {path} failed ({error.strerror or error})", key="restore_failed", backup=str(path)
        ) from error
    finally:
        sweep_drafts_in(folder)


def _keep_off_known_keys(copy: Path, staying: tuple[Path, ...]) -> None:
    """Let new tags of a copy get no key under which anything is stored that the copy does not know."""
    key = greatest_key_in(staying)
    if key == 0:
        return
    with told(copy), closing(connect(copy, mode="rw")) as connection:
        connection.execute(
            "INSERT INTO counters (name, last) VALUES ('tag_key', ?) "
            "ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
            (key,),
        )


def _inspect(copy: Path, *, work: LongWork) -> dict[str, Any]:
    """Open a copy read-only, check its pages and return the facts that the manifest holds."""
    check_pages(copy, work=work)
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
