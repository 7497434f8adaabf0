"""One run of the demo plant: its servers and a collector as processes, started together, ended together."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from acquisition.simulators.order import PlantOrder, order_file
from domain.errors import ConfigurationError
from services.clock import SystemClock
from services.launching import is_held, launch, request_stop, wait_ended
from services.status import FILE_NAME, SystemStatus, read_status

REPORT_EVERY_S = 2.0
STOP_LIMIT_S = 10.0
OPCUA_AFTER_S = 1.5
"""The OPC UA server takes seconds to build its address space; the first values must not wait for it."""


class DemoSession:
    """Starts what does not run yet; a session that finds everything running attaches to it."""

    def __init__(
        self, folder: Path, *, seed: int | None, pace: float | None, status_file: Path | None
    ) -> None:
        self._folder = folder
        self._seed = seed
        self._pace = pace
        self._status_file = status_file
        self._processes: list[subprocess.Popen[bytes]] = []
        self._collector: subprocess.Popen[bytes] | None = None
        self._late: threading.Timer | None = None

    def start(self, *, progress: Callable[[str, float], None]) -> None:
        """Prepare the folder at its first use, then start servers and collector."""
        is_served = self._is_held("plant-modbus") or self._is_held("plant-opcua")
        if not is_served and not self._is_ready():
            self._prepare(progress)
        self._launch_plant("modbus")
        if not self._is_held("supervisor"):
            more = ("--status", str(self._status_file)) if self._status_file else ()
            self._collector = self._launch("collect", *more, log="collect.log")
        self._late = threading.Timer(OPCUA_AFTER_S, self._launch_late)
        self._late.start()

    def _is_ready(self) -> bool:
        """Say whether the folder can be used as it is: then nothing heavy needs to be imported."""
        path = order_file(self._folder)
        if not path.exists() or not (self._folder / "plant.known").exists():
            return False
        order = PlantOrder.load(path)
        return order.has_free_ports() and self._pace in (None, order.pace)

    def _prepare(self, progress: Callable[[str, float], None]) -> None:
        from services.demo import prepare_demo
        from storage.store import open_store

        store = open_store(self._folder, role="tool", clock=SystemClock())
        try:
            store.wait_for_lease()
            prepare_demo(store, clock=SystemClock(), seed=self._seed, pace=self._pace, progress=progress)
        finally:
            store.close()

    def _launch_plant(self, server: str) -> None:
        if not self._is_held(f"plant-{server}"):
            self._launch("plant", "--server", server, log=f"plant-{server}.log")

    def _launch_late(self) -> None:
        if self._is_running():
            self._launch_plant("opcua")

    def wait_live(self, *, limit_s: float) -> SystemStatus:
        """Return the first status with good values of a collector that works now.

        ConfigurationError when there is none in time or the collector has ended.
        """
        return self._wait(lambda status: status.tags_good > 0, limit_s=limit_s, missing="no value")

    def wait_troubled(self, *, alarms: int, limit_s: float) -> SystemStatus:
        """Return the first status with so many active alarms and only good values; errors as above."""
        return self._wait(
            lambda status: not status.tags_bad and status.alarms_active >= alarms,
            limit_s=limit_s,
            missing=f"no {alarms} alarms beside good values",
        )

    def _wait(
        self, is_reached: Callable[[SystemStatus], bool], *, limit_s: float, missing: str
    ) -> SystemStatus:
        started_us = SystemClock().now_us()
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s and self._is_running():
            status = self.status()
            if status is not None and status.written_us > started_us and is_reached(status):
                return status
            time.sleep(0.1)
        raise ConfigurationError(
            f"the demo plant shows {missing} within {limit_s:.0f} s; look into {self._folder / 'log'}"
        )

    def status(self) -> SystemStatus | None:
        """Return the collector's last status."""
        return read_status(self._folder / "runtime" / FILE_NAME)

    def report(self, *, for_s: float | None, as_json: bool) -> int:
        """Print what is read until the time is over or the collector ended; return 0 when values came."""
        end_s = float("inf") if for_s is None else time.monotonic() + for_s
        status = self.wait_live(limit_s=30)
        while time.monotonic() < end_s and self._is_running():
            time.sleep(min(REPORT_EVERY_S, max(0.0, end_s - time.monotonic())))
            status = self.status() or status
            print(json.dumps(status.to_plain()) if as_json else _line(status), flush=True)
        return 0 if status.tags_good else 1

    def stop(self) -> None:
        """End collector and plant in order, unless another window still shows what it started."""
        if self._late is not None:
            self._late.cancel()
            self._late.join()
        if not self._processes and self._is_held("window"):
            return
        request_stop(self._folder)
        wait_ended(self._processes, limit_s=STOP_LIMIT_S)

    def _is_running(self) -> bool:
        """Say whether values are still collected; a device of the plant may fail and come back meanwhile."""
        if self._collector is not None:
            return self._collector.poll() is None
        return self._is_held("supervisor")

    def _is_held(self, lock: str) -> bool:
        return is_held(self._folder / "runtime" / f"{lock}.lock")

    def _launch(self, *arguments: str, log: str) -> "subprocess.Popen[bytes]":
        command, *more = arguments
        process = launch(
            command, "--data-dir", str(self._folder), *more,
            log=self._folder / "log" / log, is_detached=True,
        )  # fmt: skip
        self._processes.append(process)
        return process


def _line(status: SystemStatus) -> str:
    links = ", ".join(f"{each.name} {each.state}" for each in status.connections)
    return (
        f"{status.uptime_s:6.1f} s  {status.tags_good} tags good, {status.tags_bad} not; "
        f"{status.samples_received} readings received, {status.samples_stored} stored, "
        f"{status.samples_dropped} dropped; {status.waveform_samples_received / 1e6:.1f} M waveform samples; "
        f"{status.alarms_active} alarms; {links}"
    )
