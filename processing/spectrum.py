"""Amplitude, velocity and envelope spectra of one block; power spectral density by Welch's method.

float32 throughout and ``scipy.fft`` only: ``scipy.signal`` takes most of a second to import.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from domain.plant.signals import Band, FloatArray, Spectrum

STANDARD_GRAVITY_MM_S2 = 9806.65
HANN_NOISE_BANDWIDTH = 1.5
"""Equivalent noise bandwidth of the Hann window in lines (Harris 1978, table 1)."""

MINIMUM_SAMPLES = 8
LARGEST_SAMPLE = 1e15
"""Beyond any measured quantity; sums of squares of more would leave float32."""


@lru_cache(maxsize=16)
def hann_window(length: int) -> NDArray[np.float32]:
    """Return the periodic Hann window, (length,) float32."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def amplitude_spectrum(samples: FloatArray, *, sampling_rate_hz: float, unit: str) -> Spectrum:
    """Return the one-sided, Hann-windowed amplitude spectrum of one block.

    Parameters
    ----------
    samples : (n,) float32 in ``unit``; n >= 8, all finite
    sampling_rate_hz : float > 0

    Returns
    -------
    Spectrum of n // 2 + 1 lines, 0 Hz to Nyquist; a bin-centred sine of peak A reads A.

    Raises
    ------
    ValueError if ``samples`` is not one-dimensional, too short or not finite.

    Source: Harris, On the use of windows for harmonic analysis with the DFT, 1978, section IV.
    Checked by: tests/golden/test_spectrum_golden.py
    """
    block = require_block(samples)
    window = hann_window(len(block))
    lines = fft.rfft((block - block.mean()) * window, workers=1)
    amplitude = np.abs(lines) * np.float32(2.0 / window.sum())
    amplitude[0] /= 2
    if len(block) % 2 == 0:
        amplitude[-1] /= 2
    return Spectrum(amplitude.astype(np.float32), sampling_rate_hz / len(block), unit)


def velocity_spectrum(acceleration: Spectrum, *, low_hz: float = 2.0) -> Spectrum:
    """Return the velocity spectrum in mm/s r.m.s. of an acceleration spectrum in g.

    Lines below ``low_hz`` are zero: integration would blow up drift there. ValueError for another unit.
    """
    if acceleration.unit != "g":
        raise ValueError(f"a velocity spectrum is made from acceleration in g, not in '{acceleration.unit}'")
    frequency = acceleration.frequency_hz
    usable = frequency >= max(low_hz, acceleration.resolution_hz)
    velocity = np.zeros(len(frequency), dtype=np.float32)
    factor = STANDARD_GRAVITY_MM_S2 / (2 * np.pi * np.sqrt(2))
    velocity[usable] = acceleration.amplitude[usable] * factor / frequency[usable]
    return Spectrum(velocity, acceleration.resolution_hz, "mm/s", is_rms=True)


def band_rms(spectrum: Spectrum, band: Band) -> float:
    """Return the r.m.s. of a band of a Hann-windowed spectrum, corrected for the window's noise bandwidth."""
    low = int(np.ceil(band.low_hz / spectrum.resolution_hz))
    high = int(np.floor(band.high_hz / spectrum.resolution_hz)) + 1
    power = np.sum(np.square(spectrum.amplitude[low:high], dtype=np.float64))
    if not spectrum.is_rms:
        power /= 2
    return float(np.sqrt(power / HANN_NOISE_BANDWIDTH))


def envelope(
    samples: FloatArray, *, sampling_rate_hz: float, band: Band
) -> tuple[NDArray[np.float32], float]:
    """Return the envelope of a band and its own (lower) sampling rate.

    The band is cut out of the spectrum, shifted to zero and transformed back at its own width: one short
    inverse transform yields the analytic signal. Result (m,) float32 in the unit of the samples.

    Source: Ho and Randall, Optimisation of bearing diagnostic techniques, 2000, section 2.
    """
    block = require_block(samples)
    resolution_hz = sampling_rate_hz / len(block)
    low = max(1, round(band.low_hz / resolution_hz))
    high = min(len(block) // 2, round(band.high_hz / resolution_hz))
    if high - low < MINIMUM_SAMPLES:
        raise ValueError(
            f"band {band.low_hz:g}-{band.high_hz:g} Hz holds too few lines at {sampling_rate_hz:g} samples/s"
        )
    lines = fft.rfft(block, workers=1)[low:high]
    size = fft.next_fast_len(2 * len(lines))
    padded = np.zeros(size, dtype=np.complex64)
    padded[: len(lines)] = lines
    analytic = fft.ifft(padded, workers=1)
    scale = np.float32(2.0 * size / len(block))
    return np.abs(analytic).astype(np.float32) * scale, size * resolution_hz


def envelope_spectrum(samples: FloatArray, *, sampling_rate_hz: float, unit: str, band: Band) -> Spectrum:
    """Return the amplitude spectrum of a band's envelope, mean removed."""
    curve, rate_hz = envelope(samples, sampling_rate_hz=sampling_rate_hz, band=band)
    return amplitude_spectrum(curve, sampling_rate_hz=rate_hz, unit=unit)


def power_spectral_density(
    samples: FloatArray, *, sampling_rate_hz: float, length: int = 8192
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return frequencies (hertz) and one-sided density (unit squared per hertz): Hann, half overlap.

    Source: Welch 1967. Equal to ``scipy.signal.welch(..., detrend="constant")``, checked by the tests.
    """
    block = require_block(samples)
    length = min(length, len(block))
    step = max(1, length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(block, length)[::step]
    window = hann_window(length)
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    lines = fft.rfft(centred, axis=1, workers=1)
    power = np.mean(lines.real**2 + lines.imag**2, axis=0)
    density = power * (2.0 / (sampling_rate_hz * np.sum(window.astype(np.float64) ** 2)))
    density[0] /= 2
    if length % 2 == 0:
        density[-1] /= 2
    frequency_hz = np.arange(len(density), dtype=np.float64) * (sampling_rate_hz / length)
    return frequency_hz, density.astype(np.float32)


def is_usable(samples: FloatArray) -> bool:
    """Say whether every sample is a number that a measurement can have."""
    return bool((np.abs(samples) <= LARGEST_SAMPLE).all())


def require_block(samples: FloatArray) -> NDArray[np.float32]:
    """Return the samples as (n,) float32; ValueError when they cannot be transformed."""
    with np.errstate(over="ignore"):
        block = np.asarray(samples, dtype=np.float32)
    if block.ndim != 1 or len(block) < MINIMUM_SAMPLES:
        raise ValueError(f"a block is one-dimensional and has at least {MINIMUM_SAMPLES} samples")
    if not is_usable(block):
        raise ValueError("a block with missing, infinite or absurdly large samples has no spectrum")
    return block
