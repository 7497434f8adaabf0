"""When was it: now, so long ago, or when it was typed."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from domain.instants import MICROSECONDS_PER_SECOND
from ui.formatting import PlantTime
from ui.screens.reporting.drafts import Moment
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.key_button import SegmentedButtons
from ui.widgets.panel import label

MINUTES_AGO = (0, 15, 30, 60, 240)
TYPED = "typed"
MINUTE_US = 60 * MICROSECONDS_PER_SECOND


class WhenChoice(QWidget):
    """Choices in minutes, and the clock time they mean.

    What was typed before with "now" offers that instant as a choice of its own.
    """

    changed = Signal()

    def __init__(self, words: str, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> None:
        super().__init__()
        self._plant_time, self._now_us = plant_time, now_us
        self._moment = self._typed = Moment()
        self._buttons = SegmentedButtons(_choices(), name=words)
        self._with_typed = SegmentedButtons(
            [(TYPED, tr("Reporting", "As typed")), *_choices()], name=words, is_low=True
        )
        self._clock = label("", size=CAPTION, role="caption")
        head = QHBoxLayout()
        head.addWidget(label(words, size=CAPTION, role="title"), 1)
        head.addWidget(self._clock)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        for buttons in (self._buttons, self._with_typed):
            column.addWidget(buttons)
            buttons.chosen.connect(self._choose)
        self._with_typed.hide()

    @property
    def moment(self) -> Moment:
        """What is chosen."""
        return self._moment

    def show_moment(self, moment: Moment) -> None:
        """Show a choice without telling anyone."""
        self._typed = moment if _is_typed(moment) else Moment()
        self._with_typed.setVisible(_is_typed(moment))
        self._buttons.setHidden(_is_typed(moment))
        self._show(moment)

    def _show(self, moment: Moment) -> None:
        self._moment = moment
        if _is_typed(moment):
            self._with_typed.choose(TYPED)
        else:
            for buttons in (self._buttons, self._with_typed):
                buttons.choose(str(moment.minutes_ago))
        at_us = moment.at_us
        words = "" if at_us is None else self._plant_time().brief(at_us, now_us=self._now_us())
        self._clock.setText(words)

    def _choose(self, key: str) -> None:
        if key == TYPED:
            self._show(self._typed)
        else:
            minutes = int(key)
            self._show(Moment(minutes, self._now_us() - minutes * MINUTE_US if minutes else None))
        self.changed.emit()


def _is_typed(moment: Moment) -> bool:
    return moment.minutes_ago == 0 and moment.at_us is not None


def _choices() -> list[tuple[str, str]]:
    return [(str(each), _name(each)) for each in MINUTES_AGO]


def _name(minutes: int) -> str:
    if minutes == 0:
        return tr("Reporting", "Now")
    if minutes < 60:
        return tr("Reporting", "{count} min", count=minutes)
    return tr("Reporting", "{count} h", count=minutes // 60)
