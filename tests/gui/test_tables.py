"""Tables: live updates never steal selection, scroll, order or focus [NEW-10]; copying and columns."""

from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from domain.condition.alarms import AlarmState, Priority
from ui.formatting import Presentation, present
from ui.theme import Theme
from ui.widgets.data_table import DataTable
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.row_list import ListRow, RowList
from ui.widgets.table_model import CellKind, Column


@dataclass(frozen=True)
class Row:
    key: int
    name: str
    value: float


def shown(row: Row) -> Presentation:
    return present(row.value, unit="mm/s", digits=1)


COLUMNS = (
    Column(
        "priority",
        "Pri",
        lambda row: SymbolState(Priority.HIGH, AlarmState.UNACKNOWLEDGED),
        CellKind.SYMBOL,
        48,
    ),
    Column("name", "Asset", lambda row: row.name),
    Column("value", "Value", shown, CellKind.NUMBER, 80, order=lambda row: row.value, decimals=1),
)


def rows(count: int, *, add: float = 0.0) -> list[Row]:
    return [Row(n, f"Machine {n:03d}", (n * 7) % 50 + add) for n in range(count)]


@pytest.fixture
def table(qtbot, theme: Theme) -> DataTable:
    made = DataTable(COLUMNS, name="Assets", identity=lambda row: row.key)
    qtbot.addWidget(made)
    made.set_rows(rows(200))
    made.resize(500, 300)
    made.show()
    return made


def test_selection_survives_a_thousand_updates(table: DataTable) -> None:
    table.select(42)
    top = table.verticalScrollBar().value()
    for step in range(1000):
        fresh = rows(200, add=step)
        table.set_rows(fresh if step % 2 else fresh[::-1])
    table.set_rows(rows(200))
    assert table.selected() == [42]
    assert abs(table.verticalScrollBar().value() - top) <= 200
    table.set_rows([row for row in rows(200) if row.key != 42])
    assert table.selected() == []


def test_only_changed_rows_are_repainted(table: DataTable) -> None:
    changed: list[int] = []
    table.rows.dataChanged.connect(lambda first, last: changed.append(first.row()))
    fresh = rows(200)
    fresh[7] = Row(7, "Machine 007", 999.0)
    table.set_rows(fresh)
    assert changed == [7]


def test_rows_stay_under_the_hand_while_new_ones_enter_above(table: DataTable) -> None:
    table.verticalScrollBar().setValue(50)
    first = table.visible()[0]
    table.set_rows([Row(1000 + n, "new", 0.0) for n in range(3)] + rows(200))
    assert table.visible()[0] == first


def test_sorting_holds_through_updates(table: DataTable) -> None:
    table.rows.sort(2, Qt.SortOrder.DescendingOrder)
    table.set_rows(rows(200, add=1))
    values = [table.rows.row(n).value for n in range(200)]
    assert values == sorted(values, reverse=True)


def test_copy_has_headers_and_enter_opens(table: DataTable, qtbot) -> None:
    table.select(3)
    table.show_column("priority", False)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Asset\tValue\nMachine 003\t21.0"
    with qtbot.waitSignal(table.opened) as heard:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert heard.args == [3]


def test_long_names_are_told_apart_by_their_ends(qtbot, theme: Theme) -> None:
    columns = (Column("name", "Point", lambda row: row.name, is_name=True),)
    table = DataTable(columns, name="Points", identity=lambda row: row.key)
    qtbot.addWidget(table)
    table.set_rows(
        [Row(n, f"Depalletiser DP1 \u00b7 Main motor {end}", 0.0) for n, end in enumerate(("DE", "NDE"))]
    )
    table.resize(150, 120)
    table.show()
    first, second = (table.visualRect(table.rows.index(place, 0)) for place in range(2))
    assert table.viewport().grab(first).toImage() != table.viewport().grab(second).toImage()


def test_rows_have_a_fixed_height(table: DataTable) -> None:
    assert {table.rowHeight(n) for n in range(200)} == {28}
    table.set_row_height(24)
    assert table.rowHeight(0) == 24


def test_a_row_chosen_by_the_screen_comes_into_view_once(qtbot, theme: Theme) -> None:
    points, rows = RowList("Points"), [ListRow(n, f"Point {n}") for n in range(60)]
    area = points.scroller()
    qtbot.addWidget(area)
    area.resize(200, 150)
    points.set_current(50)
    points.show_rows(rows)
    area.show()
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0, timeout=3000)
    points.show_rows(rows)
    assert area.verticalScrollBar().value() > 0
    area.verticalScrollBar().setValue(0)
    points.show_rows(rows)
    assert area.verticalScrollBar().value() == 0, "the operator's scrolling stays"
