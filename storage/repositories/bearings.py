"""The bearing catalogue: every edition of every type, found by words."""

from sqlalchemy import select

from domain.plant.bearings import BearingType, type_key
from storage.repositories.plant_rows import bearing_of, bearing_row
from storage.repositories.versions import conflict, remove_version, write_version
from storage.schema.plant import bearing_types
from storage.unit_of_work import Session


class BearingRepository:
    """Rows are added, never changed; the newest goes again while nothing was built on it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> tuple[BearingType, ...]:
        """Return every edition of every type, an older one before a newer one."""
        order = (bearing_types.c.edition, bearing_types.c.maker, bearing_types.c.designation)
        with self._session.reading() as connection:
            return tuple(
                bearing_of(row._asdict())
                for row in connection.execute(select(bearing_types).order_by(*order))
            )

    def latest(self) -> tuple[BearingType, ...]:
        """Return the newest edition of each type, by maker and designation."""
        newest = {bearing.key: bearing for bearing in self.all()}
        return tuple(sorted(newest.values(), key=lambda each: (each.maker, each.geometry.designation)))

    def editions(self, maker: str, designation: str) -> tuple[BearingType, ...]:
        """Return every edition of one type, the oldest first; capitals do not matter.

        They are compared here: SQLite knows capitals of ASCII only, an umlaut would make another type.
        """
        return tuple(each for each in self.all() if each.key == type_key(maker, designation))

    def add(self, bearing: BearingType) -> BearingType:
        """Store a new edition; Conflict when somebody stored the same edition first."""
        work, row = self._session.transaction, bearing_row(bearing)
        write_version(work, bearing_types, row, kind="bearing", version=1)
        told = {name: value for name, value in row.items() if name not in ("id", "version")}
        work.audited("create", "bearing", bearing.id, row=told)
        return bearing

    def remove(self, bearing: BearingType) -> None:
        """Take an edition out; Conflict when a newer one followed, NotFound when it is gone."""
        work = self._session.transaction
        newer = select(bearing_types).where(bearing_types.c.edition > bearing.edition)
        for row in work.connection.execute(newer):
            if bearing_of(row._asdict()).key == bearing.key:
                raise conflict("bearing", bearing.id, by=row.changed_by, at_us=row.changed_us)
        remove_version(work, bearing_types, bearing.id, kind="bearing", version=bearing.version)
