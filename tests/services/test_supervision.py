"""The supervisor brings a dead or hung collector back, and gives up in time [F33, reliability 3.8]."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from acquisition.shared_memory.segments import ControlSegment, SegmentMissing
from services import supervision
from services.supervision import EXIT_SAFE_MODE, Supervisor

DIES, REFUSES = "raise SystemExit(1)", "raise SystemExit(3)"
WAITS = "import time; time.sleep(60)"


class Children:
    """Starts real processes that behave as told."""

    def __init__(self, *programs: str) -> None:
        self._programs = list(programs)
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(self) -> "subprocess.Popen[bytes]":
        program = self._programs.pop(0) if len(self._programs) > 1 else self._programs[0]
        child = subprocess.Popen([sys.executable, "-c", program])
        self.started.append(child)
        return child


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STOP_LIMIT_S", 0.2)


def test_a_collector_that_dies_again_and_again_leads_to_safe_mode(tmp_path: Path) -> None:
    children = Children(DIES)
    assert Supervisor(tmp_path, children).run() == EXIT_SAFE_MODE
    assert len(children.started) == supervision.RESTART_LIMIT + 1


def test_a_refusal_is_not_worth_a_restart(tmp_path: Path) -> None:
    children = Children(REFUSES)
    assert Supervisor(tmp_path, children).run() == 3
    assert len(children.started) == 1


def test_a_hung_collector_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "HEARTBEAT_LIMIT_S", 0.3)
    children = Children(WAITS)
    supervisor = Supervisor(tmp_path, children)
    supervisor.run(until=lambda: len(children.started) == 3 and (supervisor.stop() or True))
    assert len(children.started) >= 3
    assert all(child.poll() is not None for child in children.started)


def test_the_stop_flag_ends_it_and_the_name_is_gone(tmp_path: Path) -> None:
    children = Children(WAITS)
    supervisor = Supervisor(tmp_path, children)
    control = ControlSegment.open(tmp_path)
    timer = threading.Timer(0.2, control.request_stop)
    timer.start()
    supervisor.run()
    timer.join()
    control.close()
    with pytest.raises(SegmentMissing, match="not there"):
        ControlSegment.open(tmp_path)
