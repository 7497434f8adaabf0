"""The words of the certificates tab: where one stands, how long it lasts, what a person compares."""

import re
from collections.abc import Sequence
from typing import Final

from domain.instants import to_microseconds
from services.certificates import WARN_DAYS, CertificateKind, CertificateView
from ui.formatting import PlantTime
from ui.text import QT_TRANSLATE_NOOP, certificate_reason, tr, tr_n

NOTHING: Final = "\u2013"
PAIRS_IN_A_ROW: Final = 8
_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:\\.|[^,])*)")

_STANDS: Final = {
    CertificateKind.OWN: QT_TRANSLATE_NOOP("Certificates", "ours"),
    CertificateKind.TRUSTED: QT_TRANSLATE_NOOP("Certificates", "trusted"),
    CertificateKind.REJECTED: QT_TRANSLATE_NOOP("Certificates", "refused"),
}


def stands(view: CertificateView) -> str:
    """Return where a certificate stands."""
    return tr("Certificates", _STANDS[view.kind])


def name_of(distinguished: str) -> str:
    """Return the name that people know out of "CN=PLC 7,O=Works"."""
    found = _COMMON_NAME.search(distinguished)
    return re.sub(r"\\(.)", r"\1", found.group(1)) if found else distinguished


def pairs_of(fingerprint: str) -> tuple[str, ...]:
    """Return the rows in which people compare a fingerprint: eight pairs each."""
    pairs = fingerprint.split(":")
    rows = (pairs[first : first + PAIRS_IN_A_ROW] for first in range(0, len(pairs), PAIRS_IN_A_ROW))
    return tuple(" ".join(row) for row in rows)


def short_print(view: CertificateView) -> str:
    """Return the first pairs, enough to tell one from another in a list, never enough to trust."""
    return f"{view.fingerprint[:11].replace(':', ' ')} \u2026"


def ends(view: CertificateView, plant_time: PlantTime) -> str:
    """Return the last day, year first."""
    return f"{plant_time.local(to_microseconds(view.valid_until)):%Y-%m-%d}"


def left(view: CertificateView) -> str:
    """Return how long it lasts, in words and without alarm."""
    if view.days_left < 0:
        return tr_n("Certificates", "ended {count} day ago", "ended {count} days ago", count=-view.days_left)
    if view.days_left == 0:
        return tr("Certificates", "ends today")
    return tr_n("Certificates", "{count} day left", "{count} days left", count=view.days_left)


def needs_a_look(view: CertificateView) -> bool:
    """Say whether a link leans on it and it ends within two months, or has ended."""
    return view.kind is not CertificateKind.REJECTED and view.days_left <= max(WARN_DAYS)


def why(view: CertificateView) -> str:
    """Return why it was refused."""
    if view.kind is not CertificateKind.REJECTED:
        return NOTHING
    return certificate_reason(view.reason) or tr("Certificates", "not decided yet")


def sentence(view: CertificateView) -> str:
    """Return what it means for the links that it stands where it stands."""
    if view.kind is CertificateKind.OWN:
        return tr("Certificates", "This PC shows it to every server. A server must trust it to let us in.")
    if view.kind is CertificateKind.REJECTED:
        return tr(
            "Certificates", "Refused: {reason}. Values of this server do not come in.", reason=why(view)
        )
    if view.can_vouch:
        return tr("Certificates", "Servers that this authority vouches for are believed.")
    return tr("Certificates", "Values of this server are believed.")


def issuer(view: CertificateView) -> str:
    """Return who vouches for it."""
    if view.issuer == view.subject:
        return tr("Certificates", "itself")
    return name_of(view.issuer)


def vouches(view: CertificateView) -> str:
    """Return whether others are trusted through it."""
    return tr("Certificates", "for other certificates too") if view.can_vouch else tr("Certificates", "no")


def listed(values: Sequence[str]) -> str:
    """Return names one under the other."""
    return "\n".join(values) or NOTHING
