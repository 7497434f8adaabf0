"""Analysis of one stored waveform, as the analysis process does it with live ones."""

from collections.abc import Mapping

import numpy as np

from domain.plant.assets import MeasurementPoint
from domain.plant.signals import Band, Spectrum, SpectrumKind, Waveform
from domain.plant.tags import Feature
from domain.units import convert
from processing.features import analyse_block
from services.analysis import KEPT_KINDS, KEPT_UP_TO_HZ


def analyse_waveform(
    waveform: Waveform, point: MeasurementPoint, *, speed_hz: float | None
) -> tuple[Mapping[Feature, float], tuple[tuple[SpectrumKind, Spectrum], ...]]:
    """Return finite figures and the spectra to keep; ValueError when the record does not allow it.

    ``waveform`` is an acceleration; UnitError for anything else.
    """
    factor = convert(1.0, source=waveform.unit, target="g")
    found = analyse_block(
        waveform.samples * np.float32(factor),
        sampling_rate_hz=waveform.sampling_rate_hz,
        envelope_band=Band("envelope", point.envelope_low_hz, point.envelope_high_hz),
        speed_hz=speed_hz,
        bearing=point.bearing,
    )
    figures = {feature: value for feature, value in found.features.items() if np.isfinite(value)}
    spectra = tuple((kind, found.spectra[kind].up_to(KEPT_UP_TO_HZ)) for kind in KEPT_KINDS)
    return figures, spectra
