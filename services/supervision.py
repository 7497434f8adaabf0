"""The supervisor process: keeps the collector running. Standard library only, so that nothing can break it.

Rules of restart: killed after 15 s without a heartbeat, back within 5 s, at most 5 restarts in 10 minutes,
then safe mode: no further restarts, the reason stands in the log and in the control segment.
"""

import logging
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from acquisition.shared_memory.segments import ControlSegment

_log = logging.getLogger(__name__)

HEARTBEAT_LIMIT_S = 15.0
RESTART_LIMIT = 5
RESTART_WINDOW_S = 600.0
STOP_LIMIT_S = 8.0
POLL_S = 0.1

EXIT_SAFE_MODE = 9
EXIT_STANDS_BY = 7
"""Exit code of a collector whose lease another one took: it is started again to stand by."""

NOT_WORTH_A_RESTART = frozenset({2, 3, 4, 5})
"""Exit codes of a collector that refused to start: wrong arguments, set-up or data folder."""


class Supervisor:
    """Starts the collector with ``spawn`` and starts it again when it dies or hangs."""

    def __init__(self, folder: Path, spawn: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._control = ControlSegment.create(folder)
        self._control.set("supervisor_pid", os.getpid())
        self._spawn = spawn
        self._restarts: deque[float] = deque()

    def run(self, *, until: Callable[[], bool] = lambda: False) -> int:
        """Serve until the stop flag is up or ``until`` says so; return the exit code."""
        try:
            return self._serve(until)
        finally:
            self._control.close()

    def stop(self) -> None:
        """Ask for an ordered end; safe in a signal handler."""
        self._control.request_stop()

    def _serve(self, until: Callable[[], bool]) -> int:
        child = self._start()
        while True:
            self._control.beat("supervisor_beat_ns")
            if self._control.is_stop_requested or until():
                self._control.request_stop()
                return self._end(child)
            code = child.poll()
            if code is None and self._is_hung():
                _log.error("the collector has been silent for %.0f s and is ended", HEARTBEAT_LIMIT_S)
                child.kill()
                code = child.wait()
            if code is not None:
                if code in NOT_WORTH_A_RESTART:
                    return code
                if code != EXIT_STANDS_BY and not self._may_restart():
                    self._control.set("safe_mode", 1)
                    _log.error("the collector failed %d times in ten minutes: safe mode", RESTART_LIMIT)
                    return EXIT_SAFE_MODE
                _log.warning("the collector ended with code %d and is started again", code)
                child = self._start()
            time.sleep(POLL_S)

    def _start(self) -> "subprocess.Popen[bytes]":
        self._control.set("collector_beat_ns", 0)
        self._started_s = time.monotonic()
        return self._spawn()

    def _is_hung(self) -> bool:
        beat = self._control.get("collector_beat_ns")
        silent_s = time.monotonic() - (beat / 1e9 if beat else self._started_s)
        return silent_s > HEARTBEAT_LIMIT_S

    def _may_restart(self) -> bool:
        now_s = time.monotonic()
        while self._restarts and now_s - self._restarts[0] > RESTART_WINDOW_S:
            self._restarts.popleft()
        if len(self._restarts) >= RESTART_LIMIT:
            return False
        self._restarts.append(now_s)
        self._control.set("restarts", self._control.get("restarts") + 1)
        return True

    def _end(self, child: "subprocess.Popen[bytes]") -> int:
        try:
            return child.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            _log.error("the collector did not end within %.0f s and is killed", STOP_LIMIT_S)
            child.kill()
            return child.wait()
