"""The bearing catalogue: import judged row by row, editions instead of rewriting [NEW-13]."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from domain.errors import ConfigurationError, Conflict, NotPermitted, RuleViolation
from domain.identifiers import new_id
from domain.plant.assets import Asset, MeasurementPoint, Technique
from domain.plant.bearings import BearingGeometry, BearingType, defect_orders
from domain.plant.plant import Plant
from domain.roles import Actor, Role
from services.set_up.bearing_catalogue import BearingCatalogue
from services.set_up.bearing_table import REQUIRED, BearingRow, TableReading
from services.set_up.plant_setup import PlantSetup
from storage.store import Store, open_store
from tests.conftest import FakeClock
from tests.services.set_up.bearing_files import workbook_of_bearings

ERNA = Actor(UUID(int=7), Role.ENGINEER, "HALL-1", "Erna")
OTTO = Actor(UUID(int=8), Role.OPERATOR, "HALL-2", "Otto")
TABLE = """Hersteller;Bezeichnung;Z;d [mm];Dm [mm];Druckwinkel;Quelle
SKF;6205;9;7,94;39,04;0;maker
SKF;6312;8;22,225;95,25;;maker
FAG;;8;10;50;0;
FAG;X1;two;10;50;0;
FAG;X2;8;60;50;0;
"""


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "data", role="tool", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def catalogue(store: Store) -> BearingCatalogue:
    return BearingCatalogue(store)


@pytest.fixture
def setup(store: Store, clock: FakeClock) -> PlantSetup:
    return PlantSetup(store, clock=clock, by=ERNA)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "bearings.csv"
    path.write_bytes(TABLE.encode("cp1252"))
    return path


def added(
    catalogue: BearingCatalogue, maker: str, geometry: BearingGeometry, *, slip_tolerance: float = 0.02
) -> BearingType:
    (bearing,) = catalogue.add(maker, geometry, by=ERNA, slip_tolerance=slip_tolerance).made(BearingType)
    return bearing


def test_a_table_is_judged_row_by_row_and_taken_once(catalogue: BearingCatalogue, table: Path) -> None:
    found = catalogue.read(table)
    assert [(row.number, len(row.complaints)) for row in found.rows] == [
        (2, 0),
        (3, 0),
        (4, 1),
        (5, 1),
        (6, 1),
    ]
    assert found.rows[2].complaints[0].key == "bearing_designation_missing"
    assert found.rows[3].complaints[0].parameters == {"column": "elements", "text": "two"}
    assert found.rows[4].complaints[0].parameters == {"column": "pitch_diameter_mm", "text": "50"}
    assert len(catalogue.take(found, by=ERNA).steps) == 2
    assert [bearing.name for bearing in catalogue.search()] == ["SKF 6205", "SKF 6312"]
    again = catalogue.read(table)
    assert [row.is_known for row in again.rows[:2]] == [True, True]
    assert not catalogue.take(again, by=ERNA).steps


def test_the_geometry_gives_the_published_defect_orders(catalogue: BearingCatalogue, table: Path) -> None:
    """standards.md 4, test 1: BPFO 3.5848, BPFI 5.4152."""
    catalogue.take(catalogue.read(table), by=ERNA)
    (bearing,) = catalogue.search("skf 6205")
    orders = defect_orders(bearing.geometry)
    assert (round(orders.bpfo, 4), round(orders.bpfi, 4)) == (3.5848, 5.4152)


def test_a_correction_is_a_new_edition_and_the_old_one_stays(catalogue: BearingCatalogue) -> None:
    first = added(catalogue, "SKF", BearingGeometry("6205", 9, 7.9, 39.0))
    second = added(catalogue, "SKF", BearingGeometry("6205", 9, 7.94, 39.04))
    assert (first.edition, second.edition) == (1, 2)
    slip = added(catalogue, "skf", second.geometry, slip_tolerance=0.03)
    assert (slip.name, slip.edition) == ("SKF 6205", 3), "one type, spelled as it was first"
    assert catalogue.search("6205") == (slip,)
    with pytest.raises(RuleViolation, match="already"):
        catalogue.add("skf", BearingGeometry("6205", 9, 7.94, 39.04), by=ERNA, slip_tolerance=0.03)
    with pytest.raises(NotPermitted):
        catalogue.add("SKF", BearingGeometry("6206", 9, 9.5, 46.0), by=OTTO)


def test_a_table_without_a_needed_column_says_which(catalogue: BearingCatalogue, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("maker,type,n\nSKF,6205,9\n", encoding="utf-8")
    found = catalogue.read(path)
    assert found.missing == ("element_diameter_mm", "pitch_diameter_mm")
    assert (found.rows, found.header) == ((), ("maker", "type", "n"))


def test_a_type_given_twice_in_a_file_is_taken_once_or_refused(
    catalogue: BearingCatalogue, tmp_path: Path
) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(
        "maker,type,n,d,dm\nSKF,6205,9,7.94,39.04\nskf,6205,9,7.94,39.04\nSKF,6205,8,7.94,39.04\n"
        "SKF,6206,8.5,9,46\n",
        encoding="utf-8",
    )
    found = catalogue.read(path)
    assert [row.is_known for row in found.rows] == [False, True, False, False]
    assert found.rows[2].complaints[0].parameters == {"row": 2}
    assert found.rows[3].complaints[0].parameters == {"column": "elements", "text": "8.5"}
    assert len(catalogue.take(found, by=ERNA).steps) == 1


def test_an_import_is_taken_back_and_done_again_as_one(
    catalogue: BearingCatalogue, setup: PlantSetup, table: Path
) -> None:
    """Imports undo by batch: also a new edition of a type that was there."""
    old = added(catalogue, "SKF", BearingGeometry("6205", 9, 7.9, 39.0))
    taken = catalogue.take(catalogue.read(table), by=ERNA)
    both = catalogue.search()
    assert [bearing.edition for bearing in both] == [2, 1]
    undone = setup.undo(taken)
    assert catalogue.search() == (old,)
    setup.undo(undone)
    assert catalogue.search() == both


def test_an_edition_that_something_was_built_on_stays(
    catalogue: BearingCatalogue, setup: PlantSetup, table: Path
) -> None:
    taken = catalogue.take(catalogue.read(table), by=ERNA)
    newer = catalogue.add("SKF", BearingGeometry("6205", 9, 7.95, 39.0), by=ERNA)
    with pytest.raises(Conflict):
        setup.undo(taken)
    assert len(catalogue.search()) == 2, "all or none"
    setup.undo(newer)
    (machine,) = setup.add_machine(name="Pump", code="P1", class_key="pump", line_id=None).made(Asset)[-1:]
    running = MeasurementPoint(
        new_id(), machine.id, "DE", Technique.VIBRATION, bearing=catalogue.search("6312")[0].geometry
    )
    setup.change_points([running])
    with pytest.raises(RuleViolation, match="1 points run"):
        setup.undo(taken)
    assert len(catalogue.search()) == 2


def test_the_sheet_that_names_its_columns_is_read(catalogue: BearingCatalogue, tmp_path: Path) -> None:
    path = workbook_of_bearings(tmp_path / "bearings.xlsx")
    found = catalogue.read(path)
    assert (found.sheets, found.sheet) == (("Read me", "SKF", "FAG"), "SKF")
    assert [row.name for row in catalogue.read(path, TableReading("FAG")).rows] == ["FAG 6205"]
    assert "designation" in catalogue.read(path, TableReading("Read me")).missing


def test_points_tell_which_edition_they_run_in(catalogue: BearingCatalogue) -> None:
    """NEW-13: the geometry was copied into the point; a maker is known by the figures only."""
    first = BearingGeometry("6205", 9, 7.9, 39.0)
    catalogue.add("SKF", first, by=ERNA)
    newest = added(catalogue, "SKF", BearingGeometry("6205", 9, 7.94, 39.04))
    fag = added(catalogue, "FAG", BearingGeometry("6205", 8, 8.5, 39.0))
    old, other, odd = (
        MeasurementPoint(new_id(), new_id(), name, Technique.VIBRATION, bearing=bearing)
        for name, bearing in (("DE", first), ("NDE", fag.geometry), ("X", replace(first, elements=10)))
    )
    plant = Plant(points=(old, other, odd))
    assert [(use.point, use.edition) for use in catalogue.uses(newest, plant)] == [(old, 1), (odd, None)]
    assert [(use.point, use.edition) for use in catalogue.uses(fag, plant)] == [(other, 1), (odd, None)]


def judged(catalogue: BearingCatalogue, tmp_path: Path, text: str) -> list[BearingRow]:
    path = tmp_path / "judged.csv"
    path.write_text(text, encoding="utf-8")
    return list(catalogue.read(path).rows)


def test_a_file_is_held_to_what_the_form_asks(catalogue: BearingCatalogue, tmp_path: Path) -> None:
    """Two percent written as 2 was stored as 200 %, and an angle of 400 degrees as such."""
    rows = judged(
        catalogue,
        tmp_path,
        "type;z;d;dm;angle;slip\nA;9;7,94;39,04;0;2\nB;9;9,5;46;400;-3\nC;9;9,5;46;90;0,2\n",
    )
    wrong = [[complaint.parameters["column"] for complaint in row.complaints] for row in rows]
    assert wrong == [["slip_tolerance"], ["contact_angle_deg", "slip_tolerance"], []]
    with pytest.raises(ConfigurationError):
        catalogue.add("ACME", BearingGeometry("A", 9, 7.94, 39.04), by=ERNA, slip_tolerance=2.0)


@pytest.mark.parametrize(
    ("header", "cell"), [("slip %", "2"), ("slip [%]", "2"), ("slip", "2 %"), ("slip", "0,02")]
)
def test_slip_is_a_share_or_percent_as_the_file_says(
    catalogue: BearingCatalogue, tmp_path: Path, header: str, cell: str
) -> None:
    (row,) = judged(catalogue, tmp_path, f"type;z;d;dm;{header}\nA;9;7,94;39,04;{cell}\n")
    assert row.bearing is not None
    assert row.bearing.slip_tolerance == 0.02


def test_another_slip_is_another_edition_and_none_keeps_the_one_known(
    catalogue: BearingCatalogue, tmp_path: Path
) -> None:
    added(catalogue, "", BearingGeometry("A", 9, 7.94, 39.04), slip_tolerance=0.03)
    other, same, corrected = (
        judged(catalogue, tmp_path, f"type;z;d;dm;slip\nA;9;7,94;{large};{slip}\n")[0]
        for large, slip in (("39,04", "0,01"), ("39,04", ""), ("39,05", "0,01"))
    )
    assert (other.is_known, same.is_known, corrected.is_known) == (False, True, False)
    assert other.bearing is not None
    assert corrected.bearing is not None
    assert (other.bearing.edition, other.bearing.slip_tolerance) == (2, 0.01)
    assert corrected.bearing.slip_tolerance == 0.01


def test_capitals_make_no_other_type_in_any_language(catalogue: BearingCatalogue, tmp_path: Path) -> None:
    """SQLite folds ASCII only: M\u00dcLLER had two first editions, and the same again broke the database."""
    added(catalogue, "M\u00dcLLER", BearingGeometry("\u00d612", 9, 7.0, 39.0))
    second = added(catalogue, "M\u00fcller", BearingGeometry("\u00f612", 9, 7.1, 39.0))
    third = added(catalogue, "M\u00dcLLER", BearingGeometry("\u00d612", 9, 7.2, 39.0))
    assert (second.edition, third.edition, third.maker) == (2, 3, "M\u00dcLLER")
    assert catalogue.search("\u00f612 m\u00fcller") == (third,)
    (row,) = judged(catalogue, tmp_path, "maker;type;z;d;dm\nm\u00fcller;\u00f612;9;7,2;39\n")
    assert row.is_known


def test_columns_are_told_apart_once(catalogue: BearingCatalogue, tmp_path: Path) -> None:
    """NEW-13: the header of this maker is remembered with the import; a correction counts for one cell."""
    path = tmp_path / "odd.csv"
    path.write_text("Nr.;Anzahl;Klein;Gross\n6205;9;7,94;39,04\n6206;9;9,5;zwei\n", encoding="utf-8")
    assert len(catalogue.read(path).missing) == 4
    columns = dict(zip(REQUIRED, range(4), strict=True))
    told = TableReading(columns=columns, corrections={(3, "pitch_diameter_mm"): "46"})
    found = catalogue.read(path, told)
    assert [row.bearing is not None for row in found.rows] == [True, True]
    assert found.rows[1].cells["pitch_diameter_mm"] == "46"
    catalogue.take(found, by=ERNA)
    again = catalogue.read(path)
    assert (dict(again.columns), again.rows[0].is_known) == (columns, True)
    assert again.rows[1].complaints[0].parameters["text"] == "zwei", "the file stays as it is"


def test_what_somebody_stored_meanwhile_is_no_second_edition(
    catalogue: BearingCatalogue, tmp_path: Path
) -> None:
    path = tmp_path / "two.csv"
    path.write_text("maker,type,n,d,dm\nSKF,6205,9,7.94,39.04\nSKF,6206,9,9.5,46\n", encoding="utf-8")
    found = catalogue.read(path)
    catalogue.add("skf", BearingGeometry("6205", 9, 7.94, 39.04), by=ERNA)
    catalogue.add("SKF", BearingGeometry("6206", 9, 9.4, 46), by=ERNA)
    assert [each.edition for each in catalogue.take(found, by=ERNA).made(BearingType)] == [2]
