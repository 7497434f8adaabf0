"""What a person is asked to reach a device, as plain data: one form per kind of link [SET-1].

The screens word the fields. ``read_form`` turns what was typed into the options of a ``Connection`` and names
every field that is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from domain.plant.tags import Connection, ConnectionKind


class FieldKind(Enum):
    """What may be typed."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    CHOICE = "choice"
    FLAG = "flag"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option of a driver. ``default`` is what stands in a fresh form; a flag that is on reads "yes".

    ``needs`` names a flag or text field, or a choice ("security=None"), without which the field is not asked
    for. ``is_expert`` fields stand behind "more".
    """

    name: str
    kind: FieldKind = FieldKind.TEXT
    default: str = ""
    is_required: bool = False
    low: float = 0.0
    high: float = 1e12
    choices: tuple[str, ...] = ()
    unit: str = ""
    needs: str = ""
    is_expert: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """A form as filled in: the options, and the complaint of each field that is wrong (by name)."""

    options: Mapping[str, object]
    problems: Mapping[str, str]


MISSING: Final = "field_missing"
NOT_WHOLE: Final = "field_not_whole"
NOT_NUMBER: Final = "field_not_number"
OUT_OF_RANGE: Final = "field_out_of_range"
NO_ENDPOINT: Final = "field_no_endpoint"
NO_PATH: Final = "field_no_path"
NO_WAIVER: Final = "field_no_waiver"
NEEDS_ENCRYPTION: Final = "field_needs_encryption"

_HOST: Final = OptionField("host", is_required=True)
_TIMEOUT: Final = OptionField(
    "timeout_s", FieldKind.NUMBER, "0.8", low=0.05, high=5.0, unit="s", is_expert=True
)
_UNIT: Final = OptionField("unit", FieldKind.WHOLE, "1", high=255)
_GAP: Final = OptionField("max_gap", FieldKind.WHOLE, "8", high=124, is_expert=True)
_USER: Final = OptionField("user", is_expert=True)
_PASSWORD: Final = OptionField("password_variable", needs="user", is_expert=True)


def _port(default: int) -> OptionField:
    return OptionField("port", FieldKind.WHOLE, str(default), low=1, high=65535)


LINK_FORMS: Final[Mapping[ConnectionKind, tuple[OptionField, ...]]] = MappingProxyType(
    {
        ConnectionKind.MODBUS_TCP: (_HOST, _port(502), _UNIT, _TIMEOUT, _GAP),
        ConnectionKind.OPCUA: (
            OptionField("endpoint", default="opc.tcp://", is_required=True),
            OptionField(
                "security", FieldKind.CHOICE, "Basic256Sha256",
                choices=("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "None"),
            ),
            OptionField("waiver", FieldKind.FLAG, needs="security=None"),
            OptionField(
                "mode", FieldKind.CHOICE, "SignAndEncrypt", choices=("SignAndEncrypt", "Sign"), is_expert=True
            ),
            _USER,
            _PASSWORD,
            OptionField("user_certificate", FieldKind.FILE, is_expert=True),
            OptionField(
                "user_key", FieldKind.FILE, needs="user_certificate", is_required=True, is_expert=True
            ),
        ),
        ConnectionKind.MQTT: (
            _HOST,
            OptionField("tls", FieldKind.FLAG, "yes"),
            OptionField("port", FieldKind.WHOLE, low=1, high=65535),
            OptionField("ca", FieldKind.FILE, needs="tls"),
            OptionField("silent_after_s", FieldKind.NUMBER, "0", high=1e7, unit="s"),
            OptionField("version", FieldKind.CHOICE, "3.1.1", choices=("3.1.1", "5"), is_expert=True),
            _USER,
            _PASSWORD,
            OptionField("browse_filter", default="#", is_expert=True),
            OptionField(
                "session_expiry_s", FieldKind.WHOLE, "0", high=30 * 86_400, unit="s", is_expert=True
            ),
        ),
        ConnectionKind.FILES: (
            OptionField("path", FieldKind.FOLDER, is_required=True),
            OptionField("after", FieldKind.CHOICE, "move", choices=("move", "leave")),
            OptionField("zone", default="UTC"),
            OptionField("poll_s", FieldKind.NUMBER, "2", low=0.05, high=3600, unit="s", is_expert=True),
        ),
        ConnectionKind.MODBUS_SERIAL: (
            OptionField("port", is_required=True),
            _UNIT,
            OptionField("baud_rate", FieldKind.WHOLE, "19200", low=300, high=4_000_000, unit="bit/s"),
            OptionField("parity", FieldKind.CHOICE, "even", choices=("even", "odd", "none")),
            OptionField("stop_bits", FieldKind.WHOLE, "1", low=1, high=2),
            OptionField("data_bits", FieldKind.WHOLE, "8", low=7, high=8, is_expert=True),
            _TIMEOUT,
            _GAP,
        ),
        ConnectionKind.MODBUS_RTU_TCP: (_HOST, _port(502), _UNIT, _TIMEOUT, _GAP),
        ConnectionKind.MODBUS_TLS: (
            _HOST,
            _port(802),
            _UNIT,
            OptionField("authority", FieldKind.FILE, is_required=True),
            OptionField("certificate", FieldKind.FILE, is_required=True),
            OptionField("key", FieldKind.FILE, is_required=True),
            OptionField("server_name", is_expert=True),
            _TIMEOUT,
            _GAP,
        ),
    }
)  # fmt: skip
"""Forms by kind, the common ones first. A replay is started by its command, not set up here."""


def is_asked(field: OptionField, typed: Mapping[str, str]) -> bool:
    """Say whether a field stands in the form, by what is typed in the field it needs."""
    name, is_choice, wanted = field.needs.partition("=")
    if not name:
        return True
    present = typed.get(name, "").strip()
    return present == wanted if is_choice else bool(present)


def defaults_of(kind: ConnectionKind) -> dict[str, str]:
    """Return what stands in a fresh form."""
    return {field.name: field.default for field in LINK_FORMS[kind]}


def typed_of(connection: Connection) -> dict[str, str]:
    """Return the options of a connection as they stand in its form."""
    return {field.name: _typed(field, connection.options) for field in LINK_FORMS[connection.kind]}


def _typed(field: OptionField, options: Mapping[str, object]) -> str:
    if field.kind is FieldKind.FLAG:
        return "yes" if options.get(field.name) else ""
    return str(options.get(field.name, field.default))


def read_form(kind: ConnectionKind, typed: Mapping[str, str]) -> Answers:
    """Return the options that were meant, and what is wrong; empty optional fields are left out."""
    options: dict[str, object] = {}
    problems: dict[str, str] = {}
    for field in LINK_FORMS[kind]:
        text = typed.get(field.name, "").strip()
        if not is_asked(field, typed):
            continue
        if not text:
            if field.is_required:
                problems[field.name] = MISSING
            continue
        try:
            options[field.name] = _value(field, text)
        except ValueError as complaint:
            problems[field.name] = str(complaint)
    return Answers(options, problems | _problems_together(kind, typed))


def with_options(connection: Connection, options: Mapping[str, object]) -> dict[str, object]:
    """Return new options beside those that the form does not ask for, which stay as they were."""
    asked = {field.name for field in LINK_FORMS[connection.kind]}
    kept = {name: value for name, value in connection.options.items() if name not in asked}
    return kept | dict(options)


def _value(field: OptionField, text: str) -> object:
    if field.kind is FieldKind.FLAG:
        return True
    if field.kind in (FieldKind.WHOLE, FieldKind.NUMBER):
        return _number(field, text)
    if field.name == "endpoint" and (not text.startswith("opc.tcp://") or len(text) < 11):
        raise ValueError(NO_ENDPOINT)
    if field.kind in (FieldKind.FILE, FieldKind.FOLDER) and not PurePath(text).is_absolute():
        raise ValueError(NO_PATH)
    return text


def _number(field: OptionField, text: str) -> float | int:
    """Return the number; both decimal signs and the field's own unit may be typed."""
    is_whole = field.kind is FieldKind.WHOLE
    plain = text.removesuffix(field.unit).strip() if field.unit else text
    try:
        number = int(plain) if is_whole else float(plain.replace(",", "."))
    except ValueError:
        raise ValueError(NOT_WHOLE if is_whole else NOT_NUMBER) from None
    if not field.low <= number <= field.high:
        raise ValueError(OUT_OF_RANGE)
    return number


def _problems_together(kind: ConnectionKind, typed: Mapping[str, str]) -> dict[str, str]:
    """Find what is wrong only together with another field."""
    problems = {}
    is_open = typed.get("security") == "None"
    if kind is ConnectionKind.OPCUA and is_open and not typed.get("waiver"):
        problems["waiver"] = NO_WAIVER
    if typed.get("user", "").strip():
        is_plain = kind is ConnectionKind.MQTT and not typed.get("tls")
        if is_plain or (kind is ConnectionKind.OPCUA and (is_open or typed.get("mode") == "Sign")):
            problems["user"] = NEEDS_ENCRYPTION
        if not typed.get("password_variable", "").strip():
            problems["password_variable"] = MISSING
    return problems


def place_of(connection: Connection) -> str:
    """Return where a device is, as people say it: host:port, endpoint, serial port or folder."""
    options = connection.options
    for name in ("endpoint", "path"):
        if name in options:
            return str(options[name])
    if "host" not in options:
        return str(options.get("port") or options.get("adapter") or "")
    port = options.get("port") or _usual_port(connection)
    return f"{options['host']}:{port}" if port else str(options["host"])


def _usual_port(connection: Connection) -> str:
    if connection.kind is ConnectionKind.MQTT:
        return "8883" if connection.options.get("tls") else "1883"
    return next((each.default for each in LINK_FORMS.get(connection.kind, ()) if each.name == "port"), "")
