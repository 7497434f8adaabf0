"""A restore that is noted: the entry stands in the copy before it takes the plant's place [S-11, S-12]."""

from pathlib import Path
from uuid import UUID, uuid4

from domain.instants import Clock
from domain.roles import Actor
from storage.backup import BackupManifest, RestorePlan, restore
from storage.data_folder import DataFolder
from storage.database import Database
from storage.locks import WriteLock
from storage.unit_of_work import transaction


def noted_restore(path: Path, folder: DataFolder, *, by: Actor, clock: Clock) -> RestorePlan:
    """Restore a backup; errors as in ``storage.backup.restore``. What cannot be noted is not restored."""

    def note(copy: Path, manifest: BackupManifest) -> None:
        lock = folder.runtime / f"restore-{uuid4().hex}.lock"
        database = Database(copy, write_lock=WriteLock(lock), is_checkpointer=True)
        try:
            with transaction(database, by, clock) as work:
                work.audited("restore", "backup", UUID(hex=manifest.plant_id), path=str(path))
        finally:
            database.close()
            lock.unlink(missing_ok=True)

    return restore(path, folder, now_us=clock.now_us(), note=note)
