"""Values of a device find their machine and point; what is doubtful says so [SET-1]."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from acquisition.simulators.plant_model import Endpoints, PlantModel
from acquisition.simulators.wear import PlantTime
from domain.plant.matching import Candidate, Match, Matcher, words_of
from domain.plant.plant import Plant
from domain.plant.tags import Tag


@pytest.fixture(scope="module")
def plant() -> Plant:
    return PlantModel(PlantTime(0, 1.0), 1).plant(Endpoints(1, 2, 3))


def as_named(plant: Plant, tag: Tag) -> str:
    return tag.name


def as_browsed(plant: Plant, tag: Tag) -> str:
    path = " / ".join(asset.name for asset in plant.path(tag.asset_id).assets)
    return f"{path} / {tag.label}"


def in_a_register_map(plant: Plant, tag: Tag) -> str:
    code = plant.machine_of(tag.asset_id).code.replace("-", "")
    side = "_NDE" if "NDE" in tag.name else "_DE" if "DE" in tag.name else ""
    return f"{code}_MTR{side}_{tag.label.split()[-1].upper()}"


def in_german(plant: Plant, tag: Tag) -> str:
    side = " BS" if "NDE" in tag.name else " AS" if ".DE" in tag.name else ""
    words = {"speed": "Drehzahl", "current": "Strom", "temperature": "Temperatur", "waveform": "Schwingung"}
    last = tag.name.split(".")[-1]
    return f"{plant.machine_of(tag.asset_id).code} Antrieb{side} {words.get(last, last)}"


NAMINGS = [as_named, as_browsed, in_a_register_map, in_german]


def judged(plant: Plant, naming: Callable[[Plant, Tag], str]) -> list[tuple[bool, Match, str]]:
    """Match every value of the devices; return whether it is right, the match and the name."""
    matcher, found = Matcher(plant), []
    for tag in plant.tags:
        if tag.connection_id is None:
            continue
        name = naming(plant, tag)
        match = matcher.match(Candidate(name, tag.unit, is_sampled=tag.is_waveform))
        machine = plant.machine_of(tag.asset_id).id
        found.append(((match.asset_id, match.point_id) == (machine, tag.point_id), match, name))
    return found


@pytest.mark.parametrize("naming", NAMINGS)
def test_ninety_percent_are_right_and_no_wrong_one_is_sure(
    plant: Plant, naming: Callable[[Plant, Tag], str]
) -> None:
    results = judged(plant, naming)
    assert len(results) > 100
    right = sum(is_right for is_right, _, _ in results) / len(results)
    assert right >= 0.9
    assert [(name, match) for is_right, match, name in results if not is_right and match.is_sure] == []
    sure = sum(is_right and match.is_sure for is_right, match, _ in results) / len(results)
    assert sure >= 0.9, "a person need not look at what is plain"


@pytest.mark.parametrize(
    "name", ["Pump temperature", "Motor current", "Filler speed", "X17.value", "", "Station 7 / pressure"]
)
def test_what_fits_several_machines_or_none_is_left_to_a_person(plant: Plant, name: str) -> None:
    assert not Matcher(plant).match(Candidate(name, "degC")).is_sure


def test_a_waveform_without_its_side_is_not_guessed(plant: Plant) -> None:
    """Filler FL2 has two points: nothing says which."""
    matcher = Matcher(plant)
    assert not matcher.match(Candidate("FL2 vibration", "g", is_sampled=True)).is_sure
    assert matcher.match(Candidate("FL2 NDE vibration", "g", is_sampled=True)).is_sure
    assert matcher.match(Candidate("CP2 vibration", "g", is_sampled=True)).is_sure, "it has only one"


def test_a_code_inside_a_longer_one_is_not_found(plant: Plant) -> None:
    """FL2 is not in FL21, K-1 not in K-11."""
    matcher = Matcher(plant)
    for name in ("FL21.speed", "K-11.current", "P-1010.flow"):
        assert not matcher.match(Candidate(name, "1/min")).is_sure


def test_an_empty_plant_matches_nothing(plant: Plant) -> None:
    empty = replace(plant, assets=(), points=(), tags=())
    assert Matcher(empty).match(Candidate("FL2.speed")) == Match(None, None, 0.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FL2_MTR_Temp", ("fl", "2", "motor", "temperature")),
        ("driveEndVibration", ("de", "end", "vibration")),
        ("P-101.NDE", ("p", "101", "nde")),
        ("Füllerantrieb", ("füllerantrieb",)),
    ],
)
def test_names_fall_into_words(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


def test_a_sister_machine_is_never_taken_for_this_one(plant: Plant) -> None:
    """FL1 in a name speaks against FL2, also while FL1 is not set up yet."""
    alone = replace(plant, assets=tuple(each for each in plant.assets if each.code != "FL1"))
    matcher = Matcher(alone)
    assert not matcher.match(Candidate("Plant / FL1.NDE.waveform", "g", is_sampled=True)).is_sure
    assert matcher.match(Candidate("Plant / FL2.NDE.waveform", "g", is_sampled=True)).is_sure
