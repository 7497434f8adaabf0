"""The set-up file as a person uses it: all of a plant, into an empty one, and back again [NEW-30, SET-1]."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from domain.errors import ConfigurationError, Conflict, RuleViolation
from domain.identifiers import new_id
from domain.plant.assets import AssetKind
from domain.plant.bearings import BearingGeometry, BearingType
from domain.plant.plant import Plant
from domain.plant.readings import reading_batch
from domain.roles import Actor, Role
from services.plant_file import PlantFile
from services.set_up.configuration import Configuration, Edit
from storage.store import Store, open_store
from tests.conftest import FakeClock
from tests.storage.stored_plant import (  # noqa: F401
    engineer,
    furnished,
    hot_rule,
    small_plant,
    still_clock,
    store,
)

ENA = Actor(UUID(int=7), Role.ENGINEER, "ws-1", "Ena")


@pytest.fixture
def plant(furnished: Store) -> Store:  # noqa: F811
    return furnished


@pytest.fixture
def imported(plant: Store, tmp_path: Path, clock: FakeClock) -> Iterator[tuple[Store, Edit]]:
    """The whole plant in another folder, with the edit that brought it."""
    with plant.unit_of_work(ENA) as work:
        for edition, slip in ((1, 0.02), (2, 0.03)):
            geometry = BearingGeometry("6205", 9, 7.94, 39.04)
            work.bearings.add(BearingType(new_id(), "ACME", geometry, edition, slip))
    file = PlantFile(plant).export(tmp_path / "plant.json", by=ENA)
    other = open_store(tmp_path / "other", role="collector", clock=clock)
    edit = PlantFile(other).import_from(file, by=ENA).edit
    assert edit is not None
    yield other, edit
    other.close()


def test_the_whole_set_up_goes_over_with_its_bearings(plant: Store, imported: tuple[Store, Edit]) -> None:
    """NEW-13, NEW-30: every edition, and the text is the same again."""
    other, _ = imported
    assert other.bearings.all() == plant.bearings.all()
    assert len(other.bearings.editions("acme", "6205")) == 2


def test_an_import_is_taken_back_and_done_again(imported: tuple[Store, Edit], clock: FakeClock) -> None:
    other, edit = imported
    configuration = Configuration(other, clock=clock)
    whole = (other.plant.load(), other.alarm_rules.all(), other.bearings.all())
    undone = configuration.undo(edit, by=ENA)
    assert (other.plant.load(), other.alarm_rules.all(), other.bearings.all()) == (Plant(), (), ())
    assert other.plant.is_empty()
    again = configuration.undo(undone, by=ENA)
    assert (other.plant.load(), other.alarm_rules.all(), other.bearings.all()) == whole
    configuration.undo(again, by=ENA)
    assert other.plant.is_empty()


def test_an_import_stays_once_anything_was_collected_or_changed(
    imported: tuple[Store, Edit], clock: FakeClock
) -> None:
    other, edit = imported
    configuration = Configuration(other, clock=clock)
    machine = next(each for each in other.plant.load().assets if each.kind is AssetKind.MACHINE)
    changed = configuration.edit(save=[replace(machine, name="Other")], title_key="changed", by=ENA)
    with pytest.raises(Conflict):
        configuration.undo(edit, by=ENA)
    assert not other.plant.is_empty()
    (key, *_) = (tag.key for tag in other.plant.load().tags if not tag.is_waveform)
    writer = other.open_history_writer()
    writer.append(reading_batch([key], [1.0], quality=0, source_us=clock.now_us(), receive_us=clock.now_us()))
    writer.commit()
    writer.close()
    with pytest.raises(RuleViolation) as refused:
        configuration.undo(replace(edit, steps=(*edit.steps, *changed.steps)), by=ENA)
    assert refused.value.key == "collected_since"


def test_a_file_whose_tags_have_values_here_already_says_so(
    imported: tuple[Store, Edit], tmp_path: Path, clock: FakeClock
) -> None:
    """The set-up that recorded them finds its history again; of any other plant they would be wrong."""
    other, edit = imported
    assert PlantFile(other).read(tmp_path / "plant.json").stored_already == 0
    Configuration(other, clock=clock).undo(edit, by=ENA)
    with closing(other.open_history_writer()) as writer:
        writer.write_past(1, time_us=np.array([clock.now_us()]), value=np.array([850.0]), quality=0)
    assert PlantFile(other).read(tmp_path / "plant.json").stored_already == 1
    assert PlantFile(other).import_from(tmp_path / "plant.json", by=ENA).stored_already == 1


def test_a_device_alone_is_a_plant_already(plant: Store, tmp_path: Path, clock: FakeClock) -> None:
    """Its name may stand in the file: that was told as a broken rule of the database."""
    file = PlantFile(plant).export(tmp_path / "plant.json", by=ENA)
    with closing(open_store(tmp_path / "other", role="tool", clock=clock)) as other:
        with other.unit_of_work(ENA) as work:
            work.plant.save_connection(replace(plant.plant.load().connections[0], id=new_id()))
        assert not PlantFile(other).is_plant_empty
        with pytest.raises(ConfigurationError) as refused:
            PlantFile(other).import_from(file, by=ENA)
        assert refused.value.key == "plant_not_empty"


def test_bearings_that_are_there_already_stay_and_other_figures_follow(
    plant: Store, imported: tuple[Store, Edit], tmp_path: Path, clock: FakeClock
) -> None:
    with closing(open_store(tmp_path / "third", role="tool", clock=clock)) as third:
        with third.unit_of_work(ENA) as work:
            for number, slip in enumerate((0.05, 0.02), start=1):
                geometry = BearingGeometry("6205", 9, 7.94, 39.04)
                work.bearings.add(BearingType(new_id(), "Acme", geometry, number, slip))
        PlantFile(third).import_from(tmp_path / "plant.json", by=ENA)
        found = [(each.edition, each.slip_tolerance) for each in third.bearings.all()]
    assert found == [(1, 0.05), (2, 0.02), (4, 0.03)]
