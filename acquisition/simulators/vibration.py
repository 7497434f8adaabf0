"""Vibration of one measurement point: shaft orders, gear mesh, bearing impacts through a resonance, noise.

Sample i of a channel is a pure function of (seed, i): blocks can be asked for in any order, at any time.
Impacts follow McFadden and Smith (1984): a train of shocks at the defect frequency, with slip and jitter,
each ringing the resonance of the structure, modulated by the load zone (inner race) or the cage (element).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.motion import ShaftMotion
from acquisition.simulators.noise import near_normal, stable_seed, uniform, white_block
from acquisition.simulators.wear import FaultKind, FaultScript, PlantTime
from domain.plant.bearings import BearingGeometry, defect_orders

SAMPLING_RATE_HZ = 25_600
BLOCK = 2_560
STANDARD_GRAVITY = 9.80665
RING_S = 0.012
"""After this time the response to one impact has died away."""

SLIP = 0.992
"""Rolling elements slip a little: real lines lie just below the kinematic ones."""

JITTER = 0.01


@dataclass(frozen=True)
class VibrationChannel:
    """One accelerometer. Shaft lines are given as velocity (mm/s r.m.s.) at full speed, noise in g r.m.s."""

    name: str
    seed: int
    time: PlantTime
    motion: ShaftMotion
    bearing: BearingGeometry
    order_velocity_mm_s: tuple[float, ...] = (1.0, 0.35, 0.12)
    mesh_teeth: int = 0
    mesh_velocity_mm_s: float = 0.0
    noise_g: float = 0.04
    resonance_hz: float = 3200.0
    damping: float = 0.05
    impact_g: float = 9.0
    faults: tuple[FaultScript, ...] = field(default=())

    def samples(self, first_index: int, count: int) -> NDArray[np.float32]:
        """Return acceleration in g, (count,) float32; index 0 is the plant's epoch, negative lies before."""
        first_block, last_block = first_index // BLOCK, (first_index + count - 1) // BLOCK
        blocks = [self.block(number) for number in range(first_block, last_block + 1)]
        begin = first_index - first_block * BLOCK
        return np.concatenate(blocks)[begin : begin + count]

    def block(self, number: int) -> NDArray[np.float32]:
        """Return block ``number`` of 2,560 samples."""
        tail = int(RING_S * SAMPLING_RATE_HZ)
        index = np.arange(number * BLOCK - tail, (number + 1) * BLOCK)
        time_s = index / SAMPLING_RATE_HZ
        speed_hz, angle = self.motion.at(time_s)
        share = speed_hz[tail:] / self.motion.speed_hz
        signal = self._orders(share, angle[tail:], time_s[-1])
        for fault in self.faults:
            signal += self._impacts(fault, time_s, angle, speed_hz)[tail:]
        noise = white_block(stable_seed(self.seed, self.name), block=number, length=BLOCK)
        signal += noise * (0.003 + self.noise_g * share)
        return signal.astype(np.float32)

    def size(self, kind: FaultKind, time_s: float) -> float:
        """Return the size of a fault kind at this place."""
        age = self.time.age_days(np.array([time_s]))
        return float(sum(fault.size(age)[0] for fault in self.faults if fault.kind is kind))

    def _orders(
        self, share: NDArray[np.float64], angle: NDArray[np.float64], time_s: float
    ) -> NDArray[np.float64]:
        unbalance = 1 + 4 * self.size(FaultKind.UNBALANCE, float(time_s))
        turn = _unit_phasor(angle)
        phasor = np.ones_like(turn)
        total = np.zeros(len(angle), dtype=np.float32)
        for order, velocity in enumerate(self.order_velocity_mm_s, start=1):
            phasor = phasor * turn
            strength = velocity * (unbalance if order == 1 else 1.0)
            total += self._amplitude_g(strength, order) * phasor.imag
        if self.mesh_teeth:
            mesh = _unit_phasor(self.mesh_teeth * angle).imag
            modulation = 1 + 0.2 * turn.real
            total += self._amplitude_g(self.mesh_velocity_mm_s, self.mesh_teeth) * modulation * mesh
        result: NDArray[np.float64] = total * share**2
        return result

    def _amplitude_g(self, velocity_rms_mm_s: float, order: float) -> float:
        circular = 2 * np.pi * self.motion.speed_hz * order
        return float(velocity_rms_mm_s * np.sqrt(2) * circular / 1000 / STANDARD_GRAVITY)

    def _impacts(
        self,
        fault: FaultScript,
        time_s: NDArray[np.float64],
        angle: NDArray[np.float64],
        speed_hz: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        size = float(fault.size(self.time.age_days(time_s[-1:]))[0])
        order = self._impact_order(fault.kind)
        if size <= 0 or order is None or speed_hz.max() <= 0:
            return np.zeros(len(time_s))
        passage = angle * order * SLIP
        number = np.arange(np.ceil(passage[0]), np.floor(passage[-1]) + 1).astype(np.int64)
        if not len(number) or passage[-1] <= passage[0]:
            return np.zeros(len(time_s))
        seed = stable_seed(self.seed, self.name, fault.kind.value)
        moment = np.interp(number + JITTER * (2 * uniform(seed, number) - 1), passage, time_s)
        share = np.interp(moment, time_s, speed_hz) / self.motion.speed_hz
        strength = self.impact_g * size * share**2 * (1 + 0.12 * near_normal(seed + 9, number))
        turned = np.interp(moment, time_s, angle)
        return self._ring(time_s, moment, strength * self._modulation(fault.kind, turned))

    def _impact_order(self, kind: FaultKind) -> float | None:
        orders = defect_orders(self.bearing)
        return {
            FaultKind.OUTER_RACE: orders.bpfo,
            FaultKind.INNER_RACE: orders.bpfi,
            FaultKind.ROLLING_ELEMENT: 2 * orders.bsf,
        }.get(kind)

    def _modulation(self, kind: FaultKind, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        if kind is FaultKind.INNER_RACE:
            return 0.55 + 0.45 * np.cos(2 * np.pi * angle)
        if kind is FaultKind.ROLLING_ELEMENT:
            return 0.6 + 0.4 * np.cos(2 * np.pi * angle * defect_orders(self.bearing).ftf)
        return 1 + 0.08 * np.cos(2 * np.pi * angle)

    def _ring(
        self, time_s: NDArray[np.float64], moment: NDArray[np.float64], strength: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        length = int(RING_S * SAMPLING_RATE_HZ)
        total = np.zeros(len(time_s) + length)
        first = np.ceil((moment - time_s[0]) * SAMPLING_RATE_HZ).astype(np.int64)
        offset = np.arange(length)
        since = time_s[0] + (first[:, None] + offset) / SAMPLING_RATE_HZ - moment[:, None]
        circular = 2 * np.pi * self.resonance_hz
        ring = np.exp(-self.damping * circular * since) * np.sin(circular * since) * strength[:, None]
        np.add.at(total, (first[:, None] + offset).ravel(), ring.ravel())
        return total[: len(time_s)]


def _unit_phasor(revolutions: NDArray[np.float64]) -> NDArray[np.complex64]:
    """Return exp(2 pi i x); the whole turns are taken off in float64, the rest is fine in float32."""
    angle = (2 * np.pi * (revolutions % 1.0)).astype(np.float32)
    phasor = np.empty(len(angle), dtype=np.complex64)
    phasor.real, phasor.imag = np.cos(angle), np.sin(angle)
    return phasor
