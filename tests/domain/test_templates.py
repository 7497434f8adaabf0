"""A machine is set up with class, name and code; what belongs together is tied [SET-1, SIG-2, ACQ-4]."""

from dataclasses import replace

import pytest

from domain.errors import ConfigurationError
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, Technique
from domain.plant.plant import Plant
from domain.plant.tags import Feature, Tag, TagKind
from domain.plant.templates import MachineClass, NewMachine, machine_classes_of, new_machine
from domain.plant.wiring import wired
from services.set_up.machine_classes import machine_classes

LINE = Asset(new_id(), None, AssetKind.LINE, "Line 1", "L1")


def made(key: str) -> NewMachine:
    kind = next(each for each in machine_classes() if each.key == key)
    return new_machine(kind, name="Feed pump", code="P-7", line=LINE, order=3, new_id=new_id)


def test_every_class_of_the_requirement_is_there_and_each_technique_is_used() -> None:
    keys = {each.key for each in machine_classes()}
    assert keys >= {"bearing", "motor", "pump", "compressor", "conveyor", "overhead_conveyor"}
    techniques = {point.technique for each in machine_classes() for point in each.points}
    assert techniques >= {Technique.VIBRATION, Technique.ULTRASONIC, Technique.THERMOGRAPHY}


@pytest.mark.parametrize("kind", machine_classes(), ids=lambda kind: kind.key)
def test_every_class_makes_a_machine_that_holds_together(kind: MachineClass) -> None:
    new = new_machine(kind, name="X", code="X-1", line=LINE, order=0, new_id=new_id)
    plant = Plant((LINE, *new.assets), new.points, new.tags)
    machine = new.assets[0]
    assert plant.machines(LINE.id) == (machine,)
    assert plant.points_of(machine.id) == tuple(sorted(new.points, key=lambda p: (p.order, p.name)))
    assert len({tag.name for tag in new.tags}) == len(new.tags)
    assert {tag.key for tag in new.tags} == {0}, "keys are given when it is stored"


def test_a_pump_has_figures_for_its_vibration_points_and_a_health() -> None:
    new = made("pump")
    features = [tag.feature for tag in new.tags if tag.kind is TagKind.DERIVED]
    assert features.count(Feature.VELOCITY_RMS) == 4
    assert features.count(Feature.HEALTH) == 1
    assert {tag.name for tag in new.tags} >= {"P-7.flow", "P-7.Motor DE.velocity_rms", "P-7.health"}


def test_points_find_waveform_speed_and_state() -> None:
    new = made("pump")
    tags = [replace(tag, key=number) for number, tag in enumerate(new.tags, start=1)]
    point = new.points[0]
    waveform = Tag(
        new_id(), 99, "P-7.DE.wave", "Wave", TagKind.WAVEFORM, "g", point.asset_id, point_id=point.id,
        sampling_rate_hz=25600.0,
    )  # fmt: skip
    plant = Plant((LINE, *new.assets), new.points, (*tags, waveform))
    by_name = {tag.name: tag.key for tag in tags}
    tied = {each.id: each for each in wired(plant)}
    assert len(tied) == 4
    first = tied[point.id]
    assert (first.waveform_tag_key, first.speed_tag_key) == (99, by_name["P-7.speed"])
    assert first.state_tag_key == by_name["P-7.state"]
    assert wired(replace(plant, points=tuple(tied[each.id] for each in new.points))) == ()


def test_two_speeds_are_not_guessed() -> None:
    new = made("pump")
    tags = [replace(tag, key=number) for number, tag in enumerate(new.tags, start=1)]
    second = replace(tags[1], id=new_id(), key=77, name="P-7.pump speed")
    plant = Plant((LINE, *new.assets), new.points, (*tags, second))
    assert {each.speed_tag_key for each in wired(plant)} == {None}


def test_a_wrong_class_is_named() -> None:
    row = {"key": "odd", "component": "C", "points": [], "values": [{"code": "a", "label": "A", "unit": "?"}]}
    with pytest.raises(ConfigurationError, match="machine class 'odd'"):
        machine_classes_of({"class": [row]})
