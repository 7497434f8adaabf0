"""Where the parts of a plant's data lie: files of the data folder, or a server that workstations share."""

from typing import Protocol

from domain.instants import Clock
from domain.ports import WaveformStore
from storage.data_folder import DataFolder
from storage.history.file import HistoryFile
from storage.leases import FolderLease, Lease
from storage.sql import HistoryBase
from storage.status_board import StatusBoard
from storage.waveforms.files import MonthlyWaveforms


class Places(Protocol):
    """Opens the parts that are not tables of the plant database."""

    is_shared: bool
    """Whether several workstations work on the plant."""

    def has_history(self) -> bool:
        """Say whether a collector has ever recorded here."""
        ...

    def history(self, lease: Lease | None = None) -> HistoryBase:
        """Return where the history lies; a writer gives its lease."""
        ...

    def waveforms(self, *, clock: Clock, lease: Lease | None = None) -> WaveformStore:
        """Open kept waveforms and spectra; a writer gives its lease."""
        ...

    def collector_lease(self, holder: str) -> Lease:
        """Return the lease that a collector waits for."""
        ...

    def status_board(self) -> StatusBoard | None:
        """Open the board on which a shared collector's status stands, None where nobody shares."""
        ...


class FilePlaces:
    """Everything in the data folder of one workstation."""

    is_shared = False

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder

    def has_history(self) -> bool:
        return self._folder.history_db.exists()

    def history(self, lease: Lease | None = None) -> HistoryBase:
        return HistoryFile(self._folder)

    def waveforms(self, *, clock: Clock, lease: Lease | None = None) -> WaveformStore:
        return MonthlyWaveforms(self._folder, clock=clock, is_writer=lease is not None)

    def collector_lease(self, holder: str) -> Lease:
        return FolderLease(holder)

    def status_board(self) -> StatusBoard | None:
        return None
