"""The machines of one line: a table that hands over to its neighbours; rows can be dragged to Trends."""

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QDrag, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication

from ui.screens.overview.state import MachineRow
from ui.text import tr
from ui.widgets.data_table import DataTable
from ui.widgets.table_model import CellKind, Column

TAGS_MIME = "application/x-jidoka-tags"
"""Comma-separated tag keys, which Trends takes."""

WIDTHS = {"symbol": 44, "state": 104, "health": 128, "spark": 132}
COMPACT_WIDTHS = {"symbol": 32, "state": 104, "health": 80, "spark": 74}
ROW_TALL, ROW_COMPACT = 36, 24


def _machine_columns() -> tuple[Column, ...]:
    return (
        Column("symbol", "", _symbol, CellKind.SYMBOL, WIDTHS["symbol"], tip=_symbol_tip, is_hideable=False),
        Column("name", tr("Overview", "Asset"), _name, tip=_name, is_hideable=False),
        Column("state", tr("Overview", "State"), _state, CellKind.STATE, WIDTHS["state"]),
        Column("health", tr("Overview", "Health"), _health, CellKind.HEALTH, WIDTHS["health"], order=_score),
        Column(
            "spark", tr("Overview", "Vibration, 24 h"), _spark, CellKind.SPARK, WIDTHS["spark"],
            tip=_vibration, short=tr("Overview", "Vib. 24 h"),
        ),
    )  # fmt: skip


def _symbol(row: MachineRow) -> object:
    return row.symbol


def _symbol_tip(row: MachineRow) -> str:
    return row.symbol.words if row.symbol is not None else ""


def _name(row: MachineRow) -> str:
    return row.name


def _state(row: MachineRow) -> object:
    return row.state


def _health(row: MachineRow) -> object:
    return row.health


def _score(row: MachineRow) -> float | None:
    return row.health if isinstance(row.health, float) else None


def _spark(row: MachineRow) -> object:
    return row.spark


def _vibration(row: MachineRow) -> str:
    return tr("Overview", "Vibration {value}, drive end", value=row.vibration)


def _identity(row: MachineRow) -> UUID:
    return row.id


class MachineTable(DataTable):
    """``crossed`` asks for the neighbour table (-1 or 1), ``peek_asked`` for the pop-over of a row."""

    crossed = Signal(int)
    peek_asked = Signal(object)
    released = Signal()
    picked = Signal(object)
    """The operator chose a machine by key or mouse."""

    def __init__(self, line: str) -> None:
        super().__init__(
            _machine_columns(), name=line, identity=_identity, row_height=ROW_TALL, is_on_panel=True
        )
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._pressed: QPoint | None = None

    def set_compact(self, compact: bool) -> None:
        """Use the widths and rows of small windows."""
        self.set_row_height(ROW_COMPACT if compact else ROW_TALL)
        self.use_short_titles(compact)
        widths = COMPACT_WIDTHS if compact else WIDTHS
        for place, column in enumerate(self.rows.columns):
            if column.key in widths:
                self.horizontalHeader().resizeSection(place, widths[column.key])

    @property
    def current_machine(self) -> UUID | None:
        """The machine of the current row."""
        chosen = self.selected()
        return chosen[0] if chosen and isinstance(chosen[0], UUID) else None

    def choose_place(self, place: int) -> None:
        """Choose the row at a place, or the last one above it, on the operator's behalf."""
        count = self.rows.rowCount()
        if count:
            self.selectRow(min(place, count - 1))
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            self._tell()

    def _tell(self) -> None:
        machine = self.current_machine
        if machine is not None:
            self.picked.emit(machine)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: dict[int, Callable[[], None]] = {
            int(Qt.Key.Key_Left): lambda: self.crossed.emit(-1),
            int(Qt.Key.Key_Right): lambda: self.crossed.emit(1),
            int(Qt.Key.Key_Escape): self.released.emit,
            int(Qt.Key.Key_Space): lambda: self.peek_asked.emit(self.current_machine),
        }
        act = steps.get(event.key())
        if act is not None:
            act()
            return
        before = self.current_machine
        super().keyPressEvent(event)
        if self.current_machine != before:
            self._tell()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_key and self.current_machine is None:
            self.choose_place(0)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._pressed = event.position().toPoint()
        self._tell()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the chosen row's values; a table of this size needs no rubber band."""
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        way = (event.position().toPoint() - self._pressed).manhattanLength()
        if way >= QApplication.startDragDistance():
            self._pressed = None
            self._drag()

    def _drag(self) -> None:
        data = self.drag_data()
        if data is not None:
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)

    def drag_data(self) -> QMimeData | None:
        """Return the tag keys of the chosen machine's first figures."""
        machine = self.current_machine
        place = self.rows.place_of(machine) if machine is not None else None
        if place is None:
            return None
        data = QMimeData()
        keys = ",".join(str(key) for key in self.rows.row(place).tag_keys)
        data.setData(TAGS_MIME, keys.encode())
        return data
