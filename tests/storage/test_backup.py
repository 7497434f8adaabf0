"""Backups that are checked, and restores that leave the original alone when they fail."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from domain.errors import AlreadyRunning, Cancelled, DatabaseDamaged, MigrationFailed, StorageError
from domain.long_work import LongWork, WorkStep
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import Waveform
from domain.roles import Actor
from storage import backup as backups
from storage import migrations
from storage.data_folder import prepare_data_folder
from storage.moving.history import ServerSide
from storage.moving.plant import back_up_server
from storage.opening import OpenOutcome
from storage.store import Store, open_store
from tests.storage.postgresql_stage import PostgresServer
from tests.storage.stored_plant import StillClock


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` returns."""

    total: int
    used: int
    free: int


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
    plan = backups.plan_restore(taken, furnished.folder)
    assert (plan.manifest.rows["tags"], plan.files, plan.needs_upgrade) == (2, ("plant.db",), False)
    assert "plant.db" in plan.set_aside
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
    monkeypatch.setattr(backups, "verify", lambda path, work=None: _newer(path))
    with pytest.raises(MigrationFailed):
        backups.restore(taken, furnished.folder, now_us=still_clock.now_us())


def _newer(path: Path) -> backups.BackupManifest:
    plain = json.loads((path / "manifest.json").read_text())
    return backups.BackupManifest(**(plain | {"schema": "9999"}))


def _up_to_0003(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "0003")


def test_f43_a_backup_of_an_earlier_schema_is_restored_and_brought_up(
    tmp_path: Path,
    small_plant: Plant,
    engineer: Actor,
    still_clock: StillClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A copy that a former program made, of the schema it really had."""
    with monkeypatch.context() as then:
        then.setattr(migrations, "HEAD", "0003")
        then.setattr(migrations, "upgrade", _up_to_0003)
        with closing(open_store(tmp_path, role="collector", clock=still_clock)) as store:
            with store.unit_of_work(engineer) as work:
                work.plant.import_plant(small_plant)
            folder = store.folder
            taken = backups.backup(folder, tmp_path / "usb", now_us=still_clock.now_us())
    with closing(open_store(tmp_path, role="collector", clock=still_clock)) as store:
        assert store.report.outcome is OpenOutcome.MIGRATED
        with store.unit_of_work(engineer) as work:
            work.plant.save_site(zone="UTC", site_name="Later")
    assert backups.plan_restore(taken, folder).needs_upgrade
    still_clock.now += 1_000_000
    backups.restore(taken, folder, now_us=still_clock.now_us())
    with closing(open_store(tmp_path, role="collector", clock=still_clock)) as store:
        assert store.report.outcome is OpenOutcome.MIGRATED
        assert store.plant.load().site_name == "Works"
        assert store.missed_readings.of_tags([1], start_us=0, end_us=2**60, limit=5) == ()
        assert store.audit.verify().is_sound


def test_a_backup_that_cannot_be_written_leaves_nothing(furnished: Store, tmp_path: Path) -> None:
    """F38: the plant goes on."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="the plant goes on"):
        backups.backup(furnished.folder, tmp_path / "file", now_us=0)
    assert furnished.plant.load().site_name == "Works"


def _with_past(store: Store, clock: StillClock) -> None:
    writer, kept = store.open_history_writer(), store.open_waveforms(is_writer=True)
    times = np.arange(clock.now_us() - 3_600_000_000, clock.now_us(), 1_000_000)
    writer.write_past(1, time_us=times, value=np.sin(times / 1e7), quality=0)
    kept.keep(Waveform(2, np.float32(np.arange(500)), 25600.0, clock.now_us(), "g", 0, 1), reason="schedule")
    writer.close()
    kept.close()


def test_a_backup_with_history_is_taken_beside_a_writer_and_restored_whole(
    furnished: Store, still_clock: StillClock
) -> None:
    """NEW-30: set-up, samples and waveforms come back together."""
    _with_past(furnished, still_clock)
    writer = furnished.open_history_writer()
    now_us = still_clock.now_us()
    taken = backups.backup(furnished.folder, furnished.folder.backup, now_us=now_us, with_history=True)
    writer.append(reading_batch([1], [9.0], quality=0, source_us=now_us, receive_us=now_us))
    writer.commit()
    writer.close()
    assert sorted(backups.verify(taken).others) == ["history.db", "waveforms-2025-10.db"]
    furnished.close()
    backups.restore(taken, furnished.folder, now_us=now_us)
    opened = open_store(furnished.folder.root, role="tool", clock=still_clock)
    reader = opened.open_history_reader()
    assert len(reader.series(1, start_us=0, end_us=2 * now_us).value) == 3600, "as it was at the backup"
    assert opened.check_integrity().is_sound
    reader.close()
    opened.close()


@pytest.mark.parametrize("name", ["history.db", "waveforms-2025-10.db"])
def test_a_changed_file_beside_the_plant_is_noticed(
    furnished: Store, still_clock: StillClock, name: str
) -> None:
    _with_past(furnished, still_clock)
    now_us = still_clock.now_us()
    taken = backups.backup(furnished.folder, furnished.folder.backup, now_us=now_us, with_history=True)
    content = bytearray((taken / name).read_bytes())
    content[len(content) // 2] ^= 1
    (taken / name).write_bytes(content)
    with pytest.raises(DatabaseDamaged, match=name):
        backups.verify(taken)


def test_the_data_in_use_are_checked_and_the_damaged_part_is_named(
    furnished: Store, still_clock: StillClock
) -> None:
    _with_past(furnished, still_clock)
    sound = furnished.check_integrity()
    assert (sound.is_sound, sound.chunks, sound.waveforms) == (True, 1, 1)
    with closing(sqlite3.connect(furnished.folder.history_db)) as raw:
        body = bytearray(raw.execute("SELECT value_body FROM chunk").fetchone()[0])
        body[len(body) // 2] ^= 1
        raw.execute("UPDATE chunk SET value_body = ? WHERE id = 1", (bytes(body),))
        raw.commit()
    found = furnished.check_integrity()
    assert not found.is_sound
    assert len(found.damaged_chunks) == 1
    assert found.damaged_chunks[0].startswith("tag 1 from")


@pytest.fixture
def served_plant(
    postgresql: PostgresServer, tmp_path: Path, still_clock: StillClock, small_plant: Plant, engineer: Actor
) -> str:
    """The address of a plant on a server, with an hour of past."""
    url = postgresql.fresh_database()
    store = open_store(tmp_path / "data", role="collector", clock=still_clock, database=url)
    with store.unit_of_work(engineer) as work:
        work.plant.import_plant(small_plant)
    assert store.wait_for_lease()
    _with_past(store, still_clock)
    store.close()
    return url


class Told(LongWork):
    """Remembers every step that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[WorkStep] = []

    def tell(self, act: str, name: str, *, done: int = 0, total: int = 0, unit: str = "bytes") -> None:
        super().tell(act, name, done=done, total=total, unit=unit)
        self.steps.append(self.step)


def test_a_copy_of_a_server_says_how_much_of_each_table_is_done(
    served_plant: str, tmp_path: Path, still_clock: StillClock
) -> None:
    told = Told()
    back_up_server(served_plant, tmp_path / "backups", clock=still_clock, with_history=True, work=told)
    for act in ("copying", "comparing"):
        steps = [step for step in told.steps if (step.act, step.unit) == (act, "rows")]
        last = {step.name: (step.done, step.total) for step in steps}
        assert (last["tags"], last["waveform"]) == ((2, 2), (1, 1))
        assert all(done == total for done, total in last.values())


def test_a_copy_of_a_server_is_of_one_moment_while_it_is_used(
    served_plant: str,
    tmp_path: Path,
    still_clock: StillClock,
    engineer: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NEW-30: the collector commits between two tables, as it does each second, and a person adds a tag."""
    store = open_store(tmp_path / "data", role="collector", clock=still_clock, database=served_plant)
    assert store.wait_for_lease()
    writer, read = store.open_history_writer(), ServerSide.read

    def busy(side: ServerSide, table: str, columns: str) -> object:
        if table in ("meta", "tail"):
            for _ in range(2):  # a key list that comes a second time gets a number of its own
                writer.append(_many(range(1, 700), still_clock.now_us()))
                writer.commit()
            with store.unit_of_work(engineer) as work:
                work.plant.save_site(zone="UTC", site_name="Later")
        return read(side, table, columns)

    monkeypatch.setattr(ServerSide, "read", busy)
    taken = back_up_server(served_plant, tmp_path / "backups", clock=still_clock, with_history=True)
    writer.close()
    store.close()
    backups.verify(taken)
    with closing(sqlite3.connect(taken / "history.db")) as copy:
        assert copy.execute("SELECT count(*) FROM tail").fetchone() == (0,), (
            "nothing came before the copy began"
        )
    restored = tmp_path / "restored"
    backups.restore(taken, prepare_data_folder(restored), now_us=still_clock.now_us())
    with closing(open_store(restored, role="collector", clock=still_clock)) as opened:
        assert opened.plant.load().site_name == "Works"
        with closing(opened.open_history_writer()) as again:
            again.compact(now_us=still_clock.now_us() + 3_600_000_000)


def _many(keys: Iterable[int], at_us: int) -> ReadingBatch:
    tag_keys = np.array([*keys], np.int32)
    return reading_batch(tag_keys, np.ones(len(tag_keys)), quality=0, source_us=at_us, receive_us=at_us)


def _without_its_key_list(history: sqlite3.Connection) -> None:
    history.execute("DELETE FROM layout")


def _with_a_flipped_bit(history: sqlite3.Connection) -> None:
    body = bytearray(history.execute("SELECT value_body FROM chunk").fetchone()[0])
    body[len(body) // 2] ^= 1
    history.execute("UPDATE chunk SET value_body = ?", (bytes(body),))


@pytest.mark.parametrize("damage", [_without_its_key_list, _with_a_flipped_bit])
def test_a_copy_whose_history_cannot_be_decoded_is_not_sound(
    furnished: Store, still_clock: StillClock, damage: Callable[[sqlite3.Connection], None]
) -> None:
    """Pages and fingerprint are as they were made; what the rows say is not."""
    _with_past(furnished, still_clock)
    with closing(furnished.open_history_writer()) as writer:
        for _ in range(2):
            writer.append(_many(range(1, 700), still_clock.now_us()))
            writer.commit()
    taken = backups.backup(
        furnished.folder, furnished.folder.backup, now_us=still_clock.now_us(), with_history=True
    )
    with closing(sqlite3.connect(taken / "history.db")) as history:
        damage(history)
        history.commit()
    _note_as_made(taken)
    told = Told()
    with pytest.raises(DatabaseDamaged) as found:
        backups.verify(taken, work=told)
    assert found.value.key == "backup_unreadable"
    assert any(step.act == "reading_history" for step in told.steps)
    told.cancel()
    with pytest.raises(Cancelled):
        backups.verify(taken, work=told)


def _note_as_made(taken: Path) -> None:
    manifest = json.loads((taken / "manifest.json").read_text())
    manifest["others"] = {name: _hash(taken / name) for name in manifest["others"]}
    (taken / "manifest.json").write_text(json.dumps(manifest))


def test_damage_that_the_live_history_has_is_kept_and_told_and_hinders_no_restore(
    furnished: Store, still_clock: StillClock
) -> None:
    """A plant with one unreadable hour must not be left without copies."""
    _with_past(furnished, still_clock)
    with closing(sqlite3.connect(furnished.folder.history_db)) as history:
        _with_a_flipped_bit(history)
        history.commit()
    folder, now_us = furnished.folder, still_clock.now_us()
    taken = backups.backup(folder, folder.backup, now_us=now_us, with_history=True)
    assert backups.verify(taken).unreadable == {"history.db": 1}
    furnished.close()
    assert backups.restore(taken, folder, now_us=now_us).manifest.unreadable == {"history.db": 1}


def test_a_copy_of_a_server_is_refused_before_it_begins_where_room_lacks(
    served_plant: str, tmp_path: Path, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F38: the figures are those of the server's tables, and no smaller than the copy turns out."""
    place, told = tmp_path / "backups", Told()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12, backups.ROOM_KEPT_FREE))
    with pytest.raises(StorageError) as refused:
        back_up_server(served_plant, place, clock=still_clock, with_history=True, work=told)
    assert (refused.value.key, told.steps, list(place.iterdir())) == ("backup_no_room", [], [])
    needed = int(str(refused.value.parameters["needed_bytes"]))
    monkeypatch.undo()
    taken = back_up_server(served_plant, place, clock=still_clock, with_history=True)
    assert needed >= sum(path.stat().st_size for path in taken.glob("*.db"))


def test_a_negative_zero_on_a_server_makes_no_difference(
    served_plant: str, tmp_path: Path, still_clock: StillClock
) -> None:
    """Files keep the last value of a chunk without its sign: a copy was refused as another one."""
    store = open_store(tmp_path / "data", role="collector", clock=still_clock, database=served_plant)
    assert store.wait_for_lease()
    writer = store.open_history_writer()
    times = np.arange(still_clock.now_us() - 600_000_000, still_clock.now_us(), 1_000_000)
    writer.write_past(2, time_us=times, value=np.full(600, -0.0), quality=0)
    writer.close()
    store.close()
    taken = back_up_server(served_plant, tmp_path / "backups", clock=still_clock, with_history=True)
    assert "history.db" in backups.verify(taken).others


def test_a_plant_on_a_server_is_backed_up_into_files(
    served_plant: str, tmp_path: Path, still_clock: StillClock, small_plant: Plant
) -> None:
    taken = back_up_server(served_plant, tmp_path / "backups", clock=still_clock, with_history=True)
    manifest = backups.verify(taken)
    assert (manifest.rows["tags"], sorted(manifest.others)) == (2, ["history.db", "waveforms-2025-10.db"])
    restored = tmp_path / "restored"
    backups.restore(taken, prepare_data_folder(restored), now_us=still_clock.now_us())
    opened = open_store(restored, role="tool", clock=still_clock)
    assert opened.plant.load().tags == small_plant.tags
    assert opened.check_integrity().chunks == 1
    opened.close()
