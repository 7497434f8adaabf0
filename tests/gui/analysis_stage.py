"""A small real plant on disk and in shared memory, with a machine whose outer race is worn, and a context."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QWidget

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.condition.alarms import AlarmRule, Priority
from domain.identifiers import new_id
from domain.instants import MICROSECONDS_PER_DAY
from domain.plant.assets import Asset, AssetKind, MachineGroup, MeasurementPoint, Support, Technique
from domain.plant.bearings import BearingGeometry
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.quality import QualityCause, QualityClass, quality_code
from domain.plant.readings import SampleBlock, reading_batch
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.plant.tags import FEATURE_UNITS, CaptureSchedule, Feature, Tag, TagKind
from domain.ports import SpectrumRow
from services.access import program_actor
from services.clock import SystemClock
from services.workstation import Workstation, open_workstation
from storage.store import open_store
from ui.bridge import EventBridge
from ui.context import Context
from ui.formatting import PlantTime
from ui.refresh import RefreshClock
from ui.tasks import Tasks

RATE_HZ = 25_600.0
SHAFT_HZ = 24.7
STATE, SPEED, TEMPERATURE, CURRENT, WAVE, VELOCITY, OUTER, INNER, KURTOSIS, HEALTH = range(1, 11)
BEARING = BearingGeometry("6312", 8, 22.225, 95.0, source="test")
BPFO_HZ = 8 * (1 - 22.225 / 95.0) / 2 * SHAFT_HZ

SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
LINE = Asset(new_id(), SITE.id, AssetKind.LINE, "Line 2", "L2")
FILLER = Asset(new_id(), LINE.id, AssetKind.MACHINE, "Filler FL2", "FL2")
MOTOR = Asset(
    new_id(), FILLER.id, AssetKind.COMPONENT, "Main motor", "M",
    machine_group=MachineGroup.ISO_20816_3_GROUP_2, support=Support.RIGID,
)  # fmt: skip
POINT = MeasurementPoint(
    new_id(), MOTOR.id, "Main motor DE", Technique.VIBRATION, bearing=BEARING, speed_tag_key=SPEED,
    state_tag_key=STATE, waveform_tag_key=WAVE,
)  # fmt: skip


def _tag(key: int, name: str, label: str, kind: TagKind, unit: str, **more: object) -> Tag:
    asset = MOTOR if more.get("feature") or key in (WAVE, TEMPERATURE, CURRENT) else FILLER
    return Tag(new_id(), key, f"FL2.{name}", label, kind, unit, asset.id, **more)  # type: ignore[arg-type]


def _feature(key: int, feature: Feature) -> Tag:
    return _tag(
        key, feature.value, feature.value, TagKind.DERIVED, FEATURE_UNITS[feature], digits=2,
        feature=feature, point_id=None if feature is Feature.HEALTH else POINT.id,
    )  # fmt: skip


TAGS = (
    _tag(STATE, "state", "State", TagKind.STATE, "state"),
    _tag(SPEED, "speed", "Motor speed", TagKind.MEASURED, "1/min", digits=0),
    _tag(TEMPERATURE, "temperature", "Motor temperature", TagKind.MEASURED, "degC", normal_low=50.0,
         normal_high=68.0),
    _tag(CURRENT, "current", "Motor current", TagKind.MEASURED, "A", normal_low=41.0, normal_high=51.0),
    _tag(
        WAVE, "wave", "Waveform", TagKind.WAVEFORM, "g", point_id=POINT.id, sampling_rate_hz=RATE_HZ,
        capture=CaptureSchedule(600.0, 32_768, is_streaming=True),
    ),
    _feature(VELOCITY, Feature.VELOCITY_RMS),
    _feature(OUTER, Feature.OUTER_RACE),
    _feature(INNER, Feature.INNER_RACE),
    _feature(KURTOSIS, Feature.KURTOSIS),
    _feature(HEALTH, Feature.HEALTH),
)  # fmt: skip
PLANT = Plant((SITE, LINE, FILLER, MOTOR), (POINT,), TAGS, zone="Europe/Berlin", site_name="North")


def envelope(level: float, *, seed: int = 1, lines: int = 1281) -> Spectrum:
    """Return an envelope spectrum with five harmonics of BPFO at a level over noise."""
    rng = np.random.default_rng(seed)
    amplitude = (0.002 * rng.rayleigh(1.0, lines)).astype(np.float32)
    for k in range(1, 6):
        amplitude[round(k * BPFO_HZ / 0.78125)] += level / k
    return Spectrum(amplitude, 0.78125, "g")


def velocity(level: float, *, seed: int = 2, lines: int = 16_385) -> Spectrum:
    """Return a velocity spectrum with 1x and harmonics of BPFO."""
    rng = np.random.default_rng(seed)
    amplitude = (0.004 * rng.rayleigh(1.0, lines)).astype(np.float32)
    amplitude[round(SHAFT_HZ / 0.78125)] += 0.6
    for k in range(1, 13):
        amplitude[round(k * BPFO_HZ / 0.78125)] += level / k
    return Spectrum(amplitude, 0.78125, "mm/s", is_rms=True)


def samples(count: int = 32_768) -> np.ndarray:
    """Return acceleration with an impact every 1 / BPFO."""
    t = np.arange(count) / RATE_HZ
    rng = np.random.default_rng(5)
    ringing = 6 * np.exp(-500 * (t % (1 / BPFO_HZ))) * np.sin(2 * np.pi * 3000 * t)
    return (ringing + rng.normal(0, 0.2, count)).astype(np.float32)


class Collector:
    """The writing side of the rings: says what a collector would say."""

    def __init__(self, folder: Path) -> None:
        self.control = ControlSegment.create(folder)
        self.control.set("epoch", 1)
        self.values = ValueTable.create(folder, [tag.key for tag in TAGS], epoch=1)
        self.waveforms = WaveformRing.create(folder, [(WAVE, RATE_HZ, 65_536)], epoch=1)
        self.spectra = SpectrumBoard.create(folder, [WAVE], max_lines=16_385, epoch=1)

    def beat(self) -> None:
        self.values.beat()

    def say(self, at_us: int, **values: float) -> None:
        """Write values by lower-case name of the key constants."""
        keys = [globals()[name.upper()] for name in values]
        self.values.write(
            reading_batch(keys, list(values.values()), quality=0, source_us=at_us, receive_us=at_us)
        )
        self.beat()

    def show_signal(self, at_us: int, *, level: float = 0.5) -> None:
        """Write a block and its spectra."""
        self.waveforms.write(SampleBlock(WAVE, samples(), RATE_HZ, at_us, at_us, 0, 0))
        acceleration = Spectrum(velocity(level).amplitude, 0.78125, "g")
        for kind, spectrum in (
            (SpectrumKind.VELOCITY, velocity(level)),
            (SpectrumKind.ACCELERATION, acceleration),
            (SpectrumKind.ENVELOPE, envelope(level)),
        ):
            self.spectra.write(WAVE, kind, spectrum, start_us=at_us, quality=0)
        self.beat()

    def close(self) -> None:
        for mapped in (self.values, self.waveforms, self.spectra):
            mapped.close()
        self.control.close()


def furnish(folder: Path, now_us: int) -> None:
    """Import the plant with a rule, ten days of spectra, a waveform and eight hours of values."""
    store = open_store(folder, role="collector", clock=SystemClock())
    limit = Limit(80.0, "degC", LimitSide.HIGH, Provenance("site"))
    rule = AlarmRule(new_id(), MOTOR.id, Priority.HIGH, "value_high", tag_key=TEMPERATURE, limit=limit)
    with store.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(PLANT)
        work.alarm_rules.save(rule)
    kept = store.open_waveforms(is_writer=True)
    rows = [
        SpectrumRow(WAVE, kind, now_us - day * MICROSECONDS_PER_DAY, made(0.0, seed=day).up_to(1000.0), 0)
        for day in range(10, 0, -1)
        for kind, made in ((SpectrumKind.VELOCITY, velocity), (SpectrumKind.ENVELOPE, envelope))
    ]
    kept.keep_spectra(rows)
    kept.keep(Waveform(WAVE, samples(), RATE_HZ, now_us - 600_000_000, "g", 0), reason="alarm")
    kept.close()
    _write_values(store, now_us)
    store.close()


def _write_values(store: object, now_us: int) -> None:
    writer = store.open_history_writer()  # type: ignore[attr-defined]
    times = np.arange(now_us - 8 * 3_600_000_000, now_us - 5_000_000, 5_000_000, dtype=np.int64)
    hours = (times - times[0]) / 3.6e9
    stopped = (hours > 5) & (hours < 5.2)
    frozen = quality_code(QualityClass.UNCERTAIN, QualityCause.FROZEN)
    past = {
        STATE: np.where(stopped, 2.0, 1.0),
        SPEED: np.where(stopped, 0.0, 60 * SHAFT_HZ),
        TEMPERATURE: 60 + hours,
        CURRENT: np.where(stopped, 0.0, 46.0 + np.sin(hours * 9)),
        VELOCITY: np.where(stopped, 0.02, 1.2 + 0.05 * hours),
        OUTER: 0.01 + 0.01 * hours,
        KURTOSIS: 3 + 0.1 * hours,
    }
    keep = (hours < 2) | (hours > 2.5)
    for key, values in past.items():
        quality = np.where((hours > 6) & (hours < 6.5) & (key == TEMPERATURE), frozen, 0).astype(np.uint16)
        writer.write_past(key, time_us=times[keep], value=values[keep], quality=quality[keep])
    writer.close()


@dataclass
class Stage:
    """Services, collector and the context of a screen; what the screen asked of its window."""

    workstation: Workstation
    collector: Collector
    context: Context
    tasks: Tasks
    now_us: int
    visited: list[str] = field(default_factory=list)
    problems: list[BaseException] = field(default_factory=list)
    drawers: list[tuple[str, QWidget]] = field(default_factory=list)

    def close(self) -> None:
        self.context.events.close()
        self.tasks.close()
        self.workstation.close()
        self.collector.close()


def make_stage(folder: Path) -> Stage:
    """Furnish a folder, start the writing side and open the reading side."""
    clock = SystemClock()
    now_us = clock.now_us()
    furnish(folder, now_us)
    collector = Collector(folder)
    collector.say(
        now_us, state=1.0, speed=60 * SHAFT_HZ, temperature=70.0, current=46.0, velocity=1.6, outer=0.4,
        inner=0.02, kurtosis=9.0, health=42.0,
    )  # fmt: skip
    collector.show_signal(now_us)
    workstation = open_workstation(folder, clock=clock)
    tasks = Tasks()
    visited: list[str] = []
    problems: list[BaseException] = []
    drawers: list[tuple[str, QWidget]] = []

    def go(address: str) -> bool:
        visited.append(address)
        return True

    context = Context(
        clock=clock,
        tasks=tasks,
        refresh=RefreshClock(clock),
        events=EventBridge(),
        plant_time=lambda: PlantTime("Europe/Berlin"),
        go=go,
        show_problem=lambda error: problems.append(error),
        open_drawer=lambda title, widget: drawers.append((title, widget)),
        close_drawer=lambda: None,
    )
    return Stage(workstation, collector, context, tasks, now_us, visited, problems, drawers)
