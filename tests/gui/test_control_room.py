"""The window without data behind it: refusals are told, nothing unknown looks known [F42, F78]."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot

from domain.condition.baseline import RobustBaseline
from domain.errors import AlreadyRunning
from services.access import program_actor
from services.baselines import save_baselines
from services.clock import SystemClock
from storage.locks import InstanceLock
from storage.store import open_store
from tests.gui.analysis_stage import PLANT, VELOCITY
from tests.storage.postgresql_stage import PostgresServer, running_server
from ui.control_room import CALL_FILE, WindowSession, call_other_window
from ui.screens.alarms.screen import AlarmsScreen
from ui.screens.overview.screen import OverviewScreen
from ui.theme import Theme
from ui.widgets.key_button import CounterChip
from ui.widgets.notices import EmptyState


def test_a_folder_that_cannot_be_opened_is_told_and_nothing_looks_known(
    qtbot: QtBot, qapp: QApplication, theme: Theme, tmp_path: Path
) -> None:
    (tmp_path / "plant.db").write_bytes(b"not a database at all")
    session = WindowSession(qapp, tmp_path, clock=SystemClock())
    session.start(width=1366, height=768)
    qtbot.waitUntil(lambda: session.exit_code != 0, timeout=5000)
    assert all("not known" in name for name in chip_names(session))
    assert not session.is_attached
    assert "cannot be opened" in unavailable_words(session), "a damaged file does not mend itself"
    session.close()


def test_f44_a_window_that_starts_before_its_server_finds_it_by_itself(
    qtbot: QtBot,
    qapp: QApplication,
    theme: Theme,
    tmp_path: Path,
    postgresql: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a power cut the server comes up last; nobody walks through the halls to start windows again."""
    with running_server() as server:
        monkeypatch.setenv("JIDOKA_DATABASE", server.fresh_database())
        server.stop(mode="immediate")
        session = WindowSession(qapp, tmp_path, clock=SystemClock())
        session.start(width=1366, height=768)
        qtbot.waitUntil(lambda: session.exit_code != 0, timeout=20_000)
        assert "tries again by itself" in unavailable_words(session)
        server.start()
        qtbot.waitUntil(lambda: session.is_attached, timeout=20_000)
        assert session.exit_code == 0
        assert session.room.window.navigator.current.room == "overview"
        session.close()


def crash(server: PostgresServer) -> None:
    server.stop(mode="immediate")


@pytest.mark.parametrize(
    ("goes", "comes_back"),
    [(crash, PostgresServer.start), (PostgresServer.freeze, PostgresServer.thaw)],
    ids=["crashed", "hung"],
)
def test_f44_while_the_database_is_away_alarms_are_not_known_and_come_back(
    qtbot: QtBot,
    qapp: QApplication,
    theme: Theme,
    tmp_path: Path,
    postgresql: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    goes: Callable[[PostgresServer], None],
    comes_back: Callable[[PostgresServer], None],
) -> None:
    """What nobody can read is not shown as "no alarms"; the window says so once and unsays it by itself."""
    with running_server() as server:
        url = server.fresh_database()
        with closing(open_store(tmp_path, role="tool", clock=SystemClock(), database=url)) as store:
            with store.unit_of_work(program_actor("test")) as work:
                work.plant.import_plant(PLANT)
        monkeypatch.setenv("JIDOKA_DATABASE", url)
        session = WindowSession(qapp, tmp_path, clock=SystemClock())
        session.start(width=1366, height=768)
        qtbot.waitUntil(lambda: session.is_attached, timeout=20_000)
        window = session.room.window
        qtbot.waitUntil(lambda: not any("not known" in name for name in chip_names(session)), timeout=5000)
        goes(server)
        qtbot.waitUntil(lambda: all("not known" in name for name in chip_names(session)), timeout=15_000)
        assert window.message_bar.isVisible()
        assert window.message_bar.accessibleName().startswith("No answer from database 'plant_")
        window.navigator.go("alarms")
        alarms = window.front
        assert isinstance(alarms, AlarmsScreen)
        qtbot.waitUntil(lambda: alarms.presenter.counts() is None, timeout=10_000)
        comes_back(server)
        qtbot.waitUntil(lambda: not window.message_bar.isVisible(), timeout=20_000)
        qtbot.waitUntil(lambda: not any("not known" in name for name in chip_names(session)), timeout=5000)
        qtbot.waitUntil(lambda: alarms.presenter.counts() == (0, 0), timeout=10_000)
        session.close()


def chip_names(session: WindowSession) -> list[str]:
    return [chip.accessibleName() for chip in session.room.window.top_bar.findChildren(CounterChip)]


def unavailable_words(session: WindowSession) -> str:
    return " ".join(
        each.accessibleName() for each in session.room.window.findChildren(EmptyState) if each.isVisible()
    )


def test_a_set_up_made_elsewhere_appears_and_a_baseline_moves_nothing(
    qtbot: QtBot, qapp: QApplication, theme: Theme, tmp_path: Path
) -> None:
    session = WindowSession(qapp, tmp_path, clock=SystemClock())
    session.start(width=1366, height=768)
    qtbot.waitUntil(lambda: session.is_attached, timeout=10_000)
    window, empty = session.room.window, session.room.window.front
    store = session.workstation.store
    with store.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(PLANT)
    qtbot.waitUntil(lambda: window.front is not empty, timeout=10_000)
    overview = window.front
    assert isinstance(overview, OverviewScreen)
    assert len(overview.presenter.sheets) == 1
    with store.unit_of_work(program_actor("test")) as work:
        save_baselines(work, PLANT, {VELOCITY: RobustBaseline(1.2, 0.1, 100)})
    sheet = next(iter(overview.presenter.sheets))
    qtbot.waitUntil(lambda: overview.presenter.sheets[sheet].vibration.normal is not None, timeout=10_000)
    assert window.front is overview
    session.close()


def test_f78_a_second_window_calls_the_first_to_the_front(tmp_path: Path) -> None:
    call_other_window(tmp_path)
    (tmp_path / "runtime").mkdir()
    with InstanceLock(tmp_path / "runtime", "window"):
        with pytest.raises(AlreadyRunning, match="comes to the front"):
            call_other_window(tmp_path)
    assert (tmp_path / "runtime" / CALL_FILE).exists()


def test_the_window_process_stays_free_of_drivers_and_scipy(tmp_path: Path) -> None:
    """Importing them would cost the first window a second and bring their threads into it."""
    open_store(tmp_path, role="tool", clock=SystemClock()).close()
    program = (
        "import sys; from pathlib import Path\n"
        "from services.clock import SystemClock\n"
        "from services.workstation import open_workstation\n"
        "import ui.control_room\n"
        "from importlib import import_module\n"
        "[import_module(f'ui.screens.{room}') for room in ui.control_room.ROOMS]\n"
        f"open_workstation(Path({str(tmp_path)!r}), clock=SystemClock()).close()\n"
        "heavy = {'scipy.signal', 'scipy.fft', 'asyncua', 'pymodbus', 'alembic'} & set(sys.modules)\n"
        "print(sorted(heavy)); sys.exit(bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_typed_when_the_session_ends_is_kept(
    qtbot: QtBot, qapp: QApplication, theme: Theme, tmp_path: Path
) -> None:
    """Whoever ends the session: the screens close before the lane in which they keep their drafts."""
    with closing(open_store(tmp_path, role="tool", clock=SystemClock())) as store:
        with store.unit_of_work(program_actor("test")) as work:
            work.plant.import_plant(PLANT)
    session = WindowSession(qapp, tmp_path, clock=SystemClock())
    session.start(width=1366, height=768)
    qtbot.waitUntil(lambda: session.is_attached, timeout=10_000)
    session.room.window.navigator.go("asset")
    asset = session.room.window.front
    qtbot.waitUntil(lambda: asset.act("observe"), timeout=10_000)
    qtbot.keyClicks(asset.desk.observation.findChild(QPlainTextEdit), "grinding at full speed")
    session.close()
    with closing(open_store(tmp_path, role="tool", clock=SystemClock())) as store:
        (draft,) = store.drafts.open_ones()
    assert draft.content["typed"]["text"] == "grinding at full speed"
