"""Columns <-> bytes: shuffle and zstd for chunks and levels, always lossless in the tag's declared type.

Every compressed column carries a checksum, because SQLite does not notice a flipped bit in a payload.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from domain.errors import DatabaseDamaged
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.tags import TagDtype
from storage.history.decimals import DECIMAL, EXACT_INTEGERS, STEP_TYPES, decimal_steps, values_of_steps
from storage.history.samples import Buckets, Int64, Numbers, Samples, period_of

FLOAT64, FLOAT32 = 0, 1
_TYPES: dict[int, np.dtype[Any]] = {
    FLOAT64: np.dtype("<f8"),
    FLOAT32: np.dtype("<f4"),
}
_BASE = struct.Struct("<q")
_NO_FIGURES = (np.nan, np.nan, np.nan, 0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One stored chunk: the figures that queries need as numbers, the columns as bytes.

    ``quality_body``, ``time_body`` and ``sequence_body`` are None when the column is constant, regular or
    evenly counted; then ``quality``, ``period_us`` and ``sequence_step`` say all.
    """

    first_us: int
    last_us: int
    samples: int
    code: int
    period_us: int
    minimum: float
    maximum: float
    mean: float
    good: int
    quality: int
    sequence_first: int
    sequence_step: int
    delay_low_us: int
    delay_high_us: int
    last_value: float
    last_quality: int
    value_body: bytes
    quality_body: bytes | None
    time_body: bytes | None
    sequence_body: bytes | None


class ChunkCodec:
    """Encodes and decodes; one object per thread."""

    def __init__(self, *, level: int = 3) -> None:
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()

    def encode(self, samples: Samples, *, is_part: bool = False) -> Chunk:
        """Return the chunk of at least one sample in time order; a part goes without its figures."""
        code, value_body = self._encode_values(samples.value, is_part=is_part)
        low, high, mean, good = _NO_FIGURES if is_part else _figures(samples)
        period_us, time_body = self._grid(samples.time_us, samples.period_us)
        step, sequence_body = self._counting(samples.sequence)
        quality = samples.quality
        is_constant = bool((quality == quality[0]).all())
        return Chunk(
            int(samples.time_us[0]),
            int(samples.time_us[-1]),
            len(samples),
            code,
            period_us,
            low,
            high,
            mean,
            good,
            int(quality[0]),
            int(samples.sequence[0]),
            step,
            samples.delay_low_us,
            samples.delay_high_us,
            float(samples.value[-1]),
            int(quality[-1]),
            value_body,
            None if is_constant else self.pack(quality),
            time_body,
            sequence_body,
        )

    def decode(self, chunk: Chunk) -> Samples:
        """Return the samples of a chunk; DatabaseDamaged when its bytes were changed."""
        count = chunk.samples
        value = self._decode_values(chunk.value_body, chunk.code, count)
        time_us = chunk.first_us + np.arange(count, dtype=np.int64) * chunk.period_us
        if chunk.time_body is not None:
            time_us += self.unpack(chunk.time_body, np.dtype("<i8"), count)
        if chunk.sequence_body is not None:
            sequence = np.cumsum(self.unpack(chunk.sequence_body, np.dtype("<i8"), count), dtype=np.int64)
        else:
            sequence = chunk.sequence_first + np.arange(count, dtype=np.int64) * chunk.sequence_step
        if chunk.quality_body is not None:
            quality = self.unpack(chunk.quality_body, np.dtype("<u2"), count)
        else:
            quality = np.full(count, chunk.quality, dtype=np.uint16)
        return Samples(
            time_us, value, quality, sequence, chunk.delay_low_us, chunk.delay_high_us, chunk.period_us
        )

    def encode_buckets(self, buckets: Buckets, *, origin_us: int, step_us: int) -> tuple[int, bytes]:
        """Return the type code and one body for buckets of one day; they ascend and start on whole steps."""
        code = FLOAT32 if all(_fits_float32(c) for c in (buckets.minimum, buckets.maximum)) else FLOAT64
        kind = _TYPES[code]
        with np.errstate(all="ignore"):
            mean = buckets.mean.astype(kind)
        number = (buckets.time_us - origin_us) // step_us
        groups = (
            np.concatenate((number.astype("<u2"), buckets.quality.astype("<u2"))),
            buckets.count.astype("<u4"),
            np.concatenate((buckets.minimum.astype(kind), buckets.maximum.astype(kind), mean)),
        )
        return code, self._compressor.compress(b"".join(_shuffled(group).tobytes() for group in groups))

    def decode_buckets(self, body: bytes, *, code: int, count: int, origin_us: int, step_us: int) -> Buckets:
        """Return the buckets of a body; DatabaseDamaged when its bytes were changed."""
        plain = self._decompress(body)
        kind = _TYPES[code]
        if len(plain) != (8 + 3 * kind.itemsize) * count:
            raise DatabaseDamaged("a history level has the wrong length", key="chunk_damaged")
        number, quality = _unshuffled(plain, np.dtype("<u2"), 2 * count, 0).reshape(2, count)
        size = _unshuffled(plain, np.dtype("<u4"), count, 4 * count)
        figures = _unshuffled(plain, kind, 3 * count, 8 * count).astype(np.float64, copy=False)
        low, high, mean = figures.reshape(3, count)
        return Buckets(
            origin_us + number.astype(np.int64) * step_us,
            low,
            high,
            mean,
            size.astype(np.int64),
            quality,
        )

    def _encode_values(self, value: Numbers, *, is_part: bool) -> tuple[int, bytes]:
        """Return the type code and body: steps of decimals where that is exact, else the narrowest float."""
        steps = None if is_part and value.dtype != np.int64 else decimal_steps(value)
        if steps is None:
            code, stored = _narrowest(value)
            return code, self.pack(stored)
        return steps.code, _BASE.pack(steps.base) + self.pack(steps.steps)

    def _decode_values(self, body: bytes, code: int, count: int) -> Numbers:
        if not code & DECIMAL:
            return self.unpack(body, _TYPES[code], count)
        steps = self.unpack(body[_BASE.size :], STEP_TYPES[code & 3], count)
        return values_of_steps(steps, base=_BASE.unpack_from(body)[0], code=code)

    def pack(self, column: NDArray[Any]) -> bytes:
        """Return one column shuffled and compressed."""
        return self._compressor.compress(_shuffled(column).data.cast("B"))

    def unpack(self, body: bytes, kind: np.dtype[Any], count: int) -> NDArray[Any]:
        """Return a column of ``count`` values; DatabaseDamaged when its bytes were changed."""
        plain = self._decompress(body)
        if len(plain) != kind.itemsize * count:
            raise DatabaseDamaged("a history chunk has the wrong length", key="chunk_damaged")
        return _unshuffled(plain, kind, count, 0)

    def _decompress(self, body: bytes) -> bytes:
        try:
            return self._decompressor.decompress(body)
        except zstandard.ZstdError as error:
            raise DatabaseDamaged(f"a history chunk is damaged ({error})", key="chunk_damaged") from error

    def _grid(self, time_us: Int64, period_us: int) -> tuple[int, bytes | None]:
        """Return the nominal period and the differences from its grid, None for a regular series."""
        own = period_of(time_us)
        grid = time_us[0] + np.arange(len(time_us), dtype=np.int64) * own
        if bool((time_us == grid).all()):
            return own or (period_us if len(time_us) > 1 else 0), None
        return own, self.pack(time_us - grid)

    def _counting(self, sequence: Int64) -> tuple[int, bytes | None]:
        step = int(sequence[1] - sequence[0]) if len(sequence) > 1 else 0
        even = sequence[0] + np.arange(len(sequence), dtype=np.int64) * step
        if bool((sequence == even).all()):
            return step, None
        return 0, self.pack(np.diff(sequence, prepend=np.int64(0)))


def as_declared(value: NDArray[np.float64], dtype: TagDtype) -> Numbers:
    """Return values in the tag's declared type; integers stay float64 where a value is no whole number."""
    if dtype is TagDtype.FLOAT32:
        with np.errstate(over="ignore", invalid="ignore"):
            return value.astype(np.float32)
    if dtype is TagDtype.INT64:
        with np.errstate(invalid="ignore"):
            if bool(((np.abs(value) < EXACT_INTEGERS) & (value == np.rint(value))).all()):
                return value.astype(np.int64)
    return value


def _narrowest(value: Numbers) -> tuple[int, NDArray[Any]]:
    """Return the smallest type that holds every value exactly."""
    if value.dtype == np.float32:
        return FLOAT32, value
    value = value.astype(np.float64, copy=False)
    return (FLOAT32, value.astype(np.float32)) if _fits_float32(value) else (FLOAT64, value)


def _fits_float32(value: NDArray[Any]) -> bool:
    """Say whether every number survives float32 bit for bit; NaN counts as surviving only alone as NaN."""
    with np.errstate(all="ignore"):
        narrow = value.astype(np.float32)
        return bool(((narrow == value) | (np.isnan(value) & np.isnan(narrow))).all())


def _figures(samples: Samples) -> tuple[float, float, float, int]:
    """Return minimum, maximum, mean and number of the values that are not bad and are numbers."""
    usable = (samples.quality & CLASS_MASK) < QualityClass.BAD
    value = samples.value
    if value.dtype != np.int64:
        usable &= ~np.isnan(value)
    good = int(np.count_nonzero(usable))
    if good == 0:
        return np.nan, np.nan, np.nan, 0
    chosen = value if good == len(value) else value[usable]
    with np.errstate(all="ignore"):
        return float(chosen.min()), float(chosen.max()), float(chosen.mean(dtype=np.float64)), good


def _shuffled(column: NDArray[Any]) -> NDArray[np.uint8]:
    size = column.dtype.itemsize
    little = np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<"))
    return np.ascontiguousarray(little.view(np.uint8).reshape(-1, size).T)


def _unshuffled(plain: bytes, kind: np.dtype[Any], count: int, place: int) -> NDArray[Any]:
    raw = np.frombuffer(plain, np.uint8, kind.itemsize * count, place)
    return np.ascontiguousarray(raw.reshape(kind.itemsize, count).T).view(kind).reshape(count)
