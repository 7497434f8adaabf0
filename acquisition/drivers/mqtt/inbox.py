"""Between a source that pushes and who takes: bounded, counting, never losing a last word."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from domain.plant.readings import LossCounter

T = TypeVar("T")


class BoundedInbox(Generic[T]):
    """Lists of items waiting to be taken, each with the time of its arrival in microseconds UTC.

    ``capacity`` counts weights. When it is exceeded the waiting lists are reduced to the latest item of each
    key: a slow consumer loses intermediate items, each counted as "queue_overflow", but every key keeps its
    newest one. ``loop`` is given when items come from another thread.
    """

    def __init__(
        self,
        *,
        capacity: int,
        key: Callable[[T], Hashable],
        weight: Callable[[T], int],
        losses: LossCounter,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._capacity = capacity
        self._key = key
        self._weight_of = weight
        self._losses = losses
        self._loop = loop
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, Sequence[T]]] = deque()
        self._weight = 0
        self._arrived = asyncio.Event()
        self._is_told = False
        self._failure: Exception | None = None

    @property
    def is_half_full(self) -> bool:
        """Whether a source that can wait should: before anything is lost."""
        return 2 * self._weight >= self._capacity

    def put(self, receive_us: int, items: Sequence[T]) -> None:
        """Take a whole list; never blocks."""
        with self._lock:
            self._waiting.append((receive_us, items))
            self._weight += sum(map(self._weight_of, items))
            if self._weight > self._capacity and len(self._waiting) > 1:
                self._reduce()
            is_told, self._is_told = self._is_told, True
        if not is_told:
            self._tell()

    def fail(self, reason: Exception) -> None:
        """Let the consumer raise ``reason`` after what is waiting; the first reason counts."""
        with self._lock:
            self._failure = self._failure or reason
            self._is_told = True
        self._tell()

    async def take(self, *, within_s: float) -> list[tuple[int, Sequence[T]]]:
        """Return what is waiting, an empty list when nothing came in time; raises the failure after that."""
        if not self._waiting and self._failure is None:
            try:
                async with asyncio.timeout(within_s):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        with self._lock:
            taken, self._waiting = list(self._waiting), deque()
            self._weight = 0
            self._arrived.clear()
            self._is_told = False
        if not taken and self._failure is not None:
            raise self._failure
        return taken

    def _tell(self) -> None:
        if self._loop is None:
            self._arrived.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.set)

    def _reduce(self) -> None:
        latest: dict[Hashable, tuple[int, T]] = {}
        total = 0
        for receive_us, items in self._waiting:
            total += len(items)
            for item in items:
                key = self._key(item)
                latest.pop(key, None)  # so that insertion order is order of arrival
                latest[key] = (receive_us, item)
        self._losses.add("queue_overflow", total - len(latest))
        self._waiting.clear()
        joined: list[tuple[int, list[T]]] = []
        for receive_us, item in latest.values():
            if joined and joined[-1][0] == receive_us:
                joined[-1][1].append(item)
            else:
                joined.append((receive_us, [item]))
        self._waiting.extend(joined)
        self._weight = sum(self._weight_of(item) for _, item in latest.values())
