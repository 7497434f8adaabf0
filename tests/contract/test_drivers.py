"""What every driver promises, whatever it talks to."""

import asyncio
import contextlib
import inspect
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from acquisition.driver import Browser, Driver, PastSource
from acquisition.drivers import DRIVERS
from domain.errors import AcquisitionError, ConfigurationError, RuleViolation
from domain.plant.quality import Quality, QualityCause, QualityFlag
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.protocol.fault_server import FaultServer
from tests.protocol.mqtt_stage import Broker, Publisher, beating, topic_tag
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection
from tests.protocol.rtu_slave import PtyLine, RtuUnits, TcpSlave
from tests.protocol.stage import RealClock, Stage, connection, tag, until
from tests.protocol.tls_stage import Authority

Act = Callable[[], object]
"""Called, and awaited when it is asynchronous."""


@dataclass
class Case:
    """A reachable device with two readable tags and one that it does not have."""

    owner: Connection
    tags: list[Tag]
    missing: Tag
    unreachable: Connection
    faults: Mapping[str, tuple[Act, Act]] = field(default_factory=dict)
    """What the device can be made to do, and how it ends; "late" answers are still in time."""
    truth: Mapping[int, float] = field(default_factory=dict)
    """The only good value of a tag, where it never changes."""

    def driver(self) -> Driver:
        return DRIVERS[self.owner.kind].create(self.owner, RealClock())


@contextlib.asynccontextmanager
async def modbus_tcp(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with FaultServer(0, illegal={900}) as server:
        kind = ConnectionKind.MODBUS_TCP
        gone = connection(kind, host="127.0.0.1", port=free_port)
        yield registers_of(connection(kind, host="127.0.0.1", port=server.port), gone, frames_of(server))


@contextlib.asynccontextmanager
async def modbus_tls(free_port: int, folder: Path) -> AsyncIterator[Case]:
    ours = Authority(folder, "plant")
    async with FaultServer(0, illegal={900}, tls=ours.server_context()) as server:
        owner = ours.connection(server.port)
        stranger = Authority(folder, "stranger").connection(server.port)
        yield registers_of(owner, stranger, frames_of(server))


@contextlib.asynccontextmanager
async def modbus_serial(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with PtyLine(RtuUnits(illegal={900}), link=folder / "port") as line:
        kind = ConnectionKind.MODBUS_SERIAL
        owner = connection(kind, port=str(line.link), parity="none")
        gone = connection(kind, port=str(folder / "gone"))
        yield registers_of(owner, gone, units_on(line.units, line.unplug, line.plug_in))


@contextlib.asynccontextmanager
async def modbus_rtu_tcp(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with TcpSlave(RtuUnits(illegal={900})) as server:
        kind = ConnectionKind.MODBUS_RTU_TCP
        gone = connection(kind, host="127.0.0.1", port=free_port)
        owner = connection(kind, host="127.0.0.1", port=server.port)
        yield registers_of(owner, gone, units_on(server.units, server.kill, server.start))


def registers_of(owner: Connection, gone: Connection, faults: Mapping[str, tuple[Act, Act]]) -> Case:
    tags = [tag(key, owner, {"offset": key}) for key in (1, 2)]
    return Case(owner, tags, tag(9, owner, {"offset": 900}), gone, faults, {1: 1001.0, 2: 1002.0})


def frames_of(server: FaultServer) -> Mapping[str, tuple[Act, Act]]:
    modes = {"late": "late", "short": "short", "wrong": "wrong_function", "hung": "hang"}
    heal = partial(setattr, server, "mode", "ok")
    faults: dict[str, tuple[Act, Act]] = {
        name: (partial(setattr, server, "mode", mode), heal) for name, mode in modes.items()
    }
    refused = partial(setattr, server, "exception", 2), partial(setattr, server, "exception", 0)
    return faults | {"refused": refused, "gone": (server.kill, server.start)}


def units_on(units: RtuUnits, leave: Act, come_back: Act) -> Mapping[str, tuple[Act, Act]]:
    heal = partial(setattr, units, "wrong", "")
    return {
        "late": (lambda: units.late_s.extend([0.3] * 99), units.late_s.clear),
        "short": (partial(setattr, units, "wrong", "short"), heal),
        "wrong": (partial(setattr, units, "wrong", "function"), heal),
        "hung": (partial(units.silent.add, 1), units.silent.clear),
        "refused": (partial(units.illegal.add, 1), partial(units.illegal.remove, 1)),
        "gone": (leave, come_back),
    }


@contextlib.asynccontextmanager
async def opcua(free_port: int, folder: Path) -> AsyncIterator[Case]:
    async with ServerChild(free_port, historized=["tag.1"]) as server:
        owner = plain_connection(free_port)
        tags = [node_tag(key, owner, f"tag.{key}") for key in (1, 2)]
        faults = {"hung": (server.freeze, server.thaw), "gone": (server.kill, server.start)}
        yield Case(owner, tags, node_tag(9, owner, "nowhere"), plain_connection(1), faults)


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
                yield Case(owner, tags, missing, gone, {"hung": (broker.freeze, broker.thaw)})
    finally:
        broker.kill()


@contextlib.asynccontextmanager
async def files(free_port: int, folder: Path) -> AsyncIterator[Case]:
    place, away = folder / "drop", folder / "away"
    place.mkdir()
    count = itertools.count(1)

    def drop() -> None:
        number = next(count)
        (place / f"{number}.csv").write_text(f"t,a,b\n2026-01-01T00:00:{number:02d}Z,1,2\n", "utf-8")

    def bring_back() -> None:
        away.rename(place)
        drop()

    drop()
    owner = connection(ConnectionKind.FILES, path=str(place), poll_s=0.05, steady_s=0.1)
    tags = [tag(1, owner, {"channel": "a"}), tag(2, owner, {"channel": "b"})]
    gone = connection(ConnectionKind.FILES, path=str(folder / "gone"))
    faults = {"gone": (lambda: place.rename(away), bring_back)}
    yield Case(owner, tags, tag(9, owner, {"channel": "c"}), gone, faults, {1: 1.0, 2: 2.0})


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
    ConnectionKind.FILES: files,
    ConnectionKind.REPLAY: replay,
}
"""A new kind of connection is one function above and one line here."""


@pytest.fixture(params=list(CASES), ids=lambda kind: kind.value)
async def case(request: pytest.FixtureRequest, free_port: int, tmp_path: Path) -> AsyncIterator[Case]:
    async with CASES[request.param](free_port, tmp_path) as made:
        yield made


def test_every_driver_has_its_case() -> None:
    assert CASES.keys() == DRIVERS.keys()


MODBUS = [kind for kind in CASES if kind.value.startswith("modbus")]
MODBUS_FAULTS = {"late", "short", "wrong", "hung", "refused", "gone"}


@pytest.mark.parametrize("case", MODBUS, indirect=True)
async def test_every_modbus_link_goes_through_every_fault(case: Case) -> None:
    """Whatever the wire; that each comes back and minds no clock is asked of all of them below."""
    assert case.faults.keys() == MODBUS_FAULTS
    assert DRIVERS[case.owner.kind].is_polled


async def test_a_driver_keeps_its_promises(case: Case) -> None:
    """One story per kind, because a server costs seconds to start."""
    before = asyncio.all_tasks()
    driver = case.driver()
    with pytest.raises(AcquisitionError):
        await driver.read(case.tags)  # not connected yet
    await driver.connect()
    await read_gives_one_row_per_tag_in_order(driver, case)
    await subscribe_brings_every_tag_with_its_times(driver, case)
    if isinstance(driver, Browser):
        await what_is_found_by_browsing_can_be_read(driver, driver, case)
    if isinstance(driver, PastSource):
        await the_past_is_bounded_marked_and_in_order(driver, case)
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


async def what_is_found_by_browsing_can_be_read(browser: Browser, driver: Driver, case: Case) -> None:
    """Places lead from the root to addresses; one that is found is one that a tag can have."""
    waiting, found = [""], None
    for place in waiting:
        items = await browser.browse(place)
        assert all(item.name and item.place for item in items)
        assert len({item.place for item in items}) == len(items), "each place once"
        found = next((item for item in items if item.address is not None and not item.is_array), None)
        if found is not None:
            break
        waiting += [item.place for item in items if item.has_children][:20]
    assert found is not None
    batch = await driver.read([tag(8, case.owner, found.address or {})])
    assert Quality.from_code(int(batch.quality[0])).cause is not QualityCause.NOT_CONFIGURED


async def the_past_is_bounded_marked_and_in_order(driver: PastSource, case: Case) -> None:
    now_us = RealClock().now_us()
    kept = [each async for each in driver.read_past(case.tags, start_us=now_us - 3600 * 10**6, end_us=now_us)]
    assert kept, "the device of this case remembers"
    for key in (1, 2):
        times = [row.source_us for batch in kept for row in batch.rows() if row.tag_key == key]
        assert times == sorted(set(times))
        assert all(now_us - 3600 * 10**6 <= time_us < now_us for time_us in times)
    assert all(row.quality.flags & QualityFlag.BACK_FILLED for batch in kept for row in batch.rows())
    nothing = [
        each async for each in driver.read_past(case.tags, start_us=now_us + 10**9, end_us=now_us + 10**9)
    ]
    assert not any(len(batch) for batch in nothing)


async def an_unreachable_device_is_one_of_two_error_kinds(case: Case) -> None:
    driver = DRIVERS[case.unreachable.kind].create(case.unreachable, RealClock())
    with pytest.raises((AcquisitionError, ConfigurationError)) as caught:
        await driver.connect()
    assert len(str(caught.value)) > 20, "it says what happened"
    await driver.close()


@pytest.mark.parametrize("case", [kind for kind in CASES if kind is not ConnectionKind.REPLAY], indirect=True)
async def test_a_driver_survives_its_device(case: Case) -> None:
    """Every fault of the case: bad in time, good again by itself, and never a wrong value as good."""
    assert case.faults
    async with Stage([case.owner], case.tags) as stage:
        await until(lambda: stage.memory.is_good(1, 2), within_s=10, what="first values")
        for name, (begin, end) in case.faults.items():
            await done(begin)
            if name == "late":
                await fresh_values(stage, within_s=5, what="late values")
            else:
                await until(lambda: stage.memory.is_bad(1, 2), within_s=8, what=f"bad when {name}")
            await done(end)
            await fresh_values(stage, within_s=8, what=f"good after {name}")
        good = {(r.tag_key, r.value) for r in stage.memory.readings if r.quality.is_good}
        assert not case.truth or good == set(case.truth.items())


async def done(act: Act) -> None:
    awaited = act()
    if inspect.isawaitable(awaited):
        await awaited


async def fresh_values(stage: Stage, *, within_s: float, what: str) -> None:
    mark = len(stage.memory.readings)

    def is_fresh() -> bool:
        good = {r.tag_key for r in stage.memory.readings[mark:] if r.quality.is_good}
        return good == {1, 2}

    await until(is_fresh, within_s=within_s, what=what)


class JumpingClock(RealClock):
    """A wall clock that somebody sets; durations go on."""

    step_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.step_us


@pytest.mark.parametrize("case", [kind for kind in CASES if DRIVERS[kind].is_polled], indirect=True)
async def test_polling_does_not_mind_the_wall_clock(case: Case) -> None:
    """F58: an hour back and a day ahead; the scans keep their pace and carry the clock's time."""
    clock = JumpingClock()
    driver = DRIVERS[case.owner.kind].create(case.owner, clock)
    await driver.connect()
    moments: list[tuple[float, int]] = []
    steps_us = {3: -3600 * 10**6, 6: 86_400 * 10**6}
    async for batch in driver.subscribe(case.tags):
        assert isinstance(batch, ReadingBatch)
        assert abs(int(batch.receive_us[0]) - clock.now_us()) < 10**6
        moments.append((clock.monotonic_s(), int(batch.receive_us[0])))
        clock.step_us = steps_us.get(len(moments), clock.step_us)
        if len(moments) == 9:
            break
    await driver.close()
    assert moments[-1][0] - moments[0][0] == pytest.approx(0.8, abs=0.3)
