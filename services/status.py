"""The status of a running collector: the same facts for the status file and for screens."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from domain.ports import ConnectionStatus
from storage.database import SAFE_SQLITE

LIBRARIES = (
    "numpy",
    "scipy",
    "SQLAlchemy",
    "pymodbus",
    "asyncua",
    "paho-mqtt",
    "psycopg",
    "cryptography",
    "PySide6-Essentials",
    "pyqtgraph",
)
FILE_NAME = "status.json"
SHARED_NAME = "collector"
"""Under this name the status stands where workstations share the plant."""
PROGRAM_VERSION = "0.1.0"


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """A certificate that ends soon: ``within_days`` is 60, 30 or 7, or 0 when it has ended."""

    kind: str
    subject: str
    fingerprint: str
    days_left: int
    within_days: int


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """One look at the collector. Counts are since its start, ages in seconds, ``drops`` by cause."""

    written_us: int
    uptime_s: float
    versions: Mapping[str, str]
    connections: tuple[ConnectionStatus, ...]
    tags_good: int
    tags_bad: int
    samples_received: int
    samples_stored: int
    samples_pending: int
    samples_dropped: int
    drops: Mapping[str, int]
    waveform_samples_received: int
    alarms_active: int
    alarms_unacknowledged: int
    last_commit_age_s: float | None
    rss_mb: float
    is_simulated: bool = False
    restarts: int = 0
    loop_lag_ms: float = 0.0
    queues: Mapping[str, int] = field(default_factory=dict)
    """Jobs that wait for the database, by kind."""
    queues_most: Mapping[str, int] = field(default_factory=dict)
    """The most that waited at once since the start."""
    samples_thinned: int = 0
    """Samples left out on purpose by a dead-band: received = stored + pending + thinned + dropped."""
    samples_waiting: int = 0
    """Samples that are durable on this PC and wait for their server."""
    disk_hours_left: float | None = None
    """None while it cannot be told, and where a server's disk keeps the plant."""
    is_on_server: bool = False
    problems: tuple[str, ...] = field(default=())
    is_clock_suspect: bool = False
    """The clock jumped by over an hour and nobody has confirmed the time yet."""
    certificates: tuple[ExpiryWarning, ...] = ()
    """Certificates that end within 60 days, the first to end first."""

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        plain = asdict(self)
        for connection in plain["connections"]:
            connection["connection_id"] = str(connection["connection_id"])
        return plain

    def to_text(self) -> str:
        """Return the JSON text of ``to_plain``."""
        return json.dumps(self.to_plain(), indent=1)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "SystemStatus":
        """Build a status from ``to_plain`` data; KeyError or TypeError when it is from another version."""
        known = dict(plain)
        known["connections"] = tuple(
            ConnectionStatus(**{**row, "connection_id": UUID(row["connection_id"])})
            for row in plain["connections"]
        )
        known["problems"] = tuple(plain.get("problems", ()))
        known["certificates"] = tuple(ExpiryWarning(**row) for row in plain.get("certificates", ()))
        return cls(**known)


def waiting_status(problem: str, *, now_us: int) -> SystemStatus:
    """Return the status of a collector that cannot start yet and tries again."""
    return SystemStatus(
        written_us=now_us,
        uptime_s=0.0,
        versions={},
        connections=(),
        tags_good=0,
        tags_bad=0,
        samples_received=0,
        samples_stored=0,
        samples_pending=0,
        samples_dropped=0,
        drops={},
        waveform_samples_received=0,
        alarms_active=0,
        alarms_unacknowledged=0,
        last_commit_age_s=None,
        rss_mb=round(resident_mb(), 1),
        problems=(problem,),
    )


def write_status(path: Path, status: SystemStatus) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(status.to_text(), encoding="utf-8")
    os.replace(temporary, path)


def read_status(path: Path) -> SystemStatus | None:
    """Return the last status written, None when there is none that this version can read."""
    try:
        return status_of_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def status_of_text(text: str | None) -> SystemStatus | None:
    """Return the status that a text holds, None when this version cannot read it."""
    try:
        return SystemStatus.from_plain(json.loads(text or ""))
    except (ValueError, KeyError, TypeError):
        return None


def program_versions(*, sqlite: str, server: str = "") -> dict[str, str]:
    """Return the versions of the program, Python, the databases and the libraries that matter to support.

    ``server`` is PostgreSQL's where workstations share the plant.
    """
    found = {"jidoka": PROGRAM_VERSION, "python": platform.python_version(), "sqlite": sqlite}
    if server:
        found["postgresql"] = server
    return found | {name.lower(): version(name) for name in LIBRARIES}


def guarded_sqlite(versions: Mapping[str, str]) -> str:
    """Return from which version on SQLite needs no guard of ours, nothing when it is that new."""
    have = tuple(int(part) for part in versions.get("sqlite", "").split(".") if part.isdigit())
    return ".".join(map(str, SAFE_SQLITE)) if have and have < SAFE_SQLITE else ""


def resident_mb() -> float:
    """Return the resident memory of this process in MiB."""
    return float(psutil.Process().memory_info().rss) / 2**20
