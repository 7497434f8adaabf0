"""What the set-up screens do to the plant as whole acts: each is one edit and one undo [SET-1]."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID
from zoneinfo import available_timezones

from domain.condition.alarms import AlarmRule
from domain.errors import ConfigurationError, RuleViolation
from domain.identifiers import new_id
from domain.instants import Clock
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.keeping import KeepingDays
from domain.plant.plant import Plant, SiteSettings
from domain.plant.tags import Connection, Tag, TagKind
from domain.plant.templates import class_value_names, figures_of, new_machine, new_point
from domain.roles import Actor
from services.alarm_watch import LINK_LOSING
from services.set_up.configuration import Configuration, Edit, Thing
from services.set_up.link_values import ChosenValue, complaints_of
from services.set_up.machine_classes import machine_classes
from services.set_up.standing_rules import LINK_LOST, link_loss_rule, link_rule, system_rules
from services.set_up.value_tags import tags_of
from storage.repositories.drafts import Draft as Draft
from storage.store import Store

LINK_DRAFT: Final = "link"
FIRST_SITE, FIRST_LINE = ("Plant", "P"), ("Line 1", "L1")


class PlantSetup:
    """Acts of one person. Everything here is for the database lane.

    Every act raises NotPermitted, Conflict when somebody was faster, and ConfigurationError or RuleViolation
    with what is wrong; then nothing has changed.
    """

    def __init__(self, store: Store, *, clock: Clock, by: Actor) -> None:
        self._configuration = Configuration(store, clock=clock)
        self._by = by

    # ---- devices

    def apply_link(
        self, connection: Connection, values: Sequence[ChosenValue], *, removed: Collection[UUID] = ()
    ) -> Edit:
        """Store a device with its values, new and changed ones; points are tied to what came.

        ``removed`` names stored values that go; those that a machine class foresees wait for another device.
        A new device brings the rule that its lost link is an alarm. ConfigurationError when a value still has
        complaints.
        """
        plant = self._configuration.plant()
        if any(each.id != connection.id and each.name == connection.name for each in plant.connections):
            raise ConfigurationError(
                f"a device '{connection.name}' is there already", key="link_name_taken", name=connection.name
            )
        complaints = complaints_of(values, plant, connection)
        if complaints:
            raise ConfigurationError(
                f"{len(complaints)} values of '{connection.name}' are not complete",
                key="values_incomplete",
                count=len(complaints),
            )
        things: list[Thing] = [connection, *tags_of(values, connection, plant)]
        if any(each.id == connection.id for each in plant.connections):
            return self._changed_link(plant, things, removed)
        sites, site = _site_of(plant)
        return self._save([*sites, *things, *self._standing_rules(connection, site)], "link_added")

    def _changed_link(self, plant: Plant, things: Sequence[Thing], removed: Collection[UUID]) -> Edit:
        stored: dict[UUID, Thing] = {each.id: each for each in plant.connections}
        stored |= {tag.id: tag for tag in plant.tags}
        changed = [thing for thing in things if thing != stored.get(thing.id)]
        waiting, leaving = self._parted([tag for tag in plant.tags if tag.id in removed])
        is_link_alone = not leaving and not waiting and all(isinstance(each, Connection) for each in changed)
        return self._configuration.edit(
            save=[*changed, *waiting],
            remove=leaving,
            title_key="link_changed" if is_link_alone else "values_changed",
            by=self._by,
        )

    def _parted(self, tags: Sequence[Tag]) -> tuple[list[Tag], list[Tag]]:
        """Return the tags that a machine class foresees, let go of by their device, and the others."""
        foreseen = class_value_names(self._configuration.plant(), machine_classes())
        waiting = [replace(tag, connection_id=None) for tag in tags if tag.name in foreseen]
        return waiting, [tag for tag in tags if tag.name not in foreseen]

    def _standing_rules(self, connection: Connection, site: Asset) -> list[AlarmRule]:
        known = {rule.message_key for rule in self._configuration.rules()}
        rules = [link_rule(connection, site_id=site.id), link_loss_rule(connection, site_id=site.id)]
        system = system_rules(site_id=site.id)
        return [*rules, *(rule for rule in system if rule.message_key not in known)]

    def remove_link(self, connection: Connection, *, keeps_values: bool) -> Edit:
        """Take a device out. Its values wait for another device, with their history, or go with it.

        What a machine class foresees waits in either case. RuleViolation while an alarm limit watches a value
        that is to go.
        """
        plant = self._configuration.plant()
        rules = [
            rule
            for rule in self._configuration.rules()
            if rule.connection_id == connection.id and rule.message_key in (LINK_LOST, LINK_LOSING)
        ]
        tags = [tag for tag in plant.tags if tag.connection_id == connection.id]
        staying, leaving = self._parted(tags)
        if keeps_values:
            staying, leaving = [replace(tag, connection_id=None) for tag in tags], []
        return self._configuration.edit(
            save=staying, remove=[*rules, *leaving, connection], title_key="link_removed", by=self._by
        )

    def remove_values(self, tags: Sequence[Tag]) -> Edit:
        """Take values out; those that a machine class foresees wait for another device."""
        foreseen = class_value_names(self._configuration.plant(), machine_classes())
        waiting = [replace(tag, connection_id=None) for tag in tags if tag.name in foreseen]
        leaving = [tag for tag in tags if tag.name not in foreseen]
        return self._configuration.edit(save=waiting, remove=leaving, title_key="values_removed", by=self._by)

    # ---- machines

    def add_line(self, *, name: str, code: str) -> Edit:
        """Add a line below the site, which is made when there is none."""
        plant = self._configuration.plant()
        sites, site = _site_of(plant)
        self._refuse_taken(plant, code)
        order = 1 + max((line.order for line in plant.lines), default=0)
        line = Asset(new_id(), site.id, AssetKind.LINE, name, code, order)
        return self._save([*sites, line], "line_added")

    def add_machine(
        self, *, name: str, code: str, class_key: str, line_id: UUID | None = None, **facts: Any
    ) -> Edit:
        """Add a machine of a class; without any line "Plant" and "Line 1" are made first.

        ``facts`` are further fields of the machine's ``Asset`` (criticality, machine_group, support ...).
        """
        plant = self._configuration.plant()
        self._refuse_taken(plant, code)
        above, line = _line_for(plant, line_id)
        order = 1 + max((asset.order for asset in plant.children(line.id)), default=0)
        kind = next(each for each in machine_classes() if each.key == class_key)
        made = new_machine(kind, name=name, code=code, line=line, order=order, new_id=new_id)
        things = [replace(made.assets[0], **facts), *made.things[1:]]
        return self._save([*above, *things], "machine_added")

    def change_asset(self, asset: Asset) -> Edit:
        """Store another name, code, place or fact of a site, line, machine or component.

        The values of a machine are named after its code and follow it: a class finds them by their names.
        """
        plant = self._configuration.plant()
        before = plant.asset(asset.id)
        if before.code == asset.code:
            return self._save([asset], "asset_changed")
        self._refuse_taken(plant, asset.code)
        return self._save([asset, *_renamed_tags(plant, before, asset.code)], "asset_changed")

    def change_site(self, site: Asset, *, zone: str, keeping: KeepingDays | None = None) -> Edit:
        """Store another name, code or time zone (IANA name) of the site; the plant is named after it.

        ``keeping`` says how long the plant keeps what it records from now on, None as before.
        """
        if zone not in available_timezones():
            raise ConfigurationError(f"there is no time zone '{zone}'", key="zone_unknown", zone=zone)
        plant = self._configuration.plant()
        if plant.asset(site.id).code != site.code:
            self._refuse_taken(plant, site.code)
        days = [] if keeping in (None, plant.keeping) else [keeping]
        return self._save([site, SiteSettings(zone, site.name), *filter(None, days)], "site_changed")

    def move_asset(self, asset_id: UUID, *, step: int) -> Edit | None:
        """Let an asset change places with its neighbour in the flow; None at the end of the row."""
        plant = self._configuration.plant()
        asset = plant.asset(asset_id)
        row = [each for each in plant.assets if each.parent_id == asset.parent_id and each.kind is asset.kind]
        row.sort(key=lambda each: (each.order, each.name))
        place = row.index(asset)
        if not 0 <= place + step < len(row):
            return None
        row[place], row[place + step] = row[place + step], row[place]
        moved = [replace(each, order=n) for n, each in enumerate(row, start=1) if each.order != n]
        return self._save(moved, "asset_moved")

    def remove_asset(self, asset_id: UUID) -> Edit:
        """Take an asset out with everything below it; RuleViolation names what still needs one of them."""
        plant = self._configuration.plant()
        assets = plant.subtree(asset_id)
        if assets[0].kind in (AssetKind.SITE, AssetKind.LINE) and len(assets) > 1:
            raise RuleViolation(
                f"'{assets[0].name}' is not empty; remove what is below it first",
                key="asset_not_empty",
                name=assets[0].name,
            )
        things: list[Thing] = [*plant.tags_of(asset_id), *plant.points_of(asset_id), *reversed(assets)]
        return self._configuration.edit(remove=things, title_key="asset_removed", by=self._by)

    # ---- measurement points

    def add_point(self, asset_id: UUID, *, name: str, technique: Technique) -> Edit:
        """Add a measurement point with the figures that analysis writes for it."""
        plant = self._configuration.plant()
        order = 1 + max((point.order for point in plant.points_of(asset_id)), default=0)
        code = plant.machine_of(asset_id).code
        made = new_point(asset_id, name=name, technique=technique, order=order, code=code, new_id=new_id)
        taken = {tag.name for tag in plant.tags}
        if any(isinstance(thing, Tag) and thing.name in taken for thing in made):
            raise ConfigurationError(f"a point '{name}' is there already", key="point_name_taken", name=name)
        return self._save(made, "point_added")

    def change_point(self, point: MeasurementPoint) -> Edit:
        """Store another name, bearing, speed, envelope band or sensor of a point.

        A point that becomes one of vibration gets the figures that analysis writes for it.
        """
        return self.change_points([point])

    def change_points(self, points: Sequence[MeasurementPoint]) -> Edit:
        """Store several points as one act."""
        plant = self._configuration.plant()
        figures = [tag for point in points for tag in _missing_figures(plant, point)]
        return self._save([*points, *figures], "point_changed")

    def remove_point(self, point: MeasurementPoint) -> Edit:
        """Take a point out with its figures; RuleViolation while a device brings a value there."""
        tags = [tag for tag in self._configuration.plant().tags if tag.point_id == point.id]
        brought = [tag for tag in tags if tag.kind is not TagKind.DERIVED]
        if brought:
            raise RuleViolation(
                f"'{point.name}' still has {len(brought)} values of devices; remove or move those first",
                key="point_not_empty",
                name=point.name,
                count=len(brought),
            )
        return self._configuration.edit(remove=[*tags, point], title_key="point_removed", by=self._by)

    # ---- undo and drafts

    def undo(self, edit: Edit) -> Edit:
        """Bring back what was before; Conflict when somebody changed it since."""
        return self._configuration.undo(edit, by=self._by)

    def link_drafts(self) -> tuple[Draft, ...]:
        """Return the devices that were begun and not finished, the newest first."""
        return tuple(draft for draft in self._configuration.drafts() if draft.kind == LINK_DRAFT)

    def keep_draft(self, content: Mapping[str, Any], *, title: str, before: Draft | None) -> Draft:
        """Keep a device that is being set up."""
        draft = Draft(new_id(), LINK_DRAFT, title) if before is None else before
        return self._configuration.save_draft(replace(draft, title=title, content=content), by=self._by)

    def close_draft(self, draft: Draft) -> Draft:
        """Put a draft away, whoever kept it last; one that is gone already is no harm."""
        newest = next((each for each in self._configuration.drafts() if each.id == draft.id), None)
        return draft if newest is None else self._configuration.close_draft(newest, by=self._by)

    def _save(self, things: Sequence[Thing], title_key: str) -> Edit:
        return self._configuration.edit(save=things, title_key=title_key, by=self._by)

    @staticmethod
    def _refuse_taken(plant: Plant, code: str) -> None:
        if any(asset.code == code for asset in plant.assets if asset.kind is not AssetKind.COMPONENT):
            raise ConfigurationError(f"the code '{code}' is taken", key="code_taken", code=code)


def _site_of(plant: Plant) -> tuple[list[Asset], Asset]:
    """Return what must be made first, and the site."""
    found = next((asset for asset in plant.assets if asset.kind is AssetKind.SITE), None)
    if found is not None:
        return [], found
    made = Asset(new_id(), None, AssetKind.SITE, *FIRST_SITE)
    return [made], made


def _renamed_tags(plant: Plant, machine: Asset, code: str) -> list[Tag]:
    """Return the values named after a machine's code, named after another one."""
    if machine.kind is not AssetKind.MACHINE:
        return []
    old, new = f"{machine.code}.", f"{code}."
    own = (tag for tag in plant.tags_of(machine.id) if tag.name.startswith(old))
    return [replace(tag, name=new + tag.name.removeprefix(old)) for tag in own]


def _missing_figures(plant: Plant, point: MeasurementPoint) -> tuple[Tag, ...]:
    """Return the figures of a vibration point that has none yet."""
    if any(tag.point_id == point.id and tag.kind is TagKind.DERIVED for tag in plant.tags):
        return ()
    return figures_of(point, code=plant.machine_of(point.asset_id).code, new_id=new_id)


def _line_for(plant: Plant, line_id: UUID | None) -> tuple[list[Asset], Asset]:
    """Return what must be made above a machine, and its line."""
    if line_id is not None:
        return [], plant.asset(line_id)
    if plant.lines:
        return [], plant.lines[0]
    sites, site = _site_of(plant)
    line = Asset(new_id(), site.id, AssetKind.LINE, *FIRST_LINE, 1)
    return [*sites, line], line
