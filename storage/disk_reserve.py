"""Room kept for the moment in which the disk is full: databases need some even to delete [F37]."""

import os
from pathlib import Path
from typing import Final

from storage.data_folder import DataFolder

RESERVE_BYTES: Final = 64 * 2**20
_PIECE: Final = bytes(2**20)


class DiskReserve:
    """A file that takes room until the room is needed."""

    def __init__(self, folder: DataFolder) -> None:
        self._path: Path = folder.disk_reserve

    @property
    def is_there(self) -> bool:
        return self._path.exists()

    def make(self) -> None:
        """Take the room, written out so that no file system only promises it. OSError when there is none."""
        draft = self._path.with_suffix(".new")
        try:
            with draft.open("wb") as file:
                for _ in range(RESERVE_BYTES // len(_PIECE)):
                    file.write(_PIECE)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def release(self) -> None:
        """Give the room to the databases."""
        self._path.unlink(missing_ok=True)
