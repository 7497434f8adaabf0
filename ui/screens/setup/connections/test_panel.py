"""What the device answered to a test, and how to trust one that was never seen before."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout

from domain.errors import ControlRoomError
from domain.plant.tags import ConnectionKind
from services.set_up.probing import ProbeReport
from ui.formatting import number
from ui.screens.link_words import UNSIGNED, UNTRUSTED, refusal_words
from ui.text import tr
from ui.theme import NAME
from ui.widgets.hold_button import HoldButton
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, label

PAIRS_A_LINE = 8


class TestPanel(Panel):
    """``asked`` and ``cancelled`` for the test itself, ``trusted`` with a fingerprint."""

    __test__ = False  # not a test of pytest

    asked = Signal()
    cancelled = Signal()
    trusted = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Link", "Test"))
        self._mark = ""
        self.sentence, self.more = label("", size=NAME, strong=True), label("", role="title")
        self.fingerprint = label("", role="text")
        for each in (self.sentence, self.more, self.fingerprint):
            each.setWordWrap(True)
        self.fingerprint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.start = KeyButton(tr("Link", "Test the device"), key="Ctrl+T", icon="link")
        self.cancel = KeyButton(tr("Link", "Cancel"))
        self.trust = HoldButton(tr("Link", "It is the same: trust this server"))
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addWidget(self.cancel)
        row.addStretch(1)
        self.body.addLayout(row)
        for widget in (self.sentence, self.more, self.fingerprint):
            self.body.addWidget(widget)
        self.body.addWidget(self.trust, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)
        self.start.clicked.connect(self.asked)
        self.cancel.clicked.connect(self.cancelled)
        self.trust.held.connect(self._on_trust)
        self.show_untested()

    def show_untested(self) -> None:
        """Nothing is known of the device yet."""
        self._say(
            tr("Link", "Not tested yet."),
            tr("Link", "A test connects once, as the collector will, and changes nothing in the device."),
        )

    @property
    def is_testing(self) -> bool:
        """Whether the device is being asked."""
        return not self.start.isEnabled()

    def show_testing(self) -> None:
        """The device is being asked."""
        self._say(tr("Link", "Asking the device\u2026"), "", is_busy=True)

    def show_report(self, report: ProbeReport, kind: ConnectionKind) -> None:
        """Say what the device answered."""
        if report.problem is not None:
            self.show_problem(report.problem)
            return
        took = tr("Link", "Connected in {ms} ms.", ms=number(report.took_ms, 0))
        self._say(took, "\n".join(_facts(report, kind)))

    def show_problem(self, problem: BaseException) -> None:
        """Say why the device cannot be reached; an unknown server's fingerprint is shown to compare."""
        key = problem.key if isinstance(problem, ControlRoomError) else ""
        if key in UNTRUSTED:
            assert isinstance(problem, ControlRoomError)
            self._ask_for_trust(str(problem.parameters["fingerprint"]))
            return
        self._say(tr("Link", "Not connected."), refusal_words(problem))

    def _ask_for_trust(self, mark: str) -> None:
        self._say(
            tr("Link", "This server is not trusted yet."),
            tr("Link", "Compare its fingerprint with the one shown at the server before you trust it:"),
        )
        pairs = mark.split(":")
        lines = [" ".join(pairs[at : at + PAIRS_A_LINE]) for at in range(0, len(pairs), PAIRS_A_LINE)]
        self._mark = mark
        self.fingerprint.setText("\n".join(lines))
        self.fingerprint.show()
        self.trust.show()

    def _say(self, sentence: str, more: str, *, is_busy: bool = False) -> None:
        self.sentence.setText(sentence)
        self.more.setText(more)
        self.more.setVisible(bool(more))
        self.fingerprint.hide()
        self.trust.hide()
        self.start.setEnabled(not is_busy)
        self.cancel.setVisible(is_busy)

    def _on_trust(self) -> None:
        self.trusted.emit(self._mark)


def _facts(report: ProbeReport, kind: ConnectionKind) -> list[str]:
    facts = []
    if report.is_unsigned:
        facts.append(tr("Link", UNSIGNED))
    elif kind is ConnectionKind.OPCUA:
        facts.append(tr("Link", "Signed, and known by its certificate."))
    if report.can_browse:
        facts.append(tr("Link", "It tells what it offers: step 2 lists it."))
    else:
        facts.append(tr("Link", "It does not tell what it offers: step 2 takes a register list."))
    return facts
