"""The whole set-up as readable text: the same set-up always gives the same text, and no secret is in it.

Import checks every row first and tells every complaint; a dry run stops there.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from domain.condition.alarms import AlarmRule
from domain.errors import ConfigurationError
from domain.plant.bearings import BearingType
from domain.plant.plant import Plant
from storage.plain_data import without_secrets
from storage.repositories import condition_rows, plant_rows
from storage.setup_check import complaints_about

FORMAT, VERSION = "jidoka set-up", 1
_IDS = ("id", "parent_id", "asset_id", "point_id", "connection_id")
Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a set-up file holds."""

    plant: Plant
    rules: tuple[AlarmRule, ...] = ()
    bearings: tuple[BearingType, ...] = ()


@dataclass(frozen=True, slots=True)
class SetUpReading:
    """The set-up read, None when something is wrong; each complaint says where, what, and what to do."""

    set_up: SetUp | None
    complaints: tuple[ConfigurationError, ...] = ()


def export_set_up(set_up: SetUp) -> str:
    """Return the text: JSON with sorted keys and rows in order of their ids, versions left out."""
    plant = set_up.plant
    tables = {
        "assets": map(plant_rows.asset_row, plant.assets),
        "points": map(plant_rows.point_row, plant.points),
        "connections": map(plant_rows.connection_row, plant.connections),
        "tags": map(plant_rows.tag_row, plant.tags),
        "alarm_rules": map(condition_rows.rule_row, set_up.rules),
        "bearings": map(plant_rows.bearing_row, set_up.bearings),
    }
    content = {
        "format": FORMAT,
        "version": VERSION,
        "site": {
            "name": plant.site_name,
            "zone": plant.zone,
            "keeping_days": plant_rows.keeping_row(plant.keeping),
        },
        **{name: _plain_rows(rows) for name, rows in tables.items()},
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_set_up(text: str) -> SetUpReading:
    """Read a text back and check every row and reference; nothing is written anywhere."""
    try:
        content = json.loads(text)
    except ValueError as error:
        return SetUpReading(None, (_no_json(error),))
    except RecursionError:
        return SetUpReading(None, (_foreign(),))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return SetUpReading(None, (_foreign(),))
    if content.get("version") != VERSION:
        return SetUpReading(None, (_other_version(content.get("version")),))
    complaints = complaints_about(content)
    return SetUpReading(None if complaints else _made(content), complaints)


def _made(content: Row) -> SetUp:
    """Return what a file without a complaint holds."""
    site = content.get("site", {})
    plant = Plant(
        assets=_things(content, "assets", plant_rows.asset_of),
        points=_things(content, "points", plant_rows.point_of),
        tags=_things(content, "tags", plant_rows.tag_of),
        connections=_things(content, "connections", plant_rows.connection_of),
        zone=site.get("zone", "UTC"),
        site_name=site.get("name", ""),
        keeping=plant_rows.keeping_of(site.get("keeping_days")),
    )
    rules = _things(content, "alarm_rules", condition_rows.rule_of)
    bearings = _things(content, "bearings", plant_rows.bearing_of)
    return SetUp(plant, rules, tuple(sorted(bearings, key=lambda each: each.edition)))


def _things(content: Row, section: str, make: Callable[[Row], T]) -> tuple[T, ...]:
    return tuple(
        make({n: UUID(v) if n in _IDS and v is not None else v for n, v in row.items()} | {"version": 1})
        for row in content.get(section, [])
    )


def _no_json(error: ValueError) -> ConfigurationError:
    place = f"line {error.lineno}, column {error.colno}: " if isinstance(error, json.JSONDecodeError) else ""
    problem = place + (error.msg if isinstance(error, json.JSONDecodeError) else str(error))
    return ConfigurationError(
        f"the file is no JSON ({problem}); mend that place or export the set-up anew",
        key="set_up_no_json",
        problem=problem,
    )


def _foreign() -> ConfigurationError:
    return ConfigurationError(
        "this is no set-up file of this program; choose one that Export wrote", key="set_up_foreign"
    )


def _other_version(found: object) -> ConfigurationError:
    return ConfigurationError(
        f"the file has set-up version {found}, this program knows {VERSION}; update it or export anew",
        key="set_up_version",
        found=str(found),
        known=VERSION,
    )


def _plain_rows(rows: Iterable[Mapping[str, object]]) -> list[Row]:
    plain = []
    for row in rows:
        copy = {name: without_secrets(value) for name, value in row.items() if name != "version"}
        plain.append(copy)
    return sorted(plain, key=lambda row: str(row["id"]))
