"""What every driver promises, whatever it talks to."""

import asyncio
from collections.abc import AsyncIterator
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
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection
from tests.protocol.stage import RealClock, connection, tag, until


@dataclass
class Case:
    """A reachable device with two readable tags and one that it does not have."""

    owner: Connection
    tags: list[Tag]
    missing: Tag
    unreachable: Connection

    def driver(self) -> Driver:
        return DRIVERS[self.owner.kind].create(self.owner, RealClock())


@pytest.fixture(params=list(DRIVERS))
async def case(request: pytest.FixtureRequest, free_port: int, tmp_path: Path) -> AsyncIterator[Case]:
    if request.param is ConnectionKind.MODBUS_TCP:
        async with FaultServer(0, illegal={900}) as server:
            owner = connection(request.param, host="127.0.0.1", port=server.port)
            tags = [tag(key, owner, {"offset": key}) for key in (1, 2)]
            gone = connection(request.param, host="127.0.0.1", port=free_port)
            yield Case(owner, tags, tag(9, owner, {"offset": 900}), gone)
    elif request.param is ConnectionKind.OPCUA:
        async with ServerChild(free_port):
            owner = plain_connection(free_port)
            tags = [node_tag(key, owner, f"tag.{key}") for key in (1, 2)]
            yield Case(owner, tags, node_tag(9, owner, "nowhere"), plain_connection(1))
    else:
        path = tmp_path / "run.csv"
        path.write_text("t,a,b\n0,1,2\n0.05,3,4\n", encoding="utf-8")
        owner = connection(request.param, path=str(path), pace=1)
        tags = [tag(1, owner, {"channel": "a"}), tag(2, owner, {"channel": "b"})]
        gone = connection(request.param, path=str(tmp_path / "gone.csv"))
        yield Case(owner, tags, tag(9, owner, {"channel": "c"}), gone)


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
