"""The parts of a plant's data on a PostgreSQL server; imported only where there is one."""

from domain.instants import Clock
from domain.ports import WaveformStore
from storage.data_folder import DataFolder
from storage.history.server import HistoryServer
from storage.history.spool import SpooledHistory
from storage.leases import Lease, ServerLease
from storage.opening import OpenReport
from storage.opening_server import open_server_database
from storage.postgresql import PostgresDatabase, ServerConnection
from storage.server import PATIENCE_S, Server
from storage.sql import HistoryBase
from storage.status_board import StatusBoard
from storage.waveforms.server import ServerWaveforms
from storage.waveforms.spooled import SpooledWaveforms


class ServerPlaces:
    """Implements ``storage.places.Places``."""

    is_shared = True

    def __init__(self, server: Server, folder: DataFolder) -> None:
        self._server = server
        self._folder = folder

    def has_history(self) -> bool:
        return True

    def history(self, lease: Lease | None = None) -> HistoryBase:
        server = HistoryServer(self._server, lease=lease)
        return server if lease is None else SpooledHistory(server, self._folder, lease=lease)

    def waveforms(self, *, clock: Clock, lease: Lease | None = None) -> WaveformStore:
        server = ServerWaveforms(self._server, clock=clock, lease=lease)
        return server if lease is None else SpooledWaveforms(server, self._folder, clock=clock, lease=lease)

    def collector_lease(self, holder: str) -> Lease:
        return ServerLease(ServerConnection(self._server), place=self._server.place, holder=holder)

    def status_board(self) -> StatusBoard | None:
        return StatusBoard(ServerConnection(self._server), place=self._server.place)


def open_server(
    address: str, folder: DataFolder, *, now_us: int, start_new: bool, is_patient: bool
) -> tuple[PostgresDatabase, OpenReport, ServerPlaces]:
    """Open the plant on a server; errors as in ``storage.opening_server``.

    Who is not patient waits for bounded times, once the schema is up to date.
    """
    server = Server(address)
    database, report = open_server_database(server, folder, now_us=now_us, start_new=start_new)
    if not is_patient:
        server.bound_waits(PATIENCE_S)
    return database, report, ServerPlaces(server, folder)
