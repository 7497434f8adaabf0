"""The bearing catalogue of the plant: search, own entries, import from a table [NEW-13]."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError, RuleViolation
from domain.identifiers import new_id
from domain.plant.assets import MeasurementPoint
from domain.plant.bearings import BearingGeometry, BearingType, is_same
from domain.plant.plant import Plant
from domain.roles import Actor, Permission
from services.access import require
from services.set_up.configuration import Edit, Step
from storage.store import Store
from storage.table_files import FileTable, TableRow, read_table, sheet_names

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


DESIGNATION_MISSING: Final = "bearing_designation_missing"
NOT_A_NUMBER: Final = "bearing_not_a_number"
NOT_WHOLE: Final = "bearing_not_whole"
IMPOSSIBLE: Final = "bearing_impossible"
GIVEN_BEFORE: Final = "bearing_given_before"

Editions = dict[tuple[str, str], BearingType]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a row: a key and its parameters, worded by the screens."""

    key: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BearingUse:
    """A point that runs in a bearing of a type; ``edition`` None: with figures that no edition has."""

    point: MeasurementPoint
    edition: int | None


@dataclass(frozen=True, slots=True)
class BearingRow:
    """One row of a file: the bearing it makes, or every complaint about it; ``name`` is what it says."""

    number: int
    name: str
    bearing: BearingType | None
    complaints: tuple[Complaint, ...] = ()
    is_known: bool = False
    """The catalogue holds exactly this already."""


@dataclass(frozen=True, slots=True)
class BearingImport:
    """A file as read: nothing is stored yet. ``sheets`` are those of the file, ``sheet`` the one read."""

    rows: tuple[BearingRow, ...]
    path: Path
    sheets: tuple[str, ...]
    sheet: str

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

    def editions(self, maker: str, designation: str) -> tuple[BearingType, ...]:
        """Return every edition of a type, the oldest first; nothing for a type that is not there."""
        return self._store.bearings.editions(maker, designation)

    def uses(self, bearing: BearingType, plant: Plant) -> tuple[BearingUse, ...]:
        """Return the points that run in a type, with the edition whose figures they carry.

        A point knows designation and figures, not the maker: it belongs to the type that has its figures,
        and to every type of its designation when none has them.
        """
        wanted = bearing.geometry.designation.lower()
        points = [p for p in plant.points if p.bearing and p.bearing.designation.lower() == wanted]
        if not points:
            return ()
        own = self.editions(bearing.maker, bearing.geometry.designation)
        makers = {b.maker for b in self._store.bearings.latest() if b.geometry.designation.lower() == wanted}
        others = [b for maker in makers - {bearing.maker} for b in self.editions(maker, wanted)]
        uses = (BearingUse(point, _edition_of(point, own)) for point in points)
        return tuple(use for use in uses if use.edition is not None or _edition_of(use.point, others) is None)

    def add(self, maker: str, geometry: BearingGeometry, *, by: Actor, slip_tolerance: float = 0.02) -> Edit:
        """Add an entry of the plant's own; a type that is there gets a new edition.

        RuleViolation when the catalogue holds exactly this geometry already.
        """
        require(by, Permission.CONFIGURE)
        with self._store.unit_of_work(by) as work:
            editions = work.bearings.editions(maker, geometry.designation)
            added = work.bearings.add(_entry(editions, maker, geometry, slip_tolerance))
        return Edit("bearing_added", (Step(None, added),))

    def read(self, path: Path, *, sheet: str | None = None) -> BearingImport:
        """Read a CSV or a sheet of an XLSX; every row is judged, none is left out.

        ``sheet`` None takes the first one whose header names the columns. StorageError for an unreadable
        file, ConfigurationError when the header lacks a required column.
        """
        sheets = sheet_names(path)
        table, columns = _understood(path, sheets if sheet is None else (sheet,))
        known: Editions = {_key(each.maker, each.geometry): each for each in self._store.bearings.latest()}
        return BearingImport(tuple(_rows(table.rows[1:], columns, known)), path, sheets, table.name)

    def take(self, found: BearingImport, *, by: Actor) -> Edit:
        """Add what is new in one transaction, a changed geometry as the next edition."""
        require(by, Permission.CONFIGURE)
        with self._store.unit_of_work(by) as work:
            steps = tuple(Step(None, work.bearings.add(bearing)) for bearing in found.new)
        return Edit("bearings_taken", steps)


def _entry(
    editions: Sequence[BearingType], maker: str, geometry: BearingGeometry, slip_tolerance: float
) -> BearingType:
    """Return the first edition of a type or the next one; RuleViolation when nothing is new about it."""
    if not editions:
        return BearingType(new_id(), maker, geometry, 1, slip_tolerance)
    made = editions[-1].corrected(geometry, identity=new_id())
    if made.geometry == editions[-1].geometry and slip_tolerance == made.slip_tolerance:
        raise RuleViolation(
            f"the catalogue holds {made.name} with this geometry already",
            key="bearing_known",
            name=made.name,
        )
    return replace(made, slip_tolerance=slip_tolerance)


def _understood(path: Path, sheets: Iterable[str]) -> tuple[FileTable, dict[str, int]]:
    """Return the first sheet whose header names the columns; none does: what the first of them lacks."""
    refusals = []
    for sheet in sheets:
        table = read_table(path, sheet=sheet)
        try:
            return table, _columns(table)
        except ConfigurationError as refusal:
            refusals.append(refusal)
    raise refusals[0]


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
            missing=", ".join(COLUMNS[name][0] for name in missing),
        )
    return found


def _rows(rows: Iterable[TableRow], columns: Mapping[str, int], known: Editions) -> Iterable[BearingRow]:
    """Judge the rows in their order; a type may stand in a file once, or twice with the same figures."""
    given: dict[tuple[str, str], BearingRow] = {}
    for row in rows:
        judged = _row(row, columns, known)
        if judged.bearing is not None:
            first = given.setdefault(_key(judged.bearing.maker, judged.bearing.geometry), judged)
            if first is not judged:
                judged = _repeated(judged, first)
        yield judged


def _row(row: TableRow, columns: Mapping[str, int], known: Editions) -> BearingRow:
    cells = {
        name: row.cells[place].strip() if place < len(row.cells) else "" for name, place in columns.items()
    }
    name = f"{cells.get('maker', '')} {cells['designation']}".strip()
    complaints: list[Complaint] = [] if cells["designation"] else [Complaint(DESIGNATION_MISSING)]
    geometry = _geometry(cells, complaints)
    slip = _number(cells, "slip_tolerance", complaints, default=0.02)
    if geometry is None or complaints:
        return BearingRow(row.number, name, None, tuple(complaints))
    before = known.get(_key(cells.get("maker", ""), geometry))
    if before is None:
        made = BearingType(new_id(), cells.get("maker", ""), geometry, 1, slip)
        return BearingRow(row.number, name, made)
    made = before.corrected(geometry, identity=new_id())
    return BearingRow(row.number, name, made, is_known=is_same(before.geometry, geometry))


def _repeated(row: BearingRow, first: BearingRow) -> BearingRow:
    assert row.bearing is not None
    assert first.bearing is not None
    if is_same(row.bearing.geometry, first.bearing.geometry):
        return BearingRow(row.number, row.name, row.bearing, is_known=True)
    return BearingRow(row.number, row.name, None, (Complaint(GIVEN_BEFORE, {"row": first.number}),))


def _geometry(cells: Mapping[str, str], complaints: list[Complaint]) -> BearingGeometry | None:
    """Return the geometry of a row, None with complaints about what is no number or no bearing."""
    elements = _number(cells, "elements", complaints)
    small = _number(cells, "element_diameter_mm", complaints)
    large = _number(cells, "pitch_diameter_mm", complaints)
    angle = _number(cells, "contact_angle_deg", complaints, default=0.0)
    if complaints:
        return None
    if elements != int(elements):
        complaints.append(Complaint(NOT_WHOLE, {"text": cells["elements"]}))
        return None
    try:
        return BearingGeometry(
            cells["designation"], int(elements), small, large, angle, cells.get("source", "")
        )
    except ConfigurationError:
        figures = {"elements": int(elements), "small": small, "large": large}
        complaints.append(Complaint(IMPOSSIBLE, figures))
        return None


def _number(
    cells: Mapping[str, str], name: str, complaints: list[Complaint], *, default: float | None = None
) -> float:
    text = cells.get(name, "").replace(",", ".")
    if not text and default is not None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        complaints.append(Complaint(NOT_A_NUMBER, {"column": name, "text": text}))
        return 0.0
    return number


def _key(maker: str, geometry: BearingGeometry) -> tuple[str, str]:
    return maker.lower(), geometry.designation.lower()


def _edition_of(point: MeasurementPoint, editions: Iterable[BearingType]) -> int | None:
    """Return the newest edition whose figures a point carries."""
    assert point.bearing is not None
    return max((b.edition for b in editions if is_same(b.geometry, point.bearing)), default=None)
