"""One move of a whole plant: checked before, proven after, the source set aside."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, text

from domain.errors import ConfigurationError
from domain.instants import Clock
from domain.long_work import LongWork
from storage import migrations
from storage.backup import Seal, make_backup, refuse_without_room
from storage.data_folder import DataFolder
from storage.database import Database, connect
from storage.exchange import finish_exchange
from storage.inspection import look_at
from storage.location import SETTINGS_FILE, database_address
from storage.locks import InstanceLock, WriteLock
from storage.moving.history import FileSide, ServerSide, Side, copy_history
from storage.moving.measuring import Holdings
from storage.moving.tables import Copied, Progress, copy_plant, silent
from storage.opening import prepare_file
from storage.postgresql import PostgresDatabase
from storage.server import Server
from storage.set_aside import set_aside
from storage.settings_file import read_settings, write_settings
from storage.sql import PlantDatabase


def move_plant(
    folder: DataFolder, *, target: str, clock: Clock, progress: Progress | None = None
) -> list[Copied]:
    """Move the plant of a data folder to a server (``target`` is its address) or into files ("sqlite").

    Nothing may run on the folder meanwhile (AlreadyRunning). Afterwards the folder's settings name the new
    place, and files that were the source lie in quarantine; a server keeps its tables. ConfigurationError
    when the target holds something or is where the plant lies already; any failure leaves the plant where it
    was.
    """
    progress = progress or silent
    present = database_address(folder, None)
    if (present or "sqlite") == target:
        raise ConfigurationError(f"the plant of {folder.root} lies there already", key="already_there")
    with InstanceLock(folder.runtime, "collector"), InstanceLock(folder.runtime, "window"):
        if present is None:
            copied = _moved(
                _files(folder), FileSide(folder, now_us=clock.now_us()), *_server(target), progress
            )
            _set_files_aside(folder, clock.now_us())
        elif target == "sqlite":
            _refuse_files(folder)
            server = Server(present)
            source = PostgresDatabase(server), ServerSide(server)
            files = _new_files(folder), FileSide(folder, now_us=clock.now_us())
            copied = _moved(*source, *files, progress)
        else:
            raise ConfigurationError("move from one server to another by way of files: first --to sqlite")
    _name_place(folder, None if target == "sqlite" else target)
    return copied


def back_up_server(
    address: str,
    target: Path,
    *,
    clock: Clock,
    reason: str = "manual",
    with_history: bool = False,
    work: LongWork | None = None,
    seal: Seal | None = None,
) -> Path:
    """Copy the plant on a server into a verified backup of files, all from one moment, while it is used.

    StorageError, also for too little room, and Cancelled leave nothing behind. Restoring such a backup gives
    a plant in files; ``move_plant`` brings it to a server again.
    """
    server, work = Server(address), work or LongWork()
    holdings = Holdings(server, with_history=with_history, work=work)

    def fill(draft: Path) -> None:
        refuse_without_room(draft, holdings.bytes_needed())
        totals = holdings.rows()
        tell, proving = (partial(_tell, work, act, totals) for act in ("copying", "comparing"))
        folder = DataFolder(draft)
        source, there = PostgresDatabase(server), ServerSide(server)
        copy, here = _new_files(folder), FileSide(folder, now_us=clock.now_us())
        try:
            with there.snapshot() as moment:
                copy_plant(_At(source, moment), copy, progress=tell, proving=proving)
                if with_history:
                    copy_history(there, here, progress=tell, proving=proving)
        finally:
            for each in (source, copy, there, here):
                each.close()
        _keep_databases(draft)

    return make_backup(fill, target, now_us=clock.now_us(), reason=reason, work=work, seal=seal)


def _tell(work: LongWork, act: str, totals: Mapping[str, int], table: str, rows: int) -> None:
    """Say how far a table is; one that grew since it was counted is never more than done."""
    work.tell(act, table, done=rows, total=max(rows, totals[table]), unit="rows")


def _keep_databases(draft: Path) -> None:
    """Fold each write-ahead log into its file and leave nothing else in a backup."""
    for path in draft.glob("*.db"):
        connection = connect(path, mode="rw")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
    for path in draft.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix != ".db":
            path.unlink()


def _moved(
    source: PlantDatabase, history: Side, target: PlantDatabase, new_history: Side, progress: Progress
) -> list[Copied]:
    try:
        with history.snapshot() as moment:
            return [
                *copy_plant(_At(source, moment), target, progress=progress),
                *copy_history(history, new_history, progress=progress),
            ]
    finally:
        for each in (source, history, target, new_history):
            each.close()


@dataclass(frozen=True, slots=True)
class _At:
    """The tables of a plant at the moment of a snapshot that another connection holds; "" is the present."""

    database: PlantDatabase
    moment: str

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees what was there then."""
        with self.database.read() as connection:
            if self.moment:
                connection.execute(text(f"SET TRANSACTION SNAPSHOT '{self.moment}'"))
            yield connection


def _files(folder: DataFolder) -> Database:
    finish_exchange(folder)
    finding = look_at(folder, check_s=60.0, start_new=False)
    if finding.problem or finding.is_new or finding.revision != migrations.HEAD:
        raise ConfigurationError(
            f"{folder.plant_db} cannot be moved ({finding.problem or 'not at the present schema'}); "
            "run 'migrate' first",
            key="cannot_move",
        )
    return Database(folder.plant_db, write_lock=WriteLock(folder.write_lock), is_checkpointer=True)


def _new_files(folder: DataFolder) -> Database:
    prepare_file(folder, is_new=True)
    database = Database(folder.plant_db, write_lock=WriteLock(folder.write_lock), is_checkpointer=True)
    with database.write() as connection:
        migrations.upgrade(connection)
    return database


def _server(address: str) -> tuple[PostgresDatabase, ServerSide]:
    server = Server(address)
    database = PostgresDatabase(server)
    with database.write() as connection:
        if migrations.stored_revision(connection) != migrations.HEAD:
            migrations.upgrade(connection)
    return database, ServerSide(server)


def _refuse_files(folder: DataFolder) -> None:
    found = [path for path in (folder.plant_db, folder.history_db, *folder.waveform_files()) if path.exists()]
    if found:
        raise ConfigurationError(f"{found[0]} is in the way; move it elsewhere first", key="target_not_empty")


def _set_files_aside(folder: DataFolder, now_us: int) -> None:
    for path in (folder.plant_db, folder.history_db, *folder.waveform_files()):
        set_aside(path, folder.quarantine, now_us=now_us)


def _name_place(folder: DataFolder, address: str | None) -> None:
    path = folder.root / SETTINGS_FILE
    write_settings(path, replace(read_settings(path).settings, database=address))
