"""Process values of a machine: speed, current, temperatures, pressures, counters.

Each follows the machine's state through a first-order lag (a motor heats up, a vessel fills) and carries the
wear of its fault. Values are pure functions of time, so that past and present join without a step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.motion import ShaftMotion
from acquisition.simulators.noise import near_normal
from acquisition.simulators.schedule import HOUR_S, Segments
from acquisition.simulators.wear import FaultScript, PlantTime
from domain.plant.assets import MachineState

NOISE_STEP_S = 0.5
FIRST_HOUR = -720
"""Counters begin thirty days before the epoch."""

MEMORY = 6.0
"""A first-order lag forgets its past after this many time constants."""


@dataclass(frozen=True)
class LaggedValue:
    """A value that goes to ``run`` while the machine runs and to ``stop`` while it does not."""

    seed: int
    time: PlantTime
    motion: ShaftMotion
    run: float
    stop: float
    lag_s: float
    noise: float
    swing: float = 0.0
    swing_period_s: float = 5400.0
    wear_gain: float = 0.0
    fault: FaultScript | None = None

    def at(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value at ascending times."""
        before_s = max(MEMORY * self.lag_s, 1.0)
        segments = self.motion.segments(float(time_s[0]) - before_s, float(time_s[-1]) + 1e-6)
        share = self._running_share(segments, time_s)
        value: NDArray[np.float64] = self.stop + (self.run - self.stop) * share
        value += self.swing * share * np.sin(2 * np.pi * time_s / self.swing_period_s + self.seed % 7)
        if self.fault is not None:
            value += self.wear_gain * share * self.fault.size(self.time.age_days(time_s))
        step = np.floor(time_s / NOISE_STEP_S).astype(np.int64)
        value += self.noise * (0.15 + 0.85 * share) * near_normal(self.seed, step)
        lowest = 0.0 if min(self.run, self.stop) >= 0 else -np.inf
        result: NDArray[np.float64] = np.maximum(value, lowest)
        return result

    def _running_share(self, segments: Segments, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        target = (segments.state == MachineState.RUN.value).astype(np.float64)
        if self.lag_s <= 0:
            at_once: NDArray[np.float64] = (segments.at(time_s) == MachineState.RUN.value).astype(np.float64)
            return at_once
        level = np.empty(len(target))
        level[0] = target[0]
        decay = np.exp(-np.diff(segments.start_s) / self.lag_s)
        for number, factor in enumerate(decay):
            level[number + 1] = target[number] + (level[number] - target[number]) * factor
        place = np.maximum(np.searchsorted(segments.start_s, time_s, side="right") - 1, 0)
        passed = np.exp(-np.maximum(time_s - segments.start_s[place], 0) / self.lag_s)
        result: NDArray[np.float64] = target[place] + (level[place] - target[place]) * passed
        return result


@dataclass(frozen=True)
class StateValue:
    """The machine's state as an integer."""

    motion: ShaftMotion

    def at(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        segments = self.motion.segments(float(time_s[0]) - 1.0, float(time_s[-1]) + 1e-6)
        return segments.at(time_s).astype(np.float64)


class CounterValue:
    """Pieces since 30 days before the epoch: running time x rate x share; only ever grows."""

    def __init__(self, motion: ShaftMotion, *, rate_per_s: float, share: float = 1.0) -> None:
        self._motion = motion
        self._rate_per_s = rate_per_s * share
        self._seconds_until = [0.0]

    def at(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return whole counts at ascending times."""
        hours = np.floor(time_s / HOUR_S).astype(np.int64)
        running = np.empty(len(time_s))
        for hour in np.unique(hours):
            mask = hours == hour
            running[mask] = self._until(int(hour)) + self._within(int(hour), time_s[mask])
        return np.floor(running * self._rate_per_s)

    def _until(self, hour: int) -> float:
        """Return the seconds run before an hour; hours are added up once, in order."""
        known = self._seconds_until
        while FIRST_HOUR + len(known) <= hour:
            last = FIRST_HOUR + len(known) - 1
            known.append(known[-1] + float(self._within(last, np.array([(last + 1) * HOUR_S]))[0]))
        return known[max(0, hour - FIRST_HOUR)]

    def _within(self, hour: int, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        segments = self._motion.segments(hour * HOUR_S, (hour + 1) * HOUR_S)
        is_run = segments.state == MachineState.RUN.value
        ends = np.append(segments.start_s[1:], (hour + 1) * HOUR_S)
        total = np.zeros(len(time_s))
        for start_s, end_s in zip(segments.start_s[is_run], ends[is_run], strict=True):
            total += np.clip(time_s - start_s, 0, end_s - start_s)
        return total
