"""Modbus TCP. The only module that imports pymodbus.

The library frames requests and owns the socket; retries and reconnects are off. One request is in flight at a
time and every answer is judged from its raw frame (``modbus_validation``) before the library sees it.
"""

import asyncio
import logging
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from pymodbus.client import AsyncModbusTcpClient

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

_STREAM_LIMIT: Final = 1 << 20
"""The library silently empties a buffer beyond its limit; ours must see the bytes to judge them."""


class ModbusLink:
    """One TCP connection: asks one question at a time and fails at once when the connection goes."""

    def __init__(self, host: str, port: int, *, timeout_s: float, losses: LossCounter) -> None:
        self.name = f"{host}:{port}"
        self._timeout_s = timeout_s
        self._losses = losses
        self._turn = asyncio.Lock()
        self._question: Question | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # every fault is told once, by this driver
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            retries=0,
            reconnect_delay=0,
            timeout=timeout_s + 1,  # ours comes first, the library's only backs it up
            trace_packet=self._trace,
            trace_connect=self._connection_changed,
        )
        self._client.ctx.max_buffer_size = _STREAM_LIMIT

    async def connect(self) -> None:
        """Open the connection; ConnectionLost when it is refused or nobody answers in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                is_open = await self._client.connect()
        except TimeoutError:
            is_open = False
        if not is_open:
            raise ConnectionLost(
                f"{self.name} cannot be reached: check power, cable and address",
                key="modbus_unreachable",
                device=self.name,
            )

    async def read(self, table: ModbusTable, unit: int, *, first: int, count: int) -> Registers:
        """Read ``count`` registers or bits.

        Raises ConnectionLost, DeviceTimeout, ProtocolError or DeviceRefused.
        """
        ask = {
            ModbusTable.COIL: self._client.read_coils,
            ModbusTable.DISCRETE: self._client.read_discrete_inputs,
            ModbusTable.HOLDING: self._client.read_holding_registers,
            ModbusTable.INPUT: self._client.read_input_registers,
        }[table]
        data = await self._exchange(lambda: ask(first, count=count, device_id=unit))
        return registers_of(data, table, count=count)

    async def write(self, table: ModbusTable, unit: int, *, first: int, registers: Registers) -> None:
        """Send exactly one write request and check its echo; raises like ``read``."""
        words = [int(word) for word in registers]
        if table is ModbusTable.COIL:
            echo = struct.pack(">HH", first, 0xFF00 if words[0] else 0)
            data = await self._exchange(
                lambda: self._client.write_coil(first, bool(words[0]), device_id=unit)
            )
        elif len(words) == 1:
            echo = struct.pack(">HH", first, words[0])
            data = await self._exchange(lambda: self._client.write_register(first, words[0], device_id=unit))
        else:
            echo = struct.pack(">HH", first, len(words))
            data = await self._exchange(lambda: self._client.write_registers(first, words, device_id=unit))
        check_echo(data, echo)

    def close(self) -> None:
        """Close the socket; a waiting request ends with ConnectionLost."""
        self._client.close()
        self._lose(ConnectionLost(f"{self.name}: closed by us", device=self.name))

    async def _exchange(self, send: Callable[[], Awaitable[object]]) -> bytes:
        async with self._turn:
            if self.lost.done():
                self.lost.result()
            self._question = None
            self._answer = asyncio.get_running_loop().create_future()
            request = asyncio.ensure_future(send())
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._answer
            except TimeoutError:
                raise DeviceTimeout(
                    f"{self.name} holds the connection but does not answer", device=self.name
                ) from None
            finally:
                self._question = self._answer = None
                request.cancel()
                await asyncio.gather(request, return_exceptions=True)

    def _trace(self, is_sending: bool, octets: bytes) -> bytes:
        """See every frame; pass on to the library only the one answer that is right."""
        if is_sending:
            self._question = Question.of_frame(octets)
            return octets
        question, answer = self._question, self._answer
        if question is None or answer is None or answer.done():
            self._losses.add("stray_answer")
            return b""
        try:
            found = find_answer(octets, question)
            if found.frame is None:
                return b""
            if found.strays:
                self._losses.add("stray_answer", found.strays)
            answer.set_result(check_header(found.frame, question))
        except NotModbus as garbage:
            self._losses.add("garbage")
            self._lose(ConnectionLost(f"{self.name}: {garbage}", key="modbus_garbage", device=self.name))
        except AcquisitionError as refusal:
            answer.set_exception(refusal)
        return b""

    def _connection_changed(self, is_open: bool) -> None:
        if not is_open:
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
