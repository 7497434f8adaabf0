"""Waveform against time in milliseconds, with cursors that read impact distances as frequencies."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ui.formatting import number, significant, unit_symbol
from ui.text import tr
from ui.widgets.axis_items import PlainAxis
from ui.widgets.plot_pane import BOTTOM_AXIS, LEFT_AXIS, PlotPane
from ui.widgets.readout import Figure, ReadoutLine
from ui.widgets.readout_plot import ReadoutPlot
from ui.widgets.spectrum_marks import CLOSE_SHARE, FaultFrequency, fault_words, nearest_fault
from ui.widgets.steady_range import SteadyTop, round_up

ROOM_FOR_UNIT = 28


class WaveformPlot(ReadoutPlot):
    """Plot and readout line; x is milliseconds since the first sample shown."""

    def __init__(self, name: str, *, unit: str) -> None:
        super().__init__(
            PlotPane(
                name=name,
                x_axis=PlainAxis("bottom", extent=BOTTOM_AXIS),
                y_axis=PlainAxis("left", extent=LEFT_AXIS),
                right_margin=ROOM_FOR_UNIT,
            ),
            ReadoutLine(tr("Waveform", "Readout of {name}", name=name)),
        )
        self._unit = unit
        self._samples: NDArray[np.float32] = np.zeros(0, np.float32)
        self._length_ms = 0.0
        self._faults: tuple[FaultFrequency, ...] = ()
        self._steady = SteadyTop()
        self.follows_height = False
        """Whether the y axis rises with the peaks, in round steps; a zoom of the operator always stays."""
        self.pane.x_axis.suffix = "ms"
        self._curve = self.pane.add_curve(0)
        self.pane.cursor_moved.connect(self._on_cursor)

    def show_samples(self, samples: NDArray[np.float32], *, sampling_rate_hz: float) -> None:
        """Draw (n,) float32 samples in the plot's unit; a new length shows the whole of it."""
        self._samples = samples
        step_ms = 1000.0 / sampling_rate_hz
        self._curve.set_samples(samples, step=step_ms)
        length_ms = max(1, len(samples)) * step_ms
        if length_ms != self._length_ms:
            self._length_ms = length_ms
            self.fit()
        elif self.follows_height:
            self._follow_height()
        self._show_readout()
        self.pane.redraw()

    def set_faults(self, faults: Sequence[FaultFrequency]) -> None:
        """Say which repetition rates have names."""
        self._faults = tuple(faults)

    @property
    def samples(self) -> NDArray[np.float32]:
        """What is shown, for exports."""
        return self._samples

    def fit(self) -> None:
        """Show all samples, symmetric about zero up to a round figure above the peak."""
        self._steady.reset()
        self._steady.offer(self._peak())
        reach = self._steady.top or round_up(1.1)
        self.pane.set_full(x=(0.0, self._length_ms), y=(-reach, reach), show=True)

    def _follow_height(self) -> None:
        before = self._steady.top
        if self._steady.offer(self._peak()):
            reach, now = self._steady.top, self.pane.ranges
            self.pane.set_full(x=(0.0, self._length_ms), y=(-reach, reach))
            if np.allclose((now.y_low, now.y_high), (-before, before)):
                self.pane.set_ranges(y=(-reach, reach))

    def _peak(self) -> float:
        finite = self._samples[np.isfinite(self._samples)]
        return float(np.abs(finite).max()) if len(finite) else 1.0

    def _on_cursor(self, name: str) -> None:
        self._show_readout()

    def _show_readout(self) -> None:
        symbol = unit_symbol(self._unit)
        figures: list[Figure] = []
        a, b = self.pane.cursor("A"), self.pane.cursor("B")
        if a is not None:
            value = self._curve.value_at(a)
            words = f"{number(a, 2)} ms"
            figures.append(Figure("A", words if value is None else f"{words}, {significant(value)} {symbol}"))
        if a is not None and b is not None and a != b:
            figures.append(Figure("B \u2212 A", f"{number(b - a, 2, signed=True)} ms"))
            figures.append(Figure(tr("Waveform", "is"), self._rate_words(1000.0 / abs(b - a))))
        finite = self._samples[np.isfinite(self._samples)].astype(np.float64)
        if len(finite):
            centred = finite - finite.mean()
            peak = float(np.abs(centred).max())
            rms = float(np.sqrt(np.mean(centred * centred)))
            figures.append(Figure(tr("Waveform", "peak"), f"{significant(peak, 3)} {symbol}"))
            if rms > 0:
                figures.append(Figure(tr("Waveform", "crest"), number(peak / rms, 1)))
        self.readout.show_figures(figures)

    def _rate_words(self, rate_hz: float) -> str:
        """Return a distance as a frequency, with the fault it belongs to."""
        words = f"{number(rate_hz, 2)} Hz"
        near = nearest_fault(rate_hz, self._faults)
        if near is not None and abs(near[1]) <= max(2 * CLOSE_SHARE * rate_hz, 0.5):
            words += f", {fault_words(near[0], near[2])}"
        return words
