"""F29 and F31: a wire that flips bits, and servers that have had enough of us."""

import asyncio
import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from acquisition.driver import DriverState
from acquisition.drivers.opcua.driver import OpcUaDriver
from domain.errors import ConfigurationError, ControlRoomError
from domain.plant.tags import CaptureSchedule
from tests.protocol.opcua_stage import (
    ServerChild,
    node_tag,
    plain_connection,
    scalar_tags,
    server_certificate,
    trust,
)
from tests.protocol.proxy import Proxy
from tests.protocol.stage import RealClock, Stage, until
from tests.protocol.test_opcua_faults import launched
from tests.protocol.test_opcua_security import secured

TOO_MANY_SESSIONS, TOO_MANY_PUBLISH, SESSION_UNKNOWN = 0x80560000, 0x80780000, 0x80250000
ACCESS_DENIED = 0x801F0000


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("device")


@pytest.fixture(scope="module")
def signing(device: Path) -> Iterator[ServerChild]:
    own = server_certificate(device)
    yield from launched(certificate=str(own.certificate), key=str(own.key), policies=["Basic256Sha256_Sign"])


@pytest.fixture
def server() -> Iterator[ServerChild]:
    yield from launched(arrays=1)


class Flip:
    """Turns over one bit of the first value of 8 bytes that looks like the counter, once."""

    def __init__(self) -> None:
        self.flipped = 0

    def __call__(self, data: bytes) -> bytes:
        place = data.find(b"\x0b", len(data) // 2)  # the type of a double, in the middle of a notification
        if self.flipped or not data.startswith(b"MSGF") or len(data) < 100 or place < 0:
            return data
        self.flipped += 1
        changed = bytearray(data)
        changed[place + 7] ^= 0x10
        return bytes(changed)


async def test_f29_a_flipped_bit_on_a_signed_link_is_no_value(
    signing: ServerChild, device: Path, tmp_path: Path
) -> None:
    """F29: Sign: channel error, reconnect, no wrong value."""
    trust(tmp_path, server_certificate(device))
    async with Proxy(signing.port) as wire:
        through = ServerChild(wire.port)
        owner = secured(through, tmp_path, mode="Sign")
        async with Stage([owner], scalar_tags(owner, 3)) as stage:
            await until(lambda: stage.memory.is_good(0, 1, 2), within_s=8, what="first values")
            connections, wire.disturb = wire.connections, Flip()
            await until(lambda: stage.memory.is_bad(0), within_s=5, what="the channel is given up")
            await until(lambda: stage.memory.is_good(0, 1, 2), within_s=8, what="values again")
            assert wire.connections > connections, "over a new connection"
            assert wire.disturb.flipped == 1
            good = [row for row in stage.memory.readings if row.quality.is_good]
            assert {row.value for row in good if row.tag_key} == {1.0, 2.0}
            counts = [row.value for row in good if row.tag_key == 0]
            assert counts == sorted(counts)
            assert all(count.is_integer() for count in counts)
            assert counts[-1] <= (await signing.tell("count"))["count"], "0 wrong values"


async def test_f29_without_signatures_the_link_says_so_for_good(server: ServerChild) -> None:
    """F29: None: nobody can see the flipped bit; the mark is what protects the reader."""
    async with Proxy(server.port) as wire:
        owner = plain_connection(wire.port)
        async with Stage([owner], scalar_tags(owner, 1)) as stage:
            await until(lambda: stage.memory.is_good(0), within_s=6, what="first value")
            wire.disturb = flip = Flip()

            def is_wrong() -> bool:
                counts = [row.value for row in stage.memory.readings if row.quality.is_good]
                return any(later - earlier not in (0, 1) for earlier, later in itertools.pairwise(counts))

            await until(lambda: flip.flipped == 1, within_s=4, what="a flipped bit")
            await until(is_wrong, within_s=4, what="a wrong value with a good quality")
            status = stage.supervisor.statuses()[0]
            assert (status.state, status.message_key) == ("connected", "connection_unsigned")


@pytest.mark.parametrize(
    ("services", "status"),
    [
        (["CreateSession"], TOO_MANY_SESSIONS),
        (["Publish"], TOO_MANY_PUBLISH),
        (["Publish", "Read"], SESSION_UNKNOWN),
    ],
    ids=["session limit", "too many publish requests", "session unknown"],
)
async def test_f31_a_server_that_has_had_enough_is_asked_once_in_5_s(
    server: ServerChild, caplog: pytest.LogCaptureFixture, services: list[str], status: int
) -> None:
    """F31: one message, at most one attempt in 5 s, and values again when the server is well."""
    async with Proxy(server.port) as wire:
        owner = plain_connection(wire.port)
        async with Stage([owner], scalar_tags(owner, 3)) as stage:
            await until(lambda: stage.memory.is_good(0, 1, 2), within_s=6, what="first values")
            await server.tell("refuse", services=services, status=status)
            wire.cut()
            wire.mend()
            refused = DriverState.REFUSED.value
            await until(lambda: stage.supervisor.statuses()[0].state == refused, within_s=8, what="refusal")
            first = stage.supervisor.statuses()[0]
            assert first.next_try_s is not None
            assert first.next_try_s > 4.5
            attempts = (await server.tell("count"))["attempts"]
            caplog.clear()
            caplog.set_level(logging.WARNING, logger="acquisition.supervisor")
            await asyncio.sleep(4.0)  # whoever tries sooner is caught here
            assert (await server.tell("count"))["attempts"] == attempts
            assert not caplog.records, "told once"
            await server.tell("refuse", services=[], status=0)
            await until(lambda: stage.memory.is_good(0, 1, 2), within_s=8, what="values again")
            assert (await server.tell("count"))["attempts"] == attempts + 1


async def test_f31_a_refused_reading_ends_no_capture_in_silence(server: ServerChild) -> None:
    """F31: values are still published; that waveforms are not read any more is told, and heals by itself."""
    owner = plain_connection(server.port)
    record = {"capture": CaptureSchedule(interval_s=0.1, length=100), "sampling_rate_hz": 1000.0}
    async with Stage([owner], [*scalar_tags(owner, 2), node_tag(7, owner, "array.0", **record)]) as stage:
        blocks = stage.memory.blocks
        await until(lambda: stage.memory.is_good(0, 1) and len(blocks) > 3, within_s=6, what="values")
        await server.tell("refuse", services=["Read"], status=ACCESS_DENIED)
        await until(lambda: stage.memory.is_bad(0, 1), within_s=3, what="told")
        assert stage.supervisor.statuses()[0].parameters["status"] == "BadUserAccessDenied"
        await server.tell("refuse", services=[], status=0)
        mark = len(blocks)
        await until(lambda: len(blocks) > mark + 3, within_s=9, what="captures again")


@pytest.mark.parametrize("fault", [ConfigurationError("denied"), RuntimeError("a defect")])
async def test_whatever_ends_beside_a_subscription_ends_the_subscription(
    server: ServerChild, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    driver = OpcUaDriver(plain_connection(server.port), clock=RealClock())
    await driver.connect()
    monkeypatch.setattr(driver, "_visit", AsyncMock(side_effect=fault))
    with pytest.raises(ControlRoomError, match=str(fault)):
        async for _ in driver.subscribe(scalar_tags(plain_connection(server.port), 1)):
            pass
    await driver.close()
