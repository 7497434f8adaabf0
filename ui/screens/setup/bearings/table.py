"""The tables of the bearings tab: the catalogue, the rows of a file, the points that run in a type."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from domain.plant.bearings import BearingType, DefectOrders, defect_orders
from services.set_up.bearing_catalogue import BearingUse
from services.set_up.bearing_table import BearingRow
from ui.formatting import Presentation, number
from ui.screens.setup.bearings.words import outcome_words
from ui.text import tr
from ui.typed_numbers import shown_number
from ui.widgets.data_table import DataTable
from ui.widgets.table_model import CellKind, Column

MOST_DECIMALS: Final = {
    "elements": 0, "small": 3, "large": 3, "angle": 1, "ftf": 3, "bpfo": 3, "bpfi": 3, "bsf": 3, "slip": 1,
}  # fmt: skip
NOTHING: Final = Presentation("")


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A type with its defect orders, computed once."""

    bearing: BearingType
    orders: DefectOrders


@dataclass(frozen=True, slots=True)
class UseRow:
    """A point that runs in a type: where it is, and which figures it carries."""

    use: BearingUse
    place: str
    state: str


def catalogue_row(bearing: BearingType) -> CatalogueRow:
    """Return a row of the catalogue."""
    return CatalogueRow(bearing, defect_orders(bearing.geometry))


def catalogue_table() -> DataTable:
    """Return the table of the catalogue."""
    columns = (
        Column("maker", tr("Bearings", "Maker"), _maker, width=76),
        Column("designation", tr("Bearings", "Designation"), _designation, is_hideable=False),
        _number_column("elements", tr("Bearings", "n"), _elements, 40, order=_elements_order),
        _number_column("small", tr("Bearings", "d mm"), _small, 72, order=_small_order),
        _number_column("large", tr("Bearings", "D mm"), _large, 78, order=_large_order),
        _number_column("angle", tr("Bearings", "Angle \u00b0"), _angle, 60),
        _number_column("ftf", tr("Bearings", "FTF"), _ftf, 58),
        _number_column("bpfo", tr("Bearings", "BPFO"), _bpfo, 68),
        _number_column("bpfi", tr("Bearings", "BPFI"), _bpfi, 68),
        _number_column("bsf", tr("Bearings", "BSF"), _bsf, 62),
        Column("edition", tr("Bearings", "Edition"), _edition, width=62, align_right=True),
        _number_column("slip", tr("Bearings", "Slip %"), _slip, 56),
        Column("source", tr("Bearings", "Source"), _source, width=180, tip=_source, is_weak=True),
    )
    name = tr("Bearings", "Bearing catalogue")
    return DataTable(columns, name=name, identity=_bearing_id, is_on_panel=True)


def preview_table() -> DataTable:
    """Return the table of the rows of a file."""
    columns = (
        Column("row", tr("Bearings", "Row"), _row_number, width=52, align_right=True, order=_row_order),
        Column("bearing", tr("Bearings", "Bearing"), _row_name, width=170, tip=_row_name),
        _number_column("elements", tr("Bearings", "n"), _of_row(_elements), 40),
        _number_column("small", tr("Bearings", "d mm"), _of_row(_small), 76),
        _number_column("large", tr("Bearings", "D mm"), _of_row(_large), 80),
        _number_column("angle", tr("Bearings", "Angle \u00b0"), _of_row(_angle), 64),
        _number_column("slip", tr("Bearings", "Slip %"), _of_row(_slip), 56),
        Column("outcome", tr("Bearings", "Outcome"), outcome_words, tip=outcome_words, is_hideable=False),
    )
    name = tr("Bearings", "Rows of the file")
    return DataTable(columns, name=name, identity=_row_order, is_bold=_is_wrong, is_on_panel=True)


def _number_column(
    key: str,
    title: str,
    value: Callable[[Any], Presentation | None],
    width: int,
    *,
    order: Callable[[Any], Any] | None = None,
) -> Column:
    """Return a column of catalogue figures: weak, since nothing here is measured."""
    decimals = MOST_DECIMALS[key]
    return Column(key, title, value, CellKind.NUMBER, width, decimals=decimals, order=order, is_weak=True)


def _of_row(value: Callable[[CatalogueRow], Presentation]) -> Callable[[BearingRow], Presentation]:
    """Return a figure of a row of a file: empty while the row makes no bearing."""

    def figure(row: BearingRow) -> Presentation:
        return NOTHING if row.bearing is None else value(catalogue_row(row.bearing))

    return figure


def use_table() -> DataTable:
    """Return the table of the points that run in a type."""
    columns = (
        Column("place", tr("Bearings", "Point"), _place, tip=_place, is_hideable=False, is_name=True),
        Column("state", tr("Bearings", "Runs in"), _state, width=118, tip=_state, is_hideable=False),
    )
    return DataTable(columns, name=tr("Bearings", "Used at"), identity=_point_id, is_on_panel=True)


def _figure(value: float, decimals: int) -> Presentation:
    return Presentation(number(value, decimals), decimals=decimals)


def _typed(value: float) -> Presentation:
    """Return a figure as its maker gives it, without noughts behind."""
    words = shown_number(value)
    fraction = words.partition(shown_number(0.5)[1])[2]
    return Presentation(words, decimals=len(fraction))


def _bearing_id(row: CatalogueRow) -> UUID:
    return row.bearing.id


def _maker(row: CatalogueRow) -> str:
    return row.bearing.maker


def _designation(row: CatalogueRow) -> str:
    return row.bearing.geometry.designation


def _elements(row: CatalogueRow) -> Presentation:
    return _figure(row.bearing.geometry.elements, 0)


def _elements_order(row: CatalogueRow) -> int:
    return row.bearing.geometry.elements


def _small(row: CatalogueRow) -> Presentation:
    return _typed(row.bearing.geometry.element_diameter_mm)


def _small_order(row: CatalogueRow) -> float:
    return row.bearing.geometry.element_diameter_mm


def _large(row: CatalogueRow) -> Presentation:
    return _typed(row.bearing.geometry.pitch_diameter_mm)


def _large_order(row: CatalogueRow) -> float:
    return row.bearing.geometry.pitch_diameter_mm


def _angle(row: CatalogueRow) -> Presentation:
    return _typed(row.bearing.geometry.contact_angle_deg)


def _ftf(row: CatalogueRow) -> Presentation:
    return _figure(row.orders.ftf, 3)


def _bpfo(row: CatalogueRow) -> Presentation:
    return _figure(row.orders.bpfo, 3)


def _bpfi(row: CatalogueRow) -> Presentation:
    return _figure(row.orders.bpfi, 3)


def _bsf(row: CatalogueRow) -> Presentation:
    return _figure(row.orders.bsf, 3)


def _edition(row: CatalogueRow) -> str:
    return str(row.bearing.edition)


def _slip(row: CatalogueRow) -> Presentation:
    return _typed(100 * row.bearing.slip_tolerance)


def _source(row: CatalogueRow) -> str:
    return row.bearing.geometry.source


def _row_order(row: BearingRow) -> int:
    return row.number


def _row_number(row: BearingRow) -> str:
    return str(row.number)


def _row_name(row: BearingRow) -> str:
    return row.name


def _is_wrong(row: BearingRow) -> bool:
    return row.bearing is None


def _point_id(row: UseRow) -> UUID:
    return row.use.point.id


def _place(row: UseRow) -> str:
    return row.place


def _state(row: UseRow) -> str:
    return row.state
