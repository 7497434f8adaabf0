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

    ``value`` is in the tag's unit; ``recorded_us`` is None until history holds it.
    """

    id: UUID
    tag_key: int
    value: float
    taken_us: int
    author: str
    note: str = ""
    recorded_us: int | None = None
    version: int = 1
