"""Fault signatures of a rolling bearing, matched against the envelope spectra of a record, with the evidence.

Label-free: one configuration, no training. The record is pre-whitened (every line made equally strong, so
that neither shaft orders nor one resonance dominate), its squared envelope is averaged over frames of equal
shaft turns, and each kind of defect is judged by how far its harmonics stand above what noise alone would
show at the best of the lines searched.

Source: Borghesani et al., Application of cepstrum pre-whitening for the diagnosis of bearing faults, 2013;
Smith and Randall, Rolling element bearing diagnostics using the CWRU data, 2015.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from domain.errors import InsufficientData
from domain.plant.bearings import DefectOrders
from domain.plant.signals import FloatArray
from domain.plant.tags import Feature
from processing.bearing import SLIP_TOLERANCE, DefectFrequencies, defect_frequencies
from processing.spectrum import hann_window, require_block

HARMONICS = 4
FRAME_TURNS = 40
MINIMUM_TURNS = 12
NEIGHBOURHOOD_LINES = 60
STRONGEST_DB = 15.0
DECISION_DB = 3.5
"""Mean excess of the harmonics over noise from which a fault is named; fixed before scoring."""


@dataclass(frozen=True, slots=True)
class HarmonicEvidence:
    """One harmonic: where it was expected and found, and its excess over noise in decibels."""

    order: int
    expected_hz: float
    found_hz: float
    excess_db: float


@dataclass(frozen=True, slots=True)
class FaultEvidence:
    """How much a record speaks for one kind of defect; ``likelihood`` 0..1, 0.5 at the decision level."""

    fault: Feature
    score_db: float
    likelihood: float
    harmonics: tuple[HarmonicEvidence, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All kinds looked at, the strongest first; ``fault`` is None when none reaches the decision level."""

    fault: Feature | None
    evidence: tuple[FaultEvidence, ...]
    turns: float


def diagnose(
    samples: FloatArray, *, sampling_rate_hz: float, speed_hz: float, orders: DefectOrders
) -> Diagnosis:
    """Judge one record of acceleration.

    ``samples`` (n,), any unit and gain: only scale-free evidence counts. InsufficientData with fewer than 12
    shaft turns; ValueError for a standing shaft or a record that cannot be transformed.
    """
    block = require_block(samples)
    expected = defect_frequencies(orders, speed_hz=speed_hz)
    turns = len(block) / sampling_rate_hz * speed_hz
    if turns < MINIMUM_TURNS:
        raise InsufficientData(
            f"a diagnosis needs {MINIMUM_TURNS} shaft turns, the record holds {turns:.1f}",
            key="diagnosis_too_short",
            needed=MINIMUM_TURNS,
            found=turns,
        )
    power, resolution_hz = squared_envelope_power(block, sampling_rate_hz=sampling_rate_hz, speed_hz=speed_hz)
    evidence = sorted(
        (_judge(fault, hz, power, resolution_hz) for fault, hz in _wanted(expected)),
        key=lambda each: -each.score_db,
    )
    best = evidence[0]
    return Diagnosis(best.fault if best.score_db >= DECISION_DB else None, tuple(evidence), turns)


def squared_envelope_power(
    block: NDArray[np.float32], *, sampling_rate_hz: float, speed_hz: float
) -> tuple[NDArray[np.float64], float]:
    """Return the mean power spectrum of the pre-whitened record's squared envelope, and its resolution."""
    curve = _squared_envelope(_whitened(block))
    length = min(len(curve), int(FRAME_TURNS / speed_hz * sampling_rate_hz))
    length = fft.prev_fast_len(length)
    frames = np.lib.stride_tricks.sliding_window_view(curve, length)[:: max(1, length // 2)]
    window = hann_window(length)
    total = np.zeros(length // 2 + 1)
    for frame in frames:
        lines = fft.rfft((frame - frame.mean()) * window, workers=1)
        total += lines.real**2 + lines.imag**2
    return total / len(frames), sampling_rate_hz / length


def _whitened(block: NDArray[np.float32]) -> NDArray[np.float32]:
    size = fft.next_fast_len(len(block), real=True)
    lines = fft.rfft(block - block.mean(), size, workers=1)
    strength = np.abs(lines)
    lines /= np.maximum(strength, 1e-12 * strength.max(initial=1e-30))
    whitened: NDArray[np.float32] = fft.irfft(lines, size, workers=1)[: len(block)]
    return whitened


def _squared_envelope(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    size = len(signal)
    lines = fft.fft(signal, workers=1)
    lines[size // 2 + 1 :] = 0
    lines[1 : size // 2] *= 2
    analytic = fft.ifft(lines, workers=1)
    result: NDArray[np.float64] = (analytic.real**2 + analytic.imag**2).astype(np.float64)
    return result


def _wanted(expected: DefectFrequencies) -> Sequence[tuple[Feature, float]]:
    return (
        (Feature.OUTER_RACE, expected.bpfo),
        (Feature.INNER_RACE, expected.bpfi),
        (Feature.ROLLING_ELEMENT, expected.bsf2),
    )


def _judge(
    fault: Feature, frequency_hz: float, power: NDArray[np.float64], resolution_hz: float
) -> FaultEvidence:
    found: list[HarmonicEvidence] = []
    for order in range(1, HARMONICS + 1):
        harmonic = _harmonic(order, frequency_hz * order, power, resolution_hz)
        if harmonic is not None:
            found.append(harmonic)
    excess = [min(max(each.excess_db, 0.0), STRONGEST_DB) for each in found]
    score = float(np.mean(excess)) if excess else 0.0
    return FaultEvidence(fault, score, float(1 / (1 + np.exp(DECISION_DB - score))), tuple(found))


def _harmonic(
    order: int, expected_hz: float, power: NDArray[np.float64], resolution_hz: float
) -> HarmonicEvidence | None:
    reach = max(SLIP_TOLERANCE * expected_hz, resolution_hz)
    low = max(1, int(np.floor((expected_hz - reach) / resolution_hz)))
    high = int(np.ceil((expected_hz + reach) / resolution_hz)) + 1
    if high + NEIGHBOURHOOD_LINES > len(power):
        return None
    place = low + int(np.argmax(power[low:high]))
    left = power[max(1, low - NEIGHBOURHOOD_LINES) : low]
    around = np.concatenate((left, power[high : high + NEIGHBOURHOOD_LINES]))
    by_chance = _best_by_chance(around, high - low)
    excess_db = 10 * np.log10(max(float(power[place]), 1e-30) / max(by_chance, 1e-30))
    return HarmonicEvidence(order, expected_hz, place * resolution_hz, float(excess_db))


def _best_by_chance(around: NDArray[np.float64], searched: int) -> float:
    """Return the level that the best of ``searched`` noise lines reaches in about half of all cases."""
    share = 0.5 ** (1 / max(searched, 1))
    return float(np.quantile(around, min(share, 0.97)))
