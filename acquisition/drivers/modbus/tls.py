"""Modbus/TCP Security: mutual TLS 1.2 or newer. Every doubt refuses; nothing ever goes on in plain."""

import ssl
from pathlib import Path
from typing import Final

from acquisition.drivers.options import Options
from domain.errors import ConfigurationError, ConnectionLost, ControlRoomError

_CURES: Final = (
    ("expired", "expired", "its certificate has expired: renew it at the device"),
    ("not yet valid", "not_yet_valid", "its certificate is not valid yet: compare the clocks"),
    ("mismatch", "host", "its certificate is made for another name: set option 'server_name'"),
    ("self-signed", "unknown", "its certificate is not issued by the authority in option 'authority'"),
    ("unable to get", "unknown", "its certificate is not issued by the authority in option 'authority'"),
    ("unknown ca", "own_refused", "the device does not trust our certificate: have it issued or accepted"),
    ("certificate", "own_refused", "the device refuses our certificate: have it issued or accepted"),
)


def tls_context(options: Options) -> ssl.SSLContext:
    """Return a context from options ``authority``, ``certificate`` and ``key`` (PEM files).

    ConfigurationError names the file that cannot be used. The key must not be encrypted: nobody is there to
    type a word when the collector starts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority, own, key = (Path(options.text(name)) for name in ("authority", "certificate", "key"))
    try:
        context.load_verify_locations(cafile=authority)
    except (OSError, ssl.SSLError) as reason:
        raise options.wrong("authority", f"is no readable PEM file: {authority} ({reason})") from reason
    try:
        context.load_cert_chain(own, key, password=lambda: "")
    except (OSError, ssl.SSLError) as reason:
        raise options.wrong(
            "certificate", f"and 'key' are no readable PEM pair: {own}, {key} ({reason})"
        ) from reason
    return context


def refusal_of(problem: ssl.SSLError, *, device: str) -> ControlRoomError:
    """Return what a failed handshake means: a ConfigurationError that names the cure, else ConnectionLost."""
    words = str(problem).lower().replace("_", " ")
    for mark, reason, sentence in _CURES:
        if mark in words:
            return ConfigurationError(f"{device}: {sentence}", key=f"certificate_{reason}", device=device)
    return ConnectionLost(f"{device}: the secured link failed ({problem})", key="tls_failed", device=device)
