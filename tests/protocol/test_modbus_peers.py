"""Our Modbus links against an independent implementation: pymodbus' servers on TCP and on a serial line."""

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator, Callable

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from acquisition.drivers.modbus.driver import ModbusDriver
from domain.plant.tags import Connection, ConnectionKind
from tests.protocol.stage import RealClock, connection, tag

WORDS = [100 + place for place in range(200)]


def device() -> SimDevice:
    return SimDevice(1, simdata=[SimData(0, values=WORDS, datatype=DataType.REGISTERS)])


@contextlib.asynccontextmanager
async def tcp(port: int, framer: FramerType, kind: ConnectionKind) -> AsyncIterator[Connection]:
    server = ModbusTcpServer(device(), framer=framer, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    yield connection(kind, host="127.0.0.1", port=port)
    await server.shutdown()


@contextlib.asynccontextmanager
async def serial() -> AsyncIterator[Connection]:
    """Two pseudo terminals with a wire between them: the server's end and ours."""
    ends = [os.openpty(), os.openpty()]
    loop = asyncio.get_running_loop()
    for (master, slave), (other, _) in zip(ends, reversed(ends), strict=True):
        tty.setraw(slave)
        loop.add_reader(master, carry, master, other)
    server = ModbusSerialServer(device(), framer=FramerType.RTU, port=os.ttyname(ends[0][1]), baudrate=115200)
    await server.serve_forever(background=True)
    yield connection(
        ConnectionKind.MODBUS_SERIAL, port=os.ttyname(ends[1][1]), parity="none", baud_rate=115200
    )
    await server.shutdown()
    for master, slave in ends:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)


def carry(source: int, target: int) -> None:
    os.write(target, os.read(source, 4096))


PEERS: dict[str, Callable[[int], contextlib.AbstractAsyncContextManager[Connection]]] = {
    "tcp": lambda port: tcp(port, FramerType.SOCKET, ConnectionKind.MODBUS_TCP),
    "rtu on tcp": lambda port: tcp(port, FramerType.RTU, ConnectionKind.MODBUS_RTU_TCP),
    "rtu": lambda port: serial(),
}


@pytest.mark.parametrize("peer", PEERS)
async def test_an_independent_server_is_read(free_port: int, peer: str) -> None:
    """ACQ-2."""
    async with PEERS[peer](free_port) as owner:
        driver = ModbusDriver(owner, clock=RealClock())
        await driver.connect()
        tags = [tag(place, owner, {"offset": place}) for place in range(150)]
        tags.append(tag(900, owner, {"offset": 900}))
        for _ in range(5):
            batch = await driver.read(tags)
            assert batch.value[:150].tolist() == WORDS[:150]
            assert [reading.quality.is_good for reading in batch.rows()] == [True] * 150 + [False]
        await driver.close()
