"""The last status of the collector where other workstations can read it: a row on the shared server."""

from typing import Final

from storage.failures import told
from storage.sql import SqlConnection

_PUT: Final = (
    "INSERT INTO status (name, written_us, body) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
    "written_us = excluded.written_us, body = excluded.body"
)


class StatusBoard:
    """One text under a name, replaced each second; one object per thread."""

    def __init__(self, connection: SqlConnection, *, place: str) -> None:
        self._connection = connection
        self._place = place

    def put(self, name: str, body: str, *, written_us: int) -> None:
        """Replace the text."""
        with told(self._place):
            self._connection.execute(_PUT, (name, written_us, body))

    def get(self, name: str) -> str | None:
        """Return the text, None before the first."""
        with told(self._place):
            found = self._connection.execute("SELECT body FROM status WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
