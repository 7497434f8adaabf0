"""One drawing clock for all screens: 10, 4, 2 or 1 Hz each, and only for what can be seen."""

import logging
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from domain.instants import Clock

log = logging.getLogger(__name__)

TICK_MS = 50


class Rate(IntEnum):
    """How many ticks of 50 ms lie between two drawings: 10, 4, 2 and 1 Hz."""

    SPECTRA = 2
    TRENDS = 5
    TABLES = 10
    TILES = 20


@dataclass(slots=True)
class _Entry:
    widget: "weakref.ref[QWidget]"
    draw: Callable[[int], None]
    rate: Rate
    failures: int = field(default=0)


class RefreshClock(QObject):
    """Calls ``draw(now_us)`` of each visible widget at its rate; phases are spread over the ticks."""

    def __init__(self, clock: Clock, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._entries: list[_Entry] = []
        self._ticks = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start()

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()

    def add(self, widget: QWidget, draw: Callable[[int], None], rate: Rate) -> None:
        """Serve a widget as long as it lives."""
        self._entries.append(_Entry(weakref.ref(widget), draw, rate))

    def remove(self, widget: QWidget) -> None:
        """Serve a widget no longer."""
        self._entries = [entry for entry in self._entries if entry.widget() is not widget]

    def tick(self) -> None:
        """Draw what is due and visible."""
        now_us = self._clock.now_us()
        self._ticks += 1
        dead = False
        for place, entry in enumerate(self._entries):
            widget = entry.widget()
            if widget is None or not isValid(widget):
                dead = True
            elif (self._ticks + place) % entry.rate == 0 and _is_seen(widget):
                self._draw(entry, now_us)
        if dead:
            self._entries = [e for e in self._entries if (w := e.widget()) is not None and isValid(w)]

    def _draw(self, entry: _Entry, now_us: int) -> None:
        """The outer edge of drawing: one failing widget must not stop the others."""
        try:
            entry.draw(now_us)
            entry.failures = 0
        except Exception:
            entry.failures += 1
            if entry.failures in (1, 10, 100):
                log.exception("drawing failed %d times in a row", entry.failures)


def _is_seen(widget: QWidget) -> bool:
    return widget.isVisible() and not widget.window().isMinimized()
