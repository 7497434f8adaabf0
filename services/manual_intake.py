"""Readings by hand on their way into history and live values: each exactly once, whatever crashes [ACQ-5]."""

from collections.abc import Callable, Sequence

from domain.condition.evidence import ManualReading
from domain.instants import Clock
from domain.plant.plant import Plant
from domain.plant.quality import GOOD, QualityFlag
from domain.plant.readings import ReadingBatch, reading_batch
from domain.roles import Actor
from services.newest_known import NewestKnown
from services.recording import Recorder
from storage.store import Store

_MANUAL = GOOD | int(QualityFlag.MANUAL)
_SEQUENCE_BITS = (1 << 62) - 1


class ManualIntake:
    """Copies what people have entered. Time and sequence come from the reading, so that a copy made twice
    after a crash is one row of history.
    """

    def __init__(
        self,
        store: Store,
        plant: Plant,
        recorder: Recorder,
        *,
        newest: NewestKnown,
        actor: Actor,
        clock: Clock,
    ) -> None:
        self._store = store
        self._known = {tag.key for tag in plant.tags}
        self._recorder = recorder
        self._newest = newest
        self._actor = actor
        self._clock = clock

    def waiting(self) -> tuple[ManualReading, ...]:
        """Return what history does not hold yet; belongs to the writer lane."""
        return tuple(each for each in self._store.manual_readings.unrecorded() if each.tag_key in self._known)

    def publish(self, readings: Sequence[ManualReading], sink: Callable[[ReadingBatch], None]) -> None:
        """Hand the readings over; belongs to the loop."""
        batch = reading_batch(
            [each.tag_key for each in readings],
            [each.value for each in readings],
            quality=_MANUAL,
            source_us=[each.history_us for each in readings],
            receive_us=self._clock.now_us(),
            sequence=[_sequence(each) for each in readings],
        )
        sink(self._newest.marked(batch))

    def confirm(self, readings: Sequence[ManualReading]) -> None:
        """Make what was published durable, then say so in its rows; belongs to the writer lane.

        StorageError leaves the rows as they are: the readings are copied again.
        """
        self._recorder.flush()
        with self._store.unit_of_work(self._actor) as work:
            work.manual_readings.mark_recorded(readings)


def _sequence(reading: ManualReading) -> int:
    return (reading.id.int + reading.version) & _SEQUENCE_BITS
