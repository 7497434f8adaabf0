"""What the frame of the window shows on every screen, as values, and where it takes them from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from domain.condition.alarms import Priority
from ui.formatting import Presentation
from ui.widgets.priority_symbol import SymbolState

if TYPE_CHECKING:  # numpy must not be loaded before the first window is shown
    from domain.ports import ConnectionStatus


@dataclass(frozen=True, slots=True)
class Count:
    """Alarms of one priority: how many there are and how many wait for acknowledgement."""

    total: int = 0
    unacknowledged: int = 0


@dataclass(frozen=True, slots=True)
class StripAlarm:
    """One row of the alarm strip; ``respond_within_s`` counts from ``raised_us``, None without a limit."""

    id: UUID
    symbol: SymbolState
    raised_us: int
    place: str
    message: str
    value: Presentation
    limit: Presentation | None = None
    respond_within_s: float | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class LinkSummary:
    """How the data come in."""

    live: int = 0
    total: int = 0
    is_collecting: bool = False

    @property
    def is_whole(self) -> bool:
        return self.is_collecting and 0 < self.live == self.total


@dataclass(frozen=True, slots=True)
class ShellState:
    """One picture of everything the frame shows. ``strip`` holds worst unacknowledged first, then newest."""

    counts: Mapping[Priority, Count] = field(default_factory=dict)
    strip: Sequence[StripAlarm] = ()
    new_in_10_min: int = 0
    links: LinkSummary = field(default_factory=LinkSummary)
    connections: "Sequence[ConnectionStatus]" = ()
    is_simulated: bool = False
    is_alarm_list_known: bool = True
    site: str = ""
    user: str = ""
    role: str = ""

    @property
    def unacknowledged(self) -> int:
        return sum(count.unacknowledged for count in self.counts.values())


class ShellSource(Protocol):
    """Where the frame takes its values and sends its acts; never blocks."""

    def state(self) -> ShellState:
        """Return the newest picture."""
        ...

    def acknowledge(self, alarm_ids: Sequence[UUID], *, failed: Callable[[BaseException], None]) -> None:
        """Acknowledge alarms; ``failed`` is called in the main thread with what went wrong."""
        ...
