"""What changed, for everyone who keeps a picture of the database: rows written with the change itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select

from storage.failures import told
from storage.schema.records import changes
from storage.sql import PlantDatabase, Watch


@dataclass(frozen=True, slots=True)
class Change:
    """One aggregate got a new version. ``id`` only grows; ``writer`` is the workstation that wrote it."""

    id: int
    kind: str
    aggregate_id: UUID
    version: int
    writer: str
    at_us: int


class ChangeFeed:
    """A cursor read over the feed, and a question cheap enough to ask ten times a second.

    One object per thread that polls.
    """

    def __init__(self, database: PlantDatabase) -> None:
        self._database = database
        self._watch: Watch | None = None
        self._mark: int | None = None
        self._seen: int | None = None

    def has_changed(self) -> bool:
        """Say whether anybody committed what ``since`` has not read to its end. Costs microseconds."""
        with told(self._database.place):
            if self._watch is None:
                self._watch = self._database.watch()
            self._mark = self._watch.mark()
        return self._mark != self._seen

    def latest(self) -> int:
        """Return the newest change id, 0 before the first: where a fresh reader starts."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(changes.c.id))).scalar() or 0

    def oldest(self) -> int:
        """Return the oldest change id still kept; a cursor below it minus one must read everything anew."""
        with self._database.read() as connection:
            return connection.execute(select(func.min(changes.c.id))).scalar() or 0

    def since(self, cursor: int, *, limit: int = 1000) -> tuple[Change, ...]:
        """Return changes with an id above the cursor in order; more than ``limit`` of them stay changed."""
        query = select(changes).where(changes.c.id > cursor).order_by(changes.c.id).limit(limit)
        with self._database.read() as connection:
            found = tuple(Change(*row) for row in connection.execute(query))
        if len(found) < limit:
            self._seen = self._mark
        return found

    def prune(self, *, before_us: int) -> int:
        """Remove rows older than the instant; the newest row stays. Return how many went."""
        newest = select(func.max(changes.c.id)).scalar_subquery()
        with self._database.write() as connection:
            return connection.execute(
                delete(changes).where(changes.c.at_us < before_us, changes.c.id < newest)
            ).rowcount

    def close(self) -> None:
        """Close the watching connection."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None


def write_changes(connection: Connection, rows: Iterable[dict[str, object]]) -> None:
    """Write change rows in the caller's transaction."""
    found = list(rows)
    if found:
        connection.execute(insert(changes), found)
