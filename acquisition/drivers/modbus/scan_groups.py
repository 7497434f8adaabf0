"""Scan groups: tags of one period, merged into as few requests as the protocol allows.

Most of a request is fixed cost, so a block bridges small gaps; how wide, the device's set-up says. A
block never crosses units or tables.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.addresses import ModbusAddress, ModbusTable, RegisterType
from acquisition.drivers.modbus.register_codec import BlockDecoder, Registers, as_piece, decode_value
from domain.errors import ConfigurationError, DecodeError
from domain.plant.tags import Scaling, Tag, TagDtype

MAX_REGISTERS: Final = 125
MAX_BITS: Final = 2000


@dataclass(frozen=True, slots=True)
class ScanTag:
    """A tag with its parsed address and its place (row) in the group's batch."""

    row: int
    tag: Tag
    address: ModbusAddress

    @property
    def end(self) -> int:
        return self.address.offset + self.address.count


@dataclass(frozen=True)
class ScanBlock:
    """One request: ``count`` registers or bits from ``first`` of one table of one unit, and who is in it."""

    unit: int
    table: ModbusTable
    first: int
    count: int
    members: tuple[ScanTag, ...]
    rows: NDArray[np.intp] | slice
    _decoder: BlockDecoder
    _factor: NDArray[np.float64]
    _offset: NDArray[np.float64]
    _is_scaled: bool
    _texts: tuple[ScanTag, ...]

    def values(self, registers: Registers) -> NDArray[np.float64]:
        """Return the members' values in their engineering units, in the order of ``rows``."""
        values = self._decoder.decode(registers)
        if self._is_scaled:
            values *= self._factor
            values += self._offset
        return values

    def texts(self, registers: Registers) -> list[tuple[int, str | None]]:
        """Return row and words of each text; None where the registers hold no text."""
        return [(member.row, _text(member.address, registers, first=self.first)) for member in self._texts]

    def split(self) -> tuple["ScanBlock", "ScanBlock"]:
        """Return two blocks of half the members each; used to find the one that the device refuses."""
        middle = len(self.members) // 2
        return _block(self.unit, self.members[:middle]), _block(self.unit, self.members[middle:])


@dataclass(frozen=True)
class ScanGroup:
    """Tags of one period and the requests that read them.

    A tag that cannot be read as set up is in no block; ``problems`` says why, by tag key.
    """

    period_s: float
    tags: tuple[Tag, ...]
    tag_keys: NDArray[np.int32]
    blocks: tuple[ScanBlock, ...]
    problems: Mapping[int, ConfigurationError]
    has_texts: bool


def plan_groups(
    tags: Iterable[Tag], *, default_unit: int, max_gap: int = 8, max_registers: int = MAX_REGISTERS
) -> tuple[ScanGroup, ...]:
    """Return the scan groups, shortest period first; ConfigurationError for a period of 0 or less.

    ``max_gap`` is the number of unused registers that a block may read along. Devices that refuse to answer
    for undefined registers are set up with 0.
    """
    by_period: dict[float, list[Tag]] = {}
    for tag in tags:
        if tag.period_s <= 0:
            raise ConfigurationError(
                f"tag '{tag.name}': the period must be above 0 s, got {tag.period_s}",
                key="period_wrong",
                tag=tag.name,
            )
        by_period.setdefault(tag.period_s, []).append(tag)
    return tuple(
        plan_group(
            by_period[period],
            period_s=period,
            default_unit=default_unit,
            max_gap=max_gap,
            limit=max_registers,
        )
        for period in sorted(by_period)
    )


def plan_group(
    tags: Sequence[Tag], *, period_s: float, default_unit: int, max_gap: int, limit: int = MAX_REGISTERS
) -> ScanGroup:
    """Return one group with its blocks; rows of the batch follow the order of ``tags``."""
    by_place: dict[tuple[int, ModbusTable], list[ScanTag]] = {}
    problems: dict[int, ConfigurationError] = {}
    for row, tag in enumerate(tags):
        try:
            address = _scannable_address(tag)
        except ConfigurationError as problem:
            problems[tag.key] = problem
            continue
        unit = default_unit if address.unit is None else address.unit
        by_place.setdefault((unit, address.table), []).append(ScanTag(row, tag, replace(address, unit=unit)))
    blocks: list[ScanBlock] = []
    for (unit, table), members in by_place.items():
        most = MAX_BITS if table.is_bits else min(limit, MAX_REGISTERS)
        blocks.extend(_block(unit, run) for run in _runs(members, max_gap=max_gap, most=most))
    keys = np.array([tag.key for tag in tags], dtype=np.int32)
    has_texts = any(tag.dtype is TagDtype.TEXT for tag in tags)
    return ScanGroup(period_s, tuple(tags), keys, tuple(blocks), problems, has_texts)


def _scannable_address(tag: Tag) -> ModbusAddress:
    address = ModbusAddress.from_plain(tag.address, tag_name=tag.name)
    if tag.is_waveform:
        raise ConfigurationError(
            f"tag '{tag.name}': waveforms cannot be scanned from registers",
            key="waveform_not_scanned",
            tag=tag.name,
        )
    if (address.type is RegisterType.STRING) is not (tag.dtype is TagDtype.TEXT):
        raise ConfigurationError(
            f"tag '{tag.name}': the registers hold {address.type.value}, the tag stores {tag.dtype.value}; "
            "type string goes with text, any other with a number",
            key="register_text_misfit",
            tag=tag.name,
        )
    return address


def _text(address: ModbusAddress, registers: Registers, *, first: int) -> str | None:
    place = address.offset - first
    try:
        return str(decode_value(registers[place : place + address.count], address))
    except DecodeError:
        return None


def _runs(members: list[ScanTag], *, max_gap: int, most: int) -> list[tuple[ScanTag, ...]]:
    ordered = sorted(members, key=lambda member: (member.address.offset, member.end))
    runs: list[list[ScanTag]] = []
    first = end = 0
    for member in ordered:
        is_near = runs and member.address.offset - end <= max_gap
        if is_near and max(end, member.end) - first <= most:
            runs[-1].append(member)
            end = max(end, member.end)
        else:
            runs.append([member])
            first, end = member.address.offset, member.end
    return [tuple(run) for run in runs]


def _block(unit: int, members: tuple[ScanTag, ...]) -> ScanBlock:
    first = min(member.address.offset for member in members)
    addresses = [member.address for member in members]
    scalings = [member.tag.scaling for member in members]
    return ScanBlock(
        unit=unit,
        table=members[0].address.table,
        first=first,
        count=max(member.end for member in members) - first,
        members=members,
        rows=as_piece(np.array([member.row for member in members])),
        _decoder=BlockDecoder(addresses, first=first),
        _factor=np.array([scaling.factor for scaling in scalings]),
        _offset=np.array([scaling.offset for scaling in scalings]),
        _is_scaled=any(scaling != Scaling() for scaling in scalings),
        _texts=tuple(member for member in members if member.address.type is RegisterType.STRING),
    )
