"""Measured values usually have few decimals: as steps of whole hundredths they shrink to a byte and less.

Used only where it gives back every value exactly in its declared type.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.history.samples import Numbers

DECIMAL = 64
"""Bit of a chunk's type code; below it lie the declared type (bits 4-5), the scale (2-3), the width (0-1)."""
EXACT_INTEGERS = 2.0**53
STEP_TYPES: tuple[np.dtype[Any], ...] = (np.dtype("i1"), np.dtype("<i2"), np.dtype("<i4"), np.dtype("<i8"))
_SCALES = (1.0, 10.0, 100.0, 1000.0)
_DECLARED: tuple[np.dtype[Any], ...] = (np.dtype("f8"), np.dtype("f4"), np.dtype("i8"))
_GLANCE = 16


@dataclass(frozen=True, slots=True)
class DecimalSteps:
    """``base`` is the first value times the scale, ``steps`` the differences (the first is 0)."""

    code: int
    base: int
    steps: NDArray[Any]


def decimal_steps(value: Numbers) -> DecimalSteps | None:
    """Return the values as steps, None when no scale gives them back exactly."""
    for number, scale in enumerate(_SCALES):
        if _whole(value[:_GLANCE], scale) is None:
            continue
        whole = _whole(value, scale)
        if whole is not None:
            steps = np.diff(whole, prepend=whole[0])
            width = _width(steps)
            code = DECIMAL | _DECLARED.index(value.dtype) << 4 | number << 2 | width
            return DecimalSteps(code, int(whole[0]), steps.astype(STEP_TYPES[width]))
    return None


def values_of_steps(steps: NDArray[Any], *, base: int, code: int) -> Numbers:
    """Return the values that ``decimal_steps`` took, in their declared type."""
    whole = np.cumsum(steps, dtype=np.int64)
    whole += base
    declared = _DECLARED[code >> 4 & 3]
    if declared == np.int64:
        return whole
    values: Numbers = (whole / _SCALES[code >> 2 & 3]).astype(declared, copy=False)
    return values


def _whole(value: Numbers, scale: float) -> NDArray[np.int64] | None:
    """Return the values times the scale as integers, None when one would not come back."""
    if value.dtype == np.int64:
        return value.astype(np.int64, copy=False) if scale == 1.0 else None
    with np.errstate(all="ignore"):
        whole = np.rint(value.astype(np.float64, copy=False) * scale)
        back = (whole / scale).astype(value.dtype, copy=False)
        if not bool(((back == value) & (np.abs(whole) < EXACT_INTEGERS)).all()):
            return None
        return whole.astype(np.int64)


def _width(steps: NDArray[np.int64]) -> int:
    low, high = int(steps.min()), int(steps.max())
    for width, bits in enumerate((7, 15, 31)):
        if -(1 << bits) <= low and high < 1 << bits:
            return width
    return 3
