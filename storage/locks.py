"""Operating-system locks: one program of a kind per data folder, one writer of the plant database at a time.

A lock lives as long as the process that holds it: after kill -9 the next program simply takes it.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from domain.errors import AlreadyRunning, StorageError


class InstanceLock:
    """Exclusive right of one program kind on one data folder, held until ``release`` or the process ends."""

    def __init__(self, runtime: Path, kind: str) -> None:
        """``kind`` is "collector" or "window"; the lock file stands in the folder ``runtime``."""
        self._lock = FileLock(runtime / f"{kind}.lock", timeout=0, thread_local=False)
        self._information = runtime / f"{kind}.pid"
        self._kind = kind

    def acquire(self) -> None:
        """Take the lock at once or raise AlreadyRunning, which says what to do [F78]."""
        try:
            self._lock.acquire()
        except Timeout as error:
            pid = self._holder()
            raise AlreadyRunning(
                f"another {self._kind} (process {pid}) already works on {self._information.parent.parent}: "
                "use that one, end it first, or choose another folder with --data-dir",
                key=f"already_running_{self._kind}",
                pid=pid,
                folder=str(self._information.parent.parent),
            ) from error
        self._information.write_text(str(os.getpid()), encoding="ascii")

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._lock.is_locked:
            self._information.unlink(missing_ok=True)
            self._lock.release()

    def is_free(self) -> bool:
        """Say whether nobody holds the lock at this moment."""
        try:
            with self._lock.acquire():
                return True
        except Timeout:
            return False

    def __enter__(self) -> "InstanceLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _holder(self) -> str:
        try:
            return self._information.read_text(encoding="ascii").strip() or "unknown"
        except OSError:
            return "unknown"


class WriteLock:
    """Held by every write transaction, checkpoint and close of the plant database, across processes.

    SQLite below 3.51.3 can corrupt a file when a checkpoint meets a commit; this lock keeps them apart.
    """

    def __init__(self, path: Path, *, timeout_s: float = 5.0) -> None:
        self._file = FileLock(path, thread_local=False)
        self._thread = threading.Lock()
        self._timeout_s = timeout_s
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; StorageError "database_busy" when it is not free in time [F39]."""
        if not self._thread.acquire(timeout=self._timeout_s):
            raise self._busy()
        try:
            try:
                self._file.acquire(timeout=self._timeout_s, poll_interval=0.002)
            except Timeout as error:
                raise self._busy() from error
            try:
                yield
            finally:
                self._file.release()
        finally:
            self._thread.release()

    def _busy(self) -> StorageError:
        return StorageError(
            f"another program holds {self._path} over {self._timeout_s:g} s; nothing was saved, try again",
            key="database_busy",
            timeout_s=self._timeout_s,
        )
