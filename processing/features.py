"""One feature vector from one block: what analysis writes as derived tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.plant.bearings import BearingGeometry
from domain.plant.signals import Band, FloatArray, Spectrum, SpectrumKind
from domain.plant.tags import Feature
from processing.bands import trend_bands
from processing.bearing import (
    PROMINENT_DB,
    ClaimedLines,
    DefectFrequencies,
    Line,
    defect_frequencies,
    find_line,
    harmonics,
)
from processing.spectrum import amplitude_spectrum, band_rms, envelope, velocity_spectrum
from processing.vibration import time_figures

SLOW_SHAFT_HZ = 10.0
"""600 r/min: below it ISO 20816-3 starts the velocity band at 2 Hz instead of 10 Hz."""

STANDSTILL_HZ = 0.5
DEFECT_HARMONICS = 3
RACES = frozenset({Feature.OUTER_RACE, Feature.INNER_RACE, Feature.ROLLING_ELEMENT})
ORDER_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class BlockAnalysis:
    """Spectra and figures of one block; figures that need a turning shaft or a bearing may be missing."""

    spectra: Mapping[SpectrumKind, Spectrum]
    features: Mapping[Feature, float] = field(default_factory=dict)
    is_clipped: bool = False


def velocity_band(speed_hz: float | None) -> Band:
    """Return the band of the velocity r.m.s. for a shaft speed (standards, section 3)."""
    is_slow = speed_hz is not None and STANDSTILL_HZ < speed_hz < SLOW_SHAFT_HZ
    return Band("velocity", 2.0 if is_slow else 10.0, 1000.0)


def analyse_block(
    samples: FloatArray,
    *,
    sampling_rate_hz: float,
    envelope_band: Band,
    speed_hz: float | None = None,
    bearing: BearingGeometry | None = None,
) -> BlockAnalysis:
    """Return spectra and features of a block of acceleration in g.

    ValueError when the block is too short, not finite, or the envelope band does not fit its rate.
    """
    figures = time_figures(samples)
    acceleration = amplitude_spectrum(samples, sampling_rate_hz=sampling_rate_hz, unit="g")
    velocity = velocity_spectrum(acceleration)
    curve, rate_hz = envelope(samples, sampling_rate_hz=sampling_rate_hz, band=envelope_band)
    enveloped = amplitude_spectrum(curve, sampling_rate_hz=rate_hz, unit="g")
    features = {
        Feature.VELOCITY_RMS: band_rms(velocity, velocity_band(speed_hz)),
        Feature.ACCELERATION_RMS: figures.rms,
        Feature.ACCELERATION_PEAK: figures.peak,
        Feature.CREST_FACTOR: figures.crest_factor,
        Feature.KURTOSIS: figures.kurtosis,
        Feature.ENVELOPE_RMS: time_figures(curve).rms,
    } | trend_bands(acceleration)
    if speed_hz is not None and speed_hz > STANDSTILL_HZ:
        features |= _order_lines(velocity, speed_hz)
        if bearing is not None:
            expected = defect_frequencies(bearing, speed_hz=speed_hz)
            features |= _defect_lines(enveloped, expected, speed_hz)
    spectra = {
        SpectrumKind.ACCELERATION: acceleration,
        SpectrumKind.VELOCITY: velocity,
        SpectrumKind.ENVELOPE: enveloped,
    }
    return BlockAnalysis(spectra, features, is_clipped=figures.is_clipped)


def _order_lines(velocity: Spectrum, speed_hz: float) -> dict[Feature, float]:
    return {
        Feature.ORDER_1X: find_line(velocity, speed_hz, tolerance=ORDER_TOLERANCE).amplitude,
        Feature.ORDER_2X: find_line(velocity, 2 * speed_hz, tolerance=ORDER_TOLERANCE).amplitude,
    }


def _defect_lines(enveloped: Spectrum, expected: DefectFrequencies, speed_hz: float) -> dict[Feature, float]:
    wanted = {
        Feature.OUTER_RACE: expected.bpfo,
        Feature.INNER_RACE: expected.bpfi,
        Feature.ROLLING_ELEMENT: expected.bsf2,
        Feature.CAGE: expected.ftf,
    }
    families = {
        feature: lines
        for feature, frequency_hz in wanted.items()
        if (lines := harmonics(enveloped, frequency_hz, count=DEFECT_HARMONICS))
    }
    strongest = max(families.keys() & RACES, key=lambda feature: families[feature][0].amplitude, default=None)
    if strongest is None:
        return {}
    base = families[strongest][0]
    claimed = ClaimedLines.of(base, speed_hz=speed_hz, resolution_hz=enveloped.resolution_hz)
    return {
        feature: _strength(lines, None if feature is strongest or not _is_prominent(base) else claimed)
        for feature, lines in families.items()
    }


def _strength(lines: Sequence[Line], claimed: ClaimedLines | None) -> float:
    """Return the strength of a defect; without its first harmonic the others belong to something else."""
    own = [line for line in lines if claimed is None or not claimed.holds(line)]
    if not own or own[0] is not lines[0]:
        return lines[0].floor
    if not _is_prominent(own[0]):
        own = own[:1]
    return float(sum(line.amplitude**2 for line in own) ** 0.5)


def _is_prominent(line: Line) -> bool:
    return line.prominence_db >= PROMINENT_DB
