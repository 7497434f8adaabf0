"""Values chosen of a device: matched, complained about, and what tags they become [SET-1, SIG-2, NEW-11]."""

from dataclasses import replace

from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, Technique
from domain.plant.discovery import FoundItem
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind, Keeping, Scaling, Tag, TagDtype, TagKind
from domain.plant.templates import new_machine
from services.set_up.link_values import (
    ADDRESS_TAKEN,
    MACHINE_MISSING,
    MACHINE_UNSURE,
    NAME_TAKEN,
    POINT_MISSING,
    RATE_MISSING,
    UNIT_MISSING,
    ChosenValue,
    complaints_of,
    matched,
    value_of_item,
    value_of_register,
    value_of_tag,
    with_names_apart,
)
from services.set_up.machine_classes import machine_classes
from services.set_up.register_lists import registers_by_hand
from services.set_up.value_tags import tags_of

SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
LINE = Asset(new_id(), SITE.id, AssetKind.LINE, "Line 1", "L1")
LINK = Connection(new_id(), "PLC-1", ConnectionKind.OPCUA, {"endpoint": "opc.tcp://plc"})
PUMP = next(each for each in machine_classes() if each.key == "pump")


def plant_with_pump() -> Plant:
    made = new_machine(PUMP, name="Feed pump", code="P201", line=LINE, order=1, new_id=new_id)
    tags = tuple(replace(tag, key=key) for key, tag in enumerate(made.tags, start=1))
    return Plant((SITE, LINE, *made.assets), made.points, tags, (LINK,))


def item(name: str, **more: object) -> FoundItem:
    known = {"dtype": "Double", "unit": "bar"} | more
    return FoundItem(f"ns;{name}", name, False, {"namespace_uri": "u", "identifier": name}, **known)  # type: ignore[arg-type]


def chosen(plant: Plant, name: str, **more: object) -> ChosenValue:
    (value,) = matched([value_of_item(item(name, **more), ("P201", name))], plant, device="PLC-1")
    return value


def test_a_value_finds_its_machine_and_fills_what_the_class_foresees() -> None:
    plant = plant_with_pump()
    value = chosen(plant, "DischargePressure")
    foreseen = plant.tag_named("P201.pressure")
    assert foreseen is not None
    assert value.is_sure
    assert value.fills == foreseen.id
    assert complaints_of([value], plant, LINK) == {}
    (tag,) = tags_of([value], LINK, plant)
    assert (tag.id, tag.key, tag.name, tag.label) == (
        foreseen.id, foreseen.key, foreseen.name, foreseen.label,
    )  # fmt: skip
    assert (tag.connection_id, tag.address["identifier"]) == (LINK.id, "DischargePressure")
    assert (tag.digits, tag.frozen_after_s) == (foreseen.digits, foreseen.frozen_after_s), "of its class"
    (told,) = tags_of([replace(value, frozen_after_s=60.0)], LINK, plant)
    assert told.frozen_after_s == 60.0, "a person knows better"


def test_one_waiting_tag_is_filled_by_one_value_only() -> None:
    plant = plant_with_pump()
    values = [value_of_item(item(name), ("P201", name)) for name in ("Pressure", "PressureRaw")]
    first, second = matched(values, plant, device="PLC-1")
    assert (first.fills is None, second.fills is None) == (False, True)


def test_a_person_has_the_last_word_over_the_machine() -> None:
    plant = plant_with_pump()
    value = replace(chosen(plant, "X"), asset_id=LINE.id, point_id=None, confidence=None)
    (again,) = matched([value], plant, device="PLC-1")
    assert again.asset_id == LINE.id


def test_a_value_of_an_unsure_machine_fills_nothing_and_asks_a_person() -> None:
    plant = plant_with_pump()
    value = value_of_item(item("Pressure"), ("Feed", "Pressure"))
    (unsure,) = matched([value], plant, device="PLC-1")
    assert not unsure.is_sure
    assert unsure.fills is None
    assert complaints_of([unsure], plant, LINK)[unsure.id] == (MACHINE_UNSURE,)
    by_hand = replace(unsure, confidence=None)
    (filled,) = matched([by_hand], plant, device="PLC-1")
    assert filled.fills is not None
    assert complaints_of([filled], plant, LINK) == {}


def test_what_is_missing_is_said_value_by_value() -> None:
    """NEW-11: a value without a declared unit is refused with its reason."""
    plant = plant_with_pump()
    value = replace(chosen(plant, "Level", unit=""), asset_id=None)
    assert complaints_of([value], plant, LINK)[value.id] == (MACHINE_MISSING, UNIT_MISSING)
    wave = replace(chosen(plant, "Acc", unit="g", is_array=True), point_id=None, confidence=None)
    assert complaints_of([wave], plant, LINK)[wave.id] == (RATE_MISSING, POINT_MISSING)


def test_the_same_name_or_place_twice_is_told_on_both() -> None:
    plant = plant_with_pump()
    one = replace(chosen(plant, "Level"), fills=None, name="A")
    two = replace(one, id=new_id())
    found = complaints_of([one, two], plant, LINK)
    assert set(found) == {one.id, two.id}
    assert found[one.id] == (NAME_TAKEN, ADDRESS_TAKEN)
    apart = with_names_apart([one, two], ["A"])
    assert [value.name for value in apart] == ["A 2", "A 3"]


def test_types_of_the_device_become_ours() -> None:
    def dtype(word: str, **more: object) -> tuple[TagDtype, TagKind, str]:
        value = value_of_item(item("v", dtype=word, unit="", **more), ("v",))
        return value.dtype, value.kind, value.unit

    assert dtype("Boolean") == (TagDtype.INT64, TagKind.STATE, "state")
    assert dtype("UInt16") == (TagDtype.INT64, TagKind.MEASURED, "")
    assert dtype("String") == (TagDtype.TEXT, TagKind.MEASURED, "1")
    assert dtype("Float", is_array=True) == (TagDtype.FLOAT32, TagKind.WAVEFORM, "")


def test_a_stored_tag_can_be_changed_and_nothing_else_of_it_is_lost() -> None:
    plant = plant_with_pump()
    before = Tag(
        new_id(), 99, "P201.level", "Level", TagKind.MEASURED, "%", plant.assets[2].id,
        connection_id=LINK.id, address={"identifier": "L"}, frozen_after_s=60.0, digits=3, normal_high=80.0,
    )  # fmt: skip
    plant = replace(plant, tags=(*plant.tags, before))
    same = value_of_tag(before)
    assert tags_of([same], LINK, plant) == (before,)
    new = replace(same, factor=0.1, label="Tank", kind=TagKind.SETPOINT, deadband=0.5, frozen_after_s=None)
    (changed,) = tags_of([new], LINK, plant)
    assert changed == replace(
        before, scaling=Scaling(0.1, 0.0), label="Tank", kind=TagKind.SETPOINT, keeping=Keeping(None, 0.5),
        frozen_after_s=None,
    )  # fmt: skip


def test_a_scaled_whole_number_is_stored_as_a_number_with_fractions() -> None:
    plant = plant_with_pump()
    value = replace(chosen(plant, "Raw", dtype="Int16"), factor=0.1, fills=None)
    (tag,) = tags_of([value], LINK, plant)
    assert tag.dtype is TagDtype.FLOAT64


def test_whole_registers_stay_whole_until_they_are_scaled() -> None:
    plant = plant_with_pump()
    (draft,) = registers_by_hand(name="N", address="40001", table="", kind="uint32", unit="count").drafts
    value = replace(value_of_register(draft), asset_id=plant.assets[2].id, confidence=None)
    assert [tag.dtype for tag in tags_of([value], LINK, plant)] == [TagDtype.INT64]
    assert [tag.dtype for tag in tags_of([replace(value, factor=0.1)], LINK, plant)] == [TagDtype.FLOAT64]


def test_a_draft_of_values_survives_as_plain_data() -> None:
    value = chosen(plant_with_pump(), "Pressure")
    assert ChosenValue.from_plain(value.to_plain()) == value


def test_a_waveform_is_kept_on_schedule_and_around_alarms() -> None:
    plant = plant_with_pump()
    point = next(each for each in plant.points if each.technique is Technique.VIBRATION)
    wave = replace(
        chosen(plant, "Acc", unit="g", is_array=True, sampling_rate_hz=25_600.0),
        point_id=point.id, asset_id=point.asset_id, confidence=None,
    )  # fmt: skip
    assert complaints_of([wave], plant, LINK) == {}
    (tag,) = tags_of([wave], LINK, plant)
    assert tag.capture is not None
    assert (tag.capture.is_streaming, tag.capture.before_s) == (True, 2.0)
    (captured,) = tags_of([replace(wave, is_streaming=False, capture_length=4096)], LINK, plant)
    assert captured.capture is not None
    assert (captured.capture.length, captured.capture.before_s) == (4096, 0.0)


def test_a_value_that_a_person_calls_its_own_fills_nothing_afterwards() -> None:
    plant = plant_with_pump()
    value = replace(chosen(plant, "DischargePressure"), fills=None, is_own=True, confidence=None)
    (again,) = matched([value], plant, device="PLC-1")
    assert again.fills is None
    assert ChosenValue.from_plain(again.to_plain()) == again
