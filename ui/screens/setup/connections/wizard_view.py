"""The frame of the three steps: where one is, what was kept, and the ways on and back."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from domain.plant.templates import MachineClass
from services.set_up.link_draft import DEVICE, OFFER, STEPS, VALUES, LinkDraft
from ui.screens.setup.connections.browse_page import BrowsePage
from ui.screens.setup.connections.device_page import DevicePage
from ui.screens.setup.connections.register_page import RegisterPage
from ui.screens.setup.connections.values_page import ValuesPage
from ui.screens.setup.connections.words import kind_name
from ui.text import tr
from ui.theme import NAME
from ui.widgets.elided_label import ElidedLabel
from ui.widgets.form import HintLine, send_keys
from ui.widgets.hold_button import HoldButton
from ui.widgets.key_button import KeyButton, SegmentedButtons
from ui.widgets.panel import label


class WizardView(QWidget):
    """Header, one page per step, footer."""

    step_chosen = Signal(str)
    back_asked = Signal()
    next_asked = Signal()
    left = Signal()
    """The person goes away; the draft stays."""
    discarded = Signal()
    undo_asked = Signal()
    redo_asked = Signal()

    def __init__(self, classes: Sequence[MachineClass]) -> None:
        super().__init__()
        self.device, self.browse, self.registers = DevicePage(), BrowsePage(), RegisterPage()
        self.values = ValuesPage(classes)
        self._title, self._kept = ElidedLabel(size=NAME, is_title=True), label("", role="caption")
        self.steps = SegmentedButtons(
            [
                (DEVICE, tr("Link", "1  Device")),
                (OFFER, tr("Link", "2  What it offers")),
                (VALUES, tr("Link", "3  What it means")),
            ],
            name=tr("Link", "Steps"),
            is_low=True,
        )
        self.pages = QStackedWidget()
        for page in (self.device, self.browse, self.registers, self.values):
            self.pages.addWidget(page)
        self.said = HintLine()
        self.close_it = KeyButton(tr("Link", "Close"), key="Esc")
        self.discard = HoldButton(tr("Link", "Throw away"))
        self.back = KeyButton(tr("Link", "Back"))
        self.forth = KeyButton(tr("Link", "Next"), key="Ctrl+Enter", is_primary=True)
        self._build()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self._kept, 1)
        head.addWidget(self.steps)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.close_it)
        foot.addWidget(self.discard)
        foot.addWidget(self.said, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.forth)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.pages, 1)
        column.addLayout(foot)
        self.steps.chosen.connect(self.step_chosen)
        self.close_it.clicked.connect(self.left)
        self.discard.held.connect(self.discarded)
        self.back.clicked.connect(self.back_asked)
        self.forth.clicked.connect(self.next_asked)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self._send)
        self._key("Ctrl+T", self.device.test.asked)
        self._key("Ctrl+Z", self.undo_asked)
        self._key("Ctrl+Y", self.redo_asked)
        self._key("Escape", self._escape)

    def _key(self, keys: str, act: SignalInstance | Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def _send(self) -> None:
        """Send what one is in: the new machine, else the step."""
        if self.values.is_naming_machine:
            self.values.machine.add.click()
        else:
            self.next_asked.emit()

    def _escape(self) -> None:
        """Leave what is in front: the new machine, else the set-up of the device."""
        if self.pages.currentWidget() is self.values and self.values.is_asking_machine:
            self.values.show_panel()
        else:
            self.left.emit()

    def show_step(self, draft: LinkDraft, *, can_browse: bool) -> None:
        """Bring the page of the draft's step forward."""
        page: QWidget = self.device
        if draft.step == OFFER:
            page = self.browse if can_browse else self.registers
        elif draft.step == VALUES:
            page = self.values
        self.pages.setCurrentWidget(page)
        self.steps.choose(draft.step)
        self.back.setEnabled(draft.step != DEVICE)
        self._word_next(draft)
        self.said.say("")

    def _word_next(self, draft: LinkDraft) -> None:
        place = STEPS.index(draft.step)
        words = (tr("Link", "Next: what it offers"), tr("Link", "Next: what it means"))
        if place < len(words):
            self.forth.set_words(words[place])
        else:
            is_new = draft.before is None
            self.forth.set_words(tr("Link", "Connect") if is_new else tr("Link", "Save changes"))

    def show_head(self, draft: LinkDraft, kept: str) -> None:
        """Name the device and say when it was kept."""
        name = draft.name.strip() or tr("Link", "New device")
        self._title.set_words(f"{name}  ({kind_name(draft.kind)})")
        place = STEPS.index(draft.step) + 1
        step = tr("Link", "step {place} of {count}", place=place, count=len(STEPS))
        self._kept.setText(" \u00b7 ".join(filter(None, (step, kept))))

    def say(self, words: str, *, is_marked: bool = True) -> None:
        """Say beside the buttons why it does not go on, or what is being done."""
        self.said.say(words, is_marked=is_marked)
