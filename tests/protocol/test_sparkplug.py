"""Sparkplug B through a real broker: births, aliases, holes, deaths [ACQ-1, ACQ-2, ACQ-7]."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import MqttAddress
from acquisition.drivers.mqtt.driver import MqttDriver
from acquisition.drivers.mqtt.sparkplug import EdgeNode as KnownNode
from acquisition.drivers.mqtt.sparkplug import SparkplugTopic
from acquisition.drivers.mqtt.sparkplug_payload import encoded_array, make_payload, parse_payload
from acquisition.drivers.tag_values import TagValue
from domain.plant.quality import GOOD, QualityCause, QualityClass, QualityFlag
from domain.plant.readings import LossCounter
from domain.plant.tags import CaptureSchedule, Connection, Tag, TagDtype
from tests.protocol.mqtt_stage import (
    Broker,
    EdgeNode,
    broker,  # noqa: F401
    listening,
    mqtt,
    probe_tag,
    topic_tag,
)
from tests.protocol.stage import RealClock, Stage, until

STREAM = CaptureSchedule(interval_s=0.1, length=100, is_streaming=True)
TEMPERATURE = {"name": "Temperature", "alias": 1, "datatype": 10}
PRESSURE = {"name": "Pressure", "alias": 2, "datatype": 2}


def metric_tag(key: int, owner: Connection, place: str, metric: str, **changes: object) -> Tag:
    return topic_tag(key, owner, place, "sparkplug", metric=metric, **changes)


async def test_births_and_aliases_give_values_of_every_type(broker: Broker) -> None:
    owner = mqtt(broker.port)
    wave = {"sampling_rate_hz": 1000.0, "capture": STREAM}
    tags = [
        metric_tag(1, owner, "Plant/types", "Node Temperature"),
        metric_tag(2, owner, "Plant/types/pump", "Level"),
        metric_tag(3, owner, "Plant/types/pump", "Running"),
        metric_tag(4, owner, "Plant/types/pump", "Recipe", dtype=TagDtype.TEXT),
        metric_tag(5, owner, "Plant/types/pump", "Vibration", **wave),
        metric_tag(6, owner, "Plant/types/pump", "Not there"),
        metric_tag(7, owner, "Plant/types/pump", "Empty"),
        probe_tag(owner),
    ]
    async with Stage([owner], tags) as stage:
        await listening(stage)
        node = EdgeNode(broker.port, node="types")
        node.birth({"name": "Node Temperature", "datatype": 9, "float_value": 21.5})
        node.send(
            "DBIRTH",
            "pump",
            {"name": "Level", "alias": 10, "datatype": 2, "int_value": 5},
            {"name": "Running", "alias": 11, "datatype": 11, "boolean_value": True},
            {"name": "Recipe", "alias": 12, "datatype": 12, "string_value": "Lager"},
            {"name": "Vibration", "alias": 13, "datatype": 32, "is_null": True},
            {"name": "Empty", "alias": 14, "datatype": 10, "is_null": True},
        )
        await until(lambda: stage.memory.is_good(1, 2, 3, 4), within_s=3, what="births")
        samples = encoded_array(np.array([1.0, -2.0, 3.0]), 32)
        node.send(
            "DDATA", "pump", {"alias": 10, "int_value": -300 & 0xFFFF}, {"alias": 13, "bytes_value": samples}
        )
        await until(lambda: len(stage.memory.blocks) == 1, within_s=3, what="the waveform")
        node.publisher.vanish()
    latest = stage.memory.latest()
    assert (latest[1].value, latest[2].value, latest[3].value) == (21.5, -300.0, 1.0)
    assert stage.memory.blocks[0].samples.tolist() == [1.0, -2.0, 3.0]
    assert latest[6].quality.cause is QualityCause.NOT_CONFIGURED
    assert latest[7].quality.cause is QualityCause.DEVICE_SAYS_BAD
    texts = [b.text[b.tag_key == 4].tolist() for _, b in stage.memory.batches if b.text is not None]
    assert ["Lager"] in texts


async def test_a_death_turns_that_device_bad_within_2_s_while_others_go_on(broker: Broker) -> None:
    owner = mqtt(broker.port)
    tags = [
        metric_tag(1, owner, "Plant/dying/pump", "Temperature"),
        metric_tag(2, owner, "Plant/dying/fan", "Temperature"),
        metric_tag(3, owner, "Plant/living", "Temperature"),
        probe_tag(owner),
    ]
    async with Stage([owner], tags) as stage:
        await listening(stage)
        dying, living = EdgeNode(broker.port, node="dying", session=4), EdgeNode(broker.port, node="living")
        living.birth(TEMPERATURE | {"double_value": 1.0})
        dying.birth()
        for device in ("pump", "fan"):
            dying.send("DBIRTH", device, TEMPERATURE | {"alias": len(device), "double_value": 2.0})
        await until(lambda: stage.memory.is_good(1, 2, 3), within_s=3, what="births")
        dying.send("DDEATH", "pump")
        await until(lambda: stage.memory.is_bad(1), within_s=2, what="death of the device")
        assert stage.memory.is_good(2, 3)
        stale = make_payload([{"name": "bdSeq", "datatype": 8, "long_value": 3}])
        living.publisher.send(dying.topic("NDEATH"), stale)  # the will of an earlier session
        dying.send("DDATA", "fan", {"alias": 3, "double_value": 2.5})
        await until(lambda: stage.memory.latest()[2].value == 2.5, within_s=2, what="it still lives")
        dying.publisher.vanish()
        took_s = await until(lambda: stage.memory.is_bad(1, 2), within_s=2, what="death of the node")
        living.send("NDATA", "", {"alias": 1, "double_value": 9.0})
        await until(lambda: stage.memory.latest()[3].value == 9.0, within_s=2, what="the other goes on")
        assert stage.memory.is_good(3)
        assert stage.supervisor.statuses()[0].drops["death_of_an_earlier_session"] == 1
        assert took_s < 2
        living.publisher.vanish()


@pytest.mark.parametrize("released", [False, True])
async def test_a_hole_is_counted_doubted_and_healed_by_a_birth(broker: Broker, released: bool) -> None:
    """Values named only by alias are uncertain after a hole; a rebirth is asked for only when released."""
    name = f"hole{released}"
    owner = mqtt(broker.port, writing_released=released)
    tags = [
        metric_tag(1, owner, f"Plant/{name}", "Temperature"),
        metric_tag(2, owner, f"Plant/{name}", "Pressure"),
        probe_tag(owner),
    ]
    async with Stage([owner], tags) as stage:
        await listening(stage)
        node = EdgeNode(broker.port, node=name)
        node.birth(TEMPERATURE | {"double_value": 1.0}, PRESSURE | {"int_value": 3})
        await until(lambda: stage.memory.is_good(1, 2), within_s=3, what="birth")
        node.lose(3)
        node.send("NDATA", "", {"alias": 1, "double_value": 2.0})
        await until(lambda: stage.memory.latest()[1].value == 2.0, within_s=3, what="the value after")
        for key, value in ((1, 2.0), (2, 3.0)):
            row = stage.memory.latest()[key]
            assert (row.value, row.quality.grade) == (value, QualityClass.UNCERTAIN)
            assert row.quality.cause is QualityCause.COMMUNICATION_LOST
        node.repeat()
        if released:
            await until(lambda: bool(node.publisher.heard), within_s=3, what="the request")
            (metric,) = parse_payload(node.publisher.heard[0].payload).metrics
            assert (metric.name, metric.raw) == ("Node Control/Rebirth", True)
        node.birth(TEMPERATURE | {"double_value": 4.0}, PRESSURE | {"int_value": 5})
        await until(lambda: stage.memory.is_good(1, 2), within_s=3, what="reborn")
        drops = stage.supervisor.statuses()[0].drops
        assert (drops["messages_missing"], drops["repeated_message"]) == (3, 1)
        assert len(node.publisher.heard) == int(released)
        assert [row.value for row in stage.memory.readings if row.tag_key == 1].count(2.0) == 1
        node.publisher.vanish()


async def test_what_a_node_kept_while_offline_is_back_filled(broker: Broker) -> None:
    owner = mqtt(broker.port)
    tags = [metric_tag(1, owner, "Plant/past", "Temperature"), probe_tag(owner)]
    async with Stage([owner], tags) as stage:
        await listening(stage)
        node = EdgeNode(broker.port, node="past")
        node.birth(TEMPERATURE | {"double_value": 1.0})
        hour_ago_ms = time.time_ns() // 1_000_000 - 3_600_000
        old = {"alias": 1, "is_historical": True}
        node.send(
            "NDATA",
            "",
            *(old | {"double_value": 10.0 + n, "timestamp": hour_ago_ms + n} for n in range(3)),
            {"alias": 1, "double_value": 2.0},
        )
        await until(lambda: stage.memory.latest().get(1) is not None, within_s=3, what="values")
        await until(lambda: 12.0 in [row.value for row in stage.memory.readings], within_s=3, what="the past")
        node.publisher.vanish()
    past = [row for row in stage.memory.readings if row.value >= 10]
    assert [row.source_us for row in past] == [1000 * (hour_ago_ms + n) for n in range(3)]
    assert all(row.quality.flags & QualityFlag.BACK_FILLED for row in past)
    live = [row for row in stage.memory.readings if row.value == 2.0]
    assert not live[0].quality.flags & QualityFlag.BACK_FILLED


async def test_data_before_a_birth_are_counted_and_wait(broker: Broker) -> None:
    owner = mqtt(broker.port)
    tags = [metric_tag(1, owner, "Plant/early", "Temperature"), probe_tag(owner)]
    async with Stage([owner], tags) as stage:
        await listening(stage)
        node = EdgeNode(broker.port, node="early")
        node.send("NDATA", "", {"alias": 1, "double_value": 5.0})
        node.publisher.send(node.topic("NDATA"), b"\xff garbage")
        node.birth(TEMPERATURE | {"double_value": 6.0})
        await until(lambda: stage.memory.is_good(1), within_s=3, what="birth")
        drops = stage.supervisor.statuses()[0].drops
        node.publisher.vanish()
    assert (drops["unknown_alias"], drops["payload_garbage"]) == (1, 1)
    assert [row.value for row in stage.memory.readings if row.tag_key == 1] == [6.0]


async def test_browsing_shows_nodes_devices_and_metrics_with_units(broker: Broker) -> None:
    driver = MqttDriver(mqtt(broker.port, browse_filter="spBv1.0/Shop/#"), clock=RealClock())
    await driver.connect()
    assert await driver.browse() == []
    node = EdgeNode(broker.port, group="Shop", node="edge")
    node.birth({"name": "Up", "datatype": 11, "boolean_value": True})
    unit = {"engUnit": "°C"}
    node.send("DBIRTH", "oven", TEMPERATURE | {"double_value": 180.0, "properties": unit})
    node.publisher.send("spBv1.0/Shop/DDATA/edge/other", b"x")
    deadline = time.monotonic() + 3
    found = await driver.browse("spBv1.0/Shop/edge/oven")
    while not found and time.monotonic() < deadline:
        found = await driver.browse("spBv1.0/Shop/edge/oven")
    names = [item.name for item in await driver.browse("spBv1.0/Shop/edge")]
    node.publisher.vanish()
    await driver.close()
    assert names == ["oven", "bdSeq", "Up"]
    (item,) = found
    assert (item.name, item.unit, item.value, item.dtype) == ("Temperature", "degC", "180.0", "Double")
    assert item.address == {"topic": "Shop/edge/oven", "format": "sparkplug", "metric": "Temperature"}


class Sequence:
    """An edge node without a broker: says messages of a sequence and shows what became of them."""

    def __init__(self) -> None:
        self.losses = LossCounter()
        self.node = KnownNode("G/N", losses=self.losses)
        self.seq, self.ms = 0, 1_800_000_000_000
        number, words = mqtt(1), TagDtype.TEXT
        tags = (
            metric_tag(1, number, "G/N", "Temperature"),
            metric_tag(2, number, "G/N", "Batch", dtype=words),
        )
        for tag in tags:
            self.node.add(tag, MqttAddress.from_plain(tag.address))

    def say(self, kind: str, *metrics: dict[str, object]) -> list[TagValue]:
        self.ms += 1000
        self.body = make_payload(metrics, seq=self.seq, time_ms=self.ms)
        self.seq = (self.seq + 1) % 256
        return self.hear(kind)

    def hear(self, kind: str, body: bytes = b"") -> list[TagValue]:
        found = self.node.take(SparkplugTopic("G", kind, "N"), body or self.body, receive_us=self.ms * 1000)
        return [item for item in found if isinstance(item, TagValue)]

    def born(self) -> "Sequence":
        self.say("NBIRTH", TEMPERATURE | {"alias": 0, "double_value": 1.0})
        return self


@pytest.mark.parametrize("lost", [1, 127, 128, 150, 254])
def test_a_hole_of_any_size_is_a_hole_and_no_repetition(lost: int) -> None:
    """ACQ-7: what comes after it is delivered, in doubt, and a birth is wanted."""
    told = Sequence().born()
    told.seq = (told.seq + lost) % 256
    rows = [row for value in range(300) for row in told.say("NDATA", {"alias": 0, "double_value": value})]
    assert [row.value for row in rows if row.value >= 2] == [float(value) for value in range(2, 300)]
    assert all(row.quality != GOOD for row in rows)
    assert told.losses.by_cause == {"messages_missing": lost}
    assert told.node.needs_rebirth


def test_the_same_message_again_says_nothing() -> None:
    told = Sequence().born()
    told.say("NDATA", {"alias": 0, "double_value": 2.0})
    first = told.body
    told.say("NDATA", {"alias": 0, "double_value": 3.0})
    assert told.hear("NDATA") == []
    assert told.hear("NDATA", first) == [], "also when another one has come since"
    assert [row.value for row in told.say("NDATA", {"alias": 0, "double_value": 4.0})] == [4.0]
    assert told.losses.by_cause == {"repeated_message": 2}


def test_a_metric_without_name_and_alias_is_nobodys_value() -> None:
    told = Sequence().born()
    assert told.say("NDATA", {"datatype": 10, "double_value": 666.0}) == []
    assert told.losses.by_cause == {"metric_without_name": 1}
    assert not told.node.needs_rebirth, "a birth would name it no better"


KINDS = st.sampled_from(["NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH", "NCMD", "STATE", ""])


@given(st.lists(st.tuples(KINDS, st.sampled_from(["", "pump"]), st.binary(max_size=60))))
def test_no_bytes_break_a_node(messages: list[tuple[str, str, bytes]]) -> None:
    losses = LossCounter()
    node = KnownNode("G/N", losses=losses)
    owner = mqtt(1)
    tag = metric_tag(1, owner, "G/N", "m")
    node.add(tag, MqttAddress.from_plain(tag.address))
    for kind, device, body in messages:
        for item in node.take(SparkplugTopic("G", kind, "N", device), body, receive_us=2_000_000_000_000_000):
            assert item.tag_key == 1
