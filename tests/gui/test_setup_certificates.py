"""The certificates tab as a person uses it, on real certificates and a real store [S-11, S-16]."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from acquisition.certificates import (
    CertificateRefused,
    Peer,
    TrustFolder,
    application_certificate,
    fingerprint,
    x509_of,
)
from domain.roles import Actor, Role
from services.certificates import CertificateKind
from tests.gui.plant_stage import Stage, make_stage, put_away, settle
from ui.screens.setup.certificates.tab import CertificatesTab
from ui.screens.setup.certificates.words import name_of, pairs_of
from ui.screens.setup.screen import SetupScreen, make_setup
from ui.text import certificate_reason
from ui.theme import Theme

PEER = Peer("urn:plc:7", "plc-7")
OWN, TRUSTED, REFUSED = CertificateKind.OWN, CertificateKind.TRUSTED, CertificateKind.REJECTED


@pytest.fixture
def stage(tmp_path: Path, theme: Theme) -> Iterator[Stage]:
    made = make_stage(tmp_path / "plant")
    yield made
    made.close()


@pytest.fixture
def plc_file(tmp_path: Path) -> Path:
    return made_in(tmp_path / "plc", ended_days_ago=None)


def made_in(folder: Path, *, ended_days_ago: int | None) -> Path:
    began = datetime.now(UTC)
    if ended_days_ago is not None:
        began -= timedelta(days=5 * 365 + ended_days_ago)
    own = application_certificate(
        folder, name="PLC 7", application_uri=PEER.application_uri, hosts=[PEER.host], now=began
    )
    return own.certificate


@pytest.fixture
def plc(stage: Stage, plc_file: Path) -> x509.Certificate:
    """A server that was tried and refused."""
    certificate = x509_of(plc_file)
    with contextlib.suppress(CertificateRefused):
        trust_folder(stage).check(certificate, peer=PEER, now=datetime.now(UTC))
    return certificate


@pytest.fixture
def screen(stage: Stage) -> Iterator[SetupScreen]:
    made = make_setup(stage.workstation)(stage.context)
    assert isinstance(made, SetupScreen)
    made.view.resize(1310, 632)
    made.view.show()
    yield made
    made.close()
    put_away(made.view)


def opened(qtbot, stage: Stage, screen: SetupScreen) -> CertificatesTab:
    """Open the tab and wait until it has looked."""
    screen.open("certificates")
    tab = screen.tab("certificates")
    assert isinstance(tab, CertificatesTab)
    settle(qtbot, stage, screen.refresh, lambda: tab.table.isVisible() or tab.empty.isVisible())
    return tab


def trust_folder(stage: Stage) -> TrustFolder:
    return TrustFolder(stage.workstation.store.folder.pki)


def chosen_file(tab: CertificatesTab, path: Path) -> None:
    (sheet,) = tab.view.findChildren(QFileDialog)
    assert not sheet.isModal()
    sheet.fileSelected.emit(str(path))
    put_away(sheet)


def agree(qtbot, tab: CertificatesTab, reason: str = "") -> None:
    """Give the reason and hold the button for its second."""
    box = tab.detail.confirm
    tab.view.window().activateWindow()
    qtbot.waitUntil(box.cancel.hasFocus)  # Cancel is the default
    if reason:
        assert not box.confirm.isEnabled(), "no reason, no act"
        box.reason.setText(reason)
    with qtbot.waitSignal(box.confirmed, timeout=4000):
        QTest.mousePress(box.confirm, Qt.MouseButton.LeftButton)


def standing(tab: CertificatesTab) -> list[CertificateKind]:
    rows = tab.table.rows
    return [rows.row(place).kind for place in range(rows.rowCount())]


def acts(stage: Stage) -> list[tuple[str, object]]:
    entries = stage.writer.audit.entries(start_us=0, end_us=2**62, limit=10_000)
    return [(each.action, each.detail.get("reason")) for each in entries if each.kind == "certificate"]


def test_before_the_first_connection_ours_can_be_made(qtbot, stage: Stage, screen: SetupScreen) -> None:
    tab = opened(qtbot, stage, screen)
    assert tab.empty.isVisible()
    tab.empty.acted.emit()
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [OWN])
    assert tab.detail.save.isVisible()
    assert acts(stage) == [("renew", None)]


def test_a_refused_server_is_compared_and_trusted(
    qtbot, stage: Stage, screen: SetupScreen, plc: x509.Certificate
) -> None:
    tab = opened(qtbot, stage, screen)
    assert tab.detail.name.text() == "PLC 7", "what waits for a decision stands in front"
    assert "no server is trusted yet" in tab.detail.sentence.text()
    assert tab.detail.facts["uris"].text() == "urn:plc:7"
    assert tab.detail.fingerprint.accessibleDescription().replace(" ", ":") == fingerprint(plc)
    tab.detail.copy.click()
    assert QGuiApplication.clipboard().text() == fingerprint(plc)
    tab.detail.trust.click()
    assert "Values of this server will be believed" in tab.detail.confirm.accessibleDescription()
    agree(qtbot, tab, "read from the panel of the PLC")
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [TRUSTED])
    trust_folder(stage).check(plc, peer=PEER, now=datetime.now(UTC))
    assert acts(stage) == [("trust", "read from the panel of the PLC")]


def test_letting_go_early_or_cancelling_trusts_nobody(
    qtbot, stage: Stage, screen: SetupScreen, plc: x509.Certificate
) -> None:
    tab = opened(qtbot, stage, screen)
    tab.detail.trust.click()
    box = tab.detail.confirm
    box.reason.setText("in a hurry")
    QTest.mouseClick(box.confirm, Qt.MouseButton.LeftButton)
    assert box.isVisible()
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not box.isVisible()
    assert tab.detail.trust.isVisible()
    assert acts(stage) == []


def test_trust_is_taken_away_and_given_back_by_undo(
    qtbot, stage: Stage, screen: SetupScreen, plc: x509.Certificate
) -> None:
    trust_folder(stage).trust(plc)
    tab = opened(qtbot, stage, screen)
    tab.detail.reject.click()
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [REFUSED])
    assert "trust was taken away here" in tab.detail.sentence.text()
    tab.table.clearSelection()
    tab.done.undo.click()
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [TRUSTED])
    assert acts(stage) == [("reject", None), ("trust", "taken back")]


def test_a_refused_one_is_removed_from_the_list(
    qtbot, stage: Stage, screen: SetupScreen, plc: x509.Certificate
) -> None:
    tab = opened(qtbot, stage, screen)
    tab.detail.remove.click()
    agree(qtbot, tab)
    settle(qtbot, stage, screen.refresh, tab.empty.isVisible)
    assert acts(stage) == [("remove", None)]


def test_a_file_is_looked_at_before_it_is_trusted(
    qtbot, stage: Stage, screen: SetupScreen, plc_file: Path
) -> None:
    tab = opened(qtbot, stage, screen)
    tab.from_file.click()
    chosen_file(tab, plc_file)
    settle(qtbot, stage, screen.refresh, tab.detail.confirm.isVisible)
    assert tab.detail.fingerprint.accessibleDescription()
    tab.detail.confirm.cancel.click()
    assert tab.detail.view is None
    assert acts(stage) == []
    tab.from_file.click()
    chosen_file(tab, plc_file)
    settle(qtbot, stage, screen.refresh, tab.detail.confirm.isVisible)
    agree(qtbot, tab, "signed sheet of the maker")
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [TRUSTED])


def test_a_file_that_is_no_certificate_is_refused_in_words(
    qtbot, stage: Stage, screen: SetupScreen, tmp_path: Path
) -> None:
    (tmp_path / "notes.der").write_text("not a certificate", encoding="utf-8")
    tab = opened(qtbot, stage, screen)
    tab.from_file.click()
    chosen_file(tab, tmp_path / "notes.der")
    settle(qtbot, stage, screen.refresh, lambda: "notes.der is no certificate" in tab.done.accessibleName())
    assert not tab.done.undo.isVisible()


def test_ours_is_saved_and_renewed(qtbot, stage: Stage, screen: SetupScreen, tmp_path: Path) -> None:
    tab = opened(qtbot, stage, screen)
    tab.empty.acted.emit()
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [OWN])
    first = tab.table.rows.row(0).fingerprint
    tab.detail.save.click()
    chosen_file(tab, tmp_path / "ours.der")
    settle(qtbot, stage, screen.refresh, lambda: "Saved to" in tab.done.accessibleName())
    assert fingerprint(x509_of(tmp_path / "ours.der")) == first
    tab.detail.renew.click()
    assert "refuse us until they trust the new one" in tab.detail.confirm.accessibleDescription()
    agree(qtbot, tab, "ends next month")
    settle(qtbot, stage, screen.refresh, lambda: tab.table.rows.row(0).fingerprint != first)
    assert [action for action, _ in acts(stage)] == ["renew", "export", "renew"]


def test_what_has_ended_stands_in_words_and_in_bold(
    qtbot, stage: Stage, screen: SetupScreen, tmp_path: Path
) -> None:
    trust_folder(stage).trust(x509_of(made_in(tmp_path / "old", ended_days_ago=3)))
    tab = opened(qtbot, stage, screen)
    assert "days ago" in tab.table.copied_text()
    assert "ended" in tab.detail.facts["valid"].text()


def test_without_permission_the_acts_are_visible_but_disabled(
    qtbot, stage: Stage, plc: x509.Certificate
) -> None:
    stage.workstation.actor = Actor(stage.workstation.actor.user_id, Role.OPERATOR, "ws", "Mia")
    tab = CertificatesTab(stage.workstation, stage.context)
    tab.view.show()
    tab.open("")
    settle(qtbot, stage, tab.refresh, lambda: tab.detail.view is not None)
    for button in (tab.detail.trust, tab.detail.remove, tab.from_file):
        assert button.isVisible()
        assert not button.isEnabled()
        assert "Engineer" in button.toolTip()
    assert tab.detail.copy.isEnabled()
    tab.close()
    put_away(tab.view)


def test_looking_again_moves_neither_selection_nor_question(
    qtbot, stage: Stage, screen: SetupScreen, plc: x509.Certificate, tmp_path: Path
) -> None:
    """NEW-10: a server that turns up while somebody decides takes nothing away from him."""
    tab = opened(qtbot, stage, screen)
    tab.detail.trust.click()
    tab.detail.confirm.reason.setText("half typed")
    trust_folder(stage).trust(x509_of(made_in(tmp_path / "other", ended_days_ago=None)))
    tab.plant_changed()
    settle(qtbot, stage, screen.refresh, lambda: standing(tab) == [TRUSTED, REFUSED])
    assert tab.detail.confirm.isVisible()
    assert tab.detail.confirm.reason.text() == "half typed"
    assert tab.table.selected() == [(REFUSED, fingerprint(plc))]


@pytest.mark.parametrize(
    "reason", ["no_trust", "unknown", "distrusted", "expired", "not_yet_valid", "revoked", "uri", "host"]
)
def test_every_reason_of_a_refusal_has_words(reason: str) -> None:
    words = certificate_reason(f"certificate_{reason}")
    assert words
    assert not words.startswith("Certificate")


def test_names_and_pairs_are_readable() -> None:
    assert name_of("CN=PLC 7\\, left,O=Works") == "PLC 7, left"
    assert name_of("O=Works") == "O=Works"
    assert pairs_of(":".join(["AB"] * 32)) == ("AB AB AB AB AB AB AB AB",) * 4
