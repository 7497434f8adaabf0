"""What a collector tells of itself each second: counts, losses, queues, problems; to files and other PCs."""

import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from acquisition.hub import TagHub
from acquisition.shared_memory.segments import ControlSegment
from domain.errors import DatabaseUnreachable, StorageError
from domain.instants import Clock
from domain.plant.plant import Plant
from domain.ports import ConnectionStatus, WaveformStore
from services.certificate_watch import ExpiryWatch
from services.disk import DiskGuard, DiskWatch
from services.durable_queue import DurableQueue
from services.housekeeping import Housekeeping
from services.link_losses import lost_here
from services.recording import Recorder, WriterLane
from services.status import FILE_NAME, SHARED_NAME, SystemStatus, program_versions, resident_mb, write_status
from storage.disk_reserve import DiskReserve
from storage.history.historian import Historian
from storage.store import Store

_log = logging.getLogger(__name__)

HUNG_AFTER_S: Final = 10.0
"""Nothing that the writer lane does takes so long while the database answers."""

HUNG: Final = "one write takes longer than ten seconds; readings wait in memory until it is done"


@dataclass(frozen=True)
class Parts:
    """The parts of a collector that its status tells of; ``queues`` by the name that people read."""

    plant: Plant
    hub: TagHub
    recorder: Recorder
    lane: WriterLane
    history: Historian
    housekeeping: Housekeeping
    queues: Mapping[str, DurableQueue]
    kept: WaveformStore
    control: ControlSegment


class CollectorStatus:
    """Composes the status and writes its files in a thread of its own, so that a hung database is told too.

    ``look`` belongs to the writer lane.
    """

    def __init__(self, store: Store, parts: Parts, *, files: tuple[Path, ...], clock: Clock) -> None:
        """``files`` are written besides the one in the data folder."""
        self._store = store
        self._parts = parts
        self._files = (store.folder.runtime / FILE_NAME, *files)
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._keys = np.array([tag.key for tag in parts.plant.tags if not tag.is_waveform], dtype=np.int32)
        self._versions = program_versions(
            sqlite=store.report.sqlite_version, server=store.report.server_version
        )
        self._disk = DiskWatch(store.folder.root, clock=clock)
        self._guard = DiskGuard(self._disk, DiskReserve(store.folder), clock=clock)
        self._certificates = ExpiryWatch(store.folder.pki, clock=clock)
        self._board = store.open_status_board()
        self._teller = WriterLane("status")
        self._last: SystemStatus | None = None
        self._alarms_active = self._alarms_unacknowledged = 0
        self.database_problem = ""
        """Why the database did not do its work at the last try, nothing when it did."""

    @property
    def uptime_s(self) -> float:
        """Seconds since this collector was built."""
        return self._clock.monotonic_s() - self._started_s

    @property
    def is_disk_short(self) -> bool:
        """Whether the disk of this PC needs room soon."""
        return self._disk.is_short

    def look(self) -> None:
        """Look at disk, certificates and stored alarms; StorageError when the database is away."""
        self._disk.look()
        self._guard.look()
        self._certificates.look()
        alarms = self._store.alarms.listed()
        self._alarms_active = len(alarms)
        self._alarms_unacknowledged = sum(alarm.needs_acknowledgement for alarm in alarms)

    def drops(self, links: Iterable[ConnectionStatus]) -> dict[str, int]:
        """Return what this program lost, by cause; what a device never sent is told with its link."""
        parts = self._parts
        queues = [queue.losses for queue in parts.queues.values()]
        lanes = (parts.lane.losses, self._teller.losses)
        counters = (parts.recorder.losses, parts.hub.losses, *lanes, *queues)
        sources: list[Mapping[str, int]] = [counter.by_cause for counter in counters]
        for link in links:
            sources.append(lost_here(link))
        analysis = parts.control.get("analysis_dropped")
        if analysis:
            sources.append({"analysis_results": analysis})
        total: dict[str, int] = {}
        for source in sources:
            for cause, count in source.items():
                total[cause] = total.get(cause, 0) + count
        return total

    def tell(self, links: tuple[ConnectionStatus, ...], *, loop_lag_s: float) -> None:
        """Write the status of this moment into its files soon, and to other PCs when the lane is free."""
        self._last = self._composed(links, loop_lag_s=loop_lag_s)
        self._teller.submit_once(self._write, cause="status_file")
        if self._board is not None:
            self._parts.lane.submit_once(self._share, cause="status_board")

    def _composed(self, links: tuple[ConnectionStatus, ...], *, loop_lag_s: float) -> SystemStatus:
        parts, recorder = self._parts, self._parts.recorder
        good, bad = parts.hub.count_by_grade(self._keys)
        drops = self.drops(links)
        return SystemStatus(
            written_us=self._clock.now_us(),
            uptime_s=self.uptime_s,
            versions=self._versions,
            connections=links,
            tags_good=good,
            tags_bad=bad,
            samples_received=recorder.samples_received,
            samples_stored=recorder.samples_stored,
            samples_pending=recorder.samples_pending,
            samples_dropped=sum(drops.values()),
            drops=drops,
            waveform_samples_received=parts.hub.samples_received,
            alarms_active=self._alarms_active,
            alarms_unacknowledged=self._alarms_unacknowledged,
            last_commit_age_s=recorder.last_commit_age_s,
            rss_mb=round(resident_mb(), 1),
            is_simulated=any(connection.is_simulated for connection in parts.plant.connections),
            restarts=parts.control.get("restarts"),
            problems=self._problems(),
            queues={name: len(queue) for name, queue in parts.queues.items()}
            | {"waveforms": parts.kept.waiting_rows},
            queues_most={name: queue.most for name, queue in parts.queues.items()},
            samples_thinned=recorder.samples_thinned,
            samples_waiting=parts.history.waiting_samples,
            disk_hours_left=self._disk_hours_left(),
            is_on_server=self._store.is_shared,
            loop_lag_ms=round(1000 * loop_lag_s, 2),
            certificates=self._certificates.warnings,
            is_clock_suspect=parts.history.is_clock_suspect,
        )

    def _disk_hours_left(self) -> float | None:
        """Return how long the disk of this PC lasts, None while the plant grows on the disk of its server."""
        parts = self._parts
        waits_here = parts.history.waiting_samples or parts.kept.waiting_rows
        grows_elsewhere = self._store.is_shared and not waits_here
        return None if grows_elsewhere else self._disk.hours_left

    def _problems(self) -> tuple[str, ...]:
        """Return what a person should know, each once."""
        hung = HUNG if self._parts.lane.busy_s > HUNG_AFTER_S else ""
        waiting = (queue.problem for queue in self._parts.queues.values())
        found = (self._guard.problem, self.database_problem, hung, *waiting)
        return tuple(dict.fromkeys((*self._parts.housekeeping.problems, *filter(None, found))))

    def _write(self) -> None:
        """Write the newest status; for the thread that tells."""
        if self._last is not None:
            for path in self._files:
                write_status(path, self._last)

    def _share(self) -> None:
        """Show the newest status to other PCs; for the writer lane."""
        status = self._last
        if self._board is not None and status is not None:
            with contextlib.suppress(DatabaseUnreachable):  # others see by its age that it is old
                self._board.put(SHARED_NAME, status.to_text(), written_us=status.written_us)

    def write_last(self) -> None:
        """Leave a status in which everything received is stored, or says what is not; after the lane."""
        self._teller.close()
        if self._last is None:
            return
        recorder = self._parts.recorder
        self._last = replace(
            self._last,
            written_us=self._clock.now_us(),
            samples_received=recorder.samples_received,
            samples_stored=recorder.samples_stored,
            samples_pending=recorder.samples_pending,
            samples_thinned=recorder.samples_thinned,
        )
        try:
            self._write()
            self._share()
        except (OSError, StorageError) as error:
            _log.error("the last status cannot be written: %s", error)

    def close(self) -> None:
        """Close what it holds; a collector says its last word before."""
        if self._board is not None:
            self._board.close()
