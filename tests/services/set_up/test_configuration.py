"""Setting up by hand: permitted, audited, versioned, undone [SET-1, NEW-32]."""

from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest

from domain.errors import Conflict, NotPermitted, RuleViolation, UnitError
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind, Tag, TagKind
from domain.roles import Actor, Role
from services.set_up.configuration import Configuration
from services.set_up.edit_stack import Act, EditStack
from storage.repositories.condition import Baseline
from storage.repositories.drafts import Draft
from storage.store import Store
from tests.conftest import FakeClock

ERNA = Actor(UUID(int=7), Role.ENGINEER, "HALL-1", "Erna")
OTTO = Actor(UUID(int=8), Role.OPERATOR, "HALL-2", "Otto")
SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
PUMP = Asset(new_id(), SITE.id, AssetKind.MACHINE, "Pump", "P-1")
LINK = Connection(new_id(), "PLC-9", ConnectionKind.MODBUS_TCP, {"host": "10.0.0.9"})
FLOW = Tag(new_id(), 0, "P-1.flow", "Flow", TagKind.MEASURED, "m3/h", PUMP.id, connection_id=LINK.id)


@pytest.fixture
def configuration(store: Store, clock: FakeClock) -> Configuration:
    return Configuration(store, clock=clock)


def test_a_device_with_its_tag_is_made_at_once_and_undone_at_once(
    configuration: Configuration, store: Store
) -> None:
    edit = configuration.edit(save=[SITE, PUMP, LINK, FLOW], title_key="added", by=ERNA)
    (tag,) = edit.made(Tag)
    assert tag.key == 1
    plant = configuration.plant()
    assert (set(plant.assets), plant.connections, plant.tags) == ({SITE, PUMP}, (LINK,), (tag,))
    undone = configuration.undo(edit, by=ERNA)
    assert configuration.plant() == Plant(zone="UTC")
    configuration.undo(undone, by=ERNA)
    assert configuration.plant().tags == (tag,), "redo brings back the same key"
    assert store.audit.verify().is_sound
    acts = [entry.action for entry in store.audit.entries(start_us=0, end_us=2**62)]
    assert acts == ["create"] * 4 + ["remove"] * 4 + ["create"] * 4


def test_all_or_nothing(configuration: Configuration) -> None:
    """NEW-11: an undeclared unit is refused with its reason, and nothing of the rest is stored."""
    with pytest.raises(UnitError, match="furlong"):
        configuration.edit(save=[SITE, PUMP, LINK, replace(FLOW, unit="furlong")], title_key="added", by=ERNA)
    assert configuration.plant() == Plant(zone="UTC")


def test_an_operator_may_not(configuration: Configuration) -> None:
    with pytest.raises(NotPermitted):
        configuration.edit(save=[SITE], title_key="added", by=OTTO)


def test_a_change_is_undone_unless_somebody_else_touched_the_same(configuration: Configuration) -> None:
    configuration.edit(save=[SITE, PUMP], title_key="added", by=ERNA)
    pump = configuration.plant().asset(PUMP.id)
    edit = configuration.edit(save=[replace(pump, name="Feed pump")], title_key="renamed", by=ERNA)
    back = configuration.undo(edit, by=ERNA)
    assert configuration.plant().asset(PUMP.id).name == "Pump"
    (renamed,) = back.made(Asset)
    configuration.edit(save=[replace(renamed, name="Other")], title_key="renamed", by=ERNA)
    with pytest.raises(Conflict):
        configuration.undo(back, by=ERNA)


def test_what_is_used_cannot_be_removed_and_says_by_what(configuration: Configuration) -> None:
    edit = configuration.edit(save=[SITE, PUMP, LINK, FLOW], title_key="added", by=ERNA)
    with pytest.raises(RuleViolation, match="1 tags"):
        configuration.edit(remove=edit.made(Connection), title_key="removed", by=ERNA)
    configuration.edit(remove=[*edit.made(Tag), *edit.made(Connection)], title_key="removed", by=ERNA)
    assert configuration.plant().connections == ()


def test_a_key_is_never_given_twice(configuration: Configuration) -> None:
    """History knows values by their key: a new tag must not inherit the past of a removed one."""
    edit = configuration.edit(save=[SITE, PUMP, LINK, FLOW], title_key="added", by=ERNA)
    configuration.edit(remove=edit.made(Tag), title_key="removed", by=ERNA)
    again = configuration.edit(save=[replace(FLOW, id=new_id())], title_key="added", by=ERNA)
    assert [tag.key for tag in again.made(Tag)] == [2]


def test_a_removed_tag_comes_back_with_the_meaning_of_its_former_values(
    configuration: Configuration, store: Store
) -> None:
    made = configuration.edit(save=[SITE, PUMP, LINK, FLOW], title_key="added", by=ERNA)
    (tag,) = made.made(Tag)
    changed = configuration.edit(save=[replace(tag, unit="l/min")], title_key="changed", by=ERNA)
    before = store.plant.tag_revisions(tag.key)
    acts = EditStack()
    acts.push(Act(configuration.edit(remove=changed.made(Tag), title_key="removed", by=ERNA), "removed"))
    for _ in range(2):
        acts.undo(partial(configuration.undo, by=ERNA))
        assert store.plant.tag_revisions(tag.key) == before
        acts.redo(partial(configuration.undo, by=ERNA))
        assert store.plant.tag_revisions(tag.key) == ()


def test_a_removed_point_comes_back_with_what_was_learned_there(
    configuration: Configuration, store: Store, clock: FakeClock
) -> None:
    """NEW-19: and as old as it was."""
    point = MeasurementPoint(new_id(), PUMP.id, "Drive end", Technique.VIBRATION)
    configuration.edit(save=[SITE, PUMP, point], title_key="added", by=ERNA)
    with store.unit_of_work(ERNA) as work:
        learned = work.baselines.save(Baseline(point.id, {"median": [1.5]}))
    clock.advance(3600)
    edit = configuration.edit(remove=[point], title_key="removed", by=ERNA)
    assert store.baselines.get(point.id) is None
    configuration.undo(edit, by=ERNA)
    assert store.baselines.get(point.id) == learned


def test_a_draft_keeps_itself_until_it_is_closed(configuration: Configuration) -> None:
    draft = configuration.save_draft(Draft(new_id(), "connection", "PLC-2", {"step": 1}), by=ERNA)
    draft = configuration.save_draft(replace(draft, content={"step": 2}), by=ERNA)
    (found,) = configuration.drafts()
    assert (found.content, found.changed_by) == ({"step": 2}, "Erna")
    with pytest.raises(Conflict):
        configuration.save_draft(replace(draft, version=1), by=ERNA)
    configuration.close_draft(draft, by=ERNA)
    assert configuration.drafts() == ()
