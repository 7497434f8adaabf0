"""Letting a process stand still, as a hung device does: connections live and nothing answers."""

import time

import psutil

_LIMIT_S = 5.0


def freeze(pid: int) -> None:
    """Stop a process and return when it stands; the signal alone leaves it a last moment to answer in."""
    process = psutil.Process(pid)
    process.suspend()
    until_s = time.monotonic() + _LIMIT_S
    while process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
        assert time.monotonic() < until_s, f"process {pid} does not stand still"
        time.sleep(0.001)
