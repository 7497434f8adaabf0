"""How the demo plant runs. Standard library only: it is read before anything heavy is imported."""

import json
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from domain.errors import ConfigurationError

SERVER_PKI = "plant-pki"
"""Folder of the demo server's own certificate, inside the data folder."""

DEFAULT_SEED = 20_815
DEFAULT_PACE = 2000.0
"""Ageing days per day: at this pace the first fault grows from healthy to severe in about ten minutes."""


@dataclass(frozen=True, slots=True)
class PlantOrder:
    """How the demo plant runs: kept in its folder, so that a restart is the same plant.

    ``epoch_us`` is its first start; ports are on loopback.
    """

    epoch_us: int
    modbus_1: int
    modbus_3: int
    opcua: int
    seed: int = DEFAULT_SEED
    pace: float = DEFAULT_PACE

    def save(self, path: Path) -> None:
        """Write the order as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "PlantOrder":
        """Read an order; ConfigurationError when it is not one."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"{path} does not describe a demo plant: {error}") from error

    def has_free_ports(self) -> bool:
        """Say whether nobody else listens on the ports meanwhile."""
        return all(_is_free(port) for port in (self.modbus_1, self.modbus_3, self.opcua))

    def with_new_ports(self) -> "PlantOrder":
        """Return the order with ports that are free now."""
        with socket.socket() as one, socket.socket() as two, socket.socket() as three:
            for each in (one, two, three):
                each.bind(("127.0.0.1", 0))
            ports = [each.getsockname()[1] for each in (one, two, three)]
        return replace(self, modbus_1=ports[0], modbus_3=ports[1], opcua=ports[2])


def order_file(folder: Path) -> Path:
    """Return where a data folder keeps the order of its demo plant."""
    return folder / "runtime" / "demo-plant.json"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
