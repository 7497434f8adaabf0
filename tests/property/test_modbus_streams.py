"""Whatever bytes a device sends, cut anywhere: a right answer, a declared error, nothing else (T-14)."""

import asyncio
import struct

from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import ModbusTable
from acquisition.blocking_calls import CallThread
from acquisition.drivers.modbus.link import ModbusLink
from acquisition.drivers.modbus.rtu import RtuLink
from acquisition.drivers.modbus.tcp import TcpLink
from acquisition.drivers.modbus.validation import read_question, registers_of
from domain.errors import AcquisitionError, ConnectionLost
from domain.plant.readings import LossCounter
from tests.protocol.rtu_slave import crc

QUESTION = read_question(ModbusTable.HOLDING, 1, first=7, count=2)
RIGHT = bytes([3, 4, 0, 7, 0, 8])
ON_TCP = struct.pack(">HHHB", 1, 0, 1 + len(RIGHT), 1) + RIGHT
ON_RTU = b"\x01" + RIGHT + crc(b"\x01" + RIGHT)

SHORT_S, PATIENT_S = 0.01, 10.0
"""Garbage is waited for in vain at each example; what answers at once may find a busy machine."""


class Wire(asyncio.Transport):
    """Takes what is sent; the test plays the other end."""

    def write(self, data: object) -> None: ...

    def abort(self) -> None: ...


class SilentLine:
    """A line whose other end the test plays."""

    name, octet_s, silence_s = "line", 0.0, 0.0

    async def open(self, ear: object, *, within_s: float) -> None: ...

    async def send(self, octets: bytes) -> None: ...

    async def close(self) -> None: ...


async def outcome(link: ModbusLink, hear: object) -> list[int] | str:
    """Return the registers taken, or the name of the declared error."""
    (answer,) = link.ask([QUESTION])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    hear()  # type: ignore[operator]
    try:
        return registers_of(await answer, ModbusTable.HOLDING, count=2).tolist()
    except AcquisitionError as problem:
        return type(problem).__name__
    finally:
        await link.close()


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(octets)) for cut in cuts} | {len(octets)})
    return [octets[begin:end] for begin, end in zip([0, *ends], ends, strict=False) if end > begin]


async def on_tcp(parts: list[bytes], *, timeout_s: float = SHORT_S) -> list[int] | str:
    link = TcpLink("plc", 502, timeout_s=timeout_s, losses=LossCounter(), calls=CallThread("plc"))
    link.connection_made(Wire())

    def hear() -> None:
        for part in parts:
            while part and not link.lost.done():
                room = link.get_buffer(-1)
                taken = min(len(room), len(part))
                room[:taken] = part[:taken]
                link.buffer_updated(taken)
                part = part[taken:]

    return await outcome(link, hear)


async def on_rtu(parts: list[bytes], *, timeout_s: float = SHORT_S) -> list[int] | str:
    link = RtuLink(SilentLine(), timeout_s=timeout_s, settle_s=0.01, losses=LossCounter())
    await link.connect()
    return await outcome(link, lambda: [link.heard(part) for part in parts])


some_cuts = st.lists(st.integers(0, 40), max_size=5)
some_bytes = st.binary(max_size=40)


@given(some_bytes, some_cuts)
def test_any_bytes_on_tcp(octets: bytes, cuts: list[int]) -> None:
    result = asyncio.run(on_tcp(pieces(octets, cuts)))
    assert isinstance(result, str)


@given(some_bytes, some_cuts)
def test_any_bytes_on_rtu(octets: bytes, cuts: list[int]) -> None:
    result = asyncio.run(on_rtu(pieces(octets, cuts)))
    assert isinstance(result, str)


@given(some_cuts)
def test_the_right_answer_cut_anywhere(cuts: list[int]) -> None:
    assert asyncio.run(on_tcp(pieces(ON_TCP, cuts), timeout_s=PATIENT_S)) == [7, 8]
    assert asyncio.run(on_rtu(pieces(ON_RTU, cuts), timeout_s=PATIENT_S)) == [7, 8]


@given(st.binary(min_size=6, max_size=20), some_cuts)
def test_garbage_before_the_answer_ends_a_tcp_link(noise: bytes, cuts: list[int]) -> None:
    """F09."""
    if noise[2:4] == b"\x00\x00":
        return
    found = asyncio.run(on_tcp(pieces(noise + ON_TCP, cuts), timeout_s=PATIENT_S))
    assert found == ConnectionLost.__name__


@given(st.integers(0, 8 * len(ON_RTU) - 1))
def test_one_wrong_bit_on_rtu_is_no_value(bit: int) -> None:
    """F18."""
    broken = bytearray(ON_RTU)
    broken[bit // 8] ^= 1 << bit % 8
    assert isinstance(asyncio.run(on_rtu([bytes(broken)])), str)
