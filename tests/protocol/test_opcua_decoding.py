"""The hook in front of the library's decoder: in use, equal in outcome, and given up when it does not fit."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.client.ua_session import UaSession

from acquisition.drivers.opcua import library
from acquisition.drivers.opcua.wire import Published, decode_publish
from domain.plant.tags import TagDtype
from tests.protocol.opcua_stage import ServerChild, node_tag, plain_connection, scalar_tags
from tests.protocol.stage import Stage, until
from tests.protocol.test_opcua_faults import launched


@pytest.fixture(scope="module")
def server() -> Iterator[ServerChild]:
    yield from launched(tags=6, arrays=1)


async def test_the_library_still_lets_us_take_the_bytes(
    server: ServerChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails when the internals that the hook leans on have moved: then values only take the slow path."""
    assert asyncio.iscoroutinefunction(UaSession.publish)
    assert asyncio.iscoroutinefunction(UASocketProtocol.send_request)
    assert "publish" in UaSession._publish_loop.__code__.co_names
    assert isinstance(UaClient("opc.tcp://127.0.0.1:1/").session, UaSession)
    told: list[Published | None] = []

    def remembered(body: bytes) -> Published | None:
        told.append(decode_publish(body))
        return told[-1]

    monkeypatch.setattr(library, "decode_publish", remembered)
    owner = plain_connection(server.port)
    async with Stage([owner], scalar_tags(owner, 3)) as stage:
        await until(lambda: stage.memory.is_good(0, 1, 2), within_s=6, what="first values")
        await until(lambda: len(told) > 5, within_s=4, what="more notifications")
    assert None not in told, "a server's plain notifications are all read by us"
    assert sum(len(part) for each in told if each for part in each.parts) > 3


@pytest.mark.parametrize("is_ours", [True, False])
async def test_both_decoders_bring_the_same_rows(
    server: ServerChild, monkeypatch: pytest.MonkeyPatch, *, is_ours: bool
) -> None:
    if not is_ours:
        monkeypatch.setattr(library, "decode_publish", lambda body: None)
    owner = plain_connection(server.port)
    tags = [*scalar_tags(owner, 4), node_tag(4, owner, "tag.4", dtype=TagDtype.TEXT)]
    async with Stage([owner], tags) as stage:
        await until(lambda: len(stage.memory.latest()) == 5, within_s=6, what="first values")
        await server.tell("write", name="tag.1", value=7, kind="Int16")
        await server.tell("write", name="tag.2", value="no number", kind="String")
        await server.tell("write", name="tag.3", value=2.5, status=0x40000000)
        await server.tell("write", name="tag.4", value="Charge 7 \u00fc", kind="String")

        def seen() -> dict[int, tuple[str, int]]:
            return {
                key: (repr(each.value), each.quality.code)
                for key, each in stage.memory.latest().items()
                if key
            }

        expected = {1: ("7.0", 0), 2: ("nan", 22), 3: ("2.5", 25), 4: ("nan", 0)}
        await until(lambda: seen() == expected, within_s=4, what=seen)
        texts = [
            str(batch.text[row])
            for _, batch in stage.memory.batches
            if batch.text is not None
            for row in range(len(batch))
            if batch.tag_key[row] == 4
        ]
        assert texts[-1] == "Charge 7 \u00fc"


def test_a_library_that_has_changed_inside_is_used_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    moved = SimpleNamespace(uaclient=SimpleNamespace(session=SimpleNamespace(publish=print)))
    library.take_raw_responses(moved, "opc.tcp://device", lambda reason: None)
    assert moved.uaclient.session.publish is print
    assert "slow path" in caplog.text
