"""What every test may ask for: a fake clock, a free port, measured data sets."""

import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.storage.postgresql_stage import PostgresServer

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "jidoka-hypothesis")
)


# Machines are noisy: an example that takes long has found nothing.
settings.register_profile("jidoka", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jidoka")


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


def require_or_skip(name: str, reason: str) -> None:
    """Skip a test whose real counterpart is absent, or fail where the environment demands it."""
    if name in os.environ.get("JIDOKA_REQUIRE", "").split(","):
        pytest.fail(f"JIDOKA_REQUIRE names {name}: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql() -> Iterator["PostgresServer"]:
    """A real server, or a skip with its reason."""
    from tests.storage.postgresql_stage import postgresql_bin, running_server

    if postgresql_bin() is None:
        require_or_skip("postgresql", "PostgreSQL is not installed")
    with running_server() as server:
        yield server
