"""Exchanging live files for others: all of them or none, whenever the program or the power ends [F43, T-19].

What is about to move is noted beside the files before the first one moves. Files that come lie ready by then,
so whoever finds the note can finish the exchange; one that failed in the middle is noted as going back. No
file is deleted on either way. The caller keeps everybody else away from the files.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from domain.errors import StorageError
from storage.data_folder import DataFolder
from storage.set_aside import COMPANIONS, place_aside

_NOTE: Final = "exchange.json"
_NOTE_DRAFT: Final = f"{_NOTE}.part"
_DRAFT: Final = ".restore-"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """``leaving`` pairs live names with names in quarantine, ``coming`` names of drafts with live names."""

    leaving: tuple[Pair, ...]
    coming: tuple[Pair, ...]
    is_going_back: bool = False


def draft_of(folder: DataFolder) -> Path:
    """Return where a file that is to come may be written."""
    return folder.root / f"{_DRAFT}{uuid4().hex}"


def files_leaving(folder: DataFolder, names: Sequence[str]) -> tuple[str, ...]:
    """Return which files go when these databases do: each with its log and its shared memory."""
    every = (f"{name}{companion}" for name in names for companion in COMPANIONS)
    return tuple(name for name in every if (folder.root / name).exists())


def exchange_files(
    folder: DataFolder, coming: Mapping[str, Path], *, leaving: Sequence[str], now_us: int
) -> tuple[Path, ...]:
    """Set live files aside and move drafts in; return where the old files are now.

    ``coming`` gives the draft for each live name, on the same disk and synchronised; ``leaving`` names what
    ``files_leaving`` told. OSError when a file cannot be moved: then every live file is where it was.
    """
    places = {name: place_aside(folder.root / name, folder.quarantine, now_us=now_us) for name in leaving}
    planned = Exchange(
        tuple((name, place.name) for name, place in places.items()),
        tuple((draft.name, name) for name, draft in coming.items()),
    )
    try:
        _write_note(folder, planned)
        _go_on(folder, planned)
    except OSError:
        back = replace(planned, is_going_back=True)
        with suppress(OSError):  # without it a program that dies now leaves an exchange that is finished
            _write_note(folder, back)
        _go_back(folder, back)
        raise
    return tuple(places.values())


def finish_exchange(folder: DataFolder) -> Exchange | None:
    """Finish the exchange that a dead program left half done; return it, None when there is none.

    StorageError when a file cannot be moved now: nothing of the folder may be used before.
    """
    try:
        found = _noted(folder)
        if found is not None and found.is_going_back:
            _go_back(folder, found)
        elif found is not None:
            _go_on(folder, found)
    except (OSError, ValueError, TypeError, KeyError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise StorageError(
            f"a restore into {folder.root} was interrupted and cannot be finished ({problem}); end what uses "
            "these files and start again",
            key="restore_unfinished",
            folder=str(folder.root),
            problem=problem,
        ) from error
    sweep_drafts_in(folder)
    return found


def sweep_drafts_in(folder: DataFolder) -> None:
    """Remove files that were to come and did not; not while an exchange is noted."""
    if not (folder.root / _NOTE).exists():
        for draft in (*folder.root.glob(f"{_DRAFT}*"), folder.root / _NOTE_DRAFT):
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _go_on(folder: DataFolder, exchange: Exchange) -> None:
    """Move what has not moved yet; old files are safely away before the first new one comes."""
    for name, aside in exchange.leaving:
        if not (folder.quarantine / aside).exists() and (folder.root / name).exists():
            os.replace(folder.root / name, folder.quarantine / aside)
    _synchronise(folder)
    for draft, name in exchange.coming:
        if (folder.root / draft).exists():
            os.replace(folder.root / draft, folder.root / name)
    history = folder.history_db.name
    if history in dict(exchange.leaving) and history not in {name for _, name in exchange.coming}:
        folder.history_marker.unlink(missing_ok=True)  # it went on purpose: nobody is to miss it
    _end(folder)


def _go_back(folder: DataFolder, exchange: Exchange) -> None:
    """Move back what has moved; drafts stay until the note is gone."""
    for draft, name in exchange.coming:
        if not (folder.root / draft).exists():
            os.replace(folder.root / name, folder.root / draft)
    _synchronise(folder)
    for name, aside in exchange.leaving:
        if (folder.quarantine / aside).exists():
            os.replace(folder.quarantine / aside, folder.root / name)
    _end(folder)


def _end(folder: DataFolder) -> None:
    _synchronise(folder)
    (folder.root / _NOTE).unlink(missing_ok=True)
    _synchronise(folder)


def _noted(folder: DataFolder) -> Exchange | None:
    try:
        plain = json.loads((folder.root / _NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    leaving, coming = (tuple((a, b) for a, b in plain[name]) for name in ("leaving", "coming"))
    for name in (each for pair in (*leaving, *coming) for each in pair):
        if Path(name).name != name:
            raise ValueError(f"'{name}' is no file of this folder")
    return Exchange(leaving, coming, bool(plain["is_going_back"]))


def _write_note(folder: DataFolder, exchange: Exchange) -> None:
    note, draft = folder.root / _NOTE, folder.root / _NOTE_DRAFT
    draft.write_text(json.dumps(asdict(exchange), indent=1), encoding="utf-8")
    synchronise_file(draft)
    os.replace(draft, note)
    synchronise_folder(folder.root)


def _synchronise(folder: DataFolder) -> None:
    synchronise_folder(folder.quarantine)
    synchronise_folder(folder.root)


def synchronise_file(path: Path) -> None:
    """Make the content of a file durable."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def synchronise_folder(path: Path) -> None:
    """Make a rename durable; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
