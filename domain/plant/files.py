"""Files of a watched folder: what one holds, and what became of it."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from domain.plant.readings import ReadingBatch
from domain.plant.signals import Waveform


class FileOutcome(Enum):
    """What became of a file."""

    TAKEN = "taken"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that was read. ``digest`` is the SHA-256 of its bytes: the same content is the same file.

    A later file of the same bytes, of which only the name tells another time, has that time in its digest.
    ``readings`` were handed over already; they tell what else was measured at the time of the waveforms.
    """

    connection_id: UUID
    name: str
    digest: bytes
    waveforms: tuple[Waveform, ...]
    readings: ReadingBatch


@dataclass(frozen=True, slots=True)
class TakenFile:
    """What the program remembers of a file."""

    connection_id: UUID
    digest: bytes
    name: str
    outcome: FileOutcome
    reason: str = ""
    taken_us: int = 0
