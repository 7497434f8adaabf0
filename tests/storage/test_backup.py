"""Backups that are checked, and restores that leave the original alone when they fail."""

import hashlib
import json
from pathlib import Path

import pytest

from domain.errors import AlreadyRunning, DatabaseDamaged, MigrationFailed, StorageError
from domain.roles import Actor
from storage import backup as backups
from storage.store import Store, open_store
from tests.storage.stored_plant import StillClock


@pytest.fixture
def taken(furnished: Store, still_clock: StillClock) -> Path:
    return backups.backup(furnished.folder, furnished.folder.backup, now_us=still_clock.now_us())


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_backup_of_a_running_plant_is_verified(taken: Path, furnished: Store) -> None:
    manifest = backups.verify(taken)
    assert manifest.rows["tags"] == 2
    assert manifest.plant_id == furnished.report.plant_id.hex
    assert manifest.audit_heads == {
        station: f"{sequence}:{digest}" for station, (sequence, digest) in furnished.audit.heads().items()
    }
    assert sorted(path.name for path in taken.iterdir()) == ["manifest.json", "plant.db"]


def test_a_restore_brings_back_the_rows(
    taken: Path, furnished: Store, engineer: Actor, still_clock: StillClock
) -> None:
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_site(zone="UTC", site_name="Later")
    furnished.close()
    assert (
        backups.restore(taken, furnished.folder, now_us=still_clock.now_us(), dry_run=True).rows["tags"] == 2
    )
    backups.restore(taken, furnished.folder, now_us=still_clock.now_us())
    opened = open_store(furnished.folder.root, role="tool", clock=still_clock)
    assert opened.plant.load().site_name == "Works"
    assert opened.audit.verify().is_sound
    assert any(furnished.folder.quarantine.iterdir())
    opened.close()


def test_a_restore_is_refused_while_the_collector_runs(
    taken: Path, furnished: Store, still_clock: StillClock
) -> None:
    with pytest.raises(AlreadyRunning):
        backups.restore(taken, furnished.folder, now_us=still_clock.now_us())


def _flip(taken: Path) -> None:
    content = bytearray((taken / "plant.db").read_bytes())
    content[5000] ^= 1
    (taken / "plant.db").write_bytes(bytes(content))


def _lose_manifest(taken: Path) -> None:
    (taken / "manifest.json").unlink()


def _lose_copy(taken: Path) -> None:
    (taken / "plant.db").unlink()


@pytest.mark.parametrize("damage", [_flip, _lose_manifest, _lose_copy])
def test_a_bad_backup_leaves_the_live_database_untouched(
    taken: Path, furnished: Store, still_clock: StillClock, damage: object
) -> None:
    """F43: corrupted, incomplete: refused, the live file keeps its hash."""
    furnished.close()
    before = _hash(furnished.folder.plant_db)
    assert callable(damage)
    damage(taken)
    with pytest.raises(DatabaseDamaged):
        backups.restore(taken, furnished.folder, now_us=still_clock.now_us())
    assert _hash(furnished.folder.plant_db) == before
    assert backups.newest_verified(furnished.folder.backup) is None


def test_a_backup_of_a_newer_program_is_refused(
    taken: Path, furnished: Store, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnished.close()
    monkeypatch.setattr(backups, "verify", lambda path: _newer(path))
    with pytest.raises(MigrationFailed):
        backups.restore(taken, furnished.folder, now_us=still_clock.now_us())


def _newer(path: Path) -> backups.BackupManifest:
    plain = json.loads((path / "manifest.json").read_text())
    return backups.BackupManifest(**(plain | {"schema": "9999"}))


def test_a_backup_that_cannot_be_written_leaves_nothing(furnished: Store, tmp_path: Path) -> None:
    """F38: the plant goes on."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="the plant goes on"):
        backups.backup(furnished.folder, tmp_path / "file", now_us=0)
    assert furnished.plant.load().site_name == "Works"
