"""A look at a device before it is set up, in a process of its own, against real servers [SET-1]."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import AcquisitionError, ConnectionLost
from domain.plant.quality import QualityCause
from domain.plant.tags import ConnectionKind
from services.set_up.probing import DeviceProbe
from tests.protocol.fault_server import FaultServer
from tests.protocol.opcua_stage import ServerChild, plain_connection
from tests.protocol.stage import connection, tag

pytestmark = pytest.mark.timeout(60)


def words_of_float(value: float) -> tuple[int, int]:
    return struct.unpack(">HH", struct.pack(">f", value))


@pytest.fixture
async def modbus() -> AsyncIterator[FaultServer]:
    async with FaultServer(0, illegal={900}) as server:
        high, low = words_of_float(21.5)
        server.written.update({10: low, 11: high})  # this device swaps its words
        yield server


@pytest.fixture
def probe(modbus: FaultServer, tmp_path: Path) -> Iterator[DeviceProbe]:
    owner = connection(ConnectionKind.MODBUS_TCP, host="127.0.0.1", port=modbus.port)
    with closing(DeviceProbe(owner, pki=tmp_path)) as opened:
        yield opened


async def test_a_device_answers_and_its_word_order_is_found_by_trying(
    probe: DeviceProbe, modbus: FaultServer
) -> None:

    report = await asyncio.to_thread(probe.test)
    assert report.problem is None
    assert 0 < report.took_ms < 5000
    assert not report.can_browse
    owner = connection(ConnectionKind.MODBUS_TCP)
    level = tag(1, owner, {"offset": 10, "type": "float32"})
    trials = await asyncio.to_thread(probe.read_in_every_order, level)
    by_order = {(trial.word_order, trial.byte_order): trial.value.number for trial in trials}
    assert by_order["little", "big"] == 21.5
    assert len({value for value in by_order.values() if value == 21.5}) == 1
    gone = replace(level, address={"offset": 900})
    (missing,) = await asyncio.to_thread(probe.read, [gone])
    assert missing.quality.cause is QualityCause.NOT_CONFIGURED
    with pytest.raises(AcquisitionError, match="does not tell"):
        await asyncio.to_thread(probe.browse)


def test_an_unreachable_device_is_told_with_its_reason(free_port: int, tmp_path: Path) -> None:
    owner = connection(ConnectionKind.MODBUS_TCP, host="127.0.0.1", port=free_port)
    with closing(DeviceProbe(owner, pki=tmp_path)) as probe:
        report = probe.test()
        assert isinstance(report.problem, ConnectionLost)
        assert "check power" in str(report.problem)
        assert report.problem.parameters["device"] == f"127.0.0.1:{free_port}", "words can name the device"


async def test_a_server_tells_what_it_offers(free_port: int, tmp_path: Path) -> None:

    async with ServerChild(free_port):
        with closing(DeviceProbe(plain_connection(free_port), pki=tmp_path)) as probe:
            report = await asyncio.to_thread(probe.test)
            assert report.problem is None
            assert report.is_unsigned, "it was let in by a waiver and says so"
