"""Store-and-forward in the collector: what the database refuses for the moment is tried again, in order."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from domain.errors import DatabaseUnreachable, StorageError
from domain.plant.readings import LossCounter

_log = logging.getLogger(__name__)

PASSING: Final = frozenset(
    {
        "database_busy",
        "database_read_only",
        "database_refused_login",
        "database_unreachable",
        "disk_error",
        "disk_full",
    }
)
"""Reasons that go away: a lock, a full disk, a server that starts. Others would come again for ever."""


def is_passing(error: StorageError) -> bool:
    """Say whether trying again later can help."""
    return isinstance(error, DatabaseUnreachable) or error.key in PASSING


class Keeper(Protocol):
    """Where jobs outlive the program; used in the writer lane alone."""

    def put(self, body: str) -> int:
        """Keep what describes a job; return the number under which it can be dropped."""
        ...

    def drop(self, number: int) -> None:
        """Forget a job that is done."""
        ...


@dataclass(slots=True, eq=False)
class _Job:
    act: Callable[[], None]
    body: str = ""
    number: int | None = None


class DurableQueue:
    """Jobs in the order in which they came. Each may run more than once, also in the next program after it
    was done here, so it must say the same again.

    ``put`` is safe from any thread, ``run`` belongs to the writer lane. Beyond ``limit`` waiting jobs the
    oldest are dropped and counted under ``cause``. While the database refuses them, jobs that come with a
    text are kept by the ``keeper``; the next program puts them in with ``restore``.
    """

    def __init__(self, *, cause: str, limit: int, keeper: Keeper | None = None) -> None:
        self._cause = cause
        self._limit = limit
        self._keeper = keeper
        self._waiting: deque[_Job] = deque()
        self._over: deque[_Job] = deque()
        self._lock = threading.Lock()
        self._problem = ""
        self._is_forgetting_refused = False
        self.losses = LossCounter()
        self.most = 0
        """The most jobs that waited at once since the start."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def problem(self) -> str:
        """Why jobs wait, nothing while they do not."""
        return self._problem if self._waiting else ""

    def restore(self, kept: Iterable[tuple[int, Callable[[], None]]]) -> None:
        """Queue what the keeper kept of an earlier program, before anything new."""
        self._waiting.extend(_Job(act, number=number) for number, act in kept)

    def put(self, act: Callable[[], None], *, body: str = "") -> None:
        """Queue a job; ``body`` describes it for the keeper."""
        with self._lock:
            self._waiting.append(_Job(act, body))
            self.most = max(self.most, len(self._waiting))
            while len(self._waiting) > self._limit:
                self._over.append(self._waiting.popleft())
                self.losses.add(self._cause)

    def run(self) -> None:
        """Do what waits until all is done or the database refuses again."""
        self._forget_over()
        while self._waiting:
            job = self._waiting[0]
            try:
                job.act()
            except StorageError as error:
                if is_passing(error):
                    self._tell(f"{error}{self._keep()}")
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

    def _keep(self) -> str:
        """Write down what waits; where even that fails, say so: it waits in memory alone."""
        if self._keeper is None:
            return ""
        with self._lock:
            unkept = [job for job in self._waiting if job.body and job.number is None]
        try:
            for job in unkept:
                job.number = self._keeper.put(job.body)
        except StorageError as error:
            return f"; not kept either: {error}"
        return ""

    def _give_up(self, error: Exception) -> None:
        self.losses.add(self._cause)
        _log.error("a job of '%s' cannot be done: %s", self._cause, error, exc_info=error)

    def _done(self, job: _Job) -> None:
        with self._lock:
            if self._waiting and self._waiting[0] is job:
                self._waiting.popleft()
        self._over.append(job)
        self._forget_over()

    def _forget_over(self) -> None:
        """Let the keeper forget what is over, in order; what it refuses is tried again."""
        while self._over:
            number = self._over[0].number
            if number is not None and self._keeper is not None:
                try:
                    self._keeper.drop(number)
                except StorageError as error:
                    if not self._is_forgetting_refused:
                        _log.warning("jobs of '%s' are over and stay written down: %s", self._cause, error)
                    self._is_forgetting_refused = True
                    return
            self._over.popleft()
        self._is_forgetting_refused = False
