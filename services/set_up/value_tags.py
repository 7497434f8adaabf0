"""What values of a device become: new tags, changed ones, and those that waited for them [SET-1, SIG-2]."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from domain.plant.plant import Plant
from domain.plant.tags import (
    CaptureSchedule,
    Connection,
    ConnectionKind,
    Keeping,
    Scaling,
    Tag,
    TagDtype,
)
from services.set_up.link_values import ChosenValue, is_declared

CAPTURE_EVERY_S: Final = 600.0
AROUND_ALARM_S: Final = 2.0
"""What is kept of a continuous waveform before and after an alarm; of captures the newest is kept."""


def probe_tag(value: ChosenValue, connection: Connection, *, key: int) -> Tag:
    """Return a tag to read the value once; a unit that is missing counts as a plain number here only."""
    known = replace(value, unit=value.unit if is_declared(value.unit) else "1")
    return _tag(known, connection, asset_id=value.asset_id or connection.id, key=key)


def tags_of(values: Sequence[ChosenValue], connection: Connection, plant: Plant) -> tuple[Tag, ...]:
    """Return the tags to store: new ones, changed ones, and those that waited, with their key and name."""
    stored = {tag.id: tag for tag in plant.tags}
    return tuple(_tag_to_store(value, connection, stored) for value in values)


def _tag_to_store(value: ChosenValue, connection: Connection, stored: Mapping[UUID, Tag]) -> Tag:
    assert value.asset_id is not None, "complaints_of names a value without a machine"
    before = stored.get(value.fills or value.id)
    known = value if before is None or value.fills is None else _inherited(value, before)
    made = _tag(known, connection, asset_id=value.asset_id, key=0)
    if before is None:
        return made
    return replace(
        made,
        id=before.id,
        key=before.key,
        capture=_merged(before.capture, made.capture),
        feature=before.feature,
        is_writable=before.is_writable,
        revision=before.revision,
        version=value.version or before.version,
    )


def _inherited(value: ChosenValue, waiting: Tag) -> ChosenValue:
    """Return the value with what the waiting tag has and nobody said otherwise: name, kind, place, bounds."""
    bounds = ("low", "high", "normal_low", "normal_high", "digits", "frozen_after_s")
    own = {name: getattr(value, name) for name in bounds}
    kept = {name: getattr(waiting, name) if said is None else said for name, said in own.items()}
    return replace(
        value,
        name=waiting.name,
        label=waiting.label,
        kind=waiting.kind,
        point_id=value.point_id or waiting.point_id,
        raw_days=waiting.keeping.raw_days if value.raw_days is None else value.raw_days,
        deadband=value.deadband or waiting.keeping.deadband,
        **kept,
    )


def _merged(before: CaptureSchedule | None, made: CaptureSchedule | None) -> CaptureSchedule | None:
    """Keep what was set up of the schedule; length and kind are those of the value."""
    if before is None or made is None:
        return made
    return replace(before, length=made.length, is_streaming=made.is_streaming)


def _tag(value: ChosenValue, connection: Connection, *, asset_id: UUID, key: int) -> Tag:
    is_scaled = (value.factor, value.offset) != (1.0, 0.0)
    usual_digits = 0 if value.dtype is TagDtype.INT64 and not is_scaled else 2
    return Tag(
        value.id, key, value.name, value.label or value.name, value.kind, value.unit, asset_id,
        point_id=value.point_id, connection_id=connection.id, address=dict(value.address),
        period_s=value.period_s,
        dtype=TagDtype.FLOAT64 if value.dtype is TagDtype.INT64 and is_scaled else value.dtype,
        scaling=Scaling(value.factor, value.offset),
        digits=usual_digits if value.digits is None else value.digits,
        low=value.low, high=value.high, normal_low=value.normal_low, normal_high=value.normal_high,
        frozen_after_s=value.frozen_after_s, keeping=Keeping(value.raw_days, value.deadband),
        sampling_rate_hz=value.sampling_rate_hz if value.is_sampled else None,
        capture=_capture(value, connection) if value.is_sampled else None,
    )  # fmt: skip


def _capture(value: ChosenValue, connection: Connection) -> CaptureSchedule:
    is_streaming = value.is_streaming and connection.kind is not ConnectionKind.FILES
    around_s = AROUND_ALARM_S if is_streaming else 0.0
    return CaptureSchedule(
        CAPTURE_EVERY_S, value.capture_length, is_streaming, before_s=around_s, after_s=around_s
    )
