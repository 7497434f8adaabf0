"""Asking the database lane for the same thing again and again, at a pace."""

import sys
from collections.abc import Callable
from typing import Generic, TypeVar

from domain.instants import MICROSECONDS_PER_SECOND
from ui.tasks import Lane

T = TypeVar("T")


class Poll(Generic[T]):
    """Asks every ``period_s``; a slow answer is waited for, never asked for twice.

    ``failed`` hears of the first error of a row of errors only; asking goes on at the same pace.
    """

    def __init__(
        self,
        tasks: Lane,
        work: Callable[[], T],
        take: Callable[[T], None],
        *,
        period_s: float,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._tasks, self._work, self._take, self._failed = tasks, work, take, failed
        self._period_us = round(period_s * MICROSECONDS_PER_SECOND)
        self._due_us = 0
        self._is_waiting = False
        self._is_stale = False
        self.has_failed = False

    def ask_if_due(self, now_us: int) -> None:
        """Ask when the time has come."""
        if now_us >= self._due_us and not self._is_waiting:
            self._due_us = now_us + self._period_us
            self._is_waiting = True
            self._is_stale = False
            self._tasks.run(self._work, done=self._on_done, failed=self._on_failed)

    def ask_soon(self) -> None:
        """Ask at the next opportunity; an answer under way is for the old question and is dropped."""
        self._due_us = 0
        self._is_stale = self._is_waiting

    def end(self) -> None:
        """Ask no more, and drop the answer that is under way: who takes it is gone."""
        self._due_us = sys.maxsize
        self._is_stale = self._is_waiting

    def _on_done(self, answer: T) -> None:
        self._is_waiting = False
        self.has_failed = False
        if not self._is_stale:
            self._take(answer)

    def _on_failed(self, error: BaseException) -> None:
        self._is_waiting = False
        if not self.has_failed:
            self.has_failed = True
            self._failed(error)
