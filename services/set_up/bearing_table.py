"""A table of bearings as makers and people send it: columns understood, every row judged, nothing stored.

A column is known by the words of its header or told; a cell may be corrected, the file stays as it is. Each
row becomes a bearing, or says everything that is wrong with it [NEW-13].
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from domain.errors import ConfigurationError
from domain.identifiers import new_id
from domain.plant.bearings import USUAL_SLIP, BearingGeometry, BearingType, impossible_figures, type_key
from storage.table_files import FileTable, TableRow, read_table, sheet_names

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "maker": ("maker", "manufacturer", "make", "hersteller", "brand"),
        "designation": ("designation", "type", "bearing", "number", "bezeichnung", "typ", "lager"),
        "elements": ("elements", "n", "z", "balls", "rollers", "number of elements", "w\u00e4lzk\u00f6rper"),
        "element_diameter_mm": ("d", "ball diameter", "roller diameter", "element diameter", "bd", "kugel"),
        "pitch_diameter_mm": ("dm", "pd", "pitch diameter", "teilkreis", "pitch"),
        "contact_angle_deg": ("angle", "contact angle", "alpha", "druckwinkel"),
        "slip_tolerance": ("slip", "slip tolerance", "schlupf"),
        "source": ("source", "quelle", "catalogue", "katalog"),
    }
)
"""Words by which a column is known, lower case, units in brackets left out."""

REQUIRED: Final = ("designation", "elements", "element_diameter_mm", "pitch_diameter_mm")
FIGURES: Final = (
    "elements", "element_diameter_mm", "pitch_diameter_mm", "contact_angle_deg", "slip_tolerance",
)  # fmt: skip

DESIGNATION_MISSING: Final = "bearing_designation_missing"
NOT_A_NUMBER: Final = "bearing_not_a_number"
IMPOSSIBLE: Final = "bearing_impossible"
GIVEN_BEFORE: Final = "bearing_given_before"

Key = tuple[str, str]
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a row: a key and its parameters, worded by the screens."""

    key: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BearingRow:
    """One row of a file: the bearing it makes, or every complaint about it; ``name`` is what it says.

    ``cells`` are its texts by column, as they count: a correction stands in place of what the file says.
    """

    number: int
    name: str
    bearing: BearingType | None
    complaints: tuple[Complaint, ...] = ()
    is_known: bool = False
    """The catalogue holds exactly this already."""
    cells: Cells = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableReading:
    """How a person wants a file to be read.

    ``sheet`` None takes the first one whose header names the columns, ``columns`` None what the header says.
    ``corrections`` are cells by row number and column.
    """

    sheet: str | None = None
    columns: Mapping[str, int] | None = None
    corrections: Mapping[tuple[int, str], str] = field(default_factory=dict)


AS_IT_SAYS: Final = TableReading()


@dataclass(frozen=True, slots=True)
class BearingImport:
    """A file as read: nothing is stored yet. ``sheets`` are those of the file, ``sheet`` the one read.

    ``columns`` says which column of ``header`` holds what. While one is ``missing`` there are no rows.
    """

    rows: tuple[BearingRow, ...]
    path: Path
    sheets: tuple[str, ...]
    sheet: str
    header: tuple[str, ...] = ()
    columns: Mapping[str, int] = field(default_factory=dict)
    reading: TableReading = AS_IT_SAYS

    @property
    def missing(self) -> tuple[str, ...]:
        """What every bearing needs and no column is known to hold."""
        return tuple(name for name in REQUIRED if name not in self.columns)

    @property
    def new(self) -> tuple[BearingType, ...]:
        """The bearings that would be added."""
        return tuple(row.bearing for row in self.rows if row.bearing is not None and not row.is_known)


def read_bearing_table(
    path: Path, reading: TableReading, *, known: Mapping[Key, BearingType], words: Mapping[str, str]
) -> BearingImport:
    """Read a CSV or a sheet of an XLSX; every row is judged against the newest editions, none is left out.

    ``words`` are headers by which columns were known before. StorageError for an unreadable file,
    ConfigurationError for a sheet that holds nothing.
    """
    sheets = sheet_names(path)
    table = _chosen(path, sheets if reading.sheet is None else (reading.sheet,), words)
    header = table.rows[0].cells
    columns = guess_columns(header, words) if reading.columns is None else dict(reading.columns)
    found = BearingImport((), path, sheets, table.name, header, MappingProxyType(columns), reading)
    if found.missing:
        return found
    judge = _Judge(columns, known, is_percent=_is_percent(header, columns))
    rows = (TableRow(row.number, _corrected(row, columns, reading)) for row in table.rows[1:])
    return replace(found, rows=tuple(judge.rows(rows)))


def guess_columns(header: Sequence[str], words: Mapping[str, str]) -> dict[str, int]:
    """Return which column holds what, from the words of the header; remembered ones go first."""
    plain = [plain_header(cell) for cell in header]
    found: dict[str, int] = {}
    for known in ({name: (word,) for name, word in words.items() if word}, COLUMNS):
        for name, usual in known.items():
            places = [plain.index(word) for word in usual if word in plain]
            free = [place for place in places if place not in found.values()]
            if name not in found and free:
                found[name] = free[0]
    return found


def plain_header(cell: str) -> str:
    """Return the word of a header cell: lower case, its unit left out."""
    return cell.split("(")[0].split("[")[0].split("%")[0].strip().lower()


def _chosen(path: Path, sheets: Sequence[str], words: Mapping[str, str]) -> FileTable:
    """Return the first sheet whose header names the columns, else the first that holds anything."""
    filled = []
    for sheet in sheets:
        table = read_table(path, sheet=sheet)
        if not table.rows:
            continue
        filled.append(table)
        if not set(REQUIRED) - set(guess_columns(table.rows[0].cells, words)):
            return table
    if not filled:
        raise ConfigurationError(f"'{path.name}' is empty", key="table_empty")
    return filled[0]


def _corrected(row: TableRow, columns: Mapping[str, int], reading: TableReading) -> tuple[str, ...]:
    """Return the cells of a row with what a person corrected in them."""
    width = max(len(row.cells), 1 + max(columns.values()))
    cells = [*row.cells, *[""] * (width - len(row.cells))]
    for name, place in columns.items():
        cells[place] = reading.corrections.get((row.number, name), cells[place])
    return tuple(cells)


def _is_percent(header: Sequence[str], columns: Mapping[str, int]) -> bool:
    place = columns.get("slip_tolerance")
    return place is not None and place < len(header) and "%" in header[place]


class _Judge:
    """Judges the rows in their order; a type may stand in a file once, or twice with the same figures."""

    def __init__(
        self, columns: Mapping[str, int], known: Mapping[Key, BearingType], *, is_percent: bool
    ) -> None:
        self._columns, self._known, self._is_percent = columns, known, is_percent
        self._given: dict[Key, BearingRow] = {}

    def rows(self, rows: Iterable[TableRow]) -> Iterator[BearingRow]:
        """Yield every row with its outcome."""
        for row in rows:
            judged = self._row(row)
            if judged.bearing is not None:
                first = self._given.setdefault(judged.bearing.key, judged)
                if first is not judged:
                    judged = _repeated(judged, first)
            yield judged

    def _row(self, row: TableRow) -> BearingRow:
        cells = {name: row.cells[place].strip() for name, place in self._columns.items()}
        maker, designation = cells.get("maker", ""), cells["designation"]
        said = BearingRow(row.number, f"{maker} {designation}".strip(), None, cells=cells)
        before = self._known.get(type_key(maker, designation))
        complaints: list[Complaint] = [] if designation else [Complaint(DESIGNATION_MISSING)]
        usual = {
            "contact_angle_deg": 0.0,
            "slip_tolerance": USUAL_SLIP if before is None else before.slip_tolerance,
        }
        figures = {name: self._figure(cells, name, complaints, usual.get(name)) for name in FIGURES}
        if not complaints:
            elements, small, large, angle, slip = figures.values()
            wrong = impossible_figures(elements, small, large, angle_deg=angle, slip=slip)
            complaints += [Complaint(IMPOSSIBLE, {"column": name, "text": cells[name]}) for name in wrong]
        if complaints:
            return replace(said, complaints=tuple(complaints))
        geometry = BearingGeometry(designation, int(elements), small, large, angle, cells.get("source", ""))
        if before is None:
            return replace(said, bearing=BearingType(new_id(), maker, geometry, 1, slip))
        made = replace(before.corrected(geometry, identity=new_id()), slip_tolerance=slip)
        return replace(said, bearing=made, is_known=before.has_same_figures(made))

    def _figure(self, cells: Cells, name: str, complaints: list[Complaint], usual: float | None) -> float:
        """Return a figure of a row; percent where header or cell says so, as ``impossible_figures`` wants."""
        text = cells.get(name, "")
        if not text and usual is not None:
            return usual
        is_percent = name == "slip_tolerance" and (self._is_percent or text.endswith("%"))
        try:
            number = float(text.removesuffix("%").strip().replace(",", "."))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            complaints.append(Complaint(NOT_A_NUMBER, {"column": name, "text": text}))
            return 0.0
        return number / 100 if is_percent else number


def _repeated(row: BearingRow, first: BearingRow) -> BearingRow:
    assert row.bearing is not None
    assert first.bearing is not None
    if row.bearing.has_same_figures(first.bearing):
        return replace(row, is_known=True)
    return replace(row, bearing=None, complaints=(Complaint(GIVEN_BEFORE, {"row": first.number}),))
