"""The real window over a plant of 10,000 tags at 1 Hz and 8 spectra of 16 k lines at 5 Hz [F51].

``window [--for SECONDS]`` stays so long on each screen. A process of its own writes the shared memory that a
collector writes, with the same classes; this one runs the window as people do, offscreen, and watches its
event loop with a timer of 20 ms (T-22). Told are the share of a core and the 99th percentile and longest gap
of the loop; the limit is the same screen of the same plant while nothing is fed. Goals: <= 60 % of a core,
p99 <= 50 ms.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer

from acquisition.shared_memory.mapped import new_epoch
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.plant.readings import SampleBlock, reading_batch
from domain.plant.signals import Spectrum, SpectrumKind
from domain.plant.tags import CaptureSchedule, Tag, TagKind
from services.access import program_actor
from services.clock import SystemClock
from storage.store import open_store
from tests.benchmarks._figures import tell

TAGS, MACHINES, CHANNELS, LINES = 10_000, 50, 8, 16_384
RATE_HZ, SPECTRA_HZ = 25_600.0, 5
TIMER_MS, WARM_UP_S, ATTACH_LIMIT_S = 20, 3.0, 30.0


def main(arguments: list[str]) -> int:
    """Measure every screen quiet, then fed."""
    parser = argparse.ArgumentParser(prog="window", description=__doc__)
    parser.add_argument("--for", dest="for_s", type=float, default=20.0)
    parser.add_argument("--feed", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.feed:
        _feed(Path(options.feed))
        return 0
    with tempfile.TemporaryDirectory(prefix="jidoka-window-") as place:
        folder = Path(place)
        plant = _plant()
        with closing(open_store(folder, role="tool", clock=SystemClock())) as store:
            with store.unit_of_work(program_actor("benchmark")) as work:
                work.plant.import_plant(plant)
        _measure(folder, _screens(plant), options.for_s)
    return 0


def _plant() -> Plant:
    site = Asset(new_id(), None, AssetKind.SITE, "Works", "W")
    lines = [Asset(new_id(), site.id, AssetKind.LINE, f"Line {n}", f"L{n}") for n in range(5)]
    machines = [
        Asset(new_id(), lines[n % 5].id, AssetKind.MACHINE, f"Machine {n}", f"M{n}") for n in range(MACHINES)
    ]
    tags = [
        Tag(new_id(), key, f"M{key % MACHINES}.{key}", f"Value {key}", TagKind.MEASURED, "degC",
            machines[key % MACHINES].id, low=0.0, high=100.0)
        for key in range(1, TAGS + 1)
    ]  # fmt: skip
    points = []
    for number in range(CHANNELS):
        key, machine = TAGS + 1 + number, machines[number]
        point = MeasurementPoint(new_id(), machine.id, "Drive end", Technique.VIBRATION, waveform_tag_key=key)
        capture = CaptureSchedule(0.2, 2 * LINES, is_streaming=True)
        tags.append(
            Tag(new_id(), key, f"M{number}.wave", "Vibration", TagKind.WAVEFORM, "g", machine.id,
                point_id=point.id, sampling_rate_hz=RATE_HZ, capture=capture)
        )  # fmt: skip
        points.append(point)
    return Plant((site, *lines, *machines), tuple(points), tuple(tags), site_name="Works")


def _screens(plant: Plant) -> dict[str, str]:
    """Return the address of each screen that is measured."""
    keys = ",".join(str(key) for key in range(1, 9))
    machine = plant.machine_of(plant.points[0].asset_id)
    return {
        "overview": "overview",
        "alarms": "alarms",
        "asset": f"asset/{machine.id}",
        "trends of 8 tags": f"trends/{keys}",
        "analysis": f"analysis/{plant.points[0].id}",
    }


# ---- what a collector writes


def _feed(folder: Path) -> None:
    """Write values and spectra at their pace until the input is closed."""
    keys, waves = np.arange(1, TAGS + 1, dtype=np.int32), list(range(TAGS + 1, TAGS + 1 + CHANNELS))
    epoch, random = new_epoch(), np.random.default_rng(1)
    values = ValueTable.create(folder, [*keys.tolist(), *waves], epoch=epoch)
    ring = WaveformRing.create(folder, [(key, RATE_HZ, 8 * LINES) for key in waves], epoch=epoch)
    board = SpectrumBoard.create(folder, waves, max_lines=LINES + 1, epoch=epoch)
    control = ControlSegment.create(folder)
    control.set("epoch", epoch)
    print("ready", flush=True)
    shapes = random.normal(size=(16, 2 * LINES)).astype(np.float32)
    os.set_blocking(sys.stdin.fileno(), False)
    turn = 0
    due_s = time.monotonic()
    while sys.stdin.buffer.read() != b"":
        now_us = time.time_ns() // 1000
        part = keys[turn % SPECTRA_HZ :: SPECTRA_HZ]
        value = 50 + 10 * np.sin(turn / 50 + part)
        values.write(
            reading_batch(part, value, quality=0, source_us=now_us, receive_us=now_us, sequence=turn)
        )
        samples = round(RATE_HZ / SPECTRA_HZ)
        for number, key in enumerate(waves):
            shape = shapes[(turn + number) % 16]
            ring.write(SampleBlock(key, shape[:samples], RATE_HZ, now_us, now_us, turn * samples, 0))
            for kind in SpectrumKind:
                spectrum = Spectrum(np.abs(shape[:LINES]), RATE_HZ / 2 / LINES, "g")
                board.write(key, kind, spectrum, start_us=now_us, quality=0)
        values.beat()
        control.beat("collector_beat_ns")
        turn += 1
        due_s += 1 / SPECTRA_HZ
        time.sleep(max(0.0, due_s - time.monotonic()))
    for each in (values, ring, board, control):
        each.close()


@contextmanager
def _fed(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.benchmarks", "window", "--feed", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"ready"
        try:
            yield
        finally:
            child.stdin.close()
            child.wait(timeout=10)


# ---- the window


def _measure(folder: Path, screens: dict[str, str], for_s: float) -> None:
    from ui.app import create_application
    from ui.control_room import WindowSession

    application = create_application(["jidoka"], language="en")
    session = WindowSession(application, folder, clock=SystemClock())
    session.start(width=1920, height=1080)
    deadline_s = time.monotonic() + ATTACH_LIMIT_S
    while not session.is_attached and time.monotonic() < deadline_s:
        _run_for(0.05)
    quiet = {name: _watch(session, at, for_s) for name, at in screens.items()}
    with _fed(folder):
        fed = {name: _watch(session, at, for_s) for name, at in screens.items()}
    session.close()
    for name in screens:
        units = ("% of a core", "ms", "ms")
        figures = ("window CPU", "event loop gap p99", "event loop gap longest")
        for figure, unit, value, limit in zip(figures, units, fed[name], quiet[name], strict=True):
            tell(f"{figure}, {name}", value, unit, limit=limit, limit_name="the same screen, nothing fed")


def _watch(session: object, address: str, for_s: float) -> tuple[float, float, float]:
    """Return CPU (% of a core), 99th percentile and longest gap of the event loop (ms beyond the timer)."""
    session.room.window.navigator.go(address)  # type: ignore[attr-defined]
    _run_for(WARM_UP_S)
    moments: list[float] = []
    timer = QTimer()
    timer.setInterval(TIMER_MS)
    timer.timeout.connect(lambda: moments.append(time.perf_counter()))
    timer.start()
    cpu_s, begun_s = time.process_time(), time.perf_counter()
    _run_for(for_s)
    share = 100 * (time.process_time() - cpu_s) / (time.perf_counter() - begun_s)
    timer.stop()
    gaps = 1e3 * np.diff(moments) - TIMER_MS
    return share, float(np.percentile(gaps, 99)), float(gaps.max())


def _run_for(seconds: float) -> None:
    """Run the event loop; quitting the application instead would close its windows."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
