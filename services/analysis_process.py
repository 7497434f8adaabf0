"""Entry of the analysis process. Imports what is heavy only inside that process."""

import queue
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path

from domain.condition.alarms import AlarmRule
from domain.condition.baseline import RobustBaseline
from domain.plant.plant import Plant
from services.analysis_records import AnalysisRecord, KeepIntervals

MOST_MEMORY = 2 << 30
"""Bytes that analysis may take beyond what its libraries need."""

STEP_S = 0.05
ORPHANED_AFTER_S = 10.0


@dataclass(frozen=True)
class AnalysisOrder:
    """Everything the process needs to know at its start."""

    folder: Path
    epoch: int
    plant: Plant
    rules: tuple[AlarmRule, ...]
    baselines: Mapping[int, RobustBaseline]
    intervals: KeepIntervals


def bound_memory(more: int) -> None:
    """Let this process take so many bytes more and no further: an allocation beyond fails in it alone [F52].

    Only where the system can do so; elsewhere the machine's memory is the bound.
    """
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def run_analysis(order: AnalysisOrder, results: "Queue[AnalysisRecord]") -> None:
    """Analyse until the stop flag is up, the collector is gone or another epoch began."""
    from acquisition.shared_memory.ring_buffer import WaveformRing
    from acquisition.shared_memory.segments import ControlSegment
    from acquisition.shared_memory.spectrum_board import SpectrumBoard
    from acquisition.shared_memory.value_table import ValueTable
    from services.analysis import AnalysisWorker
    from services.clock import SystemClock
    from services.condition import HealthAssessor

    bound_memory(MOST_MEMORY)
    control = ControlSegment.open(order.folder)
    worker = AnalysisWorker(
        order.plant,
        values=ValueTable.open(order.folder),
        waveforms=WaveformRing.open(order.folder),
        spectra=SpectrumBoard.open(order.folder, writable=True),
        assessor=HealthAssessor(order.plant, order.rules, order.baselines),
        baselines=order.baselines,
        intervals=order.intervals,
        clock=SystemClock(),
    )
    while not control.is_stop_requested and control.get("epoch") == order.epoch:
        if control.age_s("collector_beat_ns") > ORPHANED_AFTER_S:
            return
        control.beat("analysis_beat_ns")
        started_s = time.monotonic()
        for record in worker.step():
            try:
                results.put_nowait(record)
            except queue.Full:
                control.set("analysis_dropped", control.get("analysis_dropped") + 1)
        time.sleep(max(0.005, STEP_S - (time.monotonic() - started_s)))
