"""The lower panels of the overview: the worst machine with its key values and reasons, and its last hours."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.formatting import UNKNOWN_VALUE, PlantTime, Presentation, number
from ui.screens.overview.state import AssetState, AssetTrend, BarState
from ui.screens.readings import Readings
from ui.text import tr
from ui.theme import CAPTION, KPI, NAME
from ui.widgets.analog_bar import AnalogBar
from ui.widgets.figure_pane import FigurePane
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, Separator, label
from ui.widgets.plot_group import PlotGroup
from ui.widgets.priority_symbol import PrioritySymbol
from ui.widgets.reason_bars import ReasonBars
from ui.widgets.spark import HealthBar, StateLamp
from ui.widgets.trend_plot import TrendCurve
from ui.widgets.value_label import ValueLabel

SPAN_S = 8 * 3600.0
MOST_BARS = 7
BAR_WIDTH = 94
LOW_BELOW = 264


class AssetPanel(Panel):
    """Health, zone, state, bars and reasons of one machine."""

    open_asked = Signal()
    analysis_asked = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Overview", "WORST ASSET"))
        self._is_compact = False
        self._count = 0
        self._health = ValueLabel(tr("Overview", "Health"), size=KPI)
        self._bar = HealthBar(number_width=0)
        self._bar.setMinimumWidth(64)
        self._zone, self._origin = label("", size=NAME, strong=True), label("", size=CAPTION, role="caption")
        self._lamp, self._symbol = StateLamp(), PrioritySymbol()
        self._bars = [AnalogBar("", is_elastic=True) for _ in range(MOST_BARS)]
        self._why = label("", size=CAPTION, role="title")
        self._reasons = ReasonBars(tr("Overview", "Reasons of the health figure"), name_share=0.36)
        self._build()

    def _build(self) -> None:
        self._build_head()
        self.body.addWidget(Separator())
        bars = QHBoxLayout()
        bars.setSpacing(4)
        for bar in self._bars:
            bars.addWidget(bar, 1)
        self.body.addLayout(bars, 1)
        self._rule = Separator()
        self.body.addWidget(self._rule)
        self.body.addWidget(self._why)
        self.body.addWidget(self._reasons)
        self._build_foot()

    def _build_head(self) -> None:
        self._state_caption = label(tr("Overview", "State"), size=CAPTION, role="caption")
        self._head = QHBoxLayout()
        self._head.setSpacing(12)
        self._head.addWidget(self._symbol)
        for parts in (
            (label(tr("Overview", "Health"), size=CAPTION, role="caption"), self._health_row()),
            (self._origin, self._zone),
            (self._state_caption, self._lamp),
        ):
            column = QVBoxLayout()
            column.setSpacing(0)
            for part in parts:
                column.addWidget(part)
            self._head.addLayout(column)
            self._head.addWidget(Separator(vertical=True))
        self._head.addStretch(1)
        self.body.addLayout(self._head)

    def _build_foot(self) -> None:
        self._foot = QHBoxLayout()
        self._foot.setSpacing(8)
        self._open = KeyButton(tr("Overview", "Open asset"), key="Enter")
        self._analysis = KeyButton(tr("Overview", "Analysis"), key="Ctrl+5")
        self._open.clicked.connect(self.open_asked)
        self._analysis.clicked.connect(self.analysis_asked)
        self._back = label("", size=CAPTION, role="caption")
        for button in (self._open, self._analysis):
            self._foot.addWidget(button)
        self._foot.addStretch(1)
        self._foot.addWidget(self._back)
        self.body.addSpacing(4)
        self.body.addLayout(self._foot)

    def _health_row(self) -> QWidget:
        row = QWidget()
        inner = QHBoxLayout(row)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addWidget(self._health)
        inner.addWidget(self._bar)
        return row

    def set_compact(self, compact: bool) -> None:
        """Use the arrangement of small windows: buttons in the head, short bars, fewer reasons."""
        if compact == self._is_compact:
            return
        self._is_compact = compact
        home, away = (self._head, self._foot) if compact else (self._foot, self._head)
        for place, button in enumerate((self._open, self._analysis)):
            away.removeWidget(button)
            if compact:
                home.addWidget(button)
            else:
                home.insertWidget(place, button)
        self._back.setVisible(not compact)
        self._lamp.setVisible(not compact)
        self._state_caption.setVisible(not compact)
        self._why.setVisible(not compact)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Bars keep their figures and units: in the lowest windows the reasons give way."""
        has_room = self.height() >= LOW_BELOW
        for part in (self._reasons, self._rule):
            part.setVisible(has_room)
        self._reasons.set_most(2 if self._is_compact else 3)
        self._place_bars()

    def show_asset(self, state: AssetState) -> None:
        """Show a machine."""
        self.set_title(
            tr("Overview", "WORST ASSET") if state.is_worst else tr("Overview", "ASSET"), state.machine.name
        )
        self.set_context(state.context)
        self._symbol.setVisible(state.symbol is not None)
        self._symbol.show_state(state.symbol)
        known = state.score is not None
        self._health.show_value(
            Presentation(number(state.score, 0), "") if state.score is not None
            else Presentation(UNKNOWN_VALUE.text, "", is_hatched=True, tip=state.refusal)
        )  # fmt: skip
        self._bar.show_score(state.score)
        self._bar.setVisible(known and not self._is_compact)
        self._zone.setText(state.zone.head)
        self._origin.setText(state.zone.origin)
        for each in (self._zone, self._origin):
            each.setToolTip(state.zone.tip)
        self._lamp.show_state(state.state)
        self._show_bars(state.bars)
        self._show_reasons(state)
        self._back.setText("" if state.is_worst else tr("Overview", "Esc shows the worst asset again"))

    def _show_bars(self, bars: tuple[BarState, ...]) -> None:
        self._count = len(bars)
        self._place_bars()
        for bar, shown in zip(self._bars, bars, strict=False):
            figure = shown.figure
            bar.set_titles(figure.title, figure.place)
            bar.set_scale(*figure.scale, normal=figure.normal, limits=[each.value for each in figure.limits])
            bar.show_value(shown.value, shown.shown, symbol=shown.symbol)

    def _place_bars(self) -> None:
        fit = min(self._count, max(3, (self.width() - 16) // BAR_WIDTH))
        for place, bar in enumerate(self._bars):
            bar.setVisible(place < fit)

    def _show_reasons(self, state: AssetState) -> None:
        if state.score is None:
            self._why.setText(tr("Overview", "No health figure"))
            self._reasons.show_reasons((), sentence=state.refusal)
            return
        self._why.setText(
            tr("Overview", "Why {score}: points lost against the baseline", score=number(state.score, 0))
        )
        self._reasons.show_reasons(
            state.reasons, sentence=tr("Overview", "Every measurement is within its normal range.")
        )


class TrendPanel(Panel):
    """Two curves of the machine over the last hours, one time axis."""

    def __init__(self, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__(tr("Overview", "Last 8 h"), padding=10)
        self._panes = [
            FigurePane(tr("Overview", "Trend of vibration"), plant_time=plant_time, has_time_axis=False),
            FigurePane(tr("Overview", "Trend of temperature"), plant_time=plant_time),
        ]
        self._group = PlotGroup(self)
        self._shown: AssetTrend | None = None
        for pane in self._panes:
            pane.plot.set_span(SPAN_S, now_us=0)
            self.body.addWidget(pane, 1)
        self._group.set_panes([pane.plot.pane for pane in self._panes])
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_asset(self, state: AssetState) -> None:
        """Name the curves."""
        self.set_title(tr("Overview", "Last 8 h"), state.machine.name)
        self.set_context(tr("Overview", "1 min values and live"))
        for place, pane in enumerate(self._panes):
            pane.setVisible(place < len(state.panes))
            if place >= len(state.panes):
                continue
            figure = state.panes[place].figure
            tag = figure.tag
            if pane.tag_key != tag.key:
                pane.show_figure(
                    TrendCurve(tag.key, figure.name, tag.unit, tag.digits, place),
                    scale=figure.scale,
                    band=figure.normal,
                    limits=figure.limit_lines,
                )
                pane.plot.set_live(True)
            pane.show_value(state.panes[place].shown)

    def show_trend(self, trend: AssetTrend | None) -> None:
        """Draw the stored part."""
        if trend is None or trend is self._shown:
            return
        self._shown = trend
        for columns in trend.columns:
            for pane in self._panes:
                pane.show_history(columns)
        self._panes[-1].set_events(trend.events)

    def follow(self, readings: Readings, now_us: int) -> None:
        """Append live values and move on."""
        for pane in self._panes:
            if pane.tag_key is not None and not pane.isHidden():
                value, quality, at_us = readings.raw(pane.tag_key)
                if at_us:
                    pane.plot.append(pane.tag_key, time_us=at_us, value=value, quality=quality)
        self._panes[0].plot.follow(now_us)
