"""Writing to a Modbus device: off unless released, once, confirmed by reading back."""

from typing import Protocol

from acquisition.addresses import ModbusAddress, ModbusTable, RegisterType
from acquisition.register_codec import Registers, decode_value, encode_value
from domain.errors import (
    AcquisitionError,
    ConnectionLost,
    DecodeError,
    DeviceTimeout,
    NotPermitted,
    ProtocolError,
    RuleViolation,
    WriteOutcomeUnknown,
)
from domain.plant.tags import Tag

Value = bool | int | float | str


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
        raise _unknown(tag, held) from silence
    held = await _read_back(link, address, unit)
    if held is None or held != decode_value(registers, address):
        raise _unknown(tag, held)


def _writable_address(tag: Tag, *, is_released: bool) -> ModbusAddress:
    if not is_released or not tag.is_writable:
        reason = "this tag is read-only" if is_released else "writing to this device is not released"
        raise NotPermitted(f"tag '{tag.name}': {reason}", key="writing_not_released", tag=tag.name)
    address = ModbusAddress.from_plain(tag.address, tag_name=tag.name)
    if address.table not in (ModbusTable.COIL, ModbusTable.HOLDING):
        raise RuleViolation(f"tag '{tag.name}': table {address.table.value} cannot be written", tag=tag.name)
    if address.type is RegisterType.BOOL and address.table is ModbusTable.HOLDING:
        raise RuleViolation(
            f"tag '{tag.name}': one bit of a register cannot be written without touching its neighbours",
            tag=tag.name,
        )
    return address


def _raw_registers(tag: Tag, address: ModbusAddress, value: Value) -> Registers:
    raw: Value = value
    if not isinstance(value, (bool, str)):
        if not (tag.low is None or value >= tag.low) or not (tag.high is None or value <= tag.high):
            raise RuleViolation(
                f"tag '{tag.name}': {value} {tag.unit} is outside {tag.low} to {tag.high}", tag=tag.name
            )
        raw = (value - tag.scaling.offset) / tag.scaling.factor
        if "int" in address.type.value:
            raw = round(raw)
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


def _unknown(tag: Tag, held: Value | None) -> WriteOutcomeUnknown:
    told = "it does not say what it holds now" if held is None else f"it now holds {held} (raw)"
    return WriteOutcomeUnknown(
        f"tag '{tag.name}': the device did not confirm the write; {told}. Look before you repeat it",
        key="write_outcome_unknown",
        tag=tag.name,
        read_back=held,
    )
