"""What the machines tab asks of the set-up; the tab binds all but the last argument."""

from typing import Any
from uuid import UUID

from domain.plant.assets import Asset, Criticality, MeasurementPoint, Technique
from domain.plant.keeping import KeepingDays
from domain.plant.tags import Tag
from services.set_up.configuration import Edit
from services.set_up.plant_setup import PlantSetup


def change_asset(asset: Asset, setup: PlantSetup) -> Edit:
    """Store an asset."""
    return setup.change_asset(asset)


def change_site(site: Asset, zone: str, keeping: KeepingDays, setup: PlantSetup) -> Edit:
    """Store the site with its time zone and what the plant keeps for how long."""
    return setup.change_site(site, zone=zone, keeping=keeping)


def change_point(point: MeasurementPoint, setup: PlantSetup) -> Edit:
    """Store a point."""
    return setup.change_point(point)


def move_asset(asset_id: UUID, step: int, setup: PlantSetup) -> Edit | None:
    """Let an asset change places with its neighbour."""
    return setup.move_asset(asset_id, step=step)


def remove_asset(asset_id: UUID, setup: PlantSetup) -> Edit:
    """Take an asset out with what is below it."""
    return setup.remove_asset(asset_id)


def remove_point(point: MeasurementPoint, setup: PlantSetup) -> Edit:
    """Take a point out."""
    return setup.remove_point(point)


def remove_values(tags: list[Tag], setup: PlantSetup) -> Edit:
    """Take values out."""
    return setup.remove_values(tags)


def add_line(values: dict[str, Any], setup: PlantSetup) -> Edit:
    """Add a line."""
    return setup.add_line(name=values["name"], code=values["code"])


def add_machine(values: dict[str, Any], setup: PlantSetup) -> Edit:
    """Add a machine of a class."""
    line_id = UUID(values["line"]) if values["line"] else None
    return setup.add_machine(
        name=values["name"],
        code=values["code"],
        class_key=values["kind"],
        line_id=line_id,
        criticality=Criticality(values["criticality"]),
    )


def add_point(asset_id: UUID, values: dict[str, Any], setup: PlantSetup) -> Edit:
    """Add a measurement point."""
    return setup.add_point(asset_id, name=values["name"], technique=Technique(values["technique"]))
