"""Sentinels: registers whose content never changes prove that a unit's registers are where they were.

A device that restarts with another map answers every question well-formed, with the neighbour's value or with
swapped bytes. What it says counts only when its sentinel, read after it in the same scan, is right [F14].
"""

from collections.abc import Mapping
from dataclasses import dataclass

from acquisition.addresses import ModbusAddress
from acquisition.drivers.modbus.register_codec import decode_value, encode_value
from acquisition.drivers.modbus.validation import Question, read_question, registers_of
from acquisition.drivers.options import Options
from domain.errors import ConfigurationError, DecodeError


@dataclass(frozen=True, slots=True)
class Sentinel:
    """Where a unit keeps a value that never changes, and that value."""

    unit: int
    address: ModbusAddress
    value: bool | int | float | str

    @property
    def question(self) -> Question:
        """The request that reads it."""
        address = self.address
        return read_question(address.table, self.unit, first=address.offset, count=address.count)

    def problem(self, data: bytes) -> str:
        """Return what is wrong with an answer, "" when the sentinel is right."""
        registers = registers_of(data, self.address.table, count=self.address.count)
        try:
            held = decode_value(registers, self.address)
        except DecodeError as nonsense:
            return str(nonsense)
        return "" if held == self.value else f"it holds {held}, not {self.value}"


def sentinels_of(options: Options, *, default_unit: int) -> tuple[Sentinel, ...]:
    """Return what option ``sentinel`` says: an address mapping with ``value`` besides, or a list of them.

    Choose a constant of the type that the map uses most (a float for floats), at the end of the map; one per
    unit, more are all checked.
    """
    return tuple(_sentinel(plain, options, default_unit) for plain in options.mappings("sentinel"))


def _sentinel(plain: Mapping[str, object], options: Options, default_unit: int) -> Sentinel:
    where = {name: content for name, content in plain.items() if name != "value"}
    value = plain.get("value")
    try:
        address = ModbusAddress.from_plain(where, tag_name="sentinel")
        if not isinstance(value, (bool, int, float, str)):
            raise options.wrong("sentinel", f"needs a 'value', got {value!r}")
        known = decode_value(encode_value(value, address), address)
    except (ConfigurationError, DecodeError) as reason:
        raise options.wrong("sentinel", f"cannot be used: {reason}") from reason
    return Sentinel(default_unit if address.unit is None else address.unit, address, known)
