"""How much a plant on a server holds: bytes for the room of a copy, rows for its progress."""

from collections.abc import Iterable
from contextlib import closing
from typing import Final

from domain.long_work import LongWork
from storage.failures import told
from storage.moving.history import HISTORY, WAVEFORMS
from storage.postgresql import HISTORY_SCHEMA, PLANT_SCHEMA, ServerConnection
from storage.schema import METADATA
from storage.server import Server

_BYTES: Final = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind = 'r'"
)
_LOG_BESIDE: Final = 2
"""The plant is written in one transaction: its log grows as large as the file before it is folded in."""


class Holdings:
    """Measures the tables of a server; each question is one statement, between two of which work may end."""

    def __init__(self, server: Server, *, with_history: bool, work: LongWork) -> None:
        self._server, self._with_history, self._work = server, with_history, work

    def bytes_needed(self) -> int:
        """Return what a copy in files needs while it is made; deleted rows count until a VACUUM."""
        with told(self._server.place), closing(ServerConnection(self._server, is_read_only=True)) as server:
            needed = _LOG_BESIDE * _one(server, _BYTES, PLANT_SCHEMA)
            return needed + (_one(server, _BYTES, HISTORY_SCHEMA) if self._with_history else 0)

    def rows(self) -> dict[str, int]:
        """Return the rows of each table that is copied; a plant that goes on has more a moment later."""
        with told(self._server.place), closing(ServerConnection(self._server, is_read_only=True)) as server:
            return {name: self._counted(server, schema, name) for schema, name in self._tables()}

    def _tables(self) -> Iterable[tuple[str, str]]:
        yield from ((PLANT_SCHEMA, table.name) for table in METADATA.sorted_tables)
        if self._with_history:
            yield from ((HISTORY_SCHEMA, name) for name in HISTORY | WAVEFORMS)

    def _counted(self, server: ServerConnection, schema: str, name: str) -> int:
        self._work.tell("counting", name, unit="rows")
        return _one(server, f'SELECT count(*) FROM {schema}."{name}"')


def _one(server: ServerConnection, query: str, *parameters: str) -> int:
    found = server.execute(query, parameters).fetchone()
    assert found is not None
    return int(found[0])
