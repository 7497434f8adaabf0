"""What every device promises.

A new driver is one file, or one package, in ``drivers`` and one line in its table.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Protocol, runtime_checkable

from domain.plant.discovery import FoundItem
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import Tag


class DriverState(Enum):
    """State of the link to one device, as the operator reads it."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    NOT_ANSWERING = "not_answering"
    DISCONNECTED = "disconnected"
    REFUSED = "refused"
    DISABLED = "disabled"


class Driver(Protocol):
    """One connection to one device. Used by one task at a time; after a failure it is closed and thrown away.

    Errors are ``AcquisitionError`` (retry later) or ``ConfigurationError`` (retry slowly, tell the operator).
    """

    losses: LossCounter
    """What this object lost or refused, by cause."""

    async def connect(self) -> None:
        """Open the link within the driver's own deadline; raises one of the two error kinds above."""
        ...

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Read values once, one row per tag in that order; a tag that alone fails is a bad row."""
        ...

    def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver values as they come until the link fails (raises) or ``close`` is called (ends).

        An empty batch says that the link is up and nothing has come yet.
        """
        ...

    async def write(self, tag: Tag, value: bool | int | float | str) -> None:
        """Write once, never repeated; raises RuleViolation while writing is not released (the default)."""
        ...

    async def close(self) -> None:
        """Close the link; never raises, ends a running ``subscribe``."""
        ...


@runtime_checkable
class Browser(Protocol):
    """A connected driver that can tell what its device offers; drivers that can are also this."""

    async def browse(self, place: str = "") -> Sequence[FoundItem]:
        """Return what lies directly below a place, "" for the root; errors as in ``read``."""
        ...


@runtime_checkable
class PastSource(Protocol):
    """A connected driver whose device remembers values; drivers that can are also this.

    Asked beside a running ``subscribe``, never twice at a time.
    """

    @property
    def held_us(self) -> int:
        """The source time with which ``subscribe`` tells values that were older when it began."""
        ...

    def read_past(self, tags: Sequence[Tag], *, start_us: int, end_us: int) -> AsyncGenerator[ReadingBatch]:
        """Deliver what the device kept with start <= source time < end, oldest first, marked back-filled.

        Tags without a past are left out without an error. Whoever reads no further closes it, so that the
        device need keep nothing for us.
        """
        ...


Settle = Callable[[], Awaitable[None]]
"""Returns when what was handed over is durable, or when waiting longer would hold up live values."""


async def settled_at_once() -> None:
    """Wait for nobody: values are looked at and not stored."""


@runtime_checkable
class Redelivered(Protocol):
    """A driver whose source delivers again what it is not sure of; it leaves out what was taken before."""

    def take_up(self, taken_us: Mapping[int, int]) -> None:
        """Learn up to which source time each tag was taken; called before ``connect``."""
        ...
