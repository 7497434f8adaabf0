"""The collector process: devices, quality, alarms and history in one event loop and one writer lane."""

import asyncio
import contextlib
import importlib
import logging
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID

import numpy as np

from acquisition.driver import DriverState
from acquisition.hub import TagHub
from acquisition.shared_memory.mapped import new_epoch
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from acquisition.supervisor import AcquisitionSupervisor
from domain.condition.alarms import AlarmEvent
from domain.errors import DatabaseUnreachable, StorageError
from domain.identifiers import new_id
from domain.instants import Clock
from domain.plant.readings import ReadingBatch
from domain.plant.tags import ConnectionKind, Tag
from domain.ports import ConnectionStatus, WaveformWindow
from services.access import program_actor
from services.alarm_captures import AlarmCaptures, alarm_samples
from services.alarm_recording import AlarmRecorder, state_tags, stored_conditions
from services.alarm_watch import SAMPLES_DROPPED, AlarmWatch, ConditionChange, DropWatch
from services.analysis_child import AnalysisChild
from services.analysis_records import AnalysisRecord
from services.baselines import save_baselines
from services.certificate_watch import ExpiryWatch
from services.derived_tags import DerivedTags
from services.disk import DiskWatch
from services.downtime import MissedValues, collected_keys, downtime_rows, last_good_values
from services.durable_queue import DurableQueue, is_passing
from services.housekeeping import Housekeeping
from services.intake import Intake
from services.recording import Recorder, WriterLane
from services.set_up.probing import with_pki
from services.set_up_watch import SetUpWatch
from services.status import FILE_NAME, SHARED_NAME, SystemStatus, program_versions, resident_mb, write_status
from storage.store import Store

_log = logging.getLogger(__name__)

RING_CAPTURES = 8
SPECTRUM_LINES = 16_385
TICK_S = 0.2
FIRST_CONNECT_S = 20.0
ALARMS_WAITING = 50_000
RECORDS_WAITING = 2_000
"""Jobs that wait in memory while the database is away: hours of alarms, minutes of spectra."""

OWN_LINK_LOSSES = frozenset({"queue_overflow", "scan_overrun"})
"""Losses of a link that are ours: we were too slow. The others are the device's or the wire's."""

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
        self._rules = store.alarm_rules.all()
        self._started_s, self._started_us = clock.monotonic_s(), clock.now_us()
        self._epoch = new_epoch()
        self._tags = np.array([tag.key for tag in self._plant.tags if not tag.is_waveform], dtype=np.int32)
        self._values, self._waveforms, self._spectra = self._rings()
        self._history = store.open_history_writer()
        self._hub = TagHub(self._values, self._waveforms, texts=self._history.texts)
        self._lane = WriterLane()
        self._kept = store.open_waveforms(is_writer=True)
        self._housekeeping = Housekeeping(
            store,
            self._history,
            self._kept,
            clock=clock,
            at_start=(_told("plant", store.report.problem), _told("history", self._history.opening.problem)),
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
        self._alarms = AlarmRecorder(store, self._kept, actor=self._actor)
        self._captures = AlarmCaptures(self._plant, self._newest)
        self._alarm_queue = DurableQueue(cause="alarm", limit=ALARMS_WAITING)
        self._record_queue = DurableQueue(cause="analysis_record", limit=RECORDS_WAITING)
        self._disk = DiskWatch(options.folder, clock=clock)
        self._set_up = SetUpWatch(store, clock=clock)
        self._watch = AlarmWatch(
            self._rules,
            conditions=stored_conditions(store),
            state_tag_of=state_tags(self._plant, self._rules),
        )
        self._analysis = AnalysisChild(store, control, self._plant, self._rules, epoch=self._epoch)
        self._loop_lag_s = 0.0
        self._active_alarms = (0, 0)
        self._versions = program_versions(sqlite=store.report.sqlite_version)
        self._derived = DerivedTags(self._plant)
        self._drop_watch = DropWatch()
        self._certificates = ExpiryWatch(store.folder.pki, clock=clock)
        self._missed: MissedValues | None = None
        self._last_known: ReadingBatch | None = None
        self._last_status: SystemStatus | None = None
        self._board = store.open_status_board()
        self._database_problem = ""

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
        if self._store.report.sqlite_needs_write_lock:
            _log.info("SQLite %s: the write lock guards its checkpoints", self._store.report.sqlite_version)
        self._control.set("epoch", self._epoch)
        self._control.set("collector_pid", os.getpid())
        self._hub.on_batch(self._recorder.take)
        self._hub.on_past(self._recorder.take)
        self._hub.on_batch(self._watch_values)
        self._hub.on_batch(self._count_missed)
        self._hub.on_past(self._count_found)
        quick, slow = self._sources(is_slow=False), self._sources(is_slow=True)
        self._beat()
        await asyncio.wrap_future(self._lane.submit(self._mark_downtime, cause="downtime_mark"))
        if self._last_known is not None:
            quick.resume(self._last_known)
            slow.resume(self._last_known)
        quick.start()
        await asyncio.to_thread(importlib.import_module, "acquisition.drivers.opcua.session")
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
            self._raise(self._watch.tick(now_s=self._clock.monotonic_s()))
            for capture in self._captures.due(now_s=self._clock.monotonic_s()):
                self._alarm_queue.put(partial(self._alarms.link, capture))
            if self._clock.monotonic_s() >= next_second:
                next_second += 1.0
                self._each_second(sources)

    def _beat(self) -> None:
        self._control.beat("collector_beat_ns")
        self._values.beat()

    def _each_second(self, sources: Sequence[AcquisitionSupervisor]) -> None:
        _ = self._store.term  # LeaseLost ends this collector: another one polls now
        statuses = tuple(status for source in sources for status in source.statuses())
        now_s = self._clock.monotonic_s()
        for status in statuses:
            is_up = status.state in UP_STATES or self._is_first_connect(status)
            self._raise(self._watch.observe_connection(status.connection_id, is_up=is_up, now_s=now_s))
        is_losing = self._drop_watch.is_losing(sum(self._drops(statuses).values()), now_s=now_s)
        self._raise(self._watch.observe_system(SAMPLES_DROPPED, is_true=is_losing, now_s=now_s))
        stale = self._derived.newly_stale(self._values, now_us=self._clock.now_us(), now_s=now_s)
        if stale is not None:
            self._hub.publish(stale)
        self._recorder.commit_soon()
        self._lane.submit(self._maintain, cause="history_maintenance")
        self._last_status = report = self._status(statuses)
        self._lane.submit(lambda: self._write_status(report), cause="status_file")
        self._analysis.keep_alive()

    def _is_first_connect(self, status: ConnectionStatus) -> bool:
        """Say whether a link may still be on its way up: devices and this PC often start together."""
        uptime_s = self._clock.monotonic_s() - self._started_s
        return status.last_value_age_s is None and uptime_s < FIRST_CONNECT_S

    def _maintain(self) -> None:
        """Do what is due every second besides committing; a database that is away is told, not counted."""
        self._disk.look()
        self._certificates.look()
        try:
            self._set_up.look()
            alarms = self._store.alarms.listed()
            self._active_alarms = (len(alarms), sum(alarm.needs_acknowledgement for alarm in alarms))
            self._housekeeping.run()
        except StorageError as error:
            if not is_passing(error):
                raise
            self._database_problem = str(error)
        else:
            self._database_problem = ""

    def _count_missed(self, batch: ReadingBatch) -> None:
        missed = 0 if self._missed is None else self._missed.take(batch)
        if missed:
            self._recorder.losses.add("collector_down", missed)

    def _count_found(self, batch: ReadingBatch) -> None:
        """Take back what was counted as missed and then turned up in a device's memory."""
        found = 0 if self._missed is None else self._missed.give_back(batch)
        if found:
            self._recorder.losses.add("collector_down", -found)

    def _watch_values(self, batch: ReadingBatch) -> None:
        self._raise(self._watch.observe(batch, now_s=self._clock.monotonic_s()))

    def _raise(self, changes: Iterable[ConditionChange]) -> None:
        at_us, now_s = self._clock.now_us(), self._clock.monotonic_s()
        for change in changes:
            is_new = change.event is AlarmEvent.CONDITION_TRUE
            capture = self._captures.trigger(change.rule, now_s=now_s) if is_new else None
            self._alarm_queue.put(partial(self._alarms.record, change, at_us=at_us, capture=capture))
        if len(self._alarm_queue):
            self._lane.submit(self._alarm_queue.run, cause="alarm")

    def _newest(self, tag_key: int, length: int) -> WaveformWindow | None:
        return self._waveforms.newest(tag_key, length=length)

    def _publish_results(self) -> None:
        for record in self._analysis.records():
            self._hub.publish(record.values)
            if record.spectra or record.waveform is not None or record.learned:
                identity = None if record.waveform is None else new_id()
                self._record_queue.put(partial(self._keep, record, identity))
        if len(self._record_queue):
            self._lane.submit(self._record_queue.run, cause="analysis_record")

    def _keep(self, record: AnalysisRecord, identity: UUID | None) -> None:
        if record.spectra:
            self._kept.keep_spectra(record.spectra)
        if record.waveform is not None:
            self._kept.keep(record.waveform, reason="schedule", identity=identity)
        if record.learned:
            with self._store.unit_of_work(self._actor) as work:
                save_baselines(work, self._plant, record.learned)

    def _status(self, statuses: tuple[ConnectionStatus, ...]) -> SystemStatus:
        good, bad = self._hub.count_by_grade(self._tags)
        drops = self._drops(statuses)
        return SystemStatus(
            written_us=self._clock.now_us(),
            uptime_s=self._clock.monotonic_s() - self._started_s,
            versions=self._versions,
            connections=statuses,
            tags_good=good,
            tags_bad=bad,
            samples_received=self._recorder.samples_received,
            samples_stored=self._recorder.samples_stored,
            samples_pending=self._recorder.samples_pending,
            samples_dropped=sum(drops.values()),
            drops=drops,
            waveform_samples_received=self._hub.samples_received,
            alarms_active=self._active_alarms[0],
            alarms_unacknowledged=self._active_alarms[1],
            last_commit_age_s=self._recorder.last_commit_age_s,
            rss_mb=round(resident_mb(), 1),
            is_simulated=any(connection.is_simulated for connection in self._plant.connections),
            restarts=self._control.get("restarts"),
            problems=self._problems(),
            queues={"alarms": len(self._alarm_queue), "analysis_records": len(self._record_queue)},
            samples_thinned=self._recorder.samples_thinned,
            samples_waiting=self._history.waiting_samples,
            disk_hours_left=self._disk.hours_left,
            loop_lag_ms=round(1000 * self._loop_lag_s, 2),
            certificates=self._certificates.warnings,
            is_clock_suspect=self._history.is_clock_suspect,
        )

    def _problems(self) -> tuple[str, ...]:
        """Return what a person should know, each once."""
        found = (self._database_problem, self._alarm_queue.problem, self._record_queue.problem)
        return tuple(dict.fromkeys((*self._housekeeping.problems, *filter(None, found))))

    def _drops(self, statuses: Iterable[ConnectionStatus]) -> dict[str, int]:
        """Return what this program lost, by cause; what a device never sent is told with its link."""
        total: dict[str, int] = {}
        counters = (self._recorder, self._lane, self._hub, self._alarm_queue, self._record_queue)
        sources = [counter.losses.by_cause for counter in counters]
        for status in statuses:
            sources.append({cause: n for cause, n in status.drops.items() if cause in OWN_LINK_LOSSES})
        analysis = self._control.get("analysis_dropped")
        if analysis:
            sources.append({"analysis_results": analysis})
        for source in sources:
            for cause, count in source.items():
                total[cause] = total.get(cause, 0) + count
        return total

    def _write_status(self, status: SystemStatus) -> None:
        for path in (self._store.folder.runtime / FILE_NAME, *self._options.status_files):
            write_status(path, status)
        if self._board is not None:
            with contextlib.suppress(DatabaseUnreachable):  # others see by its age that it is old
                self._board.put(SHARED_NAME, status.to_text(), written_us=status.written_us)

    def _tell_the_end(self) -> None:
        """Leave a status in which everything received is stored, or says what is not."""
        if self._last_status is None:
            return
        recorder = self._recorder
        status = replace(
            self._last_status,
            written_us=self._clock.now_us(),
            samples_received=recorder.samples_received,
            samples_stored=recorder.samples_stored,
            samples_pending=recorder.samples_pending,
            samples_thinned=recorder.samples_thinned,
        )
        try:
            self._write_status(status)
        except (OSError, StorageError) as error:
            _log.error("the last status cannot be written: %s", error)

    def _close(self) -> None:
        self._analysis.close()
        self._lane.submit(self._alarm_queue.run, cause="alarm")
        self._lane.submit(self._record_queue.run, cause="analysis_record")
        self._lane.close()
        self._recorder.finish()
        self._tell_the_end()
        self._history.close()
        self._kept.close()
        if self._board is not None:
            self._board.close()
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
