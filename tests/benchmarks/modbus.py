"""Modbus links beside a raw blocking socket: cost of a read, scans of 1,000 registers, dead neighbours.

The server runs in a process of its own; CPU is that of the client alone. Two regimes: free running, where a
reply wakes a sleeping core, and client and server pinned to one core, which repeats best.
"""

import asyncio
import contextlib
import logging
import os
import random
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import numpy as np

from acquisition.addresses import ModbusTable
from acquisition.blocking_calls import CallThread
from acquisition.drivers import DRIVERS
from acquisition.drivers.modbus.lines import TcpLine
from acquisition.drivers.modbus.link import ModbusLink, RegisterClient
from acquisition.drivers.modbus.rtu import RtuLink
from acquisition.drivers.modbus.rtu_frames import rtu_frame
from acquisition.drivers.modbus.scan import ModbusScanner
from acquisition.drivers.modbus.scan_groups import plan_group
from acquisition.drivers.modbus.tcp import TcpLink
from acquisition.drivers.modbus.validation import read_question
from acquisition.supervisor import AcquisitionSupervisor
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock
from domain.plant.tags import Connection, ConnectionKind, Tag, TagKind
from services.clock import SystemClock
from tests.benchmarks._figures import tell
from tests.benchmarks._servers import server

READS, ROUNDS = 4000, 5
REGISTERS, BLOCK = 1000, 125
SCANS = READS * BLOCK // REGISTERS
VALUES = 8 * 63
REQUEST = struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, BLOCK)
GOAL_SCANS_S = 3500.0
LIVE, DEAD, LATENESS_S = 25, 25, 4.0


def main(arguments: list[str]) -> int:
    """Run every figure, free running and pinned to one core where the system can pin."""
    logging.disable(logging.WARNING)
    for regime, cores in _regimes():
        with _on(cores):
            port = _free_port()
            with server("fast_modbus", port):
                asyncio.run(_links(port, regime))
    port = _free_port()
    with server("fast_modbus", port):
        asyncio.run(_beside_dead_ones(port))
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _regimes() -> list[tuple[str, set[int]]]:
    if not hasattr(os, "sched_setaffinity"):
        return [("free running", set())]
    cores = os.sched_getaffinity(0)
    return [("free running", cores), ("pinned to one core", {max(cores)})]


@contextlib.contextmanager
def _on(cores: set[int]) -> Iterator[None]:
    """Keep this process, and children started meanwhile, on these cores."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    yield
    os.sched_setaffinity(0, before)


# cost of a read and scans a second


async def _links(port: int, regime: str) -> None:
    raw_us, raw_s = _raw(port, REQUEST, skip=9)
    name = "raw blocking socket and numpy"
    for depth in (1, 8):
        link = TcpLink(
            "127.0.0.1", port, timeout_s=2, losses=LossCounter(), calls=CallThread("device"), depth=depth
        )
        await link.connect()
        if depth == 1:
            read_us, _ = await _cost(_reading(link), READS)
            what = f"read of {BLOCK} registers, {regime}"
            tell(what, read_us, "CPU us", limit=raw_us, limit_name=name)
            bare_us, library_us = await _bare(port), await _library(port)
            tell(what, read_us, "CPU us", limit=bare_us, limit_name="asyncio protocol that judges nothing")
            tell(what, read_us, "CPU us", limit=library_us, limit_name="pymodbus client")
        scan_us, scan_s = await _cost(_scanning(link), SCANS)
        what = f"scan of {REGISTERS} registers to a batch of {VALUES} values, depth {depth}, {regime}"
        share = REGISTERS // BLOCK
        tell(what, scan_us, "CPU us", limit=share * raw_us, limit_name=f"{share} reads on a {name}")
        tell(what, 1 / scan_s, "scans/s", limit=1 / (share * raw_s), limit_name=f"{share} reads on a {name}")
        tell(what, 1 / scan_s, "scans/s", limit=GOAL_SCANS_S, limit_name="the goal")
        await link.close()
    await _rtu(port, regime)


class _Bare(asyncio.BufferedProtocol):
    """What the event loop itself costs: one write, one wake-up."""

    def __init__(self) -> None:
        self._buffer = bytearray(4096)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.answer.set_result(None)

    async def ask(self) -> None:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(REQUEST)
        await self.answer


async def _bare(port: int) -> float:
    transport, bare = await asyncio.get_running_loop().create_connection(_Bare, "127.0.0.1", port)
    cost_us, _ = await _cost(bare.ask, READS)
    transport.abort()
    return cost_us


async def _library(port: int) -> float:
    from pymodbus.client import AsyncModbusTcpClient

    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    cost_us, _ = await _cost(lambda: client.read_holding_registers(0, count=BLOCK, device_id=1), READS // 4)
    client.close()
    return cost_us


async def _rtu(port: int, regime: str) -> None:
    request = rtu_frame(read_question(ModbusTable.HOLDING, 1, first=0, count=BLOCK))
    raw_us, _ = _raw(port, request, skip=3)
    link = RtuLink(
        TcpLine("127.0.0.1", port, CallThread("device")), timeout_s=2, settle_s=0.1, losses=LossCounter()
    )
    await link.connect()
    read_us, _ = await _cost(_reading(link), READS)
    await link.close()
    tell(
        f"RTU on TCP, read of {BLOCK} registers, {regime}", read_us, "CPU us",
        limit=raw_us, limit_name="raw blocking socket and numpy, checksum not looked at",
    )  # fmt: skip


def _raw(port: int, request: bytes, *, skip: int) -> tuple[float, float]:
    """Return CPU us and seconds of one read on a blocking socket."""
    length = skip + 2 * BLOCK + (2 if len(request) == 8 else 0)
    buffer = bytearray(length)
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def read() -> None:
            link.sendall(request)
            view = memoryview(buffer)
            while view:
                view = view[link.recv_into(view) :]
            np.frombuffer(buffer, ">u2", BLOCK, skip).astype(np.uint16)

        costs = []
        for _ in range(ROUNDS):
            begun, begun_s = time.process_time_ns(), time.perf_counter()
            for _ in range(READS):
                read()
            cpu_us = (time.process_time_ns() - begun) / READS / 1e3
            costs.append((cpu_us, (time.perf_counter() - begun_s) / READS))
    return min(costs)


def _reading(link: ModbusLink) -> Callable[[], Awaitable[object]]:
    client = RegisterClient(link)
    return lambda: client.read(ModbusTable.HOLDING, 1, first=0, count=BLOCK)


def _scanning(link: ModbusLink) -> Callable[[], Awaitable[object]]:
    places = [(BLOCK * block + 2 * pair, "float32") for block in range(8) for pair in range(62)]
    places += [(BLOCK * block + 124, "uint16") for block in range(8)]
    tags = [_tag(key, {"offset": offset, "type": kind}) for key, (offset, kind) in enumerate(places, start=1)]
    group = plan_group(tags, period_s=1.0, default_unit=1, max_gap=8, limit=BLOCK)
    assert [block.count for block in group.blocks] == [BLOCK] * 8
    scanner = ModbusScanner((group,), link, clock=SystemClock(), losses=LossCounter())
    return lambda: scanner.scan(0)


def _tag(key: int, address: dict[str, object], owner: UUID | None = None, period_s: float = 1.0) -> Tag:
    return Tag(
        UUID(int=key), key, f"tag.{key}", "tag", TagKind.MEASURED, "1", UUID(int=9),
        connection_id=owner, address=address, period_s=period_s,
    )  # fmt: skip


async def _cost(act: Callable[[], Awaitable[object]], times: int) -> tuple[float, float]:
    """Return CPU us and seconds of one act, the best of some rounds."""
    costs = []
    for _ in range(ROUNDS):
        begun, begun_s = time.process_time_ns(), time.perf_counter()
        for _ in range(times):
            await act()
        cpu_us = (time.process_time_ns() - begun) / times / 1e3
        costs.append((cpu_us, (time.perf_counter() - begun_s) / times))
    return min(costs)


# dead neighbours


class _Arrivals:
    """A sink that keeps when each tag came."""

    def __init__(self) -> None:
        self.moments_s: dict[int, list[float]] = {}

    def publish(self, item: ReadingBatch | SampleBlock) -> None:
        if isinstance(item, ReadingBatch):
            for key in item.tag_key.tolist():
                self.moments_s.setdefault(key, []).append(time.perf_counter())


async def _beside_dead_ones(port: int) -> None:
    """Tell how late the scans of living devices are, alone and beside as many dead ones."""
    rounds = [(await _lateness_ms(port, dead=0), await _lateness_ms(port, dead=DEAD)) for _ in range(3)]
    alone, beside = (np.concatenate(side) for side in zip(*rounds, strict=True))
    for name, percent in (("p50", 50), ("p99", 99)):
        tell(
            f"lateness of {LIVE} devices at 100 ms beside {DEAD} dead ones, {name}",
            float(np.percentile(beside, percent)), "ms",
            limit=float(np.percentile(alone, percent)), limit_name="the same devices alone",
        )  # fmt: skip


async def _lateness_ms(port: int, *, dead: int) -> np.ndarray:
    """Return how much longer than its period each interval of each living device took."""
    connections, tags, period_s = [], [], 0.1
    with socket.create_server(("127.0.0.1", 0)) as hung:
        silent = hung.getsockname()[1]
        for number in range(LIVE + dead):
            options = {"host": "127.0.0.1", "port": port if number < LIVE else silent}
            owner = Connection(UUID(int=number + 1), f"plc {number}", ConnectionKind.MODBUS_TCP, options)
            connections.append(owner)
            tags.append(_tag(number + 1, {"offset": number}, owner.id, period_s))
        sink = _Arrivals()
        supervisor = AcquisitionSupervisor(
            connections, tags, sink, clock=SystemClock(), drivers=DRIVERS.__getitem__, chance=random.Random(1)
        )
        supervisor.start()
        await asyncio.sleep(LATENESS_S)
        await supervisor.stop()
    intervals = [np.diff(sink.moments_s[key])[5:] for key in range(1, LIVE + 1)]
    return 1e3 * np.abs(np.concatenate(intervals) - period_s)
