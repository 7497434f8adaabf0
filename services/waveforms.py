"""Spectra of a kept waveform, for screens that show the past."""

from collections.abc import Mapping

from domain.plant.assets import MeasurementPoint
from domain.plant.signals import Band, Spectrum, SpectrumKind, Waveform


def spectra_of(waveform: Waveform, point: MeasurementPoint) -> Mapping[SpectrumKind, Spectrum]:
    """Return the spectra of a waveform in g; ValueError when it cannot be analysed.

    Imports ``scipy.fft`` when first called: run it in the database lane, not in the main thread.
    """
    from processing.features import analyse_block

    return analyse_block(
        waveform.samples,
        sampling_rate_hz=waveform.sampling_rate_hz,
        envelope_band=Band("envelope", point.envelope_low_hz, point.envelope_high_hz),
    ).spectra
