"""The start-up ladder: F39, F40, F42, F78 on real files."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Connection

from domain.errors import (
    AlreadyRunning,
    ConfigurationError,
    DatabaseDamaged,
    MigrationFailed,
    StorageError,
)
from domain.plant.plant import Plant
from domain.roles import Actor
from storage import migrations
from storage.backup import backup
from storage.data_folder import prepare_data_folder
from storage.opening import OpenOutcome
from storage.schema import METADATA
from storage.store import Store, open_store
from tests.storage.stored_plant import START_US, StillClock


@pytest.fixture
def folder(furnished: Store, still_clock: StillClock) -> Path:
    """A closed data folder with a plant and one verified backup."""
    backup(furnished.folder, furnished.folder.backup, now_us=still_clock.now_us())
    furnished.close()
    return furnished.folder.root


def _zero_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


def _damage_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 8192)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _remove(path: Path) -> None:
    path.unlink()


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()


@pytest.mark.parametrize("damage", [_zero_header, _damage_page, _empty, _remove, _foreign])
def test_damage_is_set_aside_and_the_newest_backup_restored(
    folder: Path, still_clock: StillClock, damage: object
) -> None:
    """F40: never an empty database presented as normal; the loss is stated."""
    assert callable(damage)
    damage(folder / "plant.db")
    with_store = open_store(folder, role="collector", clock=still_clock)
    report, plant = with_store.report, with_store.plant.load()
    with_store.close()
    assert report.outcome is OpenOutcome.RESTORED
    assert report.restored_us == still_clock.now_us()
    assert report.problem
    assert len(plant.tags) == 2
    assert all(path.parent.name == "quarantine" for path in report.set_aside)


@pytest.mark.parametrize("damage", [_zero_header, _empty, _remove, _foreign])
def test_without_a_backup_the_start_is_refused_each_time(
    furnished: Store, still_clock: StillClock, damage: object
) -> None:
    """F40: a file that existed yesterday is not made anew today, nor tomorrow."""
    furnished.close()
    root = furnished.folder.root
    assert callable(damage)
    damage(root / "plant.db")
    for _ in range(2):
        with pytest.raises(DatabaseDamaged, match="holds no verified backup"):
            open_store(root, role="collector", clock=still_clock)
    fresh = open_store(root, role="collector", clock=still_clock, start_new=True)
    assert fresh.report.outcome is OpenOutcome.CREATED
    fresh.close()


def test_a_new_plant_beside_an_old_history_gives_no_key_of_it_again(
    furnished: Store, still_clock: StillClock, engineer: Actor
) -> None:
    writer = furnished.open_history_writer()
    writer.write_past(40, time_us=np.array([START_US]), value=np.array([850.0]), quality=0)
    writer.close()
    furnished.close()
    _remove(furnished.folder.plant_db)
    fresh = open_store(furnished.folder.root, role="window", clock=still_clock, start_new=True)
    with fresh.unit_of_work(engineer) as work:
        assert work.plant.next_tag_key() == 41
    fresh.close()


def test_somebody_elses_database_is_left_alone(tmp_path: Path, still_clock: StillClock) -> None:
    _foreign_at = tmp_path / "plant.db"
    _foreign_at.touch()
    _foreign(_foreign_at)
    before = _foreign_at.read_bytes()
    with pytest.raises(DatabaseDamaged, match="not written by this program"):
        open_store(tmp_path, role="tool", clock=still_clock)
    assert _foreign_at.read_bytes() == before


def test_a_log_cut_anywhere_opens_to_a_whole_state(
    furnished: Store, small_plant: Plant, engineer: Actor, still_clock: StillClock, tmp_path: Path
) -> None:
    """F40: a write-ahead log cut at any byte gives an earlier whole state, never half a transaction."""
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_site(zone="UTC", site_name="Second")
    database, log = (furnished.folder.root / name for name in ("plant.db", "plant.db-wal"))
    content = log.read_bytes()
    for cut in range(0, len(content), max(1, len(content) // 12)):
        copy = tmp_path / f"cut-{cut}"
        copy.mkdir()
        (copy / "plant.known").write_bytes((furnished.folder.root / "plant.known").read_bytes())
        (copy / "plant.db").write_bytes(database.read_bytes())
        (copy / "plant.db-wal").write_bytes(content[:cut])
        try:
            opened = open_store(copy, role="tool", clock=still_clock)
        except DatabaseDamaged:
            continue
        assert opened.audit.verify().is_sound
        plant = opened.plant.load()
        assert plant.site_name in ("Works", "Second", "")
        assert len(plant.tags) in (0, 2)
        opened.close()


def test_a_newer_programs_database_is_refused(folder: Path, still_clock: StillClock) -> None:
    with sqlite3.connect(folder / "plant.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    before = (folder / "plant.db").read_bytes()
    with pytest.raises(MigrationFailed, match="newer program"):
        open_store(folder, role="tool", clock=still_clock)
    assert (folder / "plant.db").read_bytes() == before


@pytest.mark.parametrize("fails", [False, True])
def test_an_older_schema_is_backed_up_then_brought_up_whole_or_not_at_all(
    folder: Path, still_clock: StillClock, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """T-20: the backup comes first; a failure in the middle leaves no half schema."""

    def upgrade(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (a INTEGER)")
        if fails:
            raise MigrationFailed("stopped in the middle")

    monkeypatch.setattr(migrations, "HEAD", "9999")
    monkeypatch.setattr(migrations, "upgrade", upgrade)
    before = len(list((folder / "backup").glob("jidoka-*")))
    if fails:
        with pytest.raises(MigrationFailed):
            open_store(folder, role="collector", clock=still_clock)
    else:
        opened = open_store(folder, role="collector", clock=still_clock)
        assert opened.report.outcome is OpenOutcome.MIGRATED
        opened.close()
    assert len(list((folder / "backup").glob("jidoka-*-upgrade"))) == before
    with sqlite3.connect(folder / "plant.db") as raw:
        tables = raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone()[0]
    raw.close()
    assert tables == (0 if fails else 1)


_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from domain.errors import ConfigurationError
from storage.store import open_store
from tests.storage.stored_plant import START_US, StillClock
open_store(Path(sys.argv[2]), role="tool", clock=StillClock()).close()
os.setuid(65534)
try:
    open_store(Path(sys.argv[1]), role="tool", clock=StillClock())
except ConfigurationError as error:
    print(error.key)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to become nobody")
@pytest.mark.parametrize(
    ("what", "key"), [("plant.db", "database_read_only"), (".", "data_folder_not_writable")]
)
def test_a_read_only_file_or_folder_is_refused_with_advice(
    still_clock: StillClock, what: str, key: str
) -> None:
    """F42: judged as an unprivileged user, since root may write everywhere."""
    nobody, root = 65534, Path(__file__).parents[2]
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        open_store(data, role="tool", clock=still_clock).close()
        Path(place).chmod(0o755)
        for path in (data, *data.rglob("*")):
            os.chown(path, nobody, nobody)
        (data / what).chmod(0o555 if what == "." else 0o444)
        command = [sys.executable, "-c", _UNPRIVILEGED, str(data), str(Path(place) / "warm")]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == key, done.stderr


def test_a_write_lock_held_elsewhere_is_told_and_nothing_lost(
    furnished: Store, engineer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F39: reads go on; the write says "busy" and works once the file is free."""
    monkeypatch.setattr(furnished._database._lock, "_timeout_s", 0.1)
    other = sqlite3.connect(furnished.folder.plant_db, isolation_level=None)
    furnished._database._writer.raw_connection().driver_connection.execute("PRAGMA busy_timeout=100")  # type: ignore[union-attr]
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError) as told, furnished.unit_of_work(engineer) as work:
        work.plant.save_site(zone="UTC", site_name="Late")
    assert told.value.key == "database_busy"
    assert furnished.plant.load().site_name == "Works"
    other.execute("ROLLBACK")
    other.close()
    with furnished.unit_of_work(engineer) as work:
        work.plant.save_site(zone="UTC", site_name="Late")
    assert furnished.plant.load().site_name == "Late"


@pytest.mark.parametrize("kind", ["collector", "window"])
def test_a_second_program_of_a_kind_is_refused(tmp_path: Path, still_clock: StillClock, kind: str) -> None:
    """F78: the refusal names the process; the other kind and tools may still come."""
    first = open_store(tmp_path, role=kind, clock=still_clock)  # type: ignore[arg-type]
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        open_store(tmp_path, role=kind, clock=still_clock)  # type: ignore[arg-type]
    open_store(tmp_path, role="tool", clock=still_clock).close()
    first.close()
    open_store(tmp_path, role=kind, clock=still_clock).close()  # type: ignore[arg-type]


_HOLDER = """
import sys, time
from pathlib import Path
from storage.locks import InstanceLock
lock = InstanceLock(Path(sys.argv[1]), "collector")
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path, still_clock: StillClock) -> None:
    """F78: the lock file and pid of a dead program stop nobody."""
    folder = prepare_data_folder(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder.runtime)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyRunning, match=str(child.pid)):
        open_store(tmp_path, role="collector", clock=still_clock)
    child.kill()
    child.wait()
    child.stdout.close()
    open_store(tmp_path, role="collector", clock=still_clock).close()


@pytest.mark.parametrize("path", ["//server/share/jidoka", "\\\\server\\share\\jidoka"])
def test_a_share_is_refused_without_touching_it(path: str) -> None:
    """F42: advice within 3 s, even when the server is dead."""
    begun = time.monotonic()
    with pytest.raises(ConfigurationError, match="network"):
        prepare_data_folder(Path(path))
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_mounted_share_is_refused(tmp_path: Path, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path}/far {kind} rw 0 0\n")
    with pytest.raises(ConfigurationError, match=kind):
        prepare_data_folder(tmp_path / "far" / "data", mounts=mounts)
    prepare_data_folder(tmp_path / "near", mounts=mounts)


def test_a_place_without_rights_is_refused(tmp_path: Path) -> None:
    """F42: a file in the way, and a file system that takes no folders."""
    (tmp_path / "taken").write_text("a file")
    places = [tmp_path / "taken", *([Path("/proc/jidoka")] if Path("/proc").is_dir() else [])]
    for place in places:
        with pytest.raises(ConfigurationError, match="--data-dir"):
            prepare_data_folder(place)


def test_the_head_is_the_newest_migration_and_equals_the_tables(furnished: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD
    with furnished._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_second_start_does_not_load_the_migration_library(folder: Path) -> None:
    """The window opens the store without alembic, scipy or a device library."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom storage.store import open_store\n"
        "from tests.storage.stored_plant import START_US, StillClock\n"
        "s = open_store(Path(sys.argv[1]), role='window', clock=StillClock())\ns.plant.load()\ns.close()\n"
        "bad = {'alembic', 'scipy', 'asyncua', 'pymodbus', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_two_programs_starting_together_make_one_plant(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        found = pool.map(_open_and_tell, [(str(tmp_path), "collector"), (str(tmp_path), "window")])
    assert found[0] == found[1]


def _open_and_tell(arguments: tuple[str, str]) -> UUID:
    opened = open_store(Path(arguments[0]), role=arguments[1], clock=StillClock())  # type: ignore[arg-type]
    try:
        return opened.report.plant_id
    finally:
        opened.close()
