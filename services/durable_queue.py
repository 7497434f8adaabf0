"""Store-and-forward in the collector: what the database refuses for the moment is tried again, in order."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from domain.errors import DatabaseUnreachable, StorageError
from domain.plant.readings import LossCounter

_log = logging.getLogger(__name__)

PASSING: Final = frozenset(
    {"database_busy", "disk_full", "disk_error", "database_read_only", "database_refused_login"}
)
"""Reasons that go away: a lock, a full disk, a server that starts. Others would come again for ever."""


def is_passing(error: StorageError) -> bool:
    """Say whether trying again later can help."""
    return isinstance(error, DatabaseUnreachable) or error.key in PASSING


class DurableQueue:
    """Jobs in the order in which they came. Each may run more than once, so it must say the same again.

    ``put`` is safe from any thread, ``run`` belongs to the writer lane. Beyond ``limit`` waiting jobs the
    oldest are dropped and counted under ``cause``.
    """

    def __init__(self, *, cause: str, limit: int) -> None:
        self._cause = cause
        self._limit = limit
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._problem = ""
        self.losses = LossCounter()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def problem(self) -> str:
        """Why jobs wait, nothing while they do not."""
        return self._problem if self._waiting else ""

    def put(self, job: Callable[[], None]) -> None:
        """Queue a job."""
        with self._lock:
            self._waiting.append(job)
            while len(self._waiting) > self._limit:
                self._waiting.popleft()
                self.losses.add(self._cause)

    def run(self) -> None:
        """Do what waits until all is done or the database refuses again."""
        while self._waiting:
            job = self._waiting[0]
            try:
                job()
            except StorageError as error:
                if is_passing(error):
                    self._tell(str(error))
                    return
                self._give_up(error)
            except Exception as error:  # a defect of one job must not stop the others
                self._give_up(error)
            self._done(job)
        self._problem = ""

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("%d jobs wait (%s): %s", len(self._waiting), self._cause, problem)
        self._problem = problem

    def _give_up(self, error: Exception) -> None:
        self.losses.add(self._cause)
        _log.error("a job of '%s' cannot be done: %s", self._cause, error, exc_info=error)

    def _done(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._waiting and self._waiting[0] is job:
                self._waiting.popleft()
