"""Modbus/TCP Security: who is believed, who is refused, and that nothing ever goes on in plain (S-18)."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.driver import DriverState
from acquisition.drivers.modbus.driver import ModbusDriver
from domain.errors import AcquisitionError, ConfigurationError, ConnectionLost
from domain.plant.tags import Connection
from tests.protocol.fault_server import FaultServer
from tests.protocol.stage import RealClock, Stage, tag, until
from tests.protocol.tls_stage import Authority


async def asked(owner: Connection) -> None:
    """Connect and read: TLS 1.3 tells a client only with the first answer that it is refused."""
    driver = ModbusDriver(owner, clock=RealClock())
    try:
        await driver.connect()
        await driver.read([tag(1, owner, {"offset": 1})])
    finally:
        await driver.close()


async def refusal(owner: Connection) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        await asked(owner)
    return caught.value


@contextlib.contextmanager
def answering_with_alerts(context: ssl.SSLContext) -> Iterator[int]:
    """Accept one client as embedded devices do, telling why it is refused; asyncio servers only hang up."""

    def accept() -> None:
        client, _ = listener.accept()
        with client, contextlib.suppress(ssl.SSLError, ConnectionError):
            context.wrap_socket(client, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_s18_values_come_over_mutual_tls(tmp_path: Path, version: ssl.TLSVersion) -> None:
    plant = Authority(tmp_path, "plant")
    context = plant.server_context()
    context.maximum_version = version
    async with FaultServer(0, tls=context) as server:
        owner = plant.connection(server.port)
        async with Stage([owner], [tag(1, owner, {"offset": 1})]) as stage:
            await until(lambda: stage.memory.is_good(1), within_s=4, what="a value")
            assert stage.memory.latest()[1].value == 1001


async def test_s18_a_device_of_another_authority_is_refused(tmp_path: Path) -> None:
    plant, stranger = Authority(tmp_path, "plant"), Authority(tmp_path, "stranger")
    async with FaultServer(0, tls=stranger.server_context()) as server:
        problem = await refusal(plant.connection(server.port))
        assert problem.key == "certificate_unknown"
        assert not server.requests


@pytest.mark.parametrize(
    ("days", "host", "key"),
    [(-1, "127.0.0.1", "certificate_expired"), (30, "127.0.0.9", "certificate_host")],
)
async def test_s18_an_expired_certificate_or_one_of_another_host_is_refused(
    tmp_path: Path, days: int, host: str, key: str
) -> None:
    plant = Authority(tmp_path, "plant")
    async with FaultServer(0, tls=plant.server_context(days=days, host=host)) as server:
        assert (await refusal(plant.connection(server.port))).key == key
        assert not server.requests


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_s18_a_device_that_refuses_our_certificate_is_a_matter_of_set_up(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    plant, stranger = Authority(tmp_path, "plant"), Authority(tmp_path, "stranger")
    context = plant.server_context()
    context.maximum_version = version
    with answering_with_alerts(context) as port:
        foreign = stranger.connection(port, authority=str(plant.path))
        assert (await refusal(foreign)).key == "certificate_own_refused"


async def test_s18_a_device_without_tls_is_never_read_in_plain(tmp_path: Path) -> None:
    plant = Authority(tmp_path, "plant")
    async with FaultServer(0) as server:
        with pytest.raises(AcquisitionError):
            await asked(plant.connection(server.port, timeout_s=0.3))
        assert not server.requests


@pytest.mark.filterwarnings("ignore:.*TLSv1:DeprecationWarning")
async def test_s18_tls_below_1_2_is_refused(tmp_path: Path) -> None:
    plant = Authority(tmp_path, "plant")
    context = plant.server_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with (
        answering_with_alerts(context) as port,
        pytest.raises(ConnectionLost, match="secured link failed"),
    ):
        await asked(plant.connection(port))


async def test_s18_a_device_that_hangs_up_in_the_handshake_is_told_from_an_unreachable_one(
    tmp_path: Path,
) -> None:
    plant, stranger = Authority(tmp_path, "plant"), Authority(tmp_path, "stranger")
    context = plant.server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with FaultServer(0, tls=context) as server:
        with pytest.raises(ConnectionLost, match="secured handshake"):
            await asked(stranger.connection(server.port, authority=str(plant.path)))
        assert not server.requests


async def test_a_refused_certificate_is_the_connections_state(tmp_path: Path) -> None:
    plant, stranger = Authority(tmp_path, "plant"), Authority(tmp_path, "stranger")
    async with FaultServer(0, tls=stranger.server_context()) as server:
        owner = plant.connection(server.port)
        async with Stage([owner], [tag(1, owner, {"offset": 1})]) as stage:
            state = DriverState.REFUSED.value
            await until(lambda: stage.supervisor.statuses()[0].state == state, within_s=4, what="refused")
            await until(lambda: stage.memory.is_bad(1), within_s=2, what="bad")


@pytest.mark.parametrize("missing", ["authority", "certificate", "key"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    owner = Authority(tmp_path, "plant").connection(802, **{missing: str(tmp_path / "nowhere.pem")})
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem"):
        ModbusDriver(owner, clock=RealClock())
