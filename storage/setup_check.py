"""What can be wrong in a set-up file: each complaint says where, what, and what to do.

The tables themselves tell which fields there are, what they take and how long a text may be.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError, UnitError
from domain.plant.assets import AssetKind
from domain.plant.keeping import NAMES as DAYS
from domain.units import convert
from storage.repositories.plant_rows import keeping_of
from storage.setup_forms import SECTIONS, UNIT_CODES, Field, Section

Row = Mapping[str, Any]
Content = Mapping[str, Any]

_SHOWN_CHARS: Final = 40
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")

SENTENCES: Final = MappingProxyType(
    {
        "section_unknown": "there is no such section; it takes one of: {allowed}",
        "no_list": "is no list of rows in brackets; write it as [...]",
        "no_object": "is no group of fields in braces; write it as {{...}}",
        "field_missing": "missing fields: {fields}; add them",
        "field_unknown": "there is no field '{field}'; correct its name or remove it",
        "not_id": "'{field}' is {given}; it takes an id such as {example}",
        "not_flag": "'{field}' is {given}; it takes true or false",
        "not_whole": "'{field}' is {given}; it takes a whole number",
        "not_number": "'{field}' is {given}; it takes a number",
        "not_text": "'{field}' is {given}; it takes a text in quotes",
        "not_object": "'{field}' is {given}; it takes a group of fields in braces",
        "text_too_long": "'{field}' has {count} characters; shorten it to {most}",
        "choice": "'{field}' is {given}; it takes one of: {allowed}",
        "too_small": "'{field}' is {given}; it must be at least {bound}",
        "not_above": "'{field}' is {given}; it must be above {bound}",
        "too_large": "'{field}' is {given}; it must be at most {bound}",
        "not_below": "'{field}' is {given}; it must be below '{other}', which is {bound}",
        "twice": "'{field}' is {given}, as in row {other}; give each its own",
        "reference": "'{field}' is {given}, which is not in section {target}; add it there or correct this",
        "circle": "it lies below itself; give another 'parent_id'",
        "unit_misfit": "the limit is in {given}, its tag in {unit}; give both in units of one kind",
        "days": "'keeping_days' cannot be: {days} shorter than what it outlives; make it longer or null",
        "zone": "'zone' is {given}, which is no time zone; write one such as Europe/Berlin",
    }
)
_FRAME: Final = frozenset({"format", "version", "site"})
_SITE: Final = {
    "name": Field("not_text", is_optional=True, most_chars=200),
    "zone": Field("not_text", is_optional=True),
    "keeping_days": Field(
        "not_object",
        is_optional=True,
        part={name: Field("not_number", is_nullable=True, is_optional=True, above=0) for name in DAYS},
    ),
}
_EXAMPLE: Final = "0190a6b2-7c11-7e3a-9d55-3f0c2b7e4a10"


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a section, counted from 1, and what the thing is called; row 0 is the section itself."""

    section: str
    row: int = 0
    name: str = ""

    def complaint(self, key: str, **values: object) -> ConfigurationError:
        """Return the complaint of a key of this module about this place."""
        row = f", row {self.row}" if self.row else ""
        name = f" ({self.name})" if self.name else ""
        sentence = SENTENCES[key].format(**values)
        return ConfigurationError(
            f"{self.section}{row}{name}: {sentence}.",
            key=f"set_up_{key}",
            section=self.section,
            row=self.row,
            name=name,
            **values,
        )


def complaints_about(content: Content) -> tuple[ConfigurationError, ...]:
    """Return every complaint about what a file holds, in the order of its sections and rows."""
    return (*_about_frame(content), *_about_site(content.get("site", {})), *_about_sections(content))


def _about_frame(content: Content) -> Iterator[ConfigurationError]:
    for name in content:
        if name not in SECTIONS and name not in _FRAME:
            yield Place(name).complaint("section_unknown", allowed=", ".join(SECTIONS))
    for name in SECTIONS:
        if not isinstance(content.get(name, []), list):
            yield Place(name).complaint("no_list")


def _about_site(site: object) -> Iterator[ConfigurationError]:
    place = Place("site")
    if not isinstance(site, Mapping):
        yield place.complaint("no_object")
        return
    yield from _about_fields(site, _SITE, place)
    zone = site.get("zone", "UTC")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError, TypeError, AttributeError):
        if isinstance(zone, str):
            yield place.complaint("zone", given=_shown(zone))
    yield from _about_days(site.get("keeping_days"), place)


def _about_days(days: object, place: Place) -> Iterator[ConfigurationError]:
    """Say which days are shorter than what they outlive, once each is a number above 0."""
    if not isinstance(days, Mapping):
        return
    if all(days.get(name) is None or (_is_number(days[name]) and days[name] > 0) for name in DAYS):
        wrong = keeping_of(days).complaints
        if wrong:
            yield place.complaint("days", days=", ".join(wrong))


def _about_sections(tables: Content) -> list[ConfigurationError]:
    content = {name: rows if isinstance(rows := tables.get(name, []), list) else [] for name in SECTIONS}
    found: list[ConfigurationError] = []
    known = {
        (section, name): {_comparable(row[name]) for row in _objects(content[section]) if name in row}
        for each in SECTIONS.values()
        for _, section, name in each.references
    }
    circles = _circles(_objects(content["assets"]))
    units = {row.get("tag_key"): row.get("unit") for row in _objects(content["tags"]) if _is_keyed(row)}
    for name, section in SECTIONS.items():
        fields = section.fields
        seen: dict[tuple[str, ...], dict[object, int]] = {names: {} for names in section.single}
        for number, row in enumerate(content[name], start=1):
            place = Place(name, number, _called(row))
            if not isinstance(row, Mapping):
                found.append(place.complaint("no_object"))
                continue
            found += _about_fields(row, fields, place)
            found += _about_order(row, section, place)
            found += _about_twins(row, section, place, seen)
            found += _about_references(row, section, place, known)
            if name == "assets" and _comparable(row.get("id")) in circles:
                found.append(place.complaint("circle"))
            if name == "alarm_rules":
                found += _about_limit(row, place, units)
    return found


def _about_fields(
    row: Row, fields: Mapping[str, Field], place: Place, *, path: str = ""
) -> Iterator[ConfigurationError]:
    for name in row:
        if name not in fields and not (name == "version" and not path):
            yield place.complaint("field_unknown", field=path + name)
    missing = [path + name for name, takes in fields.items() if name not in row and not takes.is_optional]
    if missing:
        yield place.complaint("field_missing", fields=", ".join(missing))
    for name, takes in fields.items():
        if name in row and (row[name] is not None or not takes.is_nullable):
            yield from _about_value(row[name], takes, place, path + name)


def _about_value(value: object, takes: Field, place: Place, name: str) -> Iterator[ConfigurationError]:
    told = {"field": name, "given": _shown(value)}
    if not _IS_RIGHT[takes.wrong](value):
        more = {"example": _EXAMPLE} if takes.wrong == "not_id" else {}
        yield place.complaint(takes.wrong, **told, **more)
    elif takes.part is not None:
        assert isinstance(value, Mapping)
        yield from _about_fields(value, takes.part, place, path=f"{name}.")
    elif takes.choices:
        if value not in takes.choices:
            yield place.complaint("choice", **told, allowed=", ".join(takes.choices))
    elif isinstance(value, str):
        if takes.most_chars is not None and len(value) > takes.most_chars:
            yield place.complaint("text_too_long", field=name, count=len(value), most=takes.most_chars)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _about_bounds(value, takes, place, told)


def _about_bounds(
    value: float, takes: Field, place: Place, told: Mapping[str, object]
) -> Iterator[ConfigurationError]:
    if takes.least is not None and value < takes.least:
        yield place.complaint("too_small", **told, bound=_shown(takes.least))
    if takes.above is not None and value <= takes.above:
        yield place.complaint("not_above", **told, bound=_shown(takes.above))
    if takes.most is not None and value > takes.most:
        yield place.complaint("too_large", **told, bound=_shown(takes.most))


def _about_order(row: Row, section: Section, place: Place) -> Iterator[ConfigurationError]:
    for smaller, larger in section.below:
        low, high = _at(row, smaller), _at(row, larger)
        if _is_number(low) and _is_number(high) and low >= high:
            yield place.complaint(
                "not_below", field=smaller, given=_shown(low), other=larger, bound=_shown(high)
            )


def _about_twins(
    row: Row, section: Section, place: Place, seen: Mapping[tuple[str, ...], dict[object, int]]
) -> Iterator[ConfigurationError]:
    for names, rows in seen.items():
        if any(row.get(name) is None for name in names) or (names == ("code",) and _is_component(row)):
            continue
        identity = tuple(_comparable(row[name]) for name in names)
        other = rows.setdefault(identity, place.row)
        if other != place.row:
            yield place.complaint("twice", field=names[-1], given=_shown(row[names[-1]]), other=other)


def _about_references(
    row: Row, section: Section, place: Place, known: Mapping[tuple[str, str], set[object]]
) -> Iterator[ConfigurationError]:
    fields = section.fields
    for name, target, target_name in section.references:
        value = row.get(name)
        if value is None or not _IS_RIGHT[fields[name].wrong](value):
            continue
        if _comparable(value) not in known[target, target_name]:
            yield place.complaint("reference", field=name, given=_shown(value), target=target)


def _about_limit(row: Row, place: Place, units: Mapping[object, object]) -> Iterator[ConfigurationError]:
    """Say when limit and value cannot be compared."""
    limit, key = row.get("limit_value"), row.get("tag_key")
    given = limit.get("unit") if isinstance(limit, Mapping) else None
    unit = units.get(key) if isinstance(key, int) else None
    if given not in UNIT_CODES or unit not in UNIT_CODES:
        return
    try:
        convert(0.0, source=str(given), target=str(unit))
    except UnitError:
        yield place.complaint("unit_misfit", given=given, unit=unit)


def _circles(rows: Iterable[Row]) -> set[object]:
    """Return the assets that lie below themselves."""
    parents = {_comparable(row.get("id")): _comparable(row.get("parent_id")) for row in rows}
    found = set()
    for start in parents:
        above, passed = parents[start], {start}
        while above is not None and above not in passed:
            passed.add(above)
            above = parents.get(above)
        if above is not None and above == start:
            found.add(start)
    return found


def _objects(rows: Sequence[object]) -> Iterator[Row]:
    return (row for row in rows if isinstance(row, Mapping))


def _is_component(row: Row) -> bool:
    """Components of several machines may share a code; lines and machines are found by it."""
    return bool(row.get("kind") == AssetKind.COMPONENT.value)


def _is_keyed(row: Row) -> bool:
    return isinstance(row.get("tag_key"), int)


def _called(row: object) -> str:
    """Return what a person calls the thing of a row, empty when it has no name."""
    if not isinstance(row, Mapping):
        return ""
    names = (row.get(name) for name in ("name", "message_key", "code", "designation"))
    return next((each for each in names if _is_text(each) and each), "")[:_SHOWN_CHARS]


def _at(row: Row, path: str) -> Any:
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _shown(value: object) -> str:
    """Return a value as it stands in the file, not too long."""
    text = json.dumps(value, ensure_ascii=False)
    if _HALF_PAIR.search(text):
        text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "\u2026"


def _comparable(value: object) -> object:
    """Return ids as such, in whatever way they are written; what cannot be compared as its text."""
    if isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            return value
    return value if value is None or isinstance(value, int | float) else _shown(value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_id(value: object) -> bool:
    return isinstance(value, str) and isinstance(_comparable(value), UUID)


def _is_text(value: object) -> bool:
    """Say whether a database can hold it: neither half of a UTF-16 pair nor a NUL."""
    return isinstance(value, str) and "\0" not in value and not _HALF_PAIR.search(value)


_IS_RIGHT: Final[Mapping[str, Callable[[object], bool]]] = {
    "not_id": _is_id,
    "not_flag": lambda value: isinstance(value, bool),
    "not_whole": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "not_number": _is_number,
    "not_text": _is_text,
    "not_object": lambda value: isinstance(value, Mapping),
}
