"""The ``analyse`` command: one recorded waveform to spectra figures and a diagnosis, as plain data."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import ConfigurationError
from domain.plant.bearings import BearingGeometry, DefectOrders, defect_orders
from domain.plant.signals import Band
from domain.plant.tags import Feature

if TYPE_CHECKING:
    from processing.diagnosis import Diagnosis, FaultEvidence

FAULT_NAMES = {
    None: "none",
    Feature.OUTER_RACE: "outer_race",
    Feature.INNER_RACE: "inner_race",
    Feature.ROLLING_ELEMENT: "rolling_element",
}


@dataclass(frozen=True, slots=True)
class AnalyseOrder:
    """What is known of a record: shaft speed, and the bearing as geometry or as orders of shaft speed."""

    path: Path
    channel: str
    speed_rpm: float
    sampling_rate_hz: float | None = None
    geometry: BearingGeometry | None = None
    orders: DefectOrders | None = None
    unit: str = "g"


def analyse_record(order: AnalyseOrder) -> dict[str, Any]:
    """Return figures and diagnosis of a recorded waveform as JSON-ready data.

    ConfigurationError when file, channel or speed do not fit; InsufficientData when the record is too short.
    """
    from processing.diagnosis import diagnose

    if order.speed_rpm <= 0:
        raise ConfigurationError("give the shaft speed in r/min with --rpm; it cannot be guessed")
    orders = order.orders or (defect_orders(order.geometry) if order.geometry else None)
    if orders is None:
        raise ConfigurationError("give the bearing: --bearing n,d,D[,angle] or --orders bpfo,bpfi,bsf2,ftf")
    record = _read(order)
    diagnosis = diagnose(
        record.samples,
        sampling_rate_hz=record.sampling_rate_hz,
        speed_hz=order.speed_rpm / 60,
        orders=orders,
    )
    return {
        "file": order.path.name,
        "channel": record.channel,
        "samples": len(record.samples),
        "sampling_rate_hz": record.sampling_rate_hz,
        "speed_rpm": order.speed_rpm,
        **_told(diagnosis),
        "figures": _figures(order, record),
    }


@dataclass(frozen=True, slots=True)
class _Record:
    channel: str
    samples: NDArray[np.float32]
    sampling_rate_hz: float


def _read(order: AnalyseOrder) -> _Record:
    from acquisition.recordings.reading import read_recording

    recording = read_recording(order.path)
    channel = order.channel or next(iter(recording.sampled), "")
    if channel not in recording.sampled:
        known = ", ".join(recording.sampled) or "none"
        raise ConfigurationError(f"{order.path}: no sampled channel '{order.channel}'; it has {known}")
    sampled = recording.sampled[channel]
    rate_hz = order.sampling_rate_hz or sampled.sampling_rate_hz
    if rate_hz <= 0:
        raise ConfigurationError(f"{order.path}: the file states no sampling rate; give it with --fs")
    return _Record(channel, sampled.samples(0), rate_hz)


def _figures(order: AnalyseOrder, record: _Record) -> dict[str, float]:
    from processing.features import analyse_block

    high_hz = min(6000.0, 0.45 * record.sampling_rate_hz)
    analysis = analyse_block(
        record.samples,
        sampling_rate_hz=record.sampling_rate_hz,
        envelope_band=Band("envelope", min(2000.0, high_hz / 3), high_hz),
        speed_hz=order.speed_rpm / 60,
        bearing=order.geometry,
    )
    return {feature.value: round(value, 5) for feature, value in analysis.features.items()}


def _told(diagnosis: "Diagnosis") -> dict[str, Any]:
    best = diagnosis.evidence[0]
    return {
        "shaft_turns": round(diagnosis.turns, 1),
        "fault": FAULT_NAMES[diagnosis.fault],
        "likelihood": round(best.likelihood, 3) if diagnosis.fault else None,
        "evidence": [_evidence(each) for each in diagnosis.evidence],
    }


def _evidence(found: "FaultEvidence") -> dict[str, Any]:
    return {
        "fault": FAULT_NAMES[found.fault],
        "excess_db": round(found.score_db, 2),
        "likelihood": round(found.likelihood, 3),
        "harmonics": [
            {
                "order": each.order,
                "expected_hz": round(each.expected_hz, 2),
                "found_hz": round(each.found_hz, 2),
                "excess_db": round(each.excess_db, 2),
            }
            for each in found.harmonics
        ],
    }
