"""Modbus devices: polling scan groups over whichever link the connection's kind names.

The scan path carries no library: answers were judged from their raw frames anyway (``validation.py``).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

from acquisition.addresses import ModbusAddress
from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.link import ModbusLink, RegisterClient
from acquisition.drivers.modbus.links import link_maker
from acquisition.drivers.modbus.register_codec import OrderTrial, in_every_order
from acquisition.drivers.modbus.scan import ModbusScanner
from acquisition.drivers.modbus.scan_groups import ScanGroup, plan_group, plan_groups
from acquisition.drivers.modbus.sentinel import sentinels_of
from acquisition.drivers.modbus.writing import confirmed_write
from acquisition.drivers.options import Options
from domain.errors import ConnectionLost
from domain.instants import Clock
from domain.plant.readings import LossCounter, ReadingBatch
from domain.plant.tags import Connection, Tag


class ModbusDriver:
    """Reads scan groups of one Modbus device, gateway or serial line.

    Options of every kind: ``unit`` 1, ``timeout_s`` 0.8, ``max_gap`` 8 registers, ``max_registers`` 125,
    ``writing_released`` False, ``sentinel`` none (see ``sentinel.py``). What the links need besides,
    ``links.py`` says.
    """

    def __init__(self, connection: Connection, *, clock: Clock, calls: CallThread | None = None) -> None:
        options = Options(connection)
        self._name = connection.name
        self._unit = options.integer("unit", default=1, low=0, high=255)
        self._max_gap = options.integer("max_gap", default=8, low=0, high=124)
        self._max_registers = options.integer("max_registers", default=125, low=4, high=125)
        self._is_writing_released = options.flag("writing_released")
        self._sentinels = sentinels_of(options, default_unit=self._unit)
        self.losses = LossCounter()
        calls = calls or CallThread(connection.name)
        self._make_link = link_maker(connection, losses=self.losses, calls=calls)
        self._clock = clock
        self._link: ModbusLink | None = None
        self._closing = asyncio.Event()
        self.lateness_s: deque[float] = deque(maxlen=10_000)
        """How late each of the last scans began, for the jitter figure."""

    async def connect(self) -> None:
        """Open the link within its time-out.

        ConnectionLost when it cannot be, ConfigurationError when a person must help.
        """
        self._link = link = self._make_link()
        await link.connect()

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Read every tag once."""
        group = plan_group(
            tags, period_s=1.0, default_unit=self._unit, max_gap=self._max_gap, limit=self._max_registers
        )
        return await self._scanner((group,)).scan(0)

    async def try_orders(self, tag: Tag) -> tuple[OrderTrial, ...]:
        """Read one tag's registers and return its raw value in each of the four orders, for the set-up.

        Raises ConfigurationError for a wrong address, AcquisitionError when the device does not give them.
        """
        address = ModbusAddress.from_plain(tag.address, tag_name=tag.name)
        unit = self._unit if address.unit is None else address.unit
        client = RegisterClient(self._open_link())
        registers = await client.read(address.table, unit, first=address.offset, count=address.count)
        return in_every_order(registers, address)

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch]:
        """Poll each scan group on its own drift-free schedule; one batch per group and scan.

        Raises ConnectionLost at once when the link goes, DeviceTimeout after three scans without an answer.
        """
        link = self._open_link()
        groups = plan_groups(
            tags, default_unit=self._unit, max_gap=self._max_gap, max_registers=self._max_registers
        )
        scanner = self._scanner(groups)
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
            RegisterClient(self._open_link()),
            tag,
            value,
            is_released=self._is_writing_released,
            default_unit=self._unit,
        )

    async def close(self) -> None:
        """Close the link and end a running ``subscribe``."""
        self._closing.set()
        if self._link is not None:
            await self._link.close()

    def _scanner(self, groups: Sequence[ScanGroup]) -> ModbusScanner:
        return ModbusScanner(
            groups, self._open_link(), clock=self._clock, losses=self.losses, sentinels=self._sentinels
        )

    def _open_link(self) -> ModbusLink:
        if self._link is None:
            raise ConnectionLost(
                f"connection '{self._name}' is not open", key="device_not_connected", device=self._name
            )
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
