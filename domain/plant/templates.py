"""Machine classes: what is usually measured where; a machine is set up with three words [SET-1, SIG-2]."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.errors import ConfigurationError
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.figures import figure_tags
from domain.plant.plant import Plant
from domain.plant.tags import FEATURE_UNITS, Feature, Tag, TagDtype, TagKind
from domain.units import unit

FIGURES_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class PointTemplate:
    """A place where one measures; the envelope band is in Hz."""

    name: str
    technique: Technique
    envelope_low_hz: float
    envelope_high_hz: float


@dataclass(frozen=True, slots=True)
class ValueTemplate:
    """A value of the whole machine, waiting for a device that brings it."""

    code: str
    label: str
    unit: str
    kind: TagKind
    digits: int = 0
    frozen_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class MachineClass:
    """One class of machines; ``key`` is worded by the screens."""

    key: str
    component: str
    points: tuple[PointTemplate, ...]
    values: tuple[ValueTemplate, ...]


@dataclass(frozen=True, slots=True)
class NewMachine:
    """What a class makes of a name and a code, parents first; keys of tags are still 0."""

    assets: tuple[Asset, ...]
    points: tuple[MeasurementPoint, ...]
    tags: tuple[Tag, ...]

    @property
    def things(self) -> tuple[Asset | MeasurementPoint | Tag, ...]:
        """Everything in the order in which it can be stored."""
        return (*self.assets, *self.points, *self.tags)


def machine_classes_of(content: Mapping[str, Any]) -> tuple[MachineClass, ...]:
    """Return the classes of a template file; ConfigurationError names the class and what is wrong."""
    found = []
    for row in content.get("class", []):
        try:
            found.append(_class_of(row))
        except (KeyError, TypeError, ValueError, ConfigurationError) as error:
            name = row.get("key", "?") if isinstance(row, Mapping) else "?"
            raise ConfigurationError(f"machine class '{name}': {error}", key="template_wrong") from error
    return tuple(found)


def new_machine(
    kind: MachineClass, *, name: str, code: str, line: Asset, order: int, new_id: Callable[[], UUID]
) -> NewMachine:
    """Return a machine of a class below a line, with its component, points, values and figures."""
    machine = Asset(new_id(), line.id, AssetKind.MACHINE, name, code, order)
    component = Asset(new_id(), machine.id, AssetKind.COMPONENT, kind.component, f"{code}-1")
    points = tuple(
        MeasurementPoint(
            new_id(),
            component.id,
            point.name,
            point.technique,
            place,
            envelope_low_hz=point.envelope_low_hz,
            envelope_high_hz=point.envelope_high_hz,
        )
        for place, point in enumerate(kind.points)
    )
    values = tuple(_value_tag(machine, value, new_id()) for value in kind.values)
    figures = tuple(tag for point in points for tag in figures_of(point, code=code, new_id=new_id))
    health = Tag(
        new_id(), 0, f"{code}.health", "Health", TagKind.DERIVED, FEATURE_UNITS[Feature.HEALTH], machine.id,
        feature=Feature.HEALTH, digits=0,
    )  # fmt: skip
    return NewMachine((machine, component), points, (*values, *figures, health))


def new_point(
    asset_id: UUID, *, name: str, technique: Technique, order: int, code: str, new_id: Callable[[], UUID]
) -> tuple[MeasurementPoint | Tag, ...]:
    """Return a measurement point and, for vibration, its figures; ``code`` is that of the machine."""
    point = MeasurementPoint(new_id(), asset_id, name, technique, order)
    return (point, *figures_of(point, code=code, new_id=new_id))


def class_value_names(plant: Plant, classes: Iterable[MachineClass]) -> frozenset[str]:
    """Return the names of all values that some class would foresee for a machine of the plant."""
    codes = {value.code for kind in classes for value in kind.values}
    machines = (asset for asset in plant.assets if asset.kind is AssetKind.MACHINE)
    return frozenset(f"{machine.code}.{code}" for machine in machines for code in codes)


def figures_of(point: MeasurementPoint, *, code: str, new_id: Callable[[], UUID]) -> tuple[Tag, ...]:
    """Return the tags that analysis writes for a point: none for anything but vibration."""
    if point.technique is not Technique.VIBRATION:
        return ()
    return figure_tags(point, name=f"{code}.{point.name}", period_s=FIGURES_EVERY_S, new_id=new_id)


def _value_tag(machine: Asset, value: ValueTemplate, identity: UUID) -> Tag:
    dtype = TagDtype.INT64 if value.kind in (TagKind.COUNTER, TagKind.STATE) else TagDtype.FLOAT32
    return Tag(
        identity, 0, f"{machine.code}.{value.code}", value.label, value.kind, value.unit, machine.id,
        dtype=dtype, digits=value.digits, frozen_after_s=value.frozen_after_s,
    )  # fmt: skip


def _class_of(row: Mapping[str, Any]) -> MachineClass:
    points = tuple(
        PointTemplate(point["name"], Technique(point["technique"]), *map(float, point["envelope_hz"]))
        for point in row["points"]
    )
    values = tuple(
        ValueTemplate(
            value["code"],
            value["label"],
            unit(value["unit"]).code,
            TagKind(value["kind"]),
            int(value.get("digits", 0)),
            value.get("frozen_after_s"),
        )
        for value in row["values"]
    )
    return MachineClass(row["key"], row["component"], points, values)
