"""Everything that can be wrong in a set-up file is told at once, with its place and the cure [NEW-30]."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.condition.alarms import AlarmRule
from domain.plant.plant import Plant
from storage.setup_file import SetUp, export_set_up, read_set_up

Content = dict[str, Any]
FILLER, OTHER_ID = "00000000-0000-0000-0000-000000000003", "00000000-0000-0000-0000-0000000000ff"


@pytest.fixture
def content(small_plant: Plant, hot_rule: AlarmRule) -> Content:
    return dict(json.loads(export_set_up(SetUp(small_plant, (hot_rule,)))))


def told(content: Content) -> list[str]:
    reading = read_set_up(json.dumps(content))
    assert (reading.set_up is None) == bool(reading.complaints)
    return [str(each) for each in reading.complaints]


def put(section: str, row: int, field: str, value: object) -> Callable[[Content], None]:
    """Return an edit of one field, counted from 1 and with dots as the complaint has them."""
    *above, last = field.split(".")

    def edit(content: Content) -> None:
        group = content[section][row - 1]
        for name in above:
            group = group[name]
        group[last] = value

    return edit


def drop(section: str, row: int, field: str) -> Callable[[Content], None]:
    return lambda content: content[section][row - 1].pop(field)


WRONG: list[tuple[Callable[[Content], object], str]] = [
    (drop("assets", 3, "kind"), "assets, row 3 (Filler): missing fields: kind; add them."),
    (lambda content: content["assets"].append({}), "assets, row 4: missing fields: id, parent_id, kind, na"),
    (put("assets", 3, "id", "17"), "assets, row 3 (Filler): 'id' is \"17\"; it takes an id such as "),
    (put("assets", 3, "kind", "robot"), "'kind' is \"robot\"; it takes one of: site, line, machine, compon"),
    (put("assets", 3, "colour", 1), "there is no field 'colour'; correct its name or remove it."),
    (put("assets", 3, "name", 7), "assets, row 3 (L1-FIL): 'name' is 7; it takes a text in quotes."),
    (put("assets", 3, "name", "a\ud800"), "'name' is \"a\\ud800\"; it takes a text in quotes."),
    (put("assets", 3, "name", "a\0"), "'name' is \"a\\u0000\"; it takes a text in quotes."),
    (put("assets", 3, "name", "x" * 201), "'name' has 201 characters; shorten it to 200."),
    (put("assets", 3, "rated_power_kw", 0), "'rated_power_kw' is 0; it must be above 0."),
    (put("assets", 3, "is_constraint", "no"), "'is_constraint' is \"no\"; it takes true or false."),
    (put("assets", 3, "sort_order", 1.5), "'sort_order' is 1.5; it takes a whole number."),
    (put("assets", 3, "sort_order", 2**40), "'sort_order' is 1099511627776; it must be at most 2147483647."),
    (put("assets", 3, "code", "L1"), "assets, row 3 (Filler): 'code' is \"L1\", as in row 2; give each its"),
    (put("assets", 3, "parent_id", OTHER_ID), f"'parent_id' is \"{OTHER_ID}\", which is not in section ass"),
    (put("assets", 3, "parent_id", FILLER), "assets, row 3 (Filler): it lies below itself; give another"),
    (put("points", 1, "bearing.elements", 2), "points, row 1 (Drive end): 'bearing.elements' is 2; it must"),
    (put("points", 1, "bearing.pitch_diameter_mm", 5), "'bearing.element_diameter_mm' is 7.94; it must be"),
    (put("points", 1, "bearing", "6205"), "'bearing' is \"6205\"; it takes a group of fields in braces."),
    (put("points", 1, "envelope_high_hz", 10), "'envelope_low_hz' is 2000.0; it must be below 'envelope_hi"),
    (put("points", 1, "asset_id", OTHER_ID), f"'asset_id' is \"{OTHER_ID}\", which is not in section asset"),
    (put("points", 1, "waveform_tag_key", 77), "points, row 1 (Drive end): 'waveform_tag_key' is 77, which"),
    (put("connections", 1, "kind", "profinet"), "it takes one of: modbus_tcp, modbus_tls, modbus_serial,"),
    (put("connections", 1, "options", []), "connections, row 1 (PLC): 'options' is []; it takes a group of"),
    (put("tags", 1, "unit", "furlong"), "tags, row 1 (L1.FIL.T): 'unit' is \"furlong\"; it takes one of: %"),
    (put("tags", 1, "period_s", -1), "'period_s' is -1; it must be above 0."),
    (put("tags", 1, "period_s", float("nan")), "'period_s' is NaN; it takes a number."),
    (put("tags", 1, "period_s", None), "'period_s' is null; it takes a number."),
    (put("tags", 2, "tag_key", 1), "tags, row 2 (L1.FIL.V): 'tag_key' is 1, as in row 1; give each its own."),
    (put("tags", 2, "name", "L1.FIL.T"), "'name' is \"L1.FIL.T\", as in row 1; give each its own."),
    (put("tags", 2, "tag_key", 9_000_000), "'tag_key' is 9000000; it must be at most 1000000."),
    (put("tags", 2, "capture.length", 0), "'capture.length' is 0; it must be at least 1."),
    (put("tags", 1, "connection_id", OTHER_ID), f"'connection_id' is \"{OTHER_ID}\", which is not in secti"),
    (put("alarm_rules", 1, "tag_key", 77), "alarm_rules, row 1 (too_hot): 'tag_key' is 77, which is not in"),
    (put("alarm_rules", 1, "priority", 9), "'priority' is 9; it must be at most 4."),
    (put("alarm_rules", 1, "limit_value.side", "up"), "'limit_value.side' is \"up\"; it takes one of: high"),
    (put("alarm_rules", 1, "limit_value.unit", "bar"), "the limit is in bar, its tag in degC; give both in"),
    (lambda content: content["tags"].append(5), "tags, row 3: is no group of fields in braces; write it as"),
    (lambda content: content.update(tags={}), "tags: is no list of rows in brackets; write it as [...]."),
    (lambda content: content.update(tag=[]), "tag: there is no such section; it takes one of: assets, poin"),
    (lambda content: content.update(site=[]), "site: is no group of fields in braces;"),
    (lambda content: content["site"].update(zone="Mars"), "site: 'zone' is \"Mars\", which is no time zone;"),
    (lambda content: content["site"].update(zone=3), "site: 'zone' is 3; it takes a text in quotes."),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "sentence"), WRONG, ids=[sentence[:60] for _, sentence in WRONG])
def test_what_is_wrong_is_told_with_place_and_cure(
    content: Content, edit: Callable[[Content], object], sentence: str
) -> None:
    edit(content)
    assert any(sentence in line for line in told(content)), told(content)


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(content: Content) -> None:
    for edit in (
        put("tags", 2, "kind", "guess"),
        put("tags", 1, "unit", "furlong"),
        put("tags", 1, "label", 5),
        put("assets", 1, "criticality", "Z"),
    ):
        edit(content)
    places = [line.split(":")[0] for line in told(content)]
    assert places == ["assets, row 1 (Works)", *2 * ["tags, row 1 (L1.FIL.T)"], "tags, row 2 (L1.FIL.V)"]


def test_one_wrong_row_does_not_let_those_complain_that_name_it(content: Content) -> None:
    put("assets", 3, "kind", "robot")(content)
    assert len(told(content)) == 1


def test_values_of_components_may_share_a_code_and_optional_parts_may_be_left_out(content: Content) -> None:
    motor = content["assets"][2] | {"kind": "component", "parent_id": FILLER, "name": "Motor", "code": "M"}
    content["assets"] += [motor | {"id": OTHER_ID[:-1] + digit} for digit in "ab"]
    for name in ("before_s", "after_s", "is_streaming"):
        del content["tags"][1]["capture"][name]
    assert told(content) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON (line 1, column 1: Expecting value)"),
        ("{", "no JSON (line 1, column 2"),
        ("[" * 100_000, "no set-up file"),
        ("[]", "no set-up file of this program; choose one that Export wrote"),
        ('{"format": "jidoka set-up", "version": 9}', "set-up version 9, this program knows 1; update it"),
    ],
)
def test_a_file_that_is_no_set_up_says_so(text: str, words: str) -> None:
    (complaint,) = read_set_up(text).complaints
    assert words in str(complaint)
