"""The certificate wizard without its window: look, trust, reject, renew, all of it audited [S-11, S-16]."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509

from acquisition.certificates import (
    CLIENT_NAME,
    CertificateRefused,
    Peer,
    TrustFolder,
    application_certificate,
    fingerprint,
    x509_of,
)
from domain.errors import ConfigurationError, NotFound, NotPermitted
from domain.instants import from_microseconds
from domain.roles import Actor, Role
from services.certificate_watch import LOOK_EVERY_S, ExpiryWatch
from services.certificates import CertificateKind, Certificates
from services.status import ExpiryWarning
from storage.store import Store, open_store
from tests.conftest import FakeClock

ENA = Actor(UUID(int=7), Role.ENGINEER, "ws-1", "Ena")
MIA = Actor(UUID(int=5), Role.OPERATOR, "ws-1", "Mia")
PEER = Peer("urn:plc:7", "plc-7")


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", role="tool", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def wizard(store: Store, clock: FakeClock) -> Certificates:
    return Certificates(store, clock=clock)


def now_of(clock: FakeClock) -> datetime:
    return from_microseconds(clock.now_us()).astimezone(UTC)


@pytest.fixture
def plc(tmp_path: Path, clock: FakeClock) -> x509.Certificate:
    own = application_certificate(
        tmp_path / "plc",
        name="plc",
        application_uri=PEER.application_uri,
        hosts=[PEER.host],
        now=now_of(clock),
    )
    return x509_of(own.certificate)


def refused(store: Store, certificate: x509.Certificate, now: datetime, peer: Peer = PEER) -> None:
    with pytest.raises(CertificateRefused):
        TrustFolder(store.folder.pki).check(certificate, peer=peer, now=now)


def kinds(wizard: Certificates) -> list[tuple[str, str]]:
    return [(view.kind.value, view.reason) for view in wizard.listed()]


def audited(store: Store) -> list[tuple[str, str]]:
    entries = store.audit.entries(start_us=0, end_us=2**62)
    return [(entry.action, entry.user_name) for entry in entries if entry.kind == "certificate"]


def test_a_refused_server_is_listed_with_what_a_person_compares(
    store: Store, wizard: Certificates, plc: x509.Certificate, clock: FakeClock
) -> None:
    refused(store, plc, now_of(clock))
    (view,) = wizard.listed()
    assert (view.kind, view.reason) == (CertificateKind.REJECTED, "certificate_no_trust")
    assert (view.fingerprint, view.subject) == (fingerprint(plc), "CN=plc")
    assert (view.application_uris, view.hosts) == (("urn:plc:7",), ("plc-7",))
    assert view.days_left == 5 * 365
    assert view.valid_from < now_of(clock) < view.valid_until
    assert not view.can_vouch


def test_trust_reject_and_remove_move_a_certificate_and_are_audited(
    store: Store, wizard: Certificates, plc: x509.Certificate, clock: FakeClock
) -> None:
    folder, mark = TrustFolder(store.folder.pki), fingerprint(plc)
    refused(store, plc, now_of(clock))
    wizard.trust(mark, by=ENA)
    assert kinds(wizard) == [("trusted", "")]
    folder.check(plc, peer=PEER, now=now_of(clock))
    assert wizard.reject(mark, by=ENA).reason == "certificate_distrusted"
    assert kinds(wizard) == [("rejected", "certificate_distrusted")]
    refused(store, plc, now_of(clock))
    wizard.remove(mark, by=ENA)
    assert kinds(wizard) == []
    assert audited(store) == [("trust", "Ena"), ("reject", "Ena"), ("remove", "Ena")]


def test_a_certificate_carried_here_as_a_file_is_trusted(
    wizard: Certificates, plc: x509.Certificate, tmp_path: Path
) -> None:
    assert wizard.trust_file(tmp_path / "plc" / "plc.der", by=ENA).kind is CertificateKind.TRUSTED
    assert kinds(wizard) == [("trusted", "")]
    for wrong in (tmp_path / "plc" / "plc.key.pem", tmp_path / "nowhere.der"):
        with pytest.raises(ConfigurationError):
            wizard.trust_file(wrong, by=ENA)


def test_our_own_certificate_is_renewed_and_the_old_one_kept(
    store: Store, wizard: Certificates, clock: FakeClock
) -> None:
    assert wizard.own_file() is None
    first = wizard.renew_own(by=ENA)
    second = wizard.renew_own(by=ENA)
    assert first.fingerprint != second.fingerprint
    assert [(view.kind, view.fingerprint) for view in wizard.listed()] == [
        (CertificateKind.OWN, second.fingerprint)
    ]
    file = wizard.own_file()
    assert file is not None
    assert fingerprint(x509_of(file)) == second.fingerprint
    before = store.folder.pki / "own" / f"{CLIENT_NAME}.before.der"
    assert fingerprint(x509_of(before)) == first.fingerprint
    assert audited(store) == [("renew", "Ena")] * 2


def test_our_certificate_is_saved_without_its_key(store: Store, wizard: Certificates, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        wizard.save_own(tmp_path / "ours.der", by=ENA)
    ours = wizard.renew_own(by=ENA, reason="first connection")
    saved = wizard.save_own(tmp_path / "ours.der", by=ENA)
    assert fingerprint(x509_of(saved)) == ours.fingerprint
    assert b"PRIVATE" not in saved.read_bytes()
    with pytest.raises(ConfigurationError) as refused:
        wizard.save_own(tmp_path / "nowhere" / "ours.der", by=ENA)
    assert refused.value.key == "file_unwritable"
    assert audited(store) == [("renew", "Ena"), ("export", "Ena")]


def test_a_file_is_looked_at_before_it_is_trusted_and_must_stay_the_same(
    store: Store, wizard: Certificates, plc: x509.Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "plc" / "plc.der"
    seen = wizard.look_into(file)
    assert (seen.fingerprint, kinds(wizard)) == (fingerprint(plc), [])
    with pytest.raises(ConfigurationError) as refused:
        wizard.trust_file(file, by=ENA, mark="AA:BB")
    assert refused.value.key == "certificate_swapped"
    wizard.trust_file(file, by=ENA, mark=seen.fingerprint, reason="signed sheet")
    (entry,) = store.audit.entries(start_us=0, end_us=2**62)
    assert (entry.action, entry.detail["reason"]) == ("trust", "signed sheet")


@pytest.mark.parametrize(
    "act",
    [
        lambda wizard, mark: wizard.trust(mark, by=MIA),
        lambda wizard, mark: wizard.trust_file(Path("a.der"), by=MIA),
        lambda wizard, mark: wizard.reject(mark, by=MIA),
        lambda wizard, mark: wizard.remove(mark, by=MIA),
        lambda wizard, mark: wizard.renew_own(by=MIA),
        lambda wizard, mark: wizard.save_own(Path("a.der"), by=MIA),
    ],
)
def test_an_operator_may_look_but_not_decide(
    store: Store,
    wizard: Certificates,
    plc: x509.Certificate,
    clock: FakeClock,
    act: Callable[[Certificates, str], object],
) -> None:
    refused(store, plc, now_of(clock))
    with pytest.raises(NotPermitted):
        act(wizard, fingerprint(plc))
    assert kinds(wizard) == [("rejected", "certificate_no_trust")]
    assert audited(store) == []


def test_what_is_not_there_any_more_is_said(wizard: Certificates) -> None:
    for act in (wizard.trust, wizard.reject, wizard.remove):
        with pytest.raises(NotFound):
            act("AA:BB", by=ENA)


def test_what_cannot_be_audited_is_not_done(
    store: Store,
    wizard: Certificates,
    plc: x509.Certificate,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused(store, plc, now_of(clock))

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("storage.unit_of_work.append_entry", full)
    with pytest.raises(OSError, match="disk full"):
        wizard.trust(fingerprint(plc), by=ENA)
    assert kinds(wizard) == [("rejected", "certificate_no_trust")]


def test_the_end_of_a_certificate_is_told_60_30_and_7_days_before(
    store: Store, plc: x509.Certificate, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    TrustFolder(store.folder.pki).trust(plc)
    caplog.set_level(logging.WARNING)
    watch = ExpiryWatch(store.folder.pki, clock=clock)
    watch.look()
    assert watch.warnings == ()
    told = []
    for days_left in (61, 60, 30, 29, 7, -1):
        until = plc.not_valid_after_utc - timedelta(days=days_left)
        clock.wall_us = round(until.timestamp() * 1e6)
        clock.elapsed_s += LOOK_EVERY_S
        watch.look()
        told.append([(each.days_left, each.within_days) for each in watch.warnings])
    assert told == [[], [(60, 60)], [(30, 30)], [(29, 30)], [(7, 7)], [(-1, 0)]]
    assert watch.warnings == (ExpiryWarning("trusted", "CN=plc", fingerprint(plc), -1, 0),)
    assert len([r for r in caplog.records if "ends in" in r.getMessage()]) == 4, "once for each step"


def test_the_watch_looks_every_ten_minutes(store: Store, plc: x509.Certificate, clock: FakeClock) -> None:
    watch = ExpiryWatch(store.folder.pki, clock=clock)
    watch.look()
    TrustFolder(store.folder.pki).trust(plc)
    clock.wall_us = round((plc.not_valid_after_utc - timedelta(days=3)).timestamp() * 1e6)
    clock.elapsed_s += LOOK_EVERY_S - 1
    watch.look()
    assert watch.warnings == ()
    clock.elapsed_s += 1
    watch.look()
    assert [each.within_days for each in watch.warnings] == [7]
