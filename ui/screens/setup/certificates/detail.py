"""One certificate: what a person compares, and what he may do with it."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from services.certificates import CertificateKind, CertificateView
from ui.formatting import PlantTime
from ui.screens.setup.certificates import words
from ui.screens.setup.certificates.fingerprint import FingerprintView
from ui.text import tr
from ui.theme import CAPTION, NAME
from ui.widgets.confirm_box import ConfirmBox
from ui.widgets.fact_grid import FactGrid
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Panel, Separator, label

WIDTH = 380


class CertificateDetail(Panel):
    """Signals what was decided, with the reason where one is asked; shows one certificate at a time."""

    trusted = Signal(str)
    rejected = Signal()
    removed = Signal()
    renewed = Signal(str)
    save_asked = Signal()
    put_away = Signal()
    """The certificate of a file was looked at and not trusted."""

    def __init__(self, *, plant_time: Callable[[], PlantTime], refusal: str) -> None:
        super().__init__(tr("Certificates", "Certificate"))
        self._plant_time, self._refusal = plant_time, refusal
        self.view: CertificateView | None = None
        self._is_from_file = False
        self._act: Callable[[str], None] | None = None
        self.name, self.sentence = _wrapped(NAME, strong=True), _wrapped()
        self.facts = {key: _wrapped() for key in ("issuer", "valid", "uris", "hosts", "vouches")}
        self.fingerprint = FingerprintView()
        self.copy = KeyButton(tr("Certificates", "Copy fingerprint"), icon="copy")
        self.trust = KeyButton(tr("Certificates", "Trust\u2026"), icon="check")
        self.reject = KeyButton(tr("Certificates", "Reject"), icon="close")
        self.remove = KeyButton(tr("Certificates", "Remove\u2026"))
        self.save = KeyButton(tr("Certificates", "Save to a file\u2026"), icon="export")
        self.renew = KeyButton(tr("Certificates", "Renew\u2026"))
        self.confirm = ConfirmBox()
        self._pages = QStackedWidget()
        self.setMinimumWidth(WIDTH)
        self._build()
        self._connect()

    def _build(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.name)
        column.addWidget(self.sentence)
        column.addWidget(Separator())
        column.addLayout(self._grid())
        column.addWidget(Separator())
        column.addWidget(label(tr("Certificates", "Fingerprint, SHA-256"), size=CAPTION, role="title"))
        column.addWidget(self.fingerprint)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        column.addWidget(self.confirm)
        column.addWidget(self._acts())
        if self._refusal:
            column.addWidget(_wrapped(CAPTION, role="caption", text=self._refusal))
        self._pages.addWidget(
            EmptyState(
                tr("Certificates", "No certificate chosen."),
                why=tr("Certificates", "What to compare before trusting, and the acts, stand here."),
            )
        )
        self._pages.addWidget(content)
        self.body.addWidget(self._pages)

    def _grid(self) -> FactGrid:
        names = {
            "valid": tr("Certificates", "Valid"),
            "issuer": tr("Certificates", "Issued by"),
            "uris": tr("Certificates", "Application"),
            "hosts": tr("Certificates", "Hosts"),
            "vouches": tr("Certificates", "Vouches"),
        }
        return FactGrid(self.facts, names)

    def _acts(self) -> QWidget:
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for each in (self.trust, self.reject, self.remove, self.save, self.renew):
            each.setEnabled(not self._refusal)
            each.setToolTip(self._refusal)
            row.addWidget(each)
        row.addStretch(1)
        return self._row

    def _connect(self) -> None:
        self.copy.clicked.connect(self._copy)
        self.trust.clicked.connect(self.ask_trust)
        self.reject.clicked.connect(self.rejected)
        self.remove.clicked.connect(self._ask_remove)
        self.renew.clicked.connect(self.ask_renew)
        self.save.clicked.connect(self.save_asked)
        self.confirm.confirmed.connect(self._agreed)
        self.confirm.cancelled.connect(self._cancelled)

    # ---- what is shown

    def show_certificate(self, view: CertificateView | None, *, is_from_file: bool = False) -> None:
        """Show a certificate, None for nothing; a question about another one is put away."""
        is_same = view is not None and self.view is not None and _key(view) == _key(self.view)
        self.view, self._is_from_file = view, is_from_file
        self._pages.setCurrentIndex(0 if view is None else 1)
        if not is_same:
            self._close_question()
        if view is not None:
            self._fill(view)

    def _fill(self, view: CertificateView) -> None:
        self.name.setText(words.name_of(view.subject))
        self.name.setToolTip(view.subject)
        self.sentence.setText(words.sentence(view))
        valid = tr(
            "Certificates",
            "until {day}, {left}",
            day=words.ends(view, self._plant_time()),
            left=words.left(view),
        )
        self.facts["valid"].setText(valid)
        self.facts["issuer"].setText(words.issuer(view))
        self.facts["issuer"].setToolTip(view.issuer)
        self.facts["uris"].setText(words.listed(view.application_uris))
        self.facts["hosts"].setText(words.listed(view.hosts))
        self.facts["vouches"].setText(words.vouches(view))
        self.fingerprint.show_fingerprint(view.fingerprint)
        kind = view.kind
        self.trust.setVisible(kind is CertificateKind.REJECTED)
        self.remove.setVisible(kind is CertificateKind.REJECTED and not self._is_from_file)
        self.reject.setVisible(kind is CertificateKind.TRUSTED)
        self.save.setVisible(kind is CertificateKind.OWN)
        self.renew.setVisible(kind is CertificateKind.OWN)

    # ---- questions

    def ask_trust(self) -> None:
        """Ask before values of a server are believed."""
        if self.view is None:
            return
        effect = (
            tr("Certificates", "Every server that this authority vouches for will be believed.")
            if self.view.can_vouch
            else tr("Certificates", "Values of this server will be believed.")
        )
        compare = tr("Certificates", "Compare all 32 pairs with what the device itself shows first.")
        self._ask(
            self.trusted.emit,
            tr("Certificates", "Trust {name}?", name=words.name_of(self.view.subject)),
            effect=f"{effect} {compare}",
            act=tr("Certificates", "Trust"),
            reason=tr("Certificates", "How was it compared?"),
        )

    def _ask_remove(self) -> None:
        if self.view is not None:
            self._ask(
                self._tell_removed,
                tr("Certificates", "Remove {name}?", name=words.name_of(self.view.subject)),
                effect=tr(
                    "Certificates", "It leaves the list. It is listed anew when its server is tried again."
                ),
                act=tr("Certificates", "Remove"),
            )

    def ask_renew(self) -> None:
        """Ask before every server sees another certificate."""
        self._ask(
            self.renewed.emit,
            tr("Certificates", "Renew our certificate?"),
            effect=tr(
                "Certificates",
                "Servers refuse us until they trust the new one, and values stop meanwhile. "
                "The present one is kept beside it.",
            ),
            act=tr("Certificates", "Renew"),
            reason=tr("Certificates", "Why is it renewed?"),
        )

    def _ask(
        self, act_on: Callable[[str], None], title: str, *, effect: str, act: str, reason: str = ""
    ) -> None:
        self._act = act_on
        self._row.hide()
        self.confirm.ask(title, effect=effect, act=act, reason=reason)

    def _tell_removed(self, reason: str) -> None:
        self.removed.emit()

    def _agreed(self, reason: str) -> None:
        act = self._act
        self._close_question()
        if act is not None:
            act(reason)

    def _cancelled(self) -> None:
        self._close_question()
        if self._is_from_file:
            self.put_away.emit()

    def _close_question(self) -> None:
        self._act = None
        self.confirm.hide()
        self._row.show()

    def _copy(self) -> None:
        if self.view is not None:
            QGuiApplication.clipboard().setText(self.view.fingerprint)


def _key(view: CertificateView) -> tuple[CertificateKind, str]:
    return view.kind, view.fingerprint


def _wrapped(size: int = 13, *, strong: bool = False, role: str = "text", text: str = "") -> QLabel:
    made = label(text, size=size, strong=strong, role=role)
    made.setWordWrap(True)
    return made
