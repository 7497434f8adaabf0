"""Two lines of real machines on disk and in shared memory: FL2 is worn and hot, FL1 runs well, DP1 stands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.spectrum_board import SpectrumBoard
from acquisition.shared_memory.value_table import ValueTable
from domain.condition.alarms import Alarm, AlarmEvent, AlarmRule, Priority, step
from domain.condition.baseline import RobustBaseline
from domain.identifiers import new_id
from domain.plant.assets import (
    Asset,
    AssetKind,
    Criticality,
    MachineGroup,
    MeasurementPoint,
    Support,
    Technique,
)
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.readings import reading_batch
from domain.plant.signals import Waveform
from domain.plant.tags import Connection, ConnectionKind, Feature, Tag, TagDtype, TagKind
from services.access import program_actor
from services.baselines import save_baselines
from services.clock import SystemClock
from services.workstation import Workstation, open_workstation
from storage.store import Store, open_store
from ui.bridge import EventBridge
from ui.context import Context
from ui.formatting import PlantTime
from ui.refresh import RefreshClock
from ui.tasks import Tasks

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
STATE, TEMPERATURE, VELOCITY, OUTER, HEALTH, GOOD, WAVE = range(1, 8)
"""Added to ten times the machine's number, they make its tag keys."""

SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")
LINES = tuple(Asset(new_id(), SITE.id, AssetKind.LINE, f"Line {n}", f"L{n}", n) for n in (1, 2))
LINK = Connection(new_id(), "PLC-1", ConnectionKind.MODBUS_TCP)


def _machine(line: int, name: str, code: str, *, order: int, is_constraint: bool) -> Asset:
    return Asset(
        new_id(), LINES[line - 1].id, AssetKind.MACHINE, name, code, order, description="64 valves",
        criticality=Criticality.A, is_constraint=is_constraint,
        machine_group=MachineGroup.ISO_20816_3_GROUP_2, support=Support.RIGID, rated_power_kw=30.0,
    )  # fmt: skip


DP1 = _machine(1, "Depalletiser DP1", "DP1", order=1, is_constraint=False)
FL1 = _machine(1, "Filler FL1", "FL1", order=2, is_constraint=True)
FL2 = _machine(2, "Filler FL2", "FL2", order=1, is_constraint=True)
MACHINES = (DP1, FL1, FL2)
POINTS = tuple(
    MeasurementPoint(
        new_id(), machine.id, "Motor DE", Technique.VIBRATION, state_tag_key=10 * number + STATE,
        waveform_tag_key=10 * number + WAVE,
    )
    for number, machine in enumerate(MACHINES, start=1)
)  # fmt: skip


def key(machine: Asset, part: int) -> int:
    """Return the tag key of a part of a machine."""
    return 10 * (MACHINES.index(machine) + 1) + part


def _tags(machine: Asset) -> Iterable[Tag]:
    point = POINTS[MACHINES.index(machine)]
    plan = (
        (STATE, "State", TagKind.STATE, "state", None),
        (TEMPERATURE, "Motor temperature", TagKind.MEASURED, "degC", None),
        (VELOCITY, "Motor DE velocity rms", TagKind.DERIVED, "mm/s", Feature.VELOCITY_RMS),
        (
            OUTER,
            "Motor DE outer race",
            TagKind.DERIVED,
            "g",
            Feature.OUTER_RACE,
        ),
        (HEALTH, "Health", TagKind.DERIVED, "%", Feature.HEALTH),
        (GOOD, "Good pieces", TagKind.COUNTER, "count", None),
        (WAVE, "Motor DE waveform", TagKind.WAVEFORM, "g", None),
    )
    for part, label, kind, unit, feature in plan:
        is_of_point = part in (VELOCITY, OUTER, WAVE)
        yield Tag(
            new_id(), key(machine, part), f"{machine.code}.{part}", label, kind, unit, machine.id,
            point_id=point.id if is_of_point else None, connection_id=LINK.id, feature=feature,
            digits=2 if unit in ("g", "mm/s") else 0,
            dtype=TagDtype.INT64 if part in (STATE, GOOD) else TagDtype.FLOAT64,
            normal_low=50.0 if part == TEMPERATURE else None,
            normal_high=68.0 if part == TEMPERATURE else None,
            sampling_rate_hz=25_600.0 if part == WAVE else None,
        )  # fmt: skip


PLANT = Plant(
    (SITE, *LINES, *MACHINES), POINTS, tuple(tag for machine in MACHINES for tag in _tags(machine)), (LINK,),
    zone="Europe/Berlin", site_name="North",
)  # fmt: skip


def _rule(machine: Asset, part: int, value: float, unit: str, priority: Priority, words: str) -> AlarmRule:
    origin = Provenance("ISO 20816-3", "2022", "Group 2") if part == VELOCITY else Provenance("site")
    return AlarmRule(
        new_id(), machine.id, priority, words, tag_key=key(machine, part),
        limit=Limit(value, unit, LimitSide.HIGH, origin), consequence="The bearing seizes.",
        likely_cause="Spalling.", response="1 Listen.\n2 Plan the change.", call="Maintenance",
        respond_within_s=1800.0,
    )  # fmt: skip


RULES = tuple(
    rule
    for machine in MACHINES
    for rule in (
        _rule(machine, TEMPERATURE, 80.0, "degC", Priority.MEDIUM, "value_high"),
        _rule(machine, OUTER, 0.1, "g", Priority.MEDIUM, "band_high"),
        _rule(machine, OUTER, 0.6, "g", Priority.CRITICAL, "band_high"),
        _rule(machine, VELOCITY, 4.5, "mm/s", Priority.HIGH, "value_high"),
    )
)
HOT, WORN, CRITICAL = (
    next(rule for rule in RULES if rule.tag_key == key(FL2, part) and rule.priority is priority)
    for part, priority in (
        (TEMPERATURE, Priority.MEDIUM), (OUTER, Priority.MEDIUM), (OUTER, Priority.CRITICAL),
    )
)  # fmt: skip
BASELINES = {
    key(machine, part): RobustBaseline(median, 0.05 * median, 30)
    for machine in MACHINES
    for part, median in ((VELOCITY, 1.2), (OUTER, 0.02))
}


class Collector:
    """The writing side of the rings."""

    def __init__(self, folder: Path) -> None:
        self.control = ControlSegment.create(folder)
        self.control.set("epoch", 1)
        self.values = ValueTable.create(folder, [tag.key for tag in PLANT.tags], epoch=1)
        self.waveforms = WaveformRing.create(folder, [(key(FL2, WAVE), 25_600.0, 1024)], epoch=1)
        self.spectra = SpectrumBoard.create(folder, [key(FL2, WAVE)], max_lines=16, epoch=1)

    def say(self, machine: Asset, at_us: int, values: dict[int, float], *, quality: int = 0) -> None:
        """Write values of a machine by part."""
        keys = [key(machine, part) for part in values]
        self.values.write(
            reading_batch(keys, list(values.values()), quality=quality, source_us=at_us, receive_us=at_us)
        )
        self.values.beat()

    def close(self) -> None:
        for mapped in (self.values, self.waveforms, self.spectra):
            mapped.close()
        self.control.close()


@dataclass
class Stage:
    """Services, the writing side, and a context that remembers what a screen asked for."""

    workstation: Workstation
    collector: Collector
    context: Context
    tasks: Tasks
    writer: Store
    visited: list[str] = field(default_factory=list)
    problems: list[BaseException] = field(default_factory=list)
    drawers: list[QWidget] = field(default_factory=list)

    @property
    def now_us(self) -> int:
        return self.context.clock.now_us()

    def raise_alarm(self, rule: AlarmRule, *, value: float = 1.0, waveform_id: UUID | None = None) -> Alarm:
        """Let a condition turn true as the collector would."""
        return self._step(rule, AlarmEvent.CONDITION_TRUE, value=value, waveform_id=waveform_id)

    def clear_alarm(self, rule: AlarmRule) -> Alarm:
        """Let a condition turn false."""
        return self._step(rule, AlarmEvent.CONDITION_FALSE)

    def alarm(self, rule: AlarmRule) -> Alarm:
        """Return the stored row of a rule."""
        return next(each for each in self.writer.alarms.all() if each.rule_id == rule.id)

    def _step(
        self,
        rule: AlarmRule,
        event: AlarmEvent,
        *,
        value: float | None = None,
        waveform_id: UUID | None = None,
    ) -> Alarm:
        before = self.alarm(rule)
        after = step(before, event, latching=rule.latching, at_us=self.now_us, value=value)
        with self.writer.unit_of_work(program_actor("collector")) as work:
            stored = work.alarms.compare_and_set(before, after, event=event)
        if waveform_id is not None:
            with self.writer.unit_of_work(program_actor("collector")) as work:
                work.alarms.link_waveform(stored.id, waveform_id)
        return stored

    def say_all(self) -> None:
        """Publish what the three machines do now."""
        now_us = self.now_us
        healthy = {STATE: 1.0, TEMPERATURE: 60.0, VELOCITY: 1.2, OUTER: 0.02, GOOD: 86_400.0}
        self.collector.say(FL1, now_us, healthy)
        self.collector.say(FL2, now_us, healthy | {TEMPERATURE: 84.0, VELOCITY: 3.1, OUTER: 0.4})
        self.collector.say(DP1, now_us, healthy | {STATE: 2.0, VELOCITY: 0.02})

    def close(self) -> None:
        self.context.events.close()
        self.tasks.close()
        self.workstation.close()
        self.writer.close()
        self.collector.close()


def make_stage(folder: Path) -> Stage:
    """Furnish a folder, start the writing side and open the reading side."""
    clock = SystemClock()
    now_us = clock.now_us()
    writer = open_store(folder, role="collector", clock=clock)
    with writer.unit_of_work(program_actor("test")) as work:
        work.plant.import_plant(PLANT)
        for rule in RULES:
            work.alarm_rules.save(rule)
        save_baselines(work, PLANT, BASELINES)
    _write_past(writer, now_us)
    collector = Collector(folder)
    workstation = open_workstation(folder, clock=clock)
    visited: list[str] = []
    problems: list[BaseException] = []
    drawers: list[QWidget] = []

    def go(address: str) -> bool:
        visited.append(address)
        return True

    tasks = Tasks()
    context = Context(
        clock=clock,
        tasks=tasks,
        refresh=RefreshClock(clock),
        events=EventBridge(),
        plant_time=lambda: PlantTime("Europe/Berlin"),
        go=go,
        show_problem=lambda error: problems.append(error),
        open_drawer=lambda title, widget: drawers.append(widget),
        close_drawer=lambda: None,
    )
    stage = Stage(workstation, collector, context, tasks, writer, visited, problems, drawers)
    stage.say_all()
    return stage


def _write_past(store: Store, now_us: int) -> None:
    """Write a day by the minute: a gap of half an hour, FL1 stood for six hours, one piece a second."""
    writer = store.open_history_writer()
    times = np.arange(now_us - DAY, now_us, MINUTE, dtype=np.int64)
    hours = (times - times[0]) / 3.6e9
    keep = (hours < 2) | (hours > 2.5)
    for machine in MACHINES:
        worn = machine is FL2
        past = {
            STATE: np.where((hours > 12) & (hours <= 18) & (machine is FL1), 2.0, 1.0),
            TEMPERATURE: 60 + hours * worn,
            VELOCITY: 1.2 + 0.08 * hours * worn,
            OUTER: 0.02 + 0.016 * hours * worn,
            HEALTH: 100 - 2.5 * hours * worn,
            GOOD: np.round((times - times[0]) / SECOND),
        }
        for part, values in past.items():
            writer.write_past(key(machine, part), time_us=times[keep], value=values[keep], quality=0)
    writer.close()


def keep_waveform(stage: Stage) -> UUID:
    """Store a waveform of FL2 and return its id."""
    store = stage.writer.open_waveforms(is_writer=True)
    samples = np.sin(np.arange(8192) / 9).astype(np.float32)
    kept = store.keep(
        Waveform(key(FL2, WAVE), samples, 25_600.0, stage.now_us - SECOND, "g", 0), reason="alarm"
    )
    store.close()
    return kept


def settle(qtbot, stage: Stage, refresh: Callable[[int], None], done: Callable[[], bool]) -> None:  # type: ignore[no-untyped-def]
    """Go on drawing, as the shell does, until the disk has answered."""

    def drawn() -> bool:
        stage.say_all()
        refresh(stage.now_us)
        return done()

    qtbot.waitUntil(drawn, timeout=8000)


def put_away(view: QWidget) -> None:
    """Hide and delete a view before its services close."""
    view.hide()
    view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
