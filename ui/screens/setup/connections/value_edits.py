"""What a person changes of a value in step 3, field by field; a refusal is a message key."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from domain.plant.plant import Plant
from domain.plant.tags import TagDtype, TagKind
from services.set_up.file_patterns import pattern_problem
from services.set_up.link_values import ChosenValue, clean_name
from ui.typed_numbers import number_of, shown_number

NO_NUMBER, NOT_POSITIVE, NO_FACTOR = "edit_no_number", "edit_not_positive", "edit_no_factor"
STREAMING, CAPTURES = "streaming", "captures"

Edit = Callable[[ChosenValue, str, Plant], ChosenValue]


def edited(value: ChosenValue, field: str, text: str, plant: Plant) -> ChosenValue:
    """Return the value with one field changed; ValueError carries the key of what is wrong with the text."""
    return _EDITS[field](value, text.strip(), plant)


def text_of(value: ChosenValue, field: str) -> str:
    """Return a field as it stands in the form."""
    return _TEXTS[field](value)


def _number(text: str) -> float:
    number = number_of(text)
    if number is None:
        raise ValueError(NO_NUMBER)
    return number


def _positive(text: str) -> float:
    number = _number(text)
    if number <= 0:
        raise ValueError(NOT_POSITIVE)
    return number


def _not_negative(text: str) -> float:
    number = _number(text) if text else 0.0
    if number < 0:
        raise ValueError(NOT_POSITIVE)
    return number


def _digits(text: str) -> int | None:
    return min(6, round(_not_negative(text))) if text else None


def _minutes(text: str) -> float | None:
    return 60 * _positive(text) if text else None


def _machine(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
    """A person's choice is final; the point is asked for anew, the only one is taken."""
    if not text:
        return replace(value, asset_id=None, point_id=None, confidence=0.0, fills=None, is_own=False)
    points = plant.points_of(UUID(text)) if value.is_sampled else ()
    point_id = points[0].id if len(points) == 1 else None
    placed = replace(value, asset_id=UUID(text), point_id=point_id, confidence=None)
    return replace(placed, fills=None, is_own=False)


def _point(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
    return replace(value, point_id=UUID(text) if text else None, confidence=None)


def _fills(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
    waiting = next((tag for tag in plant.tags if str(tag.id) == text), None)
    unit = value.unit if waiting is None else waiting.unit
    fills = None if waiting is None else waiting.id
    return replace(value, fills=fills, is_own=waiting is None, unit=unit, confidence=None)


def _file(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
    problem = pattern_problem(text)
    if problem:
        raise ValueError(problem)
    return replace(value, address=dict(value.address) | {"file": text})


def _factor(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
    factor = _number(text)
    if factor == 0:
        raise ValueError(NO_FACTOR)
    return replace(value, factor=factor)


def _optional(name: str) -> Edit:
    def edit(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
        return replace(value, **{name: _number(text) if text else None})  # type: ignore[arg-type]

    return edit


def _id(identity: UUID | None) -> str:
    return "" if identity is None else str(identity)


def _kind(value: ChosenValue, text: str, plant: Plant) -> ChosenValue:
    """A column of a file may be the samples of a waveform, which has a point of its own, or single values."""
    changed = replace(value, kind=TagKind(text))
    if changed.is_sampled is value.is_sampled:
        return changed
    dtype = TagDtype.FLOAT32 if changed.is_sampled else TagDtype.FLOAT64
    points = plant.points_of(value.asset_id) if changed.is_sampled and value.asset_id else ()
    return replace(changed, dtype=dtype, point_id=points[0].id if len(points) == 1 else None, fills=None)


_EDITS: Final[Mapping[str, Edit]] = {
    "name": lambda value, text, plant: replace(value, name=clean_name(text)),
    "label": lambda value, text, plant: replace(value, label=text),
    "machine": _machine,
    "point": _point,
    "fills": _fills,
    "unit": lambda value, text, plant: replace(value, unit=text),
    "file": _file,
    "kind": _kind,
    "factor": _factor,
    "offset": lambda value, text, plant: replace(value, offset=_number(text)),
    "period_s": lambda value, text, plant: replace(value, period_s=_positive(text)),
    "low": _optional("low"),
    "high": _optional("high"),
    "normal_low": _optional("normal_low"),
    "normal_high": _optional("normal_high"),
    "digits": lambda value, text, plant: replace(value, digits=_digits(text)),
    "frozen_min": lambda value, text, plant: replace(value, frozen_after_s=_minutes(text)),
    "raw_days": lambda value, text, plant: replace(value, raw_days=_positive(text) if text else None),
    "deadband": lambda value, text, plant: replace(value, deadband=_not_negative(text)),
    "sampling_rate_hz": lambda value, text, plant: replace(value, sampling_rate_hz=_positive(text)),
    "wave": lambda value, text, plant: replace(value, is_streaming=text == STREAMING),
    "capture_length": lambda value, text, plant: replace(value, capture_length=round(_positive(text))),
}

_TEXTS: Final[Mapping[str, Callable[[ChosenValue], str]]] = {
    "name": lambda value: value.name,
    "label": lambda value: value.label,
    "machine": lambda value: _id(value.asset_id),
    "point": lambda value: _id(value.point_id),
    "fills": lambda value: _id(value.fills),
    "unit": lambda value: value.unit,
    "file": lambda value: str(value.address.get("file", "*")),
    "kind": lambda value: value.kind.value,
    "factor": lambda value: shown_number(value.factor),
    "offset": lambda value: shown_number(value.offset),
    "period_s": lambda value: shown_number(value.period_s),
    "low": lambda value: shown_number(value.low),
    "high": lambda value: shown_number(value.high),
    "normal_low": lambda value: shown_number(value.normal_low),
    "normal_high": lambda value: shown_number(value.normal_high),
    "digits": lambda value: shown_number(value.digits),
    "frozen_min": lambda value: shown_number(
        None if value.frozen_after_s is None else value.frozen_after_s / 60
    ),
    "raw_days": lambda value: shown_number(value.raw_days),
    "deadband": lambda value: shown_number(value.deadband or None),
    "sampling_rate_hz": lambda value: shown_number(value.sampling_rate_hz),
    "wave": lambda value: STREAMING if value.is_streaming else CAPTURES,
    "capture_length": lambda value: str(value.capture_length),
}
