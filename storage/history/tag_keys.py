"""Which tag keys a history knows: a new tag never gets one of them, or it would inherit the samples."""

from contextlib import closing
from pathlib import Path
from typing import Final

from domain.errors import StorageError
from storage.data_folder import DataFolder
from storage.database import connect
from storage.failures import told
from storage.history.stored_tail import each_tail_row, key_lists
from storage.sql import SqlConnection

SAMPLES: Final = ("chunk", "level", "gap", "raw_status")
WAVEFORMS: Final = ("waveform", "spectrum")


def greatest_key(connection: SqlConnection, tables: tuple[str, ...]) -> int:
    """Return the greatest key in some tables, 0 for none; each look-up is one step into an index."""
    found = [connection.execute(f"SELECT max(tag_key) FROM {table}").fetchone()[0] for table in tables]
    return max(int(key or 0) for key in found)


def greatest_tail_key(connection: SqlConnection) -> int:
    """Return the greatest key in the tail, 0 for none; what cannot be decoded names no key."""
    listed = max((int(keys.max(initial=0)) for keys in key_lists(connection).values()), default=0)
    waiting = (int(rows.tag_key.max(initial=0)) for _, rows in each_tail_row(connection) if rows is not None)
    return max(listed, max(waiting, default=0))


def greatest_key_in(files: tuple[Path, ...]) -> int:
    """Return the greatest key in files of history and waveforms; one that cannot be read names none."""
    return max((_greatest_in_file(path) for path in files if path.exists()), default=0)


def history_files(folder: DataFolder) -> tuple[Path, ...]:
    """Return where samples and waveforms of a plant in files may lie."""
    return (folder.history_db, *folder.waveform_files())


def _greatest_in_file(path: Path) -> int:
    try:
        with told(path), closing(connect(path, mode="ro")) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            tables = tuple(table for table in (*SAMPLES, *WAVEFORMS) if table in names)
            in_tail = greatest_tail_key(connection) if {"tail", "layout"} <= names else 0
            return max(in_tail, greatest_key(connection, tables) if tables else 0)
    except StorageError:
        return 0
