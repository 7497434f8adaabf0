"""Which files of watched folders were taken or rejected, by what they hold and not by their name."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from domain.plant.files import FileOutcome, TakenFile
from storage.schema.records import taken_files
from storage.unit_of_work import Session

_LONGEST_NAME = 300


class TakenFileRepository:
    """One row per connection and content."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, connection_id: UUID, digest: bytes) -> TakenFile | None:
        """Return what became of a content, None when it was never seen."""
        query = select(taken_files).where(
            taken_files.c.connection_id == connection_id, taken_files.c.digest == digest
        )
        with self._session.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _file_of(row)

    def of_connection(self, connection_id: UUID, *, limit: int = 200) -> tuple[TakenFile, ...]:
        """Return the files of a connection, the newest taken first."""
        query = (
            select(taken_files)
            .where(taken_files.c.connection_id == connection_id)
            .order_by(taken_files.c.taken_us.desc(), taken_files.c.name)
            .limit(limit)
        )
        with self._session.reading() as connection:
            return tuple(_file_of(row) for row in connection.execute(query))

    def add(self, file: TakenFile) -> None:
        """Note a file; the same content again is refused by the database."""
        work = self._session.transaction
        row = {
            "connection_id": file.connection_id,
            "digest": file.digest,
            "name": file.name[:_LONGEST_NAME],
            "outcome": file.outcome.value,
            "reason": file.reason,
            "taken_us": work.at_us,
        }
        work.connection.execute(insert(taken_files), row)
        work.changed("taken_file", file.connection_id, 1)


def _file_of(row: Row[Any]) -> TakenFile:
    return TakenFile(
        row.connection_id, row.digest, row.name, FileOutcome(row.outcome), row.reason, row.taken_us
    )
