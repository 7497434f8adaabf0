"""Limits of the demo plant, health from live values, baselines [NEW-12, RUL-8, RUL-9]."""

import numpy as np
import pytest

from acquisition.simulators.plant_model import Endpoints, PlantModel
from acquisition.simulators.wear import PlantTime
from domain.condition.alarms import AlarmRule, Priority
from domain.condition.baseline import RobustBaseline
from domain.plant.assets import MachineState
from domain.plant.plant import Plant
from domain.plant.quality import BAD_COMMUNICATION_LOST, GOOD
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.tags import Feature, Tag
from services.baseline_learning import OBSERVATIONS, BaselineLearner
from services.condition import HealthAssessor
from services.demo_rules import demo_rules
from services.severity import severity_table
from storage.setup_file import SetUp, export_set_up, read_set_up


@pytest.fixture(scope="module")
def plant() -> Plant:
    return PlantModel(PlantTime(0)).plant(Endpoints(1, 2, 3))


@pytest.fixture(scope="module")
def baselines(plant: Plant) -> dict[int, RobustBaseline]:
    return {
        tag.key: RobustBaseline(0.02 if tag.unit == "g" else 1.0, 0.001, 30)
        for tag in plant.tags
        if tag.feature not in (None, Feature.HEALTH)
    }


@pytest.fixture(scope="module")
def rules(plant: Plant, baselines: dict[int, RobustBaseline]) -> tuple[AlarmRule, ...]:
    return demo_rules(plant, severity_table(), baselines)


def test_the_set_up_of_the_demo_comes_back_from_its_file(plant: Plant, rules: tuple[AlarmRule, ...]) -> None:
    """NEW-30: what the program sets up itself gives nothing to complain about."""
    text = export_set_up(SetUp(plant, rules))
    reading = read_set_up(text)
    assert reading.complaints == ()
    assert reading.set_up is not None
    assert export_set_up(reading.set_up) == text


def named(plant: Plant, name: str) -> Tag:
    tag = plant.tag_named(name)
    assert tag is not None
    return tag


def batch(plant: Plant, keys: tuple[int, ...], **values: float) -> ReadingBatch:
    """All tags good and normal, except those given by name with underscores for dots."""
    given = {named(plant, name.replace("__", ".")).key: value for name, value in values.items()}
    rows = [given.get(key, _normal(plant.tag(key))) for key in keys]
    return reading_batch(keys, rows, quality=GOOD, source_us=1, receive_us=1)


def _normal(tag: Tag) -> float:
    if tag.name.endswith(".state"):
        return float(MachineState.RUN.value)
    if tag.normal_high is None:
        return 0.02 if tag.unit == "g" else 1.0
    return (tag.normal_high + (tag.normal_low or 0)) / 2


def test_urgent_rules_say_what_happens_and_what_to_do(rules: tuple[AlarmRule, ...]) -> None:
    urgent = [rule for rule in rules if rule.priority <= Priority.HIGH]
    assert urgent
    assert all(rule.consequence and rule.response and rule.call for rule in urgent)


def test_new_12_every_limit_has_its_provenance(rules: tuple[AlarmRule, ...]) -> None:
    limits = [rule.limit for rule in rules if rule.limit is not None]
    assert all(limit.provenance.source and limit.provenance.table for limit in limits)
    assert any(limit.provenance.source == "ISO 20816-3" for limit in limits)


def test_new_11_no_velocity_limit_without_a_machine_group(plant: Plant, rules: tuple[AlarmRule, ...]) -> None:
    undeclared = named(plant, "LB2.DE.velocity_rms").key
    assert not [rule for rule in rules if rule.tag_key == undeclared]


def test_health_falls_with_the_outer_race_and_says_so(
    plant: Plant, rules: tuple[AlarmRule, ...], baselines: dict[int, RobustBaseline]
) -> None:
    assessor = HealthAssessor(plant, rules, baselines)
    machine = plant.machine_of(named(plant, "FL2.state").asset_id).id
    keys = assessor.tag_keys(machine)
    well = assessor.assess(machine, batch(plant, keys))
    assert well.score == pytest.approx(100)
    worn = assessor.assess(machine, batch(plant, keys, FL2__DE__outer_race=0.9))
    assert worn.score is not None
    assert worn.score < 70
    assert worn.reasons[0].tag_key == named(plant, "FL2.DE.outer_race").key


def test_new_17_a_stopped_machine_has_no_health(
    plant: Plant, rules: tuple[AlarmRule, ...], baselines: dict[int, RobustBaseline]
) -> None:
    assessor = HealthAssessor(plant, rules, baselines)
    machine = plant.machine_of(named(plant, "FL2.state").asset_id).id
    keys = assessor.tag_keys(machine)
    stopped = assessor.assess(machine, batch(plant, keys, FL2__state=float(MachineState.STOP.value)))
    assert (stopped.score, stopped.refusal) == (None, "health_not_running")
    lost = batch(plant, keys)
    lost.quality[:] = BAD_COMMUNICATION_LOST
    assert assessor.assess(machine, lost).refusal == "health_no_state"


def test_rul_9_a_figure_learns_its_baseline_from_the_running_machine(plant: Plant) -> None:
    tag = named(plant, "FL2.DE.velocity_rms")
    learner = BaselineLearner(plant.tags, known=[named(plant, "FL2.DE.kurtosis").key])
    source = np.random.default_rng(1)
    for _ in range(OBSERVATIONS - 1):
        assert not learner.observe({tag.key: source.normal(2.0, 0.1), -1: 5.0})
    learned = learner.observe({tag.key: 2.0})
    assert learned[tag.key].median == pytest.approx(2.0, abs=0.1)
    assert not learner.observe({tag.key: 9.0})
