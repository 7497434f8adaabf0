"""Work that the plant database refused for now waits in a file, so that it outlives the program [F44].

Only the term of the lease in which it came up may finish it: whoever collected meanwhile saw the same plant.
"""

from typing import Final

from domain.errors import DatabaseDamaged, StorageError
from storage.data_folder import DataFolder
from storage.leases import Lease
from storage.spool_file import SpoolFile

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS waiting "
    "(number INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, body TEXT NOT NULL)"
)


class JobSpool:
    """Texts in the order in which they were put; each stays until it is dropped."""

    def __init__(self, folder: DataFolder, *, lease: Lease, now_us: int) -> None:
        """Take up what waits. ``problem`` tells of a file that was set aside, nothing when all is well."""
        self._file = SpoolFile(folder.jobs_db, table=_TABLE, quarantine=folder.quarantine)
        self._lease = lease
        self.waiting: tuple[tuple[int, str], ...] = ()
        self.problem = ""
        if self._file.exists():
            self._take_up(now_us)

    def _take_up(self, now_us: int) -> None:
        query = "SELECT number, body, epoch FROM waiting ORDER BY number"
        try:
            with self._file.opened() as connection:
                rows = connection.execute(query).fetchall()
        except DatabaseDamaged as damage:
            self.problem = f"{damage}; what waited in it was set aside"
            self._file.set_aside(now_us=now_us)
            return
        except StorageError as refusal:
            self.problem = f"{refusal}; what waits in it waits for the next start"
            return
        term = self._lease.term
        if all(term.continues(epoch) for _, _, epoch in rows):
            self.waiting = tuple((number, body) for number, body, _ in rows)
            return
        self.problem = f"{len(rows)} acts that waited while another collector had taken over were set aside"
        self._file.set_aside(now_us=now_us)

    def put(self, body: str) -> int:
        """Keep a text durably; return the number under which it can be dropped."""
        epoch = self._lease.term.epoch
        with self._file.opened() as connection:
            made = connection.execute("INSERT INTO waiting (epoch, body) VALUES (?, ?)", (epoch, body))
        return int(made.lastrowid or 0)

    def drop(self, number: int) -> None:
        """Forget a text whose work is done."""
        with self._file.opened() as connection:
            connection.execute("DELETE FROM waiting WHERE number = ?", (number,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
