"""Application certificates and the trust folder of OPC UA (S-15, S-16).

Layout of a PKI folder: ``own/`` our certificate and key, ``trusted/`` server or issuer certificates that a
person has accepted, ``rejected/`` what was refused, each with the reason beside it, ``crl/`` revocation
lists. Every check fails closed: an empty ``trusted/`` trusts nobody.
"""

import ipaddress
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.errors import ConfigurationError

_VALID_DAYS: Final = 5 * 365
_SUFFIXES: Final = (".der", ".pem", ".crt", ".cer", ".crl")
DISTRUSTED: Final = "certificate_distrusted"
"""Reason of a certificate that a person has taken the trust from; also an authority does not vouch for it."""

CLIENT_NAME: Final = "jidoka-client"
"""Name of our certificate in ``own/``."""


def client_uri(host: str) -> str:
    """Return the application URI under which this workstation presents itself to servers."""
    return f"urn:{host}:jidoka:client"


class CertificateRefused(ConfigurationError):
    """A server's certificate is not acceptable; the key says why, parameter ``fingerprint`` which one."""


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """Files of an application certificate (DER) and its private key (PEM, readable by us only)."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Peer:
    """Who we expect at the other end: its application URI and the host name we connect to."""

    application_uri: str
    host: str


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint as people compare it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def application_certificate(
    folder: Path, *, name: str, application_uri: str, hosts: Iterable[str], now: datetime
) -> OwnCertificate:
    """Return the self-signed certificate ``name`` in ``folder``, made when absent or of no use any more.

    It serves clients and servers, carries ``application_uri`` and ``hosts`` (names or IP addresses). One that
    is soon to expire stays: every server would refuse a new one until somebody trusts it there.
    """
    own = OwnCertificate(folder / f"{name}.der", folder / f"{name}.key.pem")
    if own.certificate.is_file() and own.key.is_file():
        present = x509.load_der_x509_certificate(own.certificate.read_bytes())
        if present.not_valid_after_utc > now and application_uri in uris_of(present):
            return own
    return renewed_certificate(folder, name=name, application_uri=application_uri, hosts=hosts, now=now)


def renewed_certificate(
    folder: Path,
    *,
    name: str,
    application_uri: str,
    hosts: Iterable[str],
    now: datetime,
    note: Callable[[x509.Certificate], object] = lambda _: None,
) -> OwnCertificate:
    """Make a new key and certificate ``name``; those that were there stay beside it as ``name``.before.

    ``note`` is told the certificate before a file changes; when it raises, everything stays as it was.
    """
    own = OwnCertificate(folder / f"{name}.der", folder / f"{name}.key.pem")
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _self_signed(key, name=name, application_uri=application_uri, hosts=hosts, now=now)
    note(certificate)
    if own.certificate.is_file() and own.key.is_file():
        os.replace(own.certificate, folder / f"{name}.before.der")
        os.replace(own.key, folder / f"{name}.before.key.pem")
    _write_secret(
        own.key,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    own.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    return own


def _self_signed(
    key: rsa.RSAPrivateKey, *, name: str, application_uri: str, hosts: Iterable[str], now: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(application_uri)]
    names.extend(_host_name(host) for host in hosts)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
        .sign(key, hashes.SHA256())
    )


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_secret(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


class TrustFolder:
    """Decides about server certificates from the files in a PKI folder, read anew for each decision."""

    def __init__(self, pki: Path) -> None:
        self._pki = pki

    def trust(self, certificate: x509.Certificate) -> Path:
        """Put a certificate among the trusted ones, as a person does after comparing the fingerprint."""
        for path in self.files_of("rejected", certificate):
            path.unlink()
        return self._store("trusted", certificate)

    def reject(self, certificate: x509.Certificate, *, reason: str) -> None:
        """Take a certificate out of the trusted ones and keep it with the reason among the rejected."""
        self._store("rejected", certificate, reason=reason)
        for path in self.files_of("trusted", certificate):
            path.unlink()

    def remove(self, certificate: x509.Certificate) -> None:
        """Forget a rejected certificate; it comes back when its server is tried again."""
        for path in self.files_of("rejected", certificate):
            path.unlink()

    def listed(self, kind: str) -> dict[x509.Certificate, str]:
        """Return the readable certificates that are "trusted" or "rejected", and why they were refused."""
        found = {}
        for path in self._files(kind):
            try:
                certificate = x509_of(path)
            except (ConfigurationError, OSError):
                continue  # a file that somebody put there by mistake; a check names it
            told = path.with_suffix(".reason")
            found[certificate] = told.read_text(encoding="utf-8") if told.is_file() else ""
        return found

    def files_of(self, kind: str, certificate: x509.Certificate) -> list[Path]:
        """Return every file that holds a certificate, however it is named, and the reasons beside them."""
        found = []
        for path in self._files(kind):
            try:
                is_it = x509_of(path) == certificate
            except (ConfigurationError, OSError):
                continue
            if is_it:
                found += [path, *filter(Path.is_file, (path.with_suffix(".reason"),))]
        return found

    def check(self, certificate: x509.Certificate, *, peer: Peer, now: datetime) -> None:
        """Raise CertificateRefused, with a reason of its own for each case, unless all is well.

        Known to ``trusted/`` (itself or its issuer), within its dates, not revoked, made for the application
        URI and the host. What is refused is saved to ``rejected/`` with its reason.
        """
        try:
            self._check(certificate, peer=peer, now=now)
        except CertificateRefused as refusal:
            self._store("rejected", certificate, reason=refusal.key)
            raise
        self.remove(certificate)  # what was wrong once is right now

    def _check(self, certificate: x509.Certificate, *, peer: Peer, now: datetime) -> None:
        trusted = [x509_of(path) for path in self._files("trusted")]
        issuer = _trusted_issuer(certificate, trusted)
        if issuer != certificate and self.listed("rejected").get(certificate) == DISTRUSTED:
            _refuse(certificate, "distrusted", "somebody here has taken the trust in it away")
        if issuer is None:
            self._refuse_unknown(certificate, is_empty=not trusted)
        _check_dates(certificate, now)
        _check_dates(issuer, now)
        if self._is_revoked(certificate, issuer):
            _refuse(certificate, "revoked", "has been revoked by its issuer")
        if peer.application_uri not in uris_of(certificate):
            _refuse(certificate, "uri", f"is not made for application '{peer.application_uri}'")
        if not _names_host(certificate, peer.host):
            _refuse(certificate, "host", f"is not made for host '{peer.host}'")

    def _refuse_unknown(self, certificate: x509.Certificate, *, is_empty: bool) -> NoReturn:
        saved = _file_name(certificate)
        reason = "nobody is trusted yet" if is_empty else "is not among the trusted ones"
        _refuse(
            certificate,
            "no_trust" if is_empty else "unknown",
            f"{reason}; compare the fingerprint at the device, then move {saved} from rejected to trusted",
        )

    def _files(self, kind: str) -> list[Path]:
        folder = self._pki / kind
        return sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)

    def _store(self, kind: str, certificate: x509.Certificate, *, reason: str = "") -> Path:
        folder = self._pki / kind
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _file_name(certificate)
        told = path.with_suffix(".reason")
        if not path.is_file():
            path.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
        if reason and not (told.is_file() and told.read_text(encoding="utf-8") == reason):
            told.write_text(reason, encoding="utf-8")
        return path

    def _is_revoked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        for path in self._files("crl"):
            content = path.read_bytes()
            is_pem = content.startswith(b"-----")
            listed = x509.load_pem_x509_crl(content) if is_pem else x509.load_der_x509_crl(content)
            if listed.issuer != issuer.subject:
                continue
            if listed.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                return True
        return False


def _file_name(certificate: x509.Certificate) -> str:
    return f"{certificate.fingerprint(hashes.SHA256()).hex()[:40]}.der"


def x509_of(path: Path) -> x509.Certificate:
    """Load a certificate file, DER or PEM; ConfigurationError names a file that is neither."""
    content = path.read_bytes()
    try:
        if content.startswith(b"-----"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError as unreadable:
        raise ConfigurationError(
            f"{path.name} is no certificate; remove it from the trust folder",
            key="certificate_unreadable",
            file=path.name,
        ) from unreadable


def _trusted_issuer(
    certificate: x509.Certificate, trusted: list[x509.Certificate]
) -> x509.Certificate | None:
    for known in trusted:
        if known == certificate:
            return known
    for known in trusted:
        if _is_authority(known) and known.subject == certificate.issuer:
            try:
                certificate.verify_directly_issued_by(known)
            except (InvalidSignature, ValueError, TypeError):
                continue
            return known
    return None


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _check_dates(certificate: x509.Certificate, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        _refuse(certificate, "expired", f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        _refuse(
            certificate, "not_yet_valid", f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d}"
        )


def _refuse(certificate: x509.Certificate, reason: str, sentence: str) -> NoReturn:
    mark = fingerprint(certificate)
    raise CertificateRefused(
        f"server certificate {mark}: {sentence}", key=f"certificate_{reason}", fingerprint=mark
    )


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def uris_of(certificate: x509.Certificate) -> list[str]:
    """Return the application URIs that a certificate is made for."""
    names = _alternative_names(certificate)
    return names.get_values_for_type(x509.UniformResourceIdentifier) if names else []


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """Return the host names and addresses that a certificate is made for."""
    names = _alternative_names(certificate)
    if names is None:
        return []
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def _names_host(certificate: x509.Certificate, host: str) -> bool:
    return host.lower() in (name.lower() for name in hosts_of(certificate))
