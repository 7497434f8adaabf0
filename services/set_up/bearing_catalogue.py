"""The bearing catalogue of the plant: search, own entries, import from a table [NEW-13]."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError, RuleViolation
from domain.identifiers import new_id
from domain.plant.assets import MeasurementPoint
from domain.plant.bearings import USUAL_SLIP, BearingGeometry, BearingType, impossible_figures, is_same
from domain.plant.plant import Plant
from domain.roles import Actor, Permission
from services.access import require
from services.set_up.bearing_table import (
    AS_IT_SAYS,
    BearingImport,
    TableReading,
    plain_header,
    read_bearing_table,
)
from services.set_up.configuration import Edit, Step
from storage.store import Store

_COLUMN_WORDS: Final = "import.bearings.columns"
"""Setting: by which header each column of a table of bearings was known last."""


@dataclass(frozen=True, slots=True)
class BearingUse:
    """A point that runs in a bearing of a type; ``edition`` None: with figures that no edition has."""

    point: MeasurementPoint
    edition: int | None


class BearingCatalogue:
    """Use cases of the catalogue; for the database lane."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, words: str = "", *, limit: int = 50) -> tuple[BearingType, ...]:
        """Return types whose name holds every word; all of them for no words, at most ``limit``."""
        wanted = words.casefold().split()
        found = (
            bearing
            for bearing in self._store.bearings.latest()
            if all(word in bearing.name.casefold() for word in wanted)
        )
        return tuple(bearing for _, bearing in zip(range(limit), found, strict=False))

    def editions(self, maker: str, designation: str) -> tuple[BearingType, ...]:
        """Return every edition of a type, the oldest first; nothing for a type that is not there."""
        return self._store.bearings.editions(maker, designation)

    def uses(self, bearing: BearingType, plant: Plant) -> tuple[BearingUse, ...]:
        """Return the points that run in a type, with the edition whose figures they carry.

        A point knows designation and figures, not the maker: it belongs to the type that has its figures,
        and to every type of its designation when none has them.
        """
        wanted = bearing.geometry.designation.casefold()
        points = [p for p in plant.points if p.bearing and p.bearing.designation.casefold() == wanted]
        if not points:
            return ()
        named = [b for b in self._store.bearings.all() if b.geometry.designation.casefold() == wanted]
        own = [each for each in named if each.key == bearing.key]
        others = [each for each in named if each.key != bearing.key]
        uses = (BearingUse(point, _edition_of(point, own)) for point in points)
        return tuple(use for use in uses if use.edition is not None or _edition_of(use.point, others) is None)

    def add(
        self, maker: str, geometry: BearingGeometry, *, by: Actor, slip_tolerance: float = USUAL_SLIP
    ) -> Edit:
        """Add an entry of the plant's own; a type that is there gets a new edition.

        RuleViolation when the catalogue holds exactly this already, ConfigurationError for figures that no
        bearing has.
        """
        require(by, Permission.CONFIGURE)
        _refuse_impossible(geometry, slip_tolerance)
        with self._store.unit_of_work(by) as work:
            editions = work.bearings.editions(maker, geometry.designation)
            added = work.bearings.add(_entry(editions, maker, geometry, slip_tolerance))
        return Edit("bearing_added", (Step(None, added),))

    def read(self, path: Path, reading: TableReading = AS_IT_SAYS) -> BearingImport:
        """Read a CSV or a sheet of an XLSX; errors as in ``bearing_table.read_bearing_table``."""
        known = {each.key: each for each in self._store.bearings.latest()}
        remembered = self._store.plant.setting(_COLUMN_WORDS, {})
        words = {str(k): str(v) for k, v in remembered.items()} if isinstance(remembered, Mapping) else {}
        return read_bearing_table(path, reading, known=known, words=words)

    def take(self, found: BearingImport, *, by: Actor) -> Edit:
        """Add what is new in one transaction, changed figures as the next edition.

        Columns that a person told apart are known by their headers from now on.
        """
        require(by, Permission.CONFIGURE)
        with self._store.unit_of_work(by) as work:
            newest = {each.key: each for each in work.bearings.latest()}
            wanted = (_as_it_is_now(bearing, newest.get(bearing.key)) for bearing in found.new)
            steps = tuple(Step(None, work.bearings.add(each)) for each in wanted if each is not None)
            if found.reading.columns is not None:
                work.plant.save_setting(_COLUMN_WORDS, _words_of(found))
        return Edit("bearings_taken", steps)


def _words_of(found: BearingImport) -> dict[str, str]:
    named = {name: place for name, place in found.columns.items() if place < len(found.header)}
    return {name: plain_header(found.header[place]) for name, place in named.items()}


def _as_it_is_now(bearing: BearingType, newest: BearingType | None) -> BearingType | None:
    """Return the edition that a bearing of a file becomes, None when somebody stored the same meanwhile."""
    if newest is None:
        return replace(bearing, edition=1)
    return None if newest.has_same_figures(bearing) else replace(bearing, edition=newest.edition + 1)


def _refuse_impossible(geometry: BearingGeometry, slip_tolerance: float) -> None:
    wrong = impossible_figures(
        geometry.elements,
        geometry.element_diameter_mm,
        geometry.pitch_diameter_mm,
        angle_deg=geometry.contact_angle_deg,
        slip=slip_tolerance,
    )
    if wrong:
        raise ConfigurationError(
            f"no bearing has such figures: {', '.join(wrong)}", key="bearing_impossible", fields=wrong
        )


def _entry(
    editions: Sequence[BearingType], maker: str, geometry: BearingGeometry, slip_tolerance: float
) -> BearingType:
    """Return the first edition of a type or the next one; RuleViolation when nothing is new about it."""
    if not editions:
        return BearingType(new_id(), maker, geometry, 1, slip_tolerance)
    newest = editions[-1]
    made = replace(newest.corrected(geometry, identity=new_id()), slip_tolerance=slip_tolerance)
    if made.geometry == newest.geometry and made.has_same_figures(newest):
        raise RuleViolation(
            f"the catalogue holds {made.name} with this geometry already",
            key="bearing_known",
            name=made.name,
        )
    return made


def _edition_of(point: MeasurementPoint, editions: Iterable[BearingType]) -> int | None:
    """Return the newest edition whose figures a point carries."""
    assert point.bearing is not None
    return max((b.edition for b in editions if is_same(b.geometry, point.bearing)), default=None)
