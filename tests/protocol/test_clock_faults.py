"""The computer's clock is set, or the computer sleeps, while real devices are polled [F58, F59, F62].

Everything that the collector has behind a link is real: server, driver, supervisor, hub, recorder, history
and alarm rules over a database; only the clock is moved.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.hub import TagHub
from acquisition.shared_memory.mapped import new_epoch
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.value_table import ValueTable
from domain.condition.alarms import AlarmRule, Priority
from domain.identifiers import new_id
from domain.plant.assets import Asset, AssetKind
from domain.plant.limits import Limit, LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, Quality, QualityCause, QualityClass
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.tags import CaptureSchedule, Connection, ConnectionKind, Tag
from domain.ports import HistorySeries, TrendColumns
from services.alarm_watch import AlarmWatch, ConditionChange
from services.recording import Recorder, WriterLane
from storage.store import open_store
from tests.protocol.fault_server import FaultServer
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection, scalar_tags
from tests.protocol.stage import Memory, RealClock, Stage, connection, tag, until

HOUR_S, DAY_S = 3600, 86_400
SITE = Asset(new_id(), None, AssetKind.SITE, "North", "N")


class MovedClock(RealClock):
    """Real time whose hands the test moves; a sleep moves both."""

    set_by_s = slept_s = 0.0

    def now_us(self) -> int:
        return super().now_us() + round((self.set_by_s + self.slept_s) * 1e6)

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.slept_s


class Site:
    """What the collector has behind its links, with two rules on every tag: one is true, one is not."""

    def __init__(self, folder: Path, owner: Connection, tags: list[Tag], clock: MovedClock) -> None:
        self.memory, self.clock = Memory(), clock
        self.changes: list[ConditionChange] = []
        self._plant = Plant((SITE,), (), tuple(tags), (owner,), site_name="North")
        self._store = open_store(folder / "data", role="collector", clock=clock)
        self._history = self._store.open_history_writer()
        self._lane = WriterLane()
        self.recorder = Recorder(self._plant, self._history, self._lane, clock=clock)
        keys = [each.key for each in tags]
        self._rings = (
            ValueTable.create(folder, keys, epoch=new_epoch()),
            WaveformRing.create(folder, [], epoch=1),
        )
        self._hub = TagHub(*self._rings)
        rules = [_rule(key, above) for key in keys for above in (-1e9, 1e9)]
        self._watch = AlarmWatch(rules, conditions={}, state_tag_of={})
        for listener in (self.recorder.take, self._judge):
            self._hub.on_batch(listener)

    def publish(self, item: ReadingBatch | SampleBlock) -> None:
        self.memory.publish(item)
        self._hub.publish(item)

    def _judge(self, batch: ReadingBatch) -> None:
        now_s = self.clock.monotonic_s()
        self.changes += [*self._watch.observe(batch, now_s=now_s), *self._watch.tick(now_s=now_s)]

    def commit(self) -> None:
        """Do what the collector does every second."""
        self.recorder.finish()
        self._history.compact(now_us=self.clock.now_us())

    def series(self, key: int) -> HistorySeries:
        with_reader = self._store.open_history_reader()
        try:
            return with_reader.series(key, start_us=0, end_us=2**61)
        finally:
            with_reader.close()

    def trend(self, key: int, *, start_us: int, end_us: int) -> TrendColumns:
        reader = self._store.open_history_reader()
        try:
            return reader.trend(key, start_us=start_us, end_us=end_us, columns=1000)
        finally:
            reader.close()

    def close(self) -> None:
        self._lane.close()
        self._history.close()
        self._store.close()
        for ring in self._rings:
            ring.close()


def _rule(key: int, above: float) -> AlarmRule:
    limit = Limit(above, "1", LimitSide.HIGH, Provenance("site"))
    return AlarmRule(new_id(), SITE.id, Priority.HIGH, "value_high", tag_key=key, limit=limit, on_delay_s=0.2)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Connection, list[Tag], MovedClock], Site]]:
    made: list[Site] = []

    def make(owner: Connection, tags: list[Tag], clock: MovedClock) -> Site:
        made.append(Site(tmp_path, owner, tags, clock))
        return made[-1]

    yield make
    for each in made:
        each.close()


Opened = Callable[[Connection, list[Tag], MovedClock], Site]


def modbus(server: FaultServer, *, period_s: float = 0.1) -> tuple[Connection, list[Tag]]:
    owner = connection(ConnectionKind.MODBUS_TCP, host="127.0.0.1", port=server.port, timeout_s=3.0)
    return owner, [tag(key, owner, {"offset": key}, period_s=period_s) for key in (1, 2, 3)]


@pytest.mark.parametrize("jump_s", [-HOUR_S, HOUR_S, -3650 * DAY_S, DAY_S, -2.0])
async def test_f58_f59_a_clock_that_is_set_disturbs_neither_values_nor_alarms(
    opened: Opened, jump_s: float
) -> None:
    """No tag turns bad, no alarm comes twice, every reading is stored once and in the order it was taken."""
    async with FaultServer(0) as server:
        clock = MovedClock()
        owner, tags = modbus(server)
        site = opened(owner, tags, clock)
        async with Stage([owner], tags, clock=clock, sink=site) as stage:
            await until(lambda: len(site.changes) == 3, within_s=4, what="the three true conditions")
            for _ in range(2):
                clock.set_by_s += jump_s
                mark = len(site.memory.batches)
                await until(lambda at=mark: len(site.memory.batches) > at + 6, within_s=4, what="pace")
                site.commit()
            status = stage.supervisor.statuses()[0]
        site.commit()
    assert 0 <= (status.last_value_age_s or 0) < 2, "an age is a duration"
    assert all(reading.quality.is_good for reading in site.memory.readings)
    assert len(site.changes) == 3, "no alarm storm"
    assert site.recorder.samples_stored == site.recorder.samples_received == len(site.memory.readings)
    for key in (1, 2, 3):
        taken = sorted((r.source_us, r.sequence) for r in site.memory.readings if r.tag_key == key)
        assert site.series(key).time_us.tolist() == [at_us for at_us, _ in taken], "none overwritten"


async def test_f62_after_a_sleep_all_is_stale_at_once_and_the_night_is_a_gap(opened: Opened) -> None:
    """Modbus answers again at once: fresh <= 5 s, and eight hours of good data are never told."""
    async with FaultServer(0) as server:
        clock = MovedClock()
        owner, tags = modbus(server, period_s=1.0)
        site = opened(owner, tags, clock)
        async with Stage([owner], tags, clock=clock, sink=site):
            await until(lambda: site.memory.is_good(1, 2, 3), within_s=4, what="first values")
            server.mode = "hang"  # the network is not up yet when the computer wakes
            asleep_us = clock.now_us()
            clock.slept_s = 8.0 * HOUR_S
            await until(lambda: site.memory.is_bad(1, 2, 3), within_s=1.0, what="all stale at once")
            server.mode = "ok"
            await until(lambda: site.memory.is_good(1, 2, 3), within_s=5, what="fresh")
            site.commit()
    _night_is_a_gap(site, asleep_us, key=2)


async def test_f62_an_opc_ua_session_does_not_carry_yesterdays_values_over_the_night(
    opened: Opened, free_port: int
) -> None:
    """F62: fresh <= 5 s after the server is reached again."""
    async with ServerChild(free_port, tags=3) as server:
        clock = MovedClock()
        owner = plain_connection(server.port)
        tags = scalar_tags(owner, 3)
        site = opened(owner, tags, clock)
        async with Stage([owner], tags, clock=clock, sink=site):
            await until(lambda: site.memory.is_good(0, 1, 2), within_s=8, what="first values")
            server.freeze()
            await asyncio.sleep(0.3)
            asleep_us = clock.now_us()
            clock.slept_s = 8.0 * HOUR_S
            await until(lambda: site.memory.is_bad(0, 1, 2), within_s=5, what="all bad after the sleep")
            server.thaw()
            await server.tell("set_clock", ahead_s=8.0 * HOUR_S)  # the night passed for both
            await until(lambda: site.memory.is_good(0), within_s=5, what="fresh")
            site.commit()
    good = [r for r in site.memory.readings if r.tag_key == 0 and r.quality.is_good]
    assert not any(asleep_us + 60e6 < r.source_us < clock.now_us() - 60e6 for r in good)


@pytest.mark.parametrize("behind_s", [HOUR_S, 20 * 365 * DAY_S])
async def test_f32_a_server_that_comes_back_with_its_clock_behind_goes_on_in_doubt(
    free_port: int, behind_s: int
) -> None:
    """F32: a wrong zone, a dead battery: waveforms go on, values carry our time, quiet ones stay."""
    streaming = CaptureSchedule(interval_s=0.1, length=100, is_streaming=True)
    async with ServerChild(free_port, tags=2, arrays=1) as server:
        owner = plain_connection(server.port)
        channel = node_tag(7, owner, "array.0", capture=streaming, sampling_rate_hz=1000.0)
        async with Stage([owner], [*scalar_tags(owner, 2), channel]) as stage:
            memory = stage.memory
            await until(lambda: memory.is_good(0, 1) and len(memory.blocks) > 3, within_s=8, what="values")
            server.kill()
            await until(lambda: memory.is_bad(0, 1), within_s=3, what="bad after kill")
            mark = len(memory.blocks)
            await server.start(clock_s=-behind_s)
            await until(lambda: len(memory.blocks) > mark + 5, within_s=8, what="waveforms again")
            await until(lambda: cause(memory, 0) is QualityCause.CLOCK_SUSPECT, within_s=4, what="in doubt")
            assert memory.is_good(1), "a quiet value is of now, whatever its time says"
            drops = stage.supervisor.statuses()[0].drops
            latest = memory.latest()[0]
    assert abs(latest.source_us - latest.receive_us) < 1e6
    for block in memory.blocks[mark + 1 :]:
        assert Quality.from_code(block.quality).cause is QualityCause.CLOCK_SUSPECT
        assert abs(block.receive_us - block.start_us) < 60e6
    assert drops["source_time_behind"] > 0
    assert drops.get("repeated_block", 0) <= 1
    assert drops.get("samples_missing", 0) < 100_000, "what was held at the start is no hole of hours"


def cause(memory: Memory, key: int) -> QualityCause:
    return memory.latest()[key].quality.cause


def _night_is_a_gap(site: Site, asleep_us: int, *, key: int) -> None:
    start_us, end_us = asleep_us - 60_000_000, site.clock.now_us() + 1_000_000
    trend = site.trend(key, start_us=start_us, end_us=end_us)
    covered = sum(gap.end_us - gap.start_us for gap in trend.gaps)
    assert covered > 0.999 * 8 * HOUR_S * 1e6, "the gap is drawn as a gap"
    stored = site.series(key)
    is_good = (stored.quality & CLASS_MASK) != QualityClass.BAD
    inside = (stored.time_us > asleep_us + 1_000_000) & (stored.time_us < asleep_us + 8 * HOUR_S * 1_000_000)
    assert not np.any(is_good & inside)
