"""When machines stop: seeded events of a line, and how one machine's stop blocks or starves the others.

Each hour is drawn on its own from (seed, line, hour), so that any time can be asked for without history.
Events lie in slots of five minutes and never reach into the next slot's event.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.noise import stable_seed
from domain.plant.assets import MachineState

HOUR_S = 3600.0
SLOT_S = 300.0
SLOTS = int(HOUR_S / SLOT_S)
PROPAGATION_S = 7.0
"""Time in which a stop reaches the next machine: the buffer between two machines."""

HOURS_KEPT = 4096
CHANGE_EVERY_HOURS = 8
CHANGE_HOUR = 5
CHANGE_S = 840.0


@dataclass(frozen=True, slots=True)
class StopEvent:
    """One machine's stop; times in seconds since the plant's epoch."""

    machine: int
    start_s: float
    duration_s: float
    state: MachineState


@dataclass(frozen=True, slots=True)
class Segments:
    """Piecewise constant states: state[i] holds from start_s[i] to start_s[i + 1]."""

    start_s: NDArray[np.float64]
    state: NDArray[np.int64]

    def at(self, time_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the state number at each time."""
        return self.state[np.maximum(np.searchsorted(self.start_s, time_s, side="right") - 1, 0)]


class LineSchedule:
    """Stops of the machines of one line, numbered in flow order."""

    def __init__(self, *, seed: int, line: str, machines: int, stops_per_hour: float = 3.0) -> None:
        self._seed = stable_seed(seed, "schedule", line)
        self._machines = machines
        self._stops_per_hour = stops_per_hour
        self._drawn: dict[int, tuple[StopEvent, ...]] = {}

    def __getstate__(self) -> dict[str, object]:
        """Travel to another process without the hours drawn here: they may grow while one is packed."""
        return {**self.__dict__, "_drawn": {}}

    def events(self, hour: int) -> tuple[StopEvent, ...]:
        """Return the stops that begin in an hour since the plant's epoch (negative before it)."""
        if hour not in self._drawn:
            if len(self._drawn) >= HOURS_KEPT:
                self._drawn.clear()
            self._drawn[hour] = self._draw(hour)
        return self._drawn[hour]

    def _draw(self, hour: int) -> tuple[StopEvent, ...]:
        source = np.random.default_rng([self._seed, hour & 0xFFFF_FFFF])
        begin = hour * HOUR_S
        if self._stops_per_hour >= 1 and hour % CHANGE_EVERY_HOURS == CHANGE_HOUR:
            return (StopEvent(0, begin + SLOT_S, CHANGE_S, MachineState.CHANGE),)
        count = min(int(source.poisson(self._stops_per_hour)), SLOTS)
        slots = np.sort(source.choice(SLOTS, size=count, replace=False))
        return tuple(self._stop(source, begin + slot * SLOT_S) for slot in slots)

    def _stop(self, source: np.random.Generator, slot_start_s: float) -> StopEvent:
        start_s = slot_start_s + source.uniform(20, 100)
        is_long = source.random() < 0.15
        duration_s = source.uniform(90, 150) if is_long else source.uniform(6, 45)
        state = MachineState.FAULT if is_long else MachineState.STOP
        return StopEvent(int(source.integers(self._machines)), float(start_s), float(duration_s), state)

    def segments(self, machine: int, *, start_s: float, end_s: float) -> Segments:
        """Return the states of a machine over a time window; the first segment begins at ``start_s``."""
        edges = [(start_s, MachineState.RUN)]
        for hour in range(int(np.floor(start_s / HOUR_S)) - 1, int(np.floor(end_s / HOUR_S)) + 1):
            for event in self.events(hour):
                edges.extend(self._edges(event, machine))
        before = [edge for edge in edges if edge[0] <= start_s]
        inside = [edge for edge in edges if start_s < edge[0] < end_s]
        states = [(start_s, before[-1][1]), *inside]
        return Segments(
            np.array([start for start, _ in states]), np.array([state.value for _, state in states], np.int64)
        )

    def _edges(self, event: StopEvent, machine: int) -> list[tuple[float, MachineState]]:
        if event.state is MachineState.CHANGE:
            return [(event.start_s, event.state), (event.start_s + event.duration_s, MachineState.RUN)]
        distance = abs(machine - event.machine)
        delay_s = distance * PROPAGATION_S
        if event.duration_s <= delay_s:
            return []
        state = event.state
        if distance:
            state = MachineState.BLOCKED if machine < event.machine else MachineState.STARVED
        end_s = event.start_s + event.duration_s + distance * PROPAGATION_S / 2
        return [(event.start_s + delay_s, state), (end_s, MachineState.RUN)]
