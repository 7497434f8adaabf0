"""What a broker keeps while we are away arrives once, with its own time, and is not taken for now [ACQ-1]."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import asyncio
import json
import time
from collections.abc import Sequence

import pytest

from acquisition.driver import DriverState
from acquisition.drivers.mqtt.driver import MqttDriver
from domain.plant.quality import QualityCause, QualityClass, QualityFlag
from domain.plant.readings import Reading, ReadingBatch, reading_batch
from domain.plant.tags import Connection, Tag
from tests.protocol.mqtt_stage import (
    Broker,
    DeadLine,
    EdgeNode,
    Publisher,
    broker,  # noqa: F401
    listening,
    mqtt,
    probe_tag,
    topic_tag,
)
from tests.protocol.stage import RealClock, Stage, until

VERSIONS = pytest.mark.parametrize("version", ["3.1.1", "5"])


def timed_tag(key: int, owner: Connection, topic: str) -> Tag:
    return topic_tag(key, owner, topic, "json", path="$.v", time_path="$.t", time_form="us")


def send(port: int, topic: str, values: Sequence[int]) -> list[int]:
    """Publish values at QoS 1, each 10 us after the one before; return their times."""
    begin_us = time.time_ns() // 1000
    times = [begin_us + 10 * number for number in range(len(values))]
    with Publisher(port) as device:
        for value, at_us in zip(values, times, strict=True):
            device.send(topic, json.dumps({"v": value, "t": at_us}))
    return times


def rows(stage: Stage, key: int, *, past: bool) -> list[Reading]:
    found = [row for row in stage.memory.readings if row.tag_key == key and not row.quality.is_bad]
    return [row for row in found if bool(row.quality.flags & QualityFlag.BACK_FILLED) == past]


async def begin_session(owner: Connection, tags: list[Tag]) -> None:
    """Let the broker know what to keep."""
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        await listening(stage)
        await until(lambda: state(stage) == DriverState.CONNECTED.value, within_s=3, what="connected")


def state(stage: Stage) -> str:
    return stage.supervisor.statuses()[0].state


@VERSIONS
async def test_what_was_published_while_we_were_away_arrives_once_in_order_with_its_time(
    broker: Broker, version: str
) -> None:
    owner = mqtt(broker.port, version=version, session_expiry_s=600)
    topic = f"away/{version}"
    tags = [timed_tag(1, owner, topic)]
    await begin_session(owner, tags)
    times = send(broker.port, topic, range(100))
    async with Stage([owner], tags) as stage:
        await until(lambda: rows(stage, 1, past=False), within_s=5, what="the last word as of now")
        kept, told = rows(stage, 1, past=True), rows(stage, 1, past=False)
        assert [(row.value, row.source_us) for row in kept] == list(zip(range(100), times, strict=True))
        assert all(row.quality.is_good for row in kept)
        assert [(row.value, row.quality.grade, row.quality.cause) for row in told] == [
            (99.0, QualityClass.UNCERTAIN, QualityCause.STALE)
        ]
        send(broker.port, topic, [100])
        await until(lambda: stage.memory.is_good(1), within_s=2, what="a value of now")
    assert len(rows(stage, 1, past=True)) == 100


@VERSIONS
async def test_what_comes_again_after_a_broken_link_counts_once(broker: Broker, version: str) -> None:
    """Acknowledgements of ten values are lost with the link: the broker delivers all of them again."""
    topic = f"again/{version}"
    async with DeadLine(broker.port) as line:
        owner = mqtt(line.port, version=version, session_expiry_s=600)
        async with Stage([owner], [timed_tag(1, owner, topic), probe_tag(owner)]) as stage:
            await listening(stage)
            line.is_mute = True
            times = send(broker.port, topic, range(10))
            await until(lambda: len(rows(stage, 1, past=False)) == 10, within_s=2, what="ten values")
            line.cut()
            line.is_mute = False
            times += send(broker.port, topic, range(10, 15))
            await until(lambda: len(rows(stage, 1, past=True)) == 5, within_s=6, what="the five of the gap")
            assert stage.supervisor.statuses()[0].drops["repeated_value"] == 10
    taken = [row for row in stage.memory.readings if row.tag_key == 1 and row.quality.is_good]
    assert [(row.value, row.source_us) for row in taken] == list(zip(range(15), times, strict=True))


async def test_what_had_arrived_but_was_not_handed_over_comes_again(broker: Broker) -> None:
    """The collector ends with values in its inbox: they are not acknowledged."""
    owner = mqtt(broker.port, session_expiry_s=600)
    tags = [timed_tag(1, owner, "inbox")]
    driver = MqttDriver(owner, clock=RealClock())
    await driver.connect()
    stream = driver.subscribe(tags)
    await anext(stream)
    other = mqtt(broker.port)
    async with Stage([other], [timed_tag(2, other, "inbox"), probe_tag(other)]) as witness:
        await listening(witness)
        send(broker.port, "inbox", range(15))
        await until(lambda: len(rows(witness, 2, past=False)) == 15, within_s=3, what="it has delivered")
    await stream.aclose()
    await driver.close()
    async with Stage([owner], tags) as stage:
        await until(lambda: len(rows(stage, 1, past=True)) == 15, within_s=4, what="what was not handed over")


async def test_what_an_earlier_run_stored_is_not_taken_again(broker: Broker) -> None:
    owner = mqtt(broker.port, session_expiry_s=600)
    tags = [timed_tag(1, owner, "stored")]
    await begin_session(owner, tags)
    times = send(broker.port, "stored", range(10))
    stage = Stage([owner], tags)
    stage.supervisor.resume(reading_batch([1], [3.0], quality=0, source_us=times[3], receive_us=times[3]))
    async with stage:
        await until(lambda: rows(stage, 1, past=False), within_s=5, what="the last word")
    assert [row.value for row in rows(stage, 1, past=True)] == [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]


async def test_a_look_at_the_broker_takes_nothing_away(broker: Broker) -> None:
    """The set-up tests, reads and browses with the same connection while the broker keeps values for us."""
    owner = mqtt(
        broker.port, session_expiry_s=600, client_id="line-3", read_wait_s=0.2, browse_filter="look/#"
    )
    tags = [timed_tag(1, owner, "look/value")]
    await begin_session(owner, tags)
    send(broker.port, "look/value", range(5))
    guest = MqttDriver(owner, clock=RealClock())
    await guest.connect()
    await guest.read(tags)
    await guest.browse()
    await guest.close()
    async with Stage([owner], tags) as stage:
        await until(lambda: len(rows(stage, 1, past=True)) == 5, within_s=4, what="what was kept")


async def test_values_that_cannot_be_dated_stay_in_the_clean_session(broker: Broker) -> None:
    """A number without a time and Sparkplug beside a kept value: both live as ever, neither kept."""
    owner = mqtt(broker.port, session_expiry_s=600)
    metric = topic_tag(3, owner, "Plant/kept", "sparkplug", metric="rpm")
    tags = [timed_tag(1, owner, "mixed/timed"), topic_tag(2, owner, "mixed/bare"), metric]
    await begin_session(owner, tags)
    with Publisher(broker.port) as device:
        device.send("mixed/bare", "1")
    send(broker.port, "mixed/timed", [1])
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        await until(lambda: rows(stage, 1, past=True), within_s=4, what="the kept one")
        await listening(stage)
        assert not rows(stage, 2, past=False)
        node = EdgeNode(broker.port, node="kept")
        with node.publisher as device:
            node.birth({"name": "rpm", "datatype": 10, "double_value": 5.0})
            device.send("mixed/bare", "2")
            await until(lambda: stage.memory.is_good(2, 3), within_s=3, what="live values")
    assert [row.value for row in rows(stage, 2, past=False)] == [2.0]


async def test_keeping_values_without_any_time_is_refused(broker: Broker) -> None:
    owner = mqtt(broker.port, session_expiry_s=600)
    async with Stage([owner], [topic_tag(1, owner, "undated")]) as stage:
        await until(lambda: state(stage) == DriverState.REFUSED.value, within_s=3, what="refused")
        assert stage.supervisor.statuses()[0].message_key == "mqtt_nothing_to_keep"
        assert "time_path" in stage.supervisor.statuses()[0].detail


async def test_the_broker_stops_keeping_what_nobody_reads_any_more(broker: Broker) -> None:
    owner = mqtt(broker.port, session_expiry_s=600)
    stays, goes = timed_tag(1, owner, "list/stays"), timed_tag(2, owner, "list/goes")
    await begin_session(owner, [stays, goes])
    send(broker.port, "list/goes", [1])
    async with Stage([owner], [stays]) as stage:
        await until(lambda: state(stage) == DriverState.CONNECTED.value, within_s=3, what="connected")
        send(broker.port, "list/stays", [1])
        await until(lambda: stage.memory.is_good(1), within_s=3, what="a value behind the one nobody reads")
    send(broker.port, "list/goes", [2])
    send(broker.port, "list/stays", [2])
    async with Stage([owner], [stays, goes]) as stage:
        await until(lambda: rows(stage, 1, past=True), within_s=4, what="what was kept")
    assert [row.value for row in stage.memory.readings if row.tag_key == 2 and not row.quality.is_bad] == []


async def test_what_there_is_no_room_for_stays_with_the_broker(broker: Broker) -> None:
    """The disk turns slow and the backlog is long: nothing is thrown away that the broker can keep."""
    owner = mqtt(broker.port, session_expiry_s=600, capacity=100)
    tags = [timed_tag(key, owner, "room") for key in range(5)]
    await begin_session(owner, tags)
    times = send(broker.port, "room", range(300))
    slow, rounds = asyncio.Event(), iter(range(1000))

    async def settle() -> None:
        if next(rounds):
            await slow.wait()

    driver = MqttDriver(owner, clock=RealClock(), settle=settle)
    await driver.connect()
    kept: dict[int, list[int]] = {key: [] for key in range(5)}

    async def take() -> None:
        async for item in driver.subscribe(tags):
            assert isinstance(item, ReadingBatch)
            for row in item.rows():
                if row.quality.flags & QualityFlag.BACK_FILLED:
                    kept[row.tag_key].append(row.source_us)

    taking = asyncio.create_task(take())
    await until(lambda: driver._inbox is not None and driver._inbox.is_half_full, within_s=5, what="full")
    slow.set()
    await until(lambda: len(kept[4]) >= 300, within_s=10, what="the whole backlog")
    await driver.close()
    await taking
    assert list(kept.values()) == [times] * 5
    assert "queue_overflow" not in driver.losses.by_cause
