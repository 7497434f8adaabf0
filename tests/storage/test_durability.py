"""What was acknowledged survives kill -9 and a full disk (F33, F34, F37, T-01, T-03)."""

import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import StorageError
from domain.roles import Actor
from storage.store import Store, open_store
from tests.storage.stored_plant import StillClock

_WRITER = """
import sys
from pathlib import Path
from uuid import UUID
from domain.roles import Actor, Role
from storage.store import open_store
from tests.storage.stored_plant import StillClock
store = open_store(Path(sys.argv[1]), role=sys.argv[2], clock=StillClock())
actor = Actor(UUID(int=1), Role.ENGINEER, sys.argv[2], "child")
for number in range(10**6):
    with store.unit_of_work(actor) as work:
        work.plant.save_setting(f"{sys.argv[2]}-{number}", number)
        assert work.next_number(sys.argv[2]) == number + 1
    print(number, flush=True)
"""


def _killed_writers(folder: Path, at_least: int) -> dict[str, int]:
    """Run collector and window side by side, kill both, and return the last number each acknowledged."""
    root = Path(__file__).parents[2]
    children = {
        role: subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(folder), role], stdout=subprocess.PIPE, text=True, cwd=root
        )
        for role in ("collector", "window")
    }
    last = {}
    for role, child in children.items():
        assert child.stdout is not None
        while int(child.stdout.readline()) < at_least:
            pass
        child.kill()
        rest = child.stdout.read().split("\n")[:-1]
        last[role] = int(rest[-1]) if rest else at_least
        child.wait()
        child.stdout.close()
    return last


def _lost(store: Store, acknowledged: dict[str, int]) -> list[str]:
    names = [f"{role}-{n}" for role, last in acknowledged.items() for n in range(last + 1)]
    return [name for name in names if store.plant.setting(name) is None]


def test_kill_9_of_two_writers_loses_nothing_acknowledged(tmp_path: Path, still_clock: StillClock) -> None:
    """F33, F34: both programs write one database; after kill -9 of both every acknowledged act is there."""
    acknowledged = _killed_writers(tmp_path, 60)
    store = open_store(tmp_path, role="collector", clock=still_clock, check_s=30)
    assert store.report.check_finished
    assert _lost(store, acknowledged) == []
    assert store.audit.verify().is_sound
    with store._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM settings WHERE key = 'window-7'")
    assert _lost(store, acknowledged) == ["window-7"]
    store.close()


def test_a_full_disk_is_told_and_what_was_saved_stays(furnished: Store, engineer: Actor) -> None:
    """F37: reading goes on, the refused act leaves no half, and works once there is space."""
    raw = furnished._database._writer.raw_connection()
    pages = raw.driver_connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[union-attr]
    raw.driver_connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[union-attr]

    def save() -> None:
        with furnished.unit_of_work(engineer) as work:
            work.plant.save_setting("large", "x" * 200_000)

    with pytest.raises(StorageError) as told:
        save()
    assert told.value.key == "disk_full"
    assert furnished.plant.load().site_name == "Works"
    assert furnished.audit.verify().is_sound
    raw.driver_connection.execute("PRAGMA max_page_count=1000000")  # type: ignore[union-attr]
    save()
    assert furnished.plant.setting("large") == "x" * 200_000


_LIMITED = """
import resource, sys
from pathlib import Path
from uuid import UUID
from domain.errors import StorageError
from domain.roles import Actor, Role
from storage.store import open_store
from tests.storage.stored_plant import StillClock
store = open_store(Path(sys.argv[1]), role="collector", clock=StillClock())
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
saved = 0
try:
    while True:
        with store.unit_of_work(Actor(UUID(int=1), Role.ENGINEER, "A", "child")) as work:
            work.plant.save_setting(f"n{saved}", "x" * 3000)
        saved += 1
except StorageError as error:
    print(saved, error.key)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_file_that_may_not_grow_loses_nothing_acknowledged(tmp_path: Path, still_clock: StillClock) -> None:
    """T-03: the limit gives a StorageError; every row saved before it is there after reopening."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=60
    )
    saved, key = done.stdout.split()
    assert key in ("disk_full", "disk_error"), done.stderr
    store = open_store(tmp_path, role="collector", clock=still_clock)
    assert int(saved) > 0
    assert all(store.plant.setting(f"n{number}") is not None for number in range(int(saved)))
    assert store.audit.verify().is_sound
    store.close()
