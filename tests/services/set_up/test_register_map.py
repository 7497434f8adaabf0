"""Register lists of makers become drafts: columns guessed, every problem of every row told (ACQ-1, ACQ-2)."""

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.addresses import ModbusAddress, ModbusTable, Order, RegisterType
from domain.errors import ConfigurationError
from domain.plant.tags import Scaling, TagDtype
from services.set_up.register_map import RegisterMap, guess_columns, read_register_map
from services.set_up.register_places import Numbering
from services.set_up.register_rows import CURES, Reading
from services.set_up.register_words import Column
from storage.table_files import FileTable, TableRow, read_table

ENGLISH = """\
Power meter PM-5, register list;;;;;;;;;
;;;;;;;;;
Name;Description;Address;Data type;Word order;Scale;Unit;R/W;Unit ID;Bit
voltage.l1;Voltage L1;30001;float32;CDAB;;V;R;3;
power;Active power;40011;INT32;big;0.1;kW;RW;;
run;Running;10002;bool;;;;R;;
door;Door open;40020;;;;;R;;4
mode;Operating mode;40021;uint16;;;state;R;;4-6
serial;Serial number;40100;STRING(16);;;;R;;
"""
GERMAN = """\
Bezeichner,Bezeichnung,Registeradresse,Funktionscode,Datentyp,Faktor,Einheit,Zugriff
T1,Lagertemperatur,"0x10",FC04,REAL,"0,1",°C,lesen
n1,Drehzahl,17,4,WORD,1/10,U/min,lesen
st,Störung,3,02,BIT,,,lesen
"""


def listed(text: str, folder: Path, **reading: object) -> RegisterMap:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return read_register_map(read_table(path), Reading(**reading))  # type: ignore[arg-type]


def cells(*rows: tuple[str, ...], **reading: object) -> RegisterMap:
    table = FileTable("list", tuple(TableRow(number, row) for number, row in enumerate(rows, start=1)))
    return read_register_map(table, Reading(**reading))  # type: ignore[arg-type]


def told(read: RegisterMap) -> list[tuple[int, Column, str]]:
    return [(problem.row, problem.column, problem.key) for problem in read.problems]


def test_an_english_list_with_references_reads_without_help(tmp_path: Path) -> None:
    read = listed(ENGLISH, tmp_path)
    assert told(read) == []
    assert (read.header.number, read.numbering) == (3, Numbering.REFERENCE)
    voltage, power, run, door, mode, serial = read.drafts
    assert voltage.address == {
        "table": "input", "offset": 0, "type": "float32", "unit": 3, "word_order": "little",
    }  # fmt: skip
    assert (voltage.name, voltage.label, voltage.unit, voltage.dtype) == (
        "voltage.l1", "Voltage L1", "V", TagDtype.FLOAT32,
    )  # fmt: skip
    assert (power.scaling, power.unit, power.can_write) == (Scaling(0.1), "kW", True)
    assert power.address == {"table": "holding", "offset": 10, "type": "int32"}
    assert run.address == {"table": "discrete", "offset": 1, "type": "bool"}
    assert door.address == {"table": "holding", "offset": 19, "type": "bool", "bit": 4}
    assert mode.address == {"table": "holding", "offset": 20, "type": "uint16", "bit": 4, "bits": 3}
    assert (serial.address["length"], serial.dtype) == (8, TagDtype.TEXT)


def test_a_german_list_with_offsets_reads_without_help(tmp_path: Path) -> None:
    read = listed(GERMAN, tmp_path)
    assert told(read) == []
    assert read.numbering is Numbering.FROM_0
    temperature, speed, fault = read.drafts
    assert (temperature.address["offset"], temperature.unit, temperature.scaling.factor) == (16, "degC", 0.1)
    assert (speed.address["table"], speed.unit, speed.scaling.factor) == ("input", "1/min", 0.1)
    assert fault.address == {"table": "discrete", "offset": 3, "type": "bool"}


def test_a_sheet_reads_like_the_same_csv(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for line in ENGLISH.splitlines():
        row = [int(cell) if cell.isdigit() else cell for cell in line.split(";")]
        workbook.active.append(row)
    workbook.save(tmp_path / "list.xlsx")
    assert read_register_map(read_table(tmp_path / "list.xlsx")).drafts == listed(ENGLISH, tmp_path).drafts


def test_every_problem_of_every_row_is_told_at_once() -> None:
    read = cells(
        ("name", "register", "type", "scale", "unit", "unit id", "bit"),
        ("a", "40001", "int16", "1", "bar", "1", ""),
        ("", "50001", "int99", "ten", "furlong", "900", ""),
        ("Section: drives",),
        ("a", "40001", "int16", "0", "", "1", ""),
        ("b", "40003", "float32", "1", "1", "", "3"),
        numbering=Numbering.REFERENCE,
    )
    assert [draft.row for draft in read.drafts] == [2, 3, 4, 5, 6], "no row is dropped"
    assert told(read) == [
        (2, Column.NAME, "name_repeated"),
        (2, Column.ADDRESS, "address_repeated"),
        (3, Column.NAME, "name_missing"),
        (3, Column.TYPE, "type_unreadable"),
        (3, Column.ADDRESS, "address_unreadable"),
        (3, Column.UNIT_ID, "unit_id_unreadable"),
        (3, Column.SCALE, "scale_unreadable"),
        (3, Column.UNIT, "unit_unknown"),
        (4, Column.ADDRESS, "address_missing"),
        (4, Column.TYPE, "type_missing"),
        (4, Column.UNIT, "unit_missing"),
        (5, Column.SCALE, "scale_zero"),
        (5, Column.UNIT, "unit_missing"),
        (5, Column.NAME, "name_repeated"),
        (5, Column.ADDRESS, "address_repeated"),
        (6, Column.BIT, "bit_with_number"),
    ]
    assert read.problems[3].sentence == (
        "row 3, type 'int99': say the type, like int16, uint32, float32 or string(16)"
    )


@pytest.mark.parametrize(
    ("written", "numbering", "place"),
    [
        ("40001", Numbering.REFERENCE, ("holding", 0)),
        ("400001", Numbering.REFERENCE, ("holding", 0)),
        ("465535", Numbering.REFERENCE, ("holding", 65534)),
        ("30011", Numbering.REFERENCE, ("input", 10)),
        ("4x0001", Numbering.FROM_0, ("holding", 0)),
        ("3X00012", Numbering.FROM_0, ("input", 11)),
        ("0x10", Numbering.FROM_0, ("holding", 16)),
        ("1Fh", Numbering.FROM_0, ("holding", 31)),
        ("40001", Numbering.FROM_0, ("holding", 40001)),
        ("7", Numbering.FROM_1, ("holding", 6)),
        (" 100 \N{EN DASH} 101 ", Numbering.FROM_0, ("holding", 100)),
        ("0", Numbering.FROM_1, None),
        ("70000", Numbering.FROM_0, None),
        ("20001", Numbering.REFERENCE, None),
        ("466000", Numbering.REFERENCE, None),
        ("40010-40001", Numbering.REFERENCE, None),
        ("40001.16", Numbering.REFERENCE, None),
        ("register", Numbering.FROM_0, None),
    ],
)
def test_addresses_are_read_as_makers_write_them(
    written: str, numbering: Numbering, place: tuple[str, int] | None
) -> None:
    read = cells(
        ("name", "address", "type", "unit"),
        ("a", written, "float32", "1"),
        numbering=numbering,
        default_table=ModbusTable.HOLDING,
    )
    (draft,) = read.drafts
    found = (draft.address["table"], draft.address["offset"]) if draft.address else None
    assert found == place
    assert bool(read.problems) is (place is None)


def test_a_bit_may_stand_behind_the_register() -> None:
    (draft,) = cells(("name", "address", "type"), ("a", "40010.7", "bool")).drafts
    assert draft.address == {"table": "holding", "offset": 9, "type": "bool", "bit": 7}


@pytest.mark.parametrize(
    ("addresses", "numbering"),
    [
        (("40001", "40003"), Numbering.REFERENCE),
        (("40000", "40002"), Numbering.FROM_0),
        (("40001", "7"), Numbering.FROM_0),
        (("0x10", "0x12"), Numbering.FROM_0),
    ],
)
def test_the_list_shows_what_its_numbers_count(addresses: tuple[str, ...], numbering: Numbering) -> None:
    rows = [(address, address, "int16", "holding") for address in addresses]
    assert cells(("name", "address", "type", "table"), *rows).numbering is numbering


@pytest.mark.parametrize(
    ("written", "factor"),
    [("0.1", 0.1), ("0,1", 0.1), ("1/10", 0.1), ("x10", 10), ("*0.5", 0.5), ("/100", 0.01), ("10^-2", 0.01),
     ("1e-3", 0.001), ("", 1.0), ("\N{MULTIPLICATION SIGN}0.1", 0.1)],
)  # fmt: skip
def test_scales_are_read_as_makers_write_them(written: str, factor: float) -> None:
    read = cells(("name", "address", "type", "scale", "unit"), ("a", "40001", "int16", written, "1"))
    assert told(read) == []
    assert read.drafts[0].scaling.factor == pytest.approx(factor)


@pytest.mark.parametrize(
    ("written", "order", "expected"),
    [
        ("float32", "CDAB", (Order.LITTLE, Order.BIG)),
        ("REAL (BADC)", "", (Order.BIG, Order.LITTLE)),
        ("uint32_swapped", "", (Order.LITTLE, Order.BIG)),
        ("UDINT", "little endian", (Order.LITTLE, Order.BIG)),
        ("double", "", (Order.BIG, Order.BIG)),
    ],
)
def test_orders_stand_in_their_column_or_behind_the_type(
    written: str, order: str, expected: tuple[Order, Order]
) -> None:
    read = cells(("name", "address", "type", "byte order", "unit"), ("a", "40001", written, order, "1"))
    assert told(read) == []
    address = ModbusAddress.from_plain(read.drafts[0].address)
    assert (address.word_order, address.byte_order) == expected


def test_a_list_that_says_little_is_read_as_told() -> None:
    read = cells(
        ("x", "y"),
        ("speed", "5"),
        columns={Column.NAME: 0, Column.ADDRESS: 1},
        header_row=1,
        numbering=Numbering.FROM_1,
        default_type=RegisterType.INT16,
        default_table=ModbusTable.INPUT,
    )
    assert told(read) == [(2, Column.UNIT, "unit_missing")]
    assert read.drafts[0].address == {"table": "input", "offset": 4, "type": "int16"}


def test_contradictions_are_told() -> None:
    read = cells(
        ("name", "address", "table", "type", "length", "unit"),
        ("a", "40001", "FC04", "int16", "", "1"),
        ("b", "40003", "03", "float32", "1", "1"),
        ("c", "40005-40008", "03/16", "float32", "", "1"),
    )
    assert told(read) == [
        (2, Column.TABLE, "table_contradicts"),
        (3, Column.LENGTH, "length_contradicts"),
        (4, Column.LENGTH, "length_contradicts"),
    ]


@pytest.mark.parametrize(
    ("unit", "code"), [("mS", None), ("ms", "ms"), ("KW", "kW"), ("nm", None), ("[bar]", "bar")]
)
def test_a_unit_is_never_taken_for_another_one(unit: str, code: str | None) -> None:
    (draft,) = cells(("name", "address", "type", "unit"), ("a", "40001", "int16", unit)).drafts
    assert draft.unit == (code or "")
    assert bool(draft.problems) is (code is None)


def test_columns_are_guessed_whole_words_first() -> None:
    header = ("Unit ID", "Unit", "Register Address", "Register Type", "Register name", "Description (long)")
    assert guess_columns(header) == {
        Column.UNIT_ID: 0,
        Column.UNIT: 1,
        Column.ADDRESS: 2,
        Column.TABLE: 3,
        Column.NAME: 4,
        Column.LABEL: 5,
    }


def test_a_table_without_header_or_addresses_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no row names its columns"):
        cells(("1", "2"), ("3", "4"))
    with pytest.raises(ConfigurationError, match="no column holds addresses"):
        cells(("name", "unit"), ("a", "bar"))


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=8), max_size=8))
def test_any_cells_give_one_draft_a_row(rows: list[list[str]]) -> None:
    """T-14: whatever stands in the cells, every row comes back, and its address is one or is missing."""
    header = ("name", "address", "type", "scale", "bit", "length", "unit", "word order")
    read = cells(header, *(tuple(row) for row in rows))
    assert [draft.row for draft in read.drafts] == list(range(2, len(rows) + 2))
    assert {problem.key for problem in read.problems} <= CURES.keys()
    for draft in read.drafts:
        assert draft.problems or ModbusAddress.from_plain(draft.address).to_plain() == draft.address
