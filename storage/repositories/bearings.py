"""The bearing catalogue: every edition of every type, found by words."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from domain.plant.bearings import BearingGeometry, BearingType
from storage.repositories.versions import conflict, remove_version, write_version
from storage.schema.plant import bearing_types
from storage.unit_of_work import Session


class BearingRepository:
    """Rows are added, never changed; the newest goes again while nothing was built on it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def latest(self) -> tuple[BearingType, ...]:
        """Return the newest edition of each type, by maker and designation."""
        newest: dict[tuple[str, str], BearingType] = {}
        order = (bearing_types.c.maker, bearing_types.c.designation, bearing_types.c.edition)
        with self._session.reading() as connection:
            for row in connection.execute(select(bearing_types).order_by(*order)):
                found = _type_of(row._asdict())
                newest[found.maker, found.geometry.designation] = found
        return tuple(newest.values())

    def editions(self, maker: str, designation: str) -> tuple[BearingType, ...]:
        """Return every edition of one type, the oldest first; capitals do not matter."""
        query = (
            select(bearing_types)
            .where(
                func.lower(bearing_types.c.maker) == maker.lower(),
                func.lower(bearing_types.c.designation) == designation.lower(),
            )
            .order_by(bearing_types.c.edition)
        )
        with self._session.reading() as connection:
            return tuple(_type_of(row._asdict()) for row in connection.execute(query))

    def add(self, bearing: BearingType) -> BearingType:
        """Store a new edition; Conflict when somebody stored the same edition first."""
        work = self._session.transaction
        geometry = bearing.geometry
        row = {
            "id": bearing.id,
            "maker": bearing.maker,
            "designation": geometry.designation,
            "edition": bearing.edition,
            "elements": geometry.elements,
            "element_diameter_mm": geometry.element_diameter_mm,
            "pitch_diameter_mm": geometry.pitch_diameter_mm,
            "contact_angle_deg": geometry.contact_angle_deg,
            "slip_tolerance": bearing.slip_tolerance,
            "source": geometry.source,
        }
        write_version(work, bearing_types, row, kind="bearing", version=1)
        work.audited("create", "bearing", bearing.id, row={k: v for k, v in row.items() if k != "id"})
        return bearing

    def remove(self, bearing: BearingType) -> None:
        """Take an edition out; Conflict when a newer one followed, NotFound when it is gone."""
        work, geometry = self._session.transaction, bearing.geometry
        newer = work.connection.execute(
            select(bearing_types.c.changed_by, bearing_types.c.changed_us).where(
                func.lower(bearing_types.c.maker) == bearing.maker.lower(),
                func.lower(bearing_types.c.designation) == geometry.designation.lower(),
                bearing_types.c.edition > bearing.edition,
            )
        ).first()
        if newer is not None:
            raise conflict("bearing", bearing.id, by=newer.changed_by, at_us=newer.changed_us)
        remove_version(work, bearing_types, bearing.id, kind="bearing", version=bearing.version)


def _type_of(row: Mapping[str, Any]) -> BearingType:
    geometry = BearingGeometry(
        row["designation"],
        row["elements"],
        row["element_diameter_mm"],
        row["pitch_diameter_mm"],
        row["contact_angle_deg"],
        row["source"],
    )
    return BearingType(
        row["id"], row["maker"], geometry, row["edition"], row["slip_tolerance"], row["version"]
    )
