"""One transaction: repositories, change rows and audit entries are committed together or not at all."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import StorageError
from domain.instants import Clock
from domain.roles import Actor
from storage.audit_log import append_entry, canonical
from storage.change_feed import write_changes
from storage.plain_data import without_secrets
from storage.sql import PlantDatabase


class Transaction:
    """What a repository needs to write: the connection, who acts, when, and where to note it."""

    def __init__(self, connection: Connection, actor: Actor, *, at_us: int) -> None:
        self.connection = connection
        self.actor = actor
        self.at_us = at_us
        self._changes: list[dict[str, object]] = []

    @property
    def writer(self) -> str:
        """Name shown to others: the person, or the workstation when nobody is named."""
        return self.actor.name or self.actor.workstation

    def changed(self, kind: str, aggregate_id: UUID, version: int) -> None:
        """Note a new version for the change feed."""
        self._changes.append(
            {
                "kind": kind,
                "aggregate_id": aggregate_id,
                "version": version,
                "writer": self.actor.workstation,
                "at_us": self.at_us,
            }
        )

    def audited(self, action: str, kind: str, aggregate_id: UUID, **detail: object) -> None:
        """Write one act into the audit log."""
        append_entry(
            self.connection,
            self.actor,
            at_us=self.at_us,
            action=action,
            kind=kind,
            aggregate_id=aggregate_id,
            detail=canonical(without_secrets(detail)),
        )

    def stamp(self) -> dict[str, object]:
        """Return the columns that say who changed a row and when."""
        return {"changed_us": self.at_us, "changed_by": self.writer}

    def finish(self) -> None:
        """Write the change rows; called once, before the commit."""
        write_changes(self.connection, self._changes)


class Session(Protocol):
    """Where a repository gets its connection: alone for reading, or inside a unit of work."""

    def reading(self) -> AbstractContextManager[Connection]: ...

    @property
    def transaction(self) -> Transaction: ...


class ReadSession:
    """Reads on a pooled query-only connection; refuses to write."""

    def __init__(self, database: PlantDatabase) -> None:
        self._database = database

    def reading(self) -> AbstractContextManager[Connection]:
        return self._database.read()

    @property
    def transaction(self) -> Transaction:
        raise StorageError("this change needs a unit of work: open one with store.unit_of_work(actor)")


class WorkSession:
    """Reads and writes inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction

    def reading(self) -> AbstractContextManager[Connection]:
        return nullcontext(self.transaction.connection)


@contextmanager
def transaction(database: PlantDatabase, actor: Actor, clock: Clock) -> Iterator[Transaction]:
    """Yield a transaction that is durable when the block ends well, and leaves no trace when it raises."""
    with database.write() as connection:
        work = Transaction(connection, actor, at_us=clock.now_us())
        yield work
        work.finish()
