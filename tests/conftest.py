"""What every test may ask for: a fake clock, a free port, measured data sets."""

import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "jidoka-hypothesis")
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--datasets", default=os.environ.get("JIDOKA_DATASETS", ""), help="folder of data sets")


@dataclass
class FakeClock:
    """A clock whose hands the test moves; wall and monotonic time advance together."""

    wall_us: int = 1_700_000_000_000_000
    elapsed_s: float = 1000.0

    def now_us(self) -> int:
        return self.wall_us

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def advance(self, seconds: float) -> None:
        self.wall_us += round(seconds * 1e6)
        self.elapsed_s += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def datasets(request: pytest.FixtureRequest) -> Path:
    """Folder of the data set that the test's ``dataset`` marker names; skips with a reason when absent."""
    marker = request.node.get_closest_marker("dataset")
    root = request.config.getoption("--datasets")
    if not root:
        pytest.skip("needs measured data: give --datasets DIR or JIDOKA_DATASETS")
    folder = Path(root) / marker.args[0]
    if not folder.is_dir():
        pytest.skip(f"data set {marker.args[0]} is not in {root}")
    return folder
