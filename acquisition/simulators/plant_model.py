"""The demo plant put together: its set-up for the product, and its physics for the servers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from acquisition.simulators.bottling_plant import (
    FAULTS,
    LINES,
    SITE_NAME,
    LineSpec,
    MachineSpec,
    PointSpec,
    ValueSpec,
)
from acquisition.simulators.motion import ShaftMotion
from acquisition.simulators.noise import stable_seed
from acquisition.simulators.order import DEFAULT_SEED
from acquisition.simulators.process_values import CounterValue, LaggedValue, StateValue
from acquisition.simulators.schedule import LineSchedule
from acquisition.simulators.vibration import SAMPLING_RATE_HZ, VibrationChannel
from acquisition.simulators.wear import FaultKind, PlantTime
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.figures import figure_digits, figure_label
from domain.plant.plant import Plant
from domain.plant.tags import (
    FEATURE_UNITS,
    CaptureSchedule,
    Connection,
    ConnectionKind,
    Feature,
    Tag,
    TagDtype,
    TagKind,
)

NAMESPACE_URI = "urn:jidoka:demo-plant"
CAPTURE_LENGTH = 32_768
STREAM_CAPTURE_S = 600.0
CAPTURE_INTERVAL_S = 60.0
REGISTERS_PER_MACHINE = 40


class Physics(Protocol):
    """A value as a function of time."""

    def at(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Endpoints:
    """Loopback ports on which the servers of the demo plant listen."""

    modbus_1: int
    modbus_3: int
    opcua: int

    def options(self, name: str) -> dict[str, object]:
        """Return the connection options of one device."""
        if name == "OPC-2":
            return {
                "endpoint": f"opc.tcp://127.0.0.1:{self.opcua}/jidoka/demo/",
                "security": "Basic256Sha256",
                "publishing_interval_ms": 100,
            }
        return {"host": "127.0.0.1", "port": self.modbus_1 if name == "PLC-1" else self.modbus_3}


@dataclass
class PlantModel:
    """Set-up and physics from one seed."""

    time: PlantTime
    seed: int = DEFAULT_SEED
    values: dict[int, Physics] = field(default_factory=dict)
    channels: dict[int, VibrationChannel] = field(default_factory=dict)
    _assets: list[Asset] = field(default_factory=list)
    _points: list[MeasurementPoint] = field(default_factory=list)
    _tags: list[Tag] = field(default_factory=list)

    def __post_init__(self) -> None:
        site = Asset(self._id("site"), None, AssetKind.SITE, SITE_NAME, "NORTH")
        self._assets.append(site)
        for order, line in enumerate(LINES, start=1):
            self._add_line(site, line, order)

    def plant(self, endpoints: Endpoints) -> Plant:
        """Return the set-up that the product reads."""
        kinds = {"OPC-2": ConnectionKind.OPCUA}
        connections = tuple(
            Connection(
                self._id("connection", name),
                name,
                kinds.get(name, ConnectionKind.MODBUS_TCP),
                endpoints.options(name),
                is_simulated=True,
            )
            for name in ("PLC-1", "OPC-2", "PLC-3")
        )
        return Plant(
            tuple(self._assets),
            tuple(self._points),
            tuple(self._tags),
            connections,
            zone="Europe/Berlin",
            site_name=SITE_NAME,
        )

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        return tuple(self._tags)

    def tags_on(self, connection: str) -> tuple[Tag, ...]:
        """Return the tags that one device serves."""
        wanted = self._id("connection", connection)
        return tuple(tag for tag in self._tags if tag.connection_id == wanted)

    def _id(self, *names: str) -> UUID:
        high, low = stable_seed(1, *names), stable_seed(2, *names)
        value = 0x0190_0000_0000 << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0b10 << 62
        return UUID(int=value | low & (1 << 62) - 1)

    def _add_line(self, site: Asset, spec: LineSpec, order: int) -> None:
        line = Asset(self._id(spec.code), site.id, AssetKind.LINE, spec.name, spec.code, order)
        self._assets.append(line)
        schedule = LineSchedule(
            seed=self.seed,
            line=spec.code,
            machines=len(spec.machines),
            stops_per_hour=spec.stops_per_hour,
        )
        for number, machine in enumerate(spec.machines):
            motion = ShaftMotion(schedule, number, machine.speed_rpm / 60, hunting_phase=0.7 * number)
            self._add_machine(line, spec, machine, motion, number)

    def _add_machine(
        self, line: Asset, line_spec: LineSpec, spec: MachineSpec, motion: ShaftMotion, number: int
    ) -> None:
        machine = Asset(
            self._id(spec.code), line.id, AssetKind.MACHINE, spec.name, spec.code, number,
            description=spec.description, criticality=spec.criticality, is_constraint=spec.is_constraint,
            machine_group=spec.group, support=spec.support if spec.group else None,
            rated_power_kw=spec.power_kw,
        )  # fmt: skip
        self._assets.append(machine)
        registers = _Registers(number * REGISTERS_PER_MACHINE, is_opcua=line_spec.connection == "OPC-2")
        self._add_values(machine, line_spec, spec, motion, registers)
        motor = Asset(
            self._id(spec.code, "motor"), machine.id, AssetKind.COMPONENT, "Main motor", f"{spec.code}-M1",
            machine_group=spec.group, support=machine.support, rated_power_kw=spec.power_kw,
        )  # fmt: skip
        self._assets.append(motor)
        for order, point in enumerate(spec.points):
            self._add_point(machine, motor, spec, point, motion, order)
        self._add_tag(machine, f"{spec.code}.health", "Health", TagKind.DERIVED, "%", feature=Feature.HEALTH)

    def _add_values(
        self,
        machine: Asset,
        line_spec: LineSpec,
        spec: MachineSpec,
        motion: ShaftMotion,
        registers: "_Registers",
    ) -> None:
        def add(code: str, label: str, kind: TagKind, unit: str, physics: Physics, **more: object) -> None:
            name = f"{spec.code}.{code}"
            dtype = TagDtype.INT64 if kind in (TagKind.COUNTER, TagKind.STATE) else TagDtype.FLOAT32
            tag = self._add_tag(
                machine, name, label, kind, unit, connection=line_spec.connection, dtype=dtype,
                address=registers.next(kind, name), **more,
            )  # fmt: skip
            self.values[tag.key] = physics

        add("state", "State", TagKind.STATE, "state", StateValue(motion), digits=0)
        for value in spec.values:
            physics = self._physics(spec, value, motion)
            low, high = value.normal
            add(
                value.code, value.label, TagKind.MEASURED, value.unit, physics, digits=value.digits,
                normal_low=low, normal_high=high,
            )  # fmt: skip
        if spec.counts:
            rate = line_spec.pieces_per_s
            add(
                "good",
                "Good pieces",
                TagKind.COUNTER,
                "count",
                CounterValue(motion, rate_per_s=rate),
                digits=0,
            )
            rejects = CounterValue(motion, rate_per_s=rate, share=0.004)
            add("rejects", "Rejects", TagKind.COUNTER, "count", rejects, digits=0)

    def _physics(self, spec: MachineSpec, value: ValueSpec, motion: ShaftMotion) -> LaggedValue:
        thermal = [fault for fault in FAULTS if fault.machine == spec.code]
        fault = thermal[0] if thermal and value.wear_gain else None
        gain = value.wear_gain
        if fault is not None and fault.kind is FaultKind.OVERHEATING and value.code == "temperature":
            gain = 34.0
        return LaggedValue(
            stable_seed(self.seed, spec.code, value.code), self.time, motion, value.run, value.stop,
            value.lag_s, value.noise, swing=value.swing, wear_gain=gain, fault=fault,
        )  # fmt: skip

    def _add_point(
        self,
        machine: Asset,
        motor: Asset,
        spec: MachineSpec,
        point: PointSpec,
        motion: ShaftMotion,
        order: int,
    ) -> None:
        point_id, name = self._id(spec.code, point.code), f"{spec.code}.{point.code}"
        interval_s = STREAM_CAPTURE_S if point.is_streaming else CAPTURE_INTERVAL_S
        waveform = self._add_tag(
            motor, f"{name}.waveform", f"{point.label} waveform", TagKind.WAVEFORM, "g", point_id=point_id,
            connection="OPC-2", dtype=TagDtype.FLOAT32, digits=3,
            address={"namespace_uri": NAMESPACE_URI, "identifier": f"{name}.waveform"},
            sampling_rate_hz=float(SAMPLING_RATE_HZ), period_s=0.1 if point.is_streaming else interval_s,
            capture=CaptureSchedule(interval_s, CAPTURE_LENGTH, point.is_streaming),
        )  # fmt: skip
        self.channels[waveform.key] = self._channel(spec, point, motion)
        keys = {tag.name: tag.key for tag in self._tags}
        self._points.append(
            MeasurementPoint(
                point_id, motor.id, point.label, Technique.VIBRATION, order, bearing=point.bearing,
                speed_tag_key=keys[f"{spec.code}.speed"], state_tag_key=keys[f"{spec.code}.state"],
                waveform_tag_key=waveform.key, envelope_low_hz=2000.0, envelope_high_hz=6000.0,
            )
        )  # fmt: skip
        for feature, unit in FEATURE_UNITS.items():
            if feature is not Feature.HEALTH:
                label = figure_label(point.label, feature)
                self._add_tag(
                    motor, f"{name}.{feature.value}", label, TagKind.DERIVED, unit, point_id=point_id,
                    feature=feature, dtype=TagDtype.FLOAT32, digits=figure_digits(feature),
                    period_s=10.0 if point.is_streaming else interval_s,
                )  # fmt: skip

    def _channel(self, spec: MachineSpec, point: PointSpec, motion: ShaftMotion) -> VibrationChannel:
        faults = tuple(f for f in FAULTS if (f.machine, f.place) == (spec.code, point.code))
        share = 1.0 if point.code == "DE" else 0.8
        return VibrationChannel(
            f"{spec.code}.{point.code}", self.seed, self.time, motion, point.bearing,
            order_velocity_mm_s=tuple(spec.velocity_mm_s * share * part for part in (0.85, 0.3, 0.15)),
            mesh_teeth=spec.mesh_teeth, mesh_velocity_mm_s=0.12 if spec.mesh_teeth else 0.0,
            resonance_hz=point.resonance_hz, faults=faults,
        )  # fmt: skip

    def _add_tag(
        self,
        asset: Asset,
        name: str,
        label: str,
        kind: TagKind,
        unit: str,
        *,
        connection: str | None = None,
        address: Mapping[str, object] | None = None,
        **more: object,
    ) -> Tag:
        tag = Tag(
            self._id("tag", name), len(self._tags) + 1, name, label, kind, unit, asset.id,
            connection_id=self._id("connection", connection) if connection else None, address=address or {},
            **more,  # type: ignore[arg-type]
        )  # fmt: skip
        self._tags.append(tag)
        return tag


class _Registers:
    """Hands out the addresses of one machine: float32 pairs, uint16 states, uint32 counters; or node ids."""

    def __init__(self, first: int, *, is_opcua: bool) -> None:
        self._next = first
        self._is_opcua = is_opcua

    def next(self, kind: TagKind, name: str) -> dict[str, object]:
        if self._is_opcua:
            return {"namespace_uri": NAMESPACE_URI, "identifier": name}
        type_name = {TagKind.STATE: "uint16", TagKind.COUNTER: "uint32"}.get(kind, "float32")
        address = {"unit": 1, "table": "holding", "offset": self._next, "type": type_name}
        self._next += 1 if type_name == "uint16" else 2
        return address
