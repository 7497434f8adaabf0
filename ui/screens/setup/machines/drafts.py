"""What stands in the fields of a form, and the asset or point that it makes. Plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.plant.assets import (
    Asset,
    AssetKind,
    Criticality,
    MachineGroup,
    MeasurementPoint,
    Support,
    Technique,
)
from domain.plant.keeping import NAMES as DAYS
from domain.plant.keeping import KeepingDays
from domain.plant.plant import Plant
from ui.screens.setup.machines.nodes import Thing, thing_in
from ui.text import tr
from ui.typed_numbers import number_of, shown_number

Values = Mapping[str, Any]
Complaints = dict[str, str]
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed over a thing, and the thing as it was then: saving tells whether it still is so."""

    base: Thing
    values: Values


class DraftBook:
    """What is typed and not saved, per thing: it stays while one looks at something else."""

    def __init__(self) -> None:
        self._drafts: dict[UUID, Draft] = {}

    @property
    def ids(self) -> frozenset[UUID]:
        """The things with something typed over them."""
        return frozenset(self._drafts)

    def get(self, identity: UUID) -> Draft | None:
        """Return what is typed over a thing."""
        return self._drafts.get(identity)

    def keep(self, thing: Thing, typed: Values, plant: Plant) -> None:
        """Remember what stands in the fields of a thing, for as long as it is not what is stored."""
        before = self._drafts.pop(thing.id, None)
        base = thing if before is None else before.base
        if dict(typed) != values_of(base, plant):
            self._drafts[thing.id] = Draft(base, typed)

    def drop(self, identity: UUID) -> None:
        """Forget what is typed over a thing."""
        self._drafts.pop(identity, None)

    def rebase(self, thing: Thing, plant: Plant) -> None:
        """Put what was typed, and nothing else, over the thing as it is after an act of one's own."""
        draft = self._drafts.get(thing.id)
        if draft is not None:
            before = values_of(draft.base, plant)
            typed = {key: value for key, value in draft.values.items() if value != before[key]}
            self._drafts[thing.id] = Draft(thing, values_of(thing, plant) | typed)

    def settle(self, plant: Plant) -> None:
        """Forget what is typed over things that are gone, or that are as typed."""
        for identity, draft in list(self._drafts.items()):
            is_saved = dict(draft.values) == values_of(draft.base, plant)
            if is_saved or thing_in(plant, identity) is None:
                del self._drafts[identity]


def values_of(thing: Thing, plant: Plant) -> dict[str, Any]:
    """Return what a form of the thing shows."""
    if isinstance(thing, MeasurementPoint):
        return _point_values(thing)
    values = {"name": thing.name.strip()}
    if thing.kind is not AssetKind.COMPONENT:
        values["code"] = thing.code.strip()
    if thing.kind is AssetKind.SITE:
        values["zone"] = plant.zone
        values |= {name: shown_number(getattr(plant.keeping, name)) for name in DAYS}
    return values | _machine_values(thing) if thing.kind is AssetKind.MACHINE else values


def _machine_values(machine: Asset) -> dict[str, str]:
    return {
        "line": str(machine.parent_id),
        "criticality": machine.criticality.value,
        "constraint": YES if machine.is_constraint else NO,
        "group": machine.machine_group.value if machine.machine_group else "",
        "support": machine.support.value if machine.support else "",
        "power": shown_number(machine.rated_power_kw),
        "description": machine.description.strip(),
    }


def _point_values(point: MeasurementPoint) -> dict[str, Any]:
    return {
        "name": point.name.strip(),
        "technique": point.technique.value,
        "sensor": point.sensor.strip(),
        "bearing": point.bearing,
        "speed": _key_text(point.speed_tag_key),
        "ratio": shown_number(point.speed_ratio),
        "state": _key_text(point.state_tag_key),
        "low": shown_number(point.envelope_low_hz),
        "high": shown_number(point.envelope_high_hz),
    }


def _key_text(key: int | None) -> str:
    return "" if key is None else str(key)


def asset_of(asset: Asset, values: Values, plant: Plant) -> tuple[Asset, Complaints]:
    """Return the asset as typed, and what is wrong at which field."""
    complaints = _naming_complaints(asset, values, plant)
    made = replace(asset, name=values["name"], code=values.get("code", asset.code))
    if asset.kind is not AssetKind.MACHINE:
        return made, complaints
    power = _as_typed(values["power"], asset.rated_power_kw)
    if values["power"] and (power is None or power <= 0):
        complaints["power"] = tr("Machines", "Give kilowatts as a number above 0, or leave it empty.")
    made = replace(
        made,
        criticality=Criticality(values["criticality"]),
        is_constraint=values["constraint"] == YES,
        machine_group=MachineGroup(values["group"]) if values["group"] else None,
        support=Support(values["support"]) if values["support"] else None,
        rated_power_kw=power,
        description=values["description"],
    )
    return _on_line(made, UUID(values["line"]), plant), complaints


def keeping_of(values: Values, plant: Plant) -> tuple[KeepingDays, Complaints]:
    """Return the plant's days of keeping as typed for the site, and what is wrong at which field."""
    complaints: Complaints = {}
    days: dict[str, Any] = {name: _as_typed(values[name], getattr(plant.keeping, name)) for name in DAYS}
    for name, number in days.items():
        if values[name] and (number is None or number <= 0):
            complaints[name] = tr("Machines", "Give days above 0, or leave it empty to keep for ever.")
    made = replace(plant.keeping, **days)
    if not complaints:
        shorter = tr("Machines", "Give at least as many days as for what it outlives.")
        complaints = dict.fromkeys(made.complaints, shorter)
    return made, complaints


def _on_line(machine: Asset, line_id: UUID, plant: Plant) -> Asset:
    """Return the machine at the end of another line, or where it is."""
    if machine.parent_id == line_id:
        return machine
    order = 1 + max((each.order for each in plant.children(line_id)), default=0)
    return replace(machine, parent_id=line_id, order=order)


def _naming_complaints(asset: Asset, values: Values, plant: Plant) -> Complaints:
    complaints: Complaints = {}
    if not values["name"]:
        complaints["name"] = tr("Machines", "Give a name.")
    code = values.get("code")
    if code is not None:
        words = code_complaint(code, plant, own=asset.id)
        if words:
            complaints["code"] = words
    return complaints


def code_complaint(code: str, plant: Plant, *, own: UUID | None = None) -> str:
    """Return what is wrong with a code; empty when nothing is."""
    if not code:
        return tr("Machines", "Give a code: it stands on labels and in the names of values.")
    owner = next((each for each in codes_of(plant, own=own) if each.code == code), None)
    return "" if owner is None else tr("Machines", "{name} has this code already.", name=owner.name)


def codes_of(plant: Plant, *, own: UUID | None = None) -> tuple[Asset, ...]:
    """Return the assets whose codes are taken."""
    return tuple(a for a in plant.assets if a.kind is not AssetKind.COMPONENT and a.id != own)


def point_of(point: MeasurementPoint, values: Values) -> tuple[MeasurementPoint, Complaints]:
    """Return the point as typed, and what is wrong at which field."""
    complaints: Complaints = {}
    if not values["name"]:
        complaints["name"] = tr("Machines", "Give a name.")
    bearing = values["bearing"]
    if isinstance(bearing, str):
        complaints["bearing"] = tr("Machines", "Choose a bearing from the list, or clear the field.")
        bearing = None
    ratio = _as_typed(values["ratio"], point.speed_ratio)
    low = _as_typed(values["low"], point.envelope_low_hz)
    high = _as_typed(values["high"], point.envelope_high_hz)
    if ratio is None or ratio <= 0:
        complaints["ratio"] = tr("Machines", "Give a number above 0; 1 without a gear.")
    if low is None or low <= 0:
        complaints["low"] = tr("Machines", "Give Hertz as a number above 0.")
    if high is None or high <= (low or 0):
        complaints["high"] = tr("Machines", "Give Hertz above the lower end.")
    made = replace(
        point,
        name=values["name"],
        technique=Technique(values["technique"]),
        sensor=values["sensor"],
        bearing=bearing,
        speed_tag_key=_key_of(values["speed"]),
        speed_ratio=ratio or 1.0,
        state_tag_key=_key_of(values["state"]),
        envelope_low_hz=low or point.envelope_low_hz,
        envelope_high_hz=high or point.envelope_high_hz,
    )
    return made, complaints


def _as_typed(text: str, before: float | None) -> float | None:
    """Return the number of a field; one that nobody touched keeps every digit it had."""
    return before if text == shown_number(before) else number_of(text)


def _key_of(text: str) -> int | None:
    return int(text) if text else None
