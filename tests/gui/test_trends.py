"""Trends and waterfall: history and live in one plot, gaps kept, the present followed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from domain.condition.alarms import Priority
from domain.plant.quality import BAD_COMMUNICATION_LOST, QualityCause, QualityClass, quality_code
from domain.ports import HistoryGap, TrendColumns
from ui.formatting import PlantTime
from ui.theme import DAY, NIGHT, Theme, Tokens
from ui.widgets.plot_group import PlotGroup
from ui.widgets.plot_layers import EventMark, LimitLine
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.trend_plot import TrendCurve, TrendPlot, nice_range
from ui.widgets.waterfall_plot import WaterfallPlot

THEMES = pytest.mark.parametrize("tokens", [DAY, NIGHT], ids=["day", "night"])
NOW_US = 1_794_476_718_000_000
HOUR_US = 3_600_000_000


def berlin() -> PlantTime:
    return PlantTime("Europe/Berlin")


def history(tag_key: int, *, level: float, gap: bool = True) -> TrendColumns:
    step = 30_000_000
    times = np.arange(NOW_US - 8 * HOUR_US, NOW_US, step, dtype=np.int64)
    rng = np.random.default_rng(tag_key)
    mean = level + np.linspace(0, 0.4, len(times)) + rng.normal(0, 0.04, len(times))
    gap_start, gap_end = NOW_US - 4 * HOUR_US, NOW_US - 4 * HOUR_US + HOUR_US // 2
    keep = (times < gap_start) | (times > gap_end) if gap else np.ones(len(times), bool)
    gaps = (HistoryGap(gap_start, gap_end, int(QualityCause.COMMUNICATION_LOST)),) if gap else ()
    frozen = quality_code(QualityClass.UNCERTAIN, QualityCause.FROZEN)
    quality = np.where((times > NOW_US - 2 * HOUR_US) & (times < NOW_US - HOUR_US), frozen, 0).astype(
        np.uint16
    )
    count = np.full(len(times), 30)
    return TrendColumns(
        tag_key,
        times[keep],
        mean[keep] - 0.05,
        mean[keep] + 0.05,
        mean[keep],
        count[keep],
        quality[keep],
        step,
        0,
        gaps,
    )


@pytest.fixture
def plot(qtbot, theme: Theme) -> TrendPlot:
    made = TrendPlot("Vibration", plant_time=berlin)
    qtbot.addWidget(made)
    made.set_curves(
        [TrendCurve(1, "Main motor DE", "mm/s", 1, 0), TrendCurve(2, "Gearbox input", "mm/s", 1, 2)]
    )
    made.set_y(*nice_range(0, 7))
    made.set_span(8 * 3600, now_us=NOW_US)
    made.pane.set_band((1.0, 2.9))
    made.pane.set_limits([LimitLine(4.5, "High 4.5"), LimitLine(6.8, "Danger 6.8")])
    made.show_history(history(1, level=3.3))
    made.show_history(history(2, level=2.7))
    made.resize(800, 220)
    made.show()
    return made


@THEMES
def test_picture(plot: TrendPlot, tokens: Tokens, theme: Theme, pictures: Path) -> None:
    theme.use(tokens)
    plot.set_events([(NOW_US - HOUR_US, EventMark(0, SymbolState(Priority.HIGH)))])
    plot.pane.set_cursor("A", (NOW_US - 3 * HOUR_US) / 1e6)
    plot.pane.set_cursor("B", (NOW_US - HOUR_US // 2) / 1e6)
    assert plot.grab().save(str(pictures / f"trend-{tokens.name}.png"))


def test_readout_is_in_plant_time(plot: TrendPlot) -> None:
    plot.pane.set_cursor("A", (NOW_US - 3 * HOUR_US) / 1e6)
    assert "07:45:18" in plot.readout.words
    assert "Main motor DE 3." in plot.readout.words


def test_live_values_join_history_and_bad_ones_are_gaps(plot: TrendPlot) -> None:
    plot.append(1, time_us=NOW_US + 1_000_000, value=5.0, quality=0)
    plot.append(1, time_us=NOW_US + 2_000_000, value=5.0, quality=BAD_COMMUNICATION_LOST)
    plot.append(1, time_us=NOW_US + 1_500_000, value=9.0, quality=0)
    plot.pane.set_cursor("A", NOW_US / 1e6 + 1)
    assert plot.values_at("A")[1] == 5.0
    plot.pane.set_cursor("A", NOW_US / 1e6 + 2)
    assert plot.values_at("A")[1] is None


def test_a_live_value_shows_although_its_column_is_still_filling(plot: TrendPlot) -> None:
    """The middle of the last column lies after the newest live value."""
    columns = history(1, level=3.3)
    late = replace(columns, time_us=columns.time_us + 25_000_000)
    plot.append(1, time_us=NOW_US, value=5.0, quality=0)
    plot.show_history(late)
    plot.pane.set_cursor("A", NOW_US / 1e6)
    assert plot.values_at("A")[1] == 5.0


def test_the_present_is_followed_until_the_operator_moves(plot: TrendPlot, qtbot) -> None:
    plot.follow(NOW_US + 60_000_000)
    assert plot.window_us[1] == NOW_US + 60_000_000
    with qtbot.waitSignal(plot.live_changed):
        qtbot.keyClick(plot.pane, Qt.Key.Key_Left)
    before = plot.window_us
    plot.follow(NOW_US + 120_000_000)
    assert plot.window_us == before


def test_panes_share_range_and_cursors(plot: TrendPlot, qtbot) -> None:
    other = TrendPlot("Temperature", plant_time=berlin)
    qtbot.addWidget(other)
    group = PlotGroup(plot)
    group.set_panes([plot.pane, other.pane])
    plot.pane.zoom(0.5)
    assert other.window_us == plot.window_us
    other.pane.set_cursor("A", NOW_US / 1e6)
    assert plot.pane.cursor("A") == NOW_US / 1e6


@THEMES
def test_waterfall_scrolls_and_slices(qtbot, tokens: Tokens, theme: Theme, pictures: Path) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    made = WaterfallPlot("Waterfall", rows=96, bins=512, plant_time=berlin)
    QVBoxLayout(page).addWidget(made)
    made.set_levels(0.001, 2.0)
    rng = np.random.default_rng(0)
    for row in range(150):
        amplitude = (0.003 * rng.rayleigh(1.0, 3201)).astype(np.float32)
        amplitude[80::240] = 0.02 + row * 0.005
        amplitude[5] = np.nan
        made.append(amplitude, time_us=NOW_US + row * 60_000_000, resolution_hz=0.3125)
    theme.use(tokens)
    page.resize(600, 240)
    page.show()
    heard: list[object] = []
    made.sliced.connect(heard.append)
    made.set_slice(10)
    assert heard == [NOW_US + 139 * 60_000_000]
    made.append(amplitude, time_us=NOW_US + 150 * 60_000_000, resolution_hz=0.3125)
    assert made.slice_us == heard[0], "the slice stays with its row"
    assert page.grab().save(str(pictures / f"waterfall-{tokens.name}.png"))
