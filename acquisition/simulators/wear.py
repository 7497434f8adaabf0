"""How faults grow. Size 0 is healthy, 1 severe; one wear drives waveforms, heat and the past."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.order import DEFAULT_PACE

SECONDS_PER_DAY = 86400.0


class FaultKind(Enum):
    """What is worn."""

    OUTER_RACE = "outer_race"
    INNER_RACE = "inner_race"
    ROLLING_ELEMENT = "rolling_element"
    UNBALANCE = "unbalance"
    OVERHEATING = "overheating"


@dataclass(frozen=True, slots=True)
class FaultScript:
    """One fault of one place: when it starts, how long it grows, how long it stays before the repair.

    Days are ageing days. After the repair the place is healthy until the cycle begins again.
    """

    machine: str
    place: str
    kind: FaultKind
    onset_days: float
    growth_days: float
    severe_days: float = 35.0
    cycle_days: float = 110.0
    steepness: float = 3.0

    def size(self, age_days: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the fault size at each age: exponential growth, as spalls grow, then constant."""
        since = age_days - self.onset_days
        since = np.where(since >= 0, since % self.cycle_days, -1.0)
        growth = np.expm1(self.steepness * np.clip(since / self.growth_days, 0, 1)) / np.expm1(self.steepness)
        alive = (since >= 0) & (since < self.growth_days + self.severe_days)
        return np.where(alive, growth, 0.0)


@dataclass(frozen=True, slots=True)
class PlantTime:
    """The plant's own clock: seconds since its first start, and how fast it ages from there on."""

    epoch_us: int
    pace: float = DEFAULT_PACE

    def seconds(self, instant_us: int | float) -> float:
        return (instant_us - self.epoch_us) / 1e6

    def age_days(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the age: real days before the epoch (negative), paced days after it; no step between."""
        days = time_s / SECONDS_PER_DAY
        return np.where(time_s > 0, days * self.pace, days)
