"""Energy of named bands of a spectrum; r.m.s., in the unit of the spectrum."""

from collections.abc import Iterable, Mapping

from domain.plant.signals import Band, Spectrum
from domain.plant.tags import Feature
from processing.spectrum import band_rms

TREND_BANDS: Mapping[Feature, Band] = {
    Feature.BEARING_BAND: Band("bearing", 250.0, 10_000.0),
    Feature.GEAR_BAND: Band("gear", 500.0, 20_000.0),
}
"""Example trend bands of ``docs/standards.md``, section 4; cut off where the spectrum ends."""


def band_energies(spectrum: Spectrum, bands: Iterable[Band]) -> dict[str, float]:
    """Return the r.m.s. of each band that the spectrum reaches at least half-way; others are left out.

    Adjacent bands add up in power: the square of the whole is the sum of the squares of its parts.
    """
    reach_hz = (len(spectrum.amplitude) - 1) * spectrum.resolution_hz
    return {
        band.name: band_rms(spectrum, band) for band in bands if (band.low_hz + band.high_hz) / 2 <= reach_hz
    }


def trend_bands(acceleration: Spectrum) -> dict[Feature, float]:
    """Return the trend bands that an acceleration spectrum covers."""
    energies = band_energies(acceleration, TREND_BANDS.values())
    return {feature: energies[band.name] for feature, band in TREND_BANDS.items() if band.name in energies}
