"""Whole acts of setting up, each one edit and one undo [SET-1, SIG-2, NEW-13]."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.condition.alarms import Alarm, AlarmEvent, AlarmState, step
from domain.condition.evidence import ObservationKind
from domain.errors import ConfigurationError, Conflict, NotPermitted, RuleViolation
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, Criticality, Technique
from domain.plant.bearings import BearingGeometry
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind, TagKind
from domain.roles import Actor, Role
from services.access import program_actor
from services.reporting import Reporting
from services.set_up.edit_stack import Act, EditStack
from services.set_up.link_values import ChosenValue, value_of_tag
from services.set_up.plant_setup import PlantSetup
from storage.store import Store
from tests.conftest import FakeClock

ERNA = Actor(UUID(int=7), Role.ENGINEER, "HALL-1", "Erna")
OTTO = Actor(UUID(int=8), Role.OPERATOR, "HALL-2", "Otto")
LINK = Connection(new_id(), "PLC-9", ConnectionKind.MODBUS_TCP, {"host": "10.0.0.9"})


@pytest.fixture
def setup(store: Store, clock: FakeClock) -> PlantSetup:
    return PlantSetup(store, clock=clock, by=ERNA)


def pump_of(store: Store) -> Asset:
    return next(asset for asset in store.plant.load().assets if asset.code == "P201")


def pressure(store: Store, *, fills: bool = True) -> ChosenValue:
    waiting = store.plant.load().tag_named("P201.pressure")
    assert waiting is not None
    return ChosenValue(
        new_id(), "Druck", "Druck", {"offset": 10, "type": "float32"}, unit="bar", asset_id=pump_of(store).id,
        confidence=None, fills=waiting.id if fills else None,
    )  # fmt: skip


def extra_value(store: Store) -> ChosenValue:
    return ChosenValue(
        new_id(), "P201.extra", "Extra", {"offset": 20}, unit="1", asset_id=pump_of(store).id, confidence=None
    )


def add_pump(setup: PlantSetup) -> None:
    setup.add_machine(name="Feed pump", code="P201", class_key="pump", criticality=Criticality.A)


def test_three_words_make_a_machine_in_an_empty_plant_and_undo_empties_it(
    setup: PlantSetup, store: Store
) -> None:
    edit = setup.add_machine(name="Feed pump", code="P201", class_key="pump", criticality=Criticality.A)
    plant = store.plant.load()
    assert [asset.kind for asset in plant.path(pump_of(store).id).assets] == [
        AssetKind.SITE, AssetKind.LINE, AssetKind.MACHINE,
    ]  # fmt: skip
    assert pump_of(store).criticality is Criticality.A
    assert len(plant.points) == 4
    speed, state = plant.tag_named("P201.speed"), plant.tag_named("P201.state")
    assert speed is not None
    assert state is not None
    assert {(p.speed_tag_key, p.state_tag_key) for p in plant.points} == {(speed.key, state.key)}, "tied"
    setup.undo(edit)
    assert store.plant.load() == Plant(zone="UTC")


def test_a_device_fills_what_waits_and_its_lost_link_is_an_alarm(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    before = store.plant.load().tag_named("P201.pressure")
    edit = setup.apply_link(LINK, [pressure(store)])
    after = store.plant.load().tag_named("P201.pressure")
    assert before is not None
    assert after is not None
    assert (after.key, after.connection_id) == (before.key, LINK.id)
    keys = sorted(rule.message_key for rule in store.alarm_rules.all())
    assert keys == ["disk_short", "link_losing", "link_lost", "samples_dropped"]
    assert len(store.alarms.all()) == 4
    undone = setup.undo(edit)
    assert store.plant.load().connections == ()
    assert store.alarm_rules.all() == ()
    setup.undo(undone)
    assert len(store.alarms.all()) == 4, "redo brings the rules back with their rows"


def test_the_second_device_brings_its_own_rule_only(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    setup.apply_link(LINK, [])
    setup.apply_link(Connection(new_id(), "PLC-10", ConnectionKind.MODBUS_TCP, {"host": "h"}), [])
    keys = sorted(rule.message_key for rule in store.alarm_rules.all())
    assert keys == ["disk_short", *["link_losing"] * 2, *["link_lost"] * 2, "samples_dropped"]


def test_a_device_that_goes_leaves_its_values_waiting_with_their_history(
    setup: PlantSetup, store: Store
) -> None:
    add_pump(setup)
    extra = extra_value(store)
    setup.apply_link(LINK, [pressure(store), extra])
    known = {tag.name: tag.key for tag in store.plant.load().tags if tag.connection_id == LINK.id}
    assert set(known) == {"P201.pressure", "P201.extra"}
    (link,) = store.plant.load().connections
    edit = setup.remove_link(link, keeps_values=True)
    plant = store.plant.load()
    assert plant.connections == ()
    assert {name: tag.key for name in known if (tag := plant.tag_named(name))} == known
    assert {rule.message_key for rule in store.alarm_rules.all()} == {"disk_short", "samples_dropped"}
    setup.undo(edit)
    plant = store.plant.load()
    assert {tag.name for tag in plant.tags if tag.connection_id == LINK.id} == set(known)
    assert len(store.alarm_rules.all()) == 4


def test_values_may_go_with_their_device_but_a_class_keeps_its_own(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    extra = extra_value(store)
    setup.apply_link(LINK, [pressure(store), extra])
    (link,) = store.plant.load().connections
    setup.remove_link(link, keeps_values=False)
    plant = store.plant.load()
    assert plant.tag_named("P201.extra") is None
    kept = plant.tag_named("P201.pressure")
    assert kept is not None
    assert kept.connection_id is None


def test_a_speed_that_goes_is_let_go_by_the_points(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    plant = store.plant.load()
    speed = plant.tag_named("P201.speed")
    assert speed is not None
    edit = setup._configuration.edit(remove=[speed], title_key="x", by=ERNA)
    assert {point.speed_tag_key for point in store.plant.load().points} == {None}
    setup.undo(edit)
    assert {point.speed_tag_key for point in store.plant.load().points} == {speed.key}


def test_a_device_with_an_open_question_is_not_stored(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    with pytest.raises(ConfigurationError, match="not complete"):
        setup.apply_link(LINK, [replace(pressure(store, fills=False), unit="")])
    assert store.plant.load().connections == ()


def test_two_devices_of_one_name_are_refused(setup: PlantSetup) -> None:
    add_pump(setup)
    setup.apply_link(LINK, [])
    with pytest.raises(ConfigurationError, match="there already"):
        setup.apply_link(replace(LINK, id=new_id()), [])


def test_only_changed_values_are_stored_again(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    setup.apply_link(LINK, [pressure(store)])
    plant = store.plant.load()
    (link,) = plant.connections
    values = [value_of_tag(tag) for tag in plant.tags if tag.connection_id == link.id]
    edit = setup.apply_link(link, [replace(values[0], factor=0.1)])
    assert [step.after.name for step in edit.steps if step.after] == ["P201.pressure"]
    changed = store.plant.load().tag_named("P201.pressure")
    assert changed is not None
    assert (changed.revision, changed.scaling.factor) == (3, 0.1), "its address was the second revision"


def test_a_machine_goes_with_all_that_is_its_own_and_comes_back(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    before = store.plant.load()
    edit = setup.remove_asset(pump_of(store).id)
    assert [asset.kind for asset in store.plant.load().assets] == [AssetKind.SITE, AssetKind.LINE]
    setup.undo(edit)
    after = store.plant.load()
    assert {tag.key for tag in after.tags} == {tag.key for tag in before.tags}
    assert {p.speed_tag_key for p in after.points} == {p.speed_tag_key for p in before.points}


def test_a_machine_that_people_reported_on_stays(setup: PlantSetup, store: Store, clock: FakeClock) -> None:
    """ACQ-6: evidence is never taken away by tidying up."""
    add_pump(setup)
    Reporting(store, clock=clock).observe(pump_of(store).id, ObservationKind.NOISE, text="whines", by=ERNA)
    with pytest.raises(RuleViolation, match="observations"):
        setup.remove_asset(pump_of(store).id)


def test_a_line_with_machines_stays(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    with pytest.raises(RuleViolation, match="not empty"):
        setup.remove_asset(store.plant.load().lines[0].id)


def test_a_code_is_given_once(setup: PlantSetup) -> None:
    add_pump(setup)
    with pytest.raises(ConfigurationError, match="taken"):
        setup.add_machine(name="Other", code="P201", class_key="motor")


def test_values_follow_the_code_of_their_machine(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    edit = setup.change_asset(replace(pump_of(store), code="P301"))
    assert {tag.name.split(".")[0] for tag in store.plant.load().tags} == {"P301"}
    add_pump(setup)
    assert store.plant.load().tag_named("P201.pressure") is not None
    setup.remove_asset(pump_of(store).id)
    setup.undo(edit)
    assert {tag.name.split(".")[0] for tag in store.plant.load().tags} == {"P201"}


def test_the_site_has_a_name_and_a_time_zone(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    site = store.plant.load().path(pump_of(store).id).assets[0]
    edit = setup.change_site(replace(site, name="North works"), zone="Europe/Berlin")
    plant = store.plant.load()
    assert (plant.site_name, plant.zone, plant.asset(site.id).name) == (
        "North works", "Europe/Berlin", "North works",
    )  # fmt: skip
    setup.undo(edit)
    assert (store.plant.load().site_name, store.plant.load().zone) == ("", "UTC")
    with pytest.raises(ConfigurationError, match="no time zone"):
        setup.change_site(store.plant.load().asset(site.id), zone="Mars/Base")


def test_acts_are_taken_back_and_done_again_in_their_order(setup: PlantSetup, store: Store) -> None:
    """SET-1: each undo writes new versions; the older acts of the row are told."""
    stack = EditStack()
    stack.push(Act(setup.add_machine(name="Feed pump", code="P201", class_key="pump"), "machine_added"))
    for name in ("A", "B"):
        stack.push(Act(setup.change_asset(replace(pump_of(store), name=name)), "asset_changed", name))
    stack.push(Act(setup.remove_asset(pump_of(store).id), "asset_removed"))
    names = []
    while stack.can_undo:
        stack.undo(setup.undo)
        names += [asset.name for asset in store.plant.load().assets if asset.code == "P201"]
    assert names == ["B", "A", "Feed pump"]
    while stack.can_redo:
        stack.redo(setup.undo)
    assert [asset.kind for asset in store.plant.load().assets] == [AssetKind.SITE, AssetKind.LINE]
    stack.undo(setup.undo)
    assert pump_of(store).name == "B"


def test_an_act_that_somebody_built_upon_is_not_taken_back(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    stack = EditStack()
    stack.push(Act(setup.change_asset(replace(pump_of(store), name="A")), "asset_changed"))
    setup.change_asset(replace(pump_of(store), name="Theirs"))
    with pytest.raises(Conflict):
        stack.undo(setup.undo)
    assert pump_of(store).name == "Theirs"
    assert not stack.can_undo


def test_machines_change_places_in_the_flow(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    setup.add_machine(name="Filler", code="FL1", class_key="motor")
    line = store.plant.load().lines[0]
    edit = setup.move_asset(pump_of(store).id, step=1)
    assert [machine.code for machine in store.plant.load().machines(line.id)] == ["FL1", "P201"]
    assert edit is not None
    setup.undo(edit)
    assert [machine.code for machine in store.plant.load().machines(line.id)] == ["P201", "FL1"]
    assert setup.move_asset(pump_of(store).id, step=-1) is None


def test_a_point_gets_its_figures_and_its_bearing(setup: PlantSetup, store: Store) -> None:
    """NEW-13: the geometry is copied into the point: a later edition does not change the past."""
    add_pump(setup)
    setup.add_point(pump_of(store).id, name="Gear", technique=Technique.VIBRATION)
    plant = store.plant.load()
    point = next(each for each in plant.points if each.name == "Gear")
    figures = [tag for tag in plant.tags if tag.point_id == point.id]
    assert {tag.kind for tag in figures} == {TagKind.DERIVED}
    bearing = BearingGeometry("6312", 8, 22.2, 95.0)
    setup.change_point(replace(point, bearing=bearing))
    stored = store.plant.load().point(point.id)
    assert stored.bearing == bearing
    setup.remove_point(stored)
    assert all(each.name != "Gear" for each in store.plant.load().points)
    with pytest.raises(ConfigurationError, match="there already"):
        setup.add_point(pump_of(store).id, name="Motor DE", technique=Technique.VIBRATION)


def test_a_rule_that_goes_takes_its_alarm_row_and_leaves_the_journal(setup: PlantSetup, store: Store) -> None:
    add_pump(setup)
    setup.apply_link(LINK, [])
    rule = next(each for each in store.alarm_rules.all() if each.connection_id == LINK.id)
    before = store.alarms.get(rule.id)
    after: Alarm = step(before, AlarmEvent.CONDITION_TRUE, latching=False, at_us=5)
    with store.unit_of_work(program_actor("collector")) as work:
        work.alarms.compare_and_set(before, after, event=AlarmEvent.CONDITION_TRUE)
    (link,) = store.plant.load().connections
    setup.remove_link(link, keeps_values=True)
    assert store.alarms.listed() == ()
    assert [row.state_to for row in store.alarms.journal(0, 2**62)] == [AlarmState.UNACKNOWLEDGED]


def test_an_operator_may_look_but_not_set_up(store: Store, clock: FakeClock) -> None:
    with pytest.raises(NotPermitted):
        add_pump(PlantSetup(store, clock=clock, by=OTTO))


def test_a_draft_is_kept_and_put_away(setup: PlantSetup) -> None:
    draft = setup.keep_draft({"step": "form"}, title="PLC-2", before=None)
    draft = setup.keep_draft({"step": "values"}, title="PLC-2", before=draft)
    (found,) = setup.link_drafts()
    assert (found.title, found.content) == ("PLC-2", {"step": "values"})
    setup.close_draft(draft)
    assert setup.link_drafts() == ()
