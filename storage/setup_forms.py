"""What the rows of a set-up file take: the tables say which fields, of what type, how long a text may be.

Bounds, words to choose from and what rows have to do with each other stand here beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Column, Double, Integer, String, Table
from sqlalchemy.types import TypeEngine

from domain.condition.alarms import Priority
from domain.plant.assets import AssetKind, Criticality, MachineGroup, Support, Technique
from domain.plant.bearings import LEAST_ELEMENTS, MOST_ANGLE_DEG, MOST_SLIP
from domain.plant.limits import LimitSide
from domain.plant.tags import ConnectionKind, Feature, TagDtype, TagKind
from domain.units import all_units
from storage.schema.columns import Id, version_columns
from storage.schema.condition import alarm_rules
from storage.schema.plant import assets, bearing_types, connections, points, tags

MOST_TAG_KEYS: Final = 1_000_000
"""Rings and counters are as long as the highest key."""
_WHOLE_BOUNDS: Final = {"least": -(2**31), "most": 2**31 - 1}
_NOT_WRITTEN: Final = frozenset(column.name for column in version_columns())


@dataclass(frozen=True, slots=True)
class Field:
    """What one field takes: ``wrong`` is the key of the complaint about a value of another type.

    ``least`` and ``most`` may be reached, ``above`` not; ``part`` holds the fields of a group, of which those
    that are ``is_optional`` may be left out.
    """

    wrong: str
    is_nullable: bool = False
    is_optional: bool = False
    most_chars: int | None = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None
    part: "Mapping[str, Field] | None" = None


@dataclass(frozen=True)
class Section:
    """One list of the file: its table, and what the table does not tell."""

    table: Table
    special: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    below: tuple[tuple[str, str], ...] = ()
    """Pairs of fields of which the first must be the smaller one."""
    single: tuple[tuple[str, ...], ...] = (("id",),)
    """Fields that no two rows may share."""
    references: tuple[tuple[str, str, str], ...] = ()
    """Field, section and the field there that it names."""

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """What each field of a row takes, in the order of the table."""
        columns = (column for column in self.table.columns if column.name not in _NOT_WRITTEN)
        return {column.name: _field(column, self.special.get(column.name, {})) for column in columns}


def _field(column: Column[Any], special: Mapping[str, Any]) -> Field:
    wrong = next(key for kind, key in _WRONG if isinstance(column.type, kind))
    plain: dict[str, Any] = dict(_WHOLE_BOUNDS) if wrong == "not_whole" else {}
    if isinstance(column.type, String):
        plain["most_chars"] = column.type.length
    return Field(wrong, is_nullable=bool(column.nullable), **(plain | dict(special)))


_WRONG: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (Id, "not_id"),
    (Boolean, "not_flag"),
    (Integer, "not_whole"),
    (Double, "not_number"),
    (JSON, "not_object"),
    (String, "not_text"),
)


def _words(choices: type[Enum]) -> tuple[str, ...]:
    return tuple(each.value for each in choices)


UNIT_CODES: Final = tuple(sorted(each.code for each in all_units()))
_TEXT, _NUMBER = Field("not_text"), Field("not_number")
_REMARK: Final = Field("not_text", is_optional=True)
_BEARING: Final = {
    "designation": _TEXT,
    "elements": Field("not_whole", least=LEAST_ELEMENTS),
    "element_diameter_mm": Field("not_number", above=0),
    "pitch_diameter_mm": Field("not_number", above=0),
    "contact_angle_deg": Field("not_number", is_optional=True),
    "source": _REMARK,
}
_CAPTURE: Final = {
    "interval_s": Field("not_number", above=0),
    "length": Field("not_whole", least=1, most=2**31 - 1),
    "is_streaming": Field("not_flag", is_optional=True),
    "before_s": Field("not_number", is_optional=True, least=0),
    "after_s": Field("not_number", is_optional=True, least=0),
}
_PROVENANCE: Final = {
    "source": _TEXT,
    "edition": _REMARK,
    "table": _REMARK,
    "editor": _REMARK,
    "entered_us": Field("not_whole", is_optional=True),
}
_LIMIT: Final = {
    "value": _NUMBER,
    "unit": Field("not_text", choices=UNIT_CODES),
    "side": Field("not_text", choices=_words(LimitSide)),
    "provenance": Field("not_object", part=_PROVENANCE),
}
_ASSET, _TAG = ("asset_id", "assets", "id"), ("tag_key", "tags", "tag_key")
_TIES: Final = ("speed", "state", "waveform")
_LINK: Final = ("connection_id", "connections", "id")

SECTIONS: Final[Mapping[str, Section]] = MappingProxyType(
    {
        "assets": Section(
            assets,
            {
                "kind": {"choices": _words(AssetKind)},
                "criticality": {"choices": _words(Criticality)},
                "machine_group": {"choices": _words(MachineGroup)},
                "support": {"choices": _words(Support)},
                "rated_power_kw": {"above": 0},
            },
            single=(("id",), ("code",)),
            references=(("parent_id", "assets", "id"),),
        ),
        "points": Section(
            points,
            {
                "technique": {"choices": _words(Technique)},
                "bearing": {"part": _BEARING},
                "speed_ratio": {"above": 0},
                "envelope_low_hz": {"above": 0},
            },
            below=(
                ("envelope_low_hz", "envelope_high_hz"),
                ("bearing.element_diameter_mm", "bearing.pitch_diameter_mm"),
            ),
            references=(_ASSET, *((f"{role}_tag_key", "tags", "tag_key") for role in _TIES)),
        ),
        "connections": Section(
            connections, {"kind": {"choices": _words(ConnectionKind)}}, single=(("id",), ("name",))
        ),
        "tags": Section(
            tags,
            {
                "tag_key": {"least": 1, "most": MOST_TAG_KEYS},
                "kind": {"choices": _words(TagKind)},
                "unit": {"choices": UNIT_CODES},
                "period_s": {"above": 0},
                "dtype": {"choices": _words(TagDtype)},
                "digits": {"least": 0, "most": 15},
                "feature": {"choices": _words(Feature)},
                "sampling_rate_hz": {"above": 0},
                "capture": {"part": _CAPTURE},
                "frozen_after_s": {"above": 0},
                "raw_days": {"above": 0},
                "deadband": {"least": 0},
                "revision": {"least": 1},
            },
            below=(("low", "high"), ("normal_low", "normal_high")),
            single=(("id",), ("tag_key",), ("name",)),
            references=(_ASSET, ("point_id", "points", "id"), _LINK),
        ),
        "alarm_rules": Section(
            alarm_rules,
            {
                "priority": {"least": min(Priority), "most": max(Priority)},
                "limit_value": {"part": _LIMIT},
                "on_delay_s": {"least": 0},
                "off_delay_s": {"least": 0},
                "deadband": {"least": 0},
                "respond_within_s": {"above": 0},
            },
            references=(_ASSET, _TAG, _LINK),
        ),
        "bearings": Section(
            bearing_types,
            {
                "edition": {"least": 1},
                "elements": {"least": LEAST_ELEMENTS},
                "element_diameter_mm": {"above": 0},
                "pitch_diameter_mm": {"above": 0},
                "contact_angle_deg": {"least": 0, "most": MOST_ANGLE_DEG},
                "slip_tolerance": {"least": 0, "most": MOST_SLIP},
            },
            below=(("element_diameter_mm", "pitch_diameter_mm"),),
            single=(("id",), ("maker", "designation", "edition")),
        ),
    }
)
