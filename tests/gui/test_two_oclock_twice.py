"""In the hour that comes twice every label says which one it is, in every zone [F60]."""

from datetime import UTC, datetime, timedelta

import pytest

from ui.formatting import PlantTime

NIGHTS = {
    "Europe/Berlin": (datetime(2026, 10, 25, tzinfo=UTC), 3600),
    "America/New_York": (datetime(2026, 11, 1, 4, tzinfo=UTC), 3600),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, 13, tzinfo=UTC), 1800),
    "Pacific/Chatham": (datetime(2026, 4, 4, 12, tzinfo=UTC), 3600),
}


def minutes_from(start: datetime) -> list[int]:
    return [round((start + timedelta(minutes=n)).timestamp() * 1e6) for n in range(5 * 60)]


@pytest.mark.parametrize(("zone", "night"), NIGHTS.items())
def test_f60_no_two_minutes_of_a_night_look_the_same(zone: str, night: tuple[datetime, int]) -> None:
    start, doubled_s = night
    plant_time, instants = PlantTime(zone), minutes_from(start)
    for words in (plant_time.clock, plant_time.minutes):
        labels = [words(instant) for instant in instants]
        assert len(set(labels)) == len(labels)
        assert sum(" " in label for label in labels) == 2 * doubled_s // 60, "other hours stay short"


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "UTC", "Europe/Berlin"])
def test_f60_an_ordinary_or_a_short_night_needs_no_offset(zone: str) -> None:
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    labels = [PlantTime(zone).minutes(instant) for instant in minutes_from(spring)]
    assert len(set(labels)) == len(labels)
    assert not any(" " in label for label in labels)
