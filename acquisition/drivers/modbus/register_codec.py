"""Registers to numbers and back: word order, byte order, bit fields, strings.

Decoding works on whole blocks: a ``BlockDecoder`` is compiled once per block from the addresses in it and
then turns one array of registers into one array of values, without a Python object per value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from acquisition.addresses import ModbusAddress, Order, RegisterType
from domain.errors import DecodeError

Registers = NDArray[np.uint16]

_BIG_ENDIAN: Final[dict[RegisterType, np.dtype[Any]]] = {
    RegisterType.INT16: np.dtype(">i2"),
    RegisterType.UINT16: np.dtype(">u2"),
    RegisterType.INT32: np.dtype(">i4"),
    RegisterType.UINT32: np.dtype(">u4"),
    RegisterType.INT64: np.dtype(">i8"),
    RegisterType.UINT64: np.dtype(">u8"),
    RegisterType.FLOAT32: np.dtype(">f4"),
    RegisterType.FLOAT64: np.dtype(">f8"),
}

_WORD: Final = _BIG_ENDIAN[RegisterType.UINT16]


def _ordered(words: Registers, *, word_order: Order, byte_order: Order) -> Registers:
    """Bring words of shape (..., n) to the order of the specification; its own inverse."""
    if word_order is Order.LITTLE:
        words = words[..., ::-1]
    return words.byteswap() if byte_order is Order.LITTLE else words


class _Lot:
    """Addresses of one block that share type and orders, decoded in one stroke.

    The word order is in the places from which words are taken; values side by side are taken as one piece.
    """

    def __init__(self, rows: list[int], addresses: list[ModbusAddress], first: int) -> None:
        model = addresses[0]
        starts = np.array([address.offset - first for address in addresses])
        words = starts[:, None] + np.arange(model.count)
        if model.word_order is Order.LITTLE and not model.table.is_bits:
            words = words[:, ::-1]
        self._rows = as_piece(np.array(rows))
        self._words = as_piece(words.reshape(-1))
        self._is_bit = model.table.is_bits
        self._is_swapped = model.byte_order is Order.LITTLE and not model.table.is_bits
        self._dtype = _BIG_ENDIAN.get(model.type, _WORD)
        self._is_float32 = model.type is RegisterType.FLOAT32
        self._field: tuple[NDArray[np.uint16], NDArray[np.uint16]] | None = None
        if model.is_bit_field:
            self._field = (
                np.array([address.bit for address in addresses], dtype=np.uint16),
                np.array([address.mask for address in addresses], dtype=np.uint16),
            )

    def decode_into(self, values: NDArray[np.float64], registers: Registers) -> None:
        words = registers[self._words]
        if self._is_bit:
            values[self._rows] = words != 0
            return
        if self._is_swapped:
            words = words.byteswap()
        if self._field is not None:
            bits, masks = self._field
            values[self._rows] = words >> bits & masks
            return
        if self._is_float32:
            with np.errstate(invalid="ignore"):  # a signalling NaN is a value to judge, not a warning
                values[self._rows] = words.view(self._dtype)
        else:
            values[self._rows] = words.view(self._dtype)


def as_piece(places: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Return the same places as a slice when each is one after the last."""
    first = int(places[0])
    is_row = bool(np.array_equal(places, np.arange(first, first + len(places))))
    return slice(first, first + len(places)) if is_row else places


class BlockDecoder:
    """Decodes one block: registers ``first .. first + count - 1`` to one float64 per address.

    Strings have no number and read NaN. 64-bit integers above 2**53 lose their last bits in float64.
    """

    def __init__(self, addresses: Sequence[ModbusAddress], *, first: int) -> None:
        self._length = len(addresses)
        lots: dict[tuple[object, ...], tuple[list[int], list[ModbusAddress]]] = {}
        for row, address in enumerate(addresses):
            if address.type is RegisterType.STRING:
                continue
            orders = (address.word_order, address.byte_order)
            alike = (address.table.is_bits, address.type, address.is_bit_field, *orders)
            rows, members = lots.setdefault(alike, ([], []))
            rows.append(row)
            members.append(address)
        self._lots = [_Lot(rows, members, first) for rows, members in lots.values()]
        self._is_complete = sum(len(rows) for rows, _ in lots.values()) == len(addresses)

    def decode(self, registers: Registers) -> NDArray[np.float64]:
        """Return (addresses,) float64 in the order of the addresses."""
        values = np.empty(self._length) if self._is_complete else np.full(self._length, np.nan)
        words = registers.astype(_WORD, copy=False)
        for lot in self._lots:
            lot.decode_into(values, words)
        return values


@dataclass(frozen=True, slots=True)
class OrderTrial:
    """What the same registers read in one of the four orders; None when they hold no such value."""

    word_order: Order
    byte_order: Order
    value: bool | int | float | str | None


def in_every_order(registers: Registers, address: ModbusAddress) -> tuple[OrderTrial, ...]:
    """Return the value of ``registers`` in each order, so that a person can pick the true one.

    DecodeError unless there are exactly ``address.count`` registers.
    """
    _check_count(registers, address)
    return tuple(_trial(registers, address, word, byte) for word in Order for byte in Order)


def _trial(registers: Registers, address: ModbusAddress, word_order: Order, byte_order: Order) -> OrderTrial:
    tried = replace(address, word_order=word_order, byte_order=byte_order)
    try:
        return OrderTrial(word_order, byte_order, decode_value(registers, tried))
    except DecodeError:
        return OrderTrial(word_order, byte_order, None)


def _check_count(registers: Registers, address: ModbusAddress) -> None:
    if len(registers) != address.count:
        raise DecodeError(f"{address.type.value} needs {address.count} registers, got {len(registers)}")


def decode_value(registers: Registers, address: ModbusAddress) -> bool | int | float | str:
    """Return the one value that ``registers`` of exactly ``address.count`` words hold, exact for integers."""
    _check_count(registers, address)
    if address.table.is_bits:
        return bool(registers[0])
    word_order = Order.BIG if address.type is RegisterType.STRING else address.word_order
    words = _ordered(
        np.asarray(registers, dtype=np.uint16), word_order=word_order, byte_order=address.byte_order
    )
    if address.type is RegisterType.BOOL:
        return bool(int(words[0]) >> address.bit & 1)
    if address.is_bit_field:
        return int(words[0]) >> address.bit & address.mask
    octets = words.astype(">u2").tobytes()
    if address.type is RegisterType.STRING:
        try:
            return (
                octets.partition(b"\x00")[0].rstrip(b" ").decode("utf-8")
            )  # behind NUL lies what was before
        except UnicodeDecodeError:
            raise DecodeError("the registers hold no UTF-8 text") from None
    value: int | float = np.frombuffer(octets, dtype=_BIG_ENDIAN[address.type])[0].item()
    return value


def encode_value(value: bool | int | float | str, address: ModbusAddress) -> Registers:
    """Return the registers of a value, (count,) uint16; DecodeError when it does not fit the type."""
    if address.table.is_bits:
        return np.array([bool(value)], dtype=np.uint16)
    if address.is_bit_field:
        return _encode_field(value, address)
    if address.type is RegisterType.STRING:
        return _encode_text(value, address)
    dtype = _BIG_ENDIAN[address.type]
    if isinstance(value, str):
        raise DecodeError(f"'{value}' is a text; the tag stores {address.type.value}")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not float(value).is_integer() or not limits.min <= value <= limits.max:
            raise DecodeError(f"{value} is not a whole number from {limits.min} to {limits.max}")
        value = int(value)
    words = np.array([value], dtype=dtype).view(">u2").astype(np.uint16)
    return _ordered(words, word_order=address.word_order, byte_order=address.byte_order)


def _encode_field(value: bool | int | float | str, address: ModbusAddress) -> Registers:
    number = bool(value) if address.type is RegisterType.BOOL else value
    if isinstance(number, str) or not float(number).is_integer() or not 0 <= number <= address.mask:
        raise DecodeError(f"{value} is not a whole number from 0 to {address.mask}")
    words = np.array([int(number) << address.bit], dtype=np.uint16)
    return _ordered(words, word_order=Order.BIG, byte_order=address.byte_order)


def _encode_text(value: bool | int | float | str, address: ModbusAddress) -> Registers:
    octets = str(value).encode("utf-8")
    if b"\x00" in octets:
        raise DecodeError("a text ends at its first NUL and cannot hold one")
    if len(octets) > 2 * address.length:
        raise DecodeError(f"the text needs {len(octets)} bytes, the tag has {2 * address.length}")
    words = np.frombuffer(octets.ljust(2 * address.length, b"\x00"), dtype=">u2").astype(np.uint16)
    return _ordered(words, word_order=Order.BIG, byte_order=address.byte_order)
