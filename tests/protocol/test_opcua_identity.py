"""Who we are to a server: modern policies, passwords, a certificate that stands for a user [S-15, S-17]."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from acquisition.certificates import OwnCertificate, application_certificate
from acquisition.drivers.opcua.driver import OpcUaDriver
from acquisition.drivers.opcua.settings import OpcUaSettings
from domain.errors import ConfigurationError
from domain.plant.tags import ConnectionKind
from tests.protocol.opcua_stage import ServerChild, node_tag, server_certificate, trust
from tests.protocol.stage import RealClock, connection
from tests.protocol.test_opcua_faults import launched
from tests.protocol.test_opcua_security import secured

POLICIES = ["Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "Basic256Sha256"]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("device")


@pytest.fixture(scope="module")
def badge(tmp_path_factory: pytest.TempPathFactory) -> OwnCertificate:
    """A certificate that stands for a user, its key behind a password."""
    folder = tmp_path_factory.mktemp("badge")
    own = application_certificate(
        folder, name="mia", application_uri="urn:person:mia", hosts=["ws-1"], now=datetime.now(UTC)
    )
    key = serialization.load_pem_private_key(own.key.read_bytes(), password=None)
    own.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"opensesame"),
        )
    )
    return own


@pytest.fixture(scope="module")
def server(device: Path, badge: OwnCertificate) -> Iterator[ServerChild]:
    own = server_certificate(device)
    yield from launched(
        certificate=str(own.certificate),
        key=str(own.key),
        policies=[f"{name}_SignAndEncrypt" for name in POLICIES] + ["Aes128Sha256RsaOaep_Sign"],
        users={"mia": "quiet-river-42", "certificate": badge.certificate.read_bytes().hex()},
    )


@pytest.fixture
def pki(tmp_path: Path, device: Path) -> Path:
    trust(tmp_path, server_certificate(device))
    return tmp_path


async def value_of(server: ServerChild, pki: Path, **options: object) -> float:
    owner = secured(server, pki, **options)
    driver = OpcUaDriver(owner, clock=RealClock())
    try:
        await driver.connect()
        return float((await driver.read([node_tag(1, owner, "tag.1")])).value[0])
    finally:
        await driver.close()


@pytest.mark.parametrize("policy", POLICIES)
async def test_every_allowed_policy_works_with_user_and_password(
    server: ServerChild, pki: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    monkeypatch.setenv("PLC_PASSWORD", "quiet-river-42")
    assert await value_of(server, pki, security=policy, user="mia", password_variable="PLC_PASSWORD") == 1.0


async def test_a_wrong_password_is_refused_without_being_told(
    server: ServerChild, pki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLC_PASSWORD", "loud-river-43")
    with pytest.raises(ConfigurationError) as caught:
        await value_of(server, pki, user="mia", password_variable="PLC_PASSWORD")
    assert "loud-river-43" not in str(caught.value)


@pytest.mark.parametrize("changes", [{}, {"security": "Aes128Sha256RsaOaep", "mode": "Sign"}])
async def test_a_certificate_stands_for_a_user(
    server: ServerChild,
    pki: Path,
    badge: OwnCertificate,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
) -> None:
    monkeypatch.setenv("BADGE_PASSWORD", "opensesame")
    badge_options = {
        "user_certificate": str(badge.certificate),
        "user_key": str(badge.key),
        "user_key_password_variable": "BADGE_PASSWORD",
    }
    assert await value_of(server, pki, **badge_options, **changes) == 1.0


async def test_a_badge_that_nobody_knows_or_can_read_is_refused(
    server: ServerChild, pki: Path, badge: OwnCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = server_certificate(pki / "stranger", uri="urn:person:nobody")
    known = {"user_certificate": str(stranger.certificate), "user_key": str(stranger.key)}
    with pytest.raises(ConfigurationError):
        await value_of(server, pki, **known)
    monkeypatch.setenv("BADGE_PASSWORD", "wrong")
    locked = {
        "user_certificate": str(badge.certificate),
        "user_key": str(badge.key),
        "user_key_password_variable": "BADGE_PASSWORD",
    }
    with pytest.raises(ConfigurationError) as caught:
        await value_of(server, pki, **locked)
    assert caught.value.key == "user_certificate_unreadable"


@pytest.mark.parametrize(
    "changes",
    [
        {"security": "None", "waiver": True, "user_certificate": "a", "user_key": "b"},
        {"user_certificate": "a"},
        {"user_certificate": "a", "user_key": "b", "user_key_password_variable": "JIDOKA_NOT_SET"},
        {"user_certificate": "a", "user_key": "b", "user": "mia", "password_variable": "PATH"},
    ],
)
def test_half_an_identity_is_refused_before_anything_is_sent(changes: dict[str, object]) -> None:
    options = {"endpoint": "opc.tcp://x:1/", "pki": "p"} | changes
    with pytest.raises(ConfigurationError, match="option"):
        OpcUaSettings.of(connection(ConnectionKind.OPCUA, **options))
