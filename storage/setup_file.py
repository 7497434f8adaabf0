"""The whole set-up as readable text: the same set-up always gives the same text, and no secret is in it.

Import checks every row first and tells every complaint; a dry run stops there.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.condition.alarms import AlarmRule
from domain.errors import ConfigurationError, ControlRoomError
from domain.plant.plant import Plant
from domain.units import unit
from storage.plain_data import without_secrets
from storage.repositories import condition_rows, plant_rows

FORMAT, VERSION = "jidoka set-up", 1
_IDS = ("id", "parent_id", "asset_id", "point_id", "connection_id")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a set-up file holds."""

    plant: Plant
    rules: tuple[AlarmRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SetUpReading:
    """The set-up read, None when a row was refused; ``complaints`` name the row and the cure."""

    set_up: SetUp | None
    complaints: tuple[str, ...] = ()


def export_set_up(set_up: SetUp) -> str:
    """Return the text: JSON with sorted keys and rows in order of their ids, versions left out."""
    plant = set_up.plant
    tables = {
        "assets": map(plant_rows.asset_row, plant.assets),
        "points": map(plant_rows.point_row, plant.points),
        "connections": map(plant_rows.connection_row, plant.connections),
        "tags": map(plant_rows.tag_row, plant.tags),
        "alarm_rules": map(condition_rows.rule_row, set_up.rules),
    }
    content = {
        "format": FORMAT,
        "version": VERSION,
        "site": {"name": plant.site_name, "zone": plant.zone},
        **{name: _plain_rows(rows) for name, rows in tables.items()},
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_set_up(text: str) -> SetUpReading:
    """Read a text back and check every row and reference; nothing is written anywhere."""
    try:
        content = json.loads(text)
    except ValueError as error:
        return SetUpReading(None, (f"not JSON: {error}",))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return SetUpReading(None, ("not a set-up file of this program",))
    if content.get("version") != VERSION:
        found = content.get("version")
        return SetUpReading(None, (f"set-up version {found!r}, this program knows {VERSION}",))
    complaints: list[str] = []
    site = content.get("site") or {}
    plant = Plant(
        assets=_read(content, "assets", plant_rows.asset_of, complaints),
        points=_read(content, "points", plant_rows.point_of, complaints),
        tags=_read(content, "tags", plant_rows.tag_of, complaints),
        connections=_read(content, "connections", plant_rows.connection_of, complaints),
        zone=str(site.get("zone", "UTC")),
        site_name=str(site.get("name", "")),
    )
    rules = _read(content, "alarm_rules", condition_rows.rule_of, complaints)
    complaints += _references(plant, rules)
    return SetUpReading(None if complaints else SetUp(plant, rules), tuple(complaints))


def _plain_rows(rows: Iterable[Mapping[str, object]]) -> list[Row]:
    plain = []
    for row in rows:
        copy = {name: without_secrets(value) for name, value in row.items() if name != "version"}
        plain.append(copy)
    return sorted(plain, key=lambda row: str(row["id"]))


def _read(content: Row, table: str, make: Callable[[Row], Any], complaints: list[str]) -> tuple[Any, ...]:
    made = []
    rows = content.get(table, [])
    if not isinstance(rows, list):
        complaints.append(f"{table}: must be a list of rows")
        return ()
    for number, row in enumerate(rows, start=1):
        try:
            typed = {n: UUID(v) if n in _IDS and v is not None else v for n, v in row.items()}
            made.append(make(typed | {"version": 1}))
        except KeyError as error:
            complaints.append(f"{table} row {number}: {error.args[0]} is missing")
        except (ValueError, TypeError, AttributeError, ControlRoomError) as error:
            complaints.append(f"{table} row {number}: {error}")
    return tuple(made)


def _references(plant: Plant, rules: Iterable[AlarmRule]) -> list[str]:
    """Return a complaint per unit, zone, parent, asset, point, connection or tag that does not exist."""
    complaints = []
    assets, points = {a.id for a in plant.assets}, {p.id for p in plant.points}
    links, keys = {c.id for c in plant.connections}, {t.key for t in plant.tags}
    try:
        ZoneInfo(plant.zone)
    except (ValueError, OSError, LookupError):
        complaints.append(f"site: zone '{plant.zone}' is not known")
    for asset in plant.assets:
        if asset.parent_id is not None and asset.parent_id not in assets:
            complaints.append(f"asset {asset.code}: its parent is not in the file")
    for point in plant.points:
        if point.asset_id not in assets:
            complaints.append(f"point {point.name}: its asset is not in the file")
    for tag in plant.tags:
        known = (
            (tag.asset_id, assets, "asset"),
            (tag.point_id, points, "point"),
            (tag.connection_id, links, "connection"),
        )
        complaints += [
            f"tag {tag.name}: its {what} is not in the file"
            for identity, there, what in known
            if identity is not None and identity not in there
        ]
        try:
            unit(tag.unit)
        except ConfigurationError as error:
            complaints.append(f"tag {tag.name}: {error}")
    for rule in rules:
        if rule.asset_id not in assets or (rule.tag_key is not None and rule.tag_key not in keys):
            complaints.append(f"alarm rule {rule.id}: its asset or tag is not in the file")
    return complaints
