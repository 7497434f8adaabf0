"""The whole set-up as one value: assets, points, tags and connections, with the look-ups screens need."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

from domain.errors import NotFound
from domain.plant.assets import Asset, AssetKind, AssetPath, MeasurementPoint
from domain.plant.keeping import USUAL_DAYS, KeepingDays
from domain.plant.tags import Connection, ConnectionKind, Feature, Tag

SETTINGS_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """Name and time zone of the plant as a whole; there is one, so its id is fixed."""

    zone: str = "UTC"
    name: str = ""
    id: UUID = SETTINGS_ID
    version: int = 1


@dataclass(frozen=True)
class Plant:
    """An immutable picture of the set-up; build a new one when the change feed says so."""

    assets: tuple[Asset, ...] = ()
    points: tuple[MeasurementPoint, ...] = ()
    tags: tuple[Tag, ...] = ()
    connections: tuple[Connection, ...] = ()
    zone: str = "UTC"
    site_name: str = ""
    keeping: KeepingDays = USUAL_DAYS

    @property
    def settings(self) -> SiteSettings:
        """Name and time zone as one thing."""
        return SiteSettings(self.zone, self.site_name)

    @cached_property
    def _asset_by_id(self) -> dict[UUID, Asset]:
        return {asset.id: asset for asset in self.assets}

    @cached_property
    def _point_by_id(self) -> dict[UUID, MeasurementPoint]:
        return {point.id: point for point in self.points}

    @cached_property
    def _tag_by_key(self) -> dict[int, Tag]:
        return {tag.key: tag for tag in self.tags}

    @cached_property
    def _tag_by_name(self) -> dict[str, Tag]:
        return {tag.name: tag for tag in self.tags}

    def asset(self, asset_id: UUID) -> Asset:
        """Return the asset; NotFound when it is gone."""
        try:
            return self._asset_by_id[asset_id]
        except KeyError:
            raise NotFound(f"asset {asset_id} is not in the plant") from None

    def point(self, point_id: UUID) -> MeasurementPoint:
        """Return the measurement point; NotFound when it is gone."""
        try:
            return self._point_by_id[point_id]
        except KeyError:
            raise NotFound(f"measurement point {point_id} is not in the plant") from None

    def tag(self, key: int) -> Tag:
        """Return the tag of an integer key; NotFound when it is gone."""
        try:
            return self._tag_by_key[key]
        except KeyError:
            raise NotFound(f"tag {key} is not in the plant") from None

    def tag_named(self, name: str) -> Tag | None:
        return self._tag_by_name.get(name)

    @cached_property
    def lines(self) -> tuple[Asset, ...]:
        """Lines in flow order."""
        return _sorted(asset for asset in self.assets if asset.kind is AssetKind.LINE)

    def children(self, asset_id: UUID) -> tuple[Asset, ...]:
        """Direct children in flow order."""
        return self._children_of.get(asset_id, ())

    def machines(self, line_id: UUID) -> tuple[Asset, ...]:
        """Machines of a line in flow order."""
        return tuple(asset for asset in self.children(line_id) if asset.kind is AssetKind.MACHINE)

    def path(self, asset_id: UUID) -> AssetPath:
        """Return the asset with its ancestors, the site first."""
        chain: list[Asset] = []
        current: UUID | None = asset_id
        while current is not None:
            asset = self.asset(current)
            chain.append(asset)
            current = asset.parent_id
        return AssetPath(tuple(reversed(chain)))

    def machine_of(self, asset_id: UUID) -> Asset:
        """Return the machine that an asset is or belongs to; the asset itself above machine level."""
        for asset in reversed(self.path(asset_id).assets):
            if asset.kind is AssetKind.MACHINE:
                return asset
        return self.asset(asset_id)

    def subtree(self, asset_id: UUID) -> tuple[Asset, ...]:
        """Return the asset and everything below it, depth first in flow order."""
        below = [self.asset(asset_id)]
        for child in self.children(asset_id):
            below.extend(self.subtree(child.id))
        return tuple(below)

    def points_of(self, asset_id: UUID) -> tuple[MeasurementPoint, ...]:
        """Measurement points of the asset and everything below it."""
        inside = {asset.id for asset in self.subtree(asset_id)}
        return tuple(
            sorted((p for p in self.points if p.asset_id in inside), key=lambda p: (p.order, p.name))
        )

    def tags_of(self, asset_id: UUID) -> tuple[Tag, ...]:
        """Tags of the asset and everything below it, in key order."""
        own = self._tags_by_asset
        inside = (tag for asset in self.subtree(asset_id) for tag in own.get(asset.id, ()))
        return tuple(sorted(inside, key=lambda tag: tag.key))

    @cached_property
    def _children_of(self) -> dict[UUID, tuple[Asset, ...]]:
        groups: dict[UUID, list[Asset]] = defaultdict(list)
        for asset in self.assets:
            if asset.parent_id is not None:
                groups[asset.parent_id].append(asset)
        return {parent_id: _sorted(below) for parent_id, below in groups.items()}

    @cached_property
    def _tags_by_asset(self) -> dict[UUID, list[Tag]]:
        groups: dict[UUID, list[Tag]] = defaultdict(list)
        for tag in self.tags:
            if tag.asset_id is not None:
                groups[tag.asset_id].append(tag)
        return dict(groups)

    @cached_property
    def file_tag_keys(self) -> frozenset[int]:
        """Tags whose values come in files of a watched folder."""
        folders = {each.id for each in self.connections if each.kind is ConnectionKind.FILES}
        return frozenset(tag.key for tag in self.tags if tag.connection_id in folders)

    @cached_property
    def file_point_ids(self) -> frozenset[UUID]:
        """Measurement points whose waveform comes in files."""
        return frozenset(point.id for point in self.points if point.waveform_tag_key in self.file_tag_keys)

    def feature_tag(self, point_id: UUID, feature: Feature) -> Tag | None:
        """Return the derived tag that holds a figure of a point."""
        for tag in self.tags:
            if tag.point_id == point_id and tag.feature is feature:
                return tag
        return None


def _sorted(assets: Iterable[Asset]) -> tuple[Asset, ...]:
    return tuple(sorted(assets, key=lambda asset: (asset.order, asset.name)))
