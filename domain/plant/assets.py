"""The asset tree: site > line > machine > component, and the points where one measures."""

from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from domain.plant.bearings import BearingGeometry


class AssetKind(Enum):
    """Level in the tree."""

    SITE = "site"
    LINE = "line"
    MACHINE = "machine"
    COMPONENT = "component"


class Criticality(Enum):
    """What its failure means to the line [SET-3]."""

    A = "A"
    B = "B"
    C = "C"


class Technique(Enum):
    """What kind of measurement a point carries; data, not code [ACQ-1, ACQ-4]."""

    VIBRATION = "vibration"
    ULTRASONIC = "ultrasonic"
    THERMOGRAPHY = "thermography"
    CURRENT = "current"
    ACOUSTIC = "acoustic"
    PROCESS = "process"


class MachineGroup(Enum):
    """Severity table row of the machine; None on an asset means undeclared: no zone is given [NEW-11]."""

    ISO_20816_3_GROUP_1 = "20816-3/1"
    ISO_20816_3_GROUP_2 = "20816-3/2"
    ISO_10816_1_CLASS_I = "10816-1/I"
    ISO_10816_1_CLASS_II = "10816-1/II"
    ISO_10816_1_CLASS_III = "10816-1/III"
    ISO_10816_1_CLASS_IV = "10816-1/IV"
    ISO_10816_7_CATEGORY_I_SMALL = "10816-7/I<=200"
    ISO_10816_7_CATEGORY_I_LARGE = "10816-7/I>200"
    ISO_10816_7_CATEGORY_II_SMALL = "10816-7/II<=200"
    ISO_10816_7_CATEGORY_II_LARGE = "10816-7/II>200"


class Support(Enum):
    """How the machine stands."""

    RIGID = "rigid"
    FLEXIBLE = "flexible"


@dataclass(frozen=True, slots=True)
class Asset:
    """A thing in the tree. ``order`` sorts siblings, as the material flows."""

    id: UUID
    parent_id: UUID | None
    kind: AssetKind
    name: str
    code: str
    order: int = 0
    description: str = ""
    criticality: Criticality = Criticality.B
    is_constraint: bool = False
    machine_group: MachineGroup | None = None
    support: Support | None = None
    rated_power_kw: float | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class MeasurementPoint:
    """The place on an asset where one measures; ``speed_tag_key`` gives the shaft speed in 1/min."""

    id: UUID
    asset_id: UUID
    name: str
    technique: Technique
    order: int = 0
    bearing: BearingGeometry | None = None
    speed_tag_key: int | None = None
    speed_ratio: float = 1.0
    """Shaft speed at this point divided by the value of the speed tag (gear ratio)."""
    state_tag_key: int | None = None
    waveform_tag_key: int | None = None
    envelope_low_hz: float = 2000.0
    envelope_high_hz: float = 6000.0
    sensor: str = ""
    """What measures here ("accelerometer 100 mV/g", "infrared camera"): data, not code [ACQ-1]."""
    version: int = 1


class MachineState(Enum):
    """What a machine does; the integer is the value of its state tag."""

    UNKNOWN = 0
    RUN = 1
    STOP = 2
    BLOCKED = 3
    STARVED = 4
    CHANGE = 5
    FAULT = 6


@dataclass(frozen=True, slots=True)
class AssetPath:
    """An asset with its ancestors, the site first."""

    assets: tuple[Asset, ...] = field(default=())

    @property
    def text(self) -> str:
        """Names joined as the operator reads them, the site left out."""
        return " / ".join(asset.name for asset in self.assets[1:] or self.assets)
