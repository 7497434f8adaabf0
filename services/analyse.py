"""The ``analyse`` command: one recorded waveform to spectra figures and a diagnosis, as plain data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from domain.plant.bearings import BearingGeometry, DefectOrders, defect_orders
from domain.plant.signals import Band
from domain.plant.tags import Feature

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
    from acquisition.recordings import read_recording
    from processing.diagnosis import diagnose
    from processing.features import analyse_block

    if order.speed_rpm <= 0:
        raise ConfigurationError("give the shaft speed in r/min with --rpm; it cannot be guessed")
    recording = read_recording(order.path)
    channel = order.channel or next(iter(recording.sampled), "")
    if channel not in recording.sampled:
        known = ", ".join(recording.sampled) or "none"
        raise ConfigurationError(f"{order.path}: no sampled channel '{order.channel}'; it has {known}")
    sampled = recording.sampled[channel]
    samples = sampled.samples(0)
    rate_hz = order.sampling_rate_hz or sampled.sampling_rate_hz
    if rate_hz <= 0:
        raise ConfigurationError(f"{order.path}: the file states no sampling rate; give it with --fs")
    orders = order.orders or (defect_orders(order.geometry) if order.geometry else None)
    if orders is None:
        raise ConfigurationError("give the bearing: --bearing n,d,D[,angle] or --orders bpfo,bpfi,bsf,ftf")
    speed_hz = order.speed_rpm / 60
    high_hz = min(6000.0, 0.45 * rate_hz)
    analysis = analyse_block(
        samples,
        sampling_rate_hz=rate_hz,
        envelope_band=Band("envelope", min(2000.0, high_hz / 3), high_hz),
        speed_hz=speed_hz,
        bearing=order.geometry,
    )
    diagnosis = diagnose(samples, sampling_rate_hz=rate_hz, speed_hz=speed_hz, orders=orders)
    best = diagnosis.evidence[0]
    return {
        "file": order.path.name,
        "channel": channel,
        "samples": len(samples),
        "sampling_rate_hz": rate_hz,
        "speed_rpm": order.speed_rpm,
        "shaft_turns": round(diagnosis.turns, 1),
        "fault": FAULT_NAMES[diagnosis.fault],
        "likelihood": round(best.likelihood, 3) if diagnosis.fault else None,
        "evidence": [
            {
                "fault": FAULT_NAMES[each.fault],
                "excess_db": round(each.score_db, 2),
                "likelihood": round(each.likelihood, 3),
                "harmonics": [
                    {
                        "order": harmonic.order,
                        "expected_hz": round(harmonic.expected_hz, 2),
                        "found_hz": round(harmonic.found_hz, 2),
                        "excess_db": round(harmonic.excess_db, 2),
                    }
                    for harmonic in each.harmonics
                ],
            }
            for each in diagnosis.evidence
        ],
        "figures": {feature.value: round(value, 5) for feature, value in analysis.features.items()},
    }
