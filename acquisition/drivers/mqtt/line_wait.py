"""The wait of one thread for one socket, which other threads can end."""

import contextlib
import selectors
import socket
from typing import Final, Protocol

_READ: Final = selectors.EVENT_READ
_WRITE: Final = selectors.EVENT_WRITE


class Line(Protocol):
    """What can be waited for."""

    def fileno(self) -> int: ...


class LineWait:
    """Waits until a line can be read or written, or until ``wake``; only ``wake`` is for other threads.

    A selector and not ``select``, which knows no file number above 1023: a large plant has more files open.
    """

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        for end in (self._near, self._far):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, _READ)
        self._asked = 0

    def wake(self) -> None:
        """End the present wait, or the next one when there is none; never blocks."""
        with contextlib.suppress(OSError):  # full: it has not yet noticed the last time; closed: it is over
            self._far.send(b"\0")

    def wait(self, line: Line, *, reads: bool, writes: bool, within_s: float) -> tuple[bool, bool]:
        """Return whether the line, the same each time, can be read and written, of what was asked."""
        self._ask(line, (_READ if reads else 0) | (_WRITE if writes else 0))
        found = {key.fileobj: events for key, events in self._selector.select(within_s)}
        if self._near in found:
            self._near.recv(4096)
        events = found.get(line, 0)
        return bool(events & _READ), bool(events & _WRITE)

    def close(self) -> None:
        """Let everything go; once more is no harm."""
        self._selector.close()
        self._near.close()
        self._far.close()

    def _ask(self, line: Line, events: int) -> None:
        if events == self._asked:
            return
        if not self._asked:
            self._selector.register(line, events)
        elif not events:
            self._selector.unregister(line)
        else:
            self._selector.modify(line, events)
        self._asked = events
