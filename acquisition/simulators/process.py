"""The plant process: runs the servers of the demo plant until it is told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from acquisition.simulators.bottling_plant import FAULTS
from acquisition.simulators.ledger import Ledger
from acquisition.simulators.modbus_server import ModbusPlc
from acquisition.simulators.order import PlantOrder
from acquisition.simulators.plant_model import PlantModel
from acquisition.simulators.wear import PlantTime
from domain.instants import Clock

STOP_POLL_S = 0.2
STOP_LIMIT_S = 4.0


async def serve_plant(
    order: PlantOrder,
    *,
    server: str,
    ledger_folder: Path,
    pki_folder: Path,
    clock: Clock,
    should_stop: Callable[[], bool],
) -> None:
    """Serve "modbus" or "opcua" until ``should_stop``; the other runs in a process of its own."""
    model = PlantModel(PlantTime(order.epoch_us, order.pace), order.seed)
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
