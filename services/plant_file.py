"""The whole set-up as one readable file: written by a person, read into an empty plant [NEW-30, S-11].

Export and import ask for permission; what cannot be noted in the audit log is not done.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from domain.errors import ConfigurationError
from domain.plant.bearings import BearingType
from domain.roles import Actor, Permission
from services.access import require
from services.set_up.configuration import Edit, Step, Thing, stored_keys
from storage import setup_file
from storage.store import Store


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a set-up file holds; ``problems`` name everything that is wrong, and then nothing is imported.

    ``edit`` takes an import back, while nothing was collected and nobody changed anything since.
    ``stored_already`` counts its tags under whose keys the history here holds values: right for the plant
    that recorded them, wrong for any other.
    """

    assets: int
    tags: int
    rules: int
    problems: tuple[ConfigurationError, ...] = ()
    bearings: int = 0
    stored_already: int = field(default=0, compare=False)
    edit: Edit | None = field(default=None, compare=False)

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
            setup_file.SetUp(
                self._store.plant.load(), self._store.alarm_rules.all(), self._store.bearings.all()
            )
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

    def read(self, path: Path) -> FileReading:
        """Check a file against the history here; as ``read_file``."""
        return self._told(_read(path))

    def _told(self, reading: setup_file.SetUpReading) -> FileReading:
        told, found = _told(reading), reading.set_up
        if found is None:
            return told
        keys = [tag.key for tag in found.plant.tags]
        return replace(told, stored_already=len(stored_keys(self._store, keys)))

    def import_from(self, path: Path, *, by: Actor) -> FileReading:
        """Read a file into an empty plant: every row or none.

        With complaints nothing is imported. ConfigurationError "plant_not_empty" when something is set up.
        """
        require(by, Permission.CONFIGURE)
        reading = _read(path)
        told, found = self._told(reading), reading.set_up
        if found is None:
            return told
        with self._store.unit_of_work(by) as work:
            if not work.plant.is_empty():
                raise ConfigurationError(
                    f"{self._store.folder.root} holds a plant already; import into an empty folder with "
                    "--data-dir",
                    key="plant_not_empty",
                )
            counts = {
                "assets": told.assets,
                "tags": told.tags,
                "rules": told.rules,
                "bearings": told.bearings,
            }
            work.audit("import", "set_up", self._plant_id, path=str(path), **counts)
            before = work.plant.load()
            made: list[Thing] = [
                *work.plant.import_plant(found.plant),
                *(work.alarm_rules.save(rule) for rule in found.rules),
                *(work.bearings.add(each) for each in _missing(found.bearings, work.bearings.all())),
            ]
        steps = (
            Step(before.settings, found.plant.settings),
            Step(before.keeping, found.plant.keeping),
            *(Step(None, thing) for thing in made),
        )
        return replace(told, edit=Edit("set_up_imported", steps, is_undone_unused_only=True))


def _missing(wanted: Sequence[BearingType], present: Sequence[BearingType]) -> Iterator[BearingType]:
    """Yield what a catalogue lacks; other figures than it has of a type become the next editions."""
    known = {each.id for each in present}
    for bearing in wanted:
        own = [each for each in present if each.key == bearing.key]
        if bearing.id in known or any(each.has_same_figures(bearing) for each in own):
            continue
        above = max((each.edition for each in own), default=0)
        yield replace(bearing, edition=bearing.edition + above)


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
    plant, rules = found.plant, found.rules
    return FileReading(len(plant.assets), len(plant.tags), len(rules), bearings=len(found.bearings))
