"""Tables that people bring: every usual way to write them, and no way to hurt the program with them."""

import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import StorageError
from storage import table_files
from storage.table_files import read_table, sheet_names

ROWS = [("Name", "Größe"), ("Motor; rechts", "1,5"), ("Pumpe", "µm")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_file_reads_the_same_however_it_was_saved(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    """ACQ-2."""
    quoted = [delimiter.join(f'"{cell}"' for cell in row) for row in ROWS]
    path = tmp_path / "registers.csv"
    path.write_bytes("\r\n".join(quoted).encode(encoding))
    assert [row.cells for row in read_table(path).rows] == ROWS


def test_rows_keep_the_number_that_a_person_sees(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('sep=;\nname;value\n\n"two\nlines";2\nlast;3\n;;\n', encoding="utf-8")
    assert [(row.number, row.cells) for row in read_table(path).rows] == [
        (2, ("name", "value")),
        (4, ("two lines", "2")),
        (6, ("last", "3")),
    ]


def test_a_sheet_reads_as_a_person_sees_it(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Cover"
    sheet = workbook.create_sheet("Registers")
    for row in [("Name", "Address"), ("a", 40001), ("b", 40002.0), (None, None), ("c", 0.1), ("d", True)]:
        sheet.append(row)
    sheet.append(("e", datetime(2026, 5, 1, 12)))
    path = tmp_path / "map.xlsx"
    workbook.save(path)
    assert sheet_names(path) == ("Cover", "Registers")
    table = read_table(path)
    assert table.name == "Registers"
    assert [(row.number, *row.cells) for row in table.rows] == [
        (1, "Name", "Address"),
        (2, "a", "40001"),
        (3, "b", "40002"),
        (5, "c", "0.1"),
        (6, "d", "True"),
        (7, "e", "2026-05-01 12:00:00"),
    ]
    assert read_table(path, sheet="Cover").rows == ()
    with pytest.raises(StorageError, match="no sheet 'Alarms', only Cover, Registers"):
        read_table(path, sheet="Alarms")


def test_a_formula_counts_with_its_stored_result_and_is_never_evaluated(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append(("x", "=40000+1"))
    path = tmp_path / "formula.xlsx"
    workbook.save(path)
    assert [row.cells for row in read_table(path).rows] == [("x",)], "nobody has calculated it yet"
    stored = tmp_path / "stored.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(stored, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            target.writestr(entry, content.replace(b"<v></v>", b"<v>7</v>").replace(b"<v />", b"<v>7</v>"))
    assert [row.cells for row in read_table(stored).rows] == [("x", "7")]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.xlsx", b"PK\x03\x04 no archive", "no readable XLSX"),
        ("a.csv", b'a;b\n"open;1\n' + b"x" * 200_000, "is no CSV"),
        ("a.csv", b"a;b\n" + b"x" * 3000 + b";1\n", "row 2: more than"),
        ("a.csv", b"a;" * 300 + b"b\n", "row 1: more than"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StorageError, match=complaint):
        read_table(path)
    with pytest.raises(StorageError, match="cannot be read"):
        read_table(tmp_path / "nowhere.csv")


def test_no_row_is_cut_off_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MAX_ROWS", 3)
    path = tmp_path / "long.csv"
    path.write_text("a;b\n1;2\n3;4\n", encoding="utf-8")
    assert len(read_table(path).rows) == 3
    path.write_text("a;b\n1;2\n3;4\n5;6\n", encoding="utf-8")
    with pytest.raises(StorageError, match="row 4"):
        read_table(path)


def test_a_small_file_that_unfolds_hugely_is_refused_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_files, "MAX_UNFOLDED_OCTETS", 1_000_000)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(StorageError, match="unfolds"):
        read_table(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"sep=;\n"]))
def test_any_bytes_are_a_table_or_a_refusal(tmp_path: Path, content: bytes, start: bytes) -> None:
    """T-14."""
    path = tmp_path / "any.csv"
    path.write_bytes(start + content)
    try:
        table = read_table(path)
    except StorageError:
        return
    assert all(row.cells for row in table.rows)
