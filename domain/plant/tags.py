"""Tags: a named value with a source, an address and a unit; revisions keep history honest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID


class TagKind(Enum):
    """What a value is; decides on frozen-value detection, sampling and drawing."""

    MEASURED = "measured"
    WAVEFORM = "waveform"
    STATE = "state"
    COUNTER = "counter"
    SETPOINT = "setpoint"
    DERIVED = "derived"


class TagDtype(Enum):
    """What a tag stores; "equal" means equal in this type."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    INT64 = "int64"
    TEXT = "text"


class Feature(Enum):
    """Figure of a measurement point that analysis writes as a derived tag, with its unit code."""

    VELOCITY_RMS = "velocity_rms"
    ACCELERATION_RMS = "acceleration_rms"
    ACCELERATION_PEAK = "acceleration_peak"
    CREST_FACTOR = "crest_factor"
    KURTOSIS = "kurtosis"
    ENVELOPE_RMS = "envelope_rms"
    BEARING_BAND = "bearing_band"
    GEAR_BAND = "gear_band"
    OUTER_RACE = "outer_race"
    INNER_RACE = "inner_race"
    ROLLING_ELEMENT = "rolling_element"
    CAGE = "cage"
    ORDER_1X = "order_1x"
    ORDER_2X = "order_2x"
    HEALTH = "health"


FEATURE_UNITS: Mapping[Feature, str] = {
    Feature.VELOCITY_RMS: "mm/s",
    Feature.ACCELERATION_RMS: "g",
    Feature.ACCELERATION_PEAK: "g",
    Feature.CREST_FACTOR: "1",
    Feature.KURTOSIS: "1",
    Feature.ENVELOPE_RMS: "g",
    Feature.BEARING_BAND: "g",
    Feature.GEAR_BAND: "g",
    Feature.OUTER_RACE: "g",
    Feature.INNER_RACE: "g",
    Feature.ROLLING_ELEMENT: "g",
    Feature.CAGE: "g",
    Feature.ORDER_1X: "mm/s",
    Feature.ORDER_2X: "mm/s",
    Feature.HEALTH: "%",
}


@dataclass(frozen=True, slots=True)
class Scaling:
    """``engineering = raw * factor + offset``, applied once, by the driver."""

    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class CaptureSchedule:
    """When a waveform is kept: ``length`` samples every ``interval_s``; streaming channels live in a ring.

    Around an alarm ``before_s`` and ``after_s`` of the ring are kept; 0 and 0 keep ``length`` samples.
    """

    interval_s: float
    length: int
    is_streaming: bool = False
    before_s: float = 0.0
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """What history keeps of one tag.

    ``raw_days`` is the time that every sample is kept, None for the plant's own rule. ``deadband`` in the
    tag's unit thins a slow value: a sample within it of the last one stored is left out, but one a minute is
    always kept; 0, the default, stores every sample.
    """

    raw_days: float | None = None
    deadband: float = 0.0


@dataclass(frozen=True, slots=True)
class Tag:
    """A named value.

    ``key`` is the integer used in rings and history. ``address`` is the plain form of the driver's address
    (see ``acquisition/addresses.py``). A change of unit, scaling, address or dtype opens a new ``revision``;
    history rows carry the revision and are never rewritten. ``low`` and ``high`` bound plausible values,
    ``normal_low`` and ``normal_high`` the normal band drawn on screens.
    """

    id: UUID
    key: int
    name: str
    label: str
    kind: TagKind
    unit: str
    asset_id: UUID
    point_id: UUID | None = None
    connection_id: UUID | None = None
    address: Mapping[str, object] = field(default_factory=dict)
    period_s: float = 1.0
    dtype: TagDtype = TagDtype.FLOAT64
    scaling: Scaling = Scaling()
    digits: int = 1
    low: float | None = None
    high: float | None = None
    normal_low: float | None = None
    normal_high: float | None = None
    feature: Feature | None = None
    sampling_rate_hz: float | None = None
    capture: CaptureSchedule | None = None
    keeping: Keeping = Keeping()
    frozen_after_s: float | None = None
    """A measured value that has not moved at all for so long is uncertain, "frozen"; None does not watch."""
    is_writable: bool = False
    revision: int = 1
    version: int = 1

    @property
    def is_waveform(self) -> bool:
        return self.kind is TagKind.WAVEFORM

    def opens_revision(self, changed: "Tag") -> bool:
        """Say whether the change makes old and new values incomparable."""
        return (self.unit, self.scaling, dict(self.address), self.dtype) != (
            changed.unit,
            changed.scaling,
            dict(changed.address),
            changed.dtype,
        )


class ConnectionKind(Enum):
    """Which driver reads a connection; the value is the driver's name."""

    MODBUS_TCP = "modbus_tcp"
    MODBUS_TLS = "modbus_tls"
    MODBUS_SERIAL = "modbus_serial"
    MODBUS_RTU_TCP = "modbus_rtu_tcp"
    OPCUA = "opcua"
    MQTT = "mqtt"
    FILES = "files"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Connection:
    """A device as set up. ``options`` is the driver's own plain data (host, port, unit, endpoint ...)."""

    id: UUID
    name: str
    kind: ConnectionKind
    options: Mapping[str, object] = field(default_factory=dict)
    is_enabled: bool = True
    is_simulated: bool = False
    version: int = 1
