"""Keeping the data safe and moving the set-up, as commands: each opens a folder, acts and closes it again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from domain.errors import NotFound
from domain.instants import iso_utc
from domain.roles import Role
from services.access import program_actor
from services.backups import Backups, restore, restore_to_server
from services.clock import SystemClock
from services.clock_watch import confirm_time
from services.plant_file import FileReading, PlantFile, read_file
from storage import backup
from storage.data_folder import DataFolder, prepare_data_folder
from storage.inspection import is_of_this_schema
from storage.location import database_address
from storage.store import Store, open_store

_OTHER_PLANT: Final = (
    "the copy is of another plant than this folder held; the samples and waveforms of that one are set aside "
    "too, since they would be shown as those of the tags that come"
)


def back_up(folder: Path, target: Path | None, *, with_history: bool = False) -> Path:
    """Copy the plant while it runs, from files or from its server, and verify the copy; return its folder.

    A database of another schema (before an upgrade) or a damaged one is copied as it stands: bringing it to
    this schema, only to note the copy in it, would change what is to be kept.
    """
    data = _existing(folder)
    if database_address(data, None) is None and not is_of_this_schema(data):
        now_us = SystemClock().now_us()
        return backup.backup(data, target or data.backup, now_us=now_us, with_history=with_history)
    with _opened(folder) as store:
        backups = Backups(store, clock=SystemClock())
        return backups.back_up(by=program_actor("backup"), with_history=with_history, place=target)


def verify_backup(path: Path) -> dict[str, Any]:
    """Open a backup and check it; return what it holds. DatabaseDamaged says what does not fit."""
    manifest = asdict(backup.verify(path))
    return manifest | {"created": iso_utc(manifest["created_us"])}


def check_integrity(folder: Path) -> dict[str, Any]:
    """Check the data in use: audit chains of the plant, every chunk of history, every waveform."""
    _existing(folder)
    with _opened(folder) as store:
        return Backups(store, clock=SystemClock()).check(by=program_actor("verify")).to_plain()


def confirm_clock(folder: Path) -> None:
    """Say that this computer's time is right after a jump, so that old history may go again [F58]."""
    _existing(folder)
    with _opened(folder) as store:
        confirm_time(store, by=program_actor("confirm-clock"), clock=SystemClock())


def restore_backup(path: Path, folder: Path, *, is_dry_run: bool) -> dict[str, Any]:
    """Put a backup in place of the plant database, or only say what would happen.

    The command acts as an administrator: who can type it could as well replace the files by hand.
    """
    data = prepare_data_folder(folder)
    if database_address(data, None) is not None:
        raise restore_to_server()
    by = replace(program_actor("restore"), role=Role.ADMINISTRATOR)
    plan = backup.plan_restore(path, data) if is_dry_run else restore(path, data, by=by, clock=SystemClock())
    return {
        "restored": not is_dry_run,
        "warning": _OTHER_PLANT if plan.is_of_other_plant else "",
        "created": iso_utc(plan.manifest.created_us),
        "rows": dict(plan.manifest.rows),
        "files": list(plan.files),
        "set_aside": list(plan.set_aside),
        "folder": str(data.root),
    }


def migrate_folder(folder: Path) -> dict[str, Any]:
    """Open the database, which brings it to this program's schema; say what was done."""
    _existing(folder)
    with _opened(folder) as store:
        report = store.report
        return {"outcome": report.outcome.value, "problem": report.problem, "sqlite": report.sqlite_version}


def move_folder(folder: Path, target: str, *, progress: Callable[[str, int], None]) -> dict[str, Any]:
    """Move the plant of a folder to a server, or back into files ("sqlite"); prove every table."""
    from storage.moving.plant import move_plant

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
    with _opened(folder) as store:
        PlantFile(store).export(path, by=program_actor("export"))


def import_file(path: Path, folder: Path, *, is_dry_run: bool) -> dict[str, Any]:
    """Read a set-up into an empty plant: every row or none; ``problems`` lists each row that is wrong."""
    reading = read_file(path)
    if reading.complaints or is_dry_run:
        return _report(reading, is_imported=False)
    with _opened(folder) as store:
        reading = PlantFile(store).import_from(path, by=program_actor("import"))
        return _report(reading, is_imported=True) | {"stored_already": reading.stored_already}


def _report(reading: FileReading, *, is_imported: bool) -> dict[str, Any]:
    return {
        "imported": is_imported,
        "assets": reading.assets,
        "tags": reading.tags,
        "rules": reading.rules,
        "bearings": reading.bearings,
        "problems": list(reading.complaints),
    }


@contextmanager
def _opened(folder: Path) -> Iterator[Store]:
    store = open_store(folder, role="tool", clock=SystemClock())
    try:
        yield store
    finally:
        store.close()


def _existing(folder: Path) -> DataFolder:
    if not (folder / "plant.db").exists() and not (folder / "plant.known").exists():
        raise NotFound(f"{folder} holds no plant database; name its folder with --data-dir", key="no_plant")
    return prepare_data_folder(folder)
