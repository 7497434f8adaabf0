"""Words of the connections tab: kinds of links, their fields, choices, complaints and acts."""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.plant.tags import ConnectionKind
from ui.formatting import unit_symbol
from ui.text import QT_TRANSLATE_NOOP, plain, tr

KINDS: Final[Mapping[ConnectionKind, tuple[str, str]]] = {
    ConnectionKind.MODBUS_TCP: (
        QT_TRANSLATE_NOOP("Link", "Modbus TCP"),
        QT_TRANSLATE_NOOP("Link", "PLCs, drives, meters and gateways with a network socket."),
    ),
    ConnectionKind.OPCUA: (
        QT_TRANSLATE_NOOP("Link", "OPC UA"),
        QT_TRANSLATE_NOOP("Link", "Modern PLCs and machine controls. They tell what they offer."),
    ),
    ConnectionKind.MQTT: (
        QT_TRANSLATE_NOOP("Link", "MQTT"),
        QT_TRANSLATE_NOOP(
            "Link", "Gateways and wireless sensors that publish to a broker, also Sparkplug B."
        ),
    ),
    ConnectionKind.FILES: (
        QT_TRANSLATE_NOOP("Link", "Files in a folder"),
        QT_TRANSLATE_NOOP("Link", "Portable instruments that leave CSV, WAV, UFF or NPZ files."),
    ),
    ConnectionKind.MODBUS_SERIAL: (
        QT_TRANSLATE_NOOP("Link", "Modbus serial (RTU)"),
        QT_TRANSLATE_NOOP("Link", "Devices on an RS-485 or RS-232 line of this computer."),
    ),
    ConnectionKind.MODBUS_RTU_TCP: (
        QT_TRANSLATE_NOOP("Link", "Modbus RTU over TCP"),
        QT_TRANSLATE_NOOP("Link", "Serial devices behind a server that passes RTU frames through."),
    ),
    ConnectionKind.MODBUS_TLS: (
        QT_TRANSLATE_NOOP("Link", "Modbus secured (TLS)"),
        QT_TRANSLATE_NOOP("Link", "Devices that speak Modbus/TCP Security with certificates."),
    ),
    ConnectionKind.REPLAY: (QT_TRANSLATE_NOOP("Link", "Replay"), ""),
}

_SERIAL, _TLS, _MQTT = ConnectionKind.MODBUS_SERIAL, ConnectionKind.MODBUS_TLS, ConnectionKind.MQTT
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "host": (
        QT_TRANSLATE_NOOP("Link", "Address"),
        QT_TRANSLATE_NOOP("Link", "Name or IP address, such as 192.168.0.20"),
    ),
    "port": (
        QT_TRANSLATE_NOOP("Link", "Port"),
        QT_TRANSLATE_NOOP("Link", "As the manual of the device says"),
    ),
    "unit": (
        QT_TRANSLATE_NOOP("Link", "Unit"),
        QT_TRANSLATE_NOOP("Link", "Number of the device behind this address, 0 to 255"),
    ),
    "timeout_s": (
        QT_TRANSLATE_NOOP("Link", "Wait for an answer"),
        QT_TRANSLATE_NOOP("Link", "Longer only for slow devices or radio"),
    ),
    "max_gap": (
        QT_TRANSLATE_NOOP("Link", "Bridge gaps up to"),
        QT_TRANSLATE_NOOP("Link", "Unused registers read along to save requests; 0 where the device refuses"),
    ),
    "endpoint": (
        QT_TRANSLATE_NOOP("Link", "Endpoint"),
        QT_TRANSLATE_NOOP("Link", "Such as opc.tcp://192.168.0.30:4840"),
    ),
    "security": (
        QT_TRANSLATE_NOOP("Link", "Security"),
        QT_TRANSLATE_NOOP("Link", "As set up in the server"),
    ),
    "waiver": (
        QT_TRANSLATE_NOOP("Link", "I accept that nothing is signed"),
        QT_TRANSLATE_NOOP("Link", "Anybody on the network could change the values; the link stays marked"),
    ),
    "mode": (QT_TRANSLATE_NOOP("Link", "Protection"), ""),
    "user": (
        QT_TRANSLATE_NOOP("Link", "User"),
        QT_TRANSLATE_NOOP("Link", "Empty for none; only over encrypted links"),
    ),
    "password_variable": (
        QT_TRANSLATE_NOOP("Link", "Password stands in"),
        QT_TRANSLATE_NOOP("Link", "Environment variable of the collector, never the word itself"),
    ),
    "user_certificate": (
        QT_TRANSLATE_NOOP("Link", "User certificate"),
        QT_TRANSLATE_NOOP("Link", "File that stands for the user, instead of a password"),
    ),
    "user_key": (QT_TRANSLATE_NOOP("Link", "Key of the user certificate"), ""),
    "tls": (
        QT_TRANSLATE_NOOP("Link", "Encrypt (TLS)"),
        QT_TRANSLATE_NOOP("Link", "Off only inside a closed network"),
    ),
    "ca": (
        QT_TRANSLATE_NOOP("Link", "Authority"),
        QT_TRANSLATE_NOOP("Link", "PEM file; empty for those that this computer trusts"),
    ),
    "silent_after_s": (
        QT_TRANSLATE_NOOP("Link", "Values are stale after a silence of"),
        QT_TRANSLATE_NOOP(
            "Link", "Three times what the slowest sensor takes; 0 where topics tell changes only"
        ),
    ),
    "session_expiry_s": (
        QT_TRANSLATE_NOOP("Link", "Broker keeps values while we are away for"),
        QT_TRANSLATE_NOOP("Link", "Only values whose payload tells their time; 0 for not at all"),
    ),
    "version": (QT_TRANSLATE_NOOP("Link", "Version"), ""),
    "browse_filter": (
        QT_TRANSLATE_NOOP("Link", "Topics to look at"),
        QT_TRANSLATE_NOOP("Link", "Narrows what step 2 lists, such as plant/#"),
    ),
    "path": (
        QT_TRANSLATE_NOOP("Link", "Folder"),
        QT_TRANSLATE_NOOP("Link", "Where files arrive; the collector must see it too"),
    ),
    "after": (QT_TRANSLATE_NOOP("Link", "Files that were read"), ""),
    "zone": (
        QT_TRANSLATE_NOOP("Link", "Time zone of dates"),
        QT_TRANSLATE_NOOP("Link", "For files that do not say, such as Europe/Berlin"),
    ),
    "poll_s": (QT_TRANSLATE_NOOP("Link", "Look every"), ""),
    "baud_rate": (QT_TRANSLATE_NOOP("Link", "Speed"), ""),
    "parity": (QT_TRANSLATE_NOOP("Link", "Parity"), ""),
    "stop_bits": (QT_TRANSLATE_NOOP("Link", "Stop bits"), ""),
    "data_bits": (QT_TRANSLATE_NOOP("Link", "Data bits"), ""),
    "authority": (
        QT_TRANSLATE_NOOP("Link", "Authority"),
        QT_TRANSLATE_NOOP("Link", "PEM file of who certifies the devices"),
    ),
    "certificate": (
        QT_TRANSLATE_NOOP("Link", "Own certificate"),
        QT_TRANSLATE_NOOP("Link", "PEM file that the device accepts"),
    ),
    "key": (QT_TRANSLATE_NOOP("Link", "Own key"), QT_TRANSLATE_NOOP("Link", "PEM file, not encrypted")),
    "server_name": (
        QT_TRANSLATE_NOOP("Link", "Name in the certificate"),
        QT_TRANSLATE_NOOP("Link", "Empty when it is the address"),
    ),
}
_OWN_FIELDS: Final[Mapping[tuple[ConnectionKind, str], tuple[str, str]]] = {
    (_SERIAL, "port"): (
        QT_TRANSLATE_NOOP("Link", "Serial port"),
        QT_TRANSLATE_NOOP("Link", "Such as COM3 or /dev/ttyUSB0"),
    ),
    (_MQTT, "host"): (
        QT_TRANSLATE_NOOP("Link", "Broker"),
        QT_TRANSLATE_NOOP("Link", "Name or IP address of the broker"),
    ),
    (_MQTT, "port"): (
        QT_TRANSLATE_NOOP("Link", "Port"),
        QT_TRANSLATE_NOOP("Link", "Empty for the usual one: 8883, without encryption 1883"),
    ),
}
_CHOICES: Final[Mapping[str, str]] = {
    "None": QT_TRANSLATE_NOOP("Link", "None (unsigned)"),
    "SignAndEncrypt": QT_TRANSLATE_NOOP("Link", "Sign and encrypt"),
    "Sign": QT_TRANSLATE_NOOP("Link", "Sign only"),
    "Aes128Sha256RsaOaep": "Aes128-Sha256-RsaOaep",
    "Aes256Sha256RsaPss": "Aes256-Sha256-RsaPss",
    "move": QT_TRANSLATE_NOOP("Link", "Move them into 'taken'"),
    "leave": QT_TRANSLATE_NOOP("Link", "Leave them where they are"),
    "even": QT_TRANSLATE_NOOP("Link", "Even"),
    "odd": QT_TRANSLATE_NOOP("Link", "Odd"),
    "none": QT_TRANSLATE_NOOP("Link", "None"),
}
_TYPES: Final[Mapping[str, str]] = {
    "number": QT_TRANSLATE_NOOP("Link", "number"),
    "text": QT_TRANSLATE_NOOP("Link", "text"),
    "str": QT_TRANSLATE_NOOP("Link", "text"),
    "bool": QT_TRANSLATE_NOOP("Link", "yes or no"),
    "list": QT_TRANSLATE_NOOP("Link", "samples"),
    "table": QT_TRANSLATE_NOOP("Link", "column"),
    "waveform": QT_TRANSLATE_NOOP("Link", "waveform"),
}
_PROBLEMS: Final[Mapping[str, str]] = {
    "field_missing": QT_TRANSLATE_NOOP("Link", "Needed to reach the device."),
    "field_not_whole": QT_TRANSLATE_NOOP("Link", "A whole number is needed."),
    "field_not_number": QT_TRANSLATE_NOOP("Link", "A number is needed."),
    "field_out_of_range": QT_TRANSLATE_NOOP("Link", "From {low} to {high} is possible."),
    "field_no_endpoint": QT_TRANSLATE_NOOP("Link", "It begins with opc.tcp:// and names a host."),
    "field_no_path": QT_TRANSLATE_NOOP("Link", "The whole path is needed, from the drive or root on."),
    "field_no_waiver": QT_TRANSLATE_NOOP("Link", "Without security somebody has to accept this."),
    "field_needs_encryption": QT_TRANSLATE_NOOP("Link", "A password travels over encrypted links only."),
}
_COMPLAINTS: Final[Mapping[str, str]] = {
    "value_name_missing": QT_TRANSLATE_NOOP("Link", "name missing"),
    "value_name_taken": QT_TRANSLATE_NOOP("Link", "name taken"),
    "value_unit_missing": QT_TRANSLATE_NOOP("Link", "unit missing"),
    "value_machine_missing": QT_TRANSLATE_NOOP("Link", "machine missing"),
    "value_machine_unsure": QT_TRANSLATE_NOOP("Link", "is it this machine?"),
    "value_point_missing": QT_TRANSLATE_NOOP("Link", "point missing"),
    "value_rate_missing": QT_TRANSLATE_NOOP("Link", "sampling rate missing"),
    "value_address_taken": QT_TRANSLATE_NOOP("Link", "chosen twice"),
    "value_range_empty": QT_TRANSLATE_NOOP("Link", "lowest above highest"),
}


def kind_name(kind: ConnectionKind) -> str:
    """Return what a kind of link is called."""
    return tr("Link", KINDS[kind][0])


def kind_use(kind: ConnectionKind) -> str:
    """Return what a kind of link is for."""
    return tr("Link", KINDS[kind][1])


def field_name(kind: ConnectionKind, name: str) -> str:
    """Return the label of a field."""
    return tr("Link", _field(kind, name)[0])


def field_help(kind: ConnectionKind, name: str) -> str:
    """Return the helper line of a field, often empty."""
    words = _field(kind, name)[1]
    return tr("Link", words) if words else ""


def _field(kind: ConnectionKind, name: str) -> tuple[str, str]:
    return _OWN_FIELDS.get((kind, name)) or _FIELDS.get(name) or (plain(name), "")


def choice_name(choice: str) -> str:
    """Return the words of a choice."""
    return tr("Link", _CHOICES[choice]) if choice in _CHOICES else choice


def type_name(dtype: str) -> str:
    """Return the type of a value in a person's words; devices that have types of their own keep them."""
    return tr("Link", _TYPES[dtype]) if dtype in _TYPES else dtype


def unit_words(code: str) -> str:
    """Return how a unit is written, "" for none yet."""
    return unit_symbol(code) or code if code else ""


def field_problem(key: str, *, low: float, high: float) -> str:
    """Return what is wrong with a field and what would be right."""
    return tr("Link", _PROBLEMS[key], low=f"{low:g}", high=f"{high:g}")


def complaints(keys: Sequence[str]) -> str:
    """Return what a value still lacks."""
    return ", ".join(tr("Link", _COMPLAINTS[key]) for key in keys)
