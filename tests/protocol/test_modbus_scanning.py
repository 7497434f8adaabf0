"""What a scan asks again, and when: blocks that are dropped, refused in passing, refused for good.

The clock is a fake one, so that minutes pass at once; sockets and lines are real.
"""

import contextlib
from collections.abc import AsyncIterator

import pytest

from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.links import link_maker
from acquisition.drivers.modbus.scan import DEMOTED_S, REFUSED_S, ModbusScanner
from acquisition.drivers.modbus.scan_groups import plan_group
from domain.errors import DeviceTimeout
from domain.plant.quality import QualityCause
from domain.plant.readings import LossCounter, Reading
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.conftest import FakeClock
from tests.protocol.fault_server import FaultServer
from tests.protocol.rtu_slave import RtuUnits, TcpSlave
from tests.protocol.stage import connection, tag

PERIOD_S = 1.0
QUICK = {"timeout_s": 0.1, "settle_s": 0.05, "host": "127.0.0.1"}


class Scans:
    """One group scanned again and again, a period apart on the fake clock."""

    def __init__(self, scanner: ModbusScanner, clock: FakeClock, losses: LossCounter) -> None:
        self.scanner, self.clock, self.losses = scanner, clock, losses

    async def next(self) -> dict[int, Reading]:
        self.clock.advance(PERIOD_S)
        return {row.tag_key: row for row in (await self.scanner.scan(0)).rows()}

    async def good(self) -> set[int]:
        return {key for key, row in (await self.next()).items() if row.quality.is_good}


@contextlib.asynccontextmanager
async def scanning(owner: Connection, tags: list[Tag], clock: FakeClock) -> AsyncIterator[Scans]:
    losses = LossCounter()
    link = link_maker(owner, losses=losses, calls=CallThread("device"))()
    await link.connect()
    group = plan_group(tags, period_s=PERIOD_S, default_unit=1, max_gap=8)
    yield Scans(ModbusScanner([group], link, clock=clock, losses=losses), clock, losses)
    await link.close()


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer(0) as running:
        yield running


def device(server: FaultServer, **options: object) -> Connection:
    return connection(ConnectionKind.MODBUS_TCP, port=server.port, **QUICK | options)


def far_apart(owner: Connection, *offsets: int, **address: object) -> list[Tag]:
    """Tags of which each is a block of its own."""
    return [tag(offset, owner, {"offset": offset, **address}) for offset in offsets]


async def test_a_block_that_is_dropped_costs_only_its_own_tags(server: FaultServer, clock: FakeClock) -> None:
    """Old devices drop what they do not have: the first block is never answered, the rest at once."""
    server.dropped = {10}
    owner = device(server)
    async with scanning(owner, far_apart(owner, 10, 200, 400), clock) as scans:
        for _ in range(5):
            rows = await scans.next()
            assert {key for key, row in rows.items() if row.quality.is_good} == {200, 400}
            assert rows[10].quality.cause is QualityCause.COMMUNICATION_LOST
            scans.scanner.raise_if_silent()
        assert asked(server, 10) == 3
        clock.advance(REFUSED_S)
        assert await scans.good() == {200, 400}
        assert asked(server, 10) == 4
        server.dropped = set()
        clock.advance(REFUSED_S)
        assert await scans.good() == {10, 200, 400}
        assert scans.losses.by_cause["timeout"] == 4


def asked(server: FaultServer | RtuUnits, first: int) -> int:
    return sum(each[2] == first for each in server.requests if each[1] != 8)


async def test_a_table_that_is_dropped_hides_no_other(server: FaultServer, clock: FakeClock) -> None:
    """Ten blocks of it stand before the others; a scan waits for two of them at most."""
    owner = device(server)
    gone, there = range(0, 200, 20), range(1000, 1100, 20)
    server.dropped = set(gone)
    async with scanning(owner, far_apart(owner, *gone, *there), clock) as scans:
        for _ in range(4):
            waits = scans.losses.by_cause.get("timeout", 0)
            assert await scans.good() == set(there)
            assert scans.losses.by_cause["timeout"] - waits <= 2


async def test_dropped_blocks_between_others_are_found_out(server: FaultServer, clock: FakeClock) -> None:
    owner = device(server)
    server.dropped = {20, 60, 100, 140}
    async with scanning(owner, far_apart(owner, *range(20, 200, 20)), clock) as scans:
        for _ in range(15):
            await scans.next()
            scans.scanner.raise_if_silent()
        assert await scans.good() == {40, 80, 120, 160, 180}
        mark = len(server.requests)
        await scans.next()
        assert len(server.requests) - mark == 5, "none of the dropped is asked for now"


async def test_a_dead_device_is_asked_little(server: FaultServer, clock: FakeClock) -> None:
    """F02: one block more than the first, once; then one a scan until it is given up."""
    owner = device(server)
    async with scanning(owner, far_apart(owner, 10, 200, 400, 600), clock) as scans:
        assert len(await scans.good()) == 4
        server.mode = "hang"
        for questions in (2, 1, 1):
            scans.scanner.raise_if_silent()
            mark = len(server.requests)
            assert await scans.good() == set()
            assert len(server.requests) - mark == questions
        with pytest.raises(DeviceTimeout):
            scans.scanner.raise_if_silent()


async def test_a_block_that_was_answered_before_is_missed_for_seconds_only(
    server: FaultServer, clock: FakeClock
) -> None:
    owner = device(server)
    async with scanning(owner, far_apart(owner, 10, 200), clock) as scans:
        assert await scans.good() == {10, 200}
        server.dropped = {10}
        for _ in range(3):
            assert await scans.good() == {200}
        server.dropped = set()
        assert await scans.good() == {200}
        clock.advance(DEMOTED_S)
        assert await scans.good() == {10, 200}


async def test_a_dropped_block_slows_no_other_unit(server: FaultServer, clock: FakeClock) -> None:
    """The other unit behind the gateway comes first, and after three misses nobody waits any more."""
    owner = device(server)
    tags = [*far_apart(owner, 10, 300), *far_apart(owner, 500, unit=2)]
    server.dropped = {10}
    async with scanning(owner, tags, clock) as scans:
        for _ in range(3):
            assert await scans.good() == {300, 500}
        assert server.requests[-1][2] == 10
        mark = len(server.requests)
        for _ in range(5):
            assert await scans.good() == {300, 500}
        assert len(server.requests) - mark == 10


@pytest.mark.parametrize("loop_back", ["sent back", "refused", "ignored"])
async def test_a_dropped_block_on_a_serial_line_costs_only_its_own_tags(
    clock: FakeClock, loop_back: str
) -> None:
    """Units that drop such reads often drop function 8 too: they are left alone for a while, not given up."""
    units = RtuUnits(dropped={10})
    units.knows_loop_back = loop_back == "sent back"
    units.is_deaf_to_loop_back = loop_back == "ignored"
    async with TcpSlave(units) as line:
        owner = connection(ConnectionKind.MODBUS_RTU_TCP, port=line.port, **QUICK)
        async with scanning(owner, far_apart(owner, 10, 200, 400), clock) as scans:
            good: set[int] = set()
            while asked(units, 10) < 3 or good != {200, 400}:
                good = await scans.good()
                scans.scanner.raise_if_silent()
            assert loop_back == "ignored" or good == {200, 400}


async def test_a_dead_unit_that_never_knew_function_8_is_given_up(clock: FakeClock) -> None:
    units = RtuUnits(is_deaf_to_loop_back=True)
    async with TcpSlave(units) as line:
        owner = connection(ConnectionKind.MODBUS_RTU_TCP, port=line.port, **QUICK)
        async with scanning(owner, far_apart(owner, 10, 200, 400), clock) as scans:
            assert await scans.good() == {10, 200, 400}
            units.silent = {1}
            with pytest.raises(DeviceTimeout):
                await until_given_up(scans)
            reads = [each for each in units.requests[3:] if each[1] != 8]
            assert len(reads) == 2, "the first question, and one when nothing older could be under way"


async def until_given_up(scans: Scans) -> None:
    while True:
        scans.scanner.raise_if_silent()
        assert await scans.good() == set()


HUNDRED = range(1, 101)


def side_by_side(owner: Connection) -> list[Tag]:
    """A hundred tags that are one block."""
    return far_apart(owner, *HUNDRED)


async def test_a_refusal_in_passing_leaves_a_block_whole(server: FaultServer, clock: FakeClock) -> None:
    """F08: code 2 for some scans, as from a device that starts: good with the next answer."""
    owner = device(server)
    async with scanning(owner, side_by_side(owner), clock) as scans:
        assert await scans.good() == set(HUNDRED)
        server.exception = 2
        for _ in range(4):
            rows = await scans.next()
            assert {row.quality.cause for row in rows.values()} == {QualityCause.NOT_CONFIGURED}
        server.exception = 0
        assert await scans.good() == set(HUNDRED)
        assert len(server.requests) == 6


async def test_a_block_that_was_refused_for_long_is_whole_again_a_minute_later(
    server: FaultServer, clock: FakeClock
) -> None:
    owner = device(server)
    async with scanning(owner, side_by_side(owner), clock) as scans:
        assert await scans.good() == set(HUNDRED)
        server.exception = 2
        for _ in range(10):
            assert await scans.good() == set()
        server.exception = 0
        clock.advance(REFUSED_S)
        assert await scans.good() == set(HUNDRED)
        mark = len(server.requests)
        assert await scans.good() == set(HUNDRED)
        assert len(server.requests) - mark == 1


async def test_an_address_that_turns_illegal_costs_its_block_seconds(
    server: FaultServer, clock: FakeClock
) -> None:
    """F08: the others come back when it is clear that the refusal does not pass."""
    owner = device(server)
    async with scanning(owner, side_by_side(owner), clock) as scans:
        assert await scans.good() == set(HUNDRED)
        server.illegal = {40}
        seen = [await scans.good() for _ in range(7)]
        assert seen[0] == set()
        assert seen[-1] == set(HUNDRED) - {40}


async def test_an_illegal_address_costs_one_question_more_each_minute(
    server: FaultServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """F08: the split is remembered while the whole is refused, told once, and ends when it is not."""
    owner = device(server)
    server.illegal = {40}
    others = set(HUNDRED) - {40}
    async with scanning(owner, side_by_side(owner), clock) as scans:
        assert await scans.good() == others
        mark = len(server.requests)
        assert await scans.good() == others
        parts = len(server.requests) - mark
        for _ in range(3):
            clock.advance(REFUSED_S)
            mark = len(server.requests)
            assert await scans.good() == others
            assert await scans.good() == others
            assert len(server.requests) - mark == 2 * parts + 2, "the whole, and the address alone"
        assert sum("exception 2" in message for message in caplog.messages) == 1
        server.illegal = set()
        clock.advance(REFUSED_S)
        assert await scans.good() == set(HUNDRED)
        mark = len(server.requests)
        assert await scans.good() == set(HUNDRED)
        assert len(server.requests) - mark == 1


async def test_a_tag_alone_that_is_refused_in_passing_is_asked_at_once_again(
    server: FaultServer, clock: FakeClock
) -> None:
    owner = device(server)
    async with scanning(owner, far_apart(owner, 7), clock) as scans:
        assert await scans.good() == {7}
        server.illegal = {7}
        assert await scans.good() == set()
        server.illegal = set()
        assert await scans.good() == {7}
