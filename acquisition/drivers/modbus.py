"""Modbus TCP on sockets of our own: one frame out, one frame in, each judged to the bit.

The scan path carries no library: a request is a header and five bytes, and answers were judged from their raw
frames anyway (``modbus_validation``). One request is in flight at a time; there are no hidden retries.
"""

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

from acquisition.addresses import ModbusTable
from acquisition.drivers.modbus_scan import ModbusScanner
from acquisition.drivers.modbus_validation import (
    NotModbus,
    Question,
    check_echo,
    check_header,
    find_answer,
    registers_of,
)
from acquisition.drivers.modbus_write import confirmed_write
from acquisition.drivers.options import Options
from acquisition.register_codec import Registers
from acquisition.scanning import plan_group, plan_groups
from domain.errors import AcquisitionError, ConnectionLost, DeviceTimeout
from domain.instants import Clock
from domain.plant.readings import LossCounter, ReadingBatch
from domain.plant.tags import Connection, Tag

_HEADER: Final = struct.Struct(">HHHBB")
_PAIR: Final = struct.Struct(">HH")
_READ: Final = {ModbusTable.COIL: 1, ModbusTable.DISCRETE: 2, ModbusTable.HOLDING: 3, ModbusTable.INPUT: 4}
_WRITE_COIL, _WRITE_REGISTER, _WRITE_REGISTERS = 5, 6, 16
_COIL_ON: Final = 0xFF00
_LAST_TRANSACTION: Final = 0xFFFF


class ModbusLink(asyncio.Protocol):
    """One TCP connection: asks one question at a time and fails at once when the connection goes."""

    def __init__(self, host: str, port: int, *, timeout_s: float, losses: LossCounter) -> None:
        self.name = f"{host}:{port}"
        self._address = host, port
        self._timeout_s = timeout_s
        self._losses = losses
        self._turn = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._transaction = 0
        self._question: Question | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._stream = b""
        self.lost: asyncio.Future[None] = self._loop.create_future()

    async def connect(self) -> None:
        """Open the connection; ConnectionLost when it is refused or nobody answers in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._loop.create_connection(lambda: self, *self._address)
        except OSError as reason:
            raise ConnectionLost(
                f"{self.name} cannot be reached: check power, cable and address",
                key="modbus_unreachable",
                device=self.name,
            ) from reason

    async def read(self, table: ModbusTable, unit: int, *, first: int, count: int) -> Registers:
        """Read ``count`` registers or bits.

        Raises ConnectionLost, DeviceTimeout, ProtocolError or DeviceRefused.
        """
        data = await self._exchange(unit, _READ[table], _PAIR.pack(first, count))
        return registers_of(data, table, count=count)

    async def write(self, table: ModbusTable, unit: int, *, first: int, registers: Registers) -> None:
        """Send exactly one write request and check its echo; raises like ``read``."""
        words = [int(word) for word in registers]
        if table is ModbusTable.COIL:
            echo = body = _PAIR.pack(first, _COIL_ON if words[0] else 0)
            function = _WRITE_COIL
        elif len(words) == 1:
            echo = body = _PAIR.pack(first, words[0])
            function = _WRITE_REGISTER
        else:
            echo = _PAIR.pack(first, len(words))
            body = echo + struct.pack(f">B{len(words)}H", 2 * len(words), *words)
            function = _WRITE_REGISTERS
        check_echo(await self._exchange(unit, function, body), echo)

    def close(self) -> None:
        """Close the socket; a waiting request ends with ConnectionLost."""
        if self._transport is not None:
            self._transport.abort()
        self._lose(ConnectionLost(f"{self.name}: closed by us", device=self.name))

    async def _exchange(self, unit: int, function: int, body: bytes) -> bytes:
        async with self._turn:
            if self.lost.done():
                self.lost.result()
            if self._transport is None:
                raise ConnectionLost(f"{self.name} is not connected", device=self.name)
            self._transaction = self._transaction % _LAST_TRANSACTION + 1
            self._question = Question(self._transaction, unit, function)
            self._answer = self._loop.create_future()
            self._stream = b""
            self._transport.write(_HEADER.pack(self._transaction, 0, 2 + len(body), unit, function) + body)
            timer = self._loop.call_later(self._timeout_s, self._give_up, self._answer)
            try:
                return await self._answer
            finally:
                timer.cancel()
                self._question = self._answer = None

    def _give_up(self, answer: asyncio.Future[bytes]) -> None:
        if not answer.done():
            answer.set_exception(
                DeviceTimeout(f"{self.name} holds the connection but does not answer", device=self.name)
            )

    # --- what the socket tells ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take the one answer that is right; count everything else."""
        question, answer = self._question, self._answer
        if question is None or answer is None or answer.done():
            self._losses.add("stray_answer")
            return
        self._stream += data
        try:
            found = find_answer(self._stream, question)
            if found.frame is None:
                return
            if found.strays:
                self._losses.add("stray_answer", found.strays)
            answer.set_result(check_header(found.frame, question))
        except NotModbus as garbage:
            self._losses.add("garbage")
            self._lose(ConnectionLost(f"{self.name}: {garbage}", key="modbus_garbage", device=self.name))
        except AcquisitionError as refusal:
            answer.set_exception(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits, at once."""
        self._lose(ConnectionLost(f"{self.name} closed the connection", device=self.name))

    def _lose(self, reason: ConnectionLost) -> None:
        if not self.lost.done():
            self.lost.set_exception(reason)
            self.lost.exception()  # seen: nobody may be waiting
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(reason)


class ModbusDriver:
    """Reads scan groups of one Modbus TCP device or gateway.

    Options: ``host``, ``port`` 502, ``unit`` 1, ``timeout_s`` 0.8, ``max_gap`` 8 registers, ``max_registers``
    125, ``writing_released`` False.
    """

    def __init__(self, connection: Connection, *, clock: Clock) -> None:
        options = Options(connection)
        self._host = options.text("host")
        self._port = options.integer("port", default=502, low=1, high=65535)
        self._unit = options.integer("unit", default=1, low=0, high=255)
        self._timeout_s = options.number("timeout_s", default=0.8, low=0.05, high=5.0)
        self._max_gap = options.integer("max_gap", default=8, low=0, high=124)
        self._max_registers = options.integer("max_registers", default=125, low=4, high=125)
        self._is_writing_released = options.flag("writing_released")
        self._clock = clock
        self._link: ModbusLink | None = None
        self._closing = asyncio.Event()
        self.losses = LossCounter()
        self.lateness_s: deque[float] = deque(maxlen=10_000)
        """How late each of the last scans began, for the jitter figure."""

    async def connect(self) -> None:
        """Open the connection within the time-out; ConnectionLost otherwise."""
        link = ModbusLink(self._host, self._port, timeout_s=self._timeout_s, losses=self.losses)
        await link.connect()
        self._link = link

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Read every tag once."""
        group = plan_group(
            tags, period_s=1.0, default_unit=self._unit, max_gap=self._max_gap, limit=self._max_registers
        )
        scanner = ModbusScanner((group,), self._open_link(), clock=self._clock, losses=self.losses)
        return await scanner.scan(0)

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch]:
        """Poll each scan group on its own drift-free schedule; one batch per group and scan.

        Raises ConnectionLost at once when the link goes, DeviceTimeout after three scans without an answer.
        """
        link = self._open_link()
        groups = plan_groups(
            tags, default_unit=self._unit, max_gap=self._max_gap, max_registers=self._max_registers
        )
        scanner = ModbusScanner(groups, link, clock=self._clock, losses=self.losses)
        start_s = self._clock.monotonic_s()
        due_s = [start_s for _ in groups]
        try:
            while groups and not self._closing.is_set():
                index = min(range(len(due_s)), key=due_s.__getitem__)
                await self._pause(due_s[index] - self._clock.monotonic_s(), link)
                if self._closing.is_set():
                    return
                now_s = self._clock.monotonic_s()
                self.lateness_s.append(now_s - due_s[index])
                yield await scanner.scan(index)
                scanner.raise_if_silent()
                due_s[index] = self._next_due(due_s[index], groups[index].period_s)
        except ConnectionLost:
            if not self._closing.is_set():
                raise

    async def write(self, tag: Tag, value: bool | int | float | str) -> None:
        """Write once and read back; NotPermitted unless connection and tag allow it.

        Raises RuleViolation outside the tag's limits, DeviceRefused, or WriteOutcomeUnknown when the device
        did not confirm.
        """
        await confirmed_write(
            self._open_link(),
            tag,
            value,
            is_released=self._is_writing_released,
            default_unit=self._unit,
        )

    async def close(self) -> None:
        """Close the link and end a running ``subscribe``."""
        self._closing.set()
        if self._link is not None:
            self._link.close()

    def _open_link(self) -> ModbusLink:
        if self._link is None:
            raise ConnectionLost(f"{self._host}:{self._port} is not connected")
        return self._link

    def _next_due(self, due_s: float, period_s: float) -> float:
        """Return the next slot of the grid that is not over yet; slots passed over are counted."""
        behind = self._clock.monotonic_s() - due_s
        slots = max(1, int(behind / period_s))
        if slots > 1:
            self.losses.add("scan_overrun", slots - 1)
        return due_s + slots * period_s

    async def _pause(self, seconds: float, link: ModbusLink) -> None:
        """Wait for the next scan; a lost link raises at once."""
        if seconds > 0:
            await asyncio.wait({link.lost}, timeout=seconds)
        if link.lost.done():
            link.lost.result()
