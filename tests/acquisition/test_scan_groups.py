"""Addresses and the block planner."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from acquisition.addresses import ModbusAddress, OpcUaAddress, ReplayAddress
from acquisition.drivers.modbus.scan_groups import plan_group, plan_groups
from domain.errors import ConfigurationError
from domain.identifiers import new_id
from domain.plant.tags import Scaling, Tag, TagDtype, TagKind

PLAIN = Scaling()


def tag(key: int, address: Mapping[str, object], *, period_s: float = 1.0, scaling: Scaling = PLAIN) -> Tag:
    return Tag(
        new_id(),
        key,
        f"tag.{key}",
        f"Tag {key}",
        TagKind.MEASURED,
        "1",
        new_id(),
        address=address,
        period_s=period_s,
        scaling=scaling,
    )


@pytest.mark.parametrize(
    "plain",
    [
        {"table": "input", "offset": 7, "type": "float32", "unit": 3, "word_order": "little"},
        {"table": "holding", "offset": 7, "type": "string", "length": 8, "byte_order": "little"},
        {"table": "holding", "offset": 0, "type": "bool", "bit": 4},
        {"table": "holding", "offset": 0, "type": "uint16", "bit": 4, "bits": 3},
        {"table": "coil", "offset": 65535, "type": "bool"},
    ],
)
def test_modbus_addresses_keep_their_plain_form(plain: dict[str, object]) -> None:
    assert ModbusAddress.from_plain(plain).to_plain() == plain


def test_other_addresses_keep_their_plain_form() -> None:
    node = {"namespace_uri": "urn:plant", "identifier": "85", "id_type": "i"}
    assert OpcUaAddress.from_plain(node).to_plain() == node
    assert ReplayAddress.from_plain({"channel": "DE"}).to_plain() == {"channel": "DE"}


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        ({}, "offset"),
        ({"offset": "7"}, "offset"),
        ({"offset": 65535, "type": "float32"}, "offset"),
        ({"offset": 1, "table": "holdings"}, "table"),
        ({"offset": 1, "table": "coil", "type": "int16"}, "type"),
        ({"offset": 1, "unit": 256}, "unit"),
        ({"offset": 1, "regster": 2}, "regster"),
        ({"offset": 1, "bit": 3}, "bits"),
        ({"offset": 1, "bit": 13, "bits": 4}, "bits"),
        ({"offset": 1, "type": "float32", "bits": 4}, "bits"),
    ],
)
def test_a_wrong_address_names_tag_and_field(plain: dict[str, object], field: str) -> None:
    with pytest.raises(ConfigurationError, match=f"tag 'pump.flow': address field '{field}'"):
        ModbusAddress.from_plain(plain, tag_name="pump.flow")


def test_a_node_number_must_be_a_number() -> None:
    with pytest.raises(ConfigurationError, match="identifier"):
        OpcUaAddress.from_plain({"namespace_uri": "urn:x", "identifier": "motor", "id_type": "i"})


def test_neighbours_and_small_gaps_share_a_request() -> None:
    tags = [tag(n, {"offset": offset}) for n, offset in enumerate((0, 1, 9, 30))]
    group = plan_group(tags, period_s=1, default_unit=1, max_gap=8)
    assert [(block.first, block.count) for block in group.blocks] == [(0, 10), (30, 1)]


def test_blocks_respect_the_protocol_limits() -> None:
    tags = [tag(n, {"offset": 2 * n, "type": "float32"}) for n in range(100)]
    tags += [tag(200 + n, {"offset": n, "table": "coil"}) for n in range(2500)]
    group = plan_group(tags, period_s=1, default_unit=1, max_gap=8)
    assert [block.count for block in group.blocks] == [124, 76, 2000, 500]
    assert sorted(member.row for block in group.blocks for member in block.members) == list(range(2600))


def test_blocks_never_cross_units_or_tables() -> None:
    tags = [
        tag(1, {"offset": 0}),
        tag(2, {"offset": 1, "unit": 2}),
        tag(3, {"offset": 1, "table": "input"}),
        tag(4, {"offset": 1, "unit": 1}),
    ]
    group = plan_group(tags, period_s=1, default_unit=1, max_gap=8)
    assert [(b.unit, b.table.value, b.count) for b in group.blocks] == [
        (1, "holding", 2),
        (2, "holding", 1),
        (1, "input", 1),
    ]


def test_overlapping_values_and_scaling_decode_from_one_block() -> None:
    tags = [
        tag(1, {"offset": 10, "type": "uint32"}, scaling=Scaling(0.1, -5)),
        tag(2, {"offset": 11}),
        tag(3, {"offset": 10, "type": "bool", "bit": 0}),
    ]
    (block,) = plan_group(tags, period_s=1, default_unit=1, max_gap=0).blocks
    values = block.values(np.array([1, 4], dtype=np.uint16))
    by_key = {member.tag.key: value for member, value in zip(block.members, values, strict=True)}
    assert by_key == {1: pytest.approx(65540 * 0.1 - 5), 2: 4.0, 3: 1.0}


def test_splitting_a_block_leaves_the_gap_out() -> None:
    tags = [tag(n, {"offset": offset}) for n, offset in enumerate((0, 1, 6))]
    (block,) = plan_group(tags, period_s=1, default_unit=1, max_gap=8).blocks
    left, right = block.split()
    assert [(left.first, left.count), (right.first, right.count)] == [(0, 1), (1, 6)]


def test_tags_are_grouped_by_period_shortest_first() -> None:
    tags = [tag(1, {"offset": 0}, period_s=1), tag(2, {"offset": 1}, period_s=0.1), tag(3, {"offset": 2})]
    groups = plan_groups(tags, default_unit=1)
    assert [(group.period_s, group.tag_keys.tolist()) for group in groups] == [(0.1, [2]), (1, [1, 3])]
    with pytest.raises(ConfigurationError, match="period"):
        plan_groups([tag(1, {"offset": 0}, period_s=0)], default_unit=1)


@pytest.mark.parametrize(("kind", "dtype"), [("string", TagDtype.FLOAT64), ("int16", TagDtype.TEXT)])
def test_texts_and_numbers_are_not_mixed_up(kind: str, dtype: TagDtype) -> None:
    mixed = replace(tag(1, {"offset": 0, "type": kind}), dtype=dtype)
    group = plan_group([mixed], period_s=1, default_unit=1, max_gap=8)
    assert not group.blocks
    assert "type string goes with text" in str(group.problems[1])
