"""Spectra against closed forms and against ``scipy.signal``, an independent implementation."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from domain.plant.signals import Band, Spectrum
from processing.spectrum import (
    amplitude_spectrum,
    band_rms,
    envelope,
    envelope_spectrum,
    power_spectral_density,
    velocity_spectrum,
)
from processing.vibration import time_figures

RATE_HZ = 25_600.0


def sine(amplitude: float, frequency_hz: float, *, count: int = 32_768) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(count) / RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("line", [40, 512, 4096])
def test_a_bin_centred_sine_reads_its_peak_within_one_percent(line: int) -> None:
    frequency_hz = line * RATE_HZ / 32_768
    spectrum = amplitude_spectrum(sine(2.5, frequency_hz), sampling_rate_hz=RATE_HZ, unit="g")
    assert int(np.argmax(spectrum.amplitude)) == line
    assert spectrum.amplitude[line] == pytest.approx(2.5, rel=0.01)
    assert spectrum.resolution_hz == pytest.approx(RATE_HZ / 32_768)


def test_velocity_rms_of_a_sine_follows_from_integration() -> None:
    """1 g peak at 100 Hz is 9806.65 / (2 pi 100) / sqrt 2 = 11.04 mm/s r.m.s."""
    acceleration = amplitude_spectrum(sine(1.0, 100.0), sampling_rate_hz=RATE_HZ, unit="g")
    velocity = velocity_spectrum(acceleration)
    assert velocity.unit == "mm/s"
    expected = 9806.65 / (2 * np.pi * 100) / np.sqrt(2)
    assert band_rms(velocity, Band("velocity", 10, 1000)) == pytest.approx(expected, rel=0.002)


def test_velocity_of_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="in g"):
        velocity_spectrum(Spectrum(np.zeros(10, np.float32), 1.0, "mm/s"))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(10, 14))
def test_parseval_the_band_of_everything_is_the_rms(seed: int, power: int) -> None:
    samples = np.random.default_rng(seed).standard_normal(2**power).astype(np.float32)
    spectrum = amplitude_spectrum(samples, sampling_rate_hz=RATE_HZ, unit="g")
    everything = band_rms(spectrum, Band("all", spectrum.resolution_hz, RATE_HZ / 2))
    assert everything == pytest.approx(time_figures(samples).rms, rel=0.12)


def test_density_equals_scipy_signal_welch() -> None:
    samples = np.random.default_rng(3).standard_normal(65_536).astype(np.float32)
    frequency_hz, density = power_spectral_density(samples, sampling_rate_hz=RATE_HZ, length=4096)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected_hz, expected = signal.welch(samples, RATE_HZ, nperseg=4096)
    assert np.allclose(frequency_hz, expected_hz)
    assert np.allclose(density, expected, rtol=2e-3, atol=1e-9)


def test_the_envelope_of_a_modulated_tone_shows_the_modulation() -> None:
    """(1 + 0.5 cos 2 pi 87 t) on a 3.2 kHz carrier: the envelope has a line of 0.5 at 87 Hz."""
    time_s = np.arange(65_536) / RATE_HZ
    tone = (1 + 0.5 * np.cos(2 * np.pi * 87.5 * time_s)) * np.sin(2 * np.pi * 3200 * time_s)
    spectrum = envelope_spectrum(
        tone.astype(np.float32), sampling_rate_hz=RATE_HZ, unit="g", band=Band("e", 2000, 4400)
    )
    place = int(np.argmax(spectrum.amplitude))
    assert place * spectrum.resolution_hz == pytest.approx(87.5, abs=spectrum.resolution_hz)
    assert spectrum.amplitude[place] == pytest.approx(0.5, rel=0.02)


def test_the_envelope_equals_scipys_hilbert_transform() -> None:
    samples = sine(1.0, 3000.0) * (1 + 0.3 * sine(1.0, 50.0))
    curve, rate_hz = envelope(samples, sampling_rate_hz=RATE_HZ, band=Band("e", 1000, 5000))
    expected = np.abs(signal.hilbert(samples))
    own_time, full_time = np.arange(len(curve)) / rate_hz, np.arange(len(samples)) / RATE_HZ
    inner = (full_time > 0.1) & (full_time < 1.1)
    assert np.allclose(np.interp(full_time, own_time, curve)[inner], expected[inner], atol=0.02)


def test_time_figures_of_known_signals() -> None:
    figures = time_figures(sine(2.0, 100.0, count=25_600))
    assert figures.rms == pytest.approx(2 / np.sqrt(2), rel=1e-4)
    assert figures.crest_factor == pytest.approx(np.sqrt(2), rel=1e-3)
    assert figures.kurtosis == pytest.approx(1.5, rel=1e-3)
    noise = time_figures(np.random.default_rng(1).standard_normal(200_000))
    assert noise.kurtosis == pytest.approx(3.0, abs=0.08)


@pytest.mark.parametrize("bad", [[np.nan] * 20, [np.inf] * 20, [1.0] * 3, [[1.0] * 20]])
def test_f63_what_is_no_block_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="block"):
        amplitude_spectrum(np.array(bad), sampling_rate_hz=RATE_HZ, unit="g")


def test_f63_a_constant_block_has_no_crest_factor() -> None:
    figures = time_figures(np.full(100, 3.0))
    assert figures.rms == 0.0
    assert np.isnan(figures.crest_factor)
    assert np.isnan(figures.kurtosis)


def test_an_overdriven_sensor_is_noticed() -> None:
    assert time_figures(np.clip(sine(2.0, 100.0), -1, 1)).is_clipped
    assert not time_figures(np.random.default_rng(2).standard_normal(32_768)).is_clipped
