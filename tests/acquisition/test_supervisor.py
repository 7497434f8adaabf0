"""The supervisor with scripted drivers: isolation, staleness, losses, back-off."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from acquisition.driver import Driver, DriverState
from acquisition.drivers import DriverEntry
from acquisition.inspection import Inspection
from acquisition.supervisor import AcquisitionSupervisor
from domain.errors import ConfigurationError, ConnectionLost
from domain.instants import Clock
from domain.plant.quality import BAD_STALE, GOOD, UNCERTAIN_RANGE, QualityCause
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock, reading_batch
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.protocol.stage import Memory, RealClock, connection, tag, until

Script = Callable[["ScriptedDriver"], AsyncIterator[ReadingBatch | SampleBlock]]


class ScriptedDriver:
    """A driver whose subscription is a function of the test."""

    def __init__(self, script: Script, connect_error: Exception | None = None) -> None:
        self._script = script
        self._connect_error = connect_error
        self.losses = LossCounter()
        self.tags: Sequence[Tag] = ()

    async def connect(self) -> None:
        if self._connect_error is not None:
            raise self._connect_error

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        raise NotImplementedError

    def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        self.tags = tags
        return self._script(self)

    async def write(self, tag: Tag, value: bool | int | float | str) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        return


def row(key: int, value: float = 1.0) -> ReadingBatch:
    now_us = time.time_ns() // 1000
    return reading_batch([key], [value], quality=GOOD, source_us=now_us, receive_us=now_us)


def entry(make: Callable[[], Driver], *, is_polled: bool = False) -> DriverEntry:
    def create(owner: Connection, clock: Clock) -> Driver:
        return make()

    return DriverEntry(create, is_polled=is_polled)


def supervise(
    memory: Memory, entries: dict[ConnectionKind, DriverEntry], tags_per_connection: int = 1
) -> AcquisitionSupervisor:
    connections = [connection(kind) for kind in entries]
    tags = [
        tag(10 * place + number, owner, {})
        for place, owner in enumerate(connections)
        for number in range(tags_per_connection)
    ]
    return AcquisitionSupervisor(
        connections,
        tags,
        memory,
        clock=RealClock(),
        drivers=entries.__getitem__,
        chance=random.Random(1),
    )


async def test_a_failing_driver_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        raise ZeroDivisionError("a defect")
        yield

    async def well(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        while True:
            yield row(10)
            await asyncio.sleep(0.02)

    memory = Memory()
    supervisor = supervise(
        memory,
        {
            ConnectionKind.MODBUS_TCP: entry(lambda: ScriptedDriver(broken)),
            ConnectionKind.OPCUA: entry(lambda: ScriptedDriver(well)),
        },
    )
    supervisor.start()
    await until(lambda: memory.is_bad(0) and memory.is_good(10), within_s=3, what="one bad, one good")
    states = [status.state for status in supervisor.statuses()]
    assert states == [DriverState.DISCONNECTED.value, DriverState.CONNECTED.value]
    assert "ZeroDivisionError" in caplog.text
    await supervisor.stop()


async def test_a_wrong_set_up_is_refused_and_tried_slowly() -> None:
    made: list[ScriptedDriver] = []

    async def nothing(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        return
        yield

    def make() -> Driver:
        made.append(
            ScriptedDriver(
                nothing,
                ConfigurationError("option 'host' is missing", key="option_wrong", option="host", tries=1),
            )
        )
        return made[-1]

    memory = Memory()
    supervisor = supervise(memory, {ConnectionKind.OPCUA: entry(make)})
    supervisor.start()
    await until(lambda: memory.is_bad(0), within_s=2, what="bad")
    (status,) = supervisor.statuses()
    assert (status.state, status.message_key) == ("refused", "option_wrong")
    assert status.parameters == {"option": "host", "tries": 1}
    assert status.next_try_s is not None
    assert 2.5 < status.next_try_s <= 5.0
    assert len(made) == 1
    await supervisor.stop()


async def test_a_polled_tag_without_values_turns_stale_and_comes_back() -> None:
    wake = asyncio.Event()

    async def half(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        yield row(1)
        while True:
            yield row(0)
            if wake.is_set():
                yield row(1)
            await asyncio.sleep(0.05)

    memory = Memory()
    entries = {ConnectionKind.MODBUS_TCP: entry(lambda: ScriptedDriver(half), is_polled=True)}
    supervisor = supervise(memory, entries, 2)
    supervisor.start()
    await until(lambda: memory.is_bad(1), within_s=4, what="stale")
    assert memory.latest()[1].quality.cause is QualityCause.STALE
    assert memory.is_good(0)
    wake.set()
    await until(lambda: memory.is_good(1), within_s=2, what="fresh")
    await supervisor.stop()


async def test_losses_of_all_links_are_summed_and_attempts_spaced() -> None:
    attempts_s: list[float] = []

    async def lossy(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        attempts_s.append(time.monotonic())
        driver.losses.add("timeout", 2)
        yield row(0)
        raise ConnectionLost("cable pulled")

    memory = Memory()
    supervisor = supervise(memory, {ConnectionKind.OPCUA: entry(lambda: ScriptedDriver(lossy))})
    supervisor.start()
    await until(lambda: len(attempts_s) == 3, within_s=6, what="three links")
    await asyncio.sleep(0.05)
    assert supervisor.statuses()[0].drops["timeout"] == 6
    assert np.diff(attempts_s).min() > 0.95
    await supervisor.stop()


async def test_a_source_that_ends_is_not_started_again() -> None:
    async def once(driver: ScriptedDriver) -> AsyncIterator[ReadingBatch | SampleBlock]:
        yield row(0)

    memory = Memory()
    supervisor = supervise(memory, {ConnectionKind.REPLAY: entry(lambda: ScriptedDriver(once))})
    supervisor.start()
    await asyncio.wait_for(supervisor.finished(), 2)
    assert len(memory.readings) == 1, "the end of a recording is no loss"
    assert supervisor.statuses()[0].state == "disconnected"


async def test_a_disabled_connection_is_left_alone() -> None:
    owner = replace(connection(ConnectionKind.OPCUA), is_enabled=False)
    supervisor = AcquisitionSupervisor(
        [owner],
        [],
        Memory(),
        clock=RealClock(),
        drivers=lambda kind: entry(lambda: pytest.fail("no driver is made")),
        chance=random.Random(1),
    )
    supervisor.start()
    await asyncio.wait_for(supervisor.finished(), 1)
    assert supervisor.statuses()[0].state == "disabled"


def test_inspection_numbers_flags_and_judges_plausibility() -> None:
    owner = connection(ConnectionKind.OPCUA)
    tags = [tag(2, owner, {}, low=0.0, high=10.0), tag(1, owner, {})]
    inspection = Inspection(tags, is_simulated=False, losses=LossCounter())
    batch = reading_batch([1, 2, 2], [99.0, 99.0, 5.0], quality=GOOD, source_us=1, receive_us=1)
    assert inspection.batch(batch, now_s=0).quality.tolist() == [GOOD, UNCERTAIN_RANGE, GOOD]
    assert inspection.batch(batch, now_s=0).sequence.tolist() == [3, 4, 5]
    inspection.begin(100.0)
    assert inspection.newly_stale(BAD_STALE, now_s=100.7, now_us=1) is None
    stale = inspection.newly_stale(BAD_STALE, now_s=101.0, now_us=1)
    assert stale is not None
    assert stale.tag_key.tolist() == [1, 2]
    assert inspection.newly_stale(BAD_STALE, now_s=102.0, now_us=1) is None, "told once"


def test_inspection_drops_blocks_that_an_earlier_link_delivered() -> None:
    losses = LossCounter()
    inspection = Inspection([tag(1, connection(ConnectionKind.OPCUA), {})], is_simulated=False, losses=losses)
    block = SampleBlock(1, np.zeros(100, dtype=np.float32), 1000.0, 5_000_000, 0, 5000, GOOD)
    assert inspection.block(block, now_s=0) is not None
    assert inspection.block(block, now_s=0) is None
    assert inspection.block(replace(block, start_us=5_100_000, first_index=5100), now_s=0) is not None
    assert losses.by_cause == {"repeated_block": 1}


@pytest.mark.parametrize("back_us", [3_600_000_000, 10_200_001])
def test_inspection_takes_blocks_of_a_clock_that_was_set_back(back_us: int) -> None:
    """F32: hours back or just too far for a repetition, a fresh link goes on; a hole stands between."""
    losses = LossCounter()
    inspection = Inspection([tag(1, connection(ConnectionKind.OPCUA), {})], is_simulated=False, losses=losses)
    block = SampleBlock(1, np.zeros(100, dtype=np.float32), 1000.0, 7_200_000_000, 0, 7_200_000, GOOD)
    assert inspection.block(block, now_s=0) is not None
    back = replace(block, start_us=block.start_us + 100_000 - back_us, first_index=5)
    passed = inspection.block(back, now_s=1)
    assert passed is not None
    assert passed.first_index == 7_200_100 + 100, "no window joins what no clock puts together"
    following = inspection.block(replace(back, start_us=back.start_us + 100_000, first_index=105), now_s=2)
    assert following is not None
    assert following.first_index == passed.first_index + 100
    assert losses.total == 0


def test_inspection_lets_sample_indices_only_grow() -> None:
    inspection = Inspection(
        [tag(1, connection(ConnectionKind.OPCUA), {})], is_simulated=False, losses=LossCounter()
    )
    block = SampleBlock(1, np.zeros(100, dtype=np.float32), 1000.0, 5_000_000, 0, 5000, GOOD)
    indices = []
    for start_us, first_index in ((5_000_000, 5000), (5_100_000, 5090), (5_200_000, 5190), (5_400_000, 5390)):
        passed = inspection.block(replace(block, start_us=start_us, first_index=first_index), now_s=0)
        assert passed is not None
        indices.append(passed.first_index)
    assert indices == [5000, 5100, 5200, 5400], "shifted once, holes kept"
