"""The bearing catalogue of the plant: search, own entries, import from a table [NEW-13]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError, RuleViolation
from domain.identifiers import new_id
from domain.plant.bearings import BearingGeometry, BearingType
from domain.roles import Actor, Permission
from services.access import require
from storage.store import Store
from storage.table_files import FileTable, TableRow, read_table

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "maker": ("maker", "manufacturer", "make", "hersteller", "brand"),
    "designation": ("designation", "type", "bearing", "number", "bezeichnung", "typ", "lager"),
    "elements": ("elements", "n", "z", "balls", "rollers", "number of elements", "wälzkörper"),
    "element_diameter_mm": ("d", "ball diameter", "roller diameter", "element diameter", "bd", "kugel"),
    "pitch_diameter_mm": ("dm", "pd", "pitch diameter", "teilkreis", "pitch"),
    "contact_angle_deg": ("angle", "contact angle", "alpha", "druckwinkel"),
    "slip_tolerance": ("slip", "slip tolerance", "schlupf"),
    "source": ("source", "quelle", "catalogue", "katalog"),
}
"""Words by which a column is known, lower case, units in brackets left out."""

REQUIRED: Final = ("designation", "elements", "element_diameter_mm", "pitch_diameter_mm")


@dataclass(frozen=True, slots=True)
class BearingRow:
    """One row of a file: the bearing it makes, or every complaint about it."""

    number: int
    bearing: BearingType | None
    complaints: tuple[str, ...] = ()
    is_known: bool = False
    """The catalogue holds exactly this already."""


@dataclass(frozen=True, slots=True)
class BearingImport:
    """A file as read: nothing is stored yet."""

    rows: tuple[BearingRow, ...]

    @property
    def new(self) -> tuple[BearingType, ...]:
        """The bearings that would be added."""
        return tuple(row.bearing for row in self.rows if row.bearing is not None and not row.is_known)


class BearingCatalogue:
    """Use cases of the catalogue; for the database lane."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, words: str = "", *, limit: int = 50) -> tuple[BearingType, ...]:
        """Return types whose name holds every word; all of them for no words, at most ``limit``."""
        wanted = words.lower().split()
        found = (
            bearing
            for bearing in self._store.bearings.latest()
            if all(word in bearing.name.lower() for word in wanted)
        )
        return tuple(bearing for _, bearing in zip(range(limit), found, strict=False))

    def add(
        self, maker: str, geometry: BearingGeometry, *, by: Actor, slip_tolerance: float = 0.02
    ) -> BearingType:
        """Add an entry of the plant's own; a type that is there gets a new edition.

        RuleViolation when the catalogue holds exactly this geometry already.
        """
        require(by, Permission.CONFIGURE)
        with self._store.unit_of_work(by) as work:
            editions = work.bearings.editions(maker, geometry.designation)
            if editions and editions[-1].geometry == geometry:
                raise RuleViolation(f"the catalogue holds {editions[-1].name} with this geometry already")
            edition = editions[-1].edition + 1 if editions else 1
            return work.bearings.add(BearingType(new_id(), maker, geometry, edition, slip_tolerance))

    def read(self, path: Path, *, sheet: str | None = None) -> BearingImport:
        """Read a CSV or XLSX; every row is judged, none is left out. StorageError for an unreadable file.

        ConfigurationError when the header lacks a required column.
        """
        table = read_table(path, sheet=sheet)
        columns = _columns(table)
        known = {(b.maker.lower(), b.geometry.designation.lower()): b for b in self._store.bearings.latest()}
        return BearingImport(tuple(_row(row, columns, known) for row in table.rows[1:]))

    def take(self, found: BearingImport, *, by: Actor) -> int:
        """Add what is new in one transaction, a changed geometry as the next edition; return how many."""
        require(by, Permission.CONFIGURE)
        with self._store.unit_of_work(by) as work:
            for bearing in found.new:
                work.bearings.add(bearing)
        return len(found.new)


def _columns(table: FileTable) -> dict[str, int]:
    if not table.rows:
        raise ConfigurationError(f"'{table.name}' is empty", key="table_empty")
    header = [cell.split("(")[0].split("[")[0].strip().lower() for cell in table.rows[0].cells]
    found = {
        name: header.index(next(word for word in words if word in header))
        for name, words in COLUMNS.items()
        if any(word in header for word in words)
    }
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise ConfigurationError(
            f"'{table.name}' needs a column for {', '.join(missing)}; it has {', '.join(header)}",
            key="columns_missing",
            missing=", ".join(missing),
        )
    return found


def _row(
    row: TableRow, columns: Mapping[str, int], known: Mapping[tuple[str, str], BearingType]
) -> BearingRow:
    cells = {
        name: row.cells[place].strip() if place < len(row.cells) else "" for name, place in columns.items()
    }
    complaints: list[str] = []
    designation = cells["designation"]
    if not designation:
        complaints.append("designation is missing")
    elements = _number(cells, "elements", complaints)
    small = _number(cells, "element_diameter_mm", complaints)
    large = _number(cells, "pitch_diameter_mm", complaints)
    angle = _number(cells, "contact_angle_deg", complaints, default=0.0)
    slip = _number(cells, "slip_tolerance", complaints, default=0.02)
    if complaints:
        return BearingRow(row.number, None, tuple(complaints))
    try:
        geometry = BearingGeometry(designation, int(elements), small, large, angle, cells.get("source", ""))
    except ConfigurationError as error:
        return BearingRow(row.number, None, (str(error),))
    before = known.get((cells.get("maker", "").lower(), designation.lower()))
    if before is None:
        return BearingRow(row.number, BearingType(new_id(), cells.get("maker", ""), geometry, 1, slip))
    return BearingRow(
        row.number, before.corrected(geometry, identity=new_id()), is_known=_same(before.geometry, geometry)
    )


def _number(
    cells: Mapping[str, str], name: str, complaints: list[str], *, default: float | None = None
) -> float:
    text = cells.get(name, "").replace(",", ".")
    if not text and default is not None:
        return default
    try:
        return float(text)
    except ValueError:
        complaints.append(f"{name} must be a number, got '{text}'")
        return 0.0


def _same(one: BearingGeometry, other: BearingGeometry) -> bool:
    numbers: Sequence[str] = ("elements", "element_diameter_mm", "pitch_diameter_mm", "contact_angle_deg")
    return all(getattr(one, name) == getattr(other, name) for name in numbers)
