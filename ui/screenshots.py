"""Pictures of every screen, day and night, in two sizes, taken from the running program."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from domain.errors import ConfigurationError
from domain.instants import Clock
from ui.app import create_application
from ui.control_room import ROOMS, WindowSession
from ui.screens.setup.tabs import TABS
from ui.theme import DAY, NIGHT, application_theme

SETUP = "setup"
SIZES = ((1920, 1080), (1366, 768))
LARGE_DAY, SMALL_NIGHT = (SIZES[0], "day"), (SIZES[1], "night")
ATTACH_LIMIT_S = 30.0
SETTLE_MS = 3500


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to take: what the window shows at an address."""

    name: str
    address: str
    theme: str
    width: int
    height: int

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.theme}-{self.width}x{self.height}.png"


def take_screenshots(folder: Path, target: Path, *, clock: Clock, is_complete: bool) -> list[Path]:
    """Open the window on a data folder and write the pictures; only the large day ones unless complete."""
    application = create_application(["jidoka"], theme="day")
    session = WindowSession(application, folder, clock=clock)
    session.start(width=SIZES[0][0], height=SIZES[0][1])
    _wait_attached(session)
    if not session.is_attached:
        session.close()
        raise ConfigurationError(f"no pictures: the window could not open {folder}")
    target.mkdir(parents=True, exist_ok=True)
    addresses = _addresses(session) if is_complete else _rooms()
    written = [_take(session, picture, target) for picture in _pictures(addresses, is_complete=is_complete)]
    session.close()
    return written


def _rooms() -> dict[str, str]:
    return {room: room for room in ROOMS if room != SETUP}


def _addresses(session: WindowSession) -> dict[str, str]:
    """Return the rooms, the tabs of Setup and the values of a device, each by the name of its picture."""
    found = _rooms()
    found |= {f"{SETUP}-{entry.key}": f"{SETUP}/{entry.key}" for entry in TABS}
    links = session.workstation.monitoring.plant.connections
    return found | {f"{SETUP}-values": f"{SETUP}/connections/{link.id}" for link in links[:1]}


def _pictures(addresses: Mapping[str, str], *, is_complete: bool) -> Iterator[Picture]:
    """Yield the large day ones, or all four of the rooms and two of each tab of Setup."""
    looks = [(size, theme) for size in SIZES for theme in ("day", "night")] if is_complete else [LARGE_DAY]
    for size, theme in looks:
        for name, address in addresses.items():
            if not name.startswith(SETUP) or (size, theme) in (LARGE_DAY, SMALL_NIGHT):
                yield Picture(name, address, theme, *size)


def _wait_attached(session: WindowSession) -> None:
    deadline_s = time.monotonic() + ATTACH_LIMIT_S
    while not session.is_attached and not session.exit_code and time.monotonic() < deadline_s:
        _run_for(50)


def _take(session: WindowSession, picture: Picture, target: Path) -> Path:
    application_theme().use(NIGHT if picture.theme == "night" else DAY)
    session.room.window.resize(picture.width, picture.height)
    session.room.window.navigator.go(picture.address)
    _run_for(SETTLE_MS)
    path = target / picture.file_name
    session.room.window.grab().save(str(path))
    return path


def _run_for(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
