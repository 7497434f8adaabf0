"""Stacked small trends of a point: overall velocity, the most raised defect band, kurtosis."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from domain.condition.baseline import RobustBaseline
from domain.plant.tags import Feature, Tag
from domain.ports import TrendColumns
from ui.formatting import PlantTime, unit_symbol
from ui.screens.analysis.points import PointEntry
from ui.screens.figures import Figure
from ui.screens.readings import Readings
from ui.text import feature_name, tr
from ui.theme import BODY
from ui.widgets.panel import label
from ui.widgets.plot_layers import LimitLine
from ui.widgets.trend_plot import TrendCurve, TrendPlot, nice_range
from ui.widgets.value_label import ValueLabel

ROWS = 3
DEFECTS = (Feature.OUTER_RACE, Feature.INNER_RACE, Feature.ROLLING_ELEMENT)
LIMIT_REACH = 1.6
"""A limit up to so many times the largest value is worth the room above the curve."""


def band_tags(
    entry: PointEntry, readings: Readings, baselines: Mapping[int, RobustBaseline]
) -> tuple[Tag, ...]:
    """Return the tags to trend: the defect band that stands highest above its baseline is in the middle."""
    features = entry.features
    defects = [features[each] for each in DEFECTS if each in features]

    def rise(tag: Tag) -> float:
        value, baseline = readings.number(tag.key), baselines.get(tag.key)
        if value is None:
            return 0.0
        return value / max(baseline.median, 1e-9) if baseline is not None else value

    raised = max(defects, key=rise, default=None)
    wanted = (features.get(Feature.VELOCITY_RMS), raised, features.get(Feature.KURTOSIS))
    return tuple(tag for tag in wanted if tag is not None)


class BandStack(QWidget):
    """Three rows: name and unit, trend with band and limits, live value."""

    def __init__(self, *, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__()
        self._tags: tuple[Tag, ...] = ()
        self._names: list[QLabel] = []
        self._plots: list[TrendPlot] = []
        self._values: list[ValueLabel] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(0)
        for row in range(ROWS):
            name = label("", size=BODY)
            name.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            plot = TrendPlot(
                tr("Analysis", "Band {number}", number=row + 1),
                plant_time=plant_time,
                has_time_axis=row == ROWS - 1,
                has_readout=False,
                top_margin=6,
            )
            plot.setMinimumHeight(34)
            value = ValueLabel(tr("Analysis", "Live value"), align_right=True)
            value.setMinimumWidth(54)
            self._names.append(name)
            self._plots.append(plot)
            self._values.append(value)
            grid.addWidget(name, row, 0)
            grid.addWidget(plot, row, 1)
            grid.addWidget(value, row, 2)
            grid.setRowStretch(row, 100)
            grid.setRowMinimumHeight(row, 34)
        grid.setColumnMinimumWidth(0, 78)
        grid.setColumnStretch(1, 1)

    def show_past(
        self,
        tags: Sequence[Tag],
        trends: Mapping[int, TrendColumns],
        figures: Mapping[int, Figure],
        *,
        span_s: float,
        now_us: int,
    ) -> None:
        """Show the stored trends of these tags."""
        self._tags = tuple(tags)
        for place, plot in enumerate(self._plots):
            visible = place < len(self._tags)
            for widget in (self._names[place], plot, self._values[place]):
                widget.setVisible(visible)
            if visible:
                self._plots[place].set_span(span_s, now_us=now_us)
                self._show_row(place, self._tags[place], trends, figures)

    def _show_row(
        self,
        place: int,
        tag: Tag,
        trends: Mapping[int, TrendColumns],
        figures: Mapping[int, Figure],
    ) -> None:
        plot, columns = self._plots[place], trends.get(tag.key)
        name = feature_name(tag.feature) if tag.feature is not None else tag.label
        self._names[place].setText(f"{name}\n{unit_symbol(tag.unit)}".strip())
        plot.pane.setAccessibleName(f"{name}, {unit_symbol(tag.unit)}")
        plot.set_curves([TrendCurve(tag.key, name, tag.unit, tag.digits, (0, 2, 3)[place])])
        if columns is not None:
            plot.show_history(columns)
        figure = figures.get(tag.key)
        low, high, limits = _scale(columns, figure)
        plot.set_y(low, high)
        plot.pane.set_band(figure.normal if figure is not None else None)
        plot.pane.set_limits(limits)

    def show_live(self, readings: Readings, *, now_us: int) -> None:
        """Add the live values."""
        for place, tag in enumerate(self._tags):
            value, quality, at_us = readings.raw(tag.key)
            shown = readings.shown(tag)
            self._values[place].show_value(
                type(shown)(shown.text, is_hatched=shown.is_hatched, tip=shown.tip)
            )
            if at_us:
                self._plots[place].append(tag.key, time_us=at_us, value=value, quality=quality)
            self._grow(place, value)
            self._follow(self._plots[place], now_us)

    def _follow(self, plot: TrendPlot, now_us: int) -> None:
        """Move on by whole pixels only: each move paints the ground anew."""
        start_us, end_us = plot.window_us
        if abs(now_us - end_us) > (end_us - start_us) / max(100.0, plot.pane.frame.width()):
            plot.follow(now_us)

    def _grow(self, place: int, value: float) -> None:
        now = self._plots[place].pane.ranges
        if np.isfinite(value) and value > now.y_high:
            self._plots[place].set_y(*nice_range(now.y_low, value * 1.1, parts=2))

    @property
    def tags(self) -> tuple[Tag, ...]:
        """What is shown, for exports."""
        return self._tags


def _scale(columns: TrendColumns | None, figure: Figure | None) -> tuple[float, float, list[LimitLine]]:
    """Return a fixed scale from zero that holds curve, band and the limits near them."""
    peak = 0.0
    if columns is not None and len(columns.maximum):
        finite = columns.maximum[np.isfinite(columns.maximum)]
        peak = float(finite.max()) if len(finite) else 0.0
    if figure is not None and figure.normal is not None:
        peak = max(peak, figure.normal[1])
    lines = list(figure.limit_lines) if figure is not None else []
    near = [line for line in lines if line.value <= LIMIT_REACH * peak] or lines[:1]
    top = max([peak, *(line.value for line in near)]) or 1.0
    low, high = nice_range(0.0, top * 1.15, parts=2)
    return low, high, [line for line in lines if line.value <= high]
