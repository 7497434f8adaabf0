"""What the plots show now: the live picture of a point, or the same frozen."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from domain.plant.assets import MachineState
from domain.plant.bearings import defect_orders
from domain.plant.signals import Spectrum, SpectrumKind
from domain.ports import LiveSource
from ui.formatting import number
from ui.screens.analysis.points import PointEntry
from ui.screens.readings import Readings
from ui.widgets.spectrum_marks import FaultFrequency

WAVEFORM_S = 0.2
STILL_HZ = 0.5
CAGE_MULTIPLES = 3


class Mode(Enum):
    """Where the picture comes from."""

    LIVE = "live"
    PAUSED = "paused"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class SignalPicture:
    """Spectra and the piece of waveform that are on show; missing ones are None."""

    spectra: dict[SpectrumKind, Spectrum]
    samples: NDArray[np.float32] | None
    sampling_rate_hz: float
    start_us: int
    sequence: int


def look(live: LiveSource, entry: PointEntry, *, after: int) -> SignalPicture | None:
    """Return the newest picture of a point, None when nothing newer than ``after`` is there."""
    newest = live.spectrum(entry.waveform_key, SpectrumKind.VELOCITY)
    if newest is None or newest.sequence == after:
        return None
    spectra = {SpectrumKind.VELOCITY: newest.spectrum}
    for kind in (SpectrumKind.ACCELERATION, SpectrumKind.ENVELOPE):
        found = live.spectrum(entry.waveform_key, kind)
        if found is not None:
            spectra[kind] = found.spectrum
    window = live.waveform(entry.waveform_key, length=_waveform_length(live, entry))
    samples = None if window is None else window.samples
    rate_hz = 0.0 if window is None else window.sampling_rate_hz
    return SignalPicture(spectra, samples, rate_hz, newest.start_us, newest.sequence)


def _waveform_length(live: LiveSource, entry: PointEntry) -> int:
    spectrum = live.spectrum(entry.waveform_key, SpectrumKind.ACCELERATION)
    if spectrum is None:
        return 2
    nyquist_hz = (len(spectrum.spectrum.amplitude) - 1) * spectrum.spectrum.resolution_hz
    return max(2, round(2 * nyquist_hz * WAVEFORM_S))


@dataclass(frozen=True, slots=True)
class Motion:
    """State and speed of the shaft at a point; unknown is None."""

    state: MachineState
    speed_rpm: float | None
    shaft_hz: float | None

    @property
    def is_running(self) -> bool | None:
        """Whether the machine runs, None when nobody knows."""
        return None if self.state is MachineState.UNKNOWN else self.state is MachineState.RUN

    @property
    def speed_words(self) -> str:
        """Speed and shaft frequency in one text."""
        if self.speed_rpm is None:
            return "\u2013 \u2013"
        rpm = f"{number(self.speed_rpm, 0)} 1/min"
        return rpm if self.shaft_hz is None else f"{rpm}, 1\u00d7 {number(self.shaft_hz, 2)} Hz"


def motion_of(entry: PointEntry, readings: Readings) -> Motion:
    """Return how a machine moves, from its live state and speed tags."""
    value = readings.number(entry.point.speed_tag_key)
    rpm = None if value is None else value * entry.point.speed_ratio
    shaft_hz = rpm / 60 if rpm is not None and rpm / 60 > STILL_HZ else None
    return Motion(readings.state(entry.point.state_tag_key), rpm, shaft_hz)


def fault_frequencies(entry: PointEntry, shaft_hz: float | None) -> tuple[FaultFrequency, ...]:
    """Return the defect frequencies of the point's bearing; nothing without geometry or speed."""
    if entry.point.bearing is None or shaft_hz is None:
        return ()
    orders = defect_orders(entry.point.bearing)
    named = (("BPFO", orders.bpfo), ("BPFI", orders.bpfi), ("BSF", 2 * orders.bsf))
    cage = FaultFrequency("FTF", orders.ftf * shaft_hz, most_multiples=CAGE_MULTIPLES)
    return (*(FaultFrequency(name, order * shaft_hz) for name, order in named), cage)


def bearing_words(entry: PointEntry) -> tuple[str, str]:
    """Return the bearing in one text and all its orders for the tip."""
    bearing = entry.point.bearing
    if bearing is None:
        return "\u2013", ""
    orders = defect_orders(bearing)
    short = f"{bearing.designation}, BPFO {number(orders.bpfo, 2)}\u00d7"
    tip = "\n".join(
        (
            f"{bearing.designation}: {bearing.elements} \u00d7 {number(bearing.element_diameter_mm, 2)} mm, "
            f"{number(bearing.pitch_diameter_mm, 1)} mm",
            f"BPFO {number(orders.bpfo, 3)}\u00d7   BPFI {number(orders.bpfi, 3)}\u00d7",
            f"BSF {number(2 * orders.bsf, 3)}\u00d7   FTF {number(orders.ftf, 3)}\u00d7",
            bearing.source,
        )
    )
    return short, tip.strip()
