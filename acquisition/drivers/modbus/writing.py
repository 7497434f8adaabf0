"""Writing to a Modbus device: off unless released, once, confirmed by reading back."""

from typing import Protocol

from acquisition.addresses import ModbusAddress, ModbusTable
from acquisition.drivers.modbus.register_codec import Registers, decode_value, encode_value
from acquisition.drivers.writing import Value, raw_value, require_release, unknown_outcome
from domain.errors import (
    AcquisitionError,
    ConnectionLost,
    DecodeError,
    DeviceTimeout,
    ProtocolError,
    RuleViolation,
)
from domain.plant.tags import Tag


class RegisterLink(Protocol):
    """Reads and writes registers; each call is one request."""

    async def read(self, table: ModbusTable, unit: int, *, first: int, count: int) -> Registers: ...

    async def write(self, table: ModbusTable, unit: int, *, first: int, registers: Registers) -> None: ...


async def confirmed_write(
    link: RegisterLink, tag: Tag, value: Value, *, is_released: bool, default_unit: int
) -> None:
    """Write one value with one request and check it by reading back.

    Raises NotPermitted while writing is not released, RuleViolation for a value or place that may not be
    written, WriteOutcomeUnknown when the device did not confirm. A write is never repeated.
    """
    address = _writable_address(tag, is_released=is_released)
    registers = _raw_registers(tag, address, value)
    unit = default_unit if address.unit is None else address.unit
    try:
        await link.write(address.table, unit, first=address.offset, registers=registers)
    except (ConnectionLost, DeviceTimeout, ProtocolError) as silence:
        held = await _read_back(link, address, unit)
        raise unknown_outcome(tag, held) from silence
    held = await _read_back(link, address, unit)
    if held is None or held != decode_value(registers, address):
        raise unknown_outcome(tag, held)


def _writable_address(tag: Tag, *, is_released: bool) -> ModbusAddress:
    require_release(tag, is_released=is_released)
    address = ModbusAddress.from_plain(tag.address, tag_name=tag.name)
    if address.table not in (ModbusTable.COIL, ModbusTable.HOLDING):
        raise RuleViolation(f"tag '{tag.name}': table {address.table.value} cannot be written", tag=tag.name)
    if address.is_bit_field:
        raise RuleViolation(
            f"tag '{tag.name}': a part of a register cannot be written without touching its neighbours",
            tag=tag.name,
        )
    return address


def _raw_registers(tag: Tag, address: ModbusAddress, value: Value) -> Registers:
    raw = raw_value(tag, value, holds_integer="int" in address.type.value)
    try:
        return encode_value(raw, address)
    except DecodeError as misfit:
        raise RuleViolation(f"tag '{tag.name}': {misfit}", tag=tag.name) from misfit


async def _read_back(link: RegisterLink, address: ModbusAddress, unit: int) -> Value | None:
    try:
        registers = await link.read(address.table, unit, first=address.offset, count=address.count)
        return decode_value(registers, address)
    except AcquisitionError:
        return None
