"""Between publish loop and subscription: bounded, counting, never losing a tag's last word."""

import asyncio
from collections import deque

import numpy as np

from acquisition.drivers.opcua.changes import Changes
from domain.plant.readings import LossCounter

Arrival = tuple[int, Changes]
"""Receive time in microseconds UTC and one whole notification list."""


class Inbox:
    """Notification lists waiting to be taken.

    ``capacity`` counts values, an array as 50. When it is full the waiting lists are reduced to the latest
    value of each item: a slow consumer loses intermediate values, each counted as "queue_overflow", but every
    item keeps its newest one.
    """

    def __init__(self, *, capacity: int, losses: LossCounter) -> None:
        self._capacity = capacity
        self._losses = losses
        self._waiting: deque[Arrival] = deque()
        self._weight = 0
        self._arrived = asyncio.Event()
        self._failure: Exception | None = None

    def put(self, receive_us: int, changes: Changes) -> None:
        """Take a whole list; called from the publish loop, never blocks."""
        self._waiting.append((receive_us, changes))
        self._weight += changes.weight
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

    def _reduce(self) -> None:
        handles = np.concatenate([changes.handle for _, changes in self._waiting])
        _, from_the_end = np.unique(handles[::-1], return_index=True)
        kept = np.sort(len(handles) - 1 - from_the_end)
        self._losses.add("queue_overflow", len(handles) - len(kept))
        reduced: deque[Arrival] = deque()
        first = 0
        for receive_us, changes in self._waiting:
            rows = kept[(kept >= first) & (kept < first + len(changes))] - first
            first += len(changes)
            if len(rows):
                reduced.append((receive_us, changes.select(rows)))
        self._waiting = reduced
        self._weight = sum(changes.weight for _, changes in reduced)
