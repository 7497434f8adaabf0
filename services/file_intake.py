"""Files of watched folders made durable, each content exactly once [ACQ-1, NEW-27, NEW-30].

The order is: waveforms and spectra, figures and readings, then the row that says "taken". A crash in between
lets the same file come again; ids, times and sequences come from its content, so that nothing is kept twice.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.errors import UnitError
from domain.identifiers import derived_id
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.assets import MeasurementPoint, Technique
from domain.plant.files import FileContent, FileOutcome, TakenFile
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, GOOD, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import Waveform
from domain.ports import HistoryReader, SpectrumRow, WaveformStore
from domain.roles import Actor
from services.newest_known import NewestKnown
from services.recording import Recorder, WriterLane
from storage.store import Store

_log = logging.getLogger(__name__)

_SPEED_REACH_US: Final = 60 * MICROSECONDS_PER_SECOND
"""A speed measured so long before or after a waveform is that of the waveform."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """What analysis made of a file: figures by time, and spectra to keep."""

    figures: tuple[ReadingBatch, ...]
    spectra: tuple[SpectrumRow, ...]


class FileIntake:
    """Implements the book of the files driver on the store. Its coroutines belong to the collector's loop."""

    def __init__(
        self,
        store: Store,
        plant: Plant,
        recorder: Recorder,
        lane: WriterLane,
        kept: WaveformStore,
        *,
        publish: Callable[[ReadingBatch], None],
        newest: NewestKnown,
        actor: Actor,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._lane = lane
        self._kept = kept
        self._publish = publish
        self._newest = newest
        self._actor = actor
        self._analysis = _FileAnalysis(store, plant)
        self._simulated = {each.id for each in plant.connections if each.is_simulated}

    async def find(self, connection_id: UUID, digest: bytes) -> TakenFile | None:
        """Return what became of a content, None when it is new."""
        return await asyncio.to_thread(self._store.taken_files.find, connection_id, digest)

    def marked(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the batch with everything back-filled that is not the newest known value of its tag."""
        return self._newest.marked(batch)

    def knows(self, tag_key: int) -> bool:
        """Say whether a tag ever had a value."""
        return self._newest.knows(tag_key)

    async def take(self, content: FileContent) -> None:
        """Analyse and keep a file; StorageError leaves it to be taken again."""
        flags = int(QualityFlag.SIMULATED) if content.connection_id in self._simulated else 0
        analysed = await asyncio.to_thread(self._analysis.of, content, flags)
        for figures in analysed.figures:
            self._publish(self._newest.marked(figures))
        await asyncio.wrap_future(self._lane.ask(lambda: self._make_durable(content, analysed)))

    async def reject(self, file: TakenFile) -> None:
        """Note a file that cannot be read and cannot be moved aside."""
        await asyncio.wrap_future(self._lane.ask(lambda: self._note(file)))

    def _make_durable(self, content: FileContent, analysed: Analysed) -> None:
        for number, waveform in enumerate(content.waveforms):
            self._kept.keep(waveform, reason="import", identity=_identity(content, waveform, number))
        if analysed.spectra:
            self._kept.keep_spectra(analysed.spectra)
        self._recorder.flush()
        self._note(TakenFile(content.connection_id, content.digest, content.name, FileOutcome.TAKEN))

    def _note(self, file: TakenFile) -> None:
        with self._store.unit_of_work(self._actor) as work:
            work.taken_files.add(file)


class _FileAnalysis:
    """Figures of the vibration waveforms of a file, at their times, for points that are declared."""

    def __init__(self, store: Store, plant: Plant) -> None:
        self._store = store
        self._features: dict[UUID, dict[object, int]] = {}
        for tag in plant.tags:
            if tag.point_id is not None and tag.feature is not None:
                self._features.setdefault(tag.point_id, {})[tag.feature] = tag.key
        self._points = {
            point.waveform_tag_key: point
            for point in plant.points
            if point.waveform_tag_key is not None and point.technique is Technique.VIBRATION
        }

    def of(self, content: FileContent, flags: int) -> Analysed:
        """Return what can be computed; a waveform that analysis refuses is kept without figures."""
        figures: list[ReadingBatch] = []
        spectra: list[SpectrumRow] = []
        wanted = [each for each in content.waveforms if each.tag_key in self._points]
        for waveform in wanted:
            point = self._points[waveform.tag_key]
            analysed = self._one(content, waveform, point, GOOD | flags)
            figures += analysed.figures
            spectra += analysed.spectra
        return Analysed(tuple(figures), tuple(spectra))

    def _one(
        self, content: FileContent, waveform: Waveform, point: MeasurementPoint, quality: int
    ) -> Analysed:
        from services.file_analysis import analyse_waveform  # heavy: scipy, loaded with the first waveform

        speed_hz = self._speed_hz(content.readings, waveform, point)
        try:
            values, spectra = analyse_waveform(waveform, point, speed_hz=speed_hz)
        except (ValueError, UnitError) as refused:
            _log.info("file %s: no figures for point '%s': %s", content.name, point.name, refused)
            return Analysed((), ())
        keys = self._features.get(point.id, {})
        wanted = {keys[feature]: value for feature, value in values.items() if feature in keys}
        at_us = waveform.start_us + round(waveform.duration_s * MICROSECONDS_PER_SECOND)
        batch = reading_batch(
            list(wanted), list(wanted.values()), quality=quality, source_us=at_us, receive_us=at_us,
            sequence=int.from_bytes(content.digest[:8]) >> 2,
        )  # fmt: skip
        rows = tuple(
            SpectrumRow(waveform.tag_key, kind, waveform.start_us, s, quality) for kind, s in spectra
        )
        return Analysed((batch,) if wanted else (), rows)

    def _speed_hz(self, readings: ReadingBatch, waveform: Waveform, point: MeasurementPoint) -> float | None:
        """Return the shaft speed nearest to the waveform, from the same file or from history."""
        key = point.speed_tag_key
        if key is None:
            return None
        found = _near(readings.select(readings.tag_key == key), waveform.start_us)
        if found is None:
            reader = self._store.open_history_reader()
            try:
                found = _in_history(reader, key, waveform.start_us)
            finally:
                reader.close()
        return None if found is None else found / 60 * point.speed_ratio


def _near(rows: ReadingBatch, at_us: int) -> float | None:
    near = [
        (abs(row.source_us - at_us), row.value)
        for row in rows.rows()
        if not row.quality.is_bad and abs(row.source_us - at_us) <= _SPEED_REACH_US
    ]
    return min(near)[1] if near else None


def _in_history(reader: HistoryReader, key: int, at_us: int) -> float | None:
    series = reader.series(key, start_us=at_us - _SPEED_REACH_US, end_us=at_us + _SPEED_REACH_US)
    usable = (series.quality & CLASS_MASK) != QualityClass.BAD
    near: Sequence[tuple[int, float]] = [
        (abs(time_us - at_us), value)
        for time_us, value in zip(series.time_us[usable].tolist(), series.value[usable].tolist(), strict=True)
    ]
    return min(near)[1] if near else None


def _identity(content: FileContent, waveform: Waveform, number: int) -> UUID:
    """Return the same id whenever the same waveform of the same file is kept."""
    name = content.digest + waveform.tag_key.to_bytes(4) + number.to_bytes(4)
    return derived_id(hashlib.sha256(name).digest(), at_ms=max(0, waveform.start_us // 1000))
