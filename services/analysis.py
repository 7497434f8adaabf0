"""From waveform rings to figures, spectra and health: the work of the analysis process.

Reads rings, returns records; the collector publishes, stores and judges what comes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.condition.baseline import RobustBaseline
from domain.instants import Clock
from domain.plant.assets import MachineState, MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, FLAG_MASK, QualityCause, QualityClass, quality_code
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import Band, SpectrumKind, Waveform
from domain.plant.tags import Feature, Tag
from domain.ports import SpectrumRow, WaveformWindow
from processing.features import BlockAnalysis, analyse_block
from processing.spectrum import is_usable
from services.analysis_records import AnalysisRecord, KeepIntervals, waveform_of
from services.baseline_learning import BaselineLearner
from services.condition import HealthAssessor

LIVE_HOP_S = 0.4
PUBLISH_EVERY_S = 2.0
HEALTH_EVERY_S = 5.0
KEPT_KINDS = (SpectrumKind.VELOCITY, SpectrumKind.ENVELOPE)
KEPT_UP_TO_HZ = 1000.0


@dataclass(slots=True)
class _Channel:
    point: MeasurementPoint
    tag: Tag
    features: Mapping[Feature, int]
    done_index: int = -1
    published_s: float = -np.inf
    spectra_kept_s: float = -np.inf
    waveform_kept_s: float = -np.inf


class AnalysisWorker:
    """Analyses every vibration point whose ring has moved on."""

    def __init__(
        self,
        plant: Plant,
        *,
        values: ValueTable,
        waveforms: WaveformRing,
        spectra: SpectrumBoard,
        assessor: HealthAssessor,
        baselines: Mapping[int, RobustBaseline],
        intervals: KeepIntervals,
        clock: Clock,
    ) -> None:
        self._plant = plant
        self._values = values
        self._waveforms = waveforms
        self._spectra = spectra
        self._assessor = assessor
        self._baselines = dict(baselines)
        self._learner = BaselineLearner(plant.tags, baselines)
        self._intervals = intervals
        self._clock = clock
        self._channels = [channel for point in plant.points if (channel := self._channel(point)) is not None]
        self._health_tags = {
            plant.machine_of(tag.asset_id).id: tag.key for tag in plant.tags if tag.feature is Feature.HEALTH
        }
        self._health_s = -np.inf

    def _channel(self, point: MeasurementPoint) -> _Channel | None:
        if point.waveform_tag_key is None or not self._waveforms.holds(point.waveform_tag_key):
            return None
        features = {
            tag.feature: tag.key
            for tag in self._plant.tags
            if tag.point_id == point.id and tag.feature is not None
        }
        return _Channel(point, self._plant.tag(point.waveform_tag_key), features)

    def step(self) -> list[AnalysisRecord]:
        """Analyse what is new; call it about twenty times a second."""
        records = [record for channel in self._channels if (record := self._serve(channel)) is not None]
        now_s = self._clock.monotonic_s()
        if now_s - self._health_s >= HEALTH_EVERY_S:
            self._health_s = now_s
            records.append(AnalysisRecord(self._assess()))
        return records

    def _serve(self, channel: _Channel) -> AnalysisRecord | None:
        window = self._new_window(channel)
        if window is None or self._is_bad(channel.tag.key):
            return None
        speed_hz, is_running = self._motion(channel.point)
        analysis = self._analyse(channel, window, speed_hz)
        if analysis is None:
            return self._refused(channel, window)
        for kind, spectrum in analysis.spectra.items():
            self._spectra.write(
                channel.tag.key, kind, spectrum, start_us=window.start_us, quality=window.quality
            )
        now_s = self._clock.monotonic_s()
        if now_s - channel.published_s < PUBLISH_EVERY_S:
            return None
        channel.published_s = now_s
        return self._record(channel, window, analysis, is_running=is_running, now_s=now_s)

    def _new_window(self, channel: _Channel) -> WaveformWindow | None:
        capture = channel.tag.capture
        rate_hz = channel.tag.sampling_rate_hz or 0.0
        if capture is None or rate_hz <= 0:
            return None
        written = self._waveforms.write_index(channel.tag.key)
        hop = int(LIVE_HOP_S * rate_hz) if capture.is_streaming else 1
        if written < 0 or written - channel.done_index < hop:
            return None
        window = self._waveforms.newest(channel.tag.key, length=capture.length)
        if window is None or len(window.samples) < capture.length:
            return None
        channel.done_index = written
        return window

    def _is_bad(self, tag_key: int) -> bool:
        quality = self._values.read(np.array([tag_key], dtype=np.int32)).quality
        return bool((quality & CLASS_MASK)[0] == QualityClass.BAD)

    def _motion(self, point: MeasurementPoint) -> tuple[float | None, bool]:
        """Return shaft speed (hertz, None when unknown) and whether the machine runs."""
        keys = [key if key is not None else -1 for key in (point.speed_tag_key, point.state_tag_key)]
        batch = self._values.read(np.array(keys, dtype=np.int32))
        usable = ((batch.quality & CLASS_MASK) != QualityClass.BAD) & np.isfinite(batch.value)
        speed_hz = float(batch.value[0]) / 60 * point.speed_ratio if usable[0] else None
        is_running = bool(usable[1] and batch.value[1] == MachineState.RUN.value)
        return speed_hz, is_running

    def _analyse(
        self, channel: _Channel, window: WaveformWindow, speed_hz: float | None
    ) -> BlockAnalysis | None:
        point = channel.point
        try:
            return analyse_block(
                window.samples,
                sampling_rate_hz=window.sampling_rate_hz,
                envelope_band=Band("envelope", point.envelope_low_hz, point.envelope_high_hz),
                speed_hz=speed_hz,
                bearing=point.bearing,
            )
        except ValueError:
            return None

    def _refused(self, channel: _Channel, window: WaveformWindow) -> AnalysisRecord | None:
        """Return bad figures with their cause: old ones must not look as if they were new."""
        now_s = self._clock.monotonic_s()
        if not channel.features or now_s - channel.published_s < PUBLISH_EVERY_S:
            return None
        channel.published_s = now_s
        cause = QualityCause.NOT_CONFIGURED if is_usable(window.samples) else QualityCause.DECODE
        quality = window.quality & FLAG_MASK | quality_code(QualityClass.BAD, cause)
        keys = list(channel.features.values())
        values = [float("nan")] * len(keys)
        return AnalysisRecord(self._batch(keys, values, quality=quality, at_us=_end_us(window)))

    def _record(
        self,
        channel: _Channel,
        window: WaveformWindow,
        analysis: BlockAnalysis,
        *,
        is_running: bool,
        now_s: float,
    ) -> AnalysisRecord:
        figures = {
            channel.features[feature]: value
            for feature, value in analysis.features.items()
            if feature in channel.features and np.isfinite(value)
        }
        learned = self._learner.observe(figures) if is_running else {}
        if learned:
            self._baselines.update(learned)
        quality = window.quality
        if analysis.is_clipped and quality & CLASS_MASK == QualityClass.GOOD:
            quality |= quality_code(QualityClass.UNCERTAIN, QualityCause.CLIPPED)
        return AnalysisRecord(
            self._batch(list(figures), list(figures.values()), quality=quality, at_us=_end_us(window)),
            self._kept_spectra(channel, window, analysis, is_running=is_running, now_s=now_s),
            self._kept_waveform(channel, window, now_s),
            learned,
        )

    def _batch(
        self, keys: Sequence[int], values: Sequence[float], *, quality: int, at_us: int
    ) -> ReadingBatch:
        return reading_batch(
            keys, values, quality=quality, source_us=at_us, receive_us=self._clock.now_us(), sequence=at_us
        )

    def _kept_spectra(
        self,
        channel: _Channel,
        window: WaveformWindow,
        analysis: BlockAnalysis,
        *,
        is_running: bool,
        now_s: float,
    ) -> tuple[SpectrumRow, ...]:
        if not is_running or now_s - channel.spectra_kept_s < self._intervals.spectra_s:
            return ()
        channel.spectra_kept_s = now_s
        return tuple(_spectrum_row(channel.tag.key, kind, window, analysis) for kind in KEPT_KINDS)

    def _kept_waveform(self, channel: _Channel, window: WaveformWindow, now_s: float) -> Waveform | None:
        if now_s - channel.waveform_kept_s < self._intervals.waveforms_s:
            return None
        channel.waveform_kept_s = now_s
        return waveform_of(channel.tag, window)

    def _assess(self) -> ReadingBatch:
        keys: list[int] = []
        scores: list[float] = []
        flags = 0
        for machine_id, health_key in self._health_tags.items():
            batch = self._values.read(np.array(self._assessor.tag_keys(machine_id), dtype=np.int32))
            health = self._assessor.assess(machine_id, batch)
            if health.score is not None:
                keys.append(health_key)
                scores.append(health.score)
                flags |= int(np.bitwise_or.reduce(batch.quality & FLAG_MASK))
        return self._batch(keys, scores, quality=flags, at_us=self._clock.now_us())


def _end_us(window: WaveformWindow) -> int:
    return window.start_us + round(len(window.samples) * 1e6 / window.sampling_rate_hz)


def _spectrum_row(
    tag_key: int, kind: SpectrumKind, window: WaveformWindow, analysis: BlockAnalysis
) -> SpectrumRow:
    spectrum = analysis.spectra[kind].up_to(KEPT_UP_TO_HZ)
    return SpectrumRow(tag_key, kind, window.start_us, spectrum, window.quality)
