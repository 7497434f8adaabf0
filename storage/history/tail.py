"""The durable tail: one row a commit, holding the pending batches of all tags as compact columns.

A batch becomes a frame: constant columns shrink to one number, integers to 32-bit offsets. The tag keys of a
scan group, always the same, are stored once as a layout and named by number.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plant.readings import ReadingBatch
from storage.history.raw_statuses import StatusChange

_HEADER = struct.Struct("<IIiHBBBBBqqq")
_CONSTANT, _OFFSETS, _FULL = 0, 1, 2
_INLINE = 0
_VALUES = (np.dtype("<f8"), np.dtype("<f4"))
POOLED_BELOW = 64
"""Batches with fewer rows are pooled into one frame a commit."""


@dataclass(frozen=True, slots=True)
class TailRows:
    """Rows of many tags as parallel arrays."""

    tag_key: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.uint16]
    source_us: NDArray[np.int64]
    receive_us: NDArray[np.int64]
    sequence: NDArray[np.int64]
    revision: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.tag_key)

    def columns(self) -> tuple[NDArray[np.generic], ...]:
        """Return the arrays in the order of the fields."""
        return (
            self.tag_key,
            self.value,
            self.quality,
            self.source_us,
            self.receive_us,
            self.sequence,
            self.revision,
        )

    def taken(self, chosen: slice | NDArray[np.intp]) -> "TailRows":
        """Return some of the rows."""
        return TailRows(*(column[chosen] for column in self.columns()))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class PendingBatch:
    """A batch with its revision, waiting for the next commit."""

    batch: ReadingBatch
    revision: NDArray[np.int32] | int


def pooled(pending: Sequence[PendingBatch]) -> list[PendingBatch]:
    """Join the small batches to one, so that many little deliveries cost one frame."""
    small = [each for each in pending if len(each.batch) < POOLED_BELOW]
    if len(small) < 2:
        return list(pending)
    names = ("tag_key", "value", "quality", "source_us", "receive_us", "sequence")
    columns = [np.concatenate([getattr(each.batch, name) for each in small]) for name in names]
    revision = np.concatenate([np.broadcast_to(np.int32(e.revision), len(e.batch)) for e in small])
    return [
        *(each for each in pending if len(each.batch) >= POOLED_BELOW),
        PendingBatch(ReadingBatch(*columns), revision),
    ]


@dataclass(frozen=True, slots=True)
class TailRow:
    """What one commit writes: the frames of all pending batches, the key lists and texts they name anew, and
    what devices said of values that are not good.

    ``sequence`` counts the commits of this writer, so that one whose answer was lost is not stored twice;
    ``epoch`` is the term of the lease in which it was made, 0 for the present one.
    """

    sequence: int
    committed_us: int
    samples: int
    body: bytes
    layouts: Mapping[int, bytes]
    texts: Mapping[int, str]
    statuses: Sequence[StatusChange] = ()
    epoch: int = 0

    @property
    def is_bare(self) -> bool:
        """Whether it brings samples alone."""
        return not (self.layouts or self.texts or self.statuses)


class FrameWriter:
    """Turns batches into frames; remembers which key lists became layouts."""

    LAYOUTS = 4096

    def __init__(self, layouts: Mapping[int, bytes]) -> None:
        """``layouts`` are those already stored: number -> int32 keys as bytes."""
        self._numbers = {keys: number for number, keys in layouts.items()}
        self._seen_once: set[int] = set()
        self.new_layouts: dict[int, bytes] = {}

    def frame(self, pending: PendingBatch) -> bytes:
        """Return the frame of one batch; a key list seen twice gets a layout in ``new_layouts``."""
        batch, count = pending.batch, len(pending.batch)
        keys = np.ascontiguousarray(batch.tag_key, dtype="<i4").tobytes()
        layout = self._layout(keys) if count >= POOLED_BELOW else _INLINE
        revision, revision_body = _revision(pending.revision)
        quality_code, quality, quality_body = _quality(batch.quality)
        source = _packed(batch.source_us)
        receive = _packed(batch.receive_us)
        sequence = _packed(batch.sequence)
        value_code, value = _value(batch.value)
        header = _HEADER.pack(
            count, layout, revision, quality, value_code, quality_code, source[0], receive[0], sequence[0],
            source[1], receive[1], sequence[1],
        )  # fmt: skip
        inline = b"" if layout else keys
        return b"".join(
            (header, inline, revision_body, value, quality_body, source[2], receive[2], sequence[2])
        )

    def _layout(self, keys: bytes) -> int:
        number = self._numbers.get(keys)
        if number is not None:
            return number
        mark = hash(keys)
        if mark not in self._seen_once or len(self._numbers) >= self.LAYOUTS:
            if len(self._seen_once) > self.LAYOUTS:
                self._seen_once.clear()
            self._seen_once.add(mark)
            return _INLINE
        number = len(self._numbers) + 1
        self._numbers[keys] = number
        self.new_layouts[number] = keys
        return number


def decode_frames(bodies: Iterable[bytes], layouts: Mapping[int, NDArray[np.int32]]) -> TailRows:
    """Return all rows of some tail bodies, in the order written."""
    frames = [frame for body in bodies for frame in _frames(body, layouts)]
    if not frames:
        return NO_ROWS
    return TailRows(*(np.concatenate(column) for column in zip(*frames, strict=True)))


NO_ROWS = TailRows(
    np.empty(0, np.int32),
    np.empty(0),
    np.empty(0, np.uint16),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int32),
)


def sorted_by_tag(rows: TailRows) -> tuple[TailRows, NDArray[np.int32], NDArray[np.intp]]:
    """Return the rows grouped by tag (order kept within), the tags, and where each begins plus the end."""
    keys = rows.tag_key
    if len(keys) and int(keys.min()) >= 0 and int(keys.max()) < 1 << 16:
        order = np.argsort(keys.astype(np.uint16), kind="stable")
    else:
        order = np.argsort(keys, kind="stable")
    grouped = rows.taken(order)
    starts = np.flatnonzero(np.diff(grouped.tag_key, prepend=np.int32(-1)))
    return grouped, grouped.tag_key[starts], np.append(starts, len(keys))


def _frames(
    body: bytes, layouts: Mapping[int, NDArray[np.int32]]
) -> Iterable[tuple[NDArray[np.generic], ...]]:
    place = 0
    while place < len(body):
        count, layout, revision, quality, value_code, quality_code, *codes, source, receive, sequence = (
            _HEADER.unpack_from(body, place)
        )
        place += _HEADER.size
        keys = layouts[layout] if layout else np.frombuffer(body, "<i4", count, place)
        place += 0 if layout else 4 * count
        if revision < 0:
            revisions = np.frombuffer(body, "<i4", count, place)
            place += 4 * count
        else:
            revisions = np.full(count, revision, np.int32)
        narrow = np.frombuffer(body, _VALUES[value_code], count, place)
        value = narrow.astype(np.float64)
        place += narrow.nbytes
        if quality_code == _FULL:
            qualities = np.frombuffer(body, "<u2", count, place)
            place += 2 * count
        else:
            qualities = np.full(count, quality, np.uint16)
        columns = []
        for code, base in zip(codes, (source, receive, sequence), strict=True):
            column, size = _unpacked(body, place, count, code, base)
            columns.append(column)
            place += size
        yield keys, value, qualities, columns[0], columns[1], columns[2], revisions


def _packed(column: NDArray[np.int64]) -> tuple[int, int, bytes]:
    first = column[0]
    if first == column[-1] and bool((column == first).all()):
        return _CONSTANT, int(first), b""
    low, high = int(column.min()), int(column.max())
    if high - low < 1 << 32:
        return _OFFSETS, low, (column - low).astype("<u4").tobytes()
    return _FULL, 0, np.ascontiguousarray(column, dtype="<i8").tobytes()


def _unpacked(body: bytes, place: int, count: int, code: int, base: int) -> tuple[NDArray[np.int64], int]:
    if code == _CONSTANT:
        return np.full(count, base, np.int64), 0
    if code == _OFFSETS:
        return np.frombuffer(body, "<u4", count, place).astype(np.int64) + base, 4 * count
    return np.frombuffer(body, "<i8", count, place), 8 * count


def _value(column: NDArray[np.float64]) -> tuple[int, bytes]:
    """Return code and bytes: float32 where that loses nothing, which halves the row."""
    with np.errstate(all="ignore"):
        narrow = column.astype("<f4")
    if bool((narrow == column).all()):
        return 1, narrow.tobytes()
    return 0, np.ascontiguousarray(column, dtype="<f8").tobytes()


def _quality(column: NDArray[np.uint16]) -> tuple[int, int, bytes]:
    first = column[0]
    if bool((column == first).all()):
        return _CONSTANT, int(first), b""
    return _FULL, 0, np.ascontiguousarray(column, dtype="<u2").tobytes()


def _revision(revision: NDArray[np.int32] | int) -> tuple[int, bytes]:
    if isinstance(revision, int):
        return revision, b""
    low = int(revision.min())
    if low == int(revision.max()):
        return low, b""
    return -1, np.ascontiguousarray(revision, dtype="<i4").tobytes()
