"""The history in tables of a PostgreSQL server: the same chunks and levels, the tail fenced by the lease."""

from typing import Any, Final

from domain.errors import LeaseLost
from storage.history.tail import TailRow
from storage.leases import Lease
from storage.postgresql import ServerConnection
from storage.server import Server
from storage.sql import BEGIN_WRITE, HistoryOpening, SqlConnection, SqlRows, immediate, put_besides

_HELD: Final = "SELECT 1 FROM public.leases WHERE name = ? AND epoch = ? FOR KEY SHARE"
"""A writer's lock on its lease: a takeover must wait for it, a renewal need not."""
_PUT: Final = (
    f"WITH held AS ({_HELD}) "
    "INSERT INTO tail (id, epoch, sequence, committed_us, samples, body) "
    "SELECT nextval('tail_id'), ?, ?, ?, ?, ? FROM held ON CONFLICT (epoch, sequence) DO NOTHING"
)
_IS_THERE: Final = "SELECT 1 FROM tail WHERE epoch = ? AND sequence = ?"


class HistoryServer:
    """Implements ``storage.sql.HistoryBase``; a writer needs a lease."""

    def __init__(self, server: Server, *, lease: Lease | None = None) -> None:
        self._server = server
        self._lease = lease
        self.place = server.place

    def writer(self, *, now_us: int) -> tuple[SqlConnection, HistoryOpening]:
        """Connect for the one writer; its transactions hold only while the lease does."""
        assert self._lease is not None, "a history is written by the holder of the lease"
        return FencedConnection(self._server, self._lease), HistoryOpening()

    def reader(self) -> SqlConnection:
        """Connect without any right to change anything."""
        return ServerConnection(self._server, is_read_only=True)

    @property
    def waiting_samples(self) -> int:
        """Nothing waits: what is put is there."""
        return 0

    def catch_up(self, connection: SqlConnection) -> int:
        return 0

    def close(self) -> None:
        """Connections are closed by whoever opened them."""

    def put_tail(self, connection: SqlConnection, row: TailRow) -> None:
        """Write the row once: epoch and sequence know it again when an answer was lost."""
        assert self._lease is not None
        term = self._lease.term
        if not row.is_bare:
            with immediate(connection):
                put_besides(connection, row)
        key = (row.epoch or term.epoch, row.sequence)
        values = (term.name, term.epoch, *key, row.committed_us, row.samples, row.body)
        if connection.execute(_PUT, values).rowcount:
            return
        if connection.execute(_IS_THERE, key).fetchone() is None:
            raise LeaseLost("another collector has taken over; nothing was stored", key="lease_lost")


class FencedConnection(ServerConnection):
    """A writer's connection: a transaction begins only for the holder of the lease."""

    def __init__(self, server: Server, lease: Lease) -> None:
        super().__init__(server)
        self._lease = lease

    def execute(self, sql: str, parameters: Any = (), /) -> SqlRows:
        """Run one statement; the begin of a transaction locks the lease's row against a takeover."""
        rows = super().execute(sql, parameters)
        if sql == BEGIN_WRITE:
            term = self._lease.term
            if super().execute(_HELD, (term.name, term.epoch)).fetchone() is None:
                super().execute("ROLLBACK")
                raise LeaseLost("another collector has taken over; nothing was stored", key="lease_lost")
        return rows
