"""How one MQTT broker is to be reached, checked before anything is sent."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acquisition.drivers.options import Options
from domain.plant.tags import Connection

VERSIONS: Final = ("3.1.1", "5")
_LONGEST_EXPIRY_S: Final = 30 * 86_400


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Checked options of a connection.

    ``ca`` None means the certificates that the system trusts; ``certificate`` and ``key`` are ours.
    ``password`` never stands in the set-up: the option names an environment variable. ``session_expiry_s``
    says for how long the broker keeps values while we are away, 0 for not at all; version 3.1.1 only knows
    whether. After ``silent_after_s`` a plain topic that does not say otherwise is stale, 0 for never.
    ``kept_client_id`` names the session in which it does, the same at every start.
    """

    host: str
    port: int
    version: str
    is_encrypted: bool
    ca: Path | None
    certificate: Path | None
    key: Path | None
    user: str
    password: str
    client_id: str
    kept_client_id: str
    session_expiry_s: int
    silent_after_s: float
    keep_alive_s: int
    capacity: int
    most_payload_bytes: int
    read_wait_s: float
    browse_filter: str
    is_writing_released: bool

    @classmethod
    def of(cls, connection: Connection) -> "MqttSettings":
        """Return the settings of a connection; ConfigurationError names the wrong option."""
        options = Options(connection)
        is_encrypted = options.flag("tls")
        client_id = options.text("client_id", default="")
        version = options.choice("version", VERSIONS, default="3.1.1")
        user, password = _credentials(options, is_encrypted=is_encrypted)
        certificate, key = _file(options, "certificate"), _file(options, "key")
        if (certificate is None) != (key is None):
            raise options.wrong("key", "and 'certificate' belong together")
        return cls(
            host=options.text("host"),
            port=options.integer("port", default=8883 if is_encrypted else 1883, low=1, high=65535),
            version=version,
            is_encrypted=is_encrypted,
            ca=_file(options, "ca"),
            certificate=certificate,
            key=key,
            user=user,
            password=password,
            client_id=client_id or f"jidoka-{secrets.token_hex(6)}",
            kept_client_id=f"{client_id or 'jidoka'}-{connection.id.hex[-16:]}",
            session_expiry_s=options.integer("session_expiry_s", default=0, low=0, high=_LONGEST_EXPIRY_S),
            silent_after_s=options.number("silent_after_s", default=0.0, low=0.0, high=1e7),
            keep_alive_s=options.integer("keep_alive_s", default=2, low=1, high=5),
            capacity=options.integer("capacity", default=20_000, low=10, high=10_000_000),
            most_payload_bytes=options.integer(
                "most_payload_bytes", default=4_000_000, low=1000, high=250_000_000
            ),
            read_wait_s=options.number("read_wait_s", default=2.0, low=0.1, high=30.0),
            browse_filter=_filter(options),
            is_writing_released=options.flag("writing_released"),
        )

    @property
    def place(self) -> str:
        """What the operator knows the broker by."""
        return f"MQTT broker {self.host}:{self.port}"


def _credentials(options: Options, *, is_encrypted: bool) -> tuple[str, str]:
    user = options.text("user", default="")
    if not user:
        return "", ""
    if not is_encrypted and not options.flag("waiver"):
        raise options.wrong("user", "without tls needs an explicit waiver: the password would be readable")
    return user, options.secret("password_variable")


def _file(options: Options, name: str) -> Path | None:
    text = options.text(name, default="")
    if not text:
        return None
    if not Path(text).is_file():
        raise options.wrong(name, f"names '{text}', which is no file")
    return Path(text)


def _filter(options: Options) -> str:
    """Return the topics to look around in; a wrong one would end the link of all others."""
    text = options.text("browse_filter", default="#")
    levels = text.split("/")
    has_odd_level = any(len(level) > 1 and set(level) & set("+#") for level in levels)
    if has_odd_level or "#" in levels[:-1] or "\0" in text or len(text.encode()) > 65_535:
        raise options.wrong("browse_filter", f"takes + for a level and # for the last one, got '{text}'")
    return text
