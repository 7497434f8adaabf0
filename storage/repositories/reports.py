"""What people report: readings by hand and observations [ACQ-5, ACQ-6]."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from domain.condition.evidence import ManualReading, MissedReading, MissReason, Observation, ObservationKind
from domain.errors import NotFound
from storage.repositories.versions import write_version
from storage.schema.condition import manual_readings, missed_readings, observations
from storage.unit_of_work import Session

_READING = ("id", "tag_key", "value", "taken_us", "author", "note", "recorded_us", "version")


class ManualReadingRepository:
    """One row per reading holds the present truth; the audit log holds what it was before a correction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, reading_id: UUID) -> ManualReading:
        """Return one reading; NotFound when there is none."""
        query = select(manual_readings).where(manual_readings.c.id == reading_id)
        with self._session.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(
                f"manual reading {reading_id} is not in the database", key="row_gone", kind="manual_reading"
            )
        return _reading_of(row._asdict())

    def of_tags(
        self, tag_keys: Iterable[int], *, start_us: int, end_us: int, limit: int = 1000
    ) -> tuple[ManualReading, ...]:
        """Return readings of tags with start <= taken < end, the newest first."""
        query = (
            select(manual_readings)
            .where(
                manual_readings.c.tag_key.in_(list(tag_keys)),
                manual_readings.c.taken_us >= start_us,
                manual_readings.c.taken_us < end_us,
            )
            .order_by(manual_readings.c.taken_us.desc(), manual_readings.c.id.desc())
            .limit(limit)
        )
        with self._session.reading() as connection:
            return tuple(_reading_of(row._asdict()) for row in connection.execute(query))

    def corrected(self, tag_key: int, *, start_us: int, end_us: int) -> tuple[ManualReading, ...]:
        """Return the readings of a tag with start <= taken < end that say something else than at first."""
        query = select(manual_readings).where(
            manual_readings.c.tag_key == tag_key,
            manual_readings.c.version > 1,
            manual_readings.c.taken_us >= start_us,
            manual_readings.c.taken_us < end_us,
        )
        with self._session.reading() as connection:
            return tuple(_reading_of(row._asdict()) for row in connection.execute(query))

    def unrecorded(self, *, limit: int = 1000) -> tuple[ManualReading, ...]:
        """Return readings that history does not hold yet, the oldest first."""
        query = (
            select(manual_readings)
            .where(manual_readings.c.recorded_us.is_(None))
            .order_by(manual_readings.c.taken_us, manual_readings.c.id)
            .limit(limit)
        )
        with self._session.reading() as connection:
            return tuple(_reading_of(row._asdict()) for row in connection.execute(query))

    def add(self, reading: ManualReading) -> ManualReading:
        """Insert a new reading; the same id again is refused by the database."""
        work = self._session.transaction
        row = {name: getattr(reading, name) for name in _READING}
        work.connection.execute(insert(manual_readings), row | work.stamp())
        work.changed("manual_reading", reading.id, reading.version)
        work.audited("record", "manual_reading", reading.id, reading=asdict(reading))
        return reading

    def correct(self, before: ManualReading, after: ManualReading, *, reason: str) -> ManualReading:
        """Replace what a reading says, by version compare; history is to be told again."""
        work = self._session.transaction
        row = {name: getattr(after, name) for name in _READING} | {"recorded_us": None}
        new = write_version(work, manual_readings, row, kind="manual_reading", version=before.version)
        work.audited(
            "correct",
            "manual_reading",
            after.id,
            before=before.value,
            after=after.value,
            reason=reason,
            version=new,
        )
        return replace(after, recorded_us=None, version=new)

    def mark_recorded(self, readings: Iterable[ManualReading]) -> None:
        """Note that history holds these; one that was corrected meanwhile stays to be recorded."""
        work = self._session.transaction
        for reading in readings:
            is_same = (manual_readings.c.id == reading.id) & (manual_readings.c.version == reading.version)
            work.connection.execute(update(manual_readings).where(is_same).values(recorded_us=work.at_us))


class MissedReadingRepository:
    """What could not be read and why; never changed, only added to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_tags(
        self, tag_keys: Iterable[int], *, start_us: int, end_us: int, limit: int = 1000
    ) -> tuple[MissedReading, ...]:
        """Return what was missed with start <= time < end, the newest first."""
        query = (
            select(missed_readings)
            .where(
                missed_readings.c.tag_key.in_(list(tag_keys)),
                missed_readings.c.missed_us >= start_us,
                missed_readings.c.missed_us < end_us,
            )
            .order_by(missed_readings.c.missed_us.desc(), missed_readings.c.id.desc())
            .limit(limit)
        )
        with self._session.reading() as connection:
            return tuple(_missed_of(row._asdict()) for row in connection.execute(query))

    def add(self, missed: MissedReading) -> MissedReading:
        """Insert a new entry."""
        work = self._session.transaction
        row = asdict(missed) | {"reason": missed.reason.value}
        work.connection.execute(insert(missed_readings), row | work.stamp())
        work.changed("missed_reading", missed.id, missed.version)
        work.audited("miss", "missed_reading", missed.id, reading=row)
        return missed


class ObservationRepository:
    """What somebody noticed at an asset; never changed, only added to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_assets(
        self, asset_ids: Iterable[UUID], *, start_us: int, end_us: int, limit: int = 1000
    ) -> tuple[Observation, ...]:
        """Return observations at these assets with start <= time < end, the newest first."""
        query = (
            select(observations)
            .where(
                observations.c.asset_id.in_(list(asset_ids)),
                observations.c.observed_us >= start_us,
                observations.c.observed_us < end_us,
            )
            .order_by(observations.c.observed_us.desc(), observations.c.id.desc())
            .limit(limit)
        )
        with self._session.reading() as connection:
            return tuple(_observation_of(row._asdict()) for row in connection.execute(query))

    def add(self, observation: Observation) -> Observation:
        """Insert a new observation."""
        work = self._session.transaction
        row = asdict(observation) | {"kind": observation.kind.value}
        work.connection.execute(insert(observations), row | work.stamp())
        work.changed("observation", observation.id, observation.version)
        work.audited("observe", "observation", observation.id, observation=row)
        return observation


def _reading_of(row: Mapping[str, Any]) -> ManualReading:
    return ManualReading(**{name: row[name] for name in _READING})


def _observation_of(row: Mapping[str, Any]) -> Observation:
    same = ("id", "asset_id", "text", "observed_us", "author", "point_id", "version")
    return Observation(kind=ObservationKind(row["kind"]), **{name: row[name] for name in same})


def _missed_of(row: Mapping[str, Any]) -> MissedReading:
    same = ("id", "tag_key", "missed_us", "author", "note", "version")
    return MissedReading(reason=MissReason(row["reason"]), **{name: row[name] for name in same})
