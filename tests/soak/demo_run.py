"""The demo as a user starts it, and ways to hurt it: its processes are found by what they wrote down."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

from acquisition.shared_memory.segments import SHARED_FOLDER, segment_name
from acquisition.simulators.opcua_server import FAILING_SENSOR
from acquisition.simulators.order import PlantOrder, order_file
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass
from services.clock import SystemClock
from services.launching import MAIN, program_command
from services.live import RingLiveSource
from services.status import FILE_NAME, SystemStatus, read_status
from storage.store import Store, open_store
from tests.freezing import freeze

PROCESSES = ("plant-modbus", "plant-opcua", "supervisor", "collector")
PREPARE_LIMIT_S = 120.0


class NotInTime(AssertionError):
    """Something that had to happen did not happen within its limit."""


def seconds_until(condition: Callable[[], bool], *, limit_s: float, what: str, poll_s: float = 0.02) -> float:
    """Wait for a condition; return how long it took. NotInTime after the limit."""
    begun_s = time.monotonic()
    while not condition():
        if time.monotonic() - begun_s > limit_s:
            raise NotInTime(f"{what}: not within {limit_s:.0f} s")
        time.sleep(poll_s)
    return time.monotonic() - begun_s


class DemoRun:
    """One ``main.py demo --no-window`` on a folder, and the processes it started."""

    def __init__(
        self, folder: Path, *, for_s: float, pace: float | None = None, database: str | None = None
    ) -> None:
        """``database`` is the address of a server that workstations share."""
        self.folder = folder
        self._database = database
        self._arguments = ["--for", str(for_s), *(() if pace is None else ("--pace", str(pace)))]
        self._process: subprocess.Popen[bytes] | None = None
        self._restarted: list[subprocess.Popen[bytes]] = []
        self._plant: Plant | None = None

    def start(self) -> None:
        """Start the demo and wait until the collector works; preparing a fresh folder takes its time."""
        begun_us, self.begun_s = time.time_ns() // 1000, time.monotonic()
        self._process = self.command("demo", "--no-window", *self._arguments)
        seconds_until(
            lambda: (told := read_status(self._status_file)) is not None and told.written_us > begun_us,
            limit_s=PREPARE_LIMIT_S,
            what="the demo starts",
        )

    def command(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command of the program on this folder; its output goes to the folder's log."""
        log = self.folder / "log" / "soak.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                program_command(name, "--data-dir", str(self.folder), *self._place, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def _place(self) -> tuple[str, ...]:
        return () if self._database is None else ("--database", self._database)

    @property
    def _status_file(self) -> Path:
        return self.folder / "runtime" / FILE_NAME

    def status(self) -> SystemStatus:
        """Return the collector's last word on itself."""
        status = read_status(self._status_file)
        assert status is not None, "the collector has not told its status yet"
        return status

    @property
    def order(self) -> PlantOrder:
        return PlantOrder.load(order_file(self.folder))

    @property
    def plant(self) -> Plant:
        """The set-up as stored, read once."""
        if self._plant is None:
            with self.store() as store:
                self._plant = store.plant.load()
        return self._plant

    def store(self) -> "contextlib.closing[Store]":
        """Open the folder's data for reading beside the collector."""
        return contextlib.closing(
            open_store(self.folder, role="tool", clock=SystemClock(), database=self._database)
        )

    def pid(self, name: str) -> int:
        """Return the process that holds one of the locks of ``PROCESSES``."""
        return int((self.folder / "runtime" / f"{name}.pid").read_text(encoding="ascii"))

    def kill(self, name: str) -> float:
        """Kill a process without warning; return the moment at which it was gone."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        gone_s = time.monotonic()
        for child in self._restarted:
            if child.pid == pid:
                child.wait()
        return gone_s

    def freeze(self, name: str) -> None:
        freeze(self.pid(name))

    def freeze_session(self) -> None:
        """Stop the command that keeps the demo together, so that the plant outlives its collector."""
        assert self._process is not None
        freeze(self._process.pid)

    def thaw(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGCONT)

    def serve_again(self, server: str) -> None:
        """Start a server of the plant that was killed; return when its ports listen."""
        self._restarted.append(self.command("plant", "--server", server))
        process = psutil.Process(self._restarted[-1].pid)
        order = self.order
        ports = {order.modbus_1, order.modbus_3} if server == "modbus" else {order.opcua}
        seconds_until(lambda: ports <= _listening(process), limit_s=60, what=f"{server} listens")

    def stop(self, *, limit_s: float = 20.0) -> int:
        """End everything in order; return the exit code of the demo."""
        assert self._process is not None
        if self._process.poll() is None:
            self.command("collect", "--stop").wait(timeout=limit_s)
        return self.wait(limit_s=limit_s)

    def wait(self, *, limit_s: float) -> int:
        """Wait for the demo's own end; return its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout=limit_s)
        for child in self._restarted:
            child.wait(timeout=limit_s)
        return code

    def abandon(self) -> None:
        """Leave nothing behind, whatever state it is in; only processes that work on this folder end."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for child in (self._process, *self._restarted):
            if child is not None:
                child.wait()
        for segment in self.segments():
            segment.unlink(missing_ok=True)

    def processes(self) -> list[psutil.Process]:
        """Return what still runs for this folder: by command line, with all descendants."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if {str(MAIN), str(self.folder)} <= set(process.cmdline()):
                    for each in (process, *process.children(recursive=True)):
                        found[each.pid] = each
        return list(found.values())

    def segments(self) -> list[Path]:
        """Return the shared memory that this folder's processes have named."""
        return sorted(SHARED_FOLDER.glob(segment_name(self.folder, "*")))


def _listening(process: psutil.Process) -> set[int]:
    return {
        link.laddr.port for link in process.net_connections(kind="tcp4") if link.status == psutil.CONN_LISTEN
    }


class LiveView:
    """What a window would show, by group of tags."""

    def __init__(self, folder: Path) -> None:
        self.source = RingLiveSource(folder)

    def qualities(self, keys: Sequence[int]) -> np.ndarray:
        """Return the quality classes shown for these tags."""
        return self.source.values(keys).quality & CLASS_MASK

    def are_good(self, keys: Sequence[int]) -> bool:
        return bool((self.qualities(keys) == QualityClass.GOOD).all())

    def are_bad(self, keys: Sequence[int]) -> bool:
        return bool((self.qualities(keys) == QualityClass.BAD).all())

    def shows_older(self, keys: Sequence[int], instant_us: int) -> bool:
        """Say whether a value from before an instant is still shown as good."""
        shown = self.source.values(keys)
        good = shown.quality & CLASS_MASK == QualityClass.GOOD
        return bool((good & (shown.receive_us < instant_us)).any())

    def close(self) -> None:
        self.source.close()


def value_keys(plant: Plant, device: str) -> list[int]:
    """Return the tags of a device whose values are stored in the history."""
    waveforms = {tag.key for tag in plant.tags if tag.is_waveform}
    return [key for key in served_keys(plant, device) if key not in waveforms]


def served_keys(plant: Plant, device: str) -> list[int]:
    """Return the tags that a device brings all the time: values and streaming channels, no captures.

    The sensor that fails on its own now and then is left out: when it is good says nothing about its link.
    """
    owner = next(each.id for each in plant.connections if each.name == device)
    return [
        tag.key
        for tag in plant.tags
        if tag.connection_id == owner
        and tag.name != FAILING_SENSOR
        and (tag.capture is None or tag.capture.is_streaming)
    ]
