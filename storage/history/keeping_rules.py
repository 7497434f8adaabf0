"""What history keeps of each tag: how long every sample stays, and how far apart thinned samples may lie."""

from collections.abc import Mapping
from typing import Final

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.tags import Keeping

THINNED_STEP_US: Final = 60 * MICROSECONDS_PER_SECOND
"""A thinned tag stores at least one sample in so long: a shorter silence is no hole."""


class KeepingRules:
    """The tags with rules of their own."""

    def __init__(self, keeping: Mapping[int, Keeping] | None = None) -> None:
        self._of = dict(keeping or {})

    def raw_days(self, tag_key: int, default: float | None) -> float | None:
        """Return how many days every sample of a tag is kept."""
        own = self._of.get(tag_key)
        return default if own is None or own.raw_days is None else own.raw_days

    def least_period_us(self, tag_key: int) -> int:
        """Return the step below which silence means nothing, 0 for a tag that stores every sample."""
        own = self._of.get(tag_key)
        return THINNED_STEP_US if own is not None and own.deadband > 0 else 0
