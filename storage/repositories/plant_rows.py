"""Rows of the plant's tables and the domain's values, both ways."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any, TypeVar

from domain.plant.assets import (
    Asset,
    AssetKind,
    Criticality,
    MachineGroup,
    MeasurementPoint,
    Support,
    Technique,
)
from domain.plant.bearings import BearingGeometry, BearingType
from domain.plant.keeping import NAMES as DAYS
from domain.plant.keeping import KeepingDays
from domain.plant.tags import (
    CaptureSchedule,
    Connection,
    ConnectionKind,
    Feature,
    Keeping,
    Scaling,
    Tag,
    TagDtype,
    TagKind,
)

Row = Mapping[str, Any]
T = TypeVar("T")
_SAME_ASSET = ("id", "parent_id", "name", "code", "description", "is_constraint", "rated_power_kw", "version")
_SAME_POINT = (
    "id", "asset_id", "name", "speed_tag_key", "speed_ratio", "state_tag_key", "waveform_tag_key",
    "envelope_low_hz", "envelope_high_hz", "sensor", "version",
)  # fmt: skip
_GEOMETRY = (
    "designation", "elements", "element_diameter_mm", "pitch_diameter_mm", "contact_angle_deg", "source",
)  # fmt: skip
_SAME_TAG = (
    "id", "name", "label", "unit", "asset_id", "point_id", "connection_id", "period_s", "digits",
    "low", "high", "normal_low", "normal_high", "sampling_rate_hz", "frozen_after_s", "is_writable",
    "revision", "version",
)  # fmt: skip


def asset_row(asset: Asset) -> dict[str, object]:
    """Return the row of an asset."""
    return _pick(asset, _SAME_ASSET) | {
        "kind": asset.kind.value,
        "sort_order": asset.order,
        "criticality": asset.criticality.value,
        "machine_group": _value(asset.machine_group),
        "support": _value(asset.support),
    }


def asset_of(row: Row) -> Asset:
    """Return the asset of a row."""
    return Asset(
        kind=AssetKind(row["kind"]),
        order=row["sort_order"],
        criticality=Criticality(row["criticality"]),
        machine_group=_optional(MachineGroup, row["machine_group"]),
        support=_optional(Support, row["support"]),
        **_named(row, _SAME_ASSET),
    )


def point_row(point: MeasurementPoint) -> dict[str, object]:
    """Return the row of a measurement point."""
    return _pick(point, _SAME_POINT) | {
        "technique": point.technique.value,
        "sort_order": point.order,
        "bearing": None if point.bearing is None else asdict(point.bearing),
    }


def point_of(row: Row) -> MeasurementPoint:
    """Return the measurement point of a row."""
    bearing = row["bearing"]
    return MeasurementPoint(
        technique=Technique(row["technique"]),
        order=row["sort_order"],
        bearing=None if bearing is None else BearingGeometry(**bearing),
        **_named(row, _SAME_POINT),
    )


def bearing_row(bearing: BearingType) -> dict[str, object]:
    """Return the row of an edition of the bearing catalogue."""
    return {
        "id": bearing.id,
        "maker": bearing.maker,
        **asdict(bearing.geometry),
        "edition": bearing.edition,
        "slip_tolerance": bearing.slip_tolerance,
        "version": bearing.version,
    }


def bearing_of(row: Row) -> BearingType:
    """Return the edition of the bearing catalogue of a row."""
    geometry = BearingGeometry(**_named(row, _GEOMETRY))
    return BearingType(
        row["id"], row["maker"], geometry, row["edition"], row["slip_tolerance"], row["version"]
    )


def keeping_row(days: KeepingDays) -> dict[str, object]:
    """Return the plant's days of keeping as plain data."""
    return _pick(days, DAYS)


def keeping_of(row: object) -> KeepingDays:
    """Return the plant's days of keeping; what is not told is as usual."""
    told = row if isinstance(row, Mapping) else {}
    return KeepingDays(**{name: told[name] for name in DAYS if name in told})


def connection_row(connection: Connection) -> dict[str, object]:
    """Return the row of a connection."""
    return {
        "id": connection.id,
        "name": connection.name,
        "kind": connection.kind.value,
        "options": dict(connection.options),
        "is_enabled": connection.is_enabled,
        "is_simulated": connection.is_simulated,
        "version": connection.version,
    }


def connection_of(row: Row) -> Connection:
    """Return the connection of a row."""
    return Connection(
        row["id"],
        row["name"],
        ConnectionKind(row["kind"]),
        options=row["options"],
        is_enabled=row["is_enabled"],
        is_simulated=row["is_simulated"],
        version=row["version"],
    )


def tag_row(tag: Tag) -> dict[str, object]:
    """Return the row of a tag."""
    return _pick(tag, _SAME_TAG) | {
        "tag_key": tag.key,
        "kind": tag.kind.value,
        "address": dict(tag.address),
        "dtype": tag.dtype.value,
        "scaling_factor": tag.scaling.factor,
        "scaling_offset": tag.scaling.offset,
        "feature": _value(tag.feature),
        "capture": None if tag.capture is None else asdict(tag.capture),
        "raw_days": tag.keeping.raw_days,
        "deadband": tag.keeping.deadband,
    }


def tag_of(row: Row) -> Tag:
    """Return the tag of a row."""
    capture = row["capture"]
    return Tag(
        key=row["tag_key"],
        kind=TagKind(row["kind"]),
        address=row["address"],
        dtype=TagDtype(row["dtype"]),
        scaling=Scaling(row["scaling_factor"], row["scaling_offset"]),
        feature=_optional(Feature, row["feature"]),
        capture=None if capture is None else CaptureSchedule(**capture),
        keeping=Keeping(row["raw_days"], row["deadband"]),
        **_named(row, _SAME_TAG),
    )


def revision_row(tag: Tag, *, opened_us: int, opened_by: str) -> dict[str, object]:
    """Return the row that remembers what a tag's values meant from this revision on."""
    row = tag_row(tag)
    names = ("tag_key", "revision", "unit", "dtype", "address", "scaling_factor", "scaling_offset")
    return {name: row[name] for name in names} | {"opened_us": opened_us, "opened_by": opened_by}


def _pick(value: object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(value, name) for name in names}


def _named(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _value(member: Enum | None) -> object:
    return None if member is None else member.value


def _optional(make: Callable[[str], T], text: str | None) -> T | None:
    return None if text is None else make(text)
