"""Events of services, which come from any thread, as one Qt signal in the main thread.

A bounded buffer is emptied ten times a second: however many events come, the window stays alive.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

DRAIN_MS = 100
CAPACITY = 10_000


class EventSource(Protocol):
    """Where events come from: the services' event bus."""

    def subscribe(self, handler: Callable[[object], None]) -> Callable[[], None]:
        """Call ``handler`` with each event, in any thread; return how to end it."""
        ...


class EventBridge(QObject):
    """Collects events and delivers them as tuples."""

    delivered = Signal(tuple)
    """Events since the last delivery, in order."""

    def __init__(self, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[object] = deque()
        self._lock = threading.Lock()
        self._leave: Callable[[], None] | None = None
        self.lost = 0
        """Events that did not fit; a listener that sees it grow reads everything anew."""
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_MS)
        self._timer.timeout.connect(self.drain)
        self._timer.start()

    def listen_to(self, source: EventSource) -> None:
        """Take the events of a source; the one before is left."""
        self.close()
        self._leave = source.subscribe(self.publish)
        self._timer.start()

    def publish(self, event: object) -> None:
        """Take one event; may be called in any thread, never blocks."""
        with self._lock:
            if len(self._waiting) >= CAPACITY:
                self.lost += 1
            else:
                self._waiting.append(event)

    def drain(self) -> None:
        """Deliver what has come."""
        if not self._waiting:
            return
        with self._lock:
            events, self._waiting = tuple(self._waiting), deque()
        self.delivered.emit(events)

    def close(self) -> None:
        """Leave the source."""
        self._timer.stop()
        if self._leave is not None:
            self._leave()
            self._leave = None
