"""What people enter, and what became of it as screens show it: readings, missed readings, observations."""

from dataclasses import dataclass, field
from uuid import UUID

from domain.condition.evidence import Correction, ManualReading, MissedReading, MissReason, Observation
from domain.errors import ControlRoomError
from domain.plant.assets import AssetPath, MeasurementPoint
from domain.plant.tags import Tag


@dataclass(frozen=True, slots=True)
class NewReading:
    """What a person enters. ``unit`` "" is the tag's own; ``taken_us`` None is now."""

    tag_key: int
    value: float
    unit: str = ""
    taken_us: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """What a person enters where a value cannot be read; a reason that is no other asks for a note."""

    tag_key: int
    reason: MissReason
    taken_us: int | None = None
    note: str = ""


RoundEntry = NewReading | NotMeasured


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A reading as shown. ``warnings`` are message keys; ``is_in_history`` once the collector has it.

    ``corrections`` tell what it said before, the oldest first, where they were asked for.
    """

    reading: ManualReading
    tag: Tag
    path: AssetPath
    warnings: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def id(self) -> UUID:
        return self.reading.id

    @property
    def at_us(self) -> int:
        return self.reading.taken_us

    @property
    def is_corrected(self) -> bool:
        return self.reading.version > 1

    @property
    def is_in_history(self) -> bool:
        return self.reading.recorded_us is not None


@dataclass(frozen=True, slots=True)
class MissedView:
    """A value that could not be read, as shown."""

    missed: MissedReading
    tag: Tag
    path: AssetPath

    @property
    def id(self) -> UUID:
        return self.missed.id

    @property
    def at_us(self) -> int:
        return self.missed.missed_us


@dataclass(frozen=True, slots=True)
class ManualTagView:
    """A line of a round: what to read, where, in which units, and what it was the last time.

    ``missed`` is set while the last attempt found nothing to read.
    """

    tag: Tag
    path: AssetPath
    point: MeasurementPoint | None
    units: tuple[str, ...]
    last: ManualReading | None
    missed: MissedReading | None = None


@dataclass(frozen=True, slots=True)
class ObservationView:
    """An observation as shown."""

    observation: Observation
    path: AssetPath
    point: MeasurementPoint | None = None

    @property
    def id(self) -> UUID:
        return self.observation.id

    @property
    def at_us(self) -> int:
        return self.observation.observed_us


Report = ObservationView | ReadingView | MissedView
"""What a person reported, whatever its sort."""


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What became of a round: what was stored, and the entries refused by their place in the round."""

    done: tuple[ReadingView, ...]
    missed: tuple[MissedView, ...] = ()
    refused: tuple[tuple[int, ControlRoomError], ...] = field(default=())
