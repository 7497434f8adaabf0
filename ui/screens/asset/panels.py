"""Panels of the asset screen: plant tree, measurement points, trend stack."""

from collections.abc import Callable, Sequence
from uuid import UUID

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout

from ui.formatting import PlantTime, number
from ui.screens.asset.past import curve_of
from ui.screens.asset.state import AssetDay, AssetStack, AssetState, BranchState
from ui.screens.readings import Readings
from ui.text import tr
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.figure_pane import FigurePane
from ui.widgets.key_button import SegmentedButtons
from ui.widgets.panel import Panel
from ui.widgets.plot_group import PlotGroup
from ui.widgets.point_card import PointCard
from ui.widgets.table_model import CellKind, Column
from ui.widgets.trend_plot import TrendCurve

CARD_WIDTH = 130
INDENT = {"line": "", "machine": "  ", "point": "      "}
SPANS = (("1d", 86_400.0), ("7d", 7 * 86_400.0), ("30d", 30 * 86_400.0))


class TreePanel(Panel):
    """The plant as a tree; machines and points open with Enter or a click."""

    opened = Signal(object)

    def __init__(self) -> None:
        super().__init__(tr("Asset", "Assets"), tr("Asset", "health, mm/s"), padding=1)
        columns = (
            Column("symbol", "", _branch_symbol, CellKind.SYMBOL, 34),
            Column("name", tr("Asset", "Asset"), _branch_name, tip=_branch_tip),
            Column("figure", tr("Asset", "Health"), _branch_figure, width=84, align_right=True),
        )
        self.table = DataTable(
            columns, name=tr("Asset", "Plant"), identity=_branch_id, is_bold=_is_line,
            row_height=ROW_COMPACT + 2, is_on_panel=True,
        )  # fmt: skip
        self.table.horizontalHeader().hide()
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.opened.connect(self._open)
        self.table.clicked.connect(self._click)
        self._rows: dict[UUID, BranchState] = {}
        self.body.addWidget(self.table)

    def show_branches(self, rows: Sequence[BranchState]) -> None:
        """Show the tree."""
        self._rows = {row.id: row for row in rows}
        self.table.set_rows(rows)

    def highlight(self, machine: UUID) -> None:
        """Mark a machine without taking the focus."""
        place = self.table.rows.place_of(machine)
        if place is not None and self.table.selected() != [machine]:
            self.table.selectRow(place)

    def _click(self, index: QModelIndex) -> None:
        row = self._rows.get(self.table.selected()[0]) if self.table.selected() else None  # type: ignore[call-overload]
        if row is not None and row.kind == "machine":
            self.opened.emit(row)

    def _open(self, identity: object) -> None:
        row = self._rows.get(identity) if isinstance(identity, UUID) else None
        if row is not None:
            self.opened.emit(row)


def _branch_id(row: BranchState) -> UUID:
    return row.id


def _branch_symbol(row: BranchState) -> object:
    return row.symbol


def _branch_name(row: BranchState) -> str:
    return INDENT[row.kind] + row.name


def _branch_tip(row: BranchState) -> str:
    return "\n".join(part for part in (row.name, row.tip) if part)


def _branch_figure(row: BranchState) -> str:
    return row.figure


def _is_line(row: BranchState) -> bool:
    return row.kind == "line"


class PointsPanel(Panel):
    """Cards of the figures that matter most; as many as fit."""

    chosen = Signal(int)
    """A tag key."""

    def __init__(self) -> None:
        super().__init__(
            tr("Asset", "Measurement points"), tr("Asset", "now, normal range, limits, 24 h"), padding=1
        )
        self._cards: list[PointCard] = []
        self._keys: list[int] = []
        self._row = QHBoxLayout()
        self._row.setSpacing(0)
        self.body.addLayout(self._row)

    def show_asset(self, state: AssetState, day: AssetDay | None) -> None:
        """Show the figures of a machine."""
        fit = max(3, (self.width() - 4) // CARD_WIDTH)
        figures = state.cards[:fit]
        while len(self._cards) < len(figures):
            card = PointCard()
            card.setProperty("place", len(self._cards))
            card.chosen.connect(self._choose)
            self._cards.append(card)
            self._row.addWidget(card, 1)
        self._keys = [each.figure.tag.key for each in figures]
        for place, card in enumerate(self._cards):
            card.setVisible(place < len(figures))
            if place >= len(figures):
                continue
            each = figures[place]
            figure = each.figure
            limits = [limit.value for limit in figure.limits]
            card.show_figure(
                figure.title, figure.place, scale=figure.scale, normal=figure.normal, limits=limits
            )
            card.show_value(each.value, each.shown, symbol=each.symbol)
            card.show_curve(curve_of(day, state.machine.id, figure.tag.key))

    def _choose(self) -> None:
        self.chosen.emit(self._keys[int(self.sender().property("place"))])


class StackPanel(Panel):
    """Three curves over one time axis, from history and live."""

    span_chosen = Signal(str)

    def __init__(self, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__(tr("Asset", "Trend"), padding=10)
        self._panes = [
            FigurePane(tr("Asset", "Trend {n}", n=n + 1), plant_time=plant_time, has_time_axis=n == 2)
            for n in range(3)
        ]
        self._span = SegmentedButtons(
            [("1d", tr("Asset", "1 d")), ("7d", tr("Asset", "7 d")), ("30d", tr("Asset", "30 d"))],
            name=tr("Asset", "Period"),
            is_low=True,
        )
        self._span.chosen.connect(self.span_chosen)
        self.set_header_widget(self._span)
        self._group = PlotGroup(self)
        self._shown: AssetStack | None = None
        for pane in self._panes:
            pane.plot.set_span(SPANS[0][1], now_us=0)
            self.body.addWidget(pane, 1)
        self._group.set_panes([pane.plot.pane for pane in self._panes])

    def set_narrow(self, narrow: bool) -> None:
        """Use two panes where there is little height."""
        self._panes[1].setHidden(narrow)

    def show_asset(self, state: AssetState) -> None:
        """Name the curves."""
        self.set_title(tr("Asset", "Trend"), state.machine.name)
        for place, (pane, each) in enumerate(zip(self._panes, state.panes, strict=False)):
            figure, tag = each.figure, each.figure.tag
            if pane.tag_key != tag.key:
                pane.show_figure(
                    TrendCurve(tag.key, figure.name, tag.unit, tag.digits, place),
                    scale=figure.scale, band=figure.normal, limits=figure.limit_lines,
                )  # fmt: skip
                pane.plot.set_live(True)
            pane.show_value(each.shown)

    def show_span(self, seconds: float, now_us: int) -> None:
        """Show so much of the past up to now."""
        for pane in self._panes:
            pane.plot.set_span(seconds, now_us=now_us)
            pane.plot.set_live(True)

    def show_stack(self, stack: AssetStack | None) -> None:
        """Draw the stored part."""
        if stack is None or stack is self._shown:
            return
        self._shown = stack
        for columns in stack.columns:
            for pane in self._panes:
                pane.show_history(columns)
        self._panes[-1].set_events(stack.marks)
        step_s = max((columns.column_us for columns in stack.columns), default=0) / 1e6
        self.set_context(
            tr("Asset", "min to max per {minutes} min, and live", minutes=number(step_s / 60, 0))
        )

    def follow(self, readings: Readings, now_us: int) -> None:
        """Append live values and move on."""
        for pane in self._panes:
            if pane.tag_key is not None:
                value, quality, at_us = readings.raw(pane.tag_key)
                if at_us:
                    pane.plot.append(pane.tag_key, time_us=at_us, value=value, quality=quality)
        self._panes[0].plot.follow(now_us)
