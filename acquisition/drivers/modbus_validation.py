"""Judging Modbus TCP answers before anyone looks at a value.

Libraries accept well-formed answers to other questions: another function, another count, transaction 0. Here
an answer counts only when transaction, unit, function and length are exactly those asked for.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from acquisition.addresses import ModbusTable
from acquisition.register_codec import Registers
from domain.errors import DeviceRefused, ProtocolError

_HEADER: Final = struct.Struct(">HHHBB")
_HEADER_OCTETS: Final = 6
_EXCEPTION_BIT: Final = 0x80

EXCEPTION_TEXT: Final[Mapping[int, str]] = {
    1: "the device does not know this function",
    2: "the device has no such address",
    3: "the device refuses the quantity or value",
    4: "the device failed while answering",
    5: "the device needs more time and has only acknowledged",
    6: "the device is busy",
    8: "the device found a memory parity error",
    10: "the gateway has no path to the unit",
    11: "the unit behind the gateway does not answer",
}


class NotModbus(ProtocolError):
    """Bytes that are no Modbus TCP frame: the stream is out of step and only a new connection helps."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was sent: the header fields that a right answer repeats."""

    transaction: int
    unit: int
    function: int


@dataclass(frozen=True, slots=True)
class Found:
    """The first frame in the stream that answers, and how many others stood before it."""

    frame: bytes | None
    strays: int


def find_answer(stream: bytes, question: Question) -> Found:
    """Return the first complete frame with the question's transaction; ``frame`` None while it is missing.

    Late and repeated answers of earlier requests are passed over. NotModbus when the stream is out of step,
    also behind the answer: bytes slipped into it would push its end there.
    """
    position = strays = 0
    answer: bytes | None = None
    while len(stream) - position >= _HEADER.size:
        transaction, protocol, length, _, _ = _HEADER.unpack_from(stream, position)
        if protocol != 0 or not 3 <= length <= 254:
            raise NotModbus("the device sent bytes that are no Modbus TCP frame", key="modbus_garbage")
        end = position + _HEADER_OCTETS + length
        if end > len(stream):
            break
        if answer is None and transaction == question.transaction:
            answer = stream[position:end]
        else:
            strays += 1
        position = end
    return Found(answer, strays)


def check_header(frame: bytes, question: Question) -> bytes:
    """Return the data after the function code.

    Raises DeviceRefused (parameter ``code``) for an exception answer, ProtocolError for any other question's.
    """
    _, _, _, unit, function = _HEADER.unpack_from(frame)
    data = frame[_HEADER.size :]
    if unit != question.unit:
        raise ProtocolError(f"asked unit {question.unit}, unit {unit} answered", key="modbus_wrong_unit")
    if function == question.function | _EXCEPTION_BIT and len(data) == 1:
        code = data[0]
        text = EXCEPTION_TEXT.get(code, "the device gives no known reason")
        raise DeviceRefused(f"exception {code}: {text}", key=f"modbus_exception_{code}", code=code)
    if function != question.function:
        raise ProtocolError(
            f"asked function {question.function}, got {function}", key="modbus_wrong_function"
        )
    return data


def registers_of(data: bytes, table: ModbusTable, *, count: int) -> Registers:
    """Return (count,) uint16 registers, or bits as 0 and 1; ProtocolError unless the length is exact."""
    octets = (count + 7) // 8 if table.is_bits else 2 * count
    if len(data) != octets + 1 or data[0] != octets:
        said = data[0] if data else 0
        raise ProtocolError(
            f"asked for {octets} bytes, the answer says {said} and holds {len(data) - 1}",
            key="modbus_wrong_length",
        )
    if table.is_bits:
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8, offset=1), bitorder="little")
        return bits[:count].astype(np.uint16)
    return np.frombuffer(data, dtype=">u2", offset=1).astype(np.uint16)


def check_echo(data: bytes, expected: bytes) -> None:
    """Raise ProtocolError unless a write was confirmed with exactly what was sent."""
    if data != expected:
        raise ProtocolError("the device confirmed another write than the one sent", key="modbus_wrong_echo")
