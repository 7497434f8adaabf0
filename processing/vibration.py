"""Figures of a vibration block in the time domain. Moments accumulate in float64."""

from dataclasses import dataclass

import numpy as np

from domain.plant.signals import FloatArray
from processing.spectrum import require_block

CLIPPED_SHARE = 0.001
"""This share of samples at the extreme value means the sensor or converter was overdriven."""


@dataclass(frozen=True, slots=True)
class TimeFigures:
    """R.m.s., zero-to-peak, crest factor and kurtosis (Gaussian = 3); NaN where the block is constant."""

    rms: float
    peak: float
    crest_factor: float
    kurtosis: float
    is_clipped: bool


def time_figures(samples: FloatArray) -> TimeFigures:
    """Return the figures of a block about its mean; ValueError when it is too short or not finite."""
    block = require_block(samples).astype(np.float64)
    centred = block - block.mean()
    squares = centred * centred
    variance = float(squares.mean())
    peak = float(np.abs(centred).max())
    if variance <= (1e-12 * max(1.0, float(np.abs(block).max()))) ** 2:
        return TimeFigures(0.0, peak, float("nan"), float("nan"), is_clipped=False)
    rms = variance**0.5
    kurtosis = float((squares * squares).mean()) / variance**2
    return TimeFigures(rms, peak, peak / rms, kurtosis, is_clipped=_is_clipped(block))


def _is_clipped(block: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> bool:
    at_extreme = np.count_nonzero(block == block.max()) + np.count_nonzero(block == block.min())
    return bool(at_extreme > max(4, CLIPPED_SHARE * len(block)))
