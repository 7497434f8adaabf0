"""Backups as acts of a person: copy, prove, check, plan a restore, choose the place [NEW-30, S-11, S-34].

Each act asks for permission and is noted with its outcome; what cannot be noted is not done or not told
(S-12): a copy gets its name inside the transaction that notes it. Long acts take a ``LongWork``: by it they
say how far they are, and are ended. They may run in any thread beside the one that uses the store otherwise:
a store serves several, and what takes long reads on connections of its own, so that nobody waits for it.
"""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from domain.errors import ConfigurationError, ControlRoomError, DatabaseDamaged
from domain.instants import Clock
from domain.long_work import LongWork
from domain.ports import IntegrityReport
from domain.roles import Actor, Permission
from services.access import require
from services.launching import program_command
from storage import backup
from storage.data_folder import DataFolder
from storage.location import database_address
from storage.restoring import noted_restore
from storage.store import Store

T = TypeVar("T")
_PLACE: Final = "backup.place"


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup, not opened yet; ``created_us`` is 0 and ``problem`` told when it is incomplete.

    ``unreadable`` counts the pieces of history that could not be decoded already when it was made.
    """

    path: Path
    created_us: int
    size_bytes: int
    has_history: bool
    reason: str = ""
    problem: str = ""
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class BackupShelf:
    """A place with its backups, newest first. ``free_bytes`` None: the place cannot be reached."""

    place: Path
    free_bytes: int | None
    kept: tuple[KeptBackup, ...] = ()


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """What a restore would do, found by opening the copy; nothing was changed.

    ``rows_then`` and ``rows_now`` count the rows of each table in the copy and in the plant. ``set_aside``
    names the live files that would go to ``quarantine``.
    """

    path: Path
    created_us: int
    files: tuple[str, ...]
    rows_then: Mapping[str, int]
    rows_now: Mapping[str, int]
    set_aside: tuple[str, ...]
    quarantine: Path
    needs_upgrade: bool
    is_of_this_plant: bool


class Backups:
    """Use cases on the copies of one plant."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._plant_id = store.report.plant_id

    @property
    def place(self) -> Path:
        """Where this workstation's backups go; asks the database."""
        chosen = self._store.plant.setting(_place_key())
        return Path(str(chosen)) if chosen else self._store.folder.backup

    def choose_place(self, place: Path, *, by: Actor) -> Path:
        """Let this workstation's backups go elsewhere from now on.

        ConfigurationError for a folder that cannot be written or lies among the live files.
        """
        require(by, Permission.BACK_UP)
        chosen = Path(os.path.abspath(place))
        backup.refuse_place(self._store.folder, chosen)
        with self._store.unit_of_work(by) as work:
            work.plant.save_setting(_place_key(), str(chosen))
        return chosen

    def shelf(self) -> BackupShelf:
        """Return what stands at the place now, unchecked."""
        place = self.place
        try:
            free = shutil.disk_usage(place).free
            return BackupShelf(place, free, tuple(_kept(path) for path in backup.backups_in(place)))
        except OSError:
            return BackupShelf(place, None)

    def back_up(
        self,
        *,
        by: Actor,
        with_history: bool = False,
        place: Path | None = None,
        work: LongWork | None = None,
    ) -> Path:
        """Copy the plant while it runs, from files or from its server, verify the copy and return its folder.

        StorageError (no room, place or disk fails, act cannot be noted) and Cancelled leave nothing behind.
        """
        require(by, Permission.BACK_UP)
        target = place or self.place
        backup.refuse_live_place(self._store.folder, target)

        @contextmanager
        def seal(final: Path, manifest: backup.BackupManifest) -> Iterator[None]:
            with self._store.unit_of_work(by) as unit:
                files = ["plant.db", *manifest.others]
                detail = {"path": str(final), "sha256": manifest.sha256, "files": files}
                unit.audit("back_up", "backup", self._plant_id, **detail)
                yield

        address = database_address(self._store.folder, None)
        if address is None:
            return backup.backup(
                self._store.folder,
                target,
                now_us=self._clock.now_us(),
                with_history=with_history,
                work=work,
                seal=seal,
            )
        from storage.moving.plant import back_up_server

        return back_up_server(
            address, target, clock=self._clock, with_history=with_history, work=work, seal=seal
        )

    def verify(self, path: Path, *, by: Actor, work: LongWork | None = None) -> backup.BackupManifest:
        """Open a copy and return what it holds; DatabaseDamaged says what does not fit, and is noted too."""
        require(by, Permission.BACK_UP)
        return self._noted("verify", path, by, lambda: backup.verify(path, work=work))

    def plan_restore(self, path: Path, *, by: Actor, work: LongWork | None = None) -> RestorePreview:
        """Say what a restore of a copy would do; errors as in ``storage.backup.plan_restore``.

        ConfigurationError for a plant on a server, which takes copies back another way.
        """
        require(by, Permission.BACK_UP)
        if self._store.is_shared:
            raise restore_to_server()
        folder = self._store.folder
        plan = self._noted("plan_restore", path, by, lambda: backup.plan_restore(path, folder, work=work))
        return RestorePreview(
            path,
            plan.manifest.created_us,
            plan.files,
            plan.manifest.rows,
            self._store.row_counts(),
            plan.set_aside,
            folder.quarantine,
            plan.needs_upgrade,
            not plan.is_of_other_plant,
        )

    def check(self, *, by: Actor, work: LongWork | None = None) -> IntegrityReport:
        """Look at all data in use: audit chains, every chunk of history, every waveform."""
        require(by, Permission.BACK_UP)
        report = self._store.check_integrity(work=work)
        with self._store.unit_of_work(by) as unit:
            unit.audit("check", "stored_data", self._plant_id, is_sound=report.is_sound)
        return report

    def _noted(self, action: str, path: Path, by: Actor, look: Callable[[], T]) -> T:
        """Look at a copy and note the outcome, good or bad, before it is told."""
        problem: ControlRoomError | None = None
        try:
            found = look()
        except DatabaseDamaged as error:
            problem = error
        with self._store.unit_of_work(by) as unit:
            told = problem.key if problem else ""
            unit.audit(action, "backup", self._plant_id, path=str(path), problem=told)
        if problem is not None:
            raise problem
        return found


def restore(path: Path, folder: DataFolder, *, by: Actor, clock: Clock) -> backup.RestorePlan:
    """Put a backup in the place of the plant database; errors as in ``storage.backup.restore``.

    The act is noted in the copy before it takes its place. Nothing else may run on the folder.
    """
    require(by, Permission.RESTORE)
    return noted_restore(path, folder, by=by, clock=clock)


def restore_commands(path: Path, folder: Path) -> tuple[str, str]:
    """Return what to type to end collecting and to restore a backup, each ready for this PC's shell."""
    join = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
    place = ("--data-dir", str(folder))
    stop = program_command("collect", "--stop", *place)
    return join(stop), join(program_command("restore", str(path), *place))


def restore_to_server() -> ConfigurationError:
    """Return the refusal to restore straight into a server."""
    return ConfigurationError(
        "this plant lies on a server: restore into an empty folder with --data-dir, look at it, then "
        "bring it to an empty database with 'migrate --to'",
        key="restore_to_server",
    )


def _place_key() -> str:
    """Return the key of the setting: each workstation has disks of its own."""
    return f"{_PLACE}.{socket.gethostname()}"[:120]


def _kept(path: Path) -> KeptBackup:
    size_bytes = sum(each.stat().st_size for each in path.glob("*") if each.is_file())
    try:
        manifest = backup.read_manifest(path)
    except DatabaseDamaged as error:
        return KeptBackup(path, 0, size_bytes, False, problem=error.key)
    return KeptBackup(
        path,
        manifest.created_us,
        size_bytes,
        bool(manifest.others),
        manifest.reason,
        unreadable=sum(manifest.unreadable.values()),
    )
