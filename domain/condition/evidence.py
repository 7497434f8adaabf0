"""What people report about a machine: readings by hand and observations, first-class data [ACQ-5, ACQ-6]."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID


class ObservationKind(Enum):
    """What somebody noticed."""

    NOISE = "noise"
    SMELL = "smell"
    HEAT = "heat"
    VIBRATION = "vibration"
    LEAK = "leak"
    LOOK = "look"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that a person noticed at an asset; condition evidence with its author and time."""

    id: UUID
    asset_id: UUID
    kind: ObservationKind
    text: str
    observed_us: int
    author: str
    point_id: UUID | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class ManualReading:
    """A value read by a person; the collector copies it into history, marked manual.

    ``value`` is in the tag's unit; ``recorded_us`` is None until history holds it. Each version has an
    instant of its own in history, so that a correction rewrites nothing there.
    """

    id: UUID
    tag_key: int
    value: float
    taken_us: int
    author: str
    note: str = ""
    recorded_us: int | None = None
    version: int = 1

    @property
    def history_us(self) -> int:
        """When history holds what the reading says now."""
        return self.taken_us + self.version - 1

    @property
    def superseded_us(self) -> range:
        """Where history may hold what the reading said before it was corrected."""
        return range(self.taken_us, self.history_us)


class MissReason(Enum):
    """Why a value of a round could not be read."""

    STOPPED = "stopped"
    NO_ACCESS = "no_access"
    NO_INSTRUMENT = "no_instrument"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MissedReading:
    """Somebody stood there and could not read a value: a round without a hole that nobody explains."""

    id: UUID
    tag_key: int
    reason: MissReason
    missed_us: int
    author: str
    note: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Correction:
    """What a reading said before and after somebody corrected it, and why."""

    at_us: int
    by: str
    before: float
    after: float
    reason: str
