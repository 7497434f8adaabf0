"""History in the unit that a tag has now: rows are never rewritten, those of older revisions are converted.

Where a tag meant another quantity before, its old rows are no values of it: they read as "not configured".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from domain.errors import UnitError
from domain.plant.quality import BAD_NOT_CONFIGURED
from domain.units import convert
from storage.history.samples import Buckets, Samples


@dataclass(frozen=True, slots=True)
class Conversion:
    """From an old unit to the present one, ``factor`` above 0; None of both for another quantity."""

    factor: float | None
    offset: float | None

    def samples(self, old: Samples) -> Samples:
        """Return samples in the present unit, as float64."""
        if self.factor is None or self.offset is None:
            nothing = np.full(len(old), np.nan)
            return replace(old, value=nothing, quality=np.full(len(old), BAD_NOT_CONFIGURED, np.uint16))
        return replace(old, value=old.value.astype(np.float64) * self.factor + self.offset)

    def buckets(self, old: Buckets) -> Buckets:
        """Return buckets in the present unit; those of another quantity hold no value."""
        if self.factor is None or self.offset is None:
            return old.part(slice(0, 0))
        low, high, mean = (
            column * self.factor + self.offset for column in (old.minimum, old.maximum, old.mean)
        )
        return replace(old, minimum=low, maximum=high, mean=mean)


Units = Mapping[int, Mapping[int, str]]
"""Unit codes by tag key and revision, of the tags that have had more than one."""


class RevisionUnits:
    """Which revisions of which tags are to be converted; ``load`` asks the plant database.

    Asked by readers of any thread; ``outdate`` after a change of the set-up.
    """

    def __init__(self, load: Callable[[], Units]) -> None:
        self._load = load
        self._known: dict[int, dict[int, Conversion]] | None = None

    def outdate(self) -> None:
        """Load anew before the next read."""
        self._known = None

    def of(self, tag_key: int) -> Mapping[int, Conversion]:
        """Return the conversion of each revision that is not in the present unit; usually none."""
        known = self._known
        if known is None:
            known = {key: _conversions(units) for key, units in self._load().items()}
            self._known = known
        return known.get(tag_key, _NONE)


_NONE: Mapping[int, Conversion] = {}


def _conversions(units: Mapping[int, str]) -> dict[int, Conversion]:
    present = units[max(units)]
    return {revision: _conversion(unit, present) for revision, unit in units.items() if unit != present}


def _conversion(source: str, target: str) -> Conversion:
    try:
        zero, one = (convert(value, source=source, target=target) for value in (0.0, 1.0))
    except UnitError:
        return Conversion(None, None)
    return Conversion(one - zero, zero)
