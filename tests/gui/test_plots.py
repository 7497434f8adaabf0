"""Plots: nothing lost, nothing moved by data, all acts by mouse and key (HMI guide, section 7)."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from domain.plant.signals import Spectrum
from ui.theme import DAY, NIGHT, Theme, Tokens
from ui.widgets.raster_curve import RasterCurve, View, spans_of
from ui.widgets.spectrum_plot import AmplitudeScale, FaultFrequency, FrequencyUnit, SpectrumPlot
from ui.widgets.waveform_plot import WaveformPlot

THEMES = pytest.mark.parametrize("tokens", [DAY, NIGHT], ids=["day", "night"])
VIEW = View(0, 100, -1, 1, 50, 41)


def curve(values: np.ndarray, **more: object) -> RasterCurve:
    made = RasterCurve(**more)
    made.set_samples(values)
    return made


def spectrum(peak: float = 1.0, lines: int = 3201) -> Spectrum:
    rng = np.random.default_rng(3)
    amplitude = (0.005 * rng.rayleigh(1.0, lines)).astype(np.float32)
    for k in range(1, 13):
        amplitude[round(k * 76.1 / 0.3125)] += peak / k
    amplitude[round(24.7 / 0.3125)] += 1.5
    return Spectrum(amplitude, 0.3125, "mm/s", is_rms=True)


def test_no_peak_is_lost_and_columns_join() -> None:
    values = np.zeros(101)
    values[33] = 0.9
    columns, tops, bottoms = spans_of(curve(values), VIEW)
    assert list(columns) == list(range(50))
    assert tops[16] == round((1 - 0.9) * 20)
    assert all(tops[k + 1] <= bottoms[k] and bottoms[k + 1] >= tops[k] for k in range(49))


def test_gaps_stay_gaps_and_absurd_values_are_gaps() -> None:
    for odd in (np.nan, np.inf, 1e308, -1e300):
        values = np.zeros(101)
        values[40:60] = odd
        columns, tops, _ = spans_of(curve(values), VIEW)
        assert not set(range(21, 29)) & set(columns)
        assert set(tops) == {20}


def test_sparse_points_are_joined_unless_too_far_apart() -> None:
    made = RasterCurve()
    made.set_points(np.array([0.0, 50.0, 99.0]), np.array([-1.0, 1.0, 0.0]))
    assert len(spans_of(made, VIEW)[0]) == 50
    made.set_points(np.array([0.0, 50.0, 99.0]), np.array([-1.0, 1.0, 0.0]), max_step=49.5)
    assert set(spans_of(made, VIEW)[0]) == {0} | set(range(25, 50))


def test_frozen_stretches_are_dotted() -> None:
    made = RasterCurve()
    x = np.arange(101.0)
    made.set_points(x, np.zeros(101), frozen=(x >= 40) & (x < 60))
    columns = spans_of(made, VIEW)[0]
    assert 3 <= len(set(range(20, 30)) & set(columns)) <= 7
    assert set(range(20)) <= set(columns)


def test_out_of_view_and_empty_draw_nothing() -> None:
    assert spans_of(RasterCurve(), VIEW) is None
    assert spans_of(curve(np.zeros(0)), VIEW) is None
    made = RasterCurve()
    made.set_points(np.array([500.0, 600.0]), np.zeros(2))
    assert spans_of(made, VIEW) is None


@pytest.fixture
def plot(qtbot, theme: Theme) -> SpectrumPlot:
    made = SpectrumPlot("Spectrum", unit="mm/s")
    qtbot.addWidget(made)
    made.set_shaft(24.70)
    made.set_faults([FaultFrequency("BPFO", 76.1), FaultFrequency("BPFI", 121.6)])
    made.show_spectrum(spectrum())
    made.show_baseline(spectrum(0.02))
    made.resize(900, 300)
    made.show()
    return made


@THEMES
def test_picture(plot: SpectrumPlot, tokens: Tokens, theme: Theme, pictures: Path, qtbot) -> None:
    theme.use(tokens)
    plot.put_cursor(76.1)
    plot.pane.set_cursor("B", 152.2)
    plot.set_harmonics(12)
    plot.set_sidebands(3)
    assert plot.grab().save(str(pictures / f"spectrum-{tokens.name}.png"))
    assert plot.grab().toImage().pixelColor(200, 100).isValid()


def test_readout_tells_position_order_value_baseline_and_fault(plot: SpectrumPlot) -> None:
    plot.put_cursor(152.19)
    words = plot.readout.words
    assert "152.19 Hz" in words
    assert "6.16\u00d7" in words
    assert "nearest BPFO \u00d7 2, \u22120.01 Hz" in words
    assert "to baseline +0.49" in words


def test_data_never_moves_the_range(plot: SpectrumPlot) -> None:
    plot.pane.set_ranges(x=(50, 150))
    before = plot.pane.ranges
    plot.show_spectrum(spectrum(40.0))
    assert plot.pane.ranges == before


def test_zoom_and_its_undo_by_keys(plot: SpectrumPlot, qtbot) -> None:
    full = plot.pane.ranges
    qtbot.keyClick(plot.pane, Qt.Key.Key_Plus)
    assert plot.pane.ranges.x_high - plot.pane.ranges.x_low == pytest.approx(0.7 * (full.x_high - full.x_low))
    qtbot.keyClick(plot.pane, Qt.Key.Key_Backspace)
    assert plot.pane.ranges == full
    qtbot.keyClick(plot.pane, Qt.Key.Key_Right)
    assert plot.pane.ranges.x_low > full.x_low
    qtbot.keyClick(plot.pane, Qt.Key.Key_Home)
    assert plot.pane.ranges == full
    for _ in range(30):
        plot.pane.zoom(0.9)
    assert len(plot.pane.history) == 20


def test_cursor_steps_and_peaks_by_keys(plot: SpectrumPlot, qtbot) -> None:
    plot.set_scale(AmplitudeScale.LINEAR)
    plot.put_cursor(60.0)
    qtbot.keyClick(plot.pane, Qt.Key.Key_Period)
    assert plot.pane.cursor("A") == pytest.approx(60.3125)
    qtbot.keyClick(plot.pane, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert plot.pane.cursor("A") == pytest.approx(76.1, abs=0.4)
    qtbot.keyClick(plot.pane, Qt.Key.Key_C)
    assert plot.pane.cursor("A") is None


def test_tools_by_keys(plot: SpectrumPlot, qtbot) -> None:
    qtbot.keyClick(plot.pane, Qt.Key.Key_O)
    assert plot.frequency_unit is FrequencyUnit.CPM
    qtbot.keyClick(plot.pane, Qt.Key.Key_L)
    assert plot.scale is AmplitudeScale.LINEAR
    qtbot.keyClick(plot.pane, Qt.Key.Key_H)
    assert plot.harmonics == 10
    qtbot.keyClick(plot.pane, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert plot.harmonics == 15
    for key, name in (
        (Qt.Key.Key_M, "shows_faults"),
        (Qt.Key.Key_P, "shows_peaks"),
        (Qt.Key.Key_B, "shows_baseline"),
    ):
        before = getattr(plot, name)
        qtbot.keyClick(plot.pane, key)
        assert getattr(plot, name) is not before


def test_mouse_click_puts_cursors_and_drags(plot: SpectrumPlot, qtbot) -> None:
    viewport, centre = plot.pane.viewport(), plot.pane.frame.center().toPoint()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=centre)
    assert plot.pane.cursor("A") == pytest.approx(500, rel=0.02)
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pos=centre)
    assert plot.pane.cursor("B") is not None
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=centre)
    qtbot.mouseMove(viewport, centre.__class__(centre.x() + 90, centre.y()))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=centre)
    assert plot.pane.cursor("A") != plot.pane.cursor("B")


def test_right_drag_zooms_to_the_box(plot: SpectrumPlot, qtbot) -> None:
    viewport, centre = plot.pane.viewport(), plot.pane.frame.center().toPoint()
    end = centre.__class__(centre.x() + 100, centre.y() + 60)
    qtbot.mousePress(viewport, Qt.MouseButton.RightButton, pos=centre)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.RightButton, pos=end)
    assert plot.pane.ranges.x_low == pytest.approx(500, rel=0.02)
    plot.pane.zoom_back()
    assert plot.pane.ranges.x_low == 0


def test_hidden_plots_are_not_painted(plot: SpectrumPlot, qtbot, monkeypatch) -> None:
    plot.grab()
    plot.hide()
    painted: list[int] = []
    monkeypatch.setattr(type(plot.pane), "paint_curves", lambda self, painter: painted.append(1))
    for _ in range(3):
        plot.show_spectrum(spectrum())
    qtbot.wait(20)
    assert painted == []


def test_waveform_reads_impacts_as_frequency(qtbot, theme: Theme, pictures: Path) -> None:
    made = WaveformPlot("Waveform", unit="g")
    qtbot.addWidget(made)
    t = np.arange(5120) / 25_600
    samples = (8 * np.exp(-400 * (t % 0.01314)) * np.sin(2 * np.pi * 3000 * t)).astype(np.float32)
    made.show_samples(samples, sampling_rate_hz=25_600)
    made.pane.set_cursor("A", 44.62)
    made.pane.set_cursor("B", 57.76)
    assert "76.10 Hz" in made.readout.words
    made.resize(470, 190)
    made.show()
    assert made.grab().save(str(pictures / "waveform-day.png"))
