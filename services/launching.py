"""Starting and stopping the other processes of the program, told to stop by the control segment."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from acquisition.shared_memory.segments import ControlSegment, SegmentMissing

MAIN = Path(__file__).resolve().parent.parent / "main.py"
LARGEST_LOG_BYTES = 5_000_000
_QUIET_LIBRARIES = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def program_command(*arguments: str) -> list[str]:
    """Return the command line that runs this very program with other arguments."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, str(MAIN), *arguments]


def launch(*arguments: str, log: Path, is_detached: bool = False) -> "subprocess.Popen[bytes]":
    """Start a process of this program; what it prints goes to the log file.

    A detached one lives on when its starter is killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    _turn_over(log)
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
        if is_detached:
            flags |= subprocess.CREATE_NEW_PROCESS_GROUP
    with log.open("ab") as output:
        return subprocess.Popen(
            program_command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_QUIET_LIBRARIES},
            start_new_session=is_detached and sys.platform != "win32",
            creationflags=flags,
        )


def _turn_over(log: Path) -> None:
    """Begin a new log file when the present one is large; one older file is kept."""
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        with contextlib.suppress(OSError):
            log.replace(log.with_suffix(".old.log"))


def is_held(lock_file: Path) -> bool:
    """Say whether a living process holds a lock file."""
    if not lock_file.exists():
        return False
    try:
        with FileLock(lock_file, timeout=0):
            return False
    except Timeout:
        return True


def request_stop(folder: Path) -> bool:
    """Raise the stop flag of a data folder; return False when nothing runs there."""
    try:
        control = ControlSegment.open(folder)
    except SegmentMissing:
        return False
    control.request_stop()
    control.close()
    return True


def wait_ended(processes: "list[subprocess.Popen[bytes]]", *, limit_s: float) -> None:
    """Wait for processes that were told to stop; end those that do not."""
    deadline_s = time.monotonic() + limit_s
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.1, deadline_s - time.monotonic()))
        if process.poll() is None:
            process.kill()
            process.wait()


class StopWatch:
    """Tells the demo plant when to end: after the collector, so that an ordered end looks like no failure."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._has_seen_collector = False
        self._is_ending = False

    def should_stop(self) -> bool:
        """Say whether the collector was told to stop and is gone; a killed one is waited for."""
        self._look()
        return self._is_ending and not is_held(self._folder / "runtime" / "supervisor.lock")

    def _look(self) -> None:
        try:
            control = ControlSegment.open(self._folder)
        except SegmentMissing:  # only an ordered end takes it away
            self._is_ending = self._is_ending or self._has_seen_collector
            return
        self._has_seen_collector = True
        self._is_ending = control.is_stop_requested
        control.close()
