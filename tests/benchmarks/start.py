"""How long a person waits: first window, first live value; and what the running demo costs.

Times are wall times from the start of a process, medians of five, byte code cached. A window counts from its
first paint event; a live value from the moment at which a reader of the rings sees it good.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from services.live import RingLiveSource
from tests.benchmarks._figures import tell
from tests.soak.demo_run import DemoRun, seconds_until

TIMES = 5
WARM_UP_S, MEASURED_S = 15.0, 20.0

_BARE = """
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication([])
window = QMainWindow()
"""
_OURS = """
import main
"""
_WATCHED = """
import sys, time
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QMainWindow
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched.isWindow():
            print(time.monotonic(), flush=True)
            QApplication.instance().removeEventFilter(self)
        return False
watch = Watch()
"""
_SHOW_BARE = """
application.installEventFilter(watch)
window.show()
from PySide6.QtCore import QTimer
QTimer.singleShot(300, application.quit)
application.exec()
"""
_SHOW_OURS = """
import ui.app
create = ui.app.create_application
def created(*arguments, **more):
    application = create(*arguments, **more)
    application.installEventFilter(watch)
    return application
ui.app.create_application = created
sys.exit(main.main(["app", "--data-dir", sys.argv[1], "--for", "1.5"]))
"""


def main(arguments: list[str]) -> int:
    """Run all figures on a demo plant of its own."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="jidoka-bench-") as scratch:
        demo = DemoRun(Path(scratch) / "demo", for_s=36_000)
        try:
            demo.start()
            _window(demo)
            quiet = _share(demo, WARM_UP_S)
            demo.stop()
            _first_values(demo)
            _demo_with_window(demo, quiet)
        finally:
            demo.abandon()
    return 0


def _window(demo: DemoRun) -> None:
    ours = _median(lambda: _painted_s(_WATCHED + _OURS + _SHOW_OURS, str(demo.folder)))
    bare = _median(lambda: _painted_s(_WATCHED + _BARE + _SHOW_BARE))
    tell("first window painted", 1000 * ours, "ms", limit=1000 * bare, limit_name="a bare QMainWindow")


def painted_s(folder: Path) -> float:
    """Return the seconds from the start of the program on a data folder to the paint of its window."""
    return _painted_s(_WATCHED + _OURS + _SHOW_OURS, str(folder))


def _painted_s(program: str, *arguments: str) -> float:
    begun_s = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    told = child.stdout.split()
    assert told, child.stderr
    return float(told[0]) - begun_s


def _first_values(demo: DemoRun) -> None:
    took = [_first_value_s(demo) for _ in range(TIMES)]
    imports = _median(lambda: _run_s("import numpy, sqlalchemy, pymodbus.client, asyncio"))
    name = "a process that imports numpy, sqlalchemy and pymodbus"
    tell(
        "second start of the demo to its first live value",
        float(np.median(took)),
        "s",
        limit=imports,
        limit_name=name,
    )


def _first_value_s(demo: DemoRun) -> float:
    live = RingLiveSource(demo.folder)
    keys = np.arange(1, 400)
    begun_s = time.monotonic()
    child = demo.command("demo", "--no-window", "--for", "600")
    seconds_until(
        lambda: bool(((live.values(keys).quality & 3) == 0).any()), limit_s=30, what="a value", poll_s=0.01
    )
    took_s = time.monotonic() - begun_s
    live.close()
    seconds_until(
        lambda: demo.command("collect", "--stop").wait() == 0, limit_s=30, what="stopping", poll_s=1
    )
    child.wait(timeout=30)
    return took_s


def _demo_with_window(demo: DemoRun, quiet: float) -> None:
    child = demo.command("demo", "--for", str(WARM_UP_S + MEASURED_S + 10))
    share = _share(demo, WARM_UP_S)
    child.wait(timeout=60)
    name = "the same without a window"
    tell("whole demo with the Overview, offscreen", share, "cores", limit=quiet, limit_name=name)


def _share(demo: DemoRun, warm_up_s: float) -> float:
    """Return the CPU of all processes of a demo over some seconds, in cores."""
    time.sleep(warm_up_s)
    before, begun_s = _cpu_s(demo), time.monotonic()
    time.sleep(MEASURED_S)
    after = _cpu_s(demo)
    spent = sum(after[pid] - before[pid] for pid in before.keys() & after.keys())
    return spent / (time.monotonic() - begun_s)


def _cpu_s(demo: DemoRun) -> dict[int, float]:
    found = {}
    for process in demo.processes():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[process.pid] = times.user + times.system
    return found


def _run_s(program: str) -> float:
    begun_s = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.monotonic() - begun_s


def _median(measure: Callable[[], float]) -> float:
    return float(np.median([measure() for _ in range(TIMES)]))
