"""The window program: shown at once, connected to the services of a data folder as soon as they are open."""

import logging
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from domain.errors import AlreadyRunning, ControlRoomError, DatabaseUnreachable, StorageError
from domain.events import PlantChanged
from domain.instants import Clock
from services.launching import is_held
from ui.app import ControlRoom, create_application
from ui.context import Context, ScreenFactory
from ui.screens.screen import Screen
from ui.text import tr
from ui.theme import application_theme

if TYPE_CHECKING:  # numpy and the storage must not be loaded before the window is shown
    from domain.plant.plant import Plant
    from services.workstation import Workstation

EXIT_REFUSED = 3
CALL_FILE = "window.call"
CALL_POLL_MS = 500
RETRY_MS = 2000
"""PCs and servers often start together; a window must not have to be started twice."""

_log = logging.getLogger(__name__)

ROOMS = ("overview", "alarms", "asset", "trends", "analysis", "setup")
FIRST_ADDRESS = "overview"


def run_app(folder: Path, *, clock: Clock, for_s: float | None = None) -> int:
    """Show the control room for a data folder until its window closes; return the exit code."""
    call_other_window(folder)
    settings = QSettings("Jidoka", "window")
    application = create_application(sys.argv[:1], theme=str(settings.value("theme", "day")))
    session = WindowSession(application, folder, clock=clock)
    session.start(address=str(settings.value("address", FIRST_ADDRESS)))
    if for_s is not None:
        QTimer.singleShot(round(for_s * 1000), session.room.window.close)
    code = application.exec()
    settings.setValue("theme", application_theme().tokens.name)
    settings.setValue("address", session.last_address)
    session.close()
    return session.exit_code or code


def call_other_window(folder: Path) -> None:
    """When a window already works on the folder, bring it to the front and raise AlreadyRunning [F78]."""
    if not is_held(folder / "runtime" / "window.lock"):
        return
    (folder / "runtime" / CALL_FILE).touch()
    raise AlreadyRunning(
        f"a window already works on {folder}; it comes to the front", key="already_running_window"
    )


class WindowSession(QObject):
    """One window and the services behind it; services are opened and closed in the database lane."""

    def __init__(self, application: QApplication, folder: Path, *, clock: Clock) -> None:
        super().__init__(application)
        self._folder = folder
        self._clock = clock
        self._address = FIRST_ADDRESS
        self._workstation: Workstation | None = None
        self.room = ControlRoom(application, clock=clock)
        self.exit_code = 0
        self._told = ""
        self._called_ns = 0
        self._call_timer = QTimer(self)
        self._call_timer.setInterval(CALL_POLL_MS)
        self._call_timer.timeout.connect(self._answer_call)
        self._retry_timer = QTimer(self)
        self._retry_timer.setSingleShot(True)
        self._retry_timer.setInterval(RETRY_MS)
        self._retry_timer.timeout.connect(self._open_soon)

    def start(self, *, address: str = FIRST_ADDRESS, width: int = 0, height: int = 0) -> None:
        """Show the window, then open the data behind it."""
        self._address = address
        self.room.show(width=width, height=height)
        self._open_soon()

    @property
    def last_address(self) -> str:
        """Where the operator was last."""
        return str(self.room.window.navigator.current or self._address)

    @property
    def is_attached(self) -> bool:
        """Whether screens show data."""
        return self._workstation is not None

    @property
    def workstation(self) -> "Workstation":
        """The services behind the window; AssertionError before they are open."""
        assert self._workstation is not None
        return self._workstation

    def _open_soon(self) -> None:
        self.room.tasks.run(self._open, done=self._attach, failed=self._refuse)

    def _open(self) -> "Workstation":
        from services.workstation import open_workstation

        return open_workstation(self._folder, clock=self._clock)

    def _attach(self, opened: "Workstation") -> None:
        from ui.plant_search import PlantProvider
        from ui.setup_search import SetupProvider
        from ui.shell_source import ServiceShellSource

        self._workstation, self.exit_code, self._told = opened, 0, ""
        self._called_ns = _touched_ns(self._folder)
        self._call_timer.start()
        source = ServiceShellSource(opened, self.room.tasks, self.room.events, parent=self)
        source.told.connect(self.room.window.message_bar.show_message)
        source.went_away.connect(self.room.window.show_problem)
        source.answered.connect(self.room.window.end_problem)
        self.room.events.delivered.connect(self._on_events)
        self.room.attach(
            source=source,
            events=opened.events,
            zone=opened.monitoring.plant.zone,
            screens=_screens(opened),
            providers=[PlantProvider(self._plant), SetupProvider(self._plant)],
            address=self._address,
        )

    def _plant(self) -> "Plant":
        return self.workstation.monitoring.plant

    def _answer_call(self) -> None:
        """Come to the front when a second start asked for it."""
        touched_ns = _touched_ns(self._folder)
        if touched_ns != self._called_ns:
            self._called_ns = touched_ns
            if self.room.window.isMinimized():
                self.room.window.showNormal()
            self.room.window.raise_()
            self.room.window.activateWindow()

    def _on_events(self, events: tuple[object, ...]) -> None:
        if self._workstation is not None and any(isinstance(each, PlantChanged) for each in events):
            work, problem = partial(_reload, self._workstation), self.room.window.show_problem
            self.room.tasks.run(work, done=self._show_set_up, failed=problem)

    def _show_set_up(self, is_other: bool) -> None:
        """Build screens anew only for another set-up; new baselines alone just change figures."""
        self.room.window.use_zone(self.workstation.monitoring.plant.zone)
        if is_other:
            self.room.window.rebuild_screens()
        else:
            self.room.window.renew_screens()

    def _refuse(self, error: BaseException) -> None:
        """Say why there are no data, each reason once; where trying again can help, try again."""
        self.exit_code = EXIT_REFUSED
        details = str(error) if isinstance(error, ControlRoomError) else repr(error)
        if details != self._told:
            self._told = details
            _log.error("the data folder cannot be opened: %s", details)
            words = (
                tr("Shell", "The plant's data are away. This window tries again by itself.")
                if _may_pass(error)
                else tr("Shell", "The plant's data cannot be opened.")
            )
            self.room.window.show_unavailable(words, why=details)
        if _may_pass(error):
            self._retry_timer.start()

    def close(self) -> None:
        """End screens first, services after them."""
        self._call_timer.stop()
        self._retry_timer.stop()
        self.room.shut_down()
        if self._workstation is not None:
            self._workstation.close()
            self._workstation = None


def _may_pass(error: BaseException) -> bool:
    """Say whether a database may answer soon; a wrong password or a damaged file would come again."""
    return isinstance(error, DatabaseUnreachable) or (
        isinstance(error, StorageError) and error.key == "database_busy"
    )


def _reload(workstation: "Workstation") -> bool:
    """Read the set-up anew, in the lane; return whether plant or rules are others than before."""
    before = workstation.monitoring.plant, tuple(workstation.alarming.rules)
    workstation.reload()
    return before != (workstation.monitoring.plant, tuple(workstation.alarming.rules))


def _touched_ns(folder: Path) -> int:
    try:
        return (folder / "runtime" / CALL_FILE).stat().st_mtime_ns
    except OSError:
        return 0


def _screens(workstation: "Workstation") -> Mapping[str, ScreenFactory]:
    """Return the factories of all rooms; each is imported when its screen is first opened."""
    return {room: partial(_make, room, workstation) for room in ROOMS}


def _make(room: str, workstation: "Workstation", context: Context) -> Screen:
    maker = getattr(import_module(f"ui.screens.{room}"), f"make_{room}")
    screen: Screen = maker(workstation)(context)
    return screen
