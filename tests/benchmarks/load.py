"""The window under load: 8 spectra and 16 trends at 60 Hz while 64 channels of 25.6 kHz arrive.

The driver process reads OPC UA arrays of 2,560 floats at 10 Hz and a 10 ms Modbus poll, and writes the rings;
this process takes samples from the rings for every frame. The limit is the same page without that load.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import SegmentMissing
from tests.benchmarks._figures import tell
from tests.benchmarks.frames import page_of, pane_of
from ui.theme import application_theme

FRAME_S, MEASURED_S, READY_LIMIT_S = 1 / 60, 12.0, 30.0
SPECTRUM_LINES, TREND_COLUMNS = 3_200, 2_000


def main(arguments: list[str]) -> int:
    """Measure the page alone, then beside the driver process."""
    application = QApplication.instance() or QApplication([])
    assert application is not None
    application_theme()
    with tempfile.TemporaryDirectory() as place:
        alone = _frames(lambda frame: np.random.default_rng(frame % 8).normal(size=SPECTRUM_LINES))
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.ingest", "--rings", place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            ring = _opened(Path(place))
            beside = _frames(lambda frame: _samples(ring, frame))
            ring.close()
        finally:
            told, _ = child.communicate(timeout=READY_LIMIT_S)
    _tell_frames(alone, beside)
    for line in told.decode().splitlines():
        figure = json.loads(line)
        tell(
            figure["name"], figure["value"], figure["unit"],
            limit=figure["limit"], limit_name=figure["limit_name"],
        )  # fmt: skip
    return 0


def _opened(folder: Path) -> WaveformRing:
    deadline_s = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < deadline_s:
        try:
            ring = WaveformRing.open(folder)
            if all(ring.write_index(key) > 0 for key in ring.tag_keys):
                return ring
            ring.close()
        except SegmentMissing:
            pass
        time.sleep(0.1)
    raise TimeoutError("the driver process brought no samples")


def _samples(ring: WaveformRing, frame: int) -> np.ndarray:
    window = ring.newest(ring.tag_keys[frame % 64], length=SPECTRUM_LINES)
    assert window is not None
    return window.samples


def _frames(samples: Callable[[int], np.ndarray]) -> dict[str, np.ndarray]:
    """Return CPU per frame, time per frame and intervals between frames, in milliseconds."""
    spectra = [pane_of(SPECTRUM_LINES) for _ in range(8)]
    trends = [pane_of(TREND_COLUMNS) for _ in range(16)]
    page = page_of([pane for pane, _ in spectra + trends], 6)
    x, cpu, wall, starts = np.arange(float(TREND_COLUMNS)), [], [], []
    due_s = time.monotonic()
    for frame in range(round(MEASURED_S / FRAME_S)):
        due_s = max(due_s + FRAME_S, time.monotonic() - FRAME_S)
        time.sleep(max(0.0, due_s - time.monotonic()))
        starts.append(time.perf_counter())
        before = time.process_time()
        _draw(page, spectra, trends, x, samples, frame)
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - starts[-1])
    page.close()
    settled = slice(60, None)
    return {
        "cpu": 1e3 * np.array(cpu)[settled],
        "wall": 1e3 * np.array(wall)[settled],
        "interval": 1e3 * np.diff(starts)[settled],
    }


def _draw(
    page: QWidget,
    spectra: list[tuple[Any, Any]],
    trends: list[tuple[Any, Any]],
    x: np.ndarray,
    samples: Callable[[int], np.ndarray],
    frame: int,
) -> None:
    for place, (pane, curve) in enumerate(spectra):
        curve.set_samples(samples(8 * frame + place))
        pane.redraw()
    for place, (pane, curve) in enumerate(trends):
        low = samples(frame + place)[:TREND_COLUMNS].astype(float)
        curve.set_points(x, low, low + 0.2)
        pane.redraw()
    QApplication.processEvents()


def _tell_frames(alone: dict[str, np.ndarray], beside: dict[str, np.ndarray]) -> None:
    names = {
        "cpu": "CPU of a frame",
        "wall": "time of a frame",
        "interval": "interval between frames at 60 Hz",
    }
    for key, words in names.items():
        for percent in (50, 99):
            tell(
                f"{words}, 8 spectra and 16 trends beside 64 channels, p{percent}",
                float(np.percentile(beside[key], percent)), "ms",
                limit=float(np.percentile(alone[key], percent)), limit_name="the same page without load",
            )  # fmt: skip
