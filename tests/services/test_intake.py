"""Files, MQTT and people through the whole collector, exactly once [ACQ-1, ACQ-4..7, NEW-27, NEW-30]."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from acquisition.hub import TagHub
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.segments import ControlSegment
from acquisition.shared_memory.value_table import ValueTable
from domain.condition.alarms import AlarmState
from domain.errors import StorageError
from domain.plant.files import FileContent
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import SpectrumKind, Waveform
from domain.ports import HistorySeries
from services.access import program_actor
from services.clock import SystemClock
from services.collector import Collector, CollectorOptions
from services.collector_status import HUNG
from services.file_intake import FileIntake
from services.history import History
from services.manual_intake import ManualIntake
from services.newest_known import NewestKnown
from services.recording import Recorder, WriterLane
from services.reporting import Reporting
from services.reports import NewReading
from services.status import FILE_NAME, read_status
from storage.store import Store, open_store
from tests.protocol.mqtt_stage import Broker, Publisher, broker  # noqa: F401
from tests.protocol.stage import until
from tests.services.intake_stage import (
    CURRENT,
    LEAK,
    PANEL,
    PIA,
    RULES,
    SPEED,
    VELOCITY,
    WAVE,
    Victim,
    csv,
    furnish,
    wav,
)

pytestmark = pytest.mark.timeout(90)
ALL_US = {"start_us": 0, "end_us": 4_000_000_000_000_000}
MINUTE_US = 60_000_000


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@contextlib.asynccontextmanager
async def collecting(data: Path) -> AsyncIterator[Store]:
    """A collector in this process, stopped at the end of the block."""
    clock = SystemClock()
    control = ControlSegment.create(data)
    store = open_store(data, role="collector", clock=clock)
    task = asyncio.create_task(Collector(store, control, CollectorOptions(data), clock=clock).run())
    try:
        yield store
    finally:
        control.request_stop()
        await task
        store.close()
        control.close()


def values_of(store: Store, key: int) -> HistorySeries:
    reader = store.open_history_reader()
    try:
        return reader.series(key, **ALL_US)
    finally:
        reader.close()


def good(series: HistorySeries) -> list[float]:
    return series.value[(series.quality & CLASS_MASK) != QualityClass.BAD].tolist()


async def test_every_technique_reaches_history_trend_and_its_alarm(
    tmp_path: Path, drop: Path, broker: Broker
) -> None:
    """ACQ-4: ultrasonic by file, thermography by MQTT, current by hand; and a vibration record by file."""
    data = tmp_path / "data"
    clock = SystemClock()
    with contextlib.closing(open_store(data, role="tool", clock=clock)) as empty:
        furnish(empty, drop, broker_port=broker.port)
    async with collecting(data) as store:
        reporting = Reporting(store, clock=clock)
        an_hour_ago = np.datetime64(clock.now_us() - 60 * MINUTE_US, "us").astype("datetime64[s]")
        csv(drop, "leaks.csv", start=f"{an_hour_ago}Z", leak=41.0)
        wav(drop, f"motor_{str(an_hour_ago).replace('-', '').replace(':', '').replace('T', '_')}.wav")
        reporting.record_reading(NewReading(CURRENT, 13_000.0, unit="mA"), by=PIA)
        reporting.record_reading(NewReading(CURRENT, 99.0, taken_us=clock.now_us() - 600 * MINUTE_US), by=PIA)
        with Publisher(broker.port) as camera:

            def is_alarmed() -> bool:
                camera.send("panel", "95.5")
                return {each.rule_id for each in store.alarms.listed()} == {rule.id for rule in RULES}

            await until(is_alarmed, within_s=30, what="three alarms")
        await until(lambda: bool(good(values_of(store, VELOCITY))), within_s=20, what="figures of the record")
        await until(
            lambda: all(r.is_in_history for r in reporting.readings(CURRENT, **ALL_US)),
            within_s=10,
            what="copied",
        )
        assert good(values_of(store, LEAK)) == [41.0, 42.0, 43.0, 44.0, 45.0]
        assert 95.5 in good(values_of(store, PANEL))
        current = values_of(store, CURRENT)
        assert current.value.tolist() == [99.0, 13.0]
        manual, late = QualityFlag.MANUAL, QualityFlag.BACK_FILLED
        assert [bool(q & manual) for q in current.quality.tolist()] == [True, True]
        assert [bool(q & late) for q in current.quality.tolist()] == [True, False]
        alarms = {each.rule_id: each for each in store.alarms.listed()}
        assert alarms[UUID(int=200 + CURRENT)].value == 13.0, "the late reading of 99 A raised nothing"
        assert all(each.state is AlarmState.UNACKNOWLEDGED for each in alarms.values())
        _trend_shows(store, CURRENT, 13.0)
        _trend_shows(store, LEAK, 45.0)
        _record_is_kept_and_analysed(store)


def _trend_shows(store: Store, key: int, value: float) -> None:
    with contextlib.closing(store.open_history_reader()) as reader:
        now_us = SystemClock().now_us()
        trend = reader.trend(key, start_us=now_us - 120 * MINUTE_US, end_us=now_us + MINUTE_US, columns=50)
    assert trend.maximum.max() == value


def _record_is_kept_and_analysed(store: Store) -> None:
    """A sine of 0.5 g peak at 25 Hz has 22.1 mm/s r.m.s."""
    with contextlib.closing(store.open_waveforms()) as kept:
        (record,) = kept.waveforms(WAVE, **ALL_US)
        assert (record.reason, record.length) == ("import", 10_000)
        assert kept.spectra(WAVE, SpectrumKind.VELOCITY, **ALL_US)
    figures = values_of(store, VELOCITY)
    assert figures.value.tolist() == [pytest.approx(0.5 * 9806.65 / (2 * np.pi * 25) / 2**0.5, rel=0.01)]
    assert figures.time_us[0] == record.start_us + 1_000_000, "at the file's time"


class Bench:
    """The intake on real storage without a collector around it, to be broken at any step."""

    def __init__(self, data: Path, set_up: Plant) -> None:
        self.store = open_store(data, role="collector", clock=SystemClock())
        self.history = self.store.open_history_writer()
        self.kept = self.store.open_waveforms(is_writer=True)
        self.lane = WriterLane()
        self.recorder = Recorder(set_up, self.history, self.lane, clock=SystemClock())
        self.values = ValueTable.create(data, [tag.key for tag in set_up.tags], epoch=1)
        self.rings = WaveformRing.create(data, [], epoch=1)
        hub = TagHub(self.values, self.rings)
        hub.on_batch(self.recorder.take)
        hub.on_past(self.recorder.take)
        newest, actor = NewestKnown(10), program_actor("test")
        self.files = FileIntake(
            self.store,
            set_up,
            self.recorder,
            self.lane,
            self.kept,
            publish=hub.publish,
            newest=newest,
            actor=actor,
        )
        self.manual = ManualIntake(
            self.store, set_up, self.recorder, newest=newest, actor=actor, clock=SystemClock()
        )
        self.publish: Callable[[ReadingBatch], None] = hub.publish

    def vanish(self) -> None:
        """End as a crash does: what is not durable is gone."""
        self.lane.close()
        self.history.close()
        self.kept.close()
        self.values.close()
        self.rings.close()
        self.store.close()


@pytest.fixture
def set_up(tmp_path: Path, drop: Path) -> Plant:
    with contextlib.closing(open_store(tmp_path / "data", role="tool", clock=SystemClock())) as empty:
        furnish(empty, drop)
        return empty.plant.load()


def content_of_a_file(set_up: Plant) -> tuple[ReadingBatch, FileContent]:
    start_us = 1_770_000_000_000_000
    readings = reading_batch(
        [LEAK, SPEED, LEAK], [20.0, 1500.0, 21.0], quality=0, source_us=[start_us, start_us, start_us + 1],
        receive_us=start_us + 9, sequence=77,
    )  # fmt: skip
    sine = (0.5 * np.sin(2 * np.pi * 25 * np.arange(10_000) / 10_000)).astype(np.float32)
    waveform = Waveform(WAVE, sine, 10_000.0, start_us, "g", 0)
    return readings, FileContent(set_up.connections[-1].id, "a.csv", b"7" * 32, (waveform,), readings)


@pytest.mark.parametrize("step", ["keep", "keep_spectra", "flush", "note"])
async def test_a_crash_at_any_step_keeps_a_file_exactly_once(
    tmp_path: Path, set_up: Plant, step: str
) -> None:
    """NEW-30: the file comes again after the crash; nothing is missing, nothing is there twice."""
    readings, content = content_of_a_file(set_up)
    takes = 0
    for crash in ("before", "after", ""):
        bench = Bench(tmp_path / "data", set_up)
        _break(bench, step, crash)
        if await bench.files.find(content.connection_id, content.digest) is None:
            bench.publish(bench.files.marked(readings))
            with pytest.raises(StorageError, match="crash") if crash else contextlib.nullcontext():
                await bench.files.take(content)
            takes += 1
        bench.vanish()
    assert takes == (2 if step == "note" else 3), "what is noted does not come again"
    with contextlib.closing(open_store(tmp_path / "data", role="tool", clock=SystemClock())) as store:
        assert values_of(store, LEAK).value.tolist() == [20.0, 21.0]
        assert values_of(store, SPEED).value.tolist() == [1500.0]
        assert len(values_of(store, VELOCITY).value) == 1
        with contextlib.closing(store.open_waveforms()) as kept:
            assert len(kept.waveforms(WAVE, **ALL_US)) == 1
        assert len(store.taken_files.of_connection(content.connection_id)) == 1


def _break(bench: Bench, step: str, crash: str) -> None:
    """Let a step fail before or after it did its work."""
    owner, name = {
        "keep": (bench.kept, "keep"),
        "keep_spectra": (bench.kept, "keep_spectra"),
        "flush": (bench.recorder, "flush"),
        "note": (bench.files, "_note"),
    }[step]
    real = getattr(owner, name)

    def broken(*arguments: object, **named: object) -> None:
        if crash == "after":
            real(*arguments, **named)
        _crash()

    if crash:
        setattr(owner, name, broken)


def _crash() -> None:
    raise StorageError("crash")


async def test_a_reading_by_hand_is_copied_once_although_the_copy_was_not_confirmed(
    tmp_path: Path, set_up: Plant
) -> None:
    """ACQ-5: durable in history, then the crash; the next collector copies it again to the same row."""
    for attempt in range(2):
        bench = Bench(tmp_path / "data", set_up)
        if attempt == 0:
            Reporting(bench.store, clock=SystemClock()).record_reading(NewReading(CURRENT, 8.0), by=PIA)
        waiting = bench.manual.waiting()
        assert [reading.value for reading in waiting] == [8.0]
        bench.manual.publish(waiting, bench.publish)
        if attempt == 0:
            bench.recorder.flush()
        else:
            bench.manual.confirm(waiting)
            assert bench.manual.waiting() == ()
        bench.vanish()
    with contextlib.closing(open_store(tmp_path / "data", role="tool", clock=SystemClock())) as store:
        series = values_of(store, CURRENT)
        assert series.value.tolist() == [8.0]
        assert series.quality[0] == QualityFlag.MANUAL


async def test_a_correction_reaches_history_beside_the_wrong_value_which_no_trend_shows(
    tmp_path: Path, set_up: Plant
) -> None:
    """ACQ-5, NEW-14: by the collector's own copying."""
    bench = Bench(tmp_path / "data", set_up)
    reporting = Reporting(bench.store, clock=SystemClock())
    wrong = reporting.record_reading(NewReading(CURRENT, 85.0), by=PIA).reading
    for correct in (True, False):
        waiting = bench.manual.waiting()
        bench.manual.publish(waiting, bench.publish)
        bench.manual.confirm(waiting)
        if correct:
            reporting.correct_reading(wrong.id, 8.5, reason="decimal point", by=PIA)
    assert values_of(bench.store, CURRENT).value.tolist() == [85.0, 8.5], "nothing was rewritten"
    history = History(bench.store, clock=SystemClock(), is_by_hand=reporting.is_by_hand)
    span = {"start_us": wrong.taken_us - 60 * MINUTE_US, "end_us": wrong.taken_us + MINUTE_US}
    trend = history.trend(CURRENT, columns=50, **span)
    assert (trend.minimum.tolist(), trend.maximum.tolist(), trend.count.tolist()) == ([8.5], [8.5], [1])
    assert good(history.series(CURRENT, **span)) == [8.5]
    history.close()
    bench.vanish()


def test_old_values_are_of_the_past_whatever_their_order() -> None:
    newest = NewestKnown(3)
    newest.know(reading_batch([1], [1.0], quality=0, source_us=100, receive_us=100))
    marked = newest.marked(
        reading_batch(
            [2, 1, 1, 1, 2], [5, 4, 3, 2, 1], quality=0, source_us=[9, 99, 102, 101, 8], receive_us=200
        )
    )
    assert marked.source_us.tolist() == [8, 9, 99, 101, 102]
    assert [bool(q & QualityFlag.BACK_FILLED) for q in marked.quality] == [True, False, True, True, False]
    again = newest.marked(reading_batch([1], [3], quality=0, source_us=102, receive_us=200))
    assert again.quality[0] == 0, "the same value again is still the newest"


def test_f33_files_survive_kill_9_at_any_moment(tmp_path: Path, drop: Path, set_up: Plant) -> None:
    """NEW-30: files arrive while the collector is killed again and again; each is there exactly once."""
    data, chance = tmp_path / "data", random.Random(7)
    count = 0
    for _ in range(4):
        victim = Victim(data)
        begin_s = time.monotonic()
        while not list((drop / "taken").glob("*")) and time.monotonic() - begin_s < 15:
            _files(drop, count)
            count += 1
            time.sleep(0.05)
        end_s = time.monotonic() + chance.uniform(0.0, 0.4)
        while time.monotonic() < end_s:
            _files(drop, count)
            count += 1
            time.sleep(0.02)
        victim.kill()
        for path in (drop / "taken").glob("*"):
            path.unlink()
    survivor = Victim(data)
    begin_s = time.monotonic()
    while list(drop.glob("*.[cw]*")) and time.monotonic() - begin_s < 40:
        time.sleep(0.1)
    survivor.kill()
    with contextlib.closing(open_store(data, role="tool", clock=SystemClock())) as store:
        assert sorted(values_of(store, LEAK).value.tolist()) == sorted(
            20.0 + number + row for number in range(count) for row in range(2)
        )
        taken = store.taken_files.of_connection(set_up.connections[-1].id, limit=100_000)
        assert len(taken) == count + (count + 9) // 10
        with contextlib.closing(store.open_waveforms()) as kept:
            assert len(kept.waveforms(WAVE, **ALL_US)) == (count + 9) // 10


def _files(drop: Path, number: int) -> None:
    """One table, and a record with every tenth; each with a time of its own."""
    start = np.datetime64("2026-01-31T10:00:00") + np.timedelta64(10 * number, "s")
    csv(drop, f"{number:05d}.csv", start=f"{start}Z", rows=2, leak=20 + number)
    if number % 10 == 0:
        stamp = str(start).replace("-", "").replace(":", "").replace("T", "_")
        wav(drop, f"m_{stamp}.wav", frequency_hz=20 + number / 10, rate_hz=2000)


async def test_a_database_that_hangs_is_told_while_it_hangs(
    tmp_path: Path, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F37: the status comes from a thread of its own; what waits is stored when the database goes on."""
    monkeypatch.setattr("services.collector_status.HUNG_AFTER_S", 1.0)
    data, clock = tmp_path / "data", SystemClock()
    with contextlib.closing(open_store(data, role="tool", clock=clock)) as empty:
        furnish(empty, drop)

    def problems() -> tuple[str, ...]:
        told = read_status(data / "runtime" / FILE_NAME)
        return () if told is None else told.problems

    async with collecting(data) as store:
        await until(lambda: (data / "history.db").exists(), within_s=10, what="a history")
        with contextlib.closing(sqlite3.connect(data / "history.db", isolation_level=None)) as hog:
            hog.execute("BEGIN IMMEDIATE")
            Reporting(store, clock=clock).record_reading(NewReading(CURRENT, 7.5), by=PIA)
            await until(lambda: HUNG in problems(), within_s=15, what="the hang is told")
            hog.execute("ROLLBACK")
        await until(lambda: HUNG not in problems(), within_s=15, what="the hang is over")
        await until(
            lambda: good(values_of(store, CURRENT)) == [7.5], within_s=15, what="the reading is stored"
        )
