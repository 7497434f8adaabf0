"""A maker's register list on its way to values: read, corrected cell by cell, read anew [SET-1, ACQ-2]."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from acquisition.addresses import ModbusTable, Order, RegisterType
from domain.errors import ConfigurationError
from services.set_up.register_map import RegisterMap, read_register_map
from services.set_up.register_places import Numbering
from services.set_up.register_rows import CURES, Reading, RowProblem
from services.set_up.register_words import Column
from storage.table_files import FileTable, TableRow, read_table, sheet_names

TYPES: Final = tuple(kind.value for kind in RegisterType if kind is not RegisterType.STRING)
TABLES: Final = tuple(table.value for table in ModbusTable)
NUMBERINGS: Final = tuple(each.value for each in Numbering)
ORDERS: Final = ("ABCD", "CDAB", "BADC", "DCBA")
UNIT_LATER: Final = frozenset({"unit_missing", "unit_unknown"})
"""Problems that need not be settled in the list: the unit is asked for again with the value beside it."""

_ORDER_OF: Final = {
    "ABCD": (Order.BIG, Order.BIG),
    "CDAB": (Order.LITTLE, Order.BIG),
    "BADC": (Order.BIG, Order.LITTLE),
    "DCBA": (Order.LITTLE, Order.LITTLE),
}


@dataclass(frozen=True, slots=True)
class RegisterList:
    """A list as it is understood now. ``sheets`` of its file, ``sheet`` the one that was read."""

    path: Path
    sheets: tuple[str, ...]
    sheet: str
    table: FileTable
    reading: Reading
    found: RegisterMap

    def with_cell(self, row: int, column: Column, text: str) -> "RegisterList":
        """Return the list with one cell corrected; the file is left alone.

        ConfigurationError when the list has no such column.
        """
        place = self.found.columns.get(column)
        if place is None:
            raise ConfigurationError(
                f"the list has no column '{column.value}'", key="map_no_column", column=column.value
            )
        rows = tuple(
            _with_cell(each, place, text) if each.number == row else each for each in self.table.rows
        )
        return self._read(replace(self.table, rows=rows), self.reading)

    def read_as(self, *, numbering: str, default_type: str, default_table: str, order: str) -> "RegisterList":
        """Return the list read with other assumptions; "" leaves an assumption to the list itself."""
        reading = replace(
            self.reading,
            numbering=Numbering(numbering) if numbering else None,
            default_type=RegisterType(default_type) if default_type else None,
            default_table=ModbusTable(default_table) if default_table else None,
            default_order=_ORDER_OF[order or "ABCD"],
        )
        return self._read(self.table, reading)

    def _read(self, table: FileTable, reading: Reading) -> "RegisterList":
        columns = replace(reading, columns=self.found.columns, header_row=self.found.header.number)
        return replace(self, table=table, reading=reading, found=read_register_map(table, columns))


def open_register_list(path: Path, *, sheet: str = "") -> RegisterList:
    """Read a CSV or XLSX; StorageError or ConfigurationError says what is wrong with it."""
    sheets = sheet_names(path)
    table = read_table(path, sheet=sheet or None)
    return RegisterList(path, sheets, sheet or table.name, table, Reading(), read_register_map(table))


def registers_by_hand(*, name: str, address: str, table: str, kind: str, unit: str) -> RegisterMap:
    """Return a list of one row as a person typed it, read like any other list."""
    header = TableRow(1, ("name", "address", "table", "type", "unit"))
    row = TableRow(2, (name, address, "" if _names_table(address) else table, kind, unit))
    return read_register_map(FileTable("by hand", (header, row)))


def cure_of(problem: RowProblem) -> str:
    """Return what the person can do about a problem, in English."""
    return CURES[problem.key]


def _names_table(address: str) -> bool:
    """Say whether an address names its table itself: 40001 and 4x1 do, 16 and 0x10 do not."""
    plain = address.strip().lower()
    is_reference = len(plain) in (5, 6) and plain.isdigit() and plain[0] in "0134"
    return is_reference or (plain[1:2] == "x" and plain[0] in "134")


def _with_cell(row: TableRow, place: int, text: str) -> TableRow:
    cells = [*row.cells, *[""] * (place + 1 - len(row.cells))]
    cells[place] = text
    return replace(row, cells=tuple(cells))
