"""Energies of bands [standards, section 4]."""

import numpy as np
import pytest

from domain.plant.signals import Band, Spectrum
from domain.plant.tags import Feature
from processing.bands import band_energies, trend_bands
from processing.spectrum import amplitude_spectrum

RATE_HZ = 25_600.0


def spectrum_of(*tones: tuple[float, float], rate_hz: float = RATE_HZ) -> Spectrum:
    time_s = np.arange(32_768) / rate_hz
    signal = sum(peak * np.sin(2 * np.pi * hertz * time_s) for hertz, peak in tones)
    return amplitude_spectrum(np.asarray(signal), sampling_rate_hz=rate_hz, unit="g")


def test_each_tone_lies_in_its_band() -> None:
    found = band_energies(
        spectrum_of((100.0, 1.0), (1000.0, 2.0)), [Band("low", 10, 500), Band("high", 500, 5000)]
    )
    assert found["low"] == pytest.approx(1 / np.sqrt(2), rel=0.01)
    assert found["high"] == pytest.approx(2 / np.sqrt(2), rel=0.01)


def test_adjacent_bands_add_up_in_power() -> None:
    spectrum = spectrum_of((300.0, 1.0), (2500.0, 0.7), (7000.0, 0.4))
    bands = [Band("a", 10, 1000), Band("b", 1000.5, 5000), Band("c", 5000.5, 12_000), Band("all", 10, 12_000)]
    found = band_energies(spectrum, bands)
    parts = sum(found[name] ** 2 for name in "abc")
    assert parts == pytest.approx(found["all"] ** 2, rel=1e-3)


def test_a_band_that_the_sensor_cannot_reach_is_left_out() -> None:
    assert set(trend_bands(spectrum_of((100.0, 1.0)))) == {Feature.BEARING_BAND, Feature.GEAR_BAND}
    assert not trend_bands(spectrum_of((100.0, 1.0), rate_hz=4_000.0))
