"""Modbus TCP against a server that misbehaves on real sockets (fault catalogue, section A)."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from acquisition.addresses import Order
from acquisition.driver import DriverState
from acquisition.drivers.modbus.driver import ModbusDriver
from acquisition.drivers.modbus.scan import DEMOTED_S
from domain.errors import (
    AcquisitionError,
    ConfigurationError,
    ConnectionLost,
    NotPermitted,
    RuleViolation,
    WriteOutcomeUnknown,
)
from domain.plant.quality import QualityCause
from domain.plant.readings import Reading, ReadingBatch
from domain.plant.tags import Connection, ConnectionKind, Scaling, Tag, TagDtype
from tests.protocol.fault_server import FaultServer
from tests.protocol.stage import RealClock, Stage, connection, tag, until


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer(0) as running:
        yield running


def device(server: FaultServer, **options: object) -> Connection:
    plain: dict[str, object] = {"host": "127.0.0.1", "port": server.port, "timeout_s": 0.5} | options
    return connection(ConnectionKind.MODBUS_TCP, **plain)


def registers(owner: Connection, *offsets: int, **changes: object) -> list[Tag]:
    return [tag(offset, owner, {"offset": offset}, **changes) for offset in offsets]


async def opened(owner: Connection) -> ModbusDriver:
    driver = ModbusDriver(owner, clock=RealClock())
    await driver.connect()
    return driver


def assert_true_values(batch: ReadingBatch, *, unit: int = 1) -> None:
    for reading in batch.rows():
        if not reading.quality.is_bad:
            assert reading.value == reading.tag_key + 1000 * unit, "a wrong value passed as good"


async def test_f01_killed_device_is_bad_at_once_and_good_soon_after_its_return(server: FaultServer) -> None:
    """F01: bad <= 2 s, good <= 3 s after the port listens."""
    owner = device(server)
    async with Stage([owner], registers(owner, 1, 2)) as stage:
        await until(lambda: stage.memory.is_good(1, 2), within_s=4, what="first values")
        await server.kill()
        await until(lambda: stage.memory.is_bad(1, 2), within_s=2, what="bad after kill")
        assert stage.supervisor.statuses()[0].state == DriverState.DISCONNECTED.value
        await asyncio.sleep(5)  # the outage of the catalogue: back after 5 s
        bad_batches = [b for _, b in stage.memory.batches if (b.quality & 3 == 2).any()]
        assert len(bad_batches) == 1, "one message per loss, not one per attempt"
        await server.start()
        await until(lambda: stage.memory.is_good(1, 2), within_s=3, what="good after return")


async def test_f02_hung_device_turns_bad_while_others_keep_their_pace(server: FaultServer) -> None:
    """F02: bad <= 5 s; three others scan as regularly as before, within 10 % of their period."""
    async with FaultServer(0) as other:
        hung, well = device(server), [device(other) for _ in range(3)]
        tags = registers(hung, 1)
        tags += [tag(50 + place, owner, {"offset": 50 + place}) for place, owner in enumerate(well)]
        async with Stage([hung, *well], tags) as stage:
            await until(lambda: stage.memory.is_good(1, 50, 51, 52), within_s=4, what="first values")
            before = await unevenness(stage, 50, 51, 52)
            server.mode = "hang"
            during = asyncio.create_task(unevenness(stage, 50, 51, 52))
            await until(lambda: stage.memory.is_bad(1), within_s=5, what="bad when hung")
            state = DriverState.NOT_ANSWERING.value
            await until(
                lambda: stage.supervisor.statuses()[0].state == state, within_s=5, what="not answering"
            )
            assert await during - before < 0.10
            assert stage.memory.is_good(50, 51, 52)
            server.mode = "ok"
            await until(lambda: stage.memory.is_good(1), within_s=6, what="good when it answers again")


async def unevenness(stage: Stage, *keys: int, scans: int = 25) -> float:
    """Watch some scans; return how far the intervals between them are off the period of 0.1 s on average."""
    mark = len(stage.memory.batches)

    def moments(key: int) -> list[float]:
        return [moment for moment, batch in stage.memory.batches[mark:] if key in batch.tag_key]

    await until(lambda: all(len(moments(key)) > scans for key in keys), within_s=8, what="scans")
    intervals = np.concatenate([np.diff(moments(key)) for key in keys])
    return float(np.mean(np.abs(intervals / 0.1 - 1)))


async def test_f03_connect_black_hole_is_given_up_in_time() -> None:
    """F03, T-08: a full backlog; give-up <= 2 s, the loop stays free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        owner = connection(ConnectionKind.MODBUS_TCP, host="127.0.0.1", port=port)
        begin_s = time.monotonic()
        with pytest.raises(ConnectionLost, match="cannot be reached"):
            await opened(owner)
        assert time.monotonic() - begin_s < 2.0
        for filler in fillers:
            filler.close()


async def test_a_name_is_reached_at_the_address_that_answers_however_slow_its_look_up(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead first name server takes seconds, each time: they are not the device's. Its answer is played."""

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        time.sleep(0.3)
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
        return [six, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    driver = await opened(device(server, host="press.plant", timeout_s=0.2))
    assert_true_values(await driver.read(registers(device(server), 1)))
    wire = driver._link._transport.get_extra_info("socket")  # type: ignore[union-attr]
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "small frames leave at once"
    await driver.close()


@pytest.mark.parametrize("mode", ["wrong_tid", "tid_0", "previous_tid"])
async def test_f04_answers_to_other_questions_are_never_taken(server: FaultServer, mode: str) -> None:
    owner = device(server, timeout_s=0.1)
    tags = registers(owner, 1, 2)
    driver = await opened(owner)
    await driver.read(tags)
    server.mode = mode
    batch = await driver.read(tags)
    assert all(reading.quality.is_bad for reading in batch.rows())
    server.mode = "ok"
    recovered = await driver.read(tags)
    assert_true_values(recovered)
    assert all(reading.quality.is_good for reading in recovered.rows())
    assert driver.losses.by_cause["timeout"] == 2
    await driver.close()


async def test_f04_duplicates_among_thousands_of_answers_give_no_wrong_value(server: FaultServer) -> None:
    """F04: 0 wrong values in 10,000 (2,500 requests of four registers)."""
    owner = device(server)
    driver = await opened(owner)
    server.mode = "duplicate"
    good = 0
    for request in range(2500):
        tags = registers(owner, *(4 * request % 20000 + place for place in range(4)))
        batch = await driver.read(tags)
        assert_true_values(batch)
        good += sum(reading.quality.is_good for reading in batch.rows())
    assert good == 10_000
    assert driver.losses.by_cause["stray_answer"] > 2500
    await driver.close()


async def test_a_deeper_pipeline_keeps_answers_apart_and_never_exceeds_its_depth(server: FaultServer) -> None:
    """F04 with several requests in flight: duplicates and strangers between them change nothing."""
    owner = device(server, depth=4, max_gap=0, timeout_s=0.2)
    driver = await opened(owner)
    tags = registers(owner, *range(0, 60, 5))
    server.mode = "duplicate"
    for _ in range(100):
        batch = await driver.read(tags)
        assert_true_values(batch)
        assert [reading.quality.is_good for reading in batch.rows()] == [True] * 12
    server.mode = "hang"
    asked = len(server.requests)
    assert all(reading.quality.is_bad for reading in (await driver.read(tags)).rows())
    assert len(server.requests) - asked == 4, "reads behind an unanswered one are not sent"
    server.mode = "wrong_tid"
    assert all(reading.quality.is_bad for reading in (await driver.read(tags)).rows())
    server.mode = "ok"
    assert_true_values(await driver.read(tags))
    await driver.close()


@pytest.mark.parametrize("mode", ["short", "long", "odd_count", "count_lie", "wrong_function", "wrong_unit"])
async def test_f07_answers_of_wrong_shape_are_protocol_errors(server: FaultServer, mode: str) -> None:
    """F07: nothing accepted, no IndexError, the connection is kept."""
    owner = device(server)
    tags = registers(owner, 1, 2, 3)
    driver = await opened(owner)
    server.mode = mode
    batch = await driver.read(tags)
    assert [reading.quality.cause for reading in batch.rows()] == [QualityCause.DECODE] * 3
    server.mode = "ok"
    assert_true_values(await driver.read(tags))
    assert server.connects == 1
    await driver.close()


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1, QualityCause.NOT_CONFIGURED),
        (2, QualityCause.NOT_CONFIGURED),
        (3, QualityCause.NOT_CONFIGURED),
        (4, QualityCause.DEVICE_SAYS_BAD),
        (5, QualityCause.DEVICE_SAYS_BAD),
        (6, QualityCause.DEVICE_SAYS_BAD),
        (0x0A, QualityCause.COMMUNICATION_LOST),
        (0x0B, QualityCause.COMMUNICATION_LOST),
    ],
)
async def test_f08_exception_codes_are_told_apart(
    server: FaultServer, code: int, cause: QualityCause
) -> None:
    owner = device(server)
    driver = await opened(owner)
    server.exception = code
    (reading,) = (await driver.read(registers(owner, 1))).rows()
    assert (reading.quality.is_bad, reading.quality.cause) == (True, cause)
    assert driver.losses.by_cause == {f"exception_{code}": 1}
    await driver.close()


async def test_f08_busy_device_is_asked_again_on_the_same_connection(
    server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    """F08: code 6 ten times, then good; connection kept, one message per change of state."""
    owner = device(server)
    async with Stage([owner], registers(owner, 1)) as stage:
        await until(lambda: stage.memory.is_good(1), within_s=4, what="first value")
        server.exception = 6
        asked = len(server.requests)
        await until(lambda: len(server.requests) >= asked + 10, within_s=5, what="ten refusals")
        server.exception = 0
        await until(lambda: stage.memory.is_good(1), within_s=2, what="good again")
    assert server.connects == 1
    assert sum("exception 6" in message for message in caplog.messages) == 1


async def test_f08_an_illegal_address_costs_only_its_own_tag(server: FaultServer) -> None:
    owner = device(server)
    tags = registers(owner, 1, 2, 3, 4, 5, 6)
    server.illegal = {4}
    async with Stage([owner], tags) as stage:
        await until(lambda: stage.memory.is_good(1, 2, 3, 5, 6), within_s=4, what="the others")
        assert stage.memory.latest()[4].quality.cause is QualityCause.NOT_CONFIGURED
        asked = len(server.requests)
        await until(lambda: len(server.requests) >= asked + 9, within_s=4, what="more scans")
        touched = [(first, count) for _, _, first, count in server.requests[asked:]]
        assert not any(first <= 4 < first + count for first, count in touched), "the split is remembered"
    assert server.connects == 1


GARBAGE = "garbage garbage_then_ok garbage_inside ok_then_garbage much_garbage wrong_protocol huge_length"


async def recover_from_garbage(mode: str) -> None:
    async with FaultServer(0) as server:
        owner = device(server)
        async with Stage([owner], registers(owner, 1)) as stage:
            await until(lambda: stage.memory.is_good(1), within_s=4, what="first value")
            server.mode = mode
            asked = len(server.requests)
            await until(lambda: len(server.requests) >= asked + 2, within_s=5, what="garbage sent")
            server.mode = "ok"
            mark = len(stage.memory.readings)
            await until(
                lambda: any(r.quality.is_good for r in stage.memory.readings[mark:]),
                within_s=3 + 0.5,
                what=f"recovery from {mode}",
            )
            assert {r.value for r in stage.memory.readings if not r.quality.is_bad} == {1001.0}


async def test_f09_garbage_is_left_behind_with_its_connection() -> None:
    """F09: resync by reconnect; recovery <= 3 s for each kind of garbage."""
    await asyncio.gather(*(recover_from_garbage(mode) for mode in GARBAGE.split()))


@pytest.mark.parametrize("mode", ["trickle", "late"])
async def test_slow_answers_are_still_right(server: FaultServer, mode: str) -> None:
    owner = device(server)
    driver = await opened(owner)
    server.mode = mode
    batch = await driver.read(registers(owner, 1, 2))
    assert_true_values(batch)
    assert all(reading.quality.is_good for reading in batch.rows())
    await driver.close()


async def test_answers_later_than_the_time_out_are_left_aside(server: FaultServer) -> None:
    """A late answer carries its own transaction: it is counted, and nothing shifts."""
    owner = device(server, timeout_s=0.2)
    driver = await opened(owner)
    for offset in range(1, 8):
        server.mode = "late" if offset % 2 else "ok"
        batch = await driver.read(registers(owner, offset))
        assert_true_values(batch)
    server.mode = "ok"
    await until(lambda: driver.losses.by_cause.get("stray_answer", 0) > 0, within_s=2, what="a late answer")
    await driver.close()


async def test_f10_half_a_frame_and_a_closed_link_surface_at_once(server: FaultServer) -> None:
    """A closed connection is told at once, not after the time-out."""
    owner = device(server, timeout_s=4.0)
    driver = await opened(owner)
    server.mode = "half_frame"
    begin_s = time.monotonic()
    with pytest.raises(ConnectionLost, match="closed the connection"):
        await driver.read(registers(owner, 1))
    assert time.monotonic() - begin_s < 1.0
    await driver.close()


async def test_f11_a_device_that_resets_every_request_is_not_hammered(server: FaultServer) -> None:
    """F11: at most one connect a second."""
    owner = device(server)
    server.mode = "reset"
    async with Stage([owner], registers(owner, 1)) as stage:
        begin_s = time.monotonic()
        await until(lambda: server.connects >= 3, within_s=8, what="three attempts")
        assert time.monotonic() - begin_s >= 2 * 0.95
        assert stage.memory.is_bad(1)


async def test_f11_devices_that_answer_nonsense_cost_little() -> None:
    """F11: under 10 % of a core for four of them together, their servers included."""
    modes = ("reset", "much_garbage", "half_frame", "wrong_function")
    async with contextlib.AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(FaultServer(0, mode=mode)) for mode in modes]
        owners = [device(server) for server in servers]
        tags = [tag(place + 1, owner, {"offset": place + 1}) for place, owner in enumerate(owners)]
        stage = await stack.enter_async_context(Stage(owners, tags))
        await until(lambda: stage.memory.is_bad(1, 2, 3, 4), within_s=4, what="nonsense noticed")
        begin_s, cpu_s = time.monotonic(), time.process_time()
        await asyncio.sleep(3)  # the seconds that are measured
        assert time.process_time() - cpu_s < 0.10 * (time.monotonic() - begin_s)


FLOAT_20, FLOAT_PI = (0x41A0, 0x0000), (0x4048, 0xF5C3)


async def reboot(server: FaultServer, **changes: object) -> None:
    """The device goes and comes back with another register map."""
    await server.kill()
    for name, content in changes.items():
        setattr(server, name, content)
    await server.start()


@pytest.mark.parametrize("changes", [{"shift": 1}, {"is_swapped": True}], ids=["shifted", "swapped"])
async def test_f14_a_sentinel_tells_a_device_that_came_back_with_another_map(
    server: FaultServer, changes: dict[str, object]
) -> None:
    """F14: bad <= 10 s, and not one value of the wrong map is good."""
    server.written = dict(zip((10, 11, 80, 81), FLOAT_20 + FLOAT_PI, strict=True))
    owner = device(server, sentinel={"offset": 80, "type": "float32", "value": 3.14})
    float_tag = tag(10, owner, {"offset": 10, "type": "float32"})
    async with Stage([owner], [float_tag, *registers(owner, 20)]) as stage:
        await until(lambda: stage.memory.is_good(10, 20), within_s=4, what="first values")
        await reboot(server, **changes)
        told = "sentinel_wrong"
        await until(
            lambda: stage.supervisor.statuses()[0].drops.get(told, 0) > 0, within_s=10, what="sentinel"
        )
        assert stage.memory.is_bad(10, 20)
        mark = len(stage.memory.batches)
        await until(lambda: len(stage.memory.batches) >= mark + 5, within_s=4, what="more scans")
        good = {(r.tag_key, r.value) for r in stage.memory.readings if r.quality.is_good}
        assert good == {(10, 20.0), (20, 1020.0)}
        server.shift, server.is_swapped = 0, False
        await until(lambda: stage.memory.is_good(10, 20), within_s=4, what="good with the old map")


async def test_f14_without_a_sentinel_the_plausible_range_tells(server: FaultServer) -> None:
    """F14: swapped floats are far outside any range, uncertain <= 10 s."""
    server.written = dict(zip((10, 11), FLOAT_20, strict=True))
    owner = device(server)
    float_tag = tag(10, owner, {"offset": 10, "type": "float32"}, low=5.0, high=50.0)
    async with Stage([owner], [float_tag]) as stage:
        await until(lambda: stage.memory.is_good(10), within_s=4, what="first value")
        await reboot(server, is_swapped=True)
        cause = QualityCause.OUT_OF_RANGE
        await until(lambda: stage.memory.latest()[10].quality.cause is cause, within_s=10, what="uncertain")
        assert {r.value for r in stage.memory.readings if r.quality.is_good} == {20.0}


async def test_f14_a_silent_or_refused_sentinel_takes_only_its_own_unit_back(server: FaultServer) -> None:
    owner = device(server, timeout_s=0.1, sentinel=[{"offset": 80, "value": 1080}])
    driver = await opened(owner)
    tags = [*registers(owner, 1, 2), tag(3, owner, {"offset": 3, "unit": 2})]
    assert [r.quality.is_good for r in (await driver.read(tags)).rows()] == [True] * 3
    server.illegal = {80}
    batch = await driver.read(tags)
    assert [r.quality.is_good for r in batch.rows()] == [False, False, True]
    assert np.isnan(batch.value[:2]).all()
    assert driver.losses.by_cause == {"sentinel_wrong": 2}
    await driver.close()


@pytest.mark.parametrize(
    "sentinel", ["here", {"offset": 80}, {"offset": 80, "value": 70000}, {"offset": "x", "value": 1}, [1]]
)
def test_a_wrong_sentinel_is_refused(sentinel: object) -> None:
    with pytest.raises(ConfigurationError, match="option 'sentinel'"):
        ModbusDriver(connection(ConnectionKind.MODBUS_TCP, host="plc", sentinel=sentinel), clock=RealClock())


async def test_f15_dead_devices_cost_the_living_nothing() -> None:
    """F15: 25 of 50 dead; every living one keeps its scans and quality. Figure: ``bench modbus``."""
    async with contextlib.AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(FaultServer(0)) for _ in range(50)]
        owners = [device(server) for server in servers]
        for place, server in enumerate(servers[25:]):
            server.mode = ("hang", "reset", "garbage", "half_frame", "wrong_tid")[place % 5]
        tags = [tag(place + 1, owner, {"offset": place + 1}) for place, owner in enumerate(owners)]
        live = range(1, 26)
        stage = await stack.enter_async_context(Stage(owners, tags))
        await until(lambda: stage.memory.is_good(*live), within_s=8, what="all living devices")
        await until(lambda: stage.memory.is_bad(*range(26, 51)), within_s=8, what="all dead devices bad")
        mark = {key: scans(stage, key) for key in live}
        await until(lambda: scans(stage, 1) >= mark[1] + 20, within_s=8, what="twenty scans")
        assert all(scans(stage, key) >= mark[key] + 17 for key in live)
        assert all(r.quality.is_good and r.value == r.tag_key + 1000 for r in read_of(stage, live))


def scans(stage: Stage, key: int) -> int:
    return sum(reading.tag_key == key for reading in stage.memory.readings)


def read_of(stage: Stage, keys: range) -> list[Reading]:
    return [reading for reading in stage.memory.readings if reading.tag_key in keys]


async def test_a_silent_unit_behind_a_gateway_delays_nobody(server: FaultServer) -> None:
    """After three misses the dead unit is asked every 10 s; the living one keeps its scan."""
    owner = device(server, timeout_s=0.1)
    tags = [tag(1, owner, {"offset": 1, "unit": 1}), tag(2, owner, {"offset": 2, "unit": 2})]
    server.silent_units = {2}
    async with Stage([owner], tags) as stage:
        asks = [0]

        def is_demoted() -> bool:
            asks[0] = sum(unit == 2 for unit, *_ in server.requests)
            return asks[0] == 3 and sum(unit == 1 for unit, *_ in server.requests) >= 15

        await until(is_demoted, within_s=DEMOTED_S / 2, what="demotion")
        assert stage.memory.is_good(1)
        assert stage.memory.latest()[2].quality.cause is QualityCause.COMMUNICATION_LOST
    assert server.connects == 1


async def test_f12_an_unconfirmed_write_is_unknown_and_never_repeated(server: FaultServer) -> None:
    """F12: exactly one write frame on the wire, then a read-back."""
    owner = device(server, writing_released=True)
    (target,) = registers(owner, 9, is_writable=True)
    server.is_write_answered = False
    driver = await opened(owner)
    with pytest.raises(WriteOutcomeUnknown, match="Look before you repeat") as caught:
        await driver.write(target, 42)
    assert len(server.writes) == 1
    assert caught.value.parameters["read_back"] == 1009
    await driver.close()


async def test_a_confirmed_write_is_read_back(server: FaultServer) -> None:
    owner = device(server, writing_released=True)
    address = {"offset": 20, "type": "int32"}
    target = tag(9, owner, address, is_writable=True, scaling=Scaling(0.1), low=-50.0, high=50.0)
    driver = await opened(owner)
    await driver.write(target, -12.5)
    (reading,) = (await driver.read([target])).rows()
    assert reading.value == pytest.approx(-12.5)
    assert len(server.writes) == 1
    with pytest.raises(RuleViolation, match="outside"):
        await driver.write(target, 51)
    assert len(server.writes) == 1
    await driver.close()


@pytest.mark.parametrize(("released", "writable"), [(False, True), (True, False), (False, False)])
async def test_writing_is_refused_unless_released_twice(
    server: FaultServer, *, released: bool, writable: bool
) -> None:
    """S-19: read-only by default; nothing reaches the wire."""
    owner = device(server, writing_released=released)
    driver = await opened(owner)
    with pytest.raises(NotPermitted):
        await driver.write(registers(owner, 1, is_writable=writable)[0], 1)
    assert not server.requests
    await driver.close()


async def test_a_wrong_address_is_a_bad_row_of_its_own(server: FaultServer) -> None:
    owner = device(server)
    driver = await opened(owner)
    batch = await driver.read([*registers(owner, 1), tag(2, owner, {"offset": "two"})])
    good, wrong = batch.rows()
    assert good.quality.is_good
    assert wrong.quality.cause is QualityCause.NOT_CONFIGURED
    await driver.close()


async def test_coils_and_discrete_inputs_read_as_bits(server: FaultServer) -> None:
    owner = device(server)
    driver = await opened(owner)
    tags = [tag(n, owner, {"offset": n, "table": "coil" if n < 5 else "discrete"}) for n in range(10)]
    batch = await driver.read(tags)
    assert batch.value.tolist() == [n % 2 for n in range(10)]
    await driver.close()


async def test_texts_and_bit_fields_are_read_beside_numbers(server: FaultServer) -> None:
    """ACQ-1, ACQ-2: a text tag carries its words; what is no text is bad."""
    owner = device(server)
    server.written = {40: 0x4A69, 41: 0x646F, 42: 0x6B61, 43: 0, 50: 0xFFFE, 60: 0b1011_0000}
    tags = [
        tag(1, owner, {"offset": 1}),
        tag(2, owner, {"offset": 40, "type": "string", "length": 4}, dtype=TagDtype.TEXT),
        tag(3, owner, {"offset": 50, "type": "string", "length": 1}, dtype=TagDtype.TEXT),
        tag(4, owner, {"offset": 60, "bit": 4, "bits": 4}),
    ]
    driver = await opened(owner)
    batch = await driver.read(tags)
    assert batch.text is not None
    assert batch.text.tolist() == ["", "Jidoka", "", ""]
    assert np.isnan(batch.value).tolist() == [False, True, True, False]
    assert [reading.quality.is_good for reading in batch.rows()] == [True, True, False, True]
    assert batch.value[3] == 0b1011
    await driver.close()


async def test_the_word_order_is_tried_on_the_living_device(server: FaultServer) -> None:
    """ACQ-2: four values of one read; a person knows which of them the machine shows."""
    owner = device(server)
    server.written = {70: 0xE979, 71: 0x42F6}
    driver = await opened(owner)
    trials = await driver.try_orders(tag(1, owner, {"offset": 70, "type": "float32"}))
    (true,) = [trial for trial in trials if trial.value == pytest.approx(123.456)]
    assert (true.word_order, true.byte_order) == (Order.LITTLE, Order.BIG)
    assert len(server.requests) == 1
    await driver.close()


async def test_a_part_of_a_register_is_not_written(server: FaultServer) -> None:
    owner = device(server, writing_released=True)
    target = tag(4, owner, {"offset": 60, "bit": 4, "bits": 4}, is_writable=True)
    driver = await opened(owner)
    with pytest.raises(RuleViolation, match="part of a register"):
        await driver.write(target, 3)
    assert not server.requests
    await driver.close()


async def test_polling_keeps_its_grid(server: FaultServer) -> None:
    """Drift-free: n scans take n periods, whatever each one costs."""
    owner = device(server)
    driver = await opened(owner)
    begin_s, scans = time.monotonic(), 0
    async for _ in driver.subscribe(registers(owner, 1, period_s=0.02)):
        scans += 1
        if scans == 51:
            break
    assert time.monotonic() - begin_s == pytest.approx(1.0, abs=0.1)
    assert len(driver.lateness_s) == 51
    await driver.close()


def test_options_are_checked_before_connecting() -> None:
    for options in ({}, {"host": "plc", "port": 0}, {"host": "plc", "timeout_s": 60}):
        with pytest.raises(ConfigurationError, match="option"):
            ModbusDriver(connection(ConnectionKind.MODBUS_TCP, **options), clock=RealClock())


async def test_closing_ends_a_running_subscription(server: FaultServer) -> None:
    owner = device(server)
    driver = await opened(owner)

    async def consume() -> int:
        return len([batch async for batch in driver.subscribe(registers(owner, 1))])

    consumer = asyncio.create_task(consume())
    await until(lambda: len(server.requests) > 2, within_s=3, what="scans")
    await driver.close()
    assert await asyncio.wait_for(consumer, 1) > 0
    with pytest.raises(AcquisitionError):
        await driver.read(registers(owner, 1))
