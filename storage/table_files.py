"""Tables that people bring as CSV or XLSX, as text: nothing is evaluated, typed or thrown away here.

A formula counts with the result that its own program stored beside it. Sizes are limited, because a file of a
few kilobytes can unfold to gigabytes.
"""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from domain.errors import StorageError

MAX_FILE_OCTETS: Final = 16 * 1024 * 1024
MAX_UNFOLDED_OCTETS: Final = 256 * 1024 * 1024
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 2_000
_DELIMITERS: Final = (";", ",", "\t", "|")
_SAMPLE_ROWS: Final = 50
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row; ``number`` is what the person sees in front of it, counted from 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileTable:
    """A sheet of a file: its rows that are not empty, header and titles among them."""

    name: str
    rows: tuple[TableRow, ...]


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the sheets of a file in their order; a CSV file has one, named like itself."""
    content = _content(path)
    return tuple(_workbook(path, content).sheetnames) if _is_xlsx(content) else (path.stem,)


def read_table(path: Path, *, sheet: str | None = None) -> FileTable:
    """Read a CSV (comma, semicolon, tab or bar; UTF-8, UTF-16 or Latin-1) or a sheet of an XLSX file.

    ``sheet`` None takes the first one that holds something. StorageError says what is wrong with the file.
    """
    content = _content(path)
    if _is_xlsx(content):
        return _sheet(path, content, sheet)
    return FileTable(path.stem, _limited(path, _csv_rows(path, content)))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_OCTETS:
            raise _wrong(path, f"is larger than {MAX_FILE_OCTETS // 1024**2} MB", "table_too_large")
        return path.read_bytes()
    except OSError as reason:
        raise _wrong(path, f"cannot be read ({reason})", "table_unreadable") from reason


def _wrong(path: Path, complaint: str, key: str) -> StorageError:
    return StorageError(f"{path.name} {complaint}", key=key, file=path.name)


def _limited(path: Path, rows: Iterable[TableRow]) -> tuple[TableRow, ...]:
    """Return the rows that hold something; StorageError above the limits, never a silent cut."""
    kept: list[TableRow] = []
    for row in rows:
        cells = row.cells
        while cells and not cells[-1]:
            cells = cells[:-1]
        if not cells:
            continue
        if len(kept) == MAX_ROWS or len(cells) > MAX_COLUMNS or max(map(len, cells)) > MAX_CELL:
            limit = f"{MAX_ROWS} rows, {MAX_COLUMNS} columns, {MAX_CELL} characters a cell"
            raise _wrong(path, f"row {row.number}: more than {limit}; split the file", "table_too_large")
        kept.append(TableRow(row.number, cells))
    return tuple(kept)


# CSV


def _csv_rows(path: Path, content: bytes) -> Iterator[TableRow]:
    text = _decoded(content)
    first_line, _, rest = text.partition("\n")
    skipped, delimiter = 0, ""
    if first_line.lower().startswith("sep=") and first_line.strip()[4:] in _DELIMITERS:
        text, skipped, delimiter = rest, 1, first_line.strip()[4:]
    delimiter = delimiter or max(_DELIMITERS, key=lambda each: _columns(text, each))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 1 + skipped
    try:
        for cells in reader:
            yield TableRow(number, tuple(" ".join(cell.split()) for cell in cells))
            number = reader.line_num + 1 + skipped
    except csv.Error as reason:
        raise _wrong(path, f"line {number}: is no CSV ({reason})", "table_unreadable") from reason


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF_16_MARKS):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _columns(text: str, delimiter: str) -> int:
    """Return how many cells the delimiter makes of the first rows together."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return sum(len(cells) - 1 for cells, _ in zip(reader, range(_SAMPLE_ROWS), strict=False) if cells)
    except csv.Error:
        return -1


# XLSX


def _is_xlsx(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


def _workbook(path: Path, content: bytes):  # type: ignore[no-untyped-def] # the library is untyped
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unfolded = sum(entry.file_size for entry in archive.infolist())
        if unfolded > MAX_UNFOLDED_OCTETS:
            raise _wrong(path, f"unfolds to more than {MAX_UNFOLDED_OCTETS // 1024**2} MB", "table_too_large")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # drawings and validations that it leaves out do not concern us
            return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except StorageError:
        raise
    except Exception as reason:  # the library raises whatever its parsers raise
        raise _wrong(path, f"is no readable XLSX file ({reason})", "table_unreadable") from reason


def _sheet(path: Path, content: bytes, name: str | None) -> FileTable:
    workbook = _workbook(path, content)
    try:
        names = list(workbook.sheetnames)
        if name is not None and name not in names:
            raise _wrong(path, f"has no sheet '{name}', only {', '.join(names)}", "table_no_sheet")
        table = FileTable(names[0] if names else path.stem, ())
        for each in names if name is None else [name]:
            table = FileTable(each, _limited(path, _sheet_rows(path, workbook[each])))
            if table.rows:
                break
        return table
    finally:
        workbook.close()


def _sheet_rows(path: Path, sheet) -> Iterator[TableRow]:  # type: ignore[no-untyped-def]
    if not hasattr(sheet, "iter_rows"):
        return  # a sheet that is only a chart
    sheet.reset_dimensions()  # some programs write a wrong size
    try:
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield TableRow(number, tuple(_text(value) for value in values))
    except (ValueError, KeyError, TypeError, OSError, SyntaxError, zipfile.BadZipFile) as reason:
        raise _wrong(path, f"sheet '{sheet.title}' is damaged ({reason})", "table_unreadable") from reason


def _text(value: object) -> str:
    """Return a cell as a person reads it: whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return " ".join(str(value).split())
