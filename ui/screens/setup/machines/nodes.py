"""The plant as a tree of nodes in flow order, and the part of it that a search finds. Plain Python."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from domain.plant.assets import Asset, AssetKind, MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.tags import Tag, TagKind

Thing = Asset | MeasurementPoint


@dataclass(frozen=True, slots=True)
class Node:
    """An asset or point; ``values`` of devices below it, ``waiting`` of them still have none."""

    thing: Thing
    values: int = 0
    waiting: int = 0
    machines: int = 0
    children: tuple["Node", ...] = ()

    @property
    def id(self) -> UUID:
        return self.thing.id


def nodes_of(plant: Plant) -> tuple[Node, ...]:
    """Return the roots; usually one site."""
    points: dict[UUID, list[MeasurementPoint]] = {}
    for point in plant.points:
        points.setdefault(point.asset_id, []).append(point)
    brought = [tag for tag in plant.tags if is_brought(tag)]
    values = Counter(_owner(tag) for tag in brought)
    waiting = Counter(_owner(tag) for tag in brought if tag.connection_id is None)
    roots = [asset for asset in plant.assets if asset.parent_id is None]

    def leaf(point: MeasurementPoint) -> Node:
        return Node(point, values[point.id], waiting[point.id])

    def node(asset: Asset) -> Node:
        own = sorted(points.get(asset.id, ()), key=lambda each: (each.order, each.name))
        below = (*(node(child) for child in plant.children(asset.id)), *map(leaf, own))
        return Node(
            asset,
            values[asset.id] + sum(each.values for each in below),
            waiting[asset.id] + sum(each.waiting for each in below),
            sum(each.machines for each in below) + (asset.kind is AssetKind.MACHINE),
            below,
        )

    return tuple(node(root) for root in sorted(roots, key=lambda each: (each.order, each.name)))


def is_brought(tag: Tag) -> bool:
    """Say whether a device is to bring a value; figures are computed here."""
    return tag.kind is not TagKind.DERIVED


def _owner(tag: Tag) -> UUID:
    return tag.point_id or tag.asset_id


def found_in(nodes: Iterable[Node], words: str) -> tuple[Node, ...]:
    """Return the nodes whose name or code holds every word, with the way down to them and all below them."""
    wanted = words.casefold().split()
    if not wanted:
        return tuple(nodes)
    found = []
    for node in nodes:
        if all(word in _heap(node.thing) for word in wanted):
            found.append(node)
        elif below := found_in(node.children, words):
            found.append(replace(node, children=below))
    return tuple(found)


def _heap(thing: Thing) -> str:
    return f"{thing.name} {thing.code if isinstance(thing, Asset) else thing.sensor}".casefold()


def walk(nodes: Iterable[Node]) -> Iterable[Node]:
    """Return every node, depth first."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def thing_in(plant: Plant, identity: UUID) -> Thing | None:
    """Return an asset or point as it is now, None when it is gone."""
    for things in (plant.assets, plant.points):
        for thing in things:
            if thing.id == identity:
                return thing
    return None


def opened_at_first(nodes: Collection[Node]) -> set[UUID]:
    """Return what is open when the tree is seen for the first time: down to the machines."""
    kinds = (AssetKind.SITE, AssetKind.LINE)
    assets = (node.thing for node in walk(nodes) if isinstance(node.thing, Asset))
    return {asset.id for asset in assets if asset.kind in kinds}
