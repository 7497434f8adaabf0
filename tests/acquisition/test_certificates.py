"""F25: which server certificates are refused, each with a reason of its own (S-16)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acquisition.certificates import (
    DISTRUSTED,
    CertificateRefused,
    Peer,
    TrustFolder,
    application_certificate,
    fingerprint,
    x509_of,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PEER = Peer("urn:plant:server", "plc-7")


@pytest.fixture
def server(tmp_path: Path) -> x509.Certificate:
    own = application_certificate(
        tmp_path / "device", name="plc", application_uri=PEER.application_uri, hosts=["plc-7"], now=NOW
    )
    return x509_of(own.certificate)


def refusal(pki: Path, certificate: x509.Certificate, *, peer: Peer = PEER, now: datetime = NOW) -> str:
    with pytest.raises(CertificateRefused) as caught:
        TrustFolder(pki).check(certificate, peer=peer, now=now)
    assert caught.value.parameters["fingerprint"] == fingerprint(certificate)
    return caught.value.key


def test_a_trusted_certificate_passes(tmp_path: Path, server: x509.Certificate) -> None:
    TrustFolder(tmp_path).trust(server)
    TrustFolder(tmp_path).check(server, peer=PEER, now=NOW)


def test_an_empty_trust_folder_trusts_nobody(tmp_path: Path, server: x509.Certificate) -> None:
    assert refusal(tmp_path, server) == "certificate_no_trust"
    (saved,) = (tmp_path / "rejected").glob("*.der")
    assert x509_of(saved) == server
    assert TrustFolder(tmp_path).listed("rejected") == {server: "certificate_no_trust"}


def test_each_reason_has_its_own_message(tmp_path: Path, server: x509.Certificate) -> None:
    TrustFolder(tmp_path).trust(server)
    years = timedelta(days=3650)
    assert refusal(tmp_path, server, now=NOW + years) == "certificate_expired"
    assert refusal(tmp_path, server, now=NOW - years) == "certificate_not_yet_valid"
    assert refusal(tmp_path, server, peer=Peer("urn:other", "plc-7")) == "certificate_uri"
    assert refusal(tmp_path, server, peer=Peer("urn:plant:server", "plc-8")) == "certificate_host"


def test_another_certificate_of_the_same_name_is_unknown(tmp_path: Path, server: x509.Certificate) -> None:
    TrustFolder(tmp_path).trust(server)
    twin = application_certificate(
        tmp_path / "twin", name="plc", application_uri=PEER.application_uri, hosts=["plc-7"], now=NOW
    )
    assert refusal(tmp_path, x509_of(twin.certificate)) == "certificate_unknown"


def test_an_authority_vouches_until_it_revokes(tmp_path: Path) -> None:
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Plant authority")])
    authority = issue(name, name, authority_key, authority_key, is_authority=True)
    leaf = issue(x509.Name([]), name, key, authority_key, is_authority=False)
    TrustFolder(tmp_path).trust(authority)
    TrustFolder(tmp_path).check(leaf, peer=PEER, now=NOW)
    TrustFolder(tmp_path).reject(leaf, reason=DISTRUSTED)
    assert refusal(tmp_path, leaf) == DISTRUSTED, "a person's word counts more than the authority's"
    TrustFolder(tmp_path).remove(leaf)
    TrustFolder(tmp_path).check(leaf, peer=PEER, now=NOW)
    revoked = x509.RevokedCertificateBuilder().serial_number(leaf.serial_number).revocation_date(NOW).build()
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=9))
        .add_revoked_certificate(revoked)
        .sign(authority_key, hashes.SHA256())
    )
    (tmp_path / "crl").mkdir()
    (tmp_path / "crl" / "plant.pem").write_bytes(listed.public_bytes(serialization.Encoding.PEM))
    assert refusal(tmp_path, leaf) == "certificate_revoked"


def issue(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    names = [x509.UniformResourceIdentifier(PEER.application_uri), x509.DNSName(PEER.host)]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=100))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer, hashes.SHA256())
    )


def test_our_own_certificate_is_kept_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    def ask(now: datetime) -> bytes:
        own = application_certificate(
            tmp_path, name="client", application_uri="urn:us", hosts=["here", "127.0.0.1"], now=now
        )
        assert own.key.stat().st_mode & 0o077 == 0
        return own.certificate.read_bytes()

    first = ask(NOW)
    assert ask(NOW + timedelta(days=1000)) == first
    assert ask(NOW + timedelta(days=5 * 365 - 10)) == first, "servers would refuse one they do not know"
    assert ask(NOW + timedelta(days=5 * 365 + 1)) != first, "one that has ended is of no use"
    assert (tmp_path / "client.before.der").read_bytes() == first


def test_the_reason_of_a_refusal_stays_until_it_is_gone(tmp_path: Path, server: x509.Certificate) -> None:
    folder = TrustFolder(tmp_path)
    folder.trust(server)
    assert refusal(tmp_path, server, peer=Peer("urn:plant:server", "plc-8")) == "certificate_host"
    assert folder.listed("rejected") == {server: "certificate_host"}
    assert refusal(tmp_path, server, peer=Peer("urn:other", "plc-7")) == "certificate_uri"
    assert folder.listed("rejected") == {server: "certificate_uri"}
    folder.check(server, peer=PEER, now=NOW)
    assert folder.listed("rejected") == {}
    (tmp_path / "trusted" / "notes.pem").write_text("no certificate", encoding="utf-8")
    assert folder.listed("trusted") == {server: ""}
