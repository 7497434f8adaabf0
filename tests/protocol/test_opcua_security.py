"""F25 and F29 on real sessions: fail closed, no session before trust, nothing less than asked."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.certificates import CertificateRefused
from acquisition.driver import DriverState
from acquisition.drivers.opcua.driver import OpcUaDriver
from domain.errors import ConfigurationError
from domain.plant.tags import Connection, ConnectionKind
from tests.protocol.opcua_stage import ServerChild, node_tag, server_certificate, trust
from tests.protocol.stage import RealClock, Stage, connection, until


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("device")


@pytest.fixture(scope="module")
def secure_server(device: Path) -> Iterator[ServerChild]:
    own = server_certificate(device)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = ServerChild(port, certificate=str(own.certificate), key=str(own.key))
    child.launch()
    yield child
    child.kill()


def secured(server: ServerChild, pki: Path, **options: object) -> Connection:
    endpoint = f"opc.tcp://127.0.0.1:{server.port}/"
    return connection(ConnectionKind.OPCUA, endpoint=endpoint, pki=str(pki), **options)


async def test_f25_an_unknown_server_is_refused_until_a_person_trusts_it(
    secure_server: ServerChild, device: Path, tmp_path: Path
) -> None:
    owner = secured(secure_server, tmp_path)
    async with Stage([owner], [node_tag(0, owner, "tag.0")]) as stage:
        refused = DriverState.REFUSED.value
        await until(lambda: stage.supervisor.statuses()[0].state == refused, within_s=5, what="refusal")
        status = stage.supervisor.statuses()[0]
        assert status.message_key == "certificate_no_trust"
        assert "rejected to trusted" in status.detail
        assert (await secure_server.tell("count"))["sessions"] == 0
        trust(tmp_path, server_certificate(device))
        await until(lambda: stage.memory.is_good(0), within_s=9, what="value after trust")
        assert (await secure_server.tell("count"))["sessions"] == 1
    for _ in range(50):
        if (await secure_server.tell("count"))["sessions"] == 0:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the session was left open")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"server_uri": "urn:another:server"}, "certificate_uri"),
        ({"certificate_host": "another-host"}, "certificate_host"),
    ],
)
async def test_f25_a_server_that_is_not_the_expected_one_is_refused(
    secure_server: ServerChild, device: Path, tmp_path: Path, options: dict[str, str], key: str
) -> None:
    trust(tmp_path, server_certificate(device))
    driver = OpcUaDriver(secured(secure_server, tmp_path, **options), clock=RealClock())
    with pytest.raises(CertificateRefused) as caught:
        await driver.connect()
    assert caught.value.key == key
    await driver.close()


async def test_f29_a_server_without_signatures_is_refused_without_a_waiver(
    free_port: int, tmp_path: Path
) -> None:
    """S-15: no silent downgrade; with a waiver the connection carries a permanent mark."""
    async with ServerChild(free_port) as server:
        driver = OpcUaDriver(secured(server, tmp_path), clock=RealClock())
        with pytest.raises(ConfigurationError, match="not used with less"):
            await driver.connect()
        await driver.close()
        owner = secured(server, tmp_path, security="None", waiver=True)
        async with Stage([owner], [node_tag(0, owner, "tag.0")]) as stage:
            await until(lambda: stage.memory.is_good(0), within_s=5, what="value")
            assert stage.supervisor.statuses()[0].message_key == "connection_unsigned"
