"""Where one is: every screen has an address such as "asset/018f…", and a plain history leads back."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from ui.text import tr

HISTORY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Address:
    """A room and, after the slash, what it shows."""

    room: str
    argument: str = ""

    @classmethod
    def parse(cls, words: str) -> "Address":
        """Take "room/argument" apart; the argument may hold further slashes."""
        room, _, argument = words.strip().partition("/")
        return cls(room, argument)

    def __str__(self) -> str:
        return f"{self.room}/{self.argument}" if self.argument else self.room


@dataclass(frozen=True, slots=True)
class RailEntry:
    """An entry of the rail: its room, drawing and number key."""

    room: str
    icon: str
    digit: int

    @property
    def words(self) -> str:
        """The name under the icon."""
        return room_name(self.room)


RAIL: tuple[RailEntry, ...] = (
    RailEntry("overview", "overview", 1),
    RailEntry("alarms", "alarms", 2),
    RailEntry("asset", "asset", 3),
    RailEntry("trends", "trends", 4),
    RailEntry("analysis", "analysis", 5),
    RailEntry("setup", "setup", 0),
)

_ROOMS = {
    "overview": "Overview",
    "alarms": "Alarms",
    "asset": "Asset",
    "trends": "Trends",
    "analysis": "Analysis",
    "setup": "Setup",
}


def room_name(room: str) -> str:
    """Return the name of a room."""
    return tr("Rooms", _ROOMS.get(room, room.capitalize()))


class Navigator(QObject):
    """The plain history of addresses: going somewhere cuts off what lay ahead."""

    moved = Signal(object)
    """The Address to show now."""

    def __init__(self, rooms: Sequence[str], *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rooms = tuple(rooms)
        self._history: list[Address] = []
        self._place = -1

    @property
    def current(self) -> Address | None:
        """Where one is, None before the first step."""
        return self._history[self._place] if self._history else None

    @property
    def can_go_back(self) -> bool:
        return self._place > 0

    @property
    def can_go_forward(self) -> bool:
        return self._place + 1 < len(self._history)

    def go(self, words: str) -> bool:
        """Go to an address; False when there is no such room."""
        address = Address.parse(words)
        if address.room not in self._rooms:
            return False
        if address != self.current:
            del self._history[self._place + 1 :]
            self._history.append(address)
            del self._history[:-HISTORY_LENGTH]
            self._place = len(self._history) - 1
        self.moved.emit(address)
        return True

    def back(self) -> None:
        """Go one step back."""
        if self.can_go_back:
            self._place -= 1
            self.moved.emit(self.current)

    def forward(self) -> None:
        """Go one step forward again."""
        if self.can_go_forward:
            self._place += 1
            self.moved.emit(self.current)
