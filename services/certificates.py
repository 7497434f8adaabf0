"""Certificates of OPC UA as people handle them: look, compare the fingerprint, trust, reject, renew (S-16).

Files in the data folder are the truth; the collector reads them at its next attempt, at most 5 s later. An
act is noted in the transaction in which the files change: what cannot be audited is not done.
"""

import hashlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from cryptography import x509

from acquisition.certificates import (
    CLIENT_NAME,
    DISTRUSTED,
    OwnCertificate,
    TrustFolder,
    client_uri,
    fingerprint,
    hosts_of,
    renewed_certificate,
    uris_of,
    x509_of,
)
from domain.errors import ConfigurationError, NotFound
from domain.instants import Clock, from_microseconds
from domain.roles import Actor, Permission
from services.access import require
from services.status import ExpiryWarning
from storage.store import Store

WARN_DAYS: Final = (7, 30, 60)


class CertificateKind(Enum):
    """Where a certificate stands."""

    OWN = "own"
    TRUSTED = "trusted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate with what a person compares before deciding.

    ``reason`` is the message key of a refusal, "" when none is known; ``days_left`` is negative when it has
    ended. ``can_vouch``: a certificate authority, by which others are trusted too.
    """

    kind: CertificateKind
    fingerprint: str
    subject: str
    issuer: str
    valid_from: datetime
    valid_until: datetime
    days_left: int
    application_uris: tuple[str, ...]
    hosts: tuple[str, ...]
    can_vouch: bool
    reason: str = ""


class Certificates:
    """Use cases on the certificates of a data folder."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._pki = store.folder.pki
        self._trust = TrustFolder(self._pki)

    def listed(self) -> tuple[CertificateView, ...]:
        """Return our own certificate, the trusted ones and the rejected ones, in this order."""
        return listed_certificates(self._pki, now=self._now())

    def trust(self, mark: str, *, by: Actor, reason: str = "") -> CertificateView:
        """Accept a rejected certificate after comparing its fingerprint; NotFound when it is not there.

        ``reason`` says how it was compared, for the audit.
        """
        require(by, Permission.CONFIGURE)
        certificate = self._found(CertificateKind.REJECTED, mark)
        self._act("trust", certificate, by, lambda: self._trust.trust(certificate), reason=reason)
        return self._view(CertificateKind.TRUSTED, certificate)

    def look_into(self, path: Path) -> CertificateView:
        """Return what a file holds, before anybody decides; ConfigurationError when it is no certificate."""
        return self._view(CertificateKind.REJECTED, _read(path))

    def trust_file(self, path: Path, *, by: Actor, mark: str = "", reason: str = "") -> CertificateView:
        """Accept a certificate that was carried here as a file, for instance that of an authority.

        Raises ConfigurationError when the file is no certificate, or another one than ``mark`` names.
        """
        require(by, Permission.CONFIGURE)
        certificate = _read(path)
        if mark and fingerprint(certificate) != mark:
            raise ConfigurationError(
                f"{path} holds another certificate than the one that was looked at",
                key="certificate_swapped",
            )
        self._act("trust", certificate, by, lambda: self._trust.trust(certificate), reason=reason)
        return self._view(CertificateKind.TRUSTED, certificate)

    def reject(self, mark: str, *, by: Actor) -> CertificateView:
        """Take the trust in a certificate away; its link ends with the next attempt to connect."""
        require(by, Permission.CONFIGURE)
        certificate = self._found(CertificateKind.TRUSTED, mark)
        self._act("reject", certificate, by, lambda: self._trust.reject(certificate, reason=DISTRUSTED))
        return self._view(CertificateKind.REJECTED, certificate, DISTRUSTED)

    def remove(self, mark: str, *, by: Actor) -> None:
        """Forget a rejected certificate; it is listed again when its server is tried again."""
        require(by, Permission.CONFIGURE)
        certificate = self._found(CertificateKind.REJECTED, mark)
        self._act("remove", certificate, by, lambda: self._trust.remove(certificate))

    def renew_own(self, *, by: Actor, reason: str = "") -> CertificateView:
        """Make a new key and certificate for this workstation; servers must trust it before they let us in.

        The one before stays in the folder, so that the change can be taken back by hand.
        """
        require(by, Permission.CONFIGURE)
        host = socket.gethostname()
        with self._store.unit_of_work(by) as work:
            made = renewed_certificate(
                self._pki / "own",
                name=CLIENT_NAME,
                application_uri=client_uri(host),
                hosts=[host],
                now=self._now(),
                note=lambda new: work.audit("renew", "certificate", _audit_id(new), **_detail(new, reason)),
            )
        return self._view(CertificateKind.OWN, x509_of(made.certificate))

    def own_file(self) -> Path | None:
        """Return the file of our certificate, to be carried to servers; None before the first connection."""
        own = OwnCertificate(self._pki / "own" / f"{CLIENT_NAME}.der", Path())
        return own.certificate if own.certificate.is_file() else None

    def save_own(self, path: Path, *, by: Actor) -> Path:
        """Write our certificate, without its key, to a file that servers can be given.

        NotFound before the first connection; ConfigurationError when the place does not take it.
        """
        require(by, Permission.CONFIGURE)
        own = self.own_file()
        if own is None:
            raise NotFound("there is no certificate of ours yet", key="certificate_gone")
        certificate = x509_of(own)
        draft = path.with_name(f".{uuid4().hex}.part")
        try:
            draft.write_bytes(own.read_bytes())
            self._act("export", certificate, by, lambda: os.replace(draft, path))
        except OSError as error:
            problem = error.strerror or str(error)
            raise ConfigurationError(
                f"{path} cannot be written ({problem})",
                key="file_unwritable",
                path=str(path),
                problem=problem,
            ) from error
        finally:
            draft.unlink(missing_ok=True)
        return path

    def _act(
        self,
        action: str,
        certificate: x509.Certificate,
        by: Actor,
        change: Callable[[], object],
        *,
        reason: str = "",
    ) -> None:
        with self._store.unit_of_work(by) as work:
            work.audit(action, "certificate", _audit_id(certificate), **_detail(certificate, reason))
            change()

    def _found(self, kind: CertificateKind, mark: str) -> x509.Certificate:
        for certificate in self._trust.listed(kind.value):
            if fingerprint(certificate) == mark:
                return certificate
        raise NotFound(f"no {kind.value} certificate has the fingerprint {mark}", key="certificate_gone")

    def _view(
        self, kind: CertificateKind, certificate: x509.Certificate, reason: str = ""
    ) -> CertificateView:
        return _view(kind, certificate, reason, now=self._now())

    def _now(self) -> datetime:
        return from_microseconds(self._clock.now_us()).astimezone(UTC)


def listed_certificates(pki: Path, *, now: datetime) -> tuple[CertificateView, ...]:
    """Return every certificate of a PKI folder: own, trusted, rejected; the first to end first in each."""
    trust, views = TrustFolder(pki), []
    own = pki / "own" / f"{CLIENT_NAME}.der"
    if own.is_file():
        views.append(_view(CertificateKind.OWN, x509_of(own), "", now=now))
    for kind in (CertificateKind.TRUSTED, CertificateKind.REJECTED):
        found = [_view(kind, each, reason, now=now) for each, reason in trust.listed(kind.value).items()]
        views += sorted(found, key=lambda view: (view.valid_until, view.fingerprint))
    return tuple(views)


def expiry_warnings(pki: Path, *, now: datetime) -> tuple[ExpiryWarning, ...]:
    """Return what ends within 60 days among the certificates that links lean on, the first to end first."""
    ending = [
        ExpiryWarning(view.kind.value, view.subject, view.fingerprint, view.days_left, within)
        for view in listed_certificates(pki, now=now)
        if view.kind is not CertificateKind.REJECTED and (within := _within_days(view.days_left)) is not None
    ]
    return tuple(sorted(ending, key=lambda each: each.days_left))


def _within_days(days_left: int) -> int | None:
    """Return 0 for what has ended, 7, 30 or 60 for what ends within so many days, None for the rest."""
    return 0 if days_left < 0 else next((days for days in WARN_DAYS if days_left <= days), None)


def _view(
    kind: CertificateKind, certificate: x509.Certificate, reason: str, *, now: datetime
) -> CertificateView:
    try:
        can_vouch = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        can_vouch = False
    return CertificateView(
        kind=kind,
        fingerprint=fingerprint(certificate),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        days_left=(certificate.not_valid_after_utc - now).days,
        application_uris=tuple(uris_of(certificate)),
        hosts=tuple(hosts_of(certificate)),
        can_vouch=can_vouch,
        reason=reason,
    )


def _audit_id(certificate: x509.Certificate) -> UUID:
    """Return an id that is the same for the same certificate wherever it is seen."""
    return UUID(bytes=hashlib.sha256(fingerprint(certificate).encode()).digest()[:16])


def _detail(certificate: x509.Certificate, reason: str) -> dict[str, object]:
    detail: dict[str, object] = {
        "fingerprint": fingerprint(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "valid_until": certificate.not_valid_after_utc.isoformat(),
    }
    return detail | {"reason": reason} if reason else detail


def _read(path: Path) -> x509.Certificate:
    try:
        return x509_of(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error})",
            key="file_unreadable",
            path=str(path),
            problem=error.strerror or str(error),
        ) from error
