"""What every driver promises, whatever it talks to: old devices and new ones, side by side [ACQ-3, ACQ-9]."""

import asyncio
import contextlib
import inspect
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
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
from tests.protocol.proxy import Proxy
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
    refused: Mapping[str, str] = field(default_factory=dict)
    """Faults that turn nothing bad: what came is refused and counted by this cause."""
    is_true: Callable[[int, float], bool] = lambda key, value: True
    """Whether a good value of a tag can be what the device has."""
    tell: Act = lambda: None
    """Lets a device speak that does not by itself."""

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
    return Case(
        owner,
        tags,
        tag(9, owner, {"offset": 900}),
        gone,
        faults,
        is_true=lambda key, value: value == 1000 + key,
    )


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
    async with ServerChild(free_port, historized=["tag.1"], counters=3) as server, Proxy(free_port) as wire:
        owner = plain_connection(wire.port)
        tags = [node_tag(key, owner, f"tag.{key}") for key in (1, 2)]
        faults = wire_of(wire) | {
            "hung": (server.freeze, server.thaw),
            "gone": (server.kill, server.start),
        }
        missing = node_tag(9, owner, "nowhere")
        yield Case(owner, tags, missing, plain_connection(1), faults, is_true=is_count)


def wire_of(wire: Proxy) -> Mapping[str, tuple[Act, Act]]:
    """What stands between may bring late, half or something else."""

    def heal() -> None:
        wire.disturb = lambda data: data
        wire.cut()
        wire.mend()

    def changes(into: Callable[[bytes], bytes]) -> tuple[Act, Act]:
        return partial(setattr, wire, "disturb", into), heal

    return {
        "late": (partial(setattr, wire, "delay_s", 0.5), partial(setattr, wire, "delay_s", 0.0)),
        "short": changes(lambda data: data[: len(data) // 2]),
        "wrong": changes(lambda data: b"\0" * len(data)),
    }


def is_count(key: int, value: float) -> bool:
    return value.is_integer() and 0 <= value < 100_000


@contextlib.asynccontextmanager
async def mqtt(free_port: int, folder: Path) -> AsyncIterator[Case]:
    """Short and wrong are payloads: a broker carries whatever a device says."""
    usual = '{{"v1": {0}, "v2": {0}}}'
    saying = [usual]
    says = partial(partial, saying.__setitem__, 0)
    with contextlib.ExitStack() as ended:
        broker = Broker(folder).start()
        ended.callback(broker.kill)
        device = ended.enter_context(Publisher(broker.port))

        def beat(number: int) -> None:
            with contextlib.suppress(RuntimeError):  # the broker is gone; the library comes back by itself
                device.send("both", saying[0].format(number))

        async with Proxy(broker.port) as wire, beating(beat):
            owner = connection(ConnectionKind.MQTT, host="127.0.0.1", port=wire.port, read_wait_s=1.0)
            gone = connection(ConnectionKind.MQTT, host="127.0.0.1", port=free_port)
            tags = [topic_tag(key, owner, "both", "json", path=f"$.v{key}") for key in (1, 2)]
            faults = {
                "late": wire_of(wire)["late"],
                "short": (says('{{"v1": {0}, "v2": '), says(usual)),
                "wrong": (says('{{"v1": "{0}", "v2": [{0}]}}'), says(usual)),
                "hung": (broker.freeze, broker.thaw),
                "gone": (broker.kill, broker.start),
            }
            missing = topic_tag(9, owner, "both", "json", path="$.v9")
            yield Case(owner, tags, missing, gone, faults, is_true=is_count)


@contextlib.asynccontextmanager
async def files(free_port: int, folder: Path) -> AsyncIterator[Case]:
    place, away = folder / "drop", folder / "away"
    place.mkdir()
    count = itertools.count(1)

    def drop(*, year: int = 2026, row: str = "1,2\n") -> None:
        number = next(count)
        (place / f"{number}.csv").write_text(f"t,a,b\n{year}-01-01T00:00:{number:02d}Z,{row}", "utf-8")

    def bring_back() -> None:
        away.rename(place)
        drop()

    async def write_slowly() -> None:
        """Write in pieces, each before the last one has been long enough ago."""
        with (place / f"{next(count)}.csv").open("w", encoding="utf-8") as file:
            for piece in ("t,a,b\n", "2026-01-01T00:00:59Z,", "1,", "2\n"):
                file.write(piece)
                file.flush()
                await asyncio.sleep(0.05)

    drop()
    owner = connection(ConnectionKind.FILES, path=str(place), poll_s=0.05, steady_s=0.3)
    tags = [tag(1, owner, {"channel": "a"}), tag(2, owner, {"channel": "b"})]
    gone = connection(ConnectionKind.FILES, path=str(folder / "gone"))
    faults = {
        "late": (write_slowly, drop),
        "short": (partial(drop, row="9"), drop),
        "wrong": (partial(drop, year=2099, row="9,9\n"), drop),
        "gone": (lambda: place.rename(away), bring_back),
    }
    missing, refused = tag(9, owner, {"channel": "c"}), dict.fromkeys(("short", "wrong"), "file_rejected")
    yield Case(owner, tags, missing, gone, faults, refused, lambda key, value: value == key, drop)


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

FAULTS = ("late", "short", "wrong", "hung", "gone")
_NO_DEVICE = "a recording is a file that we have, and its clock is its own"
BESIDE: Mapping[tuple[ConnectionKind, str], str] = {
    (ConnectionKind.FILES, "hung"): "only a network share hangs, and none is at hand",
    **{(ConnectionKind.REPLAY, fault): _NO_DEVICE for fault in (*FAULTS, "clock")},
}
"""What is not asked of a kind, and why; everything else is asked of every kind."""

DEVICES = [kind for kind in CASES if (kind, "clock") not in BESIDE]


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


@pytest.mark.parametrize("case", DEVICES, indirect=True)
async def test_a_driver_survives_its_device(case: Case) -> None:
    """Late, short, wrong, hung, gone: bad in time, good again by itself, and never a wrong value as good.

    ACQ-9: what is known of an asset is kept current, also when its device no longer is.
    """
    assert set(case.faults) >= {fault for fault in FAULTS if (case.owner.kind, fault) not in BESIDE}
    async with Stage([case.owner], case.tags) as stage:
        await until(lambda: stage.memory.is_good(1, 2), within_s=10, what="first values")
        for name, (begin, end) in case.faults.items():
            counted = losses_of(stage, case.refused.get(name, ""))
            await done(begin)
            if name == "late":
                await fresh_values(stage, within_s=5, what="late values")
            elif name in case.refused:
                cause = case.refused[name]
                await until(
                    lambda was=counted, of=cause: losses_of(stage, of) > was,
                    within_s=8,
                    what=f"{name} counted",
                )
                assert stage.memory.is_good(1, 2)
            else:
                await until(lambda: stage.memory.is_bad(1, 2), within_s=8, what=f"bad when {name}")
            await done(end)
            await fresh_values(stage, within_s=8, what=f"good after {name}")
        good = [reading for reading in stage.memory.readings if reading.quality.is_good]
        assert [(r.tag_key, r.value) for r in good if not case.is_true(r.tag_key, r.value)] == []


def losses_of(stage: Stage, cause: str) -> int:
    (status,) = stage.supervisor.statuses()
    return status.drops.get(cause, 0)


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


@pytest.mark.parametrize("case", DEVICES, indirect=True)
async def test_no_driver_minds_the_wall_clock(case: Case) -> None:
    """F58: an hour back and a day ahead; values go on, carry the clock's time, and polls keep their pace."""
    clock = JumpingClock()
    driver = DRIVERS[case.owner.kind].create(case.owner, clock)
    await driver.connect()
    moments: list[float] = []
    steps_us = {3: -3600 * 10**6, 6: 86_400 * 10**6}
    async with asyncio.timeout(20):
        async for batch in driver.subscribe(case.tags):
            assert isinstance(batch, ReadingBatch)
            if not len(batch):
                continue
            assert abs(int(batch.receive_us[-1]) - clock.now_us()) < 10**6
            assert not any(reading.quality.is_bad for reading in batch.rows())
            moments.append(clock.monotonic_s())
            clock.step_us = steps_us.get(len(moments), clock.step_us)
            if len(moments) == 9:
                break
            await done(case.tell)
    await driver.close()
    if DRIVERS[case.owner.kind].is_polled:
        assert moments[-1] - moments[0] == pytest.approx(0.8, abs=0.3)


async def test_old_devices_and_new_ones_live_side_by_side(free_port: int, tmp_path: Path) -> None:
    """ACQ-3, ACQ-9: serial line, PLC, wireless and files at once; what happens to one disturbs no other."""
    kinds = (ConnectionKind.MODBUS_SERIAL, ConnectionKind.OPCUA, ConnectionKind.MQTT, ConnectionKind.FILES)
    async with contextlib.AsyncExitStack() as devices:
        cases = []
        for number, kind in enumerate(kinds):
            folder = tmp_path / kind.value
            folder.mkdir()
            case = await devices.enter_async_context(CASES[kind](free_port, folder))
            tags = [replace(each, key=10 * number + each.key) for each in case.tags]
            cases.append(replace(case, tags=tags))
        keys = [each.key for case in cases for each in case.tags]
        stage = Stage([case.owner for case in cases], [each for case in cases for each in case.tags])
        async with stage:
            await until(lambda: stage.memory.is_good(*keys), within_s=10, what="first values of all")
            for case in cases:
                mine = {each.key for each in case.tags}
                others = [key for key in keys if key not in mine]
                begin, end = case.faults["gone"]
                await done(begin)
                await until(lambda gone=mine: stage.memory.is_bad(*gone), within_s=8, what="bad when gone")
                assert stage.memory.is_good(*others)
                await done(end)
                await until(lambda: stage.memory.is_good(*keys), within_s=10, what="all are back")
