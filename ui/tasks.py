"""The only way off the main thread: work goes to the database lane, its result comes back.

The result finds its consumer through a weak registry in the main thread. When that is gone (its screen
closed, its window deleted), the result is dropped without a word [F55].
"""

import logging
import queue
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

log = logging.getLogger(__name__)

T = TypeVar("T")
Callback = Callable[[Any], None]
JOIN_S = 3.0


class Ticket:
    """Names one piece of work; ``cancel`` forgets its result."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_cancelled = False

    def cancel(self) -> None:
        """Forget the result; work that has not begun is not done."""
        self.is_cancelled = True


@dataclass(frozen=True, slots=True)
class _Consumer:
    done: Callable[[], Callback | None]
    failed: Callable[[], Callback | None]
    ticket: Ticket
    outlives_window: bool


class _Relay(QObject):
    """Carries results from the lane into the main thread."""

    arrived = Signal(int, object, object)


def _weakly(callback: Callback | None) -> Callable[[], Callback | None]:
    """Return a look-up of a callback that does not keep a bound method's owner alive."""
    if callback is None:
        return _nobody
    owner = getattr(callback, "__self__", None)
    if owner is None:
        return _Always(callback)
    return _OfOwner(weakref.WeakMethod(callback), isinstance(owner, QObject))


def _nobody() -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Always:
    callback: Callback

    def __call__(self) -> Callback | None:
        return self.callback


@dataclass(frozen=True, slots=True)
class _OfOwner:
    method: "weakref.WeakMethod[Callback]"
    is_qt: bool

    def __call__(self) -> Callback | None:
        callback = self.method()
        if callback is None or (self.is_qt and not isValid(callback.__self__)):  # type: ignore[attr-defined]
            return None
        return callback


class Lane(Protocol):
    """Where work is done off the main thread."""

    def run(
        self,
        work: Callable[[], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
        outlives_window: bool = False,
    ) -> Ticket:
        """Do ``work``, then call ``done`` or ``failed`` in the main thread."""
        ...


class Tasks(QObject):
    """One lane: work is done in the order it was asked for, one at a time."""

    def __init__(self, *, name: str = "database-lane", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work: queue.SimpleQueue[tuple[Ticket, Callable[[], Any]] | None] = queue.SimpleQueue()
        self._consumers: dict[int, _Consumer] = {}
        self._next = 0
        self._is_closed = False
        self._relay = _Relay(self)
        self._relay.arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many results are still awaited."""
        return len(self._consumers)

    def run(
        self,
        work: Callable[[], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
        outlives_window: bool = False,
    ) -> Ticket:
        """Do ``work`` off the main thread; then call ``done`` with its result or ``failed`` with its error.

        ``work`` must touch no widget. Pass bound methods: their owner is not kept alive. Without ``failed``
        an error is logged. Work that ``outlives_window`` is done even when it waits while the lane closes.
        """
        self._next += 1
        ticket = Ticket(self._next)
        if self._is_closed:
            ticket.cancel()
            return ticket
        self._consumers[ticket.number] = _Consumer(_weakly(done), _weakly(failed), ticket, outlives_window)
        self._work.put((ticket, work))
        return ticket

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            ticket, work = item
            result: Any = None
            error: BaseException | None = None
            if not ticket.is_cancelled:
                # The outer edge of the lane: whatever happens comes back as a value.
                try:
                    result = work()
                except Exception as caught:
                    error = caught
            if isValid(self._relay):
                self._relay.arrived.emit(ticket.number, result, error)

    def _deliver(self, number: int, result: Any, error: BaseException | None) -> None:
        consumer = self._consumers.pop(number, None)
        if consumer is None or consumer.ticket.is_cancelled or self._is_closed:
            return
        if error is None:
            callback, value = consumer.done(), result
        else:
            callback, value = consumer.failed(), error
            if callback is None:
                log.error("background work failed", exc_info=error)
        if callback is not None:
            callback(value)

    def close(self) -> bool:
        """Finish the work under way and end the lane; False when it does not end within 3 s."""
        self._is_closed = True
        for consumer in self._consumers.values():
            if not consumer.outlives_window:
                consumer.ticket.cancel()
        self._consumers.clear()
        self._work.put(None)
        self._thread.join(JOIN_S)
        return not self._thread.is_alive()


class Scope:
    """The lane as one screen has it: when the screen ends, what it still waits for is dropped.

    A screen that is gone may live on as garbage for a while, its widgets do not.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._tickets: weakref.WeakSet[Ticket] = weakref.WeakSet()
        self._is_closed = False

    def run(
        self,
        work: Callable[[], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
        outlives_window: bool = False,
    ) -> Ticket:
        """Do work as ``Tasks.run`` does, until the end of the screen."""
        ticket = self._lane.run(work, done=done, failed=failed, outlives_window=outlives_window)
        if self._is_closed and not outlives_window:
            ticket.cancel()
        elif not outlives_window:
            self._tickets.add(ticket)
        return ticket

    def close(self) -> None:
        """Drop what is waited for; work that outlives the window is done and told all the same."""
        self._is_closed = True
        for ticket in self._tickets:
            ticket.cancel()
