"""Finding the parts of Setup, and the devices, by words; answers from memory."""

from collections.abc import Callable, Iterator, Sequence

from domain.plant.plant import Plant
from services.set_up.link_forms import place_of
from ui.navigation import room_name
from ui.screens.setup.tabs import TABS
from ui.search import SearchHit


class SetupProvider:
    """Searches names of tabs, what they are about, and names and places of devices."""

    def __init__(self, plant: Callable[[], Plant]) -> None:
        self._plant = plant

    def find(self, words: str, *, limit: int) -> Sequence[SearchHit]:
        """Return hits in which every word typed is found."""
        wanted = words.casefold().split()
        found = [
            hit for text, hit in self._all() if wanted and all(word in text.casefold() for word in wanted)
        ]
        return found[:limit]

    def _all(self) -> Iterator[tuple[str, SearchHit]]:
        for entry in TABS:
            yield (
                entry.searched,
                SearchHit(entry.words, room_name("setup"), entry.icon, address=entry.address),
            )
        for link in self._plant().connections:
            place = place_of(link)
            hit = SearchHit(link.name, place, "link", address=f"setup/connections/{link.id}")
            yield f"{link.name} {place}", hit
