"""Evidence for a defect from one envelope spectrum; refusals with their reason [NEW-15, NEW-17, RUL-10]."""

import numpy as np
import pytest

from acquisition.simulators.plant_model import PlantModel
from acquisition.simulators.wear import PlantTime
from domain.plant.bearings import BearingGeometry
from domain.plant.signals import Band, Spectrum
from domain.plant.tags import Feature
from processing.spectrum import envelope_spectrum
from services.evidence import BearingEvidence, bearing_evidence

GEOMETRY = BearingGeometry("6312", 8, 22.23, 95.0)


def judged(name: str, at_s: float) -> BearingEvidence:
    model = PlantModel(PlantTime(0))
    channel = model.channels[next(tag.key for tag in model.tags if tag.name == f"{name}.waveform")]
    speed_hz = float(channel.motion.at(np.array([at_s]))[0][0])
    return bearing_evidence(
        envelope_spectrum(
            channel.samples(int(at_s * 25_600), 32_768), sampling_rate_hz=25_600.0, unit="g",
            band=Band("envelope", 2000, 6000),
        ),
        baseline=None, geometry=channel.bearing, speed_hz=speed_hz, is_running=True,
    )  # fmt: skip


@pytest.mark.parametrize("at_s", [180.0, 300.0, 580.0])
def test_a_line_of_the_strongest_defect_is_no_evidence_for_another(at_s: float) -> None:
    """A harmonic of this bearing's outer race lies within a percent of one of its rolling elements."""
    found = judged("FL2.DE", at_s)
    assert [each.fault for each in found.supported] == [Feature.OUTER_RACE]
    assert {each.fault for each in found.considered} == {Feature.INNER_RACE, Feature.ROLLING_ELEMENT}


def test_a_healthy_bearing_supports_nothing() -> None:
    assert not judged("FL1.DE", 300.0).supported


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"is_running": False}, "evidence_not_running"),
        ({"geometry": None}, "evidence_no_bearing"),
        ({"speed_hz": None}, "evidence_no_speed"),
        ({"speed_hz": 0.1}, "evidence_not_running"),
        ({"envelope": None}, "evidence_no_spectrum"),
        ({"envelope": Spectrum(np.ones(50, np.float32), 20.0, "g")}, "evidence_too_coarse"),
        ({"envelope": Spectrum(np.full(5000, np.nan, np.float32), 0.8, "g")}, "evidence_bad_spectrum"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_reason(changes: dict[str, object], refusal: str) -> None:
    asked: dict[str, object] = {
        "envelope": Spectrum(np.ones(5000, np.float32), 0.8, "g"),
        "geometry": GEOMETRY,
        "speed_hz": 24.7,
        "is_running": True,
    }
    asked |= changes
    envelope = asked.pop("envelope")
    found = bearing_evidence(envelope, baseline=None, **asked)  # type: ignore[arg-type]
    assert found.refusal == refusal
    assert not found.supported
