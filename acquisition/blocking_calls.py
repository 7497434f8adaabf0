"""Calls that may hang: a dead network share, a serial driver in trouble, a name server that is away.

The event loop's own pool is no place for them: it has as many threads as the PC has cores and four, so a few
that hang stop whoever else needs one, and it waits for them at the end of the process.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

from domain.plant.tags import Connection

P = ParamSpec("P")
T = TypeVar("T")

_LOOK_AGAIN_S: Final = 0.05
_IDLE_S: Final = 5.0
_GRACE_S: Final = 1.0


@dataclass(slots=True)
class _Call:
    make: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class CallThread:
    """Makes blocking calls for the event loop, one after the other, in a daemon thread of their own.

    Nothing is begun behind a call that hangs: whoever comes next waits, in whichever loop, and may give up.
    So a hanging call costs one thread, however often it is tried again, and never the end of the process. The
    thread ends when there was nothing to do for a while.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._not_over = 0
        self._is_running = False
        self._lock = threading.Lock()

    async def run(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what a call returns or raise what it raises. Who gives up waiting leaves it to itself."""
        while self._not_over:  # noqa: ASYNC110 -- another loop's, maybe
            await asyncio.sleep(_LOOK_AGAIN_S)
        return await asyncio.shield(self.begin(partial(call, *arguments, **named)))

    def begin(self, call: Callable[[], T]) -> asyncio.Future[T]:
        """Queue a call behind those that were begun, whoever waits for them; it is made in any case."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._not_over += 1
            self._calls.put(_Call(call, loop, answer))
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return answer

    def _work(self) -> None:
        while True:
            try:
                self._make(self._calls.get(timeout=_IDLE_S))
            except Empty:
                with self._lock:
                    if self._calls.empty():
                        self._is_running = False
                        return

    def _make(self, call: _Call) -> None:
        tell: Callable[[], None]
        try:
            tell = partial(call.answer.set_result, call.make())
        except BaseException as problem:  # the thread's outer edge: it is the caller's
            tell = partial(call.answer.set_exception, problem)
        with self._lock:
            self._not_over -= 1
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            call.loop.call_soon_threadsafe(tell)


class CallThreads:
    """The threads of connections. Drivers come and go; a call that hangs is not begun again by the next."""

    def __init__(self) -> None:
        self._threads: dict[UUID, tuple[Connection, CallThread]] = {}

    def of(self, connection: Connection) -> CallThread:
        """Return the thread of a connection: the same until it is set up in another way."""
        known, thread = self._threads.get(connection.id, (None, None))
        if thread is None or known != connection:
            thread = CallThread(connection.name)
            self._threads[connection.id] = connection, thread
        return thread


class ThreadEach(ThreadPoolExecutor):
    """An event loop's default executor in which each call has a daemon thread of its own.

    It is for calls of libraries, such as their look-ups of names: none waits for another that hangs, and the
    end of the process waits for none for more than a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._at_work: set[threading.Thread] = set()

    def submit(self, call: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> "Future[T]":
        """Start the call at once."""
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()  # from now on it cannot be cancelled
        work = partial(call, *arguments, **named)
        thread = threading.Thread(target=self._answer, args=(answer, work), name="call", daemon=True)
        self._at_work.add(thread)
        thread.start()
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let calls come to their end, but leave what hangs to itself."""
        until_s = time.monotonic() + (_GRACE_S if wait else 0.0)
        for thread in list(self._at_work):
            thread.join(max(0.0, until_s - time.monotonic()))

    def _answer(self, answer: "Future[T]", work: Callable[[], T]) -> None:
        try:
            outcome = work()
        except BaseException as problem:  # the thread's outer edge: it is the caller's
            answer.set_exception(problem)
        else:
            answer.set_result(outcome)
        self._at_work.discard(threading.current_thread())
