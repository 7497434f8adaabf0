"""Finding assets, measurement points, tags and alarms by words or typed codes; answers from memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from domain.plant.assets import AssetKind
from domain.plant.plant import Plant
from ui.search import SearchHit

Found = tuple[str, SearchHit]


class PlantProvider:
    """Searches the set-up; every word typed must be found in name, code or place."""

    def __init__(self, plant: Callable[[], Plant]) -> None:
        self._plant = plant
        self._seen: Plant | None = None
        self._index: list[Found] = []

    def find(self, words: str, *, limit: int) -> Sequence[SearchHit]:
        """Return hits: those whose name begins with the words first."""
        plant = self._plant()
        if plant is not self._seen:
            self._seen, self._index = plant, list(_index(plant))
        wanted = words.casefold().split()
        if not wanted:
            return ()
        found = [hit for text, hit in self._index if all(word in text for word in wanted)]
        found.sort(key=lambda hit: not hit.title.casefold().startswith(wanted[0]))
        return found[:limit]


def _index(plant: Plant) -> Iterator[Found]:
    return iter([*_assets(plant), *_points(plant), *_tags(plant)])


def _assets(plant: Plant) -> Iterable[Found]:
    for asset in plant.assets:
        if asset.kind in (AssetKind.MACHINE, AssetKind.COMPONENT):
            place = plant.path(asset.id).text
            hit = SearchHit(asset.name, place, "asset", address=f"asset/{plant.machine_of(asset.id).id}")
            yield f"{asset.name} {asset.code} {place}".casefold(), hit


def _points(plant: Plant) -> Iterable[Found]:
    for point in plant.points:
        place = plant.path(point.asset_id).text
        hit = SearchHit(point.name, place, "analysis", address=f"analysis/{point.id}")
        yield f"{point.name} {place}".casefold(), hit


def _tags(plant: Plant) -> Iterable[Found]:
    for tag in plant.tags:
        if not tag.is_waveform:
            place = plant.path(tag.asset_id).text
            hit = SearchHit(tag.label, f"{tag.name}, {place}", "trends", address=f"trends/{tag.key}")
            yield f"{tag.label} {tag.name} {place}".casefold(), hit
