"""A dead-band leaves out what says nothing new, never a change, and the count adds up."""

from uuid import UUID

import numpy as np

from domain.plant.quality import BAD_STALE, GOOD
from domain.plant.readings import reading_batch
from domain.plant.tags import Keeping, Tag, TagKind
from services.thinning import Thinner

SECOND = 1_000_000
TAGS = (
    Tag(UUID(int=1), 1, "slow", "Slow", TagKind.MEASURED, "degC", UUID(int=9), keeping=Keeping(deadband=0.5)),
    Tag(UUID(int=2), 2, "whole", "Whole", TagKind.MEASURED, "degC", UUID(int=9)),
)


def stored(thinner: Thinner, values: list[float], *, key: int = 1, quality: int = GOOD) -> list[float]:
    """Send one value a second and return what is stored."""
    found: list[float] = []
    for number, value in enumerate(values):
        batch = reading_batch([key], [value], quality=quality, source_us=number * SECOND, receive_us=0)
        found += thinner.kept(batch).value.tolist()
    return found


def test_small_moves_are_left_out_and_large_ones_never() -> None:
    thinner = Thinner(TAGS)
    assert stored(thinner, [20.0, 20.3, 20.5, 20.6, 20.7, 19.9]) == [20.0, 20.6, 19.9]
    assert thinner.thinned == 3


def test_a_tag_without_a_band_stores_everything() -> None:
    thinner = Thinner(TAGS)
    assert stored(thinner, [1.0] * 5, key=2) == [1.0] * 5
    assert thinner.thinned == 0


def test_one_sample_a_minute_is_always_stored() -> None:
    assert len(stored(Thinner(TAGS), [1.0] * 121)) == 3


def test_a_change_of_quality_is_stored_and_missing_values_once() -> None:
    thinner = Thinner(TAGS)
    assert stored(thinner, [1.0, 1.0]) == [1.0]
    bad = stored(thinner, [np.nan, np.nan], quality=BAD_STALE)
    assert len(bad) == 1
    assert stored(thinner, [1.0]) == [1.0]


def test_samples_of_one_delivery_are_judged_one_after_the_other() -> None:
    """OPC UA brings several values of a tag in one list."""
    batch = reading_batch([1, 2, 1, 1, 2], [5.0, 9.0, 5.2, 5.6, 9.0], quality=GOOD, source_us=0, receive_us=0)
    assert Thinner(TAGS).kept(batch).value.tolist() == [5.0, 9.0, 5.6, 9.0]
