"""A small furnished plant in real files, shared by the storage and contract tests."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from domain.condition.alarms import AlarmRule, Priority
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.bearings import BearingGeometry
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Tag, TagDtype, TagKind
from domain.roles import Actor, Role
from storage.store import Store, open_store

START_US = 1_760_000_400 * MICROSECONDS_PER_SECOND


class StillClock:
    """A clock whose hands the test moves."""

    def __init__(self, now_us: int = START_US) -> None:
        self.now = now_us

    def now_us(self) -> int:
        return self.now

    def monotonic_s(self) -> float:
        return self.now / MICROSECONDS_PER_SECOND


@pytest.fixture
def still_clock() -> StillClock:
    return StillClock()


@pytest.fixture
def engineer() -> Actor:
    return Actor(UUID(int=7), Role.ENGINEER, "HALL-1", "Erna")


@pytest.fixture
def operator() -> Actor:
    return Actor(UUID(int=8), Role.OPERATOR, "HALL-2", "Otto")


@pytest.fixture
def store(tmp_path: Path, still_clock: StillClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", role="collector", clock=still_clock)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_store(request: pytest.FixtureRequest, tmp_path: Path, still_clock: StillClock) -> Iterator[Store]:
    """A store on each engine in turn."""
    database = "sqlite"
    if request.param == "postgresql":
        database = request.getfixturevalue("postgresql").fresh_database()
    opened = open_store(tmp_path / "data", role="collector", clock=still_clock, database=database)
    yield opened
    opened.close()


def make_small_plant() -> Plant:
    """A site, a line, a filler with one bearing, a vibration channel and a temperature."""
    site = Asset(UUID(int=1), None, AssetKind.SITE, "Works", "W")
    line = Asset(UUID(int=2), site.id, AssetKind.LINE, "Line 1", "L1")
    filler = Asset(UUID(int=3), line.id, AssetKind.MACHINE, "Filler", "L1-FIL", rated_power_kw=7.5)
    geometry = BearingGeometry("6205", 9, 7.94, 39.04, source="maker")
    point = MeasurementPoint(UUID(int=4), filler.id, "Drive end", Technique.VIBRATION, bearing=geometry)
    plc = Connection(
        UUID(int=5), "PLC", ConnectionKind.MODBUS_TCP, options={"host": "127.0.0.1", "port": 502}
    )
    temperature = Tag(
        UUID(int=6), 1, "L1.FIL.T", "Temperature", TagKind.MEASURED, "degC", filler.id, connection_id=plc.id,
        address={"register": 10}, dtype=TagDtype.FLOAT32,
    )  # fmt: skip
    vibration = Tag(
        UUID(int=7), 2, "L1.FIL.V", "Vibration", TagKind.WAVEFORM, "g", filler.id, point_id=point.id,
        sampling_rate_hz=25600.0, capture=CaptureSchedule(600.0, 25600),
    )  # fmt: skip
    return Plant((line, site, filler), (point,), (temperature, vibration), (plc,), "Europe/Berlin", "Works")


def make_hot_rule() -> AlarmRule:
    """A limit on the temperature of the small plant."""
    limit = Limit(80.0, "degC", LimitSide.HIGH, Provenance("site", editor="Erna"))
    return AlarmRule(UUID(int=20), UUID(int=3), Priority.HIGH, "too_hot", tag_key=1, limit=limit)


@pytest.fixture
def small_plant() -> Plant:
    return make_small_plant()


@pytest.fixture
def hot_rule() -> AlarmRule:
    return make_hot_rule()


@pytest.fixture
def furnished(store: Store, small_plant: Plant, hot_rule: AlarmRule, engineer: Actor) -> Store:
    """A store that holds the small plant and one rule."""
    with store.unit_of_work(engineer) as work:
        work.plant.import_plant(small_plant)
        work.alarm_rules.save(hot_rule)
    return store
