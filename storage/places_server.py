"""The parts of a plant's data on a PostgreSQL server; imported only where there is one."""

from sqlalchemy.engine import URL

from domain.instants import Clock
from domain.ports import WaveformStore
from storage.data_folder import DataFolder
from storage.history.server import HistoryServer
from storage.history.spool import SpooledHistory
from storage.leases import Lease, ServerLease
from storage.opening import OpenReport
from storage.opening_server import open_server_database
from storage.postgresql import PostgresDatabase, ServerConnection, place_of, server_url
from storage.sql import HistoryBase
from storage.status_board import StatusBoard
from storage.waveforms.server import ServerWaveforms


class ServerPlaces:
    """Implements ``storage.places.Places``."""

    is_shared = True

    def __init__(self, url: URL, folder: DataFolder) -> None:
        self._url = url
        self._folder = folder

    def has_history(self) -> bool:
        return True

    def history(self, lease: Lease | None = None) -> HistoryBase:
        server = HistoryServer(self._url, lease=lease)
        return server if lease is None else SpooledHistory(server, self._folder, lease=lease)

    def waveforms(self, *, clock: Clock, lease: Lease | None = None) -> WaveformStore:
        return ServerWaveforms(self._url, clock=clock, lease=lease)

    def collector_lease(self, holder: str) -> Lease:
        return ServerLease(ServerConnection(self._url), place=place_of(self._url), holder=holder)

    def status_board(self) -> StatusBoard | None:
        return StatusBoard(ServerConnection(self._url), place=place_of(self._url))


def open_server(
    address: str, folder: DataFolder, *, now_us: int, start_new: bool
) -> tuple[PostgresDatabase, OpenReport, ServerPlaces]:
    """Open the plant on a server; errors as in ``storage.opening_server``."""
    url = server_url(address)
    database, report = open_server_database(url, folder, now_us=now_us, start_new=start_new)
    return database, report, ServerPlaces(url, folder)
