"""Where a register list says that a value lies: 40001, 4x0001, 0x10 or 16, with a bit or a range behind.

Bare numbers count differently from maker to maker; what a whole list does decides.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from acquisition.addresses import ModbusTable

_REFERENCE_TABLES: Final = {
    "0": ModbusTable.COIL,
    "1": ModbusTable.DISCRETE,
    "3": ModbusTable.INPUT,
    "4": ModbusTable.HOLDING,
}

_REFERENCE = re.compile(r"([0134])(\d{4,5})")
_PREFIXED = re.compile(r"([0134])x(\d{1,5})", re.IGNORECASE)
_HEX = re.compile(r"(?:0x([0-9a-f]{1,4})|([0-9a-f]{1,4})h)", re.IGNORECASE)


class Numbering(Enum):
    """What a bare number in the address column counts.

    REFERENCE: 40001 is holding register 0, 30001 input register 0. FROM_0: as on the wire. FROM_1: one more
    than on the wire.
    """

    REFERENCE = "reference"
    FROM_0 = "from_0"
    FROM_1 = "from_1"


@dataclass(frozen=True, slots=True)
class Place:
    """A register or bit, and how many registers; ``table`` None when only the number was said."""

    offset: int
    table: ModbusTable | None = None
    bit: int | None = None
    count: int | None = None


def numbering_of(addresses: Iterable[str]) -> Numbering:
    """Bare numbers are references when all of them can be; a 40000 or a 7 shows that they are offsets."""
    numbers = [re.split(r"[.:\-/ ]", address)[0] for address in addresses]
    bare = [number for number in numbers if number.isascii() and number.isdigit()]
    is_reference = [_reference(number) is not None for number in bare]
    return Numbering.REFERENCE if bare and all(is_reference) else Numbering.FROM_0


def _reference(number: str) -> Place | None:
    match = _REFERENCE.fullmatch(number)
    if match is None or not 1 <= int(match[2]) <= 65536:
        return None
    return Place(int(match[2]) - 1, _REFERENCE_TABLES[match[1]])


def place_of(text: str, numbering: Numbering) -> Place | None:
    """Return the place that an address cell names; None when it cannot be read."""
    number, _, rest = re.sub(r"\s", "", text).partition("-")
    number, bit = _without_bit(number)
    place = _first(number, numbering)
    if place is None or bit == -1:
        return None
    count = None
    if rest:
        last = _first(_without_bit(rest)[0], numbering)
        if last is None or last.offset < place.offset:
            return None
        count = last.offset - place.offset + 1
    return replace(place, bit=bit, count=count)


def _without_bit(number: str) -> tuple[str, int | None]:
    """Return the register and the bit of 40001.3 or 40001:3; -1 for a bit that is none."""
    match = re.fullmatch(r"(.*?)[.:](\d{1,2})", number)
    if match is None:
        return number, None
    return match[1], int(match[2]) if int(match[2]) <= 15 else -1


def _first(number: str, numbering: Numbering) -> Place | None:
    if match := _PREFIXED.fullmatch(number):
        if match[1] != "0":  # 0x10 is a hexadecimal number far more often than coil 10
            return Place(int(match[2]) - 1, _REFERENCE_TABLES[match[1]]) if int(match[2]) else None
    if match := _HEX.fullmatch(number):
        return Place(int(match[1] or match[2], 16))
    if not (number.isascii() and number.isdigit()):
        return None
    if numbering is Numbering.REFERENCE:
        return _reference(number)
    offset = int(number) - (numbering is Numbering.FROM_1)
    return Place(offset) if 0 <= offset <= 65535 else None
