"""When was it: now, or so long ago."""

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
MINUTE_US = 60 * MICROSECONDS_PER_SECOND


class WhenChoice(QWidget):
    """Choices in minutes, and the clock time they mean."""

    changed = Signal()

    def __init__(self, words: str, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> None:
        super().__init__()
        self._plant_time, self._now_us = plant_time, now_us
        self._moment = Moment()
        self._buttons = SegmentedButtons([(str(each), _name(each)) for each in MINUTES_AGO], name=words)
        self._clock = label("", size=CAPTION, role="caption")
        head = QHBoxLayout()
        head.addWidget(label(words, size=CAPTION, role="title"), 1)
        head.addWidget(self._clock)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._buttons)
        self._buttons.chosen.connect(self._choose)

    @property
    def moment(self) -> Moment:
        """What is chosen."""
        return self._moment

    def show_moment(self, moment: Moment) -> None:
        """Show a choice without telling anyone."""
        self._moment = moment
        self._buttons.choose(str(moment.minutes_ago))
        at_us = moment.at_us
        words = "" if at_us is None else self._plant_time().brief(at_us, now_us=self._now_us())
        self._clock.setText(words)

    def _choose(self, key: str) -> None:
        minutes = int(key)
        at_us = self._now_us() - minutes * MINUTE_US if minutes else None
        self.show_moment(Moment(minutes, at_us))
        self.changed.emit()


def _name(minutes: int) -> str:
    if minutes == 0:
        return tr("Reporting", "Now")
    if minutes < 60:
        return tr("Reporting", "{count} min", count=minutes)
    return tr("Reporting", "{count} h", count=minutes // 60)
