"""An analysis that runs away ends alone: it hangs, it crashes, it eats memory [F52]."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquisition.shared_memory.mapped import new_epoch
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.plant import Plant
from services import analysis_child
from services.analysis_child import AnalysisChild
from services.clock import SystemClock
from storage.store import open_store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stops a process by signal")


class Running:
    """The parent's side of a real analysis process."""

    def __init__(self, folder: Path) -> None:
        epoch = new_epoch()
        self.control = ControlSegment.create(folder)
        self.control.set("epoch", epoch)
        self._store = open_store(folder, role="tool", clock=SystemClock())
        self._rings = (
            ValueTable.create(folder, [], epoch=epoch),
            WaveformRing.create(folder, [], epoch=epoch),
            SpectrumBoard.create(folder, [], max_lines=16, epoch=epoch),
        )
        self.child = AnalysisChild(self._store, self.control, Plant(), (), epoch=epoch)
        self.child.start()

    @property
    def pid(self) -> int:
        assert self.child._process is not None
        assert self.child._process.pid is not None
        return self.child._process.pid

    def until(self, condition: Callable[[], bool], *, within_s: float) -> float:
        """Let the collector's second go by until something holds; return how long it took."""
        begun_s = time.monotonic()
        while not condition():
            assert time.monotonic() - begun_s < within_s
            self.control.beat("collector_beat_ns")
            self.child.keep_alive()
            time.sleep(0.05)
        return time.monotonic() - begun_s

    def works(self) -> bool:
        return self.control.get("analysis_beat_ns") > self.child._started_ns

    def close(self) -> None:
        self.control.request_stop()
        self.child.close()
        self._store.close()
        for each in (*self._rings, self.control):
            each.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    made.until(made.works, within_s=15)
    yield made
    made.close()


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV])
def test_f52_a_process_that_hangs_or_crashes_is_replaced(running: Running, fault: int) -> None:
    """An endless loop looks like a stopped process: it does not beat. The limit itself is 8 s."""
    assert analysis_child.HUNG_S <= 10
    first = running.pid
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis_child, "HUNG_S", 1.0)
        os.kill(first, fault)
        running.until(lambda: running.pid != first, within_s=5)
    running.until(running.works, within_s=15)


def test_f52_four_gigabytes_are_refused_to_analysis_alone() -> None:
    program = (
        "import numpy, scipy.fft\n"
        "from services.analysis_process import MOST_MEMORY, bound_memory\n"
        "bound_memory(MOST_MEMORY)\n"
        "scipy.fft.rfft(numpy.ones(1 << 20, numpy.float32), workers=1)\n"
        "try:\n    numpy.empty(4 << 30, numpy.uint8)\n"
        "except MemoryError:\n    print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "refused\n", done.stderr
