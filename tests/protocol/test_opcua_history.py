"""Back-fill from an OPC UA server that remembers, through to the stored history [NEW-14, ACQ-8]."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers import DRIVERS
from acquisition.drivers.opcua.driver import OpcUaDriver
from acquisition.hub import TagHub
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.value_table import ValueTable
from acquisition.supervisor import AcquisitionSupervisor
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Connection, Tag
from domain.ports import HistorySeries
from services.downtime import last_good_values
from services.recording import Recorder, WriterLane
from storage.data_folder import prepare_data_folder
from storage.history.file import HistoryFile
from storage.history.historian import Historian
from storage.history.reader import StoredHistory
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection
from tests.protocol.proxy import Proxy
from tests.protocol.stage import RealClock, until
from tests.protocol.test_opcua_faults import launched

COUNTER, FORGETTING = 1, 2
"""Tag keys: a counter of 10 Hz whose past the server keeps, and a value whose past it does not."""


@pytest.fixture(scope="module", params=[7, 10_000], ids=["continuation points", "answers cut short"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerChild]:
    yield from launched(tags=5, historized=["tag.0"], history_page=request.param)


class Recording:
    """Supervisor, hub, recorder and history of a collector; ``close`` makes everything durable."""

    def __init__(self, folder: Path, owner: Connection, tags: list[Tag], last: ReadingBatch | None) -> None:
        self.data = prepare_data_folder(folder / "data")
        clock = RealClock()
        self.values = ValueTable.create(self.data.root, [tag.key for tag in tags], epoch=1)
        self.ring = WaveformRing.create(self.data.root, [], epoch=1)
        self.hub = TagHub(self.values, self.ring)
        self.lane = WriterLane()
        self.history = Historian(HistoryFile(self.data), clock=clock)
        self.recorder = Recorder(Plant(tags=tuple(tags)), self.history, self.lane, clock=clock)
        self.live: list[int] = []
        self.counts: list[float] = []
        self.hub.on_batch(self.recorder.take)
        self.hub.on_batch(lambda batch: self.live.extend(batch.quality.tolist()))
        self.hub.on_batch(self._count)
        self.hub.on_past(self.recorder.take)
        self.supervisor = AcquisitionSupervisor(
            [owner], tags, self.hub, clock=clock, drivers=DRIVERS.__getitem__, chance=random.Random(1)
        )
        if last is not None:
            self.supervisor.resume(last)
            self._count(last)
        self.supervisor.start()

    def _count(self, batch: ReadingBatch) -> None:
        told = (batch.tag_key == COUNTER) & ((batch.quality & CLASS_MASK) != QualityClass.BAD)
        self.counts.extend(batch.value[told].tolist())

    @property
    def missed(self) -> int:
        """How many counts no live value told."""
        steps = np.diff(self.counts)
        return int((steps[steps > 0] - 1).sum())

    def is_good(self, key: int) -> bool:
        return bool(self.values.read(np.array([key], np.int32)).quality[0] & CLASS_MASK == QualityClass.GOOD)

    def value(self, key: int) -> float:
        return float(self.values.read(np.array([key], np.int32)).value[0])

    @property
    def filled(self) -> int:
        return self.supervisor.statuses()[0].back_filled

    async def close(self) -> None:
        await self.supervisor.stop()
        self.lane.close()
        self.recorder.finish()
        self.history.close()
        self.values.close()
        self.ring.close()

    def last(self) -> ReadingBatch:
        reader = StoredHistory(HistoryFile(self.data))
        last = last_good_values(reader, reader.last_values([COUNTER, FORGETTING]))
        reader.close()
        return last

    def stored(self, key: int) -> HistorySeries:
        reader = StoredHistory(HistoryFile(self.data))
        series = reader.series(key, start_us=0, end_us=2**62)
        reader.close()
        return series


def wired(port: int) -> tuple[Connection, list[Tag]]:
    owner = plain_connection(port)
    return owner, [node_tag(COUNTER, owner, "tag.0"), node_tag(FORGETTING, owner, "tag.1")]


def assert_nothing_is_missing(series: HistorySeries) -> None:
    """Every count stands in the history once, in order; a link's first report may tell its value again."""
    told = (series.quality & CLASS_MASK) != QualityClass.BAD
    fetched = (series.quality & QualityFlag.BACK_FILLED) != 0
    assert (np.diff(series.time_us) > 0).all()
    steps = np.diff(series.value[told])
    assert set(steps.tolist()) <= {0.0, 1.0}, "order and count exact"
    repeated = np.flatnonzero(steps == 0.0)
    assert len(repeated) <= 1
    assert fetched[told][repeated].all(), "only what was fetched stands again, as the first report"
    assert len(np.unique(series.value[fetched])) == fetched.sum(), "nothing fetched twice"


async def test_values_written_while_the_wire_was_cut_stand_in_the_history(
    server: ServerChild, tmp_path: Path
) -> None:
    async with Proxy(server.port) as wire:
        recording = Recording(tmp_path, *wired(wire.port), None)
        await until(lambda: recording.value(COUNTER) > 0, within_s=8, what="a counter")
        wire.cut()
        await until(lambda: not recording.is_good(COUNTER), within_s=4, what="a lost link")
        begin = (await server.tell("count"))["count"]
        while (await server.tell("count"))["count"] < begin + 25:
            await server.tell("write", name="tag.1", value=5.0)
        live = len(recording.live)
        wire.mend()
        await until(
            lambda: 25 <= recording.missed <= recording.filled, within_s=15, what=lambda: recording.filled
        )
        newest = recording.value(COUNTER)
        assert newest > begin + 25, "the live value is the live one"
        assert not any(quality & QualityFlag.BACK_FILLED for quality in recording.live[live:])
        await until(lambda: recording.value(COUNTER) > newest + 5, within_s=4, what="live values go on")
        await recording.close()
    counter, forgetting = recording.stored(COUNTER), recording.stored(FORGETTING)
    assert_nothing_is_missing(counter)
    fetched = (counter.quality & QualityFlag.BACK_FILLED) != 0
    assert fetched.sum() == recording.filled
    assert set(range(begin + 1, begin + 26)) <= set(counter.value[fetched].tolist())
    assert not (forgetting.quality & QualityFlag.BACK_FILLED).any(), "what nobody remembers stays a gap"
    assert ((forgetting.quality & CLASS_MASK) == QualityClass.BAD).any()


async def test_a_restart_of_the_collector_asks_for_the_time_it_was_down(
    server: ServerChild, tmp_path: Path
) -> None:
    first = Recording(tmp_path, *wired(server.port), None)
    await until(lambda: first.value(COUNTER) > 0, within_s=8, what="a counter")
    await first.close()
    begin = (await server.tell("count"))["count"]
    while (await server.tell("count"))["count"] < begin + 20:
        pass
    second = Recording(tmp_path, *wired(server.port), first.last())
    await until(lambda: 18 <= second.missed <= second.filled, within_s=15, what=lambda: second.filled)
    await second.close()
    assert_nothing_is_missing(second.stored(COUNTER))


async def test_a_server_is_read_to_the_end_whichever_way_it_cuts_its_answers(server: ServerChild) -> None:
    while (await server.tell("count"))["count"] < 5:
        pass
    begin_us = RealClock().now_us()
    first = (await server.tell("count"))["count"]
    for number in range(150):
        await server.tell("write", name="tag.0", value=1000.0 + number)
    end_us = RealClock().now_us() + 1
    while 1149.0 not in (await server.tell("remembered", name="tag.0"))["values"]:
        pass  # the server stores what it remembers some time after the value has changed
    owner, tags = wired(server.port)
    driver = OpcUaDriver(owner, clock=RealClock())
    await driver.connect()
    batches = [batch async for batch in driver.read_past(tags, start_us=begin_us, end_us=end_us)]
    assert (await server.tell("remembered", name="tag.0"))["open_points"] == 0
    async for _ in driver.read_past(tags, start_us=begin_us, end_us=end_us):
        break  # what is left early is given back
    deadline_s = time.monotonic() + 4
    while (await server.tell("remembered", name="tag.0"))["open_points"]:
        assert time.monotonic() < deadline_s, "never given back"
    await driver.close()
    assert {key for batch in batches for key in batch.tag_key.tolist()} == {COUNTER}
    values = [value for batch in batches for value in batch.value.tolist() if value >= 1000]
    times = [time for batch in batches for time in batch.source_us.tolist()]
    assert values == [1000.0 + number for number in range(150)]
    assert times == sorted(times)
    assert max(len(batch) for batch in batches) <= 100, "bounded pages"
    assert all((batch.quality & QualityFlag.BACK_FILLED).all() for batch in batches)
    assert first > 0
