"""OPC UA against a server in a process of its own (fault catalogue, section C)."""

import asyncio
import itertools
import math
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.driver import DriverState
from acquisition.drivers.opcua.driver import OpcUaDriver
from domain.errors import ConfigurationError, DeviceRefused, NotPermitted
from domain.plant.quality import QualityCause, QualityClass
from domain.plant.readings import SampleBlock
from domain.plant.tags import CaptureSchedule, ConnectionKind, Scaling
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection, scalar_tags
from tests.protocol.stage import RealClock, Stage, connection, until

STREAMING = CaptureSchedule(interval_s=0.1, length=100, is_streaming=True)


def launched(**options: object) -> Iterator[ServerChild]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = ServerChild(port, **options)
    child.launch()
    yield child
    child.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerChild]:
    """One server for the tests that do not end it; each works on variables of its own."""
    yield from launched(tags=20, arrays=1)


@pytest.fixture(scope="module")
def large_server() -> Iterator[ServerChild]:
    """A server of 500 variables, costly to start."""
    yield from launched(tags=500)


async def test_f20_killed_server_with_500_tags_recovers_with_all_tags(large_server: ServerChild) -> None:
    """F20: bad <= 2 s, all tags good <= 5 s after return, also when namespaces are renumbered."""
    owner = plain_connection(large_server.port)
    keys = range(500)
    async with Stage([owner], scalar_tags(owner, 500)) as stage:
        await until(lambda: stage.memory.is_good(*keys), within_s=10, what="first values")
        large_server.kill()
        await until(lambda: stage.memory.is_bad(*keys), within_s=2, what="bad after kill")
        await asyncio.sleep(4)
        bad = [b for _, b in stage.memory.batches if (b.quality & 3 == QualityClass.BAD).any()]
        assert len(bad) == 1
        await large_server.start(namespaces_before=["urn:other", "urn:another"])
        await until(lambda: stage.memory.is_good(*keys), within_s=5, what="good after return")
        times = [r.source_us for r in stage.memory.readings if r.tag_key == 7]
        assert times == sorted(set(times)), "no duplicates, in order"


async def test_f21_short_freeze_is_no_loss_a_long_one_is_marked(server: ServerChild) -> None:
    """F21: 0.8 s no flap; 5 s turns bad within 5 s and comes back without duplicates."""
    owner = plain_connection(server.port)
    async with Stage([owner], scalar_tags(owner, 3)) as stage:
        await until(lambda: stage.memory.is_good(0, 1, 2), within_s=6, what="first values")
        server.freeze()
        await asyncio.sleep(0.8)
        server.thaw()
        await asyncio.sleep(1.5)
        assert all(r.quality.is_good for r in stage.memory.readings)
        server.freeze()
        await until(lambda: stage.memory.is_bad(0, 1, 2), within_s=5, what="bad when frozen")
        await asyncio.sleep(1)
        server.thaw()
        await until(lambda: stage.memory.is_good(0, 1, 2), within_s=5, what="good after thaw")
        good = [r for r in stage.memory.readings if r.tag_key == 0 and r.quality.is_good]
        times = [r.source_us for r in good]
        assert times == sorted(set(times)), "no duplicates, in order"


async def test_f22_a_subscription_that_dies_silently_is_rebuilt(server: ServerChild) -> None:
    """F22: the session lives, the subscription does not; values again <= 10 s."""
    owner = plain_connection(server.port)
    async with Stage([owner], scalar_tags(owner, 3)) as stage:
        await until(lambda: stage.memory.is_good(0), within_s=6, what="first value")
        await server.tell("drop_subscriptions")
        await until(lambda: stage.memory.is_bad(0), within_s=5, what="death noticed")
        await until(lambda: stage.memory.is_good(0), within_s=5, what="rebuilt")


async def test_f24_deleted_nodes_changed_types_and_statuses_stay_with_their_tag(server: ServerChild) -> None:
    owner = plain_connection(server.port)
    tags = [*scalar_tags(owner, 8), node_tag(90, owner, "tag.nowhere")]
    async with Stage([owner], tags) as stage:
        await until(lambda: stage.memory.is_good(*range(8)), within_s=6, what="first values")
        await server.tell("delete", name="tag.1")
        await server.tell("write", name="tag.2", value="broken", kind="String")
        await server.tell("write", name="tag.3", value=[1.0, 2.0])
        await server.tell("write", name="tag.4", value=5.0, status=0x40000000)
        await server.tell("write", name="tag.5", value=5.0, status=0x80000000)
        await server.tell("write", name="tag.6", value=math.inf)
        await server.tell("write", name="tag.7", value=True, kind="Boolean")

        def causes() -> dict[int, tuple[str, str]]:
            latest = stage.memory.latest()
            return {
                key: (reading.quality.grade.name, reading.quality.cause.name)
                for key, reading in latest.items()
                if key != 0
            }

        expected = {
            1: ("BAD", "NOT_CONFIGURED"),
            2: ("BAD", "DECODE"),
            3: ("BAD", "DECODE"),
            4: ("UNCERTAIN", "DEVICE_SAYS_BAD"),
            5: ("BAD", "DEVICE_SAYS_BAD"),
            6: ("BAD", "DECODE"),
            7: ("GOOD", "NONE"),
            90: ("BAD", "NOT_CONFIGURED"),
        }
        await until(lambda: causes() == expected, within_s=4, what=lambda: causes())
        assert stage.memory.latest()[4].value == 5.0
        assert stage.memory.latest()[7].value == 1.0
        assert stage.memory.is_good(0)
        statuses = [
            int(batch.raw_status[row])
            for _, batch in stage.memory.batches
            if batch.raw_status is not None
            for row in np.flatnonzero(batch.tag_key == 5)
        ]
        assert statuses[-1] == 0x80000000, "the raw status is kept"


async def test_f32_wrong_source_times_are_uncertain_and_replaced(server: ServerChild) -> None:
    """F32: 1601, two hours ahead, going backwards, equal: nothing overwritten, all counted by cause."""
    owner = plain_connection(server.port)
    async with Stage([owner], [node_tag(n, owner, f"tag.{n}") for n in (11, 12, 13, 16)]) as stage:
        await until(lambda: stage.memory.is_good(11, 12, 13, 16), within_s=6, what="first values")
        now_s = time.time()
        for value in (1.0, 2.0, 3.0):
            await server.tell("write", name="tag.16", value=value, at_s=now_s)
        await server.tell("write", name="tag.11", value=1.5, age_s=400 * 365 * 86400.0)
        await server.tell("write", name="tag.12", value=1.5, age_s=-7200.0)
        await server.tell("write", name="tag.13", value=1.0)
        await server.tell("write", name="tag.13", value=1.5, age_s=30.0)

        def all_suspect() -> bool:
            latest = stage.memory.latest()
            return all(latest[key].quality.cause is QualityCause.CLOCK_SUSPECT for key in (11, 12, 13))

        await until(all_suspect, within_s=4, what="suspect clocks")
        for key in (11, 12, 13):
            reading = stage.memory.latest()[key]
            assert (reading.value, reading.source_us) == (1.5, reading.receive_us)
        equal = [(r.value, r.source_us) for r in stage.memory.readings if r.tag_key == 16][-3:]
        assert [value for value, _ in equal] == [1.0, 2.0, 3.0]
        assert [time_us - equal[0][1] for _, time_us in equal] == [0, 1, 2], "in order, none over another"
        drops = stage.supervisor.statuses()[0].drops
        causes = {cause: n for cause, n in drops.items() if cause.startswith("source_time")}
        assert causes == {
            "source_time_unset": 1,
            "source_time_ahead": 1,
            "source_time_backwards": 1,
            "source_time_equal": 2,
        }


async def test_f28_a_burst_with_a_paused_consumer_drops_nothing_silently(large_server: ServerChild) -> None:
    """F28: every tag keeps its newest value and delivered + counted drops = sent."""
    tags_count, rounds = 500, 20
    owner = plain_connection(large_server.port)
    driver = OpcUaDriver(owner, clock=RealClock())
    await driver.connect()
    stream = driver.subscribe([node_tag(n, owner, f"tag.{n}") for n in range(1, tags_count)])
    latest: dict[int, float] = {}
    delivered = 0
    first = await anext(stream)
    delivered += len(first)
    for _ in range(2):  # a list that comes alone is taken whole, however long
        await large_server.tell("burst", rounds=rounds)
        await asyncio.sleep(1.0)  # the consumer is paused, the loop is not
    sent = (2 * rounds + 1) * (tags_count - 1)
    deadline = time.monotonic() + 6
    while delivered + driver.losses.total < sent and time.monotonic() < deadline:
        batch = await asyncio.wait_for(anext(stream), 5)
        delivered += len(batch)
        latest.update(zip(batch.tag_key.tolist(), batch.value.tolist(), strict=True))
    assert driver.losses.by_cause.keys() == {"queue_overflow"}, "the queue was really too short"
    assert latest == {key: rounds - 1.0 for key in range(1, tags_count)}
    assert delivered + driver.losses.total == sent
    await driver.close()


async def test_a_value_that_stays_equal_is_a_sample_all_the_same(server: ServerChild) -> None:
    """A machine that stands still sends equal values; the history must not show them as a gap."""
    owner = plain_connection(server.port)
    async with Stage([owner], [node_tag(15, owner, "tag.15", period_s=0.0)]) as stage:
        await until(lambda: stage.memory.is_good(15), within_s=6, what="first value")
        for _ in range(5):
            await server.tell("write", name="tag.15", value=3.0)
            await asyncio.sleep(0.01)
        equal = [3.0] * 5
        await until(
            lambda: [r.value for r in stage.memory.readings][-5:] == equal, within_s=4, what="five samples"
        )


async def test_streamed_arrays_are_numbered_without_a_hole(server: ServerChild) -> None:
    owner = plain_connection(server.port)
    scaled = {"capture": STREAMING, "sampling_rate_hz": 1000.0, "scaling": Scaling(2.0)}
    tags = [node_tag(10, owner, "array.0", **scaled)]
    async with Stage([owner], tags) as stage:
        await until(lambda: len(stage.memory.blocks) >= 30, within_s=8, what="blocks")
        blocks = [block for block in stage.memory.blocks if block.tag_key == 10]
        for earlier, later in itertools.pairwise(blocks[1:]):
            assert later.first_index == earlier.first_index + len(earlier.samples)
        samples = np.concatenate([block.samples for block in blocks[1:]])
        assert samples.dtype == np.float32
        np.testing.assert_array_equal(np.diff(samples) % 2000, 2.0)
        assert stage.supervisor.statuses()[0].drops.get("samples_missing", 0) == 0
        await server.tell("hold")
        await asyncio.sleep(0.45)
        await server.tell("go")
        count = len(stage.memory.blocks)
        await until(lambda: len(stage.memory.blocks) >= count + 6, within_s=5, what="blocks again")
        drops = stage.supervisor.statuses()[0].drops
        assert drops["samples_missing"] > 0
        assert drops["samples_missing"] % 100 == 0, "whole blocks, counted in samples"


async def test_scheduled_waveforms_are_read_not_subscribed(server: ServerChild) -> None:
    schedule = CaptureSchedule(interval_s=0.5, length=100)
    owner = plain_connection(server.port)
    waveform = node_tag(10, owner, "array.0", capture=schedule, sampling_rate_hz=1000.0)
    async with Stage([owner], [waveform]) as stage:
        await until(lambda: len(stage.memory.blocks) >= 3, within_s=6, what="captures")
        first, second, third = stage.memory.blocks[:3]
        assert all(isinstance(block, SampleBlock) for block in (first, second, third))
        assert second.first_index > first.first_index
        assert third.start_us - second.start_us == pytest.approx(500_000, abs=200_000)
        assert stage.supervisor.statuses()[0].drops == {}


async def test_simulated_connections_mark_every_item(server: ServerChild) -> None:
    endpoint = f"opc.tcp://127.0.0.1:{server.port}/"
    owner = connection(
        ConnectionKind.OPCUA, is_simulated=True, endpoint=endpoint, security="None", waiver=True
    )
    tags = [
        node_tag(0, owner, "tag.0"),
        node_tag(10, owner, "array.0", capture=STREAMING, sampling_rate_hz=1000.0),
    ]
    async with Stage([owner], tags) as stage:
        await until(lambda: bool(stage.memory.blocks and stage.memory.readings), within_s=6, what="items")
        assert {r.quality.flags.name for r in stage.memory.readings} == {"SIMULATED"}
        assert all(block.quality == 1 << 9 for block in stage.memory.blocks)
        assert stage.supervisor.statuses()[0].state == DriverState.CONNECTED.value
        sequences = [reading.sequence for reading in stage.memory.readings]
        assert sequences == list(range(len(sequences)))


async def test_writing_needs_release_and_is_read_back(server: ServerChild) -> None:
    target = node_tag(14, connection(ConnectionKind.OPCUA), "tag.14", is_writable=True)
    locked = OpcUaDriver(plain_connection(server.port), clock=RealClock())
    await locked.connect()
    with pytest.raises(NotPermitted):
        await locked.write(target, 7.0)
    await locked.close()
    released = OpcUaDriver(plain_connection(server.port, writing_released=True), clock=RealClock())
    await released.connect()
    with pytest.raises(NotPermitted):
        await released.write(replace(target, is_writable=False), 7.0)
    with pytest.raises(DeviceRefused, match="BadUserAccessDenied"):
        await released.write(target, 7.0)  # the variable itself is read-only for clients
    await server.tell("release", name="tag.14")
    await released.write(target, 7.0)
    assert (await released.read([target])).value.tolist() == [7.0]
    await released.close()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"endpoint": "opc.tcp://x:1/", "security": "None"},
        {"endpoint": "opc.tcp://x:1/"},
        {"endpoint": "opc.tcp://x:1/", "pki": "p", "security": "Basic256"},
        {"endpoint": "opc.tcp://x:1/", "security": "None", "waiver": True, "user": "me"},
        {"endpoint": "opc.tcp://x:1/", "pki": "p", "user": "me", "password_variable": "JIDOKA_NOT_SET"},
    ],
)
def test_options_that_would_weaken_security_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="option"):
        OpcUaDriver(connection(ConnectionKind.OPCUA, **options), clock=RealClock())


def test_the_pki_folder_is_a_path(tmp_path: Path) -> None:
    options = {"endpoint": "opc.tcp://127.0.0.1:1/", "pki": str(tmp_path)}
    OpcUaDriver(connection(ConnectionKind.OPCUA, **options), clock=RealClock())
    assert not list(tmp_path.iterdir()), "nothing is written before connecting"
