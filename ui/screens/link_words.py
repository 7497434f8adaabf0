"""What is the matter with a link, and what a person can do about it, the same on every screen."""

from collections.abc import Mapping
from typing import Final

from domain.errors import ControlRoomError
from domain.ports import ConnectionStatus
from ui.formatting import number
from ui.text import QT_TRANSLATE_NOOP, error_words, plain, problem_words, tr

UNTRUSTED: Final = ("certificate_no_trust", "certificate_unknown")
"""Refusals that a person ends by comparing the fingerprint."""

UNSIGNED: Final = QT_TRANSLATE_NOOP("Link", "Nothing is signed: its values carry a mark for good.")
_MARKS: Final = {"connection_unsigned": UNSIGNED}
"""What is to be known of a link that works."""

_COMPARE: Final = QT_TRANSLATE_NOOP(
    "Link", "Compare its fingerprint with that at the device and trust it: Setup, Certificates."
)
_OURS: Final = QT_TRANSLATE_NOOP(
    "Link",
    "If the server does not know this workstation yet, let it trust our certificate: "
    "Setup, Certificates, save ours.",
)
_USER: Final = QT_TRANSLATE_NOOP(
    "Link", "The server does not let this user in. Check user and password in its own user list."
)
_SECURITY: Final = QT_TRANSLATE_NOOP(
    "Link", "The server does not offer this security. Choose the one that is set up in the server."
)
_FULL: Final = QT_TRANSLATE_NOOP(
    "Link", "The server has no room for one more client. Close another one, or allow more in the server."
)
_BY_STATUS: Final[Mapping[str, str]] = {
    "BadUserAccessDenied": _USER,
    "BadIdentityTokenInvalid": _USER,
    "BadIdentityTokenRejected": _USER,
    "BadSecurityPolicyRejected": _SECURITY,
    "BadSecurityModeRejected": _SECURITY,
    "BadTooManySessions": _FULL,
    "BadTooManySubscriptions": _FULL,
}
_CLOCK: Final = QT_TRANSLATE_NOOP(
    "Link", "Compare the clocks of server and workstation; if they agree, let the server make a new one."
)
_BY_KEY: Final[Mapping[str, str]] = {
    "certificate_host": QT_TRANSLATE_NOOP(
        "Link",
        "Give the address in the endpoint that stands in the certificate, or let the server make a new one.",
    ),
    "certificate_uri": QT_TRANSLATE_NOOP(
        "Link", "Let the server make a new certificate; this one belongs to another program."
    ),
    "certificate_expired": _CLOCK,
    "certificate_not_yet_valid": _CLOCK,
    "certificate_distrusted": QT_TRANSLATE_NOOP(
        "Link", "Somebody took the trust away: Setup, Certificates tells who and why."
    ),
}


def refusal_words(problem: BaseException) -> str:
    """Return why a device cannot be reached, and what to do where we know it."""
    words = error_words(problem)
    cure = _cure(problem.key, problem.parameters) if isinstance(problem, ControlRoomError) else ""
    return "\n".join(filter(None, (words, cure)))


def link_problem(status: ConnectionStatus) -> str:
    """Return what is the matter with a link and what to do, as sentences; empty when nothing is."""
    key = status.message_key
    if not key:
        return _sentence(status.detail)
    if key in _MARKS:
        return tr("Link", _MARKS[key])
    words = problem_words(key, status.parameters, detail=status.detail) or plain(key)
    cure = tr("Link", _COMPARE) if key in UNTRUSTED else _cure(key, status.parameters)
    return " ".join(filter(None, (_sentence(words), cure)))


def _sentence(words: str) -> str:
    """Return words with an end; what has one keeps it."""
    return words if not words or words.endswith((".", "?", "!", "\u2026")) else f"{words}."


def _cure(key: str, parameters: Mapping[str, object]) -> str:
    if key == "opcua_refused":
        return tr("Link", _BY_STATUS.get(str(parameters.get("status", "")), _OURS))
    return tr("Link", _BY_KEY[key]) if key in _BY_KEY else ""


def losses_of(link: ConnectionStatus) -> str:
    """Return what a link counted, by cause."""
    return ", ".join(f"{plain(cause).lower()} {number(count, 0)}" for cause, count in link.drops.items())
