"""Overview: tiles, a panel per line, the worst machine, its last hours, links and events."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from domain.plant.assets import Asset
from ui.context import Context
from ui.screens.overview.asset_panel import AssetPanel, TrendPanel
from ui.screens.overview.machine_table import ROW_COMPACT, ROW_TALL, MachineTable
from ui.screens.overview.side_panels import LinksPanel, latest_events
from ui.screens.overview.state import LineState, OverviewState, TileState
from ui.widgets.panel import HEADER_HEIGHT, Panel
from ui.widgets.value_tile import ValueTile

NARROW_BELOW, LOW_BELOW = 1500, 760
SMALLEST = QSize(940, 540)
MOST_ROWS = 8
LINES_PER_ROW = 3


class LinePanel(Panel):
    """One line with its machines."""

    def __init__(self, line: Asset) -> None:
        super().__init__(line.code, padding=1)
        self.set_title(line.code.upper(), line.name)
        self.table = MachineTable(line.name)
        self.body.addWidget(self.table)

    def set_compact(self, compact: bool, rows: int) -> None:
        """Be as high as so many rows need."""
        self.table.set_compact(compact)
        height = ROW_COMPACT if compact else ROW_TALL
        self.setFixedHeight(HEADER_HEIGHT + 28 + height * min(MOST_ROWS, max(1, rows)) + 10)


class OverviewView(QWidget):
    """Builds and forwards; decides nothing."""

    picked = Signal(object)
    opened = Signal(object)
    peeked = Signal(object)
    released = Signal()
    address_chosen = Signal(str)

    def __init__(self, context: Context, lines: Sequence[Asset]) -> None:
        super().__init__()
        self._addresses: dict[str, str] = {}
        self._tiles: dict[str, ValueTile] = {}
        self._tile_row = QHBoxLayout()
        self.panels = [LinePanel(line) for line in lines]
        self.asset, self.trend = AssetPanel(), TrendPanel(context.plant_time)
        self.links, self.events = LinksPanel(), latest_events(context.plant_time)
        self._most_rows = 1
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self._tile_row.setSpacing(12)
        column.addLayout(self._tile_row)
        grid = QGridLayout()
        grid.setSpacing(12)
        for place, panel in enumerate(self.panels):
            grid.addWidget(panel, place // LINES_PER_ROW, place % LINES_PER_ROW)
            grid.setColumnStretch(place % LINES_PER_ROW, 1)
            panel.table.crossed.connect(self._cross)
            panel.table.picked.connect(self._pick)
            panel.table.opened.connect(self.opened)
            panel.table.peek_asked.connect(self.peeked)
            panel.table.released.connect(self.released)
        column.addLayout(grid)
        lower = QHBoxLayout()
        lower.setSpacing(12)
        lower.addWidget(self.asset)
        lower.addWidget(self.trend)
        side = QVBoxLayout()
        side.setSpacing(12)
        side.addWidget(self.links)
        side.addWidget(self.events, 1)
        lower.addLayout(side)
        self._lower = lower
        column.addLayout(lower, 1)

    # ---- showing

    def show_state(self, state: OverviewState) -> None:
        """Draw one picture."""
        for panel, line in zip(self.panels, state.lines, strict=True):
            panel.table.set_rows(line.rows)
            panel.set_context(line.context)
        self._fit_rows(state.lines)
        for tile in state.tiles:
            self._show_tile(tile)
        if state.asset is not None:
            self.asset.show_asset(state.asset)
            self.trend.show_asset(state.asset)
        self.links.show_links(state.links, is_live=state.is_live)

    def _fit_rows(self, lines: Sequence[LineState]) -> None:
        most = max((len(line.rows) for line in lines), default=1)
        if most != self._most_rows:
            self._most_rows = most
            self._arrange()

    def _show_tile(self, state: TileState) -> None:
        tile = self._tiles.get(state.key)
        if tile is None:
            tile = self._tiles[state.key] = ValueTile(state.title, definition=state.definition)
            tile.setProperty("tile", state.key)
            tile.clicked.connect(self._open_tile)
            tile.set_low(self.is_low)
            self._tile_row.addWidget(tile, 1)
        self._addresses[state.key] = state.address
        tile.set_title(state.title)
        tile.show_figure(state.shown, sentence=state.sentence, spark=state.spark, symbol=state.symbol)

    def _open_tile(self) -> None:
        address = self._addresses.get(str(self.sender().property("tile")), "")
        if address:
            self.address_chosen.emit(address)

    def highlight(self, machine: UUID | None) -> None:
        """Mark a machine's row without moving focus or scroll."""
        for panel in self.panels:
            place = panel.table.rows.place_of(machine) if machine is not None else None
            if place is None:
                panel.table.clearSelection()
            elif panel.table.current_machine != machine:
                panel.table.selectRow(place)

    def row_place(self, machine: UUID) -> tuple[QPoint, MachineTable] | None:
        """Return where a machine's row stands on this view."""
        for panel in self.panels:
            place = panel.table.rows.place_of(machine)
            if place is not None:
                box = panel.table.visualRect(panel.table.rows.index(place, 1))
                return panel.table.viewport().mapTo(self, box.bottomLeft()), panel.table
        return None

    # ---- keys across tables

    def _cross(self, step: int) -> None:
        tables = [panel.table for panel in self.panels]
        at = next((n for n, table in enumerate(tables) if table.hasFocus()), 0)
        target = tables[(at + step) % len(tables)]
        place = tables[at].rows.place_of(tables[at].current_machine)
        target.choose_place(place or 0)

    def _pick(self, machine: object) -> None:
        if isinstance(machine, UUID):
            self.highlight(machine)
            self.picked.emit(machine)

    # ---- sizes

    @property
    def is_low(self) -> bool:
        """Whether the window is too small for the roomy arrangement."""
        return self.width() < NARROW_BELOW or self.height() < LOW_BELOW

    def minimumSizeHint(self) -> QSize:
        """The smallest window, whatever the present arrangement needs: a smaller one is arranged anew."""
        return SMALLEST

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        low = self.is_low
        for tile in self._tiles.values():
            tile.set_low(low)
        for panel in self.panels:
            panel.set_compact(low, self._most_rows)
        self.asset.set_compact(low)
        self.links.set_compact(low)
        self.events.set_compact(low)
        for place, share in enumerate((42, 34, 28) if low else (36, 40, 27)):
            self._lower.setStretch(place, share)
        self._lower.setSpacing(8 if low else 12)
        gap = 8 if low else 12
        layout = self.layout()
        if layout is not None:
            layout.setSpacing(gap)
        self._tile_row.setSpacing(gap)
