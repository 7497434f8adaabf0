"""Moving damaged database files out of the way, with the time in their name; nothing is ever deleted."""

import os
from pathlib import Path

from domain.instants import iso_utc

COMPANIONS = ("", "-wal", "-shm")


def set_aside(database: Path, quarantine: Path, *, now_us: int) -> tuple[Path, ...]:
    """Move a database with its log and shared-memory file into ``quarantine``; return the new places."""
    stamp = iso_utc(now_us).replace(":", "").replace(".", "-")
    quarantine.mkdir(parents=True, exist_ok=True)
    moved = []
    for companion in COMPANIONS:
        source = database.with_name(database.name + companion)
        if source.exists():
            target = _free_name(quarantine / f"{stamp}-{source.name}")
            os.replace(source, target)
            moved.append(target)
    return tuple(moved)


def _free_name(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
