"""Shaft motion: speed and angle of a machine's main shaft as pure functions of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.schedule import LineSchedule, Segments
from domain.plant.assets import MachineState

RAMP_UP_S = 3.0
RAMP_DOWN_S = 2.0
HUNTING_PERIOD_S = 97.0
HUNTING_DEPTH = 0.004
"""A drive holds its speed within some tenths of a percent, in slow waves."""


@dataclass(frozen=True, slots=True)
class ShaftMotion:
    """The main shaft of one machine of a line; ``speed_hz`` is the speed at full production."""

    schedule: LineSchedule
    machine: int
    speed_hz: float
    hunting_phase: float = 0.0

    def at(self, time_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return speed (hertz) and angle (revolutions) at ascending times.

        The angle is continuous while the shaft turns; its zero may move at standstill, where nobody can tell.
        """
        window = self.segments(float(time_s[0]) - RAMP_UP_S - RAMP_DOWN_S, float(time_s[-1]) + 1e-6)
        steady = self._steady_speed(time_s)
        angle = self._steady_angle(time_s)
        if len(window.start_s) == 1 and window.state[0] == MachineState.RUN.value:
            return steady, angle
        return self._with_ramps(time_s, window, steady, angle)

    def segments(self, start_s: float, end_s: float) -> Segments:
        """Return the machine's states over a window."""
        return self.schedule.segments(self.machine, start_s=start_s, end_s=end_s)

    def _steady_speed(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        wave = np.cos(2 * np.pi * time_s / HUNTING_PERIOD_S + self.hunting_phase)
        return self.speed_hz * (1 + HUNTING_DEPTH * wave)

    def _steady_angle(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        wave = np.sin(2 * np.pi * time_s / HUNTING_PERIOD_S + self.hunting_phase)
        return self.speed_hz * (time_s + HUNTING_DEPTH * HUNTING_PERIOD_S / (2 * np.pi) * wave)

    def _with_ramps(
        self,
        time_s: NDArray[np.float64],
        window: Segments,
        steady: NDArray[np.float64],
        angle: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        speed, turned = steady.copy(), angle.copy()
        is_run = window.state == MachineState.RUN.value
        ends = np.append(window.start_s[1:], np.inf)
        for number, (start_s, end_s) in enumerate(zip(window.start_s, ends, strict=True)):
            inside = (time_s >= start_s) & (time_s < end_s)
            if not inside.any():
                continue
            changed = number > 0 and is_run[number] != is_run[number - 1]
            if is_run[number] and changed:
                self._ramp_up(inside, time_s, start_s, speed, turned)
            elif not is_run[number]:
                stopped_s = self._stopped_since(window, is_run, number)
                self._ramp_down(inside, time_s, stopped_s, speed, turned)
        return speed, turned

    def _stopped_since(self, window: Segments, is_run: NDArray[np.bool_], number: int) -> float:
        running = np.flatnonzero(is_run[:number])
        return float(window.start_s[running[-1] + 1]) if len(running) else -np.inf

    def _ramp_up(
        self,
        inside: NDArray[np.bool_],
        time_s: NDArray[np.float64],
        start_s: float,
        speed: NDArray[np.float64],
        turned: NDArray[np.float64],
    ) -> None:
        ramp = inside & (time_s < start_s + RAMP_UP_S)
        passed = time_s[ramp] - start_s
        speed[ramp] *= passed / RAMP_UP_S
        at_end = self._steady_angle(np.array([start_s + RAMP_UP_S]))[0]
        turned[ramp] = at_end - self.speed_hz * (RAMP_UP_S**2 - passed**2) / (2 * RAMP_UP_S)

    def _ramp_down(
        self,
        inside: NDArray[np.bool_],
        time_s: NDArray[np.float64],
        stopped_s: float,
        speed: NDArray[np.float64],
        turned: NDArray[np.float64],
    ) -> None:
        passed = np.minimum(time_s[inside] - stopped_s, RAMP_DOWN_S)
        speed[inside] *= 1 - passed / RAMP_DOWN_S
        begin = self._steady_angle(np.array([stopped_s]))[0] if np.isfinite(stopped_s) else 0.0
        turned[inside] = begin + self.speed_hz * (passed - passed**2 / (2 * RAMP_DOWN_S))
