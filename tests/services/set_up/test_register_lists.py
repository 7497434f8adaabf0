"""A register list is corrected cell by cell before anything is taken from it [SET-1]."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from services.set_up.register_lists import open_register_list, registers_by_hand
from services.set_up.register_words import Column

LIST = "Name,Address,Type,Unit\nFlow,40001,float32,m3/h\nLevel,40003,strange,%\nState,40005,,\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    return file


def keys(found: object) -> list[tuple[int, str]]:
    return [(each.row, each.key) for each in found.found.problems]  # type: ignore[attr-defined]


def test_a_corrected_cell_is_read_anew_and_the_file_stays(path: Path) -> None:
    found = open_register_list(path)
    assert keys(found) == [(3, "type_unreadable"), (4, "type_missing"), (4, "unit_missing")]
    found = found.with_cell(3, Column.TYPE, "int16")
    assert keys(found) == [(4, "type_missing"), (4, "unit_missing")]
    assert path.read_text(encoding="utf-8") == LIST
    assert found.found.drafts[1].address["type"] == "int16"


def test_an_assumption_settles_what_the_list_does_not_say(path: Path) -> None:
    found = open_register_list(path).read_as(
        numbering="", default_type="uint16", default_table="", order="CDAB"
    )
    assert (4, "type_missing") not in keys(found)
    assert found.found.drafts[0].address["word_order"] == "little"


def test_a_column_that_is_not_there_cannot_be_corrected(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no column 'scale'"):
        open_register_list(path).with_cell(2, Column.SCALE, "0.1")


@pytest.mark.parametrize(
    ("address", "table", "offset"),
    [("40011", "holding", 10), ("30002", "input", 1), ("10", "holding", 10), ("0x0A", "input", 10)],
)
def test_a_register_typed_by_hand_is_read_like_a_list(address: str, table: str, offset: int) -> None:
    found = registers_by_hand(name="Flow", address=address, table=table, kind="float32", unit="m3/h")
    assert found.problems == ()
    assert (found.drafts[0].address["table"], found.drafts[0].address["offset"]) == (table, offset)


def test_what_is_wrong_with_a_typed_register_is_told() -> None:
    found = registers_by_hand(name="", address="x", table="holding", kind="float32", unit="")
    assert [each.key for each in found.problems] == ["name_missing", "address_unreadable", "unit_missing"]
