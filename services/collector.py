"""The collector process: devices, quality, alarms and history in one event loop and one writer lane."""

import asyncio
import importlib
import logging
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from acquisition.blocking_calls import ThreadEach
from acquisition.driver import DriverState
from acquisition.hub import TagHub
from acquisition.shared_memory.mapped import new_epoch
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from acquisition.supervisor import AcquisitionSupervisor
from domain.errors import StorageError
from domain.identifiers import new_id
from domain.instants import Clock
from domain.plant.readings import ReadingBatch
from domain.plant.tags import ConnectionKind, Tag
from domain.ports import ConnectionStatus, WaveformWindow
from services.access import program_actor
from services.alarm_captures import alarm_samples
from services.analysis_child import AnalysisChild
from services.analysis_records import AnalysisRecord
from services.baselines import save_baselines
from services.collector_alarms import CollectorAlarms
from services.collector_status import CollectorStatus, Parts
from services.derived_tags import DerivedTags
from services.downtime import MissedValues, collected_keys, downtime_rows, last_good_values
from services.durable_queue import DurableQueue, is_passing
from services.housekeeping import Housekeeping
from services.intake import Intake
from services.recording import Recorder, WriterLane
from services.set_up.probing import with_pki
from services.set_up_watch import SetUpWatch
from storage.store import Store

_log = logging.getLogger(__name__)

RING_CAPTURES = 8
SPECTRUM_LINES = 16_385
TICK_S = 0.2
FIRST_CONNECT_S = 20.0
RECORDS_WAITING = 2_000
"""Records that wait in memory while the database is away: minutes of spectra."""

UP_STATES = frozenset({DriverState.CONNECTED.value, DriverState.DISABLED.value})


@dataclass(frozen=True)
class CollectorOptions:
    """Where the collector works and what it leaves behind."""

    folder: Path
    status_files: tuple[Path, ...] = ()


class Collector:
    """Everything that runs in the collector process. Build it, ``run`` it, and it cleans up after itself."""

    def __init__(
        self, store: Store, control: ControlSegment, options: CollectorOptions, *, clock: Clock
    ) -> None:
        self._store = store
        self._control = control
        self._options = options
        self._clock = clock
        self._actor = program_actor("collector")
        self._plant = store.plant.load()
        self._started_us = clock.now_us()
        self._epoch = new_epoch()
        self._values, self._waveforms, self._spectra = self._rings()
        self._history = store.open_history_writer()
        self._hub = TagHub(self._values, self._waveforms, texts=self._history.texts)
        self._lane = WriterLane()
        self._kept = store.open_waveforms(is_writer=True)
        self._alarms = CollectorAlarms(
            store, self._plant, self._kept, self._newest, self._lane, actor=self._actor, clock=clock
        )
        self._housekeeping = Housekeeping(
            store,
            self._history,
            self._kept,
            clock=clock,
            at_start=(
                _told("plant", store.report.problem),
                _told("history", self._history.opening.problem),
                _told("jobs", self._alarms.problem),
                _told("waveforms", self._kept.problem),
            ),
        )
        self._recorder = Recorder(self._plant, self._history, self._lane, clock=clock)
        self._intake = Intake(
            store,
            self._plant,
            self._recorder,
            self._lane,
            self._kept,
            hub=self._hub,
            actor=self._actor,
            clock=clock,
        )
        self._record_queue = DurableQueue(cause="analysis_record", limit=RECORDS_WAITING)
        self._set_up = SetUpWatch(store, clock=clock)
        self._analysis = AnalysisChild(store, control, self._plant, self._alarms.rules, epoch=self._epoch)
        self._loop_lag_s = 0.0
        self._derived = DerivedTags(self._plant)
        self._missed: MissedValues | None = None
        self._last_known: ReadingBatch | None = None
        self._status = CollectorStatus(store, self._parts(), files=options.status_files, clock=clock)

    def _parts(self) -> Parts:
        queues = {"alarms": self._alarms.queue, "analysis_records": self._record_queue}
        return Parts(
            self._plant, self._hub, self._recorder, self._lane, self._history, self._housekeeping, queues,
            self._kept, self._control,
        )  # fmt: skip

    def _rings(self) -> tuple[ValueTable, WaveformRing, SpectrumBoard]:
        folder, waves = self._options.folder, [tag for tag in self._plant.tags if tag.is_waveform]
        keys = [tag.key for tag in self._plant.tags]
        channels = [(tag.key, tag.sampling_rate_hz or 1.0, _capacity(tag)) for tag in waves]
        return (
            ValueTable.create(folder, keys, epoch=self._epoch),
            WaveformRing.create(folder, channels, epoch=self._epoch),
            SpectrumBoard.create(
                folder, [tag.key for tag in waves], max_lines=SPECTRUM_LINES, epoch=self._epoch
            ),
        )

    async def run(self) -> bool:
        """Serve until the stop flag is up or the set-up has changed; then flush and clean up.

        Returns whether a new collector is to be built for another set-up.
        """
        asyncio.get_running_loop().set_default_executor(ThreadEach())  # no call that hangs delays the end
        if self._store.report.sqlite_needs_write_lock:
            _log.info("SQLite %s: the write lock guards its checkpoints", self._store.report.sqlite_version)
        self._control.set("epoch", self._epoch)
        self._control.set("collector_pid", os.getpid())
        self._hub.on_batch(self._recorder.take)
        self._hub.on_past(self._recorder.take)
        self._hub.on_batch(self._alarms.take_values)
        self._hub.on_batch(self._count_missed)
        self._hub.on_past(self._count_found)
        quick, slow = self._sources(is_slow=False), self._sources(is_slow=True)
        self._beat()
        await asyncio.wrap_future(self._lane.submit(self._mark_downtime, cause="downtime_mark"))
        if self._last_known is not None:
            quick.resume(self._last_known)
            slow.resume(self._last_known)
        quick.start()
        await asyncio.to_thread(importlib.import_module, "acquisition.drivers.opcua.driver")
        slow.start()
        self._analysis.start()
        copying = asyncio.create_task(self._intake.run())
        try:
            await self._serve((quick, slow))
        finally:
            copying.cancel()
            await asyncio.gather(copying, return_exceptions=True)
            await asyncio.gather(quick.stop(), slow.stop())
            self._publish_results()
            self._control.set("epoch", 0)  # the analysis process need not wait for the stop flag
            await asyncio.get_running_loop().run_in_executor(None, self._close)
        return not self._control.is_stop_requested

    def _mark_downtime(self) -> None:
        """Leave a trace of the time in which nobody collected; after a crash, count what it cost."""
        reader = self._store.open_history_reader()
        try:
            last = reader.last_values(collected_keys(self._plant))
            self._last_known = last_good_values(reader, last)
            self._intake.restore(reader)
        finally:
            reader.close()
        if self._control.get("restarts") or self._store.term.took_over:
            self._missed = MissedValues(self._plant, last)
        rows = downtime_rows(self._plant, last, started_us=self._started_us)
        if rows is not None:
            self._recorder.take(rows)

    def _sources(self, *, is_slow: bool) -> AcquisitionSupervisor:
        """Return the supervisor of the links whose driver library is slow to import, or of the others."""
        return AcquisitionSupervisor(
            [
                with_pki(connection, self._store.folder.pki)
                for connection in self._plant.connections
                if (connection.kind is ConnectionKind.OPCUA) is is_slow
            ],
            self._plant.tags,
            self._hub,
            clock=self._clock,
            drivers=self._intake.entry,
            chance=random.Random(),
        )

    async def _serve(self, sources: Sequence[AcquisitionSupervisor]) -> None:
        next_second = self._clock.monotonic_s()
        while not self._control.is_stop_requested and not self._set_up.is_outdated:
            due_s = self._clock.monotonic_s() + TICK_S
            await asyncio.sleep(TICK_S)
            self._loop_lag_s = max(self._clock.monotonic_s() - due_s, 0.8 * self._loop_lag_s)
            self._beat()
            self._publish_results()
            self._alarms.tick()
            if self._clock.monotonic_s() >= next_second:
                next_second += 1.0
                self._each_second(sources)

    def _beat(self) -> None:
        self._control.beat("collector_beat_ns")
        self._values.beat()

    def _each_second(self, sources: Sequence[AcquisitionSupervisor]) -> None:
        _ = self._store.term  # LeaseLost ends this collector: another one polls now
        statuses = tuple(status for source in sources for status in source.statuses())
        for status in statuses:
            is_up = status.state in UP_STATES or self._is_first_connect(status)
            self._alarms.take_link(status, is_up=is_up)
        self._alarms.take_drops(sum(self._status.drops(statuses).values()))
        self._alarms.take_disk(is_short=self._status.is_disk_short)
        now_us, now_s = self._clock.now_us(), self._clock.monotonic_s()
        stale = self._derived.newly_stale(self._values, now_us=now_us, now_s=now_s)
        if stale is not None:
            self._hub.publish(stale)
        self._recorder.commit_soon()
        self._lane.submit_once(self._maintain, cause="history_maintenance")
        self._status.tell(statuses, loop_lag_s=self._loop_lag_s)
        self._analysis.keep_alive()

    def _is_first_connect(self, status: ConnectionStatus) -> bool:
        """Say whether a link may still be on its way up: devices and this PC often start together."""
        return status.last_value_age_s is None and self._status.uptime_s < FIRST_CONNECT_S

    def _maintain(self) -> None:
        """Do what is due every second besides committing; a database that is away is told, not counted."""
        try:
            self._status.look()
            self._set_up.look()
            self._housekeeping.run()
        except StorageError as error:
            if not is_passing(error):
                raise
            self._status.database_problem = str(error)
        else:
            self._status.database_problem = ""

    def _count_missed(self, batch: ReadingBatch) -> None:
        missed = 0 if self._missed is None else self._missed.take(batch)
        if missed:
            self._recorder.losses.add("collector_down", missed)

    def _count_found(self, batch: ReadingBatch) -> None:
        """Take back what was counted as missed and then turned up in a device's memory."""
        found = 0 if self._missed is None else self._missed.give_back(batch)
        if found:
            self._recorder.losses.add("collector_down", -found)

    def _newest(self, tag_key: int, length: int) -> WaveformWindow | None:
        return self._waveforms.newest(tag_key, length=length)

    def _publish_results(self) -> None:
        for record in self._analysis.records():
            self._hub.publish(record.values)
            if record.spectra or record.waveform is not None or record.learned:
                identity = None if record.waveform is None else new_id()
                self._record_queue.put(partial(self._keep, record, identity))
        if len(self._record_queue):
            self._lane.submit_once(self._record_queue.run, cause="analysis_record")

    def _keep(self, record: AnalysisRecord, identity: UUID | None) -> None:
        if record.spectra:
            self._kept.keep_spectra(record.spectra)
        if record.waveform is not None:
            self._kept.keep(record.waveform, reason="schedule", identity=identity)
        if record.learned:
            with self._store.unit_of_work(self._actor) as work:
                save_baselines(work, self._plant, record.learned)

    def _close(self) -> None:
        """Flush and end; the store goes on when another collector is built for a changed set-up."""
        if self._control.is_stop_requested or not self._set_up.is_outdated:
            self._store.hurry()
        self._analysis.close()
        self._alarms.finish()
        self._lane.submit(self._record_queue.run, cause="analysis_record")
        self._lane.close()
        self._recorder.finish()
        self._alarms.close()
        self._status.write_last()
        self._history.close()
        self._kept.close()
        self._status.close()
        for mapped in (self._values, self._waveforms, self._spectra):
            mapped.close()


def _told(database: str, problem: str) -> str:
    """Return what to tell about a database that was set aside at the start, nothing when all was well."""
    return f"the {database} database was set aside at the start: {problem}" if problem else ""


def _capacity(tag: Tag) -> int:
    """Return the samples that a channel's ring holds: captures in advance, and what an alarm looks back."""
    if tag.capture is None:
        return 2 * 32_768
    plain = tag.capture.length * (RING_CAPTURES if tag.capture.is_streaming else 2)
    return max(plain, 2 * alarm_samples(tag.capture, tag.sampling_rate_hz or 1.0))
