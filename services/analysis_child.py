"""The analysis process as the collector sees it: started, watched, started again, its results taken."""

import logging
import multiprocessing
import queue
import time
from collections.abc import Iterator, Sequence
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue

from acquisition.shared_memory.segments import ControlSegment
from domain.condition.alarms import AlarmRule
from domain.plant.plant import Plant
from services.analysis_process import AnalysisOrder, run_analysis
from services.analysis_records import AnalysisRecord, KeepIntervals
from services.baselines import load_baselines
from storage.store import Store

_log = logging.getLogger(__name__)

HUNG_S = 8.0
"""A round that takes longer runs away."""

START_S = 20.0
"""A fresh process imports its libraries first."""

RESULTS_LIMIT = 2000
JOIN_S = 2.0


class AnalysisChild:
    """One child process at a time; what it did not deliver when it died is analysed anew from the rings."""

    def __init__(
        self,
        store: Store,
        control: ControlSegment,
        plant: Plant,
        rules: Sequence[AlarmRule],
        *,
        epoch: int,
    ) -> None:
        self._store = store
        self._control = control
        self._plant = plant
        self._rules = tuple(rules)
        self._epoch = epoch
        self._process: SpawnProcess | None = None
        self._started_ns = 0
        self._results: Queue[AnalysisRecord] | None = None

    def start(self) -> None:
        """Spawn the process with the baselines of this moment."""
        context = multiprocessing.get_context("spawn")
        self._results = context.Queue(maxsize=RESULTS_LIMIT)
        order = AnalysisOrder(
            self._store.folder.root,
            self._epoch,
            self._plant,
            self._rules,
            load_baselines(self._store, self._plant),
            self._keep_intervals(),
        )
        self._control.set("analysis_beat_ns", started_ns := time.monotonic_ns())
        self._started_ns = started_ns
        self._process = context.Process(
            target=run_analysis, args=(order, self._results), name="analysis", daemon=True
        )
        self._process.start()

    def keep_alive(self) -> None:
        """Start the process again when it died or runs away [F52]."""
        if self._process is None or self._is_well(self._process):
            return
        _log.error("the analysis process died or hung and is started again")
        self._end(self._process)
        self.start()

    def records(self) -> Iterator[AnalysisRecord]:
        """Yield what has come, without waiting."""
        while self._results is not None:
            try:
                yield self._results.get_nowait()
            except queue.Empty:
                return

    def close(self) -> None:
        """Wait for its end, which the stop flag asked for; kill it when it does not come."""
        if self._process is not None:
            self._process.join(JOIN_S)
            self._end(self._process)
        if self._results is not None:
            self._results.cancel_join_thread()
            self._results.close()

    def _is_well(self, process: SpawnProcess) -> bool:
        is_starting = self._control.get("analysis_beat_ns") == self._started_ns
        limit_s = START_S if is_starting else HUNG_S
        return process.is_alive() and self._control.age_s("analysis_beat_ns") < limit_s

    def _end(self, process: SpawnProcess) -> None:
        process.kill()
        process.join(JOIN_S)

    def _keep_intervals(self) -> KeepIntervals:
        standard = KeepIntervals()
        spectra_s = self._store.plant.setting("keep_spectra_s", standard.spectra_s)
        waveforms_s = self._store.plant.setting("keep_waveforms_s", standard.waveforms_s)
        return KeepIntervals(float(str(spectra_s)), float(str(waveforms_s)))
