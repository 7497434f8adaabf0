"""Defect frequencies from geometry and speed, and how strongly a spectrum shows them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.plant.bearings import BearingGeometry, DefectOrders, defect_orders
from domain.plant.signals import Spectrum

SLIP_TOLERANCE = 0.02
NEIGHBOURHOOD_LINES = 40
PROMINENT_DB = 10.0


@dataclass(frozen=True, slots=True)
class DefectFrequencies:
    """Defect frequencies in hertz; ``bsf2``, twice the element spin, is what a worn element excites."""

    ftf: float
    bpfo: float
    bpfi: float
    bsf2: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line searched near an expected frequency; ``prominence_db`` is over the median around it."""

    frequency_hz: float
    amplitude: float
    prominence_db: float

    @property
    def floor(self) -> float:
        """The median amplitude around the line."""
        return float(self.amplitude / 10 ** (self.prominence_db / 20))


@dataclass(frozen=True, slots=True)
class ClaimedLines:
    """Lines that belong to the strongest defect: its harmonics and their sidebands at shaft speed.

    They are not evidence for a weaker one, however close its expected frequency lies.
    """

    base_hz: float
    speed_hz: float
    reach_hz: float

    @classmethod
    def of(cls, base: Line, *, speed_hz: float, resolution_hz: float) -> "ClaimedLines":
        """Return what the family of a first harmonic claims: one and a half lines around each member."""
        return cls(base.frequency_hz, speed_hz, 1.5 * resolution_hz)

    def holds(self, line: Line) -> bool:
        """Say whether a line is a member of the family."""
        offset_hz = (line.frequency_hz + self.base_hz / 2) % self.base_hz - self.base_hz / 2
        return any(abs(offset_hz - side * self.speed_hz) <= self.reach_hz for side in (-1, 0, 1))


def defect_frequencies(geometry: BearingGeometry | DefectOrders, *, speed_hz: float) -> DefectFrequencies:
    """Return the defect frequencies at a shaft speed (standards, section 4); ValueError at standstill."""
    if not speed_hz > 0:
        raise ValueError(f"defect frequencies need a turning shaft, speed is {speed_hz:g} Hz")
    orders = geometry if isinstance(geometry, DefectOrders) else defect_orders(geometry)
    return DefectFrequencies(
        ftf=orders.ftf * speed_hz,
        bpfo=orders.bpfo * speed_hz,
        bpfi=orders.bpfi * speed_hz,
        bsf2=2 * orders.bsf * speed_hz,
    )


def find_line(spectrum: Spectrum, frequency_hz: float, *, tolerance: float = SLIP_TOLERANCE) -> Line:
    """Return the strongest line within ``tolerance`` (relative) of a frequency.

    At least one line on each side is searched. ValueError when the frequency lies beyond the spectrum.
    """
    reach = max(tolerance * frequency_hz, spectrum.resolution_hz)
    low = max(1, math.floor((frequency_hz - reach) / spectrum.resolution_hz))
    high = math.ceil((frequency_hz + reach) / spectrum.resolution_hz) + 1
    if high > len(spectrum.amplitude):
        raise ValueError(f"{frequency_hz:g} Hz lies beyond the spectrum")
    place = low + int(np.argmax(spectrum.amplitude[low:high]))
    amplitude = float(spectrum.amplitude[place])
    floor = _median_around(spectrum.amplitude, low, high)
    prominence_db = 20 * math.log10(max(amplitude, 1e-20) / max(floor, 1e-20))
    return Line(_peak_frequency(spectrum, place), amplitude, prominence_db)


def harmonics(
    spectrum: Spectrum, frequency_hz: float, *, count: int, tolerance: float = SLIP_TOLERANCE
) -> tuple[Line, ...]:
    """Return the lines at the first ``count`` harmonics that the spectrum holds.

    The first harmonic found fixes the others: they are searched near its multiples, as slip is one number.
    """
    found: list[Line] = []
    base = frequency_hz
    for order in range(1, count + 1):
        try:
            reach = tolerance if order == 1 else max(tolerance / order, 0.004)
            line = find_line(spectrum, base * order, tolerance=reach)
        except ValueError:
            break
        if order == 1 and line.prominence_db > PROMINENT_DB:
            base = line.frequency_hz
        found.append(line)
    return tuple(found)


def _median_around(amplitude: NDArray[np.float32], low: int, high: int) -> float:
    left = amplitude[max(1, low - NEIGHBOURHOOD_LINES) : low]
    right = amplitude[high : high + NEIGHBOURHOOD_LINES]
    around = np.sort(np.concatenate((left, right)))
    half = len(around) // 2
    if not len(around):
        return 0.0
    return float(around[half] if len(around) % 2 else (around[half - 1] + around[half]) / 2)


def _peak_frequency(spectrum: Spectrum, place: int) -> float:
    """Return the frequency of a Hann-windowed line, interpolated by its two neighbours (Grandke 1983)."""
    if not 0 < place < len(spectrum.amplitude) - 1:
        return place * spectrum.resolution_hz
    left, centre, right = (float(each) for each in spectrum.amplitude[place - 1 : place + 2])
    larger, sign = (right, 1.0) if right >= left else (left, -1.0)
    if centre <= 0:
        return place * spectrum.resolution_hz
    ratio = larger / centre
    return (place + sign * min(max((2 * ratio - 1) / (ratio + 1), -0.5), 0.5)) * spectrum.resolution_hz
