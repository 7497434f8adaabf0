"""The whole set-up as one readable file: written by a person, read into an empty plant [NEW-30, S-11].

Export and import ask for permission; what cannot be noted in the audit log is not done.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from domain.errors import ConfigurationError
from domain.roles import Actor, Permission
from services.access import require
from storage import setup_file
from storage.store import Store


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a set-up file holds; ``problems`` name everything that is wrong, and then nothing is imported."""

    assets: int
    tags: int
    rules: int
    problems: tuple[ConfigurationError, ...] = ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """The problems as English lines, for the console."""
        return tuple(map(str, self.problems))


class PlantFile:
    """Use cases on the set-up file of one plant."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plant_id = store.report.plant_id

    @property
    def is_plant_empty(self) -> bool:
        """Whether nothing is set up, so that a file may be imported; asks the database."""
        return self._store.plant.is_empty()

    def export(self, path: Path, *, by: Actor) -> Path:
        """Write the set-up; the same set-up always gives the same text."""
        require(by, Permission.BACK_UP)
        text = setup_file.export_set_up(
            setup_file.SetUp(self._store.plant.load(), self._store.alarm_rules.all())
        )
        draft = path.with_name(f".{uuid4().hex}.part")
        try:
            draft.write_text(text, encoding="utf-8", newline="\n")
            with self._store.unit_of_work(by) as work:
                work.audit("export", "set_up", self._plant_id, path=str(path))
                os.replace(draft, path)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written: {error.strerror}",
                key="file_unwritable",
                path=str(path),
                problem=error.strerror or str(error),
            ) from error
        finally:
            draft.unlink(missing_ok=True)
        return path

    def import_from(self, path: Path, *, by: Actor) -> FileReading:
        """Read a file into an empty plant: every row or none.

        With complaints nothing is imported. ConfigurationError "plant_not_empty" when something is set up.
        """
        require(by, Permission.CONFIGURE)
        reading = _read(path)
        told, found = _told(reading), reading.set_up
        if found is None:
            return told
        with self._store.unit_of_work(by) as work:
            if not work.plant.is_empty():
                raise ConfigurationError(
                    f"{self._store.folder.root} holds a plant already; import into an empty folder with "
                    "--data-dir",
                    key="plant_not_empty",
                )
            detail = {"path": str(path), "assets": told.assets, "tags": told.tags, "rules": told.rules}
            work.audit("import", "set_up", self._plant_id, **detail)
            work.plant.import_plant(found.plant)
            for rule in found.rules:
                work.alarm_rules.save(rule)
        return told


def read_file(path: Path) -> FileReading:
    """Check every row of a file; nothing is changed. ConfigurationError when it cannot be read at all."""
    return _told(_read(path))


def _read(path: Path) -> setup_file.SetUpReading:
    try:
        return setup_file.read_set_up(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise ConfigurationError(
            f"{path} cannot be read: {error}",
            key="file_unreadable",
            path=str(path),
            problem=problem or str(error),
        ) from error


def _told(reading: setup_file.SetUpReading) -> FileReading:
    found = reading.set_up
    if found is None:
        return FileReading(0, 0, 0, reading.complaints)
    return FileReading(len(found.plant.assets), len(found.plant.tags), len(found.rules))
