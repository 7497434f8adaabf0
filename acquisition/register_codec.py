"""Registers to numbers and back: word order, byte order, bit fields, strings.

Decoding works on whole blocks: a ``BlockDecoder`` is compiled once per block from the addresses in it and
then turns one array of registers into one array of values, without a Python object per value.
"""

from collections.abc import Sequence
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


def _ordered(words: Registers, *, word_order: Order, byte_order: Order) -> Registers:
    """Bring words of shape (..., n) to the order of the specification; its own inverse."""
    if word_order is Order.LITTLE:
        words = words[..., ::-1]
    return words.byteswap() if byte_order is Order.LITTLE else words


class _Lot:
    """Addresses of one block that share type and orders, decoded in one stroke."""

    def __init__(self, rows: list[int], addresses: list[ModbusAddress], first: int) -> None:
        self._rows = np.array(rows)
        self._model = addresses[0]
        starts = np.array([address.offset - first for address in addresses])
        self._words = starts[:, None] + np.arange(self._model.count)
        self._bits = np.array([address.bit for address in addresses], dtype=np.uint16)

    def decode_into(self, values: NDArray[np.float64], registers: Registers) -> None:
        words = registers[self._words]
        if self._model.table.is_bits:
            values[self._rows] = words[:, 0] != 0
            return
        words = _ordered(words, word_order=self._model.word_order, byte_order=self._model.byte_order)
        if self._model.type is RegisterType.BOOL:
            values[self._rows] = words[:, 0] >> self._bits & 1
            return
        with np.errstate(invalid="ignore"):  # a signalling NaN is a value to judge, not a warning
            raw = np.ascontiguousarray(words.astype(">u2")).view(_BIG_ENDIAN[self._model.type])
            values[self._rows] = raw[:, 0]


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
            alike = (address.table.is_bits, address.type, address.word_order, address.byte_order)
            rows, members = lots.setdefault(alike, ([], []))
            rows.append(row)
            members.append(address)
        self._lots = [_Lot(rows, members, first) for rows, members in lots.values()]

    def decode(self, registers: Registers) -> NDArray[np.float64]:
        """Return (addresses,) float64 in the order of the addresses."""
        values = np.full(self._length, np.nan)
        for lot in self._lots:
            lot.decode_into(values, registers)
        return values


def decode_value(registers: Registers, address: ModbusAddress) -> bool | int | float | str:
    """Return the one value that ``registers`` of exactly ``address.count`` words hold, exact for integers."""
    if len(registers) != address.count:
        raise DecodeError(f"{address.type.value} needs {address.count} registers, got {len(registers)}")
    if address.table.is_bits:
        return bool(registers[0])
    word_order = Order.BIG if address.type is RegisterType.STRING else address.word_order
    words = _ordered(
        np.asarray(registers, dtype=np.uint16), word_order=word_order, byte_order=address.byte_order
    )
    if address.type is RegisterType.BOOL:
        return bool(int(words[0]) >> address.bit & 1)
    octets = words.astype(">u2").tobytes()
    if address.type is RegisterType.STRING:
        try:
            return octets.rstrip(b"\x00 ").decode("utf-8")
        except UnicodeDecodeError:
            raise DecodeError("the registers hold no UTF-8 text") from None
    value: int | float = np.frombuffer(octets, dtype=_BIG_ENDIAN[address.type])[0].item()
    return value


def encode_value(value: bool | int | float | str, address: ModbusAddress) -> Registers:
    """Return the registers of a value, (count,) uint16; DecodeError when it does not fit the type."""
    if address.table.is_bits:
        return np.array([bool(value)], dtype=np.uint16)
    if address.type is RegisterType.BOOL:
        words = np.array([int(bool(value)) << address.bit], dtype=np.uint16)
        return _ordered(words, word_order=Order.BIG, byte_order=address.byte_order)
    if address.type is RegisterType.STRING:
        return _encode_text(value, address)
    dtype = _BIG_ENDIAN[address.type]
    if isinstance(value, str):
        raise DecodeError(f"'{value}' is a text; the tag stores {address.type.value}")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if value != int(value) or not limits.min <= value <= limits.max:
            raise DecodeError(f"{value} is not a whole number from {limits.min} to {limits.max}")
        value = int(value)
    words = np.array([value], dtype=dtype).view(">u2").astype(np.uint16)
    return _ordered(words, word_order=address.word_order, byte_order=address.byte_order)


def _encode_text(value: bool | int | float | str, address: ModbusAddress) -> Registers:
    octets = str(value).encode("utf-8")
    if len(octets) > 2 * address.length:
        raise DecodeError(f"the text needs {len(octets)} bytes, the tag has {2 * address.length}")
    words = np.frombuffer(octets.ljust(2 * address.length, b"\x00"), dtype=">u2").astype(np.uint16)
    return _ordered(words, word_order=Order.BIG, byte_order=address.byte_order)
