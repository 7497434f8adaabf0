"""Rows of a table as values: columns say how a row is worded, the model tells Qt only what really changed."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ui import text

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class CellKind(Enum):
    """How a cell is painted; the value a column returns must fit."""

    TEXT = "text"
    """str"""
    NUMBER = "number"
    """formatting.Presentation, aligned on the decimal sign"""
    SYMBOL = "symbol"
    """priority_symbol.SymbolState, the name of an icon, or None"""
    SPARK = "spark"
    """spark.Spark or None"""
    HEALTH = "health"
    """float 0-100 or None, number and bar; a str says calmly why there is none"""
    STATE = "state"
    """MachineState"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``value`` takes a row and returns what the kind wants.

    ``order`` gives the sort key where the value itself does not sort as people expect. ``width`` 0 stretches.
    ``decimals`` is the widest number of digits after the sign, for alignment. ``role`` "live" colours text.
    """

    key: str
    title: str
    value: Callable[[Any], Any]
    kind: CellKind = CellKind.TEXT
    width: int = 0
    align_right: bool = False
    order: Callable[[Any], Any] | None = None
    tip: Callable[[Any], str] | None = None
    decimals: int = 0
    is_weak: bool = False
    is_hideable: bool = True
    short: str = ""
    """Title for small windows; empty keeps the long one."""
    is_name: bool = False
    """Elided in its middle: what tells names apart often stands at their end."""

    @property
    def is_sortable(self) -> bool:
        """Whether clicking the title sorts: by ``order``, or plainly where the value is text or a number."""
        return self.order is not None or self.kind in (CellKind.TEXT, CellKind.HEALTH)

    def sort_key(self, row: Any) -> tuple[bool, Any]:
        """Return the key of a row; unknown values come last."""
        value = (self.order or self.value)(row)
        return value is None, value if value is not None else 0


ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
VALUE_ROLE = int(Qt.ItemDataRole.UserRole) + 2
BOLD_ROLE = int(Qt.ItemDataRole.UserRole) + 3
GROUP_END_ROLE = int(Qt.ItemDataRole.UserRole) + 4


class RowsModel(QAbstractTableModel):
    """A table of immutable rows, each with an identity that outlives updates."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        identity: Callable[[Any], Hashable],
        is_bold: Callable[[Any], bool] | None = None,
        ends_group: Callable[[Any], bool] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._identity = identity
        self._is_bold = is_bold
        self._ends_group = ends_group
        self._rows: list[Any] = []
        self._ids: list[Hashable] = []
        self._sorted_by: tuple[int, bool] | None = None
        self._has_short_titles = False

    def use_short_titles(self, short: bool) -> None:
        """Head the columns with their short titles or the long ones."""
        if short is not self._has_short_titles:
            self._has_short_titles = short
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def row(self, number: int) -> Any:
        """Return the row value at a place."""
        return self._rows[number]

    def identity_at(self, number: int) -> Hashable:
        """Return the identity of the row at a place."""
        return self._ids[number]

    def place_of(self, identity: Hashable) -> int | None:
        """Return where a row stands now, None when it is gone."""
        try:
            return self._ids.index(identity)
        except ValueError:
            return None

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Replace the rows. Same identities, same order: only changed rows repaint."""
        fresh = self._in_order(rows)
        ids = [self._identity(row) for row in fresh]
        if ids == self._ids:
            self._repaint_changes(fresh)
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        owners = [self._ids[index.row()] for index in before]
        self._rows, self._ids = fresh, ids
        places = {identity: place for place, identity in enumerate(ids)}
        after = [
            self.index(places[owner], index.column()) if owner in places else QModelIndex()
            for index, owner in zip(before, owners, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _repaint_changes(self, fresh: list[Any]) -> None:
        changed = [place for place, row in enumerate(fresh) if row != self._rows[place]]
        self._rows = fresh
        last = len(self.columns) - 1
        for place in changed:
            self.dataChanged.emit(self.index(place, 0), self.index(place, last))

    def _in_order(self, rows: Sequence[Any]) -> list[Any]:
        if self._sorted_by is None:
            return list(rows)
        number, descending = self._sorted_by
        column = self.columns[number]
        return sorted(rows, key=column.sort_key, reverse=descending)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column and keep the rows so; -1 goes back to the order they come in."""
        self._sorted_by = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self.set_rows(self._rows)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == VALUE_ROLE:
            return column.value(row)
        if role == ROW_ROLE:
            return row
        if role == BOLD_ROLE:
            return self._is_bold is not None and self._is_bold(row)
        if role == GROUP_END_ROLE:
            return self._sorted_by is None and self._ends_group is not None and self._ends_group(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tip(column.tip(row)) if column.tip is not None else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return words_of(column.value(row))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.short if self._has_short_titles and column.short else column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # A row number is right-aligned, so its title is too.
            right = column.align_right or column.kind is CellKind.NUMBER
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


def words_of(value: Any) -> str:
    """Return a cell's value as text, for copying and screen readers."""
    if value is None:
        return ""
    for attribute in ("text", "words"):
        words = getattr(value, attribute, None)
        if isinstance(words, str):
            return words
    if isinstance(value, Enum):
        return str(value.name)
    return f"{value:g}" if isinstance(value, float) else str(value)
