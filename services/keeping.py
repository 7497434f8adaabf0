"""Keeping the data safe and moving the set-up: backup, verify, restore, migrate, export, import."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError, DatabaseDamaged, NotFound
from domain.instants import iso_utc
from services.access import program_actor
from services.clock import SystemClock
from storage import backup, setup_file
from storage.data_folder import DataFolder, prepare_data_folder
from storage.location import database_address
from storage.store import open_store


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup, not opened yet; ``created_us`` is 0 and ``problem`` told when it is incomplete."""

    path: Path
    created_us: int
    size_bytes: int
    has_history: bool
    problem: str = ""


def backup_place(folder: Path) -> Path:
    """Return where backups go unless told otherwise."""
    return DataFolder(folder).backup


def kept_backups(place: Path) -> tuple[KeptBackup, ...]:
    """Return the backups of a folder, newest first."""
    return tuple(_kept(path) for path in backup.backups_in(place))


def _kept(path: Path) -> KeptBackup:
    size_bytes = sum(each.stat().st_size for each in path.glob("*") if each.is_file())
    try:
        manifest = backup.read_manifest(path)
    except DatabaseDamaged as error:
        return KeptBackup(path, 0, size_bytes, False, str(error))
    return KeptBackup(path, manifest.created_us, size_bytes, bool(manifest.others))


def back_up(folder: Path, target: Path | None, *, with_history: bool = False) -> Path:
    """Copy the plant while it runs, from files or from its server, and verify the copy; return its folder."""
    data = _existing(folder)
    address, place = database_address(data, None), target or data.backup
    if address is None:
        now_us = SystemClock().now_us()
        return backup.backup(data, place, now_us=now_us, with_history=with_history)
    from storage.moving_plant import back_up_server

    return back_up_server(address, place, clock=SystemClock(), with_history=with_history)


def verify_backup(path: Path) -> dict[str, Any]:
    """Open a backup and check it; return what it holds. DatabaseDamaged says what does not fit."""
    manifest = asdict(backup.verify(path))
    return manifest | {"created": iso_utc(manifest["created_us"])}


def check_integrity(folder: Path) -> dict[str, Any]:
    """Check the data in use: audit chains of the plant, every chunk of history, every waveform."""
    _existing(folder)
    store = open_store(folder, role="tool", clock=SystemClock())
    try:
        return store.check_integrity().to_plain()
    finally:
        store.close()


def restore_backup(path: Path, folder: Path, *, is_dry_run: bool) -> dict[str, Any]:
    """Put a backup in place of the plant database, or only say what would happen."""
    data = prepare_data_folder(folder)
    if database_address(data, None) is not None:
        raise ConfigurationError(
            "this plant lies on a server: restore into an empty folder with --data-dir, look at it, then "
            "bring it to an empty database with 'migrate --to'",
            key="restore_to_server",
        )
    manifest = backup.restore(path, data, now_us=SystemClock().now_us(), dry_run=is_dry_run)
    return {
        "restored": not is_dry_run,
        "created": iso_utc(manifest.created_us),
        "rows": dict(manifest.rows),
        "files": ["plant.db", *manifest.others],
        "folder": str(data.root),
    }


def migrate_folder(folder: Path) -> dict[str, Any]:
    """Open the database, which brings it to this program's schema; say what was done."""
    _existing(folder)
    store = open_store(folder, role="tool", clock=SystemClock())
    try:
        report = store.report
        return {"outcome": report.outcome.value, "problem": report.problem, "sqlite": report.sqlite_version}
    finally:
        store.close()


def move_folder(folder: Path, target: str, *, progress: Callable[[str, int], None]) -> dict[str, Any]:
    """Move the plant of a folder to a server, or back into files ("sqlite"); prove every table."""
    from storage.moving_plant import move_plant

    data = prepare_data_folder(folder)
    copied = move_plant(data, target=target, clock=SystemClock(), progress=progress)
    return {
        "moved_to": target,
        "rows": {each.table: each.rows for each in copied},
        "digests": {each.table: each.digest for each in copied},
    }


def export_file(folder: Path, path: Path) -> None:
    """Write the set-up as text; the same set-up always gives the same text."""
    _existing(folder)
    store = open_store(folder, role="tool", clock=SystemClock())
    try:
        text = setup_file.export_set_up(setup_file.SetUp(store.plant.load(), store.alarm_rules.all()))
    finally:
        store.close()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error


def import_file(path: Path, folder: Path, *, is_dry_run: bool) -> dict[str, Any]:
    """Read a set-up into an empty plant: every row or none; ``problems`` lists each row that is wrong."""
    try:
        reading = setup_file.read_set_up(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    found = reading.set_up
    report: dict[str, Any] = {
        "imported": False,
        "assets": len(found.plant.assets) if found else 0,
        "tags": len(found.plant.tags) if found else 0,
        "rules": len(found.rules) if found else 0,
        "problems": list(reading.complaints),
    }
    if found is None or is_dry_run:
        return report
    store = open_store(folder, role="tool", clock=SystemClock())
    try:
        if not store.plant.is_empty():
            raise ConfigurationError(
                f"{folder} holds a plant already; import into an empty folder with --data-dir",
                key="folder_not_empty",
            )
        with store.unit_of_work(program_actor("import")) as work:
            work.plant.import_plant(found.plant)
            for rule in found.rules:
                work.alarm_rules.save(rule)
    finally:
        store.close()
    return report | {"imported": True}


def _existing(folder: Path) -> DataFolder:
    if not (folder / "plant.db").exists() and not (folder / "plant.known").exists():
        raise NotFound(f"{folder} holds no plant database; name its folder with --data-dir", key="no_plant")
    return prepare_data_folder(folder)
