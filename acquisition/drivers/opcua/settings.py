"""How one OPC UA server is to be reached, checked before anything is sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlparse

from acquisition.drivers.options import Options
from domain.plant.tags import Connection

POLICIES: Final = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "None")
MODES: Final = ("SignAndEncrypt", "Sign")


@dataclass(frozen=True, slots=True)
class OpcUaSettings:
    """Checked options of a connection.

    ``pki`` is None only with security "None", which needs an explicit waiver. ``server_uri`` is empty when
    the endpoint's own statement is to be believed. Passwords never stand in the set-up: the options name
    environment variables. ``user_certificate`` with its key stands for a user where a name and a password do
    not.
    """

    endpoint: str
    security: str
    mode: str
    pki: Path | None
    server_uri: str
    certificate_host: str
    user: str
    password: str
    user_certificate: Path | None
    user_key: Path | None
    user_key_password: str
    publishing_interval_ms: float
    keep_alive_s: float
    heartbeat_timeout_s: float
    is_writing_released: bool

    @classmethod
    def of(cls, connection: Connection) -> "OpcUaSettings":
        """Return the settings of a connection; ConfigurationError names the wrong option."""
        options = Options(connection)
        endpoint = options.text("endpoint")
        security = options.choice("security", POLICIES, default="Basic256Sha256")
        mode = options.choice("mode", MODES, default="SignAndEncrypt")
        is_open = security == "None"
        if is_open and not options.flag("waiver"):
            raise options.wrong("security", "None needs an explicit waiver: nothing would be signed")
        user, password = _credentials(options, is_encrypted=not is_open and mode == "SignAndEncrypt")
        certificate, key, key_password = _user_certificate(options, is_signed=not is_open)
        if user and certificate is not None:
            raise options.wrong("user_certificate", "stands for the user already; take 'user' away or this")
        return cls(
            endpoint=endpoint,
            security=security,
            mode=mode,
            pki=None if is_open else Path(options.text("pki")),
            server_uri=options.text("server_uri", default=""),
            certificate_host=options.text("certificate_host", default=urlparse(endpoint).hostname or ""),
            user=user,
            password=password,
            user_certificate=certificate,
            user_key=key,
            user_key_password=key_password,
            publishing_interval_ms=options.number("publishing_interval_ms", default=200, low=10, high=5000),
            keep_alive_s=options.number("keep_alive_s", default=2, low=0.5, high=5),
            heartbeat_timeout_s=options.number("heartbeat_timeout_s", default=3, low=1.5, high=60),
            is_writing_released=options.flag("writing_released"),
        )


def _credentials(options: Options, *, is_encrypted: bool) -> tuple[str, str]:
    user = options.text("user", default="")
    if not user:
        return "", ""
    if not is_encrypted:
        raise options.wrong("user", "is sent over encrypted endpoints only")
    return user, options.secret("password_variable")


def _user_certificate(options: Options, *, is_signed: bool) -> tuple[Path | None, Path | None, str]:
    certificate = options.text("user_certificate", default="")
    if not certificate:
        return None, None, ""
    if not is_signed:
        raise options.wrong("user_certificate", "is shown to signed endpoints only")
    named = options.text("user_key_password_variable", default="")
    password = options.secret("user_key_password_variable") if named else ""
    return Path(certificate), Path(options.text("user_key")), password
