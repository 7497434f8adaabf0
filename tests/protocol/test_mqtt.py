"""MQTT against a real mosquitto broker: payloads, faults of link and clock [ACQ-1, ACQ-2]."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

import asyncio
import json
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from acquisition.addresses import MqttAddress
from acquisition.driver import DriverState
from acquisition.drivers.mqtt.driver import MqttDriver
from acquisition.drivers.mqtt.silence import silent_after_s
from domain.errors import ConfigurationError, NotPermitted
from domain.plant.quality import QualityCause, QualityClass
from domain.plant.readings import Reading, ReadingBatch
from domain.plant.tags import CaptureSchedule, Scaling, TagDtype
from tests.protocol.mqtt_stage import (
    SETTINGS,
    Broker,
    DeadLine,
    EdgeNode,
    Publisher,
    beating,
    broker,  # noqa: F401
    listening,
    mqtt,
    pem,
    probe_tag,
    topic_tag,
)
from tests.protocol.stage import RealClock, Stage, until

STREAM = CaptureSchedule(interval_s=0.1, length=100, is_streaming=True)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    started = Broker(tmp_path).start()
    yield started
    started.kill()


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_numbers_texts_and_json_become_readings(broker: Broker, version: str) -> None:
    owner = mqtt(broker.port, version=version)
    place = f"plain/{version}"
    tags = [
        topic_tag(1, owner, f"{place}/n", scaling=Scaling(2.0, 1.0)),
        topic_tag(2, owner, f"{place}/t", "text", dtype=TagDtype.TEXT),
        topic_tag(3, owner, f"{place}/j", "json", path="$.a.b[0]", time_path="$.at", time_form="ms"),
        topic_tag(4, owner, f"{place}/j", "json", path="$['on air']", time_path="$.iso", time_form="iso"),
        topic_tag(5, owner, f"{place}/j", "json", path="$.missing"),
    ]
    at_us = time.time_ns() // 1000 - 2_000_000
    at_us -= at_us % 1000
    iso = datetime.fromtimestamp(at_us / 1e6, UTC).isoformat()
    content = json.dumps({"a": {"b": [7.5]}, "on air": True, "at": at_us / 1000, "iso": iso})
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        await listening(stage)
        with Publisher(broker.port) as device:

            def publish(_: int) -> None:
                device.send(f"{place}/n", " 20.5\n")
                device.send(f"{place}/t", "läuft")
                device.send(f"{place}/j", content)

            async with beating(publish):
                await until(lambda: stage.memory.is_good(1, 2, 3, 4), within_s=5, what="all values")
    latest = stage.memory.latest()
    assert [latest[key].value for key in (1, 3, 4)] == [42.0, 7.5, 1.0]
    assert latest[3].source_us == latest[4].source_us == at_us
    texts = [b.text[b.tag_key == 2].tolist() for _, b in stage.memory.batches if b.text is not None]
    assert texts[0] == ["läuft"]
    assert latest[5].quality.cause is QualityCause.NOT_CONFIGURED


async def test_a_retained_value_is_uncertain_until_a_live_one_comes(broker: Broker) -> None:
    owner = mqtt(broker.port)
    with Publisher(broker.port) as device:
        device.send("kept/value", "5", retain=True)
        async with Stage([owner], [topic_tag(1, owner, "kept/value")]) as stage:
            await until(lambda: 1 in stage.memory.latest(), within_s=3, what="the retained value")
            kept = stage.memory.latest()[1]
            assert (kept.value, kept.quality.grade, kept.quality.cause) == (
                5.0, QualityClass.UNCERTAIN, QualityCause.STALE,
            )  # fmt: skip
            device.send("kept/value", "6", retain=True)
            await until(lambda: stage.memory.is_good(1), within_s=2, what="the live value")


async def test_waveforms_of_wireless_sensors_continue_or_show_their_hole(broker: Broker) -> None:
    """JSON list, float32 and int16; a sensor that skips a block leaves a jump of the index."""
    owner = mqtt(broker.port)
    rate = {"sampling_rate_hz": 1000.0, "capture": STREAM}
    tags = [
        topic_tag(1, owner, "wave/json", "json", path="$.x", time_path="$.t", time_form="us", **rate),
        topic_tag(2, owner, "wave/f32", "float32", **rate),
        topic_tag(3, owner, "wave/i16", "int16", scaling=Scaling(0.001, 0.0), **rate),
    ]
    begin_us = time.time_ns() // 1000 - 3_000_000
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        with Publisher(broker.port) as device:
            await listening(stage)
            for piece in (0, 1, 3, 3):  # piece 2 is lost, piece 3 comes twice
                content = {"x": [float(piece)] * 100, "t": begin_us + piece * 100_000}
                device.send("wave/json", json.dumps(content))
            device.send("wave/f32", np.full(50, 1.5, dtype="<f4").tobytes())
            device.send("wave/i16", struct.pack("<3h", 1000, -1000, 0))
            await until(lambda: len(stage.memory.blocks) == 5, within_s=3, what="five blocks")
            drops = stage.supervisor.statuses()[0].drops
    by_tag = {key: [b for b in stage.memory.blocks if b.tag_key == key] for key in (1, 2, 3)}
    first = by_tag[1][0]
    assert [b.first_index - first.first_index for b in by_tag[1]] == [0, 100, 300]
    assert first.start_us == begin_us
    assert by_tag[2][0].samples.tolist() == [1.5] * 50
    assert by_tag[3][0].samples == pytest.approx([1.0, -1.0, 0.0])
    assert (drops["samples_missing"], drops["repeated_block"]) == (100, 1)


async def test_f01_a_killed_broker_is_bad_in_2_s_and_good_3_s_after_its_return(own_broker: Broker) -> None:
    owner = mqtt(own_broker.port)
    async with Stage([owner], [topic_tag(1, owner, "a"), topic_tag(2, owner, "b")]) as stage:
        async with _devices(own_broker):
            await until(lambda: stage.memory.is_good(1, 2), within_s=5, what="first values")
        own_broker.kill()
        await until(lambda: stage.memory.is_bad(1, 2), within_s=2, what="bad after kill")
        assert stage.memory.quality(1).cause is QualityCause.COMMUNICATION_LOST
        own_broker.start()
        async with _devices(own_broker):
            await until(lambda: stage.memory.is_good(1, 2), within_s=3, what="good after return")


async def test_f02_a_hung_broker_is_bad_within_5_s_and_recovers(own_broker: Broker) -> None:
    owner = mqtt(own_broker.port)
    async with Stage([owner], [topic_tag(1, owner, "a"), topic_tag(2, owner, "b")]) as stage:
        async with _devices(own_broker):
            await until(lambda: stage.memory.is_good(1, 2), within_s=5, what="first values")
        own_broker.freeze()
        await until(lambda: stage.memory.is_bad(1, 2), within_s=5, what="bad when hung")
        await until(
            lambda: stage.supervisor.statuses()[0].state == DriverState.NOT_ANSWERING.value,
            within_s=5,
            what="not answering",
        )
        own_broker.thaw()
        async with _devices(own_broker):
            await until(lambda: stage.memory.is_good(1, 2), within_s=8, what="good after thaw")


async def test_a_half_open_line_is_bad_within_5_s(broker: Broker) -> None:
    async with DeadLine(broker.port) as line:
        owner = mqtt(line.port)
        async with Stage([owner], [topic_tag(1, owner, "half/open")]) as stage:
            with Publisher(broker.port) as device:
                async with beating(lambda number: device.send("half/open", str(number))):
                    await until(lambda: stage.memory.is_good(1), within_s=5, what="first value")
                    line.is_dead = True
                    await until(lambda: stage.memory.is_bad(1), within_s=5, what="bad on a dead line")


async def test_a_wrong_password_is_refused_in_words_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-17: the password comes from the environment, needs TLS or a waiver, and stands in no message."""
    words = _password_file(tmp_path / "passwords")
    settings = SETTINGS.replace("anonymous true", "anonymous false") + f"password_file {words}\n"
    guarded = Broker(tmp_path, settings=settings).start()
    try:
        owner = mqtt(guarded.port, user="anna", password_variable="JIDOKA_TEST_WORD", waiver=True)
        with pytest.raises(ConfigurationError, match="JIDOKA_TEST_WORD"):
            MqttDriver(owner, clock=RealClock())
        monkeypatch.setenv("JIDOKA_TEST_WORD", "wrong-secret")
        async with Stage([owner], [topic_tag(1, owner, "a")]) as stage:
            await until(lambda: _state(stage) == DriverState.REFUSED.value, within_s=3, what="refused")
            assert "wrong-secret" not in str(stage.supervisor.statuses()[0])
        monkeypatch.setenv("JIDOKA_TEST_WORD", "right")
        driver = MqttDriver(owner, clock=RealClock())
        await driver.connect()
        await driver.close()
        with pytest.raises(ConfigurationError, match="waiver"):
            MqttDriver(mqtt(1, user="anna", password_variable="X"), clock=RealClock())
    finally:
        guarded.kill()


async def test_tls_trusts_the_given_authority_only_and_shows_our_certificate(tmp_path: Path) -> None:
    """S-16: an unknown authority and a missing client certificate end in a refusal, never in a session."""
    server, ours = pem(tmp_path, "server"), pem(tmp_path, "ours")
    listener = f"certfile {server[0]}\nkeyfile {server[1]}\ncafile {ours[0]}\nrequire_certificate true\n"
    guarded = Broker(tmp_path, listener=listener).start()
    try:
        files = {"certificate": str(ours[0]), "key": str(ours[1])}
        good = MqttDriver(mqtt(guarded.port, tls=True, ca=str(server[0]), **files), clock=RealClock())
        await good.connect()
        await good.close()
        stranger = mqtt(guarded.port, tls=True, ca=str(ours[0]), **files)
        nameless = mqtt(guarded.port, tls=True, ca=str(server[0]))
        for wrong, allowed in ((stranger, {"refused"}), (nameless, {"refused", "disconnected"})):
            async with Stage([wrong], [topic_tag(1, wrong, "a")]) as stage:
                await until(lambda: stage.memory.is_bad(1), within_s=4, what="bad")
                assert _state(stage) in allowed
                assert stage.supervisor.statuses()[0].detail
    finally:
        guarded.kill()


async def test_garbage_stays_with_its_tag_and_is_counted(broker: Broker) -> None:
    owner = mqtt(broker.port)
    tags = [
        topic_tag(1, owner, "garbage/number"),
        topic_tag(2, owner, "garbage/json", "json", path="$.v"),
        topic_tag(3, owner, "garbage/samples", "float32", sampling_rate_hz=10.0, capture=STREAM),
        topic_tag(4, owner, "garbage/well"),
        topic_tag(5, owner, "garbage/+"),
    ]
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        with Publisher(broker.port) as device:
            await until(lambda: stage.memory.is_bad(5), within_s=3, what="the wrong address")
            for payload in (b"\xff\xfe", b"NaN", b"1e999", b""):
                device.send("garbage/number", payload)
            for payload in (
                b"{",
                b"[" * 100_000,
                b'{"v": "x"}',
                b'{"v": NaN}',
                b'{"v": 1' + b"0" * 400 + b"}",
            ):
                device.send("garbage/json", payload)
            for payload in (b"abc", struct.pack("<2f", 1.0, float("nan")), b""):
                device.send("garbage/samples", payload)
            device.send("garbage/well", b"1")
            await until(lambda: stage.memory.is_good(4), within_s=3, what="the good value")
            await until(lambda: stage.memory.is_bad(1, 2, 3), within_s=3, what="the bad ones")
            assert stage.memory.latest()[1].quality.cause is QualityCause.DECODE
            assert stage.supervisor.statuses()[0].drops["payload_garbage"] >= 6
    assert not [r for r in stage.memory.readings if r.tag_key in (1, 2, 3) and r.quality.is_good]
    assert not stage.memory.blocks


async def test_f28_a_flood_is_counted_exactly_and_every_tag_keeps_its_newest_value(broker: Broker) -> None:
    """20 tags, 10,001 values while the consumer sleeps: delivered + dropped = sent."""
    owner = mqtt(broker.port, capacity=200)
    driver = MqttDriver(owner, clock=RealClock())
    await driver.connect()
    stream = driver.subscribe(
        [*(topic_tag(key, owner, f"flood/{key}") for key in range(20)), probe_tag(owner)]
    )
    await anext(stream)  # the link is up
    await anext(stream)  # the probe
    newest: dict[int, float] = {}
    delivered = 0
    with Publisher(broker.port) as device:
        for number in range(500):
            for key in range(20):
                device.client.publish(f"flood/{key}", str(number), qos=0)
        await asyncio.to_thread(device.send, "flood/19", "500")
        while newest.get(19) != 500:
            time.sleep(0.2)  # noqa: ASYNC251 -- the consumer is slow on purpose
            batch = await anext(stream)
            assert isinstance(batch, ReadingBatch)
            delivered += len(batch)
            newest.update((row.tag_key, row.value) for row in batch.rows())
    await stream.aclose()
    await driver.close()
    assert newest == dict.fromkeys(range(19), 499.0) | {19: 500.0}
    assert driver.losses.by_cause["queue_overflow"] == 10_001 - delivered > 0


async def test_f32_a_wrong_clock_makes_values_uncertain_and_keeps_their_order(broker: Broker) -> None:
    owner = mqtt(broker.port)
    tags = [topic_tag(1, owner, "clock", "json", path="$.v", time_path="$.t", time_form="s")]
    now_s = time.time()
    stamps = [now_s - 5, -1.0, now_s + 7200, now_s - 60, None, "late", now_s - 4]
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        with Publisher(broker.port) as device:
            await listening(stage)
            for number, stamp in enumerate(stamps):
                device.send("clock", json.dumps({"v": number, "t": stamp}))
            await until(lambda: len(_rows(stage, 1)) >= 7, within_s=3, what="all values")
            drops = stage.supervisor.statuses()[0].drops
    rows = {row.value: row for row in _rows(stage, 1)}
    causes = [rows[number].quality.cause for number in range(7)]
    suspect, none = QualityCause.CLOCK_SUSPECT, QualityCause.NONE
    assert causes == [none, suspect, suspect, suspect, suspect, suspect, none]
    assert drops["clock_suspect"] == 5
    assert all(abs(row.source_us / 1e6 - now_s) < 20 for row in rows.values())


async def test_a_message_delivered_twice_is_one_value(broker: Broker) -> None:
    """QoS 1 delivers at least once: the same value with the same time stamp counts once."""
    owner = mqtt(broker.port)
    tags = [topic_tag(1, owner, "twice", "json", path="$.v", time_path="$.t")]
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        with Publisher(broker.port) as device:
            await listening(stage)
            now_s = time.time()
            for number in (1, 1, 1, 2, 2):
                device.send("twice", json.dumps({"v": number, "t": now_s - 10 + number}))
            await until(lambda: stage.memory.latest().get(1) is not None, within_s=3, what="values")
            await until(
                lambda: stage.supervisor.statuses()[0].drops.get("repeated_value") == 3,
                within_s=3,
                what="three repetitions",
            )
    assert [row.value for row in _rows(stage, 1)] == [1.0, 2.0]


async def test_a_topic_that_should_speak_and_does_not_turns_stale(broker: Broker) -> None:
    owner = mqtt(broker.port)
    tags = [topic_tag(1, owner, "quiet/sensor", silent_after_s=0.6), topic_tag(2, owner, "quiet/switch")]
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        with Publisher(broker.port) as device:
            await listening(stage)
            device.send("quiet/sensor", "1")
            device.send("quiet/switch", "1")
            await until(lambda: stage.memory.is_good(1, 2), within_s=2, what="values")
            await until(lambda: stage.memory.is_bad(1), within_s=2, what="silence noticed")
            assert stage.memory.quality(1).cause is QualityCause.STALE
            assert stage.memory.is_good(2), "it reports by exception"
            device.send("quiet/sensor", "1")
            await until(lambda: stage.memory.is_good(1), within_s=2, what="speaks again")


async def test_a_flat_sensor_turns_stale_where_its_link_says_how_often_it_speaks(broker: Broker) -> None:
    """Rule 3.3: what a tag says itself comes first; Sparkplug tells changes only, and its own death."""
    owner = mqtt(broker.port, silent_after_s=0.6)
    wave = {"sampling_rate_hz": 100.0, "capture": CaptureSchedule(0.1, 4, is_streaming=True)}
    tags = [
        topic_tag(1, owner, "flat/sensor"),
        topic_tag(2, owner, "flat/slow", silent_after_s=60.0),
        topic_tag(3, owner, "Plant/flat", "sparkplug", metric="Temperature"),
        topic_tag(4, owner, "flat/wave", "float32", **wave),
    ]
    async with Stage([owner], [*tags, probe_tag(owner)]) as stage:
        with Publisher(broker.port) as device:
            await listening(stage)
            node = EdgeNode(broker.port, node="flat")
            node.birth({"name": "Temperature", "datatype": 10, "double_value": 1.0})
            for topic in ("flat/sensor", "flat/slow"):
                device.send(topic, "1")
            await until(lambda: stage.memory.is_good(1, 2, 3), within_s=2, what="values")
            async with beating(lambda _: device.send("flat/wave", np.ones(4, "<f4").tobytes())):
                await until(lambda: stage.memory.is_bad(1), within_s=2, what="silence noticed")
                assert stage.memory.is_good(2, 3)
                assert 4 not in stage.memory.latest(), "a waveform that comes is not silent"
            await until(lambda: stage.memory.is_bad(4), within_s=2, what="it is when it ends")
            node.publisher.vanish()


@pytest.mark.parametrize(
    ("changes", "usual_s", "expected_s"),
    [
        ({}, 0.0, 0.0),
        ({"period_s": 1.0}, 0.0, 0.0),
        ({"period_s": 300.0}, 0.0, 900.0),
        ({"period_s": 300.0}, 60.0, 60.0),
        ({"silent_after_s": 5.0, "period_s": 300.0}, 60.0, 5.0),
    ],
)
def test_how_much_silence_is_too_much(changes: dict[str, float], usual_s: float, expected_s: float) -> None:
    """The period of a second is that of a tag of which nobody said anything: it may tell changes only."""
    one = topic_tag(1, mqtt(1), "t", **changes)
    assert silent_after_s(one, MqttAddress.from_plain(one.address), usual_s=usual_s) == expected_s


async def test_a_link_without_traffic_is_connected(broker: Broker) -> None:
    owner = mqtt(broker.port)
    async with Stage([owner], [topic_tag(1, owner, "never/published")]) as stage:
        await until(lambda: _state(stage) == DriverState.CONNECTED.value, within_s=3, what="connected")
        assert stage.memory.readings == []


async def test_browsing_shows_topics_and_the_members_of_json(broker: Broker) -> None:
    owner = mqtt(broker.port, browse_filter="browse/#")
    driver = MqttDriver(owner, clock=RealClock())
    await driver.connect()
    with Publisher(broker.port) as device:
        device.send("browse/pump/rpm", "1480", retain=True)
        device.send(
            "browse/pump/state", '{"run": true, "wave": [1.0, 2.0], "deep": {"a b": "x"}}', retain=True
        )
        assert [item.name for item in await driver.browse()] == ["browse"]
        found = {item.name: item for item in await driver.browse("browse/pump")}
        members = {item.name: item for item in await driver.browse("browse/pump/state")}
    await driver.close()
    assert found["rpm"].address == {"topic": "browse/pump/rpm", "format": "number"}
    assert found["rpm"].value == "1480"
    assert members["run"].address == {"topic": "browse/pump/state", "format": "json", "path": "$.run"}
    assert members["wave"].is_array
    assert members["deep['a b']"].address is not None


@pytest.mark.parametrize("wrong", ["a/#/b", "a+/b", "#/a", "a/b#"])
def test_a_wrong_filter_for_looking_around_is_refused_before_it_ends_the_link(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="browse_filter"):
        MqttDriver(mqtt(1, browse_filter=wrong), clock=RealClock())


async def test_writing_is_refused(broker: Broker) -> None:
    for released in (False, True):
        owner = mqtt(broker.port, writing_released=released)
        driver = MqttDriver(owner, clock=RealClock())
        with pytest.raises(NotPermitted):
            await driver.write(topic_tag(1, owner, "a", is_writable=True), 1.0)


def _rows(stage: Stage, key: int) -> list[Reading]:
    return [row for row in stage.memory.readings if row.tag_key == key]


def _state(stage: Stage) -> str:
    return stage.supervisor.statuses()[0].state


@asynccontextmanager
async def _devices(broker: Broker) -> AsyncIterator[None]:
    """Two devices publish until the block ends."""
    with Publisher(broker.port) as device:

        def publish(number: int) -> None:
            device.send("a", str(number))
            device.send("b", str(number))

        async with beating(publish):
            yield


def _password_file(path: Path) -> Path:
    """Return a file in which anna's word is "right"."""
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(path), "anna", "right"], check=True)
    return path
