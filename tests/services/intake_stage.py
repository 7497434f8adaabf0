"""A machine that is measured in every way but by a live link: files, MQTT, and people."""

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import numpy as np

from domain.condition.alarms import AlarmRule, Priority
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Feature, Tag, TagKind
from domain.roles import Actor, Role
from services.access import program_actor
from storage.store import Store

LEAK, PANEL, CURRENT, WAVE, VELOCITY, NOISE, SPEED = range(1, 8)
PIA = Actor(UUID(int=5), Role.TECHNICIAN, "ws-1", "Pia")
OTTO = Actor(UUID(int=6), Role.OPERATOR, "ws-2", "Otto")

SITE = Asset(new_id(), None, AssetKind.SITE, "Works", "W")
PUMP = Asset(new_id(), SITE.id, AssetKind.MACHINE, "Pump", "P")


def _point(name: str, technique: Technique, sensor: str, **more: object) -> MeasurementPoint:
    return MeasurementPoint(new_id(), PUMP.id, name, technique, sensor=sensor, **more)  # type: ignore[arg-type]


VALVE = _point("Valve", Technique.ULTRASONIC, "airborne ultrasound 40 kHz")
TERMINALS = _point("Terminals", Technique.THERMOGRAPHY, "infrared camera")
SUPPLY = _point("Supply", Technique.CURRENT, "clamp meter")
EAR = _point("Enclosure", Technique.ACOUSTIC, "sound level meter")
BEARING = _point(
    "Drive end", Technique.VIBRATION, "accelerometer 100 mV/g", waveform_tag_key=WAVE, speed_tag_key=SPEED
)


def plant(folder: Path, *, broker_port: int = 1) -> Plant:
    """Return the set-up; files come into ``folder``."""
    drop = Connection(
        UUID(int=21), "Route", ConnectionKind.FILES, {"path": str(folder), "poll_s": 0.05, "steady_s": 0.1}
    )
    broker = Connection(
        UUID(int=22), "Broker", ConnectionKind.MQTT, {"host": "127.0.0.1", "port": broker_port}
    )
    wave = {"sampling_rate_hz": 10_000.0, "capture": CaptureSchedule(3600.0, 8192)}
    tags = (
        _tag(LEAK, VALVE, "dBuV", connection_id=drop.id, address={"channel": "leak", "file": "*.csv"}),
        _tag(PANEL, TERMINALS, "degC", connection_id=broker.id, address={"topic": "panel"}),
        _tag(CURRENT, SUPPLY, "A", low=0.0, high=100.0, normal_low=2.0, normal_high=10.0),
        _tag(
            WAVE, BEARING, "g", kind=TagKind.WAVEFORM, connection_id=drop.id,
            address={"channel": "1", "file": "*.wav"}, **wave,
        ),
        _tag(VELOCITY, BEARING, "mm/s", kind=TagKind.DERIVED, feature=Feature.VELOCITY_RMS),
        _tag(NOISE, EAR, "dBA"),
        _tag(SPEED, BEARING, "1/min", connection_id=drop.id, address={"channel": "rpm", "file": "*.csv"}),
    )  # fmt: skip
    points = (VALVE, TERMINALS, SUPPLY, EAR, BEARING)
    return Plant((SITE, PUMP), points, tags, (drop, broker), site_name="Works")


def _tag(key: int, point: MeasurementPoint, unit: str, **more: object) -> Tag:
    content: dict[str, object] = {"kind": TagKind.MEASURED} | more
    return Tag(
        UUID(int=100 + key), key, f"P.{key}", point.name, unit=unit, asset_id=PUMP.id, point_id=point.id,
        **content,  # type: ignore[arg-type]
    )  # fmt: skip


RULES = tuple(
    AlarmRule(
        UUID(int=200 + key), PUMP.id, Priority.HIGH, "value_high", tag_key=key, on_delay_s=0.0,
        limit=Limit(limit, unit, LimitSide.HIGH, Provenance("site")),
    )
    for key, limit, unit in ((LEAK, 40.0, "dBuV"), (PANEL, 80.0, "degC"), (CURRENT, 12.0, "A"))
)  # fmt: skip


def furnish(store: Store, folder: Path, *, broker_port: int = 1) -> None:
    """Write the set-up into an empty store."""
    with store.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(plant(folder, broker_port=broker_port))
        for rule in RULES:
            work.alarm_rules.save(rule)


def csv(
    folder: Path, name: str, *, start: str = "2026-01-31T10:00:00Z", rows: int = 5, leak: float = 20
) -> None:
    """Put a table of ``rows`` seconds into the folder, in one move."""
    begin = np.datetime64(start.removesuffix("Z"))
    lines = [f"{begin + np.timedelta64(n, 's')}Z,{leak + n},1500" for n in range(rows)]
    _put(folder, name, ("t,leak,rpm\n" + "\n".join(lines)).encode())


def wav(folder: Path, name: str, *, frequency_hz: float = 25.0, rate_hz: int = 10_000) -> None:
    """Put a sine of half of full scale into the folder, in one move."""
    sine = 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(rate_hz) / rate_hz)
    body = (sine * 32767).astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, 1, rate_hz,
                       2 * rate_hz, 2, 16, b"data", len(body))  # fmt: skip
    _put(folder, name, head + body)


def _put(folder: Path, name: str, content: bytes) -> None:
    waiting = folder / f".{name}.part"
    waiting.write_bytes(content)
    os.replace(waiting, folder / name)


class Victim:
    """A collector in a process of its own, to be killed."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.intake_stage", str(data)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> "Victim":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def main(folder: Path) -> None:
    """Collect in this process until it is killed."""
    import asyncio

    from acquisition.shared_memory.segments import ControlSegment
    from services.clock import SystemClock
    from services.collector import Collector, CollectorOptions
    from storage.store import open_store

    clock = SystemClock()
    control = ControlSegment.create(folder)
    store = open_store(folder, role="collector", clock=clock)
    asyncio.run(Collector(store, control, CollectorOptions(folder), clock=clock).run())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
