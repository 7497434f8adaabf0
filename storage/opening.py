"""The start-up ladder of the plant database: what is there is recognised before it is trusted.

open -> identity row -> quick_check within a time box -> when bad: set aside, restore the newest verified
backup, say so. A file that existed and is now missing, empty or foreign is never silently made anew.
"""

import shutil
import sqlite3
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, insert, select

from domain.errors import DatabaseDamaged, MigrationFailed
from domain.identifiers import new_id
from domain.roles import Role
from storage import backup, migrations
from storage.data_folder import DataFolder, known_plant, mark_plant
from storage.database import SAFE_SQLITE, Database, connect
from storage.exchange import Exchange, finish_exchange
from storage.failures import storage_error
from storage.history.tag_keys import greatest_key_in, history_files
from storage.inspection import APPLICATION, APPLICATION_ID, Finding, look_at
from storage.locks import InstanceLock, WriteLock
from storage.repositories.plant import raise_tag_keys
from storage.schema.records import identity, users
from storage.set_aside import set_aside


class OpenOutcome(Enum):
    """How the database came up."""

    CREATED = "created"
    OPENED = "opened"
    MIGRATED = "migrated"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What happened at start, for the log, the status file and the screen.

    ``set_aside`` are the files in quarantine, ``restored_from`` the backup and ``restored_us`` its time: what
    was saved after it is lost. ``check_finished`` is False when the page check ran out of its time box.
    """

    outcome: OpenOutcome
    plant_id: UUID
    problem: str = ""
    set_aside: tuple[Path, ...] = ()
    restored_from: Path | None = None
    restored_us: int | None = None
    check_finished: bool = True
    server: str = ""
    """Server and database where workstations share the plant, empty for a file."""
    server_version: str = ""
    sqlite_version: str = sqlite3.sqlite_version

    @property
    def sqlite_needs_write_lock(self) -> bool:
        """Whether this SQLite has the WAL-reset bug that the write lock keeps away."""
        return not self.server and sqlite3.sqlite_version_info < SAFE_SQLITE


def open_plant_database(
    folder: DataFolder,
    *,
    now_us: int,
    is_collector: bool,
    must_be_free: tuple[str, ...] = ("collector", "window"),
    check_s: float = 1.0,
    start_new: bool = False,
    busy_s: float = 5.0,
) -> tuple[Database, OpenReport]:
    """Climb the ladder and return the open database with the report of what was found.

    Raises DatabaseDamaged when there is nothing good to open, MigrationFailed for a newer program's file and
    ConfigurationError for a file without write access. ``start_new`` allows a new database where
    one was lost; ``must_be_free`` are the instance locks that nobody may hold while files are exchanged.
    """
    lock = WriteLock(folder.write_lock, timeout_s=busy_s)
    with lock.held():
        finished = finish_exchange(folder)
        finding = look_at(folder, check_s=check_s, start_new=start_new)
        report = None
        if finding.problem:
            report = _recover(folder, finding, now_us=now_us, must_be_free=must_be_free)
            finding = look_at(folder, check_s=check_s, start_new=False)
        migrations.refuse_newer(finding.revision)
        prepare_file(folder, is_new=finding.is_new)
    database = Database(folder.plant_db, write_lock=lock, is_checkpointer=is_collector, busy_s=busy_s)
    try:
        plant_id, outcome = _bring_up(database, folder, finding, now_us=now_us)
    except BaseException:
        database.close()
        raise
    return database, report or OpenReport(
        outcome,
        plant_id,
        problem=_told_of(finished),
        set_aside=_set_aside_by(finished, folder),
        check_finished=finding.check_finished,
    )


def _told_of(finished: Exchange | None) -> str:
    if finished is None:
        return ""
    return f"a restore was cut short; it was {'taken back' if finished.is_going_back else 'finished'} now"


def _set_aside_by(finished: Exchange | None, folder: DataFolder) -> tuple[Path, ...]:
    if finished is None or finished.is_going_back:
        return ()
    return tuple(folder.quarantine / aside for _, aside in finished.leaving)


def _recover(
    folder: DataFolder, finding: Finding, *, now_us: int, must_be_free: tuple[str, ...]
) -> OpenReport:
    """Set the bad files aside and restore the newest verified backup of this plant, or say there is none."""
    if not finding.is_ours:
        raise DatabaseDamaged(
            f"{folder.plant_db} is {finding.problem} and was not written by this program: it was left alone; "
            "choose another folder with --data-dir",
            key="database_foreign",
            file=str(folder.plant_db),
        )
    holders = [kind for kind in must_be_free if not InstanceLock(folder.runtime, kind).is_free()]
    if holders:
        raise DatabaseDamaged(
            f"{folder.plant_db} is {finding.problem}; "
            f"end the {' and the '.join(holders)}, then start again to repair it",
            key="database_damaged",
            file=str(folder.plant_db),
        )
    found = backup.newest_verified(folder.backup, plant_id=known_plant(folder))
    if found is None:
        moved = set_aside(folder.plant_db, folder.quarantine, now_us=now_us)
        raise DatabaseDamaged(
            f"{folder.plant_db} is {finding.problem} and {folder.backup} holds no verified backup; "
            f"set aside: {', '.join(str(each) for each in moved) or 'nothing'}. "
            "Restore a backup kept elsewhere, or begin a new plant deliberately",
            key="database_lost",
            problem=finding.problem,
            set_aside=[str(each) for each in moved],
        )
    path, manifest = found
    moved = backup.install(path, folder, now_us=now_us)
    return OpenReport(
        OpenOutcome.RESTORED,
        UUID(hex=manifest.plant_id),
        problem=finding.problem,
        set_aside=moved,
        restored_from=path,
        restored_us=manifest.created_us,
    )


def prepare_file(folder: DataFolder, *, is_new: bool) -> None:
    """Make the file when it is new; switch on the write-ahead log (a restored copy comes without one)."""
    try:
        connection = connect(folder.plant_db, mode="rwc" if is_new else "rw")
        try:
            if is_new:
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise storage_error(error, folder.plant_db) from error


def _bring_up(
    database: Database, folder: DataFolder, finding: Finding, *, now_us: int
) -> tuple[UUID, OpenOutcome]:
    """Bring the schema to the head, with a backup first when rows exist; write marker and identity."""
    if not finding.is_new and finding.revision == migrations.HEAD and finding.plant_id is not None:
        mark_plant(folder, finding.plant_id)
        return finding.plant_id, OpenOutcome.OPENED
    if not finding.is_new:
        _require_space(folder)
        backup.backup(folder, folder.backup, now_us=now_us, reason="upgrade")
    plant_id = finding.plant_id or new_id(now_ms=now_us // 1000)
    with database.write() as connection:
        faster = _made_meanwhile(connection) if finding.is_new else None
        if faster is not None:
            return faster, OpenOutcome.OPENED
        migrations.upgrade(connection)
        if finding.is_new:
            row = {"number": 1, "application": APPLICATION, "plant_id": plant_id, "created_us": now_us}
            connection.execute(insert(identity), row)
            connection.execute(insert(users), first_user(now_us))
            raise_tag_keys(connection, greatest_key_in(history_files(folder)))
    mark_plant(folder, plant_id)
    return plant_id, OpenOutcome.CREATED if finding.is_new else OpenOutcome.MIGRATED


def _require_space(folder: DataFolder) -> None:
    """Refuse an upgrade that could fill the disk: twice the database is needed, for backup and rewrite."""
    needed = 2 * folder.plant_db.stat().st_size
    free = shutil.disk_usage(folder.root).free
    if free < needed:
        raise MigrationFailed(
            f"bringing {folder.plant_db} to this program's version needs {needed >> 20} MB of free space, "
            f"there are {free >> 20} MB; make space and start again",
            key="migration_needs_space",
            needed=needed,
            free=free,
        )


def _made_meanwhile(connection: Connection) -> UUID | None:
    """Return the plant's id when another program starting at the same moment was faster."""
    if migrations.stored_revision(connection) is None:
        return None
    found: UUID = connection.execute(select(identity.c.plant_id)).scalar_one()
    return found


def first_user(now_us: int) -> dict[str, object]:
    """Return the one local administrator who exists until users are set up."""
    return {
        "id": new_id(now_ms=now_us // 1000),
        "name": "local",
        "role": Role.ADMINISTRATOR.value,
        "is_enabled": True,
        "is_seeded": True,
        "version": 1,
        "changed_us": now_us,
        "changed_by": APPLICATION,
    }
