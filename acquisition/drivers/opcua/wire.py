"""Publish responses read straight from their bytes: a structured view instead of objects per value.

Items in a row that have the same shape (encoding mask and type of the value, both checked for each item) are
one numpy view; a notification usually is one or a few such runs. Scattered items are gathered by their shape.
Everything unusual is left to the library: ``decode_publish`` returns None. Layout: OPC UA part 6, 5.2.
"""

import functools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.opcua.changes import EXACT, Changes, Content, as_samples, moment_text
from acquisition.source_times import NO_TIME
from domain.texts import clean_text

_NUMBERS: Final = {
    1: "u1", 2: "i1", 3: "u1", 4: "<i2", 5: "<u2", 6: "<i4", 7: "<u4", 8: "<i8", 9: "<u8",
    10: "<f4", 11: "<f8",
}  # fmt: skip
_BOOLEAN, _INT64, _UINT64, _STRING, _DATE_TIME, _STATUS_CODE = 1, 8, 9, 12, 13, 19
_NOTHING: Final = 0
_ARRAY: Final = 0x80
_VALUE_BIT: Final = 0x01
_TAIL: Final = (
    (0x02, "status", "<u4"),
    (0x04, "source", "<i8"),
    (0x10, "", "<u2"),
    (0x08, "", "<i8"),
    (0x20, "", "<u2"),
)
"""What may follow a value, by its bit in the mask, in the order of the wire."""

_TICKS_TO_1970: Final = 116_444_736_000_000_000
_LAST_TICKS: Final = 2_650_467_743_990_000_000
"""The last second of the year 9999, where the library's datetimes end."""

_Shape: TypeAlias = tuple[int, int]
"""Encoding mask of an item and the encoding of its value."""

_RESPONSE: Final = bytes((1, 0)) + struct.pack("<H", 829)
_DATA_CHANGE: Final = bytes((1, 0)) + struct.pack("<H", 811) + b"\x01"
_LEAST_ITEM: Final = 5
_SHORTEST_RUN: Final = 16
_U32: Final = struct.Struct("<I")
_I32: Final = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Published:
    """One publish response that holds data changes only; no ``parts`` for a keep-alive."""

    subscription_id: int
    sequence: int
    parts: tuple[Changes, ...]


class _Unusual(Exception):
    """The bytes hold something that the library has to read."""


def decode_publish(body: bytes) -> Published | None:
    """Return what a whole publish response says, None when the library has to read it."""
    try:
        return _published(body)
    except (_Unusual, struct.error, IndexError, ValueError, OverflowError):
        return None


def decode_changes(body: bytes) -> Changes | None:
    """Return the items of one data change notification, None when the library has to read it."""
    try:
        return _changes(body)
    except (_Unusual, struct.error, IndexError, ValueError, OverflowError):
        return None


def _published(body: bytes) -> Published:
    place = _after_header(body)
    subscription_id = _U32.unpack_from(body, place)[0]
    place = _after_list(body, place + 4, size=4) + 1  # available sequence numbers, more notifications
    sequence, parts = struct.unpack_from("<I8xi", body, place)
    place += 16
    found = []
    for _ in range(max(0, parts)):
        _expect(body[place : place + 5] == _DATA_CHANGE)
        length = _I32.unpack_from(body, place + 5)[0]
        place += 9 + length
        _expect(length >= 0 and place <= len(body))
        found.append(_changes(body[place - length : place]))
    place = _after_list(body, place, size=4)  # results of acknowledgements
    _expect(_after_list(body, place, size=0) == len(body))
    return Published(subscription_id, sequence, tuple(found))


def _after_header(body: bytes) -> int:
    """Step over a response header that reports no error and carries nothing."""
    _expect(body[:4] == _RESPONSE)
    result, diagnostics = struct.unpack_from("<IB", body, 16)
    _expect(result == 0 and diagnostics == 0)
    place = _after_list(body, 21, size=0)
    _expect(body[place : place + 3] == b"\0\0\0")
    return place + 3


def _after_list(body: bytes, place: int, *, size: int) -> int:
    """Step over a list of fixed items; with size 0 the list must be empty."""
    count = max(0, int(_I32.unpack_from(body, place)[0]))
    _expect(count == 0 or size > 0)
    return place + 4 + count * size


def _expect(is_usual: bool) -> None:
    if not is_usual:
        raise _Unusual


def _changes(body: bytes) -> Changes:
    count = max(0, int(_I32.unpack_from(body, 0)[0]))
    _expect(count <= len(body) // _LEAST_ITEM)
    rows = _Rows(count)
    singles: dict[_Shape, tuple[list[int], list[int]]] = {}
    row, place = 0, 4
    while row < count:
        mask = body[place + 4]
        shape = mask, body[place + 5] if mask & _VALUE_BIT else _NOTHING
        size = _size(shape)
        if not size:
            place = rows.take_long(row, body, place, *shape)
            row += 1
            continue
        follows = place + size
        run = 0
        if count - row >= _SHORTEST_RUN and mask == body[follows + 4]:
            run = _run(body, place, count - row, shape)
        if run:
            rows.take(slice(row, row + run), np.frombuffer(body, _layout(shape), run, place), shape[1])
            row, place = row + run, place + run * size
        else:
            same_rows, places = singles.setdefault(shape, ([], []))
            same_rows.append(row)
            places.append(place)
            row, place = row + 1, follows
    _expect(place <= len(body) and _after_list(body, place, size=0) == len(body))
    _gather(body, singles, rows)
    return rows.changes()


def _run(body: bytes, place: int, left: int, shape: _Shape) -> int:
    """Return how many items from here on have this shape, each checked; 0 for a run not worth a view."""
    layout = _layout(shape)
    if shape[0] & _VALUE_BIT and body[place + layout.itemsize + 5] != shape[1]:
        return 0
    if body[place + (_SHORTEST_RUN - 1) * layout.itemsize + 4] != shape[0]:
        return 0
    items = np.frombuffer(body, layout, min(left, (len(body) - place) // layout.itemsize), place)
    is_same = items["mask"] == shape[0]
    if shape[0] & _VALUE_BIT:
        is_same &= items["encoding"] == shape[1]
    run = len(items) if is_same.all() else int(np.argmin(is_same))
    return run if run >= _SHORTEST_RUN else 0


def _gather(body: bytes, singles: dict[_Shape, tuple[list[int], list[int]]], rows: "_Rows") -> None:
    """Take scattered items, those of a shape at once."""
    whole = np.frombuffer(body, np.uint8)
    for shape, (same_rows, places) in singles.items():
        layout = _layout(shape)
        bytes_of_items = whole[np.array(places)[:, None] + np.arange(layout.itemsize)]
        rows.take(np.array(same_rows), bytes_of_items.view(layout)[:, 0], shape[1])


@functools.cache
def _size(shape: _Shape) -> int:
    """Return the bytes of an item of this shape, 0 when its length varies or its type is unusual."""
    mask, encoding = shape
    has_value = mask & _VALUE_BIT and encoding != _NOTHING
    if mask >= 0x40 or (has_value and encoding not in (*_NUMBERS, _DATE_TIME, _STATUS_CODE)):
        return 0
    return _layout(shape).itemsize


@functools.cache
def _layout(shape: _Shape) -> np.dtype[Any]:
    """Return the columns of an item of a fixed shape."""
    mask, encoding = shape
    fields = [("handle", "<u4"), ("mask", "u1")]
    if mask & _VALUE_BIT:
        fields.append(("encoding", "u1"))
        if encoding != _NOTHING:
            fields.append(("value", _NUMBERS.get(encoding, "<i8" if encoding == _DATE_TIME else "<u4")))
    return np.dtype(fields + _tail_fields(mask))


def _tail_fields(mask: int) -> list[tuple[str, str]]:
    present = [(name, kind) for bit, name, kind in _TAIL if mask & bit]
    return [(name or f"unused{place}", kind) for place, (name, kind) in enumerate(present)]


@functools.cache
def _tail(mask: int) -> np.dtype[Any]:
    return np.dtype(_tail_fields(mask))


class _Rows:
    """Columns of one notification under construction."""

    def __init__(self, count: int) -> None:
        self._handle = np.zeros(count, np.uint32)
        self._value = np.full(count, np.nan)
        self._status = np.zeros(count, np.uint32)
        self._source_us = np.full(count, NO_TIME, np.int64)
        self._content: dict[int, Content] = {}

    def take(self, rows: slice | NDArray[np.intp], items: NDArray[Any], encoding: int) -> None:
        """Take items of one fixed shape."""
        names = items.dtype.names or ()
        self._handle[rows] = items["handle"]
        self._take_tail(rows, items, names)
        if "value" not in names:
            return
        values = items["value"]
        if encoding in _NUMBERS:
            self._value[rows] = values != 0 if encoding == _BOOLEAN else values
        where = np.arange(len(self._handle))[rows]
        if encoding in (_INT64, _UINT64):
            for place in np.flatnonzero(np.abs(self._value[rows]) >= EXACT).tolist():
                if abs(int(values[place])) >= EXACT:
                    self._content[int(where[place])] = int(values[place])
        elif encoding == _DATE_TIME:
            for row, instant_us in zip(where.tolist(), _microseconds(values).tolist(), strict=True):
                self._content[row] = moment_text(instant_us)

    def take_long(self, row: int, body: bytes, place: int, mask: int, encoding: int) -> int:
        """Take one item of a length of its own, a text or an array; return the place after it."""
        _expect(mask < 0x40)
        self._handle[row] = _U32.unpack_from(body, place)[0]
        count = int(_I32.unpack_from(body, place + 6)[0])
        begin = place + 10
        kind = _NUMBERS.get(encoding & ~_ARRAY)
        if encoding == _STRING:
            end = begin + max(0, count)
            if count >= 0:
                self._content[row] = clean_text(body[begin:end])
        elif encoding & _ARRAY and kind is not None:
            end = begin + max(0, count) * np.dtype(kind).itemsize
            _expect(end <= len(body))
            if count >= 0:
                self._content[row] = _samples(np.frombuffer(body, kind, count, begin), encoding & ~_ARRAY)
        else:
            raise _Unusual
        tail = _tail(mask)
        _expect(end + tail.itemsize <= len(body))
        if tail.itemsize:
            items = np.frombuffer(body, tail, 1, end)
            self._take_tail(slice(row, row + 1), items, tail.names or ())
        return end + tail.itemsize

    def changes(self) -> Changes:
        """Return the finished columns."""
        return Changes(self._handle, self._value, self._status, self._source_us, self._content)

    def _take_tail(self, rows: slice | NDArray[np.intp], items: NDArray[Any], names: Sequence[str]) -> None:
        if "status" in names:
            self._status[rows] = items["status"]
        if "source" in names:
            self._source_us[rows] = _microseconds(items["source"])


def _samples(values: NDArray[Any], kind: int) -> NDArray[np.float32]:
    if kind in (_INT64, _UINT64):
        values = values.astype(np.float64)  # as Python's whole numbers go
    return as_samples(values != 0 if kind == _BOOLEAN else values)


def _microseconds(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return microseconds since 1970 of 100 ns ticks since 1601, within the years 1601 to 9999."""
    instant_us: NDArray[np.int64] = np.minimum(np.maximum(ticks, 0), _LAST_TICKS) // 10 - _TICKS_TO_1970 // 10
    return instant_us
