"""Publish and subscribe inside one process; handlers run in the publisher's thread and must be quick."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

Handler = Callable[[object], None]


class EventBus:
    """Delivers each event to every handler; one that fails does not stop the others."""

    def __init__(self) -> None:
        self._handlers: list[Handler] = []
        self._lock = threading.Lock()

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Call the handler with each event from now on; return how to end it."""
        with self._lock:
            self._handlers.append(handler)

        def leave() -> None:
            with self._lock:
                if handler in self._handlers:
                    self._handlers.remove(handler)

        return leave

    def publish(self, event: object) -> None:
        """Tell every handler."""
        with self._lock:
            handlers = tuple(self._handlers)
        for handler in handlers:
            try:
                handler(event)
            except Exception:  # the bus's outer edge: one listener must not silence the others
                _log.exception("a listener failed on %r", event)
