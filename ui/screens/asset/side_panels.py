"""Side panels of the asset screen: reasons, limits with their source, events."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView

from ui.formatting import PlantTime, Presentation, number
from ui.screens.asset.state import AssetState, LimitRow
from ui.screens.event_panel import EventPanel, TimelineRow
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.panel import Panel, label
from ui.widgets.reason_bars import ReasonBars
from ui.widgets.table_model import CellKind, Column

STAMP_WIDTH = 104


class WhyPanel(Panel):
    """What costs the machine its points."""

    def __init__(self) -> None:
        super().__init__(tr("Asset", "Why"), tr("Asset", "points lost against the baseline"))
        self._bars = ReasonBars(tr("Asset", "Reasons of health"), most=6, name_share=0.5, row_height=22)
        self._sum = label("", size=CAPTION, role="caption")
        self.body.addWidget(self._bars)
        self.body.addWidget(self._sum)
        self.body.addStretch(1)

    def show_asset(self, state: AssetState) -> None:
        """Show the reasons, or why there are none."""
        if state.score is None:
            self.set_title(tr("Asset", "No health figure"))
            self._bars.show_reasons((), sentence=state.refusal)
            self._sum.setText("")
            return
        self.set_title(tr("Asset", "Why {score}", score=number(state.score, 0)))
        self._bars.show_reasons(
            state.reasons, sentence=tr("Asset", "Every measurement is within its normal range.")
        )
        lost = sum(each.points for each in state.reasons)
        words = tr("Asset", "100 \u2212 {lost} = {score}", lost=number(lost, 0), score=number(state.score, 0))
        self._sum.setText(words if state.reasons else "")


class LimitsPanel(Panel):
    """Every limit with where it comes from."""

    def __init__(self) -> None:
        super().__init__(tr("Asset", "Limits"), tr("Asset", "with their source"), padding=1)
        columns = (
            Column("figure", tr("Asset", "Figure"), _limit_figure, tip=_limit_figure, is_name=True),
            Column(
                "value", tr("Asset", "Limit"), _limit_value, CellKind.NUMBER, 66, decimals=3, is_weak=True
            ),
            Column("unit", tr("Asset", "Unit"), _limit_unit, width=52, is_weak=True),
            Column("origin", tr("Asset", "Source"), _limit_origin, width=136, tip=_limit_tip, is_weak=True),
        )
        self.table = DataTable(
            columns, name=tr("Asset", "Limits"), identity=_limit_id, row_height=ROW_COMPACT, is_on_panel=True
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._empty = label(tr("Asset", "No limits yet."), size=CAPTION, role="caption")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(self.table)
        self.body.addWidget(self._empty)

    def show_asset(self, state: AssetState) -> None:
        """Show the limits of a machine."""
        self.table.set_rows(state.limits)
        self.table.setVisible(bool(state.limits))
        self._empty.setVisible(not state.limits)


def _limit_id(row: LimitRow) -> str:
    return row.id


def _limit_figure(row: LimitRow) -> str:
    return f"{row.figure}, {row.word.lower()}"


def _limit_value(row: LimitRow) -> Presentation:
    return row.value


def _limit_unit(row: LimitRow) -> str:
    return row.value.unit


def _limit_origin(row: LimitRow) -> str:
    return row.origin


def _limit_tip(row: LimitRow) -> str:
    return tr(
        "Asset",
        "{origin} {table}. Raises a {priority} alarm.",
        origin=row.origin,
        table=row.table,
        priority=row.priority.lower(),
    )


def machine_events(plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> EventPanel:
    """Return what alarms did and people reported of the machine over the span of the trends."""

    def stamp(row: TimelineRow) -> str:
        return plant_time().brief(row.at_us, now_us=now_us())

    def stamp_tip(row: TimelineRow) -> str:
        return "\n".join(part for part in (plant_time().tip(row.at_us), row.by, row.note) if part)

    return EventPanel(
        tr("Asset", "Events"), tr("Asset", "of the period shown"),
        stamp=stamp, stamp_tip=stamp_tip, stamp_width=STAMP_WIDTH,
        message=_event_message, message_tip=_event_tip,
        empty=tr("Asset", "No alarm and no report of this machine in this period."),
    )  # fmt: skip


def _event_message(row: TimelineRow) -> str:
    return row.message


def _event_tip(row: TimelineRow) -> str:
    return "\n".join(part for part in (row.message, row.by, row.note) if part)
