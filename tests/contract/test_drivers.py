"""What every driver promises, whatever it talks to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from acquisition.driver import Driver
from acquisition.drivers import DRIVERS
from domain.errors import AcquisitionError, ConfigurationError, RuleViolation
from domain.plant.quality import Quality, QualityCause
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.protocol.fault_server import FaultServer
from tests.protocol.mqtt_stage import Broker, Publisher, beating, topic_tag
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection
from tests.protocol.rtu_slave import PtyLine, RtuUnits, TcpSlave
from tests.protocol.stage import RealClock, connection, tag, until
from tests.protocol.tls_stage import Authority


@dataclass
class Case:
    """A reachable device with two readable tags and one that it does not have."""

    owner: Connection
    tags: list[Tag]
    missing: Tag
    unreachable: Connection

    def driver(self) -> Driver:
        return DRIVERS[self.owner.kind].create(self.owner, RealClock())


@contextlib.asynccontextmanager
async def modbus_tcp(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with FaultServer(0, illegal={900}) as server:
        kind = ConnectionKind.MODBUS_TCP
        gone = connection(kind, host="127.0.0.1", port=free_port)
        yield registers_of(connection(kind, host="127.0.0.1", port=server.port), gone)


@contextlib.asynccontextmanager
async def modbus_tls(free_port: int, folder: Path) -> AsyncIterator[Case]:
    ours = Authority(folder, "plant")
    async with FaultServer(0, illegal={900}, tls=ours.server_context()) as server:
        owner = ours.connection(server.port)
        yield registers_of(owner, Authority(folder, "stranger").connection(server.port))


@contextlib.asynccontextmanager
async def modbus_serial(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with PtyLine(RtuUnits(illegal={900})) as line:
        kind = ConnectionKind.MODBUS_SERIAL
        owner = connection(kind, port=line.path, parity="none")
        yield registers_of(owner, connection(kind, port=str(folder / "gone")))


@contextlib.asynccontextmanager
async def modbus_rtu_tcp(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with TcpSlave(RtuUnits(illegal={900})) as server:
        kind = ConnectionKind.MODBUS_RTU_TCP
        gone = connection(kind, host="127.0.0.1", port=free_port)
        yield registers_of(connection(kind, host="127.0.0.1", port=server.port), gone)


def registers_of(owner: Connection, gone: Connection) -> Case:
    tags = [tag(key, owner, {"offset": key}) for key in (1, 2)]
    return Case(owner, tags, tag(9, owner, {"offset": 900}), gone)


@contextlib.asynccontextmanager
async def opcua(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with ServerChild(free_port):
        owner = plain_connection(free_port)
        tags = [node_tag(key, owner, f"tag.{key}") for key in (1, 2)]
        yield Case(owner, tags, node_tag(9, owner, "nowhere"), plain_connection(1))


@contextlib.asynccontextmanager
async def mqtt(free_port: int, folder: Path) -> AsyncIterator[Case]:
    broker = Broker(folder).start()
    owner = connection(ConnectionKind.MQTT, host="127.0.0.1", port=broker.port, read_wait_s=1.0)
    tags = [topic_tag(key, owner, "both", "json", path=f"$.v{key}") for key in (1, 2)]
    missing = topic_tag(9, owner, "both", "json", path="$.v9")
    gone = connection(ConnectionKind.MQTT, host="127.0.0.1", port=free_port)
    try:
        with Publisher(broker.port) as device:
            async with beating(lambda number: device.send("both", f'{{"v1": {number}, "v2": 2}}')):
                yield Case(owner, tags, missing, gone)
    finally:
        broker.kill()


@contextlib.asynccontextmanager
async def replay(free_port: int, folder: Path) -> AsyncIterator[Case]:
    path = folder / "run.csv"
    path.write_text("t,a,b\n0,1,2\n0.05,3,4\n", encoding="utf-8")
    owner = connection(ConnectionKind.REPLAY, path=str(path), pace=1)
    tags = [tag(1, owner, {"channel": "a"}), tag(2, owner, {"channel": "b"})]
    gone = connection(ConnectionKind.REPLAY, path=str(folder / "gone.csv"))
    yield Case(owner, tags, tag(9, owner, {"channel": "c"}), gone)


CASES: Mapping[ConnectionKind, Callable[[int, Path], contextlib.AbstractAsyncContextManager[Case]]] = {
    ConnectionKind.MODBUS_TCP: modbus_tcp,
    ConnectionKind.MODBUS_TLS: modbus_tls,
    ConnectionKind.MODBUS_SERIAL: modbus_serial,
    ConnectionKind.MODBUS_RTU_TCP: modbus_rtu_tcp,
    ConnectionKind.OPCUA: opcua,
    ConnectionKind.MQTT: mqtt,
    ConnectionKind.REPLAY: replay,
}
"""A new kind of connection is one function above and one line here."""


@pytest.fixture(params=list(CASES), ids=lambda kind: kind.value)
async def case(request: pytest.FixtureRequest, free_port: int, tmp_path: Path) -> AsyncIterator[Case]:
    async with CASES[request.param](free_port, tmp_path) as made:
        yield made


def test_every_driver_has_its_case() -> None:
    assert CASES.keys() == DRIVERS.keys()


async def test_a_driver_keeps_its_promises(case: Case) -> None:
    """One story per kind, because a server costs seconds to start."""
    before = asyncio.all_tasks()
    driver = case.driver()
    with pytest.raises(AcquisitionError):
        await driver.read(case.tags)  # not connected yet
    await driver.connect()
    await read_gives_one_row_per_tag_in_order(driver, case)
    await subscribe_brings_every_tag_with_its_times(driver, case)
    with pytest.raises(RuleViolation):
        await driver.write(case.tags[0], 1.0)
    await driver.close()
    await driver.close()  # never raises, also when done twice
    await until(lambda: asyncio.all_tasks() <= before, within_s=2, what="no task left behind")
    await an_unreachable_device_is_one_of_two_error_kinds(case)


async def read_gives_one_row_per_tag_in_order(driver: Driver, case: Case) -> None:
    batch = await driver.read([case.tags[1], case.missing, case.tags[0]])
    assert batch.tag_key.tolist() == [2, 9, 1]
    qualities = [Quality.from_code(int(code)) for code in batch.quality]
    assert [quality.is_bad for quality in qualities] == [False, True, False]
    assert qualities[1].cause is QualityCause.NOT_CONFIGURED
    assert np.isnan(batch.value[1])


async def subscribe_brings_every_tag_with_its_times(driver: Driver, case: Case) -> None:
    good: set[int] = set()
    bad: set[int] = set()
    async for item in driver.subscribe([*case.tags, case.missing]):
        assert isinstance(item, (ReadingBatch, SampleBlock))
        if isinstance(item, SampleBlock):
            continue
        for reading in item.rows():
            (bad if reading.quality.is_bad else good).add(reading.tag_key)
            assert reading.receive_us >= reading.source_us > 0
        if good == {1, 2} and bad == {9}:
            break
    assert (good, bad) == ({1, 2}, {9})


async def an_unreachable_device_is_one_of_two_error_kinds(case: Case) -> None:
    driver = DRIVERS[case.unreachable.kind].create(case.unreachable, RealClock())
    with pytest.raises((AcquisitionError, ConfigurationError)) as caught:
        await driver.connect()
    assert len(str(caught.value)) > 20, "it says what happened"
    await driver.close()
