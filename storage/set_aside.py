"""Moving damaged database files out of the way, with the time in their name; nothing is ever deleted."""

import os
from pathlib import Path

from domain.instants import iso_utc

COMPANIONS = ("", "-wal", "-shm")


def set_aside(database: Path, quarantine: Path, *, now_us: int) -> tuple[Path, ...]:
    """Move a database with its log and shared-memory file into ``quarantine``; return the new places."""
    moved = []
    for companion in COMPANIONS:
        source = database.with_name(database.name + companion)
        if source.exists():
            target = place_aside(source, quarantine, now_us=now_us)
            os.replace(source, target)
            moved.append(target)
    return tuple(moved)


def place_aside(file: Path, quarantine: Path, *, now_us: int) -> Path:
    """Return a free place for a file in ``quarantine``, which is made when it is missing."""
    quarantine.mkdir(parents=True, exist_ok=True)
    stamp = iso_utc(now_us).replace(":", "").replace(".", "-")
    return _free_name(quarantine / f"{stamp}-{file.name}")


def _free_name(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
