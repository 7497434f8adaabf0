"""What an outage of an OPC UA link costs is counted to the value, at the size of a plant [F20, F28]."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from acquisition.drivers.opcua.driver import OpcUaDriver
from acquisition.supervisor import LINK_DOWN
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.readings import ReadingBatch
from domain.ports import ConnectionStatus
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection
from tests.protocol.proxy import Proxy
from tests.protocol.stage import RealClock, Stage, until
from tests.protocol.test_opcua_faults import launched

TAGS, COUNTERS, REMEMBERED = 5_000, 1_000, 20
"""The first thousand count once a second, the others are quiet; the server keeps the past of twenty."""


@pytest.fixture(scope="module")
def plant() -> Iterator[ServerChild]:
    kept = [f"tag.{number}" for number in range(REMEMBERED)]
    yield from launched(tags=TAGS, counters=COUNTERS, tick_s=1.0, historized=kept)


class Counted:
    """Looks at what arrived by whole arrays: thousands of tags are too many for one object each."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def batches(self) -> list[ReadingBatch]:
        return [batch for _, batch in self._stage.memory.batches]

    def good(self, *, since: int = 0) -> int:
        """Return how many tags were good at their last word since a batch."""
        latest = np.zeros(TAGS, dtype=bool)
        for batch in self.batches[since:]:
            latest[batch.tag_key] = batch.quality & CLASS_MASK == QualityClass.GOOD
        return int(latest.sum())

    def ticks(self) -> int:
        """Return how many values of the last counting tag arrived."""
        return sum(int((batch.tag_key == COUNTERS - 1).sum()) for batch in self.batches)

    def missing(self) -> int:
        """Return how many counts between the first and the last of each counting tag never arrived."""
        rows = [np.column_stack([b.tag_key, b.value])[b.tag_key < COUNTERS] for b in self.batches]
        told = np.concatenate(rows)
        counts = np.unique(told[np.isfinite(told[:, 1])], axis=0)
        _, begins = np.unique(counts[:, 0], return_index=True)
        ends = np.append(begins[1:], len(counts)) - 1
        produced = counts[ends, 1] - counts[begins, 1] + 1
        return int(produced.sum()) - len(counts)


async def test_f20_the_losses_of_an_outage_with_5000_tags_are_counted_exactly(plant: ServerChild) -> None:
    """F20: produced = arrived + back-filled + counted as lost; all tags good again <= 5 s."""
    async with Proxy(plant.port) as wire:
        owner = plain_connection(wire.port)
        tags = [node_tag(number, owner, f"tag.{number}", period_s=1.0) for number in range(TAGS)]
        async with Stage([owner], tags) as stage:
            seen = Counted(stage)

            def status() -> ConnectionStatus:
                return stage.supervisor.statuses()[0]

            await until(lambda: seen.good() == TAGS and seen.ticks() > 2, within_s=20, what="values")
            wire.cut()
            await until(lambda: seen.good() == 0, within_s=2, what="all bad")
            await asyncio.sleep(3.0)
            mark = len(stage.memory.batches)
            wire.mend()
            await until(lambda: seen.good(since=mark) == TAGS, within_s=5, what="all good again")
            await plant.tell("hold")

            filled = 2 * REMEMBERED
            await until(lambda: status().back_filled >= filled, within_s=10, what="the past")

            def both() -> tuple[int, int]:
                return status().drops.get(LINK_DOWN, 0), seen.missing()

            await until(lambda: len(set(both())) == 1, within_s=10, what=both)
            assert seen.missing() >= 2 * (COUNTERS - REMEMBERED), "the outage really cost something"


CROWD, ROUNDS, MOST_BURSTS = 10_000, 3, 6


@pytest.fixture
def crowd() -> Iterator[ServerChild]:
    yield from launched(tags=CROWD)


async def overflowing(server: ServerChild, driver: OpcUaDriver) -> int:
    """Let the server write until the queue of a paused consumer is too short; return the values written."""
    for burst in range(1, MOST_BURSTS + 1):
        await server.tell("burst", rounds=ROUNDS)
        await asyncio.sleep(1.0)  # one notification a burst: a list that comes alone is taken whole
        if driver.losses.total:
            return burst * ROUNDS * (CROWD - 1)
    raise AssertionError("the queue was never too short")


async def test_f28_an_overflow_with_10000_tags_is_counted_exactly(crowd: ServerChild) -> None:
    """F28: sent = delivered + counted drops, and every tag has its last value."""
    owner = plain_connection(crowd.port, heartbeat_timeout_s=30)
    driver = OpcUaDriver(owner, clock=RealClock())
    await driver.connect()
    stream = driver.subscribe([node_tag(n, owner, f"tag.{n}") for n in range(1, CROWD)])
    delivered = 0
    while delivered < CROWD - 1:
        delivered += len(await anext(stream))
    sent = CROWD - 1 + await overflowing(crowd, driver)
    latest = np.full(CROWD, np.nan)
    async with asyncio.timeout(30):
        while delivered + driver.losses.total < sent:
            batch = await anext(stream)
            delivered += len(batch)
            latest[batch.tag_key] = batch.value
    assert driver.losses.by_cause.keys() == {"queue_overflow"}
    assert (latest[1:] == ROUNDS - 1).all()
    assert delivered + driver.losses.total == sent
    await driver.close()
