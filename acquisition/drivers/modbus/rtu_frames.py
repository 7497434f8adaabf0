"""Modbus RTU frames: unit, function, data, CRC-16. They carry no transaction, so nothing here says to which
of several alike questions an answer belongs; ``rtu.py`` sees to that.
"""

import struct
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.modbus.validation import EXCEPTION_BIT, Question

_CRC_START: Final = 0xFFFF
_POLYNOMIAL: Final = 0xA001
_CRC_OCTETS: Final = 2
_LONGEST: Final = 256
SHORTEST: Final = 5
"""An exception answer: unit, function, code, checksum."""


@dataclass(frozen=True, slots=True)
class RtuAnswer:
    """An answer found: function and data, the octets before it and those behind it."""

    pdu: bytes
    before: int
    behind: int


def rtu_frame(question: Question) -> bytes:
    """Return the request as it goes on the wire."""
    return question.octets + struct.pack("<H", crc16(question.octets))


def is_frame(octets: bytes) -> bool:
    """Say whether the octets are exactly one frame with a right checksum."""
    return SHORTEST <= len(octets) <= _LONGEST and crc16(octets) == 0


def crc16(octets: bytes) -> int:
    """Return the CRC-16 of Modbus (reflected 0x8005, start 0xFFFF); 0 over a frame with its own checksum.

    The checksum is linear: each octet adds what it makes of the register at its distance from the end.
    """
    length = len(octets)
    values = np.frombuffer(octets, dtype=np.uint8).copy()
    values[:2] ^= _CRC_START & 0xFF
    added = _contributions()[np.arange(length - 1, -1, -1), values]
    return int(np.bitwise_xor.reduce(added))


@cache
def _contributions() -> NDArray[np.uint16]:
    """Return (distance from the end, octet) -> contribution to the checksum."""
    table = np.zeros((_LONGEST + 1, 256), dtype=np.uint16)
    first = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        first = ((first >> 1) ^ (first & 1) * _POLYNOMIAL).astype(np.uint16)
    table[0] = first
    for distance in range(1, _LONGEST + 1):
        earlier = table[distance - 1]
        table[distance] = (earlier >> 8) ^ first[earlier & 0xFF]
    return table


def answer_length(question: Question) -> int:
    """Return the octets of a right answer on the wire."""
    return 2 + question.answer_octets + _CRC_OCTETS


def find_rtu_answer(stream: bytes, question: Question) -> RtuAnswer | None:
    """Return the first complete frame that has the unit, function, length and checksum of an answer.

    Noise and frames of other units before it are passed over: a line is shared, and drivers click.
    """
    place = stream.find(question.unit)
    while 0 <= place <= len(stream) - SHORTEST:
        function = stream[place + 1]
        end = place + (SHORTEST if function & EXCEPTION_BIT else answer_length(question))
        if function & ~EXCEPTION_BIT == question.function and end <= len(stream):
            frame = stream[place:end]
            is_whole = function & EXCEPTION_BIT or not question.is_read or _has_length(frame, question)
            if is_whole and is_frame(frame):
                return RtuAnswer(frame[1:-_CRC_OCTETS], place, len(stream) - end)
        place = stream.find(question.unit, place + 1)
    return None


def _has_length(frame: bytes, question: Question) -> bool:
    return frame[2] == question.answer_octets - 1
