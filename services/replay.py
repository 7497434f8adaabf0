"""The ``replay`` command: recordings through driver, hub, analysis and history, on their own clock."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.drivers import DRIVERS
from acquisition.hub import TagHub
from acquisition.recordings.reading import Recording, read_recording
from acquisition.shared_memory.mapped import new_epoch
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.errors import ConfigurationError
from domain.identifiers import new_id
from domain.instants import MICROSECONDS_PER_DAY
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.tags import (
    FEATURE_UNITS,
    CaptureSchedule,
    Connection,
    ConnectionKind,
    Feature,
    Tag,
    TagDtype,
    TagKind,
)
from services.access import program_actor
from services.analysis import AnalysisWorker
from services.analysis_records import KeepIntervals
from services.clock import SystemClock
from services.condition import HealthAssessor
from services.recording import Recorder, WriterLane
from storage.store import Store, open_store

LONGEST_BLOCK = 32_768
COMMIT_EVERY_ITEMS = 200
KEEP = KeepIntervals(spectra_s=60.0, waveforms_s=600.0)


class ReplayClock:
    """Time of the recording: it stands where the last item was."""

    def __init__(self) -> None:
        self._now_us = 0

    def move_to(self, instant_us: int) -> None:
        self._now_us = max(self._now_us, instant_us)

    def now_us(self) -> int:
        return self._now_us

    def monotonic_s(self) -> float:
        return self._now_us / 1e6


@dataclass
class FileReport:
    """What happened to the samples of one file."""

    samples: int
    delivered: int = 0
    gaps: int = 0


def replay_recordings(
    files: Sequence[Path], *, folder: Path, pace: float, for_s: float | None
) -> dict[str, Any]:
    """Replay files into a data folder of their own; return counts by file and figures.

    ``pace`` 0 plays as fast as the samples are taken. ConfigurationError for a file that cannot be read or a
    folder that holds a plant already.
    """
    recordings = [read_recording(path) for path in files]
    store = open_store(folder, role="collector", clock=SystemClock())
    try:
        if not store.plant.is_empty():
            raise ConfigurationError(
                f"{folder} holds a plant already; give --data-dir an empty folder for the replay",
                key="folder_not_empty",
            )
        plant = _plant(recordings, pace)
        with store.unit_of_work(program_actor("replay")) as work:
            work.plant.import_plant(plant)
        return asyncio.run(_Replay(store, plant, recordings).run(for_s=for_s))
    finally:
        store.close()


class _Replay:
    def __init__(self, store: Store, plant: Plant, recordings: Sequence[Recording]) -> None:
        self._plant = plant
        self._clock = ReplayClock()
        self._reports = {
            connection.id: FileReport(_sample_count(recording))
            for connection, recording in zip(plant.connections, recordings, strict=True)
        }
        folder, epoch = store.folder.root, new_epoch()
        waves = [tag for tag in plant.tags if tag.is_waveform]
        channels = [(tag.key, tag.sampling_rate_hz or 1.0, 4 * LONGEST_BLOCK) for tag in waves]
        keys = [tag.key for tag in waves]
        self._values = ValueTable.create(folder, [tag.key for tag in plant.tags], epoch=epoch)
        self._waveforms = WaveformRing.create(folder, channels, epoch=epoch)
        self._spectra = SpectrumBoard.create(folder, keys, max_lines=LONGEST_BLOCK, epoch=epoch)
        self._hub = TagHub(self._values, self._waveforms)
        self._lane = WriterLane()
        self._history = store.open_history_writer()
        self._kept = store.open_waveforms(is_writer=True)
        self._recorder = Recorder(plant, self._history, self._lane, clock=self._clock)
        self._hub.on_batch(self._recorder.take)
        self._worker = AnalysisWorker(
            plant,
            values=self._values,
            waveforms=self._waveforms,
            spectra=self._spectra,
            assessor=HealthAssessor(plant, (), {}),
            baselines={},
            intervals=KEEP,
            clock=self._clock,
        )
        self._next_index: dict[int, int] = {}
        self._figures: dict[str, float] = {}

    async def run(self, *, for_s: float | None) -> dict[str, Any]:
        try:
            async with asyncio.timeout(for_s):
                await asyncio.gather(*(self._play(connection) for connection in self._plant.connections))
        except TimeoutError:
            pass
        finally:
            await asyncio.to_thread(self._close)
        return {
            "files": {
                connection.name: vars(self._reports[connection.id]) for connection in self._plant.connections
            },
            "readings_received": self._recorder.samples_received,
            "readings_stored": self._recorder.samples_stored,
            "waveform_samples_received": self._hub.samples_received,
            "dropped": self._recorder.losses.total + self._hub.losses.total + self._lane.losses.total,
            "figures": {name: round(value, 5) for name, value in sorted(self._figures.items())},
        }

    async def _play(self, connection: Connection) -> None:
        driver = DRIVERS[connection.kind].create(connection, SystemClock())
        tags = [tag for tag in self._plant.tags if tag.connection_id == connection.id]
        report = self._reports[connection.id]
        await driver.connect()
        async for number, item in _numbered(driver.subscribe(tags)):
            self._take(item, report)
            if number % COMMIT_EVERY_ITEMS == 0:
                self._recorder.commit_soon()
                await asyncio.sleep(0)
        await driver.close()

    def _take(self, item: ReadingBatch | SampleBlock, report: FileReport) -> None:
        if isinstance(item, SampleBlock):
            self._count(item, report)
            self._clock.move_to(item.start_us + round(len(item.samples) * 1e6 / item.sampling_rate_hz))
        else:
            report.delivered += len(item)
            self._clock.move_to(int(item.source_us.max(initial=0)))
        self._hub.publish(item)
        if isinstance(item, SampleBlock):
            self._analyse()

    def _count(self, block: SampleBlock, report: FileReport) -> None:
        expected = self._next_index.get(block.tag_key, block.first_index)
        report.gaps += block.first_index != expected
        report.delivered += len(block.samples)
        self._next_index[block.tag_key] = block.first_index + len(block.samples)

    def _analyse(self) -> None:
        for record in self._worker.step():
            self._hub.publish(record.values)
            for reading in record.values.rows():
                self._figures[self._plant.tag(reading.tag_key).name] = reading.value
            if record.spectra:
                self._kept.keep_spectra(record.spectra)
            if record.waveform is not None:
                self._kept.keep(record.waveform, reason="import")

    def _close(self) -> None:
        self._lane.close()
        self._recorder.finish()
        self._history.compact(now_us=self._clock.now_us() + MICROSECONDS_PER_DAY)
        self._history.close()
        self._kept.close()
        for mapped in (self._values, self._waveforms, self._spectra):
            mapped.close()


async def _numbered(items: Any) -> Any:
    counter = itertools.count(1)
    async for item in items:
        yield next(counter), item


def _sample_count(recording: Recording) -> int:
    sampled = sum(channel.length for channel in recording.sampled.values())
    return sampled + sum(len(column.value) for column in recording.columns.values())


def _plant(recordings: Sequence[Recording], pace: float) -> Plant:
    """Return a set-up with a machine per file; sampled channels are taken for acceleration in g."""
    site = Asset(new_id(), None, AssetKind.SITE, "Replay", "REPLAY")
    line = Asset(new_id(), site.id, AssetKind.LINE, "Recordings", "REC")
    maker = _SetUp(line)
    for recording in recordings:
        maker.add(recording, pace)
    return Plant(
        (site, line, *maker.assets),
        tuple(maker.points),
        tuple(maker.tags),
        tuple(maker.connections),
        site_name="Replay",
    )


class _SetUp:
    def __init__(self, line: Asset) -> None:
        self._line = line
        self.assets: list[Asset] = []
        self.points: list[MeasurementPoint] = []
        self.tags: list[Tag] = []
        self.connections: list[Connection] = []

    def add(self, recording: Recording, pace: float) -> None:
        name = recording.path.name.split(".")[0]
        machine = Asset(new_id(), self._line.id, AssetKind.MACHINE, name, name, len(self.assets))
        connection = Connection(
            new_id(), name, ConnectionKind.REPLAY, {"path": str(recording.path.resolve()), "pace": pace}
        )
        self.assets.append(machine)
        self.connections.append(connection)
        for column in recording.columns:
            self._tag(machine, f"{name}.{column}", column, TagKind.MEASURED, "1", connection, column)
        for channel, content in recording.sampled.items():
            length = min(LONGEST_BLOCK, content.raw.shape[1])
            point_id = new_id()
            wave = self._tag(
                machine, f"{name}.{channel}", channel, TagKind.WAVEFORM, "g", connection, channel,
                point_id=point_id, sampling_rate_hz=content.sampling_rate_hz,
                capture=CaptureSchedule(0.0, length, is_streaming=False),
            )  # fmt: skip
            self.points.append(_point(machine, point_id, channel, wave, content.sampling_rate_hz))
            for feature in _FIGURES:
                unit = FEATURE_UNITS[feature]
                self._tag(
                    machine, f"{wave.name}.{feature.value}", feature.value, TagKind.DERIVED, unit, None, "",
                    point_id=point_id, feature=feature,
                )  # fmt: skip

    def _tag(
        self,
        machine: Asset,
        name: str,
        label: str,
        kind: TagKind,
        unit: str,
        connection: Connection | None,
        channel: str,
        **more: Any,
    ) -> Tag:
        tag = Tag(
            new_id(), len(self.tags) + 1, name, label, kind, unit, machine.id,
            connection_id=connection.id if connection else None,
            address={"channel": channel} if channel else {}, dtype=TagDtype.FLOAT64, digits=3, **more,
        )  # fmt: skip
        self.tags.append(tag)
        return tag


_FIGURES = (
    Feature.VELOCITY_RMS,
    Feature.ACCELERATION_RMS,
    Feature.ACCELERATION_PEAK,
    Feature.CREST_FACTOR,
    Feature.KURTOSIS,
    Feature.ENVELOPE_RMS,
)


def _point(
    machine: Asset, point_id: Any, channel: str, waveform: Tag, sampling_rate_hz: float
) -> MeasurementPoint:
    high_hz = float(np.floor(min(6000.0, 0.45 * sampling_rate_hz)))
    return MeasurementPoint(
        point_id,
        machine.id,
        channel,
        Technique.VIBRATION,
        waveform_tag_key=waveform.key,
        envelope_low_hz=min(2000.0, high_hz / 3),
        envelope_high_hz=high_hz,
    )
