"""The sheet of a round: every value of a machine that is read by hand, sent together [ACQ-5]."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from ui.formatting import PlantTime
from ui.screens.reporting.drafts import LineDraft, RoundDraft
from ui.screens.reporting.round_line import LineState, RoundLine
from ui.screens.reporting.when import WhenChoice
from ui.text import tr
from ui.theme import NAME
from ui.widgets.form import HintLine, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState, Loading
from ui.widgets.panel import Separator, label

LOADING, EMPTY, ROUND = range(3)


class RoundSheet(QWidget):
    """Shows the lines of a round; knows nothing of services."""

    changed = Signal()
    line_changed = Signal(int)
    line_settled = Signal(int)
    sent = Signal()
    past_asked = Signal(int)
    given_up = Signal()
    """The operator does not wait for the lines."""

    def __init__(self, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> None:
        super().__init__()
        self._machine = label("", size=NAME, strong=True)
        self._when = WhenChoice(tr("Reporting", "How long ago?"), plant_time=plant_time, now_us=now_us)
        self._told, self._no_right = HintLine(), HintLine()
        self._send = KeyButton(tr("Reporting", "Send"), key="Ctrl+Enter", is_primary=True)
        self._scroll = QScrollArea()
        self.lines: dict[int, RoundLine] = {}
        self._may = True
        self._build()

    def _build(self) -> None:
        self._pages = QStackedLayout(self)
        loading = Loading()
        loading.cancelled.connect(self.given_up)
        self._pages.addWidget(loading)
        self._pages.addWidget(
            EmptyState(
                tr("Reporting", "No value of this machine is read by hand."),
                why=tr("Reporting", "A value is read by hand when the set-up gives it no connection."),
            )
        )
        page = QWidget()
        self._pages.addWidget(page)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._machine)
        column.addWidget(self._no_right)
        self._scroll.setObjectName("scroll")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._when)
        column.addSpacing(8)
        column.addWidget(self._send)
        column.addWidget(self._told)
        self._when.changed.connect(self.changed)
        self._send.clicked.connect(self.sent)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self._send.click)

    # ---- what it shows

    def show_loading(self) -> None:
        """Wait for the lines of another machine."""
        self._pages.setCurrentIndex(LOADING)
        self._told.say("")

    def show_round(self, name: str, states: Sequence[LineState], draft: RoundDraft, *, no_right: str) -> None:
        """Show what is to be read; ``no_right`` says who may when this person may not."""
        self._machine.setText(name)
        self._may = not no_right
        self._no_right.say(no_right)
        self._no_right.setVisible(bool(no_right))
        self._when.show_moment(draft.when)
        self._when.setEnabled(self._may)
        self._send.setEnabled(self._may)
        self._send.setToolTip(no_right)
        self._pages.setCurrentIndex(ROUND if states else EMPTY)
        self._make_lines(states, draft.lines)

    def _make_lines(self, states: Sequence[LineState], drafts: Mapping[int, LineDraft]) -> None:
        body = QWidget()
        body.setObjectName("scrollbody")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(0)
        self.lines = {}
        for state in states:
            line = RoundLine(state, drafts.get(state.key, LineDraft()), read_only=not self._may)
            line.changed.connect(self._edit)
            line.settled.connect(self.line_settled)
            line.left.connect(self._go_on)
            line.past_asked.connect(self.past_asked)
            self.lines[state.key] = line
            column.addWidget(line)
            column.addWidget(Separator())
        column.addStretch(1)
        self._scroll.setWidget(body)

    def begin(self, key: int | None = None) -> None:
        """Put the focus on a line, or the first."""
        line = self.lines.get(key) if key is not None else next(iter(self.lines.values()), None)
        if line is not None and self._may:
            line.take_focus()
            self._scroll.ensureWidgetVisible(line)

    @property
    def is_loading(self) -> bool:
        """Whether the lines are not there yet."""
        return self._pages.currentIndex() == LOADING

    @property
    def current(self) -> int | None:
        """The key of the line that has the focus."""
        focus = self.focusWidget()
        return next((key for key, line in self.lines.items() if line.isAncestorOf(focus)), None)

    def say(self, words: str, *, is_marked: bool = False) -> None:
        """Say what became of the round."""
        self._told.say(words, is_marked=is_marked)

    @property
    def told(self) -> str:
        """What was said last."""
        return self._told.text()

    def show_busy(self, busy: bool) -> None:
        """Do not take a second order while the first is under way."""
        self._send.setEnabled(self._may and not busy)

    @property
    def draft(self) -> RoundDraft:
        """What stands in the sheet."""
        lines = {key: line.draft for key, line in self.lines.items()}
        return RoundDraft(
            self._when.moment, {key: each for key, each in lines.items() if each != LineDraft()}
        )

    # ---- what the operator does

    def _edit(self, key: int) -> None:
        self._told.say("")
        self.line_changed.emit(key)
        self.changed.emit()

    def _go_on(self, key: int) -> None:
        """Enter leads to the next field, after the last one to Send."""
        keys = list(self.lines)
        place = keys.index(key) + 1
        if place < len(keys):
            self.begin(keys[place])
        else:
            self._send.setFocus()
