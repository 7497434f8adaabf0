"""Reducing long curves to what a screen can show without losing a peak."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Columns:
    """Minimum, maximum, mean and count per column; empty columns are NaN and 0."""

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]
    mean: NDArray[np.float64]
    count: NDArray[np.int64]


def min_max_columns(column: NDArray[np.int64], value: NDArray[np.float64], *, columns: int) -> Columns:
    """Reduce values to columns; ``column`` is the ascending column number of each value, (n,) int64.

    Non-finite values are passed over.
    """
    finite = np.isfinite(value)
    if not finite.all():
        column, value = column[finite], value[finite]
    empty = np.full(columns, np.nan)
    result = Columns(empty.copy(), empty.copy(), empty.copy(), np.zeros(columns, dtype=np.int64))
    if not len(value):
        return result
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    where = column[starts]
    result.minimum[where] = np.minimum.reduceat(value, starts)
    result.maximum[where] = np.maximum.reduceat(value, starts)
    count = np.diff(starts, append=len(value))
    result.count[where] = count
    result.mean[where] = np.add.reduceat(value, starts) / count
    return result
