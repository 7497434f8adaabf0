"""The demo plant's PLCs on Modbus TCP: registers are computed at the moment they are read."""

import struct
from collections.abc import Sequence

import numpy as np
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from acquisition.simulators.ledger import Ledger
from acquisition.simulators.plant_model import Physics, PlantModel
from domain.instants import Clock
from domain.plant.tags import Tag

_FORMATS = {"uint16": ">H", "uint32": ">I", "float32": ">f"}


class ModbusPlc:
    """One PLC: the tags of one connection in holding registers of unit 1."""

    def __init__(self, model: PlantModel, *, name: str, ledger: Ledger, clock: Clock) -> None:
        self._model = model
        self._name = name
        self._ledger = ledger
        self._clock = clock
        self._places = [_Place(tag, model.values[tag.key]) for tag in model.tags_on(name)]
        self._server: ModbusTcpServer | None = None

    async def start(self, port: int) -> None:
        """Listen on loopback."""
        size = max(place.end for place in self._places)
        registers = SimData(0, values=[0] * size, datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=[registers], action=self._serve)
        self._server = ModbusTcpServer(device, address=("127.0.0.1", port), ignore_missing_devices=True)
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        """Close the listener and all its links."""
        if self._server is not None:
            await self._server.shutdown()

    async def _serve(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        registers: list[int],
        set_values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if set_values is not None:
            self._ledger.event("write_frame", self._clock.now_us(), function=function_code, address=address)
            return ExcCodes.ILLEGAL_FUNCTION
        asked = [place for place in self._places if address <= place.offset and place.end <= address + count]
        now_s = np.array([self._model.time.seconds(self._clock.now_us())])
        for place in asked:
            words = place.words(float(place.physics.at(now_s)[0]))
            registers[place.offset - start_address : place.end - start_address] = words
        self._ledger.served(self._name, len(asked))
        return None


class _Place:
    """A tag's registers, from its own address."""

    def __init__(self, tag: Tag, physics: Physics) -> None:
        offset, kind = tag.address["offset"], str(tag.address["type"])
        assert isinstance(offset, int)
        self.offset = offset
        self.physics = physics
        self._format = _FORMATS[kind]
        self._is_integer = kind != "float32"
        self.end = offset + struct.calcsize(self._format) // 2

    def words(self, value: float) -> Sequence[int]:
        content = struct.pack(self._format, int(value) if self._is_integer else value)
        return struct.unpack(f">{len(content) // 2}H", content)
