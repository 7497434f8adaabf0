"""Between publish loop and subscription: bounded, counting, never losing a tag's last word."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from acquisition.drivers.opcua_values import Item
from domain.plant.readings import LossCounter

_ARRAY_WEIGHT: Final = 50
Arrival = tuple[int, Sequence[Item]]
"""Receive time in microseconds UTC and one whole notification list."""


class Inbox:
    """Notification lists waiting to be taken.

    ``capacity`` counts values, an array as 50. When it is full the waiting lists are reduced to the latest
    value of each item: a slow consumer loses intermediate values, each counted as "queue_overflow", but every
    item keeps its newest one.
    """

    def __init__(self, *, capacity: int, array_handles: frozenset[int], losses: LossCounter) -> None:
        self._capacity = capacity
        self._array_handles = array_handles
        self._losses = losses
        self._waiting: deque[Arrival] = deque()
        self._weight = 0
        self._arrived = asyncio.Event()
        self._failure: Exception | None = None

    def put(self, receive_us: int, items: Sequence[Item]) -> None:
        """Take a whole list; called from the publish loop, never blocks."""
        self._waiting.append((receive_us, items))
        self._weight += self._weigh(items)
        if self._weight > self._capacity and len(self._waiting) > 1:
            self._reduce()
        self._arrived.set()

    def fail(self, reason: Exception) -> None:
        """Let the consumer raise ``reason`` after what is waiting; the first reason counts."""
        self._failure = self._failure or reason
        self._arrived.set()

    async def take(self, *, within_s: float) -> list[Arrival]:
        """Return what is waiting, an empty list when nothing came in time; raises the failure after that."""
        if not self._waiting and self._failure is None:
            self._arrived.clear()
            try:
                async with asyncio.timeout(within_s):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        if not self._waiting and self._failure is not None:
            raise self._failure
        taken = list(self._waiting)
        self._waiting.clear()
        self._weight = 0
        return taken

    def _weigh(self, items: Sequence[Item]) -> int:
        arrays = sum(item.ClientHandle in self._array_handles for item in items)
        return len(items) + (_ARRAY_WEIGHT - 1) * arrays

    def _reduce(self) -> None:
        latest: dict[int, tuple[int, Item]] = {}
        total = 0
        for receive_us, items in self._waiting:
            total += len(items)
            for item in items:
                latest.pop(item.ClientHandle, None)  # so that insertion order is order of arrival
                latest[item.ClientHandle] = (receive_us, item)
        self._losses.add("queue_overflow", total - len(latest))
        self._waiting.clear()
        for receive_us, item in latest.values():
            if self._waiting and self._waiting[-1][0] == receive_us:
                self._waiting[-1] = (receive_us, [*self._waiting[-1][1], item])
            else:
                self._waiting.append((receive_us, [item]))
        self._weight = sum(self._weigh(items) for _, items in self._waiting)
