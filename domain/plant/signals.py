"""Signals as values: a captured waveform, a spectrum, a named band."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32] | NDArray[np.float64]


class SpectrumKind(Enum):
    """Which spectrum of a measurement point."""

    ACCELERATION = "acceleration"
    VELOCITY = "velocity"
    ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One-sided amplitude spectrum: line i lies at ``i * resolution_hz``.

    ``amplitude`` is (n,) float32 in ``unit``; ``is_rms`` says whether a sine of peak A reads A or A / sqrt 2.
    """

    amplitude: NDArray[np.float32]
    resolution_hz: float
    unit: str
    is_rms: bool = False

    @property
    def frequency_hz(self) -> NDArray[np.float64]:
        """Frequencies of the lines, (n,) float64 in hertz."""
        return np.arange(len(self.amplitude), dtype=np.float64) * self.resolution_hz

    def up_to(self, frequency_hz: float) -> "Spectrum":
        """Return the lines up to a frequency."""
        count = int(frequency_hz / self.resolution_hz) + 1
        return Spectrum(self.amplitude[:count].copy(), self.resolution_hz, self.unit, self.is_rms)


@dataclass(frozen=True, slots=True)
class Band:
    """A named frequency range, both ends included."""

    name: str
    low_hz: float
    high_hz: float


@dataclass(frozen=True, slots=True)
class Waveform:
    """One captured record of one channel: start + rate + index gives each sample's time."""

    tag_key: int
    samples: NDArray[np.float32]
    sampling_rate_hz: float
    start_us: int
    unit: str
    quality: int
    revision: int = 1

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sampling_rate_hz
