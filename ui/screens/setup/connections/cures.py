"""What a person can do about a server that refuses: a sentence below what it answered."""

from collections.abc import Mapping
from typing import Final

from domain.errors import ControlRoomError
from ui.text import QT_TRANSLATE_NOOP, certificate_reason, error_words, tr

UNTRUSTED: Final = ("certificate_no_trust", "certificate_unknown")
"""Refusals that a person ends by comparing the fingerprint."""

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
    if not isinstance(problem, ControlRoomError):
        return error_words(problem)
    if problem.key.startswith("certificate_"):
        reason = certificate_reason(problem.key)
        words = tr("Link", "The certificate of the server was refused: {reason}.", reason=reason)
    else:
        words = error_words(problem)
    return "\n".join(filter(None, (words, _cure(problem))))


def _cure(problem: ControlRoomError) -> str:
    if problem.key == "opcua_refused":
        return tr("Link", _BY_STATUS.get(str(problem.parameters.get("status", "")), _OURS))
    return tr("Link", _BY_KEY[problem.key]) if problem.key in _BY_KEY else ""
