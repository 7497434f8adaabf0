"""Features of one block: each defect shows in its own figure, and only there [SIG-1, NEW-17]."""

import numpy as np
import pytest

from acquisition.simulators.plant_model import PlantModel
from acquisition.simulators.wear import PlantTime
from domain.plant.signals import Band
from domain.plant.tags import Feature
from processing.features import analyse_block, velocity_band

ENVELOPE = Band("envelope", 2000, 6000)
RACES = (Feature.OUTER_RACE, Feature.INNER_RACE, Feature.ROLLING_ELEMENT)


@pytest.fixture(scope="module")
def model() -> PlantModel:
    return PlantModel(PlantTime(0))


def features(model: PlantModel, name: str, from_s: float) -> dict[Feature, float]:
    """Features at the first moment from which the machine runs long enough."""
    key = next(tag.key for tag in model.tags if tag.name == f"{name}.waveform")
    channel = model.channels[key]
    moment = next(
        from_s + late
        for late in range(0, 120, 3)
        if channel.motion.at(np.arange(from_s + late, from_s + late + 2, 0.1))[0].min()
        > 0.98 * channel.motion.speed_hz
    )
    speed_hz = float(channel.motion.at(np.array([moment]))[0][0])
    samples = channel.samples(int(moment * 25_600), 32_768)
    return dict(
        analyse_block(
            samples,
            sampling_rate_hz=25_600.0,
            envelope_band=ENVELOPE,
            speed_hz=speed_hz,
            bearing=channel.bearing,
        ).features
    )


@pytest.mark.parametrize(
    ("name", "from_s", "worn"),
    [
        ("FL2.DE", 300.0, Feature.OUTER_RACE),
        ("FL2.DE", 560.0, Feature.OUTER_RACE),
        ("PK1.DE", 1000.0, Feature.INNER_RACE),
        ("P-101.DE", 1400.0, Feature.ROLLING_ELEMENT),
    ],
)
def test_a_defect_shows_in_its_own_figure_only(
    model: PlantModel, name: str, from_s: float, worn: Feature
) -> None:
    """The filler's bearing is the hard case: a harmonic of its outer race lies beside one of its elements."""
    found = features(model, name, from_s)
    others = [found[feature] for feature in RACES if feature is not worn]
    assert found[worn] > 0.2
    assert max(others) < found[worn] / 15


def test_a_healthy_bearing_shows_in_none(model: PlantModel) -> None:
    found = features(model, "FL1.DE", 300.0)
    assert max(found[feature] for feature in RACES) < 0.01


def test_a_standing_shaft_has_no_orders_and_no_defect_lines() -> None:
    samples = np.random.default_rng(1).standard_normal(32_768).astype(np.float32)
    found = analyse_block(samples, sampling_rate_hz=25_600.0, envelope_band=ENVELOPE, speed_hz=0.0).features
    assert Feature.ORDER_1X not in found
    assert Feature.OUTER_RACE not in found
    assert Feature.VELOCITY_RMS in found


@pytest.mark.parametrize(("speed_hz", "low_hz"), [(24.7, 10.0), (8.0, 2.0), (None, 10.0), (0.0, 10.0)])
def test_slow_shafts_are_measured_from_2_hz(speed_hz: float | None, low_hz: float) -> None:
    assert velocity_band(speed_hz).low_hz == low_hz
