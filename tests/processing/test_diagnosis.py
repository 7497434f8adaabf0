"""Naming faults: on records with a known impact train, and on measured bearings [SIG-1, RUL-10]."""

import csv
from pathlib import Path

import numpy as np
import pytest

from domain.errors import InsufficientData
from domain.plant.bearings import BearingGeometry, DefectOrders, defect_orders
from domain.plant.tags import Feature
from processing.diagnosis import diagnose

RATE_HZ, SPEED_HZ = 25_600.0, 24.7
ORDERS = defect_orders(BearingGeometry("6312", 8, 22.23, 95.0))


def record(order: float | None, *, seed: int = 1, strength: float = 1.0) -> np.ndarray:
    """Noise, shaft orders and, when an order is given, impacts with jitter ringing at 3.2 kHz."""
    source, time_s = np.random.default_rng(seed), np.arange(131_072) / RATE_HZ
    samples = 0.2 * source.standard_normal(len(time_s)) + 0.5 * np.sin(2 * np.pi * SPEED_HZ * time_s)
    if order is not None:
        period_s = 1 / (order * SPEED_HZ * 0.992)
        for moment in np.arange(0.01, time_s[-1] - 0.02, period_s):
            first = int((moment + 0.01 * period_s * source.standard_normal()) * RATE_HZ)
            since = np.arange(300) / RATE_HZ
            samples[first : first + 300] += strength * np.exp(-1000 * since) * np.sin(2e4 * since)
    return samples.astype(np.float32)


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        (ORDERS.bpfo, Feature.OUTER_RACE),
        (ORDERS.bpfi, Feature.INNER_RACE),
        (2 * ORDERS.bsf, Feature.ROLLING_ELEMENT),
        (None, None),
    ],
)
def test_a_known_impact_train_is_named(order: float | None, fault: Feature | None) -> None:
    found = diagnose(record(order), sampling_rate_hz=RATE_HZ, speed_hz=SPEED_HZ, orders=ORDERS)
    assert found.fault is fault
    if fault is not None:
        strongest = found.evidence[0].harmonics[0]
        assert strongest.found_hz == pytest.approx(order * SPEED_HZ * 0.992, rel=0.01)


def test_noise_is_seldom_named() -> None:
    named = [
        diagnose(record(None, seed=seed), sampling_rate_hz=RATE_HZ, speed_hz=SPEED_HZ, orders=ORDERS).fault
        for seed in range(20)
    ]
    assert sum(fault is not None for fault in named) <= 1


def test_gain_does_not_matter() -> None:
    samples = record(ORDERS.bpfo)
    quiet, loud = (
        diagnose(samples * gain, sampling_rate_hz=RATE_HZ, speed_hz=SPEED_HZ, orders=ORDERS)
        for gain in (1e-3, 1e3)
    )
    assert quiet.evidence[0].score_db == pytest.approx(loud.evidence[0].score_db, abs=0.01)


def test_too_few_turns_are_refused_with_the_number() -> None:
    with pytest.raises(InsufficientData, match="12 shaft turns"):
        diagnose(record(None)[:5000], sampling_rate_hz=RATE_HZ, speed_hz=SPEED_HZ, orders=ORDERS)


@pytest.mark.dataset("hit_sm")
def test_measured_races_are_told_apart_and_healthy_ones_left_alone(datasets: Path) -> None:
    """Every third record; labels are read for the comparison only."""
    names = {Feature.OUTER_RACE: "outer", Feature.INNER_RACE: "inner", None: "normal"}
    with (datasets / "records.csv").open() as table, (datasets / "truth.csv").open() as labels:
        truth = {row["record"]: row["fault"] for row in csv.DictReader(labels)}
        rows = list(csv.DictReader(table))[::3]
    wrong = []
    for row in rows:
        with np.load(datasets / row["file"]) as content:
            samples = content["acc"] * float(content["acc_scale"])
        orders = DefectOrders(
            float(row["ftf"]), float(row["bpfo"]), float(row["bpfi"]), float(row["bsf2"]) / 2
        )
        found = diagnose(
            samples, sampling_rate_hz=float(row["fs"]), speed_hz=float(row["rpm"]) / 60, orders=orders
        )
        if names.get(found.fault) != truth[row["record"]]:
            wrong.append((row["record"], found.fault))
    assert not wrong
