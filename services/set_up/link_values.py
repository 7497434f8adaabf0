"""Values chosen of a device while it is set up, before they are tags: names, units, machines, complaints.

A value knows everything that a tag needs; what is missing is a complaint in a key, worded by the screens.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.errors import UnitError
from domain.identifiers import new_id
from domain.plant.discovery import FoundItem
from domain.plant.matching import SURE, Candidate, Matcher, words_of
from domain.plant.plant import Plant
from domain.plant.tags import Connection, Tag, TagDtype, TagKind
from domain.units import unit
from services.set_up.file_patterns import stem_of
from services.set_up.register_rows import DraftTag

NAME_MISSING: Final = "value_name_missing"
NAME_TAKEN: Final = "value_name_taken"
UNIT_MISSING: Final = "value_unit_missing"
MACHINE_MISSING: Final = "value_machine_missing"
MACHINE_UNSURE: Final = "value_machine_unsure"
POINT_MISSING: Final = "value_point_missing"
RATE_MISSING: Final = "value_rate_missing"
ADDRESS_TAKEN: Final = "value_address_taken"
RANGE_EMPTY: Final = "value_range_empty"

_TEXT_TYPES: Final = ("string", "localizedtext", "text", "bytestring", "guid", "datetime", "str")
_FLAG_TYPES: Final = ("boolean", "bool")
_WHOLE: Final = re.compile(r"u?int\d*|s?byte|integer|enumeration", re.IGNORECASE)
_NO_NAME: Final = re.compile(r"[^\w.\-/ ]+")
_DECODING: Final = frozenset({"type", "word_order", "byte_order", "length"})
_IDS: Final = ("id", "asset_id", "point_id", "fills")


@dataclass(frozen=True, slots=True)
class ChosenValue:
    """One value to be, or one that is and may be changed: ``id`` is then its tag's.

    ``source`` is its place in the device's own words, ``unit`` a code or "". ``confidence`` is that of the
    machine found, None after a person chose it. ``fills`` is the tag that waits for this value: what a
    machine class foresees, or what a device brought that is gone. Bounds are in the unit, see ``Tag``; None
    leaves them to the tag that it fills, or open.
    """

    id: UUID
    name: str
    label: str
    address: Mapping[str, object]
    source: str = ""
    unit: str = ""
    factor: float = 1.0
    offset: float = 0.0
    dtype: TagDtype = TagDtype.FLOAT64
    kind: TagKind = TagKind.MEASURED
    period_s: float = 1.0
    low: float | None = None
    high: float | None = None
    normal_low: float | None = None
    normal_high: float | None = None
    digits: int | None = None
    frozen_after_s: float | None = None
    raw_days: float | None = None
    deadband: float = 0.0
    sampling_rate_hz: float | None = None
    is_streaming: bool = True
    """Whether a waveform comes without gaps, or a capture of ``capture_length`` samples now and then."""
    capture_length: int = 32_768
    asset_id: UUID | None = None
    point_id: UUID | None = None
    confidence: float | None = 0.0
    fills: UUID | None = None
    is_own: bool = False
    """A person said that it fills nothing that waits."""
    version: int = 0
    """Of the stored tag as it was seen, 0 for a new value: somebody else's change is not written over."""

    @property
    def is_sampled(self) -> bool:
        return self.kind is TagKind.WAVEFORM

    @property
    def is_sure(self) -> bool:
        """Whether the machine needs no second look."""
        return self.asset_id is not None and (self.confidence is None or self.confidence >= SURE)

    def to_plain(self) -> dict[str, Any]:
        """Return the value as JSON data, for a draft."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        ids = {name: None if plain[name] is None else str(plain[name]) for name in _IDS}
        return plain | ids | {
            "address": dict(self.address), "dtype": self.dtype.value, "kind": self.kind.value
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "ChosenValue":
        """Return the value of a draft."""
        ids = {name: None if plain[name] is None else UUID(plain[name]) for name in _IDS}
        kinds = {"dtype": TagDtype(plain["dtype"]), "kind": TagKind(plain["kind"])}
        return cls(**{**plain, **ids, **kinds})


# ---- where values come from


def value_of_item(item: FoundItem, path: Sequence[str]) -> ChosenValue:
    """Return the value that a device told of; ``path`` are the names on the way to it, its own last."""
    word = item.dtype.lower()
    is_text, is_flag = word in _TEXT_TYPES, word in _FLAG_TYPES
    dtype, kind = TagDtype.FLOAT64, TagKind.STATE if is_flag else TagKind.MEASURED
    if item.is_array:
        dtype, kind = TagDtype.FLOAT32, TagKind.WAVEFORM
    elif is_text:
        dtype = TagDtype.TEXT
    elif is_flag or _WHOLE.fullmatch(word):
        dtype = TagDtype.INT64
    address = item.address or {}
    return ChosenValue(
        new_id(), _suggested_name(path, address), item.description or item.name, address,
        source=" / ".join(path), unit=item.unit or ("state" if is_flag else "1" if is_text else ""),
        dtype=dtype, kind=kind, sampling_rate_hz=item.sampling_rate_hz,
    )  # fmt: skip


def value_of_register(draft: DraftTag) -> ChosenValue:
    """Return the value of a row of a register list."""
    kind = TagKind.STATE if draft.unit == "state" else TagKind.MEASURED
    is_whole = _WHOLE.fullmatch(str(draft.address.get("type", ""))) is not None
    return ChosenValue(
        new_id(), clean_name(draft.name), draft.label or draft.name, dict(draft.address),
        source=place_words(draft.address), unit=draft.unit, factor=draft.scaling.factor,
        offset=draft.scaling.offset,
        dtype=TagDtype.INT64 if is_whole else draft.dtype, kind=kind,
    )  # fmt: skip


def value_of_tag(tag: Tag) -> ChosenValue:
    """Return a stored tag as a value that may be changed."""
    words = tag.address.get("identifier") or tag.address.get("topic") or tag.address.get("channel")
    return ChosenValue(
        tag.id, tag.name, tag.label, dict(tag.address), source=str(words or place_words(tag.address)),
        unit=tag.unit, factor=tag.scaling.factor, offset=tag.scaling.offset, dtype=tag.dtype, kind=tag.kind,
        period_s=tag.period_s, low=tag.low, high=tag.high, normal_low=tag.normal_low,
        normal_high=tag.normal_high, digits=tag.digits, frozen_after_s=tag.frozen_after_s,
        raw_days=tag.keeping.raw_days, deadband=tag.keeping.deadband, sampling_rate_hz=tag.sampling_rate_hz,
        is_streaming=tag.capture is None or tag.capture.is_streaming,
        capture_length=32_768 if tag.capture is None else tag.capture.length,
        asset_id=tag.asset_id, point_id=tag.point_id, confidence=None, version=tag.version,
    )  # fmt: skip


def _suggested_name(path: Sequence[str], address: Mapping[str, object]) -> str:
    """Return the name on the device; one that says nothing by itself gets that of the place before it.

    A value of files is named after what all of them have in common, not after the one that lay there first.
    """
    if "channel" in address:
        return clean_name(f"{stem_of(str(address.get('file', '')))}.{path[-1]}".strip(". "))
    says_enough = re.search(r"[._/\-]", path[-1]) is not None
    return clean_name(path[-1] if says_enough else ".".join(path[-2:]))


def clean_name(words: str) -> str:
    """Return a name without signs that files and formulas stumble over."""
    return " ".join(_NO_NAME.sub(" ", words).split())[:80]


def place_words(address: Mapping[str, object]) -> str:
    """Return a Modbus address as "holding 10 float32"."""
    parts = [address.get("table", "holding"), address.get("offset", ""), address.get("type", "")]
    if "bit" in address:
        parts.append(f"bit {address['bit']}")
    return " ".join(str(part) for part in parts if part != "")


def with_names_apart(values: Sequence[ChosenValue], taken: Iterable[str]) -> tuple[ChosenValue, ...]:
    """Number names that are taken already, so that a tick never makes work."""
    used = set(taken)
    found = []
    for value in values:
        name, number = value.name, 2
        while name and name in used:
            name, number = f"{value.name} {number}", number + 1
        used.add(name)
        found.append(value if name == value.name else replace(value, name=name))
    return tuple(found)


# ---- where values belong


def matched(values: Iterable[ChosenValue], plant: Plant, *, device: str) -> tuple[ChosenValue, ...]:
    """Return the values with the machine and point they fit best, and with the waiting tag that each fills.

    What a person chose stays. The surest values fill first; an unsure one fills nothing.
    """
    places = Places(plant, device=device)
    return filling([places.placed(value) for value in values], plant)


class Places:
    """The machines and points of a plant, for values of one device; build it once, ask it often."""

    def __init__(self, plant: Plant, *, device: str) -> None:
        self._matcher, self._device = Matcher(plant), device
        self._present = {asset.id for asset in plant.assets}

    def placed(self, value: ChosenValue) -> ChosenValue:
        """Return the value with the machine and point it fits best; what a person chose stays."""
        if value.confidence is None and value.asset_id in self._present:
            return value
        words = f"{self._device} {value.source} {value.name} {value.label}"
        best = self._matcher.match(Candidate(words, value.unit, value.is_sampled))
        return replace(
            value, asset_id=best.asset_id, point_id=best.point_id, confidence=best.confidence, fills=None
        )


def filling(placed: Sequence[ChosenValue], plant: Plant) -> tuple[ChosenValue, ...]:
    """Return placed values with the waiting tag that each fills; the surest come first, unsure ones not."""
    stored = {tag.id for tag in plant.tags}
    awaiting = {tag.id: tag for tag in waiting_tags(plant)}
    placed = [
        value if value.fills is None or value.fills in awaiting else replace(value, fills=None)
        for value in placed
    ]
    waiting = [tag for key, tag in awaiting.items() if key not in {value.fills for value in placed}]
    filled: dict[UUID, ChosenValue] = {}
    for value in sorted(placed, key=lambda each: -(1.0 if each.confidence is None else each.confidence)):
        awaited = None if value.is_own else _awaited(value, waiting)
        if awaited is not None and value.fills is None and value.is_sure and value.id not in stored:
            waiting.remove(awaited)
            filled[value.id] = replace(value, fills=awaited.id, unit=awaited.unit)
    return tuple(filled.get(value.id, value) for value in placed)


def waiting_tags(plant: Plant) -> tuple[Tag, ...]:
    """Return the tags that no device brings."""
    return tuple(tag for tag in plant.tags if tag.connection_id is None and tag.kind is not TagKind.DERIVED)


def _awaited(value: ChosenValue, waiting: Sequence[Tag]) -> Tag | None:
    """Return the one waiting tag of the machine that this value plainly is, None when that is not plain."""
    own = [tag for tag in waiting if tag.asset_id == value.asset_id and may_fill(value, tag)]
    same = [tag for tag in own if tag.name == value.name]
    said = set(words_of(f"{value.source} {value.name} {value.label}"))
    alike = [tag for tag in own if said & set(words_of(tag.name.rpartition(".")[2]))]
    return next((found[0] for found in (same, alike) if len(found) == 1), None)


def may_fill(value: ChosenValue, tag: Tag) -> bool:
    """Say whether a value can be what a tag waits for: the unit is the same, or the value has none yet."""
    is_text = value.dtype is TagDtype.TEXT
    return (
        is_text == (tag.dtype is TagDtype.TEXT)
        and value.is_sampled == tag.is_waveform
        and value.unit in ("", tag.unit)
    )


# ---- what is wrong with values


def complaints_of(
    values: Sequence[ChosenValue], plant: Plant, connection: Connection
) -> Mapping[UUID, tuple[str, ...]]:
    """Return what still stands in the way of each value; values without complaint are left out."""
    own = {value.id for value in values} | {value.fills for value in values}
    others = [tag for tag in plant.tags if tag.id not in own]
    filled = {tag.id: tag.name for tag in plant.tags if tag.id in own}
    final = {value.id: filled.get(value.fills, value.name) if value.fills else value.name for value in values}
    names = Counter(tag.name for tag in others) + Counter(final.values())
    there = [tag.address for tag in others if tag.connection_id == connection.id]
    places = Counter(
        place_key(address) for address in (*there, *(each.address for each in values)) if address
    )
    found = {value.id: tuple(_complaints(value, final[value.id], names, places)) for value in values}
    return MappingProxyType({identity: keys for identity, keys in found.items() if keys})


def place_key(address: Mapping[str, object]) -> tuple[object, ...]:
    """Return what makes two addresses one place of a device: how a value is decoded does not."""
    return tuple(sorted([(name, str(part)) for name, part in address.items() if name not in _DECODING]))


def _complaints(
    value: ChosenValue, name: str, names: Mapping[str, int], places: Mapping[tuple[object, ...], int]
) -> Iterable[str]:
    """Yield what is wrong; ``name`` is the one that the value will have."""
    if not name.strip():
        yield NAME_MISSING
    elif names[name] > 1:
        yield NAME_TAKEN
    if places[place_key(value.address)] > 1:
        yield ADDRESS_TAKEN
    if value.asset_id is None:
        yield MACHINE_MISSING
    elif not value.is_sure:
        yield MACHINE_UNSURE
    if value.is_sampled and value.sampling_rate_hz is None:
        yield RATE_MISSING
    if value.is_sampled and value.asset_id is not None and value.point_id is None:
        yield POINT_MISSING
    if not is_declared(value.unit):
        yield UNIT_MISSING
    if any(is_empty(*ends) for ends in ((value.low, value.high), (value.normal_low, value.normal_high))):
        yield RANGE_EMPTY


def is_empty(low: float | None, high: float | None) -> bool:
    """Say whether nothing lies between two bounds."""
    return low is not None and high is not None and low >= high


def is_declared(code: str) -> bool:
    """Say whether a unit code is one of the unit list."""
    try:
        return bool(unit(code))
    except UnitError:
        return False
