"""Folders that are filled before they get their names; what a dead process left half is swept.

Beside each draft stands a lock file that its process holds. On a share without locks nobody's draft is swept.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

_PREFIX = ".draft-"


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder below ``target``; afterwards it is gone, unless the block has moved it."""
    target.mkdir(parents=True, exist_ok=True)
    sweep_drafts(target)
    draft = target / f"{_PREFIX}{uuid4().hex}"
    lock = _lock_of(draft)
    _take(lock)
    try:
        draft.mkdir()
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        _give_back(lock)


def sweep_drafts(target: Path) -> tuple[Path, ...]:
    """Remove the drafts below a folder that no living process holds; return which."""
    swept = []
    for draft in target.glob(f"{_PREFIX}*"):
        lock = _lock_of(draft)
        if draft.is_dir() and _take(lock):
            shutil.rmtree(draft, ignore_errors=True)
            _give_back(lock)
            swept.append(draft)
    return tuple(swept)


def _lock_of(draft: Path) -> FileLock:
    return FileLock(f"{draft}.lock", timeout=0, thread_local=False)


def _take(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except (Timeout, NotImplementedError, OSError):
        return False
    return True


def _give_back(lock: FileLock) -> None:
    if lock.is_locked:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
