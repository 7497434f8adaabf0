"""The plant process: runs the servers of the demo plant until it is told to stop."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from acquisition.simulators.bottling_plant import DEFAULT_SEED, FAULTS
from acquisition.simulators.ledger import Ledger
from acquisition.simulators.modbus_server import ModbusPlc
from acquisition.simulators.plant_model import PlantModel
from acquisition.simulators.wear import DEFAULT_PACE, PlantTime
from domain.errors import ConfigurationError
from domain.instants import Clock

SERVERS = ("modbus", "opcua")
STOP_POLL_S = 0.2
STOP_LIMIT_S = 4.0


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

    def model(self) -> PlantModel:
        """Return the physics of this plant."""
        return PlantModel(PlantTime(self.epoch_us, self.pace), self.seed)


async def serve_plant(
    order: PlantOrder,
    *,
    server: str,
    ledger_folder: Path,
    pki_folder: Path,
    clock: Clock,
    should_stop: Callable[[], bool],
) -> None:
    """Serve one of ``SERVERS`` until ``should_stop``; the other runs in a process of its own."""
    model = order.model()
    ledger = Ledger(ledger_folder / f"{server}.jsonl", server=server)
    ledger.event("start", clock.now_us(), order=asdict(order), faults=[_fact(fault) for fault in FAULTS])
    if server == "modbus":
        plcs = [ModbusPlc(model, name=name, ledger=ledger, clock=clock) for name in ("PLC-1", "PLC-3")]
        for plc, port in zip(plcs, (order.modbus_1, order.modbus_3), strict=True):
            await plc.start(port)
        stops = [plc.stop for plc in plcs]
    else:
        from acquisition.simulators.opcua_server import OpcUaPlc

        opcua = OpcUaPlc(model, ledger=ledger, clock=clock, pki_folder=pki_folder)
        await opcua.start(order.opcua)
        stops = [opcua.stop]
    next_flush_s = clock.monotonic_s()
    while not should_stop():
        await asyncio.sleep(STOP_POLL_S)
        if server == "modbus" and clock.monotonic_s() >= next_flush_s:
            next_flush_s += 1.0
            ledger.flush(clock.now_us())
    for stop in stops:
        await asyncio.wait_for(stop(), STOP_LIMIT_S)
    ledger.close(clock.now_us())


def _fact(fault: object) -> dict[str, object]:
    return {key: getattr(value, "value", value) for key, value in asdict(fault).items()}  # type: ignore[call-overload]
