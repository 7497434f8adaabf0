"""What a live envelope spectrum says about a bearing, as measured figures; light enough for a window.

Each kind of defect is looked for at the frequency that geometry and shaft speed give. It is supported when
its first line stands out and its harmonics stand above what is normal; else it is listed as considered.
"""

from dataclasses import dataclass, replace

import numpy as np

from domain.plant.bearings import BearingGeometry
from domain.plant.signals import Spectrum
from domain.plant.tags import Feature
from processing.bearing import (
    PROMINENT_DB,
    ClaimedLines,
    Line,
    defect_frequencies,
    find_line,
    harmonics,
)

HARMONICS = 5
SUPPORT_DB = 6.0
"""So much over its baseline, and standing out from the noise, a harmonic counts as raised."""

FEWEST_RAISED = 2
"""The first harmonic and at least one more."""

SIDEBAND_TOLERANCE = 0.005
STILL_HZ = 0.5
FEWEST_LINES_BELOW_SHAFT = 4
"""Coarser spectra cannot tell sidebands at shaft speed apart."""

BASELINE_FLOOR_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class DefectEvidence:
    """Figures for one kind of defect.

    ``rise_db`` is the mean level of the first three harmonics over the baseline or over the noise around
    them, whichever is less: neither a general rise of the noise nor an old line counts.
    ``sidebands_db`` is the level of the pair at one shaft order about the first line, relative to that line;
    None where the spectrum does not hold it. ``times_baseline`` is None without a baseline.
    """

    fault: Feature
    expected_hz: float
    found_hz: float
    found_order: float
    amplitude: float
    prominence_db: float
    raised_harmonics: int
    harmonics_searched: int
    rise_db: float
    sidebands_db: float | None
    times_baseline: float | None
    is_supported: bool

    @property
    def offset_hz(self) -> float:
        """Found minus expected frequency."""
        return self.found_hz - self.expected_hz


@dataclass(frozen=True, slots=True)
class BearingEvidence:
    """Supported defects, the strongest first, and those looked at without support; or a ``refusal`` key."""

    supported: tuple[DefectEvidence, ...] = ()
    considered: tuple[DefectEvidence, ...] = ()
    refusal: str = ""
    has_baseline: bool = False


def bearing_evidence(
    envelope: Spectrum | None,
    *,
    baseline: Spectrum | None,
    geometry: BearingGeometry | None,
    speed_hz: float | None,
    is_running: bool | None,
) -> BearingEvidence:
    """Judge an envelope spectrum; ``is_running`` None means that the state of the machine is unknown.

    Refuses, with its reason, what cannot be judged; never guesses a speed or a geometry.
    """
    refusal = _refusal(envelope, geometry, speed_hz, is_running)
    if refusal or envelope is None or geometry is None or speed_hz is None:
        return BearingEvidence(refusal=refusal or "evidence_no_spectrum")
    alike = baseline if baseline is not None and _fits(baseline, envelope) else None
    expected = defect_frequencies(geometry, speed_hz=speed_hz)
    wanted = (
        (Feature.OUTER_RACE, expected.bpfo),
        (Feature.INNER_RACE, expected.bpfi),
        (Feature.ROLLING_ELEMENT, expected.bsf2),
    )
    judged = [
        found
        for fault, hz in wanted
        if (found := _judge(fault, hz, envelope, baseline=alike, speed_hz=speed_hz)) is not None
    ]
    judged.sort(key=_strength, reverse=True)
    judged = judged[:1] + [_beside(each, judged[0], envelope, speed_hz) for each in judged[1:]]
    return BearingEvidence(
        tuple(each for each in judged if each.is_supported),
        tuple(each for each in judged if not each.is_supported),
        "" if judged else "evidence_too_coarse",
        has_baseline=alike is not None,
    )


def _beside(
    weaker: DefectEvidence, strongest: DefectEvidence, envelope: Spectrum, speed_hz: float
) -> DefectEvidence:
    """Take the support of a weaker defect away when its first line belongs to the strongest one."""
    if not (strongest.is_supported and weaker.is_supported):
        return weaker
    base = Line(strongest.found_hz, strongest.amplitude, strongest.prominence_db)
    own = Line(weaker.found_hz, weaker.amplitude, weaker.prominence_db)
    claimed = ClaimedLines.of(base, speed_hz=speed_hz, resolution_hz=envelope.resolution_hz)
    return replace(weaker, is_supported=False) if claimed.holds(own) else weaker


def _refusal(
    envelope: Spectrum | None,
    geometry: BearingGeometry | None,
    speed_hz: float | None,
    is_running: bool | None,
) -> str:
    if is_running is False:
        return "evidence_not_running"
    if geometry is None:
        return "evidence_no_bearing"
    if speed_hz is None:
        return "evidence_no_speed"
    if speed_hz <= STILL_HZ:
        return "evidence_not_running"
    if envelope is None:
        return "evidence_no_spectrum"
    if not np.isfinite(envelope.amplitude).all():
        return "evidence_bad_spectrum"
    if envelope.resolution_hz * FEWEST_LINES_BELOW_SHAFT > speed_hz:
        return "evidence_too_coarse"
    return ""


def _fits(baseline: Spectrum, envelope: Spectrum) -> bool:
    alike = abs(baseline.resolution_hz - envelope.resolution_hz) < 1e-6 * envelope.resolution_hz
    return alike and baseline.unit == envelope.unit and baseline.is_rms is envelope.is_rms


def _strength(evidence: DefectEvidence) -> float:
    return evidence.rise_db


def _judge(
    fault: Feature, expected_hz: float, envelope: Spectrum, *, baseline: Spectrum | None, speed_hz: float
) -> DefectEvidence | None:
    lines = harmonics(envelope, expected_hz, count=HARMONICS)
    if baseline is not None:
        reach = (len(baseline.amplitude) - 1) * baseline.resolution_hz
        lines = tuple(line for line in lines if line.frequency_hz * 1.03 < reach)
    if not lines:
        return None
    first = lines[0]
    rises = [_rise_db(line, baseline) for line in lines]
    raised = [
        line.prominence_db >= PROMINENT_DB and rise >= SUPPORT_DB
        for line, rise in zip(lines, rises, strict=True)
    ]
    normal = None if baseline is None else _normal(baseline, first.frequency_hz)
    return DefectEvidence(
        fault=fault,
        expected_hz=expected_hz,
        found_hz=first.frequency_hz,
        found_order=first.frequency_hz / speed_hz,
        amplitude=first.amplitude,
        prominence_db=first.prominence_db,
        raised_harmonics=sum(raised),
        harmonics_searched=len(lines),
        rise_db=float(np.mean(rises[:3])),
        sidebands_db=_sidebands_db(envelope, first, speed_hz),
        times_baseline=None if normal is None else first.amplitude / normal,
        is_supported=raised[0] and sum(raised) >= FEWEST_RAISED,
    )


def _rise_db(line: Line, baseline: Spectrum | None) -> float:
    if baseline is None:
        return line.prominence_db
    over_normal = 20 * np.log10(max(line.amplitude, 1e-12) / _normal(baseline, line.frequency_hz))
    return float(min(over_normal, line.prominence_db))


def _normal(baseline: Spectrum, frequency_hz: float) -> float:
    """Return what is normal near a frequency: the largest of three lines, at least a share of the noise."""
    place = round(frequency_hz / baseline.resolution_hz)
    near = baseline.amplitude[max(1, place - 1) : place + 2]
    floor = BASELINE_FLOOR_SHARE * float(np.median(baseline.amplitude[1:]))
    return max(float(near.max()) if len(near) else 0.0, floor, 1e-9)


def _sidebands_db(envelope: Spectrum, line: Line, speed_hz: float) -> float | None:
    levels = []
    for side in (-1, 1):
        wanted = line.frequency_hz + side * speed_hz
        try:
            found = find_line(envelope, wanted, tolerance=SIDEBAND_TOLERANCE)
        except ValueError:
            return None
        if found.prominence_db < PROMINENT_DB:
            return None
        levels.append(found.amplitude)
    return float(20 * np.log10(max(float(np.mean(levels)), 1e-12) / max(line.amplitude, 1e-12)))
