"""Samples of one tag as columns, and their reduction to buckets of time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plant.quality import CAUSE_MASK, CAUSE_SHIFT, CLASS_MASK, FLAG_MASK, QualityClass

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
Numbers = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one tag and revision in time order: arrays of one length.

    ``value`` has the type it is stored in. ``delay_low_us`` and ``delay_high_us`` bound receive minus source
    time. ``period_us`` is the nominal grid, 0 when unknown.
    """

    time_us: Int64
    value: Numbers
    quality: NDArray[np.uint16]
    sequence: Int64
    delay_low_us: int = 0
    delay_high_us: int = 0
    period_us: int = 0

    def __len__(self) -> int:
        return len(self.time_us)

    def part(self, chosen: slice | NDArray[np.bool_] | NDArray[np.intp]) -> "Samples":
        """Return some of the rows."""
        return Samples(
            self.time_us[chosen],
            self.value[chosen],
            self.quality[chosen],
            self.sequence[chosen],
            self.delay_low_us,
            self.delay_high_us,
            self.period_us,
        )


def merged(pieces: Sequence[Samples]) -> Samples:
    """Join pieces in time order; rows of equal time and sequence are one row, the first wins."""
    joined = pieces[0] if len(pieces) == 1 else _joined(pieces)
    if len(joined) < 2 or bool((joined.time_us[1:] > joined.time_us[:-1]).all()):
        return joined
    ordered = joined.part(np.lexsort((joined.sequence, joined.time_us)))
    is_first = np.ones(len(ordered), dtype=np.bool_)
    is_first[1:] = (np.diff(ordered.time_us) != 0) | (np.diff(ordered.sequence) != 0)
    return ordered.part(is_first)


def _joined(pieces: Sequence[Samples]) -> Samples:
    return Samples(
        np.concatenate([piece.time_us for piece in pieces]),
        np.concatenate([piece.value for piece in pieces]),
        np.concatenate([piece.quality for piece in pieces]),
        np.concatenate([piece.sequence for piece in pieces]),
        min(piece.delay_low_us for piece in pieces),
        max(piece.delay_high_us for piece in pieces),
        pieces[-1].period_us,
    )


def period_of(time_us: Int64) -> int:
    """Return the usual distance of neighbours in microseconds, 0 for fewer than two samples."""
    if len(time_us) < 2:
        return 0
    first = int(time_us[1] - time_us[0])
    if first * (len(time_us) - 1) == int(time_us[-1] - time_us[0]):
        return first
    return int(np.median(np.diff(time_us)))


@dataclass(frozen=True, slots=True)
class Buckets:
    """Reduced samples: arrays of one length, one row per bucket that holds at least one sample.

    ``count`` counts values that are not bad and finite in the sense of "is a number"; where it is 0, minimum,
    maximum and mean are NaN. ``quality`` is the worst class with its cause and the flags united. Averages
    accumulate in float64.
    """

    time_us: Int64
    minimum: Float64
    maximum: Float64
    mean: Float64
    count: Int64
    quality: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.time_us)

    def part(self, chosen: slice | NDArray[np.bool_]) -> "Buckets":
        """Return some of the rows."""
        return Buckets(
            self.time_us[chosen],
            self.minimum[chosen],
            self.maximum[chosen],
            self.mean[chosen],
            self.count[chosen],
            self.quality[chosen],
        )


EMPTY_BUCKETS = Buckets(
    np.empty(0, np.int64),
    np.empty(0),
    np.empty(0),
    np.empty(0),
    np.empty(0, np.int64),
    np.empty(0, np.uint16),
)


def bucket_starts(time_us: Int64, *, origin_us: int, step_us: int) -> tuple[NDArray[np.intp], Int64]:
    """Return the first row and the start time of each bucket that holds a sample; times ascend."""
    first, last = (int(time_us[0]) - origin_us) // step_us, (int(time_us[-1]) - origin_us) // step_us
    if last - first < 4 * len(time_us):
        edges = origin_us + np.arange(first, last + 2, dtype=np.int64) * step_us
        rows = np.searchsorted(time_us, edges)
        filled = rows[1:] > rows[:-1]
        return rows[:-1][filled], edges[:-1][filled]
    number = (time_us - origin_us) // step_us
    rows = np.flatnonzero(np.concatenate(([True], number[1:] != number[:-1])))
    return rows, origin_us + number[rows] * step_us


def reduced(samples: Samples, *, origin_us: int, step_us: int) -> Buckets:
    """Reduce raw samples to buckets of ``step_us`` that start at ``origin_us`` plus whole steps."""
    if not len(samples):
        return EMPTY_BUCKETS
    rows, starts = bucket_starts(samples.time_us, origin_us=origin_us, step_us=step_us)
    quality = _worst(samples.quality, rows)
    value = samples.value
    is_number = (samples.quality & CLASS_MASK) < QualityClass.BAD
    if value.dtype != np.int64:
        is_number &= ~np.isnan(value)
    with np.errstate(all="ignore"):
        if bool(is_number.all()):
            count = np.diff(rows, append=len(value)).astype(np.int64)
            low, high = np.minimum.reduceat(value, rows), np.maximum.reduceat(value, rows)
            total = np.add.reduceat(value, rows, dtype=np.float64)
        else:
            count = np.add.reduceat(is_number.astype(np.int64), rows)
            wide = value.astype(np.float64)
            low = np.minimum.reduceat(np.where(is_number, wide, np.inf), rows)
            high = np.maximum.reduceat(np.where(is_number, wide, -np.inf), rows)
            total = np.add.reduceat(np.where(is_number, wide, 0.0), rows)
        mean = total / count
    return _without_empty(starts, low, high, mean, count, quality)


def regrouped(buckets: Buckets, *, origin_us: int, step_us: int) -> Buckets:
    """Reduce buckets to wider ones; a bucket belongs where it starts. Rows must ascend in time."""
    if not len(buckets):
        return buckets
    rows, starts = bucket_starts(buckets.time_us, origin_us=origin_us, step_us=step_us)
    has_value = buckets.count > 0
    with np.errstate(all="ignore"):
        low = np.minimum.reduceat(np.where(has_value, buckets.minimum, np.inf), rows)
        high = np.maximum.reduceat(np.where(has_value, buckets.maximum, -np.inf), rows)
        count = np.add.reduceat(buckets.count, rows)
        share = buckets.count / np.repeat(count, np.diff(rows, append=len(buckets)))
        mean = np.add.reduceat(np.where(has_value, buckets.mean * share, 0.0), rows)
    return _without_empty(starts, low, high, mean, count, _worst(buckets.quality, rows))


def joined_buckets(pieces: Sequence[Buckets]) -> Buckets:
    """Join buckets in time order; equal times stay neighbours."""
    pieces = [piece for piece in pieces if len(piece)]
    if not pieces:
        return EMPTY_BUCKETS
    if len(pieces) == 1:
        return pieces[0]
    time_us = np.concatenate([piece.time_us for piece in pieces])
    columns = [
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("minimum", "maximum", "mean", "count", "quality")
    ]
    if not bool((time_us[1:] >= time_us[:-1]).all()):
        order = np.argsort(time_us, kind="stable")
        time_us, columns = time_us[order], [column[order] for column in columns]
    return Buckets(time_us, *columns)


def _worst(quality: NDArray[np.uint16], rows: NDArray[np.intp]) -> NDArray[np.uint16]:
    """Return the worst class of each bucket with its cause, so that a frozen hour still shows in a year."""
    if bool((quality == quality[0]).all()):
        return np.full(len(rows), quality[0], dtype=np.uint16)
    cause_bits = 8 - CAUSE_SHIFT
    ranked = (quality & CLASS_MASK) << cause_bits | (quality & CAUSE_MASK) >> CAUSE_SHIFT
    worst = np.maximum.reduceat(ranked, rows)
    cause = worst & ((1 << cause_bits) - 1)
    flags = np.bitwise_or.reduceat(quality & np.uint16(FLAG_MASK), rows)
    return (worst >> cause_bits | cause << CAUSE_SHIFT | flags).astype(np.uint16)


def _without_empty(
    starts: Int64, low: Numbers, high: Numbers, mean: Float64, count: Int64, quality: NDArray[np.uint16]
) -> Buckets:
    """Write NaN where a bucket has no value."""
    low, high = low.astype(np.float64), high.astype(np.float64)
    empty = count == 0
    if bool(empty.any()):
        low[empty] = high[empty] = mean[empty] = np.nan
    return Buckets(starts, low, high, mean, count, quality)
