"""Questions to a Modbus unit, and judging answers before anyone looks at a value.

Libraries accept well-formed answers to other questions: another function, another count, transaction 0. Here
an answer counts only when unit, function and length are exactly those asked for, whatever link it came by.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np

from acquisition.addresses import ModbusTable
from acquisition.drivers.modbus.register_codec import Registers
from domain.errors import DeviceRefused, ProtocolError

EXCEPTION_BIT: Final = 0x80
_PAIR: Final = struct.Struct(">HH")
_READ: Final = {ModbusTable.COIL: 1, ModbusTable.DISCRETE: 2, ModbusTable.HOLDING: 3, ModbusTable.INPUT: 4}
_WRITE_COIL, _WRITE_REGISTER, _LOOP_BACK, _WRITE_REGISTERS = 5, 6, 8, 16
_COIL_ON: Final = 0xFF00
_ECHO_OCTETS: Final = 4
_WORD: Final = np.dtype(">u2")

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


@dataclass(frozen=True, slots=True)
class Question:
    """One request: ``body`` follows the function code; a right answer has ``answer_octets`` after its own.

    ``octets`` is all of it: unit, function and body.
    """

    unit: int
    function: int
    body: bytes
    answer_octets: int
    octets: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "octets", bytes((self.unit, self.function)) + self.body)

    @property
    def is_read(self) -> bool:
        """Whether the question only reads registers or bits."""
        return self.function <= _READ[ModbusTable.INPUT]


@cache
def read_question(table: ModbusTable, unit: int, *, first: int, count: int) -> Question:
    """Ask for ``count`` registers or bits. Scans ask the same again and again, so questions are kept."""
    octets = (count + 7) // 8 if table.is_bits else 2 * count
    return Question(unit, _READ[table], _PAIR.pack(first, count), octets + 1)


def write_question(table: ModbusTable, unit: int, *, first: int, registers: Registers) -> Question:
    """Ask to set one coil or these registers."""
    words = [int(word) for word in registers]
    if table is ModbusTable.COIL:
        body, function = _PAIR.pack(first, _COIL_ON if words[0] else 0), _WRITE_COIL
    elif len(words) == 1:
        body, function = _PAIR.pack(first, words[0]), _WRITE_REGISTER
    else:
        body = _PAIR.pack(first, len(words)) + struct.pack(f">B{len(words)}H", 2 * len(words), *words)
        function = _WRITE_REGISTERS
    return Question(unit, function, body, _ECHO_OCTETS)


def loop_back_question(unit: int, *, word: int) -> Question:
    """Ask to send one word back (diagnostics 8, sub-function 0): it reads and changes nothing."""
    return Question(unit, _LOOP_BACK, _PAIR.pack(0, word), _ECHO_OCTETS)


def answer_data(unit: int, pdu: bytes, question: Question) -> bytes:
    """Return the data after the function code.

    Raises DeviceRefused (parameter ``code``) for an exception answer, ProtocolError for any other question's.
    """
    if unit != question.unit:
        raise ProtocolError(
            f"asked unit {question.unit}, unit {unit} answered",
            key="modbus_wrong_unit",
            unit=question.unit,
            answered=unit,
        )
    function = pdu[0]
    if function == question.function | EXCEPTION_BIT and len(pdu) == 2:
        code = pdu[1]
        text = EXCEPTION_TEXT.get(code, "the device gives no known reason")
        raise DeviceRefused(f"exception {code}: {text}", key=f"modbus_exception_{code}", unit=unit, code=code)
    if function != question.function:
        raise ProtocolError(
            f"asked function {question.function}, got {function}", key="modbus_wrong_function", unit=unit
        )
    return pdu[1:]


def registers_of(data: bytes, table: ModbusTable, *, count: int) -> Registers:
    """Return (count,) uint16 registers, or bits as 0 and 1; ProtocolError unless the length is exact.

    Registers keep the byte order of the wire in their dtype, so that nothing is copied.
    """
    is_bits = table.is_bits
    octets = (count + 7) // 8 if is_bits else 2 * count
    if len(data) != octets + 1 or data[0] != octets:
        said = data[0] if data else 0
        raise ProtocolError(
            f"asked for {octets} bytes, the answer says {said} and holds {len(data) - 1}",
            key="modbus_wrong_length",
        )
    if is_bits:
        bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8, offset=1), bitorder="little")
        return bits[:count].astype(np.uint16)
    return np.frombuffer(data, _WORD, count, 1)


def check_echo(data: bytes, question: Question) -> None:
    """Raise ProtocolError unless a write was confirmed with exactly what was sent."""
    if data != question.body[:_ECHO_OCTETS]:
        raise ProtocolError("the device confirmed another write than the one sent", key="modbus_wrong_echo")
