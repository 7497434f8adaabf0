"""Thirty days of the demo plant's past, made by the same physics and processing as its present.

Process values are computed for every minute. Figures of vibration are measured by the real processing on
waveforms of each point, spread over the past; between those the minutes follow the measured distribution.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.noise import stable_seed
from acquisition.simulators.plant_model import CAPTURE_LENGTH, PlantModel
from acquisition.simulators.vibration import SAMPLING_RATE_HZ, VibrationChannel
from domain.condition.alarms import AlarmRule
from domain.condition.baseline import RobustBaseline
from domain.condition.health import points_lost, remaining_health
from domain.plant.assets import MachineState, MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.quality import QualityFlag
from domain.plant.signals import Band, Spectrum, SpectrumKind
from domain.plant.tags import Feature
from domain.ports import HistoryWriter, SpectrumRow, WaveformStore
from services.analysis import KEPT_KINDS, KEPT_UP_TO_HZ
from services.condition import HealthAssessor

DAYS = 30
MINUTE_S = 60.0
DAY_S = 86_400.0
SETTLED_S = 20.0
SIMULATED = int(QualityFlag.SIMULATED)

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class PointPast:
    """What was measured on one point: figures (days, features), daily spectra, figures at standstill."""

    waveform_key: int
    features: tuple[Feature, ...]
    running: NDArray[np.float64]
    standing: Mapping[Feature, float]
    spectra: tuple[tuple[float, SpectrumKind, Spectrum], ...]

    def baseline(self, feature: Feature) -> RobustBaseline:
        """Return the baseline of a figure over all days."""
        from processing.baseline import learn_baseline

        return learn_baseline(self.running[:, self.features.index(feature)])


def measure_points(
    model: PlantModel, plant: Plant, progress: Progress, meanwhile: Callable[[], None]
) -> dict[int, PointPast]:
    """Analyse a waveform a day of every point on all cores, doing ``meanwhile`` here; return by waveform."""
    points = [point for point in plant.points if point.waveform_tag_key is not None]
    channels = [model.channels[point.waveform_tag_key or 0] for point in points]
    found: dict[int, PointPast] = {}
    workers = max(1, min(os.cpu_count() or 1, 4))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        results = pool.map(_measure, channels, points)
        meanwhile()
        for past in results:
            found[past.waveform_key] = past
            progress("past_spectra", len(found) / len(points))
    return found


def _measure(channel: VibrationChannel, point: MeasurementPoint) -> PointPast:
    assert point.waveform_tag_key is not None
    rows: list[dict[Feature, float]] = []
    spectra: list[tuple[float, SpectrumKind, Spectrum]] = []
    for day in range(DAYS):
        start_s = _running_moment(channel, -(DAYS - day) * DAY_S + 6 * 3600.0)
        features, kept = _analyse(channel, point, start_s)
        rows.append(features)
        spectra.extend((start_s, kind, spectrum) for kind, spectrum in kept.items())
    names = tuple(rows[0])
    running = np.array([[row[name] for name in names] for row in rows])
    standing, _ = _analyse(channel, point, _standing_moment(channel))
    return PointPast(point.waveform_tag_key, names, running, standing, tuple(spectra))


def _analyse(
    channel: VibrationChannel, point: MeasurementPoint, start_s: float
) -> tuple[dict[Feature, float], dict[SpectrumKind, Spectrum]]:
    from processing.features import analyse_block

    samples = channel.samples(round(start_s * SAMPLING_RATE_HZ), CAPTURE_LENGTH)
    speed_hz, _ = channel.motion.at(np.array([start_s]))
    analysis = analyse_block(
        samples,
        sampling_rate_hz=float(SAMPLING_RATE_HZ),
        envelope_band=Band("envelope", point.envelope_low_hz, point.envelope_high_hz),
        speed_hz=float(speed_hz[0]) * point.speed_ratio,
        bearing=point.bearing,
    )
    return dict(analysis.features), {kind: analysis.spectra[kind].up_to(KEPT_UP_TO_HZ) for kind in KEPT_KINDS}


def _running_moment(channel: VibrationChannel, from_s: float) -> float:
    """Return the first moment from which the machine has run for a while and goes on to do so."""
    window = channel.motion.segments(from_s - 60, from_s + 7200)
    ends = np.append(window.start_s[1:], from_s + 7200)
    for start_s, end_s, state in zip(window.start_s, ends, window.state, strict=True):
        begin_s = max(float(start_s) + SETTLED_S, from_s)
        if state == MachineState.RUN.value and end_s - begin_s > SETTLED_S:
            return begin_s
    return from_s


def _standing_moment(channel: VibrationChannel) -> float:
    window = channel.motion.segments(-DAYS * DAY_S, 0.0)
    ends = np.append(window.start_s[1:], 0.0)
    long_stop = (window.state != MachineState.RUN.value) & (ends - window.start_s > SETTLED_S)
    return float(window.start_s[np.argmax(long_stop)]) + 10.0


class PastWriter:
    """Writes the past through the historian's and the waveform store's own interfaces."""

    def __init__(
        self, model: PlantModel, plant: Plant, history: HistoryWriter, kept: WaveformStore, progress: Progress
    ) -> None:
        self._model = model
        self._plant = plant
        self._history = history
        self._kept = kept
        self._progress = progress
        self._time_s = np.arange(-DAYS * DAY_S, 0.0, MINUTE_S)
        self._time_us = model.time.epoch_us + np.round(self._time_s * 1e6).astype(np.int64)

    def write_values(self) -> None:
        """Write a value a minute of every process value."""
        for number, (key, physics) in enumerate(self._model.values.items(), start=1):
            self._write(key, self._time_us, physics.at(self._time_s))
            self._progress("past_values", number / len(self._model.values))

    def write_points(
        self,
        measured: Mapping[int, PointPast],
        rules: tuple[AlarmRule, ...],
        baselines: Mapping[int, RobustBaseline],
    ) -> None:
        """Write minutes and spectra of every point, and the health that follows for every machine."""
        figures: dict[int, NDArray[np.float64]] = {}
        for number, point in enumerate(self._plant.points, start=1):
            assert point.waveform_tag_key is not None
            past = measured[point.waveform_tag_key]
            figures |= self._write_figures(point, past)
            self._write_spectra(past)
            self._progress("past_figures", number / len(self._plant.points))
        self._write_health(figures, HealthAssessor(self._plant, rules, baselines))

    def _write_figures(self, point: MeasurementPoint, past: PointPast) -> dict[int, NDArray[np.float64]]:
        channel = self._model.channels[past.waveform_key]
        is_running = self._is_running(channel)
        minutes = len(self._time_s)
        written: dict[int, NDArray[np.float64]] = {}
        for column, feature in enumerate(past.features):
            tag = self._plant.feature_tag(point.id, feature)
            if tag is None:
                continue
            spread = np.random.default_rng(stable_seed(self._model.seed, tag.name)).standard_normal(minutes)
            series = np.exp(
                _log_level(past.running[:, column]) + _log_spread(past.running[:, column]) * spread
            )
            series[~is_running] = past.standing.get(feature, np.nan)
            there = np.isfinite(series)
            self._write(tag.key, self._time_us[there], series[there])
            written[tag.key] = np.where(is_running, series, np.nan)
        return written

    def _write_spectra(self, past: PointPast) -> None:
        epoch_us = self._model.time.epoch_us
        self._kept.keep_spectra(
            [
                SpectrumRow(past.waveform_key, kind, epoch_us + round(at_s * 1e6), spectrum, SIMULATED)
                for at_s, kind, spectrum in past.spectra
            ]
        )

    def _write_health(self, figures: Mapping[int, NDArray[np.float64]], assessor: HealthAssessor) -> None:
        for tag in self._plant.tags:
            if tag.feature is not Feature.HEALTH:
                continue
            losses = [
                points_lost(figures[scored.tag.key], normal_upper=scored.normal_upper, limit=scored.limit)
                for scored in assessor.scored(self._plant.machine_of(tag.asset_id).id)
                if scored.normal_upper is not None and scored.tag.key in figures
            ]
            score = remaining_health(losses) * np.ones(len(self._time_s))
            there = np.isfinite(score)
            self._write(tag.key, self._time_us[there], score[there])

    def _is_running(self, channel: VibrationChannel) -> NDArray[np.bool_]:
        window = channel.motion.segments(float(self._time_s[0]), 0.0)
        result: NDArray[np.bool_] = window.at(self._time_s) == MachineState.RUN.value
        return result

    def _write(self, key: int, time_us: NDArray[np.int64], value: NDArray[np.float64]) -> None:
        tag = self._plant.tag(key)
        rounded = np.round(value, tag.digits + 1)
        self._history.write_past(
            key, time_us=time_us, value=rounded, quality=SIMULATED, revision=tag.revision
        )


def _log_level(values: NDArray[np.float64]) -> float:
    return float(np.median(np.log(np.maximum(values, 1e-12))))


def _log_spread(values: NDArray[np.float64]) -> float:
    return float(np.std(np.log(np.maximum(values, 1e-12))))
