"""A device while it is being set up: kept, changed, brought back [SET-1]."""

from dataclasses import replace

from domain.identifiers import new_id
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind, Tag, TagKind
from services.set_up.link_draft import LinkDraft, draft_of, new_draft
from services.set_up.link_values import ChosenValue

LINK = Connection(new_id(), "PLC", ConnectionKind.MODBUS_TCP, {"host": "a", "depth": 4})
FLOW = Tag(new_id(), 3, "F", "Flow", TagKind.MEASURED, "m3/h", new_id(), connection_id=LINK.id)
PLANT = Plant(tags=(FLOW,), connections=(LINK,))


def value(name: str) -> ChosenValue:
    return ChosenValue(new_id(), name, name, {"offset": 1})


def test_a_draft_survives_as_plain_data() -> None:
    draft = replace(new_draft(), name="PLC-2").with_values([value("A")])
    assert LinkDraft.from_plain(draft.to_plain(), Plant()) == draft


def test_a_stored_device_is_opened_as_a_draft_and_keeps_what_the_form_does_not_ask() -> None:
    draft = draft_of(LINK, PLANT)
    assert [each.id for each in draft.values] == [FLOW.id]
    changed = replace(draft, typed=dict(draft.typed) | {"host": "b"}).connection
    assert (changed.id, changed.options["host"], changed.options["depth"]) == (LINK.id, "b", 4)
    assert LinkDraft.from_plain(draft.to_plain(), PLANT).before == LINK


def test_another_kind_keeps_the_address_and_nothing_else() -> None:
    draft = replace(new_draft(), typed={"host": "10.0.0.7", "unit": "3"}).with_values([value("A")])
    other = draft.of_kind(ConnectionKind.MODBUS_RTU_TCP)
    assert (other.typed["host"], other.typed["unit"], other.values) == ("10.0.0.7", "3", ())
    assert draft.of_kind(ConnectionKind.OPCUA).typed["endpoint"] == "opc.tcp://"


def test_values_are_changed_in_place_and_added_at_the_end() -> None:
    one, two = value("A"), value("B")
    draft = new_draft().with_values([one, two])
    draft = draft.with_values([replace(one, label="x"), value("C")])
    assert [each.name for each in draft.values] == ["A", "B", "C"]
    assert draft.values[0].label == "x"
    assert [each.name for each in draft.without([one.id]).values] == ["B", "C"]


def test_a_draft_that_nobody_would_miss_is_empty() -> None:
    assert new_draft().is_empty
    assert not replace(new_draft(), name="P").is_empty
    assert not draft_of(LINK, PLANT).is_empty
