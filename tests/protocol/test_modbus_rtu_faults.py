"""Modbus RTU on lines that misbehave: pseudo terminals and TCP (fault catalogue, section B)."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from serial import Serial
from serial.tools.list_ports_common import ListPortInfo

from acquisition.driver import DriverState
from acquisition.drivers.modbus import serial_line
from acquisition.drivers.modbus.driver import ModbusDriver
from acquisition.drivers.modbus.serial_line import SerialPort, SerialSettings, port_name, serial_ports
from domain.errors import ConfigurationError, ConnectionLost
from domain.plant.quality import QualityCause
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Connection, ConnectionKind, Tag
from tests.protocol.rtu_slave import PtyLine, RtuUnits, TcpSlave
from tests.protocol.stage import RealClock, Stage, connection, tag, until

TIMEOUT_S, SETTLE_S = 0.1, 0.05


@pytest.fixture
def units() -> RtuUnits:
    return RtuUnits()


@pytest.fixture
async def on_tcp(units: RtuUnits) -> AsyncIterator[Connection]:
    async with TcpSlave(units) as server:
        kind = ConnectionKind.MODBUS_RTU_TCP
        yield connection(kind, host="127.0.0.1", port=server.port, timeout_s=TIMEOUT_S, settle_s=SETTLE_S)


def serial(line: PtyLine, **options: object) -> Connection:
    """Return a connection to the pseudo terminal; those know no parity."""
    plain: dict[str, object] = {"port": line.path, "parity": "none", "baud_rate": 115200}
    quick: dict[str, object] = {"timeout_s": TIMEOUT_S, "settle_s": SETTLE_S}
    return connection(ConnectionKind.MODBUS_SERIAL, **plain | quick | options)


@pytest.fixture
async def on_pty(units: RtuUnits) -> AsyncIterator[Connection]:
    async with PtyLine(units) as line:
        yield serial(line)


@pytest.fixture(params=["on_pty", "on_tcp"])
def owner(request: pytest.FixtureRequest) -> Connection:
    made: Connection = request.getfixturevalue(request.param)
    return made


@contextlib.asynccontextmanager
async def opened(owner: Connection) -> AsyncIterator[ModbusDriver]:
    driver = ModbusDriver(owner, clock=RealClock())
    await driver.connect()
    yield driver
    await driver.close()


def register(owner: Connection, offset: int, *, unit: int = 1, **changes: object) -> Tag:
    return tag(offset, owner, {"offset": offset, "unit": unit}, **changes)


def assert_true_values(batch: ReadingBatch, *, unit: int = 1) -> int:
    """Fail for a wrong value that passes as good; return how many are good."""
    good = [reading for reading in batch.rows() if not reading.quality.is_bad]
    assert [reading.value for reading in good] == [reading.tag_key + 1000 * unit for reading in good]
    return len(good)


@pytest.mark.parametrize("late_s", [0.12, 0.5, 0.65])
@pytest.mark.parametrize("loop_back", ["sent back", "refused", "ignored"])
async def test_f16_one_late_answer_shifts_nothing(
    on_tcp: Connection, units: RtuUnits, late_s: float, loop_back: str
) -> None:
    """F16: 0 shifted values in the next 1,000 reads, also when the device is later than we allow for."""
    units.knows_loop_back = loop_back == "sent back"
    units.is_deaf_to_loop_back = loop_back == "ignored"
    await late_once(on_tcp, units, late_s=late_s)


async def test_f16_one_late_answer_shifts_nothing_on_a_serial_line(
    on_pty: Connection, units: RtuUnits
) -> None:
    await late_once(on_pty, units, late_s=0.12)


async def late_once(owner: Connection, units: RtuUnits, *, late_s: float) -> None:
    async with opened(owner) as driver:
        assert assert_true_values(await driver.read([register(owner, 1)])) == 1
        units.late_s = [late_s]
        assert assert_true_values(await driver.read([register(owner, 100)])) == 0
        good = reads = 0
        while good < 1000:
            good += assert_true_values(await driver.read([register(owner, 200 + good)]))
            reads += 1
            assert reads < 100_000, "it never comes back in step"
        assert driver.losses.by_cause["stray_answer"] >= 1


async def test_f16_answers_late_again_and_again_never_pass_for_others(
    owner: Connection, units: RtuUnits
) -> None:
    async with opened(owner) as driver:
        for number in range(40):
            if number % 5 == 0:
                units.late_s = [TIMEOUT_S + 0.02 * (number % 15)]
            assert_true_values(await driver.read([register(owner, 100 + number)]))
        units.late_s.clear()
        await until_good(driver, register(owner, 7))


async def until_good(driver: ModbusDriver, wanted: Tag) -> None:
    deadline_s = time.monotonic() + 5
    while not assert_true_values(await driver.read([wanted])):
        assert time.monotonic() < deadline_s, "no good value within 5 s"


async def test_f16_a_late_unit_harms_no_other_on_the_line(owner: Connection, units: RtuUnits) -> None:
    async with opened(owner) as driver:
        first, second = register(owner, 1), register(owner, 2, unit=2)
        assert len(await driver.read([first, second])) == 2
        units.late_s = [TIMEOUT_S + SETTLE_S + 0.1]
        await driver.read([second])
        for _ in range(20):
            assert_true_values(await driver.read([first]))
            assert_true_values(await driver.read([second]), unit=2)


async def test_a_question_given_up_by_its_caller_leaves_the_line_in_step(
    owner: Connection, units: RtuUnits
) -> None:
    """Finding 3: never cancel on RTU."""
    async with opened(owner) as driver:
        for number in range(5):
            units.late_s = [0.05]
            asked = asyncio.create_task(driver.read([register(owner, 300 + number)]))
            await until(lambda: not units.late_s, within_s=2, what="the question arrived")
            asked.cancel()
            await asyncio.wait({asked})
            assert assert_true_values(await driver.read([register(owner, 20 + number)])) == 1


@pytest.mark.parametrize("is_echoing", [False, True])
@pytest.mark.parametrize("is_cut", [False, True])
async def test_f18_broken_echoed_and_cut_frames_are_tolerated(
    owner: Connection, units: RtuUnits, is_echoing: bool, is_cut: bool
) -> None:
    """F18: 5 % broken checksums: >= 90 % good polls, 0 wrong."""
    units.broken_share, units.is_echoing, units.is_cut = 0.05, is_echoing, is_cut
    polls = 150
    async with opened(owner) as driver:
        good = 0
        for number in range(polls):
            tags = [register(owner, 3 * number + place) for place in range(3)]
            good += assert_true_values(await driver.read(tags)) == 3
        assert driver.losses.by_cause["broken_frame"], "told apart from silence"
    assert units.broken >= 3
    assert good >= 0.9 * polls


@pytest.mark.parametrize("wrong", ["function", "count"])
async def test_f07_answers_of_wrong_shape_are_never_taken(
    owner: Connection, units: RtuUnits, wrong: str
) -> None:
    async with opened(owner) as driver:
        await driver.read([register(owner, 1)])
        units.wrong = wrong
        (reading,) = (await driver.read([register(owner, 2)])).rows()
        assert (reading.quality.is_bad, reading.quality.cause) == (True, QualityCause.DECODE)
        units.wrong = ""
        await until_good(driver, register(owner, 3))


async def test_a_written_value_is_confirmed_also_on_an_echoing_line(
    units: RtuUnits, owner: Connection
) -> None:
    """The answer to a write looks like the request, and so does the echo."""
    units.is_echoing = True
    released = connection(owner.kind, **owner.options, writing_released=True)
    async with opened(released) as driver:
        target = register(released, 5, is_writable=True)
        await driver.read([target])
        await driver.write(target, 77)
        assert units.written == {5: 77}
        assert [function for _, function, *_ in units.requests] == [3, 6, 3]


async def test_f15_a_dead_unit_is_asked_seldom_and_the_line_serves_the_others(
    owner: Connection, units: RtuUnits
) -> None:
    """Three misses, then every 10 s: the living units keep their grid."""
    units.silent = {2}
    tags = [register(owner, 1), register(owner, 2, unit=2), register(owner, 3, unit=3)]
    async with Stage([owner], tags) as stage:
        await until(lambda: asked(units, 1) >= 30, within_s=8, what="thirty scans of the living")
        assert asked(units, 2) <= 3
        assert stage.memory.is_good(1, 3)
        assert stage.memory.is_bad(2)
        mark = len(stage.memory.batches)
        await until(lambda: len(stage.memory.batches) > mark + 11, within_s=5, what="more scans")
        times = [moment for moment, _ in stage.memory.batches[mark:]]
        assert (times[-1] - times[0]) / (len(times) - 1) < 0.12


def asked(units: RtuUnits, unit: int) -> int:
    return sum(number == unit for number, *_ in units.requests)


@pytest.mark.parametrize("is_renamed", [False, True])
async def test_f19_an_adapter_that_comes_back_is_found_by_its_identity(
    units: RtuUnits, is_renamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F19: back under the same or another name; recovery <= 5 s. Only the system's list is played."""
    names = [tmp_path / "ttyUSB0", tmp_path / "ttyUSB1"]
    present: list[ListPortInfo] = []
    monkeypatch.setattr(serial_line.list_ports, "comports", lambda: list(present))
    async with PtyLine(units) as line:
        names[0].symlink_to(line.path)
        present[:] = [usb_port(names[0], serial="A1")]
        owner = serial(line, port=str(names[0]), adapter="0403:6001:A1")
        async with Stage([owner], [register(owner, 1)]) as stage:
            await until(lambda: stage.memory.is_good(1), within_s=4, what="first value")
            line.unplug()
            names[0].unlink()
            present.clear()
            await until(lambda: stage.memory.is_bad(1), within_s=2, what="bad when unplugged")
            state = DriverState.DISCONNECTED.value
            assert stage.supervisor.statuses()[0].state == state
            line.plug_in()
            back = names[1] if is_renamed else names[0]
            back.symlink_to(line.path)
            stranger = tmp_path / "ttyUSB0" if is_renamed else tmp_path / "ttyUSB9"
            present[:] = [usb_port(stranger, serial="B2"), usb_port(back, serial="A1")]
            mark = len(stage.memory.readings)
            await until(
                lambda: any(r.quality.is_good for r in stage.memory.readings[mark:]),
                within_s=5,
                what="good after it is back",
            )
            assert {r.value for r in stage.memory.readings if r.quality.is_good} == {1001.0}


def usb_port(path: Path, *, serial: str) -> ListPortInfo:
    port = ListPortInfo(str(path))
    port.vid, port.pid, port.serial_number = 0x0403, 0x6001, serial
    return port


async def test_a_port_belongs_to_one_connection(units: RtuUnits) -> None:
    async with PtyLine(units) as line:
        owner = serial(line)
        async with opened(owner):
            with pytest.raises(ConnectionLost, match="another program"):
                await ModbusDriver(owner, clock=RealClock()).connect()
        async with opened(owner) as again:
            assert assert_true_values(await again.read([register(owner, 1)])) == 1


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it is cleared no write returns, whatever its limit; only this call of the adapter is played."""
    goes_on, write = threading.Event(), Serial.write
    goes_on.set()

    def stuck_write(port: Serial, octets: bytes) -> int | None:
        goes_on.wait()
        return write(port, octets)

    monkeypatch.setattr(Serial, "write", stuck_write)
    yield goes_on
    goes_on.set()


async def test_an_adapter_that_takes_no_octets_is_told_as_gone_and_found_again(
    units: RtuUnits, stuck: threading.Event
) -> None:
    """Told <= 5 s, as for any link that hangs, and good again when the adapter goes on."""
    async with PtyLine(units) as line:
        owner = serial(line)
        async with Stage([owner], [register(owner, 1)]) as stage:
            await until(lambda: stage.memory.is_good(1), within_s=4, what="first value")
            stuck.clear()
            state = DriverState.DISCONNECTED.value
            await until(lambda: stage.supervisor.statuses()[0].state == state, within_s=5, what="told")
            assert stage.memory.is_bad(1)
            stuck.set()
            await until(lambda: stage.memory.is_good(1), within_s=8, what="good when it goes on")


async def test_a_port_is_free_again_although_nobody_could_wait_for_its_closing(
    units: RtuUnits, stuck: threading.Event
) -> None:
    """A collector that is built anew opens the same port again, in the same process."""
    async with PtyLine(units) as line:
        owner = serial(line)
        async with Stage([owner], [register(owner, 1)]) as stage:
            await until(lambda: stage.memory.is_good(1), within_s=4, what="first value")
            stuck.clear()
            await asyncio.sleep(0.3)  # a question hangs: longer than a period
        stuck.set()
        async with Stage([owner], [register(owner, 1)]) as again:
            await until(lambda: again.memory.is_good(1), within_s=8, what="good on the same port")


async def test_a_port_that_opens_too_late_is_closed_again(
    units: RtuUnits, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, opened_ports, real = threading.Event(), [], serial_line.serial.Serial

    def late(*settings: object, **more: object) -> Serial:
        goes_on.wait()
        opened_ports.append(real(*settings, **more))
        return opened_ports[-1]

    monkeypatch.setattr(serial_line.serial, "Serial", late)
    async with PtyLine(units) as line:
        driver = ModbusDriver(serial(line), clock=RealClock())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await driver.connect()
        await driver.close()
        goes_on.set()
        await until(lambda: opened_ports and not opened_ports[0].is_open, within_s=5, what="closed")


async def test_names_that_are_not_found_and_calls_that_hang_stop_no_line(
    units: RtuUnits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F15: more look-ups of names hang than the loop's pool has threads. Only the system's call is played."""
    goes_on, getaddrinfo, looked_up = threading.Event(), socket.getaddrinfo, set()

    def look_up(host: str, *more: object, **named: object) -> object:
        if host.endswith(".plant"):
            looked_up.add(host)
            goes_on.wait()
            raise socket.gaierror(-3, "no answer")
        return getaddrinfo(host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    dead = [connection(ConnectionKind.MODBUS_TCP, host=f"d{number}.plant") for number in range(40)]
    async with PtyLine(units) as line, TcpSlave(units) as server:
        kind = ConnectionKind.MODBUS_RTU_TCP
        named, port = connection(kind, host="localhost", port=server.port), serial(line)
        tags = [register(port, 1), register(named, 2)]
        tags += [register(each, 100 + number) for number, each in enumerate(dead)]
        try:
            async with Stage([*dead, named, port], tags) as stage:
                await until(lambda: len(looked_up) == 40, within_s=8, what="all names asked")
                mark = len(stage.memory.readings)
                await until(
                    lambda: {r.tag_key for r in stage.memory.readings[mark:] if r.quality.is_good} == {1, 2},
                    within_s=4,
                    what="the living go on",
                )
        finally:
            goes_on.set()


def test_the_port_is_that_of_the_adapter_or_none() -> None:
    ports = [SerialPort("COM3", "1a86:7523:", ""), SerialPort("COM4", "1a86:7523:", "")]
    assert port_name(SerialSettings("COM9"), ports) == "COM9"
    assert port_name(SerialSettings("COM4", "1a86:7523:"), ports) == "COM4"
    assert port_name(SerialSettings("COM9", "1a86:7523:"), ports[:1]) == "COM3"
    with pytest.raises(ConnectionLost, match="not plugged in"):
        port_name(SerialSettings("COM3", "0403:6001:A1"), ports)
    with pytest.raises(ConfigurationError, match="COM3, COM4"):
        port_name(SerialSettings("COM9", "1a86:7523:"), ports)


def test_the_ports_of_this_computer_can_be_listed() -> None:
    assert all(isinstance(port, SerialPort) and port.name for port in serial_ports())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "'port' must be a text"),
        ({"port": "COM1", "parity": "strange"}, "'parity' must be one of none, even, odd"),
        ({"port": "COM1", "baud_rate": 12}, "'baud_rate' must be a whole number"),
        ({"port": "COM1", "settle_s": 0}, "'settle_s' must be a number"),
    ],
)
def test_options_of_a_serial_line_are_checked(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        ModbusDriver(connection(ConnectionKind.MODBUS_SERIAL, **options), clock=RealClock())


async def test_a_line_that_never_falls_silent_is_given_up(units: RtuUnits) -> None:
    async with PtyLine(units) as line:
        owner = serial(line)
        async with opened(owner) as driver:
            units.silent = {1}
            await driver.read([register(owner, 1)])

            async def babble() -> None:
                while True:
                    os.write(line._master, b"\x00\xff")
                    await asyncio.sleep(0.02)

            noise = asyncio.create_task(babble())
            with pytest.raises(ConnectionLost, match="never falls silent"):
                await driver.read([register(owner, 1)])
            noise.cancel()
            await asyncio.wait({noise})
