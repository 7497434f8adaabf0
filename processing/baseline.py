"""What is normal for one figure or one spectrum: robust, so that a few odd blocks do not move it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.condition.baseline import RobustBaseline
from domain.errors import InsufficientData
from domain.plant.signals import Spectrum

MINIMUM_OBSERVATIONS = 8
MAD_TO_SIGMA = 1.4826


def learn_baseline(values: NDArray[np.float64]) -> RobustBaseline:
    """Return median and robust spread of the finite values.

    InsufficientData with fewer than eight of them. Source: Rousseeuw and Croux 1993, MAD x 1.4826.
    """
    finite = values[np.isfinite(values)]
    if len(finite) < MINIMUM_OBSERVATIONS:
        raise InsufficientData(
            f"a baseline needs {MINIMUM_OBSERVATIONS} observations, there are {len(finite)}",
            key="baseline_too_short",
            needed=MINIMUM_OBSERVATIONS,
            found=len(finite),
        )
    median = float(np.median(finite))
    sigma = float(MAD_TO_SIGMA * np.median(np.abs(finite - median)))
    return RobustBaseline(median, sigma, len(finite))


def baseline_spectrum(spectra: Sequence[Spectrum]) -> Spectrum:
    """Return the median of each line over spectra of one resolution; InsufficientData when none fits."""
    if not spectra:
        raise InsufficientData("no spectra for a baseline", key="baseline_no_spectra")
    last = spectra[-1]
    alike = [s for s in spectra if len(s.amplitude) == len(last.amplitude) and s.unit == last.unit]
    stacked = np.stack([spectrum.amplitude for spectrum in alike])
    return Spectrum(np.median(stacked, axis=0).astype(np.float32), last.resolution_hz, last.unit, last.is_rms)
