"""From the wire to the rings: OPC UA arrays, Modbus reads, poll jitter meanwhile, rings and hub.

Every server runs in a process of its own; CPU is that of the client process alone. OPC UA runs without
security here, so that the raw socket of the same run is comparable.
"""

import asyncio
import logging
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import numpy as np

from acquisition.addresses import ModbusTable
from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.driver import ModbusDriver
from acquisition.drivers.modbus.link import RegisterClient
from acquisition.drivers.modbus.scan import ModbusScanner
from acquisition.drivers.modbus.scan_groups import plan_group
from acquisition.drivers.modbus.tcp import TcpLink
from acquisition.drivers.opcua.driver import OpcUaDriver
from acquisition.hub import TagHub
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.readings import LossCounter, SampleBlock, reading_batch
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Tag, TagKind
from services.clock import SystemClock
from tests.benchmarks._figures import cpu_us, tell
from tests.benchmarks._servers import CHANNELS, LENGTH, PERIOD_S, URI, server

RATE_HZ = LENGTH / PERIOD_S
WARM_UP_S, MEASURED_S = 3.0, 12.0
READS = 1500
POLL_S = 0.01


def main(arguments: list[str]) -> int:
    """Run all figures; with ``--rings FOLDER`` only fill rings for another process until it lets go."""
    logging.disable(logging.WARNING)
    if arguments[:1] == ["--rings"]:
        return _fill(Path(arguments[1]))
    _rings()
    port = _free_port()
    with server("modbus", port):
        asyncio.run(_modbus(port))
    raw = _raw_share()
    ports = _free_port(), _free_port()
    with server("opcua", ports[0]), server("modbus", ports[1]):
        asyncio.run(_arrays(ports[0], ports[1], raw))
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tag(
    key: int, kind: TagKind, owner: Connection | None, address: dict[str, object], **more: object
) -> Tag:
    return Tag(
        UUID(int=key), key, f"tag.{key}", "tag", kind, "1", UUID(int=9),
        connection_id=owner.id if owner else None, address=address, **more,  # type: ignore[arg-type]
    )  # fmt: skip


# OPC UA arrays, and polling beside them


def _raw_share() -> float:
    """Return the share of a core of receiving the same bytes and viewing them as numbers."""
    port = _free_port()
    with server("raw", port), socket.create_connection(("127.0.0.1", port)) as link:
        buffer = bytearray(4 * LENGTH)
        place = np.empty(LENGTH, np.float32)
        begun_s, begun = time.monotonic(), time.process_time()
        while time.monotonic() - begun_s < 4:
            view = memoryview(buffer)
            while view:
                view = view[link.recv_into(view) :]
            place[:] = np.frombuffer(buffer, np.float32)
        return (time.process_time() - begun) / (time.monotonic() - begun_s)


def _fill(folder: Path) -> int:
    ports = _free_port(), _free_port()
    with server("opcua", ports[0]), server("modbus", ports[1]):
        asyncio.run(_fill_rings(folder, *ports))
    return 0


async def _fill_rings(folder: Path, port: int, modbus_port: int) -> None:
    """Read arrays and the 10 ms poll until standard input ends, then tell jitter and losses."""
    owner, tags = _array_tags(port)
    values = ValueTable.create(folder, [tag.key for tag in tags], epoch=1)
    rings = WaveformRing.create(folder, [(tag.key, RATE_HZ, 65_536) for tag in tags], epoch=1)
    driver = OpcUaDriver(owner, clock=SystemClock())
    received = _Received(TagHub(values, rings))
    reader = asyncio.create_task(received.take(driver, tags))
    await asyncio.sleep(WARM_UP_S)
    received.begin()
    beside = await _polled(modbus_port, seconds=MEASURED_S)
    for name, percent in (("p50", 50), ("p99", 99)):
        tell(
            f"10 ms poll beside 64 channels and a busy window, {name}", float(np.percentile(beside, percent)),
            "ms", limit=1e3 * POLL_S, limit_name="the period asked for",
        )  # fmt: skip
    wanted = CHANNELS * MEASURED_S / PERIOD_S
    lost = received.lost + driver.losses.total
    tell("blocks lost beside a busy window", lost, "blocks", limit=wanted, limit_name="blocks sent at 10 Hz")
    await asyncio.to_thread(sys.stdin.read)
    await driver.close()
    await asyncio.gather(reader, return_exceptions=True)
    values.close()
    rings.close()


def _array_tags(port: int) -> tuple[Connection, list[Tag]]:
    options = {
        "endpoint": f"opc.tcp://127.0.0.1:{port}/", "security": "None", "waiver": True,
        "publishing_interval_ms": 50,
    }  # fmt: skip
    owner = Connection(UUID(int=1), "arrays", ConnectionKind.OPCUA, options)
    tags = [
        _tag(
            number, TagKind.WAVEFORM, owner, {"namespace_uri": URI, "identifier": f"channel.{number}"},
            sampling_rate_hz=RATE_HZ, period_s=PERIOD_S, capture=CaptureSchedule(60.0, 32_768, True),
        )
        for number in range(CHANNELS)
    ]  # fmt: skip
    return owner, tags


async def _arrays(port: int, modbus_port: int, raw: float) -> None:
    owner, tags = _array_tags(port)
    with tempfile.TemporaryDirectory() as place:
        values = ValueTable.create(Path(place), [tag.key for tag in tags], epoch=1)
        rings = WaveformRing.create(Path(place), [(tag.key, RATE_HZ, 65_536) for tag in tags], epoch=1)
        driver = OpcUaDriver(owner, clock=SystemClock())
        received = _Received(TagHub(values, rings))
        alone = await _polled(modbus_port, seconds=MEASURED_S / 2)
        reader = asyncio.create_task(received.take(driver, tags))
        await asyncio.sleep(WARM_UP_S)
        received.begin()
        quiet_s, quiet = time.monotonic(), time.process_time()
        await asyncio.sleep(MEASURED_S)
        share = (time.process_time() - quiet) / (time.monotonic() - quiet_s)
        received.tell(driver.losses, share, raw)
        beside = await _polled(modbus_port, seconds=MEASURED_S)
        for name, percent in (("p50", 50), ("p99", 99)):
            tell(
                f"10 ms poll beside 64 channels, {name}", float(np.percentile(beside, percent)), "ms",
                limit=float(np.percentile(alone, percent)), limit_name="the same poll alone",
            )  # fmt: skip
        await driver.close()
        await asyncio.gather(reader, return_exceptions=True)
        values.close()
        rings.close()


class _Received:
    """Counts blocks on their way to the hub, holes by their index, and latency."""

    def __init__(self, hub: TagHub) -> None:
        self._hub = hub
        self._next: dict[int, int] = {}
        self.begin()

    def begin(self) -> None:
        self.blocks = self.lost = 0
        self.latency_ms: list[float] = []

    async def take(self, driver: OpcUaDriver, tags: list[Tag]) -> None:
        await driver.connect()
        async for item in driver.subscribe(tags):
            self._hub.publish(item)
            if isinstance(item, SampleBlock) and len(item.samples) == LENGTH:
                self._count(item)

    def _count(self, block: SampleBlock) -> None:
        hole = block.first_index - self._next.get(block.tag_key, block.first_index)
        self.lost += round(hole / LENGTH)
        self._next[block.tag_key] = block.first_index + LENGTH
        self.blocks += 1
        self.latency_ms.append((time.time_ns() / 1e3 - block.start_us) / 1e3 - 1e3 * PERIOD_S)

    def tell(self, losses: LossCounter, share: float, raw: float) -> None:
        wanted = CHANNELS * MEASURED_S / PERIOD_S
        limit_name = "raw socket and np.frombuffer of the same bytes"
        tell(
            "64 OPC UA channels of 25.6 kHz",
            100 * share,
            "% of a core",
            limit=100 * raw,
            limit_name=limit_name,
        )
        tell("blocks received", self.blocks, "blocks", limit=wanted, limit_name="blocks sent at 10 Hz")
        tell(
            "blocks lost", self.lost + losses.total, "blocks", limit=wanted, limit_name="blocks sent at 10 Hz"
        )
        for name, percent in (("p50", 50), ("p99", 99)):
            tell(
                f"latency from the last sample to the ring, {name}",
                float(np.percentile(self.latency_ms, percent)), "ms",
                limit=50.0, limit_name="publishing interval asked for",
            )  # fmt: skip


async def _polled(port: int, *, seconds: float) -> np.ndarray:
    """Return the intervals of a 10 ms poll in milliseconds."""
    owner = _modbus_connection(port)
    tags = [
        _tag(n, TagKind.MEASURED, owner, {"offset": 2 * n, "type": "float32"}, period_s=POLL_S)
        for n in range(20)
    ]
    driver = ModbusDriver(owner, clock=SystemClock())
    await driver.connect()
    moments: list[float] = []
    async for _ in driver.subscribe(tags):
        moments.append(time.perf_counter())
        if moments[-1] - moments[0] > seconds:
            break
    await driver.close()
    return 1e3 * np.diff(moments)


# Modbus


def _modbus_connection(port: int) -> Connection:
    return Connection(UUID(int=2), "plc", ConnectionKind.MODBUS_TCP, {"host": "127.0.0.1", "port": port})


async def _modbus(port: int) -> None:
    from pymodbus.client import AsyncModbusTcpClient

    owner = _modbus_connection(port)
    link = TcpLink("127.0.0.1", port, timeout_s=1, losses=LossCounter(), calls=CallThread("device"))
    await link.connect()
    tags = [_tag(n + 1, TagKind.MEASURED, owner, {"offset": 2 * n, "type": "float32"}) for n in range(62)]
    group = plan_group(tags, period_s=1.0, default_unit=1, max_gap=8, limit=125)
    scanner = ModbusScanner((group,), link, clock=SystemClock(), losses=LossCounter())
    ours = await _cpu_us(lambda: RegisterClient(link).read(ModbusTable.HOLDING, 1, first=0, count=125))
    scan = await _cpu_us(lambda: scanner.scan(0))
    await link.close()
    plain = AsyncModbusTcpClient("127.0.0.1", port=port)
    await plain.connect()
    theirs = await _cpu_us(lambda: plain.read_holding_registers(0, count=125, device_id=1))
    plain.close()
    raw = await _raw_modbus(port)
    tell(
        "Modbus read of 125 registers", ours, "CPU us", limit=raw, limit_name="raw asyncio streams and numpy"
    )
    tell("Modbus read, beside the library alone", ours, "CPU us", limit=theirs, limit_name="pymodbus client")
    tell(
        "Modbus scan of 62 floats to a batch",
        scan,
        "CPU us",
        limit=raw,
        limit_name="raw asyncio streams and numpy",
    )


async def _raw_modbus(port: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask() -> None:
        writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 125))
        header = await reader.readexactly(9)
        np.frombuffer(await reader.readexactly(header[8]), ">u2").astype(np.uint16)

    cost = await _cpu_us(ask)
    writer.close()
    return cost


async def _cpu_us(ask: Callable[[], object]) -> float:
    await ask()  # type: ignore[misc]
    begun = time.process_time_ns()
    for _ in range(READS):
        await ask()  # type: ignore[misc]
    return (time.process_time_ns() - begun) / READS / 1e3


# Rings and hub


def _rings() -> None:
    with tempfile.TemporaryDirectory() as place:
        rings = WaveformRing.create(Path(place), [(1, RATE_HZ, 262_144)], epoch=1)
        samples = np.ones(16_384, np.float32)
        target, index = np.empty_like(samples), iter(range(0, 10**9, len(samples)))
        copy = cpu_us(lambda: np.copyto(target, samples), times=2000)

        def write() -> None:
            rings.write(SampleBlock(1, samples, RATE_HZ, 1, 1, next(index), 0))

        name = "memcpy of 64 KiB"
        tell("ring write of 64 KiB", cpu_us(write, times=2000), "CPU us", limit=copy, limit_name=name)
        read = cpu_us(lambda: rings.newest(1, length=len(samples)), times=2000)
        tell("ring read of 64 KiB", read, "CPU us", limit=copy, limit_name=name)
        rings.close()
        _hub(Path(place))


def _hub(place: Path) -> None:
    count = 1000
    keys = np.arange(1, count + 1, dtype=np.int32)
    values = ValueTable.create(place, keys.tolist(), epoch=1)
    rings = WaveformRing.create(place, [], epoch=1)
    hub = TagHub(values, rings)
    batch = reading_batch(keys, np.ones(count), quality=0, source_us=1, receive_us=1)
    columns = (batch.value, batch.quality, batch.source_us, batch.receive_us, batch.sequence, batch.tag_key)
    copy = cpu_us(lambda: [column.copy() for column in columns], times=1000)
    publish = cpu_us(lambda: hub.publish(batch), times=1000)
    name = "copies of the six columns"
    tell("hub, a value of a batch of 1000", publish / count, "CPU us", limit=copy / count, limit_name=name)
    read = cpu_us(lambda: values.read(keys), times=1000)
    tell("value table, a value read of 1000", read / count, "CPU us", limit=copy / count, limit_name=name)
    values.close()
    rings.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
