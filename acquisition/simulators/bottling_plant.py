"""The demo plant as data: two bottling lines and their utilities, what is measured on them and what wears.

One table per machine type; everything else (assets, points, tags, addresses, physics) is derived from it.
"""

from dataclasses import dataclass

from acquisition.simulators.wear import FaultKind, FaultScript
from domain.plant.assets import Criticality, MachineGroup, Support
from domain.plant.bearings import BearingGeometry

SITE_NAME = "Bottling plant North"

BEARING_6205 = BearingGeometry("6205", 9, 7.94, 39.04, source="demo plant")
BEARING_6206 = BearingGeometry("6206", 9, 9.53, 46.0, source="demo plant")
BEARING_6308 = BearingGeometry("6308", 8, 15.08, 65.5, source="demo plant")
BEARING_6310 = BearingGeometry("6310", 8, 19.05, 80.0, source="demo plant")
BEARING_6312 = BearingGeometry("6312", 8, 22.23, 95.0, source="demo plant")


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """One process value; ``run`` and ``stop`` are the levels it lags to, ``wear_gain`` what a fault adds."""

    code: str
    label: str
    unit: str
    run: float
    stop: float
    lag_s: float
    noise: float
    digits: int
    normal: tuple[float, float]
    swing: float = 0.0
    wear_gain: float = 0.0
    high: float | None = None
    danger: float | None = None
    low: float | None = None


@dataclass(frozen=True, slots=True)
class PointSpec:
    """One accelerometer on a machine's main motor; streaming ones send every sample."""

    code: str
    label: str
    bearing: BearingGeometry
    is_streaming: bool = False
    resonance_hz: float = 3200.0


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """One machine: its drive, its points and its values."""

    code: str
    name: str
    speed_rpm: float
    power_kw: float
    points: tuple[PointSpec, ...]
    values: tuple[ValueSpec, ...]
    velocity_mm_s: float = 0.9
    mesh_teeth: int = 0
    group: MachineGroup | None = None
    support: Support | None = Support.RIGID
    criticality: Criticality = Criticality.B
    is_constraint: bool = False
    counts: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A line and the device that reads its process values."""

    code: str
    name: str
    connection: str
    pieces_per_s: float
    machines: tuple[MachineSpec, ...]
    stops_per_hour: float = 3.0


def _motor(
    rpm: float, current_a: float, temperature_c: float = 58.0, *, friction: float = 0.0
) -> tuple[ValueSpec, ...]:
    return (
        ValueSpec("speed", "Motor speed", "1/min", rpm, 0.0, 0.8, rpm * 0.0006, 0, (rpm * 0.98, rpm * 1.02)),
        ValueSpec(
            "current", "Motor current", "A", current_a, 0.0, 1.0, current_a * 0.012, 1,
            (current_a * 0.9, current_a * 1.1), current_a * 0.02, current_a * 0.08, high=current_a * 1.25,
        ),
        ValueSpec(
            "temperature", "Motor temperature", "degC", temperature_c, 24.0, 600.0, 0.15, 1,
            (temperature_c - 10, temperature_c + 7), 1.5, friction, high=80.0, danger=95.0,
        ),
    )  # fmt: skip


def _machine(
    code: str,
    name: str,
    *extra: ValueSpec,
    rpm: float,
    kw: float,
    bearing: BearingGeometry = BEARING_6205,
    streaming: tuple[str, ...] = (),
    points: tuple[str, ...] = ("DE",),
    group: MachineGroup | None = MachineGroup.ISO_10816_1_CLASS_I,
    friction: float = 0.0,
    **more: object,
) -> MachineSpec:
    resonances = {"DE": 3200.0, "NDE": 3600.0}
    labels = {"DE": "Main motor DE", "NDE": "Main motor NDE"}
    return MachineSpec(
        code,
        name,
        rpm,
        kw,
        tuple(PointSpec(p, labels[p], bearing, p in streaming, resonances[p]) for p in points),
        (*_motor(rpm, kw * 1.55, 50 + kw * 0.35, friction=friction), *extra),
        group=group,
        **more,  # type: ignore[arg-type]
    )


def _bowl(pressure_bar: float) -> tuple[ValueSpec, ...]:
    return (
        ValueSpec(
            "pressure", "Bowl pressure", "bar", pressure_bar, pressure_bar * 0.9, 12.0, 0.008, 2,
            (pressure_bar - 0.12, pressure_bar + 0.12), 0.04, low=pressure_bar - 0.3,
        ),
        ValueSpec("level", "Bowl level", "mm", 184.0, 190.0, 20.0, 1.2, 0, (170.0, 200.0), 5.0, low=150.0),
    )  # fmt: skip


def _glue() -> ValueSpec:
    return ValueSpec("glue", "Glue temperature", "degC", 148.0, 146.0, 120.0, 0.4, 1, (142.0, 154.0), 1.5)


def _rinse() -> ValueSpec:
    return ValueSpec("rinse", "Rinse pressure", "bar", 2.6, 0.4, 3.0, 0.03, 2, (2.3, 2.9), 0.08, low=2.0)


def _torque() -> ValueSpec:
    return ValueSpec("torque", "Closing torque", "Nm", 1.62, 0.0, 0.5, 0.03, 2, (1.45, 1.8), 0.02)


def _discharge(bar: float, *, low_bar: float) -> ValueSpec:
    normal = (bar - 0.25, bar + 0.25)
    return ValueSpec(
        "pressure", "Discharge pressure", "bar", bar, 0.2, 2.0, 0.02, 2, normal, 0.07, low=low_bar
    )


def _air_pressure() -> ValueSpec:
    return ValueSpec("pressure", "Air pressure", "bar", 6.9, 5.5, 30.0, 0.02, 2, (6.6, 7.2), 0.12, low=6.2)


def _dew_point() -> ValueSpec:
    return ValueSpec("dewpoint", "Dew point", "degC", -21.0, -15.0, 300.0, 0.2, 1, (-26.0, -18.0), 1.0, 6.0)


def _cycle(seconds: float) -> ValueSpec:
    return ValueSpec(
        "cycle", "Case cycle", "s", seconds, seconds, 0.0, 0.012, 2, (seconds - 0.06, seconds + 0.05), 0.02,
        high=seconds * 1.06,
    )  # fmt: skip


_GROUP_2 = MachineGroup.ISO_20816_3_GROUP_2
_CLASS_II = MachineGroup.ISO_10816_1_CLASS_II


def _line(
    n: int, name: str, connection: str, pieces_per_s: float, *, streaming: dict[str, tuple[str, ...]]
) -> LineSpec:
    def fed(code: str) -> tuple[str, ...]:
        return streaming.get(code, ())

    machines = (
        _machine(f"DP{n}", f"Depalletiser DP{n}", rpm=1455, kw=7.5, streaming=fed("DP"), counts=True),
        _machine(f"RN{n}", f"Rinser RN{n}", _rinse(), rpm=1440, kw=5.5, streaming=fed("RN")),
        _machine(
            f"FL{n}", f"Filler FL{n}", *_bowl(1.42), rpm=1482, kw=30, bearing=BEARING_6312,
            streaming=fed("FL"), points=("DE", "NDE"), group=_GROUP_2, friction=24.0, velocity_mm_s=1.0,
            mesh_teeth=28, criticality=Criticality.A, is_constraint=True, counts=True,
            description="64 valves, constraint of the line",
        ),
        _machine(f"CP{n}", f"Capper CP{n}", _torque(), rpm=1440, kw=4, streaming=fed("CP")),
        _machine(f"LB{n}", f"Labeller LB{n}", _glue(), rpm=1420, kw=3, streaming=fed("LB"), group=None),
        _machine(f"C{n}4", f"Conveyor C{n}4", rpm=1410, kw=2.2, streaming=fed("C"), velocity_mm_s=0.6),
        _machine(
            f"PK{n}", f"Packer PK{n}", _cycle(1.74), rpm=1465, kw=11, bearing=BEARING_6308,
            streaming=fed("PK"), friction=12.0, counts=True,
        ),
    )  # fmt: skip
    return LineSpec(f"L{n}", name, connection, pieces_per_s, machines)


LINES = (
    _line(1, "Line 1 Glass 0.33 l", "PLC-1", 6.65, streaming={"FL": ("DE",), "PK": ("DE",)}),
    _line(
        2, "Line 2 PET 1.0 l", "OPC-2", 4.81,
        streaming={"FL": ("DE", "NDE"), "CP": ("DE",), "LB": ("DE",)},
    ),
    LineSpec(
        "UT",
        "Utilities",
        "PLC-3",
        0.0,
        (
            _machine(
                "P-101", "Product pump P-101",
                _discharge(3.4, low_bar=3.0),
                ValueSpec("flow", "Flow", "m3/h", 42.0, 0.0, 2.0, 0.3, 1, (38.0, 46.0), 1.2),
                rpm=2930, kw=15, bearing=BEARING_6310, streaming=("DE",), points=("DE", "NDE"),
                group=MachineGroup.ISO_10816_7_CATEGORY_II_SMALL, velocity_mm_s=1.6, friction=10.0,
                criticality=Criticality.A,
            ),
            _machine(
                "K-1", "Compressor K-1",
                _air_pressure(), _dew_point(),
                rpm=1478, kw=37, bearing=BEARING_6312, streaming=("DE",), group=_GROUP_2, velocity_mm_s=1.1,
            ),
            _machine(
                "P-201", "Caustic pump P-201",
                _discharge(2.2, low_bar=1.8),
                rpm=1450, kw=5.5, bearing=BEARING_6206, group=MachineGroup.ISO_10816_7_CATEGORY_II_SMALL,
            ),
            _machine(
                "CH-1", "Chiller CH-1",
                ValueSpec("supply", "Supply temperature", "degC", 2.5, 8.0, 240.0, 0.05, 1, (1.5, 3.5), 0.3),
                rpm=2950, kw=45, bearing=BEARING_6310, group=_GROUP_2, velocity_mm_s=1.0,
            ),
        ),
        stops_per_hour=0.25,
    ),
)  # fmt: skip

FAULTS = (
    FaultScript("FL2", "DE", FaultKind.OUTER_RACE, onset_days=0.4, growth_days=13.0),
    FaultScript("PK1", "DE", FaultKind.INNER_RACE, onset_days=9.0, growth_days=16.0),
    FaultScript("P-101", "DE", FaultKind.ROLLING_ELEMENT, onset_days=20.0, growth_days=14.0),
    FaultScript("CP2", "DE", FaultKind.UNBALANCE, onset_days=5.0, growth_days=20.0),
    FaultScript("K-1", "motor", FaultKind.OVERHEATING, onset_days=3.0, growth_days=12.0),
)
