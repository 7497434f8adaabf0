"""Walking down a device: everything once, with the way to it; a bound is told, never hidden."""

from collections.abc import Sequence

import pytest

from domain.errors import ConnectionLost
from domain.plant.discovery import FoundItem
from services.set_up.below import everything_below


class Shelf:
    """A device of ``places`` folders in a row, each with ``values`` values and a way back to the root."""

    def __init__(self, places: int, values: int) -> None:
        self.places, self.values = places, values
        self.asked: list[str] = []

    def browse(self, place: str) -> Sequence[FoundItem]:
        self.asked.append(place)
        number = int(place or 0)
        found = [FoundItem(f"{number}.{n}", f"value {n}", False, {"n": n}) for n in range(self.values)]
        found.append(FoundItem("", "root", True))
        if number + 1 < self.places:
            found.append(FoundItem(str(number + 1), f"folder {number + 1}", True))
        return found


def test_everything_is_found_once_with_the_names_that_lead_there() -> None:
    shelf = Shelf(3, 2)
    below = everything_below(shelf, "")
    assert below.is_whole
    assert [path for path, _ in below.values] == [
        ("value 0",),
        ("value 1",),
        ("folder 1", "value 0"),
        ("folder 1", "value 1"),
        ("folder 1", "folder 2", "value 0"),
        ("folder 1", "folder 2", "value 1"),
    ]
    assert shelf.asked == ["", "1", "2"], "the way back to the root is not walked again"


@pytest.mark.parametrize(("most", "count"), [(5, 5), (2, 2)])
def test_a_bound_of_values_or_places_is_told(most: int, count: int) -> None:
    below = everything_below(Shelf(3, 2), "", most=most)
    assert (len(below.values), below.is_whole) == (count, False)


def test_exactly_as_many_as_the_bound_is_the_whole() -> None:
    below = everything_below(Shelf(1, 6), "", most=6)
    assert (len(below.values), below.is_whole) == (6, True)


def test_time_that_is_over_is_told() -> None:
    below = everything_below(Shelf(3, 2), "", within_s=0.0)
    assert (below.values, below.is_whole) == ((), False)


def test_what_the_device_answers_is_passed_on() -> None:
    class Away:
        def browse(self, place: str) -> Sequence[FoundItem]:
            raise ConnectionLost("away")

    with pytest.raises(ConnectionLost):
        everything_below(Away(), "")
