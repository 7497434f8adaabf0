"""What screens ask about the present: the plant, live values, the state of links and of the collector."""

from collections.abc import Callable, Sequence

from domain.plant.plant import Plant
from domain.ports import ConnectionStatus, LiveSource
from services.status import SystemStatus
from storage.store import Store


class Monitoring:
    """The present of one data folder."""

    def __init__(self, store: Store, live: LiveSource, *, status: Callable[[], SystemStatus | None]) -> None:
        """``status`` gives the collector's last status without waiting."""
        self._store = store
        self._read_status = status
        self.live = live
        self._plant = store.plant.load()

    @property
    def plant(self) -> Plant:
        """The set-up as last loaded."""
        return self._plant

    def reload(self) -> Plant:
        """Read the set-up anew; slow, not for the main thread."""
        self._plant = self._store.plant.load()
        return self._plant

    def status(self) -> SystemStatus | None:
        """Return the collector's last status, None before its first; quick."""
        return self._read_status()

    def connections(self) -> Sequence[ConnectionStatus]:
        """Return the state of every link; nothing while there is no status."""
        status = self.status()
        return () if status is None else status.connections

    @property
    def is_simulated(self) -> bool:
        """Whether any device of the plant is a simulation: every window then says so."""
        return any(connection.is_simulated for connection in self._plant.connections)
