"""Spectrum with the tools of a vibration analyst: harmonics, sidebands, faults, peaks, baseline."""

from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal

from domain.plant.signals import FloatArray, Spectrum
from ui.formatting import number, significant, unit_symbol
from ui.text import tr
from ui.widgets.axis_items import LogAxis, PlainAxis
from ui.widgets.plot_gestures import peak_indexes
from ui.widgets.plot_layers import Guide, Spot
from ui.widgets.plot_pane import BOTTOM_AXIS, LEFT_AXIS, PlotPane
from ui.widgets.readout import Figure, ReadoutLine
from ui.widgets.readout_plot import ReadoutPlot
from ui.widgets.spectrum_marks import (
    FAMILY_SIDEBANDS,
    MOST_HARMONICS,
    MOST_SIDEBANDS,
    FaultFrequency,
    fault_words,
    multiples,
    nearest_fault,
    numbered,
    sideband_places,
)
from ui.widgets.spectrum_menu import SpectrumMenu
from ui.widgets.steady_range import SteadyTop

LABELS_ABOVE, ROOM_FOR_UNIT = 22, 28
CLOSEST_DOTS_PX = 6
MOST_PEAKS, SHAFT_MULTIPLES = 8, 10
DECIBEL_SPAN, DECADES = 80.0, 5


class AmplitudeScale(Enum):
    """How amplitude is drawn."""

    LOG = "log"
    LINEAR = "linear"
    DECIBEL = "decibel"


class FrequencyUnit(Enum):
    """What the x axis counts in."""

    HERTZ = "Hz"
    CPM = "CPM"
    ORDERS = "orders"


class SpectrumPlot(ReadoutPlot):
    """Plot and readout line. Frequencies are hertz inside, whatever the axis counts in.

    Keys while it has the focus: L scale, O unit, H and S harmonics and sidebands (Shift for more), M fault
    frequencies, P peak labels, B baseline.
    """

    settings_changed = Signal()
    """A key or menu changed how the spectrum is shown."""

    def __init__(self, name: str, *, unit: str) -> None:
        super().__init__(
            PlotPane(
                name=name,
                x_axis=PlainAxis("bottom", extent=BOTTOM_AXIS),
                y_axis=_AmplitudeAxis(),
                top_margin=LABELS_ABOVE,
                right_margin=ROOM_FOR_UNIT,
            ),
            ReadoutLine(tr("Spectrum", "Readout of {name}", name=name)),
        )
        self._unit = unit
        self._spectrum: Spectrum | None = None
        self._baseline: Spectrum | None = None
        self._shaft_hz: float | None = None
        self._faults: tuple[FaultFrequency, ...] = ()
        self._family = ""
        self._family_hz: float | None = None
        self._top = 1.0
        self._steady = SteadyTop()
        self.follows_height = False
        """Whether the y axis rises with the peaks, in round steps; a zoom of the operator always stays."""
        self.scale, self.frequency_unit = AmplitudeScale.LOG, FrequencyUnit.HERTZ
        self.harmonics = self.sidebands = 0
        self.shows_faults, self.shows_peaks, self.shows_baseline = True, False, True
        self.pane.x_axis.suffix = FrequencyUnit.HERTZ.value
        self._grey = self.pane.add_curve(colour="line_strong")
        self._curve = self.pane.add_curve(0)
        # The live curve answers cursors, the baseline lies below it.
        self.pane.cursor_moved.connect(self._on_cursor)
        self.pane.key_asked.connect(self._on_key)
        self.pane.answering = self._curve
        self.menu = SpectrumMenu(self.pane)

    # ---- data

    def show_spectrum(self, spectrum: Spectrum) -> None:
        """Draw a spectrum. The first one, and one of another length, also sets the full range."""
        before, self._spectrum = self._spectrum, spectrum
        if before is None or _reach(before) != _reach(spectrum):
            self.fit()
        elif self.follows_height:
            self._follow_height(spectrum)
        self._curve.set_samples(self._plotted(spectrum.amplitude), step=spectrum.resolution_hz)
        self._refresh_marks()
        self.pane.redraw()

    def show_baseline(self, spectrum: Spectrum | None) -> None:
        """Draw what is normal in grey."""
        self._baseline = spectrum
        self._redraw_baseline()

    def set_shaft(self, shaft_hz: float | None) -> None:
        """Say how fast the shaft turns; orders and sidebands need it."""
        if shaft_hz == self._shaft_hz:
            return
        self._shaft_hz = shaft_hz if shaft_hz is not None and shaft_hz > 0 else None
        if self._shaft_hz is None and self.frequency_unit is FrequencyUnit.ORDERS:
            self.frequency_unit = FrequencyUnit.HERTZ
        self._apply_unit()
        self._refresh_marks()

    def set_faults(self, faults: Sequence[FaultFrequency]) -> None:
        """Say which fault frequencies are marked."""
        if tuple(faults) != self._faults:
            self._faults = tuple(faults)
            self._refresh_marks()

    def fit(self) -> None:
        """Show all lines, and amplitudes up to a little above the largest one."""
        if self._spectrum is None:
            return
        self._steady.reset()
        self._steady.offer(_largest(self._spectrum))
        self._top = self._steady.top or 1.0
        self.pane.set_full(x=(0.0, _reach(self._spectrum)), y=self._y_range(), show=True)

    def _follow_height(self, spectrum: Spectrum) -> None:
        """Move the top in round steps, unless the operator chose another range."""
        now, ours = self.pane.ranges, self._y_range()
        if not self._steady.offer(_largest(spectrum)):
            return
        self._top = self._steady.top
        self.pane.set_full(x=(0.0, _reach(spectrum)), y=self._y_range())
        if np.allclose((now.y_low, now.y_high), ours):
            self.pane.set_ranges(y=self._y_range())
            self._redraw_baseline()

    def _y_range(self) -> tuple[float, float]:
        if self.scale is AmplitudeScale.LINEAR:
            return 0.0, self._top
        top = float(np.ceil(np.log10(self._top) * 4) / 4)
        if self.scale is AmplitudeScale.LOG:
            return top - DECADES + 1, top
        return 20 * top - DECIBEL_SPAN, 20 * top

    def _plotted(self, amplitude: FloatArray) -> FloatArray:
        if self.scale is AmplitudeScale.LINEAR:
            return amplitude
        floor = np.float32(max(1e-12, self._top * 1e-7))
        exponent: NDArray[np.float32] = np.log10(np.maximum(np.abs(amplitude), floor)).astype(np.float32)
        return exponent if self.scale is AmplitudeScale.LOG else exponent * np.float32(20)

    def _plotted_at(self, frequency_hz: float) -> float:
        value = self._curve.value_at(frequency_hz)
        return 0.0 if value is None else value

    # ---- settings

    def set_scale(self, scale: AmplitudeScale) -> None:
        """Draw amplitude linear, in decades or in decibel re 1 unit."""
        self.scale = scale
        axis = self.pane.y_axis
        if isinstance(axis, _AmplitudeAxis):
            axis.is_log = scale is AmplitudeScale.LOG
        if self._spectrum is not None:
            now = self.pane.ranges
            self.pane.set_full(x=(0.0, _reach(self._spectrum)), y=self._y_range())
            self.pane.set_ranges(x=(now.x_low, now.x_high), y=self._y_range())
            self._curve.set_samples(
                self._plotted(self._spectrum.amplitude), step=self._spectrum.resolution_hz
            )
        self._redraw_baseline()
        self._refresh_marks()
        self.settings_changed.emit()

    def set_frequency_unit(self, unit: FrequencyUnit) -> None:
        """Count in hertz, cycles per minute or orders; orders need a shaft speed."""
        if unit is FrequencyUnit.ORDERS and self._shaft_hz is None:
            return
        self.frequency_unit = unit
        self._apply_unit()
        self._show_readout()
        self.settings_changed.emit()

    def _apply_unit(self) -> None:
        factor = {FrequencyUnit.HERTZ: 1.0, FrequencyUnit.CPM: 60.0}.get(self.frequency_unit)
        if factor is None:
            factor = 1.0 / (self._shaft_hz or 1.0)
        if factor != self.pane.x_axis.factor:
            self.pane.x_axis.factor = factor
            orders = self.frequency_unit is FrequencyUnit.ORDERS
            self.pane.x_axis.suffix = "\u00d7" if orders else self.frequency_unit.value
            self.pane.x_axis.recolour()
            self.pane.recolour()

    def _redraw_baseline(self) -> None:
        if self._baseline is None or not self.shows_baseline:
            self._grey.clear()
        else:
            self._grey.set_samples(self._plotted(self._baseline.amplitude), step=self._baseline.resolution_hz)
        self.pane.redraw()

    def set_harmonics(self, count: int) -> None:
        """Number so many multiples of cursor A above the frame; 0 takes them away."""
        self.harmonics = max(0, min(MOST_HARMONICS, count))
        self._refresh_marks()
        self.settings_changed.emit()

    def set_family(self, name: str, *, found_hz: float | None = None) -> None:
        """Number the harmonics of a fault frequency, or of "1\u00d7"; an empty name takes them away.

        ``found_hz`` is where its line really lies; slip moves it away from what geometry says.
        """
        if (name, found_hz) == (self._family, self._family_hz):
            return
        is_new, self._family, self._family_hz = name != self._family, name, found_hz
        self._refresh_marks()
        if is_new:
            self.settings_changed.emit()

    @property
    def family(self) -> str:
        """Whose harmonics are numbered while no cursor asks for its own."""
        return self._family

    @property
    def unit(self) -> str:
        """Code of the amplitude's unit."""
        return self._unit

    def set_unit(self, unit: str) -> None:
        """Show another quantity; its first spectrum sets the ranges anew."""
        self._unit = unit
        self._spectrum = self._baseline = None
        self._curve.clear()
        self._grey.clear()
        self._refresh_marks()
        self.pane.redraw()

    @property
    def shown(self) -> tuple[Spectrum | None, Spectrum | None]:
        """The spectrum and the baseline on show, for exports."""
        return self._spectrum, self._baseline if self.shows_baseline else None

    def set_sidebands(self, count: int) -> None:
        """Dot so many sidebands at shaft speed on either side of cursor A; 0 takes them away."""
        self.sidebands = max(0, min(MOST_SIDEBANDS, count))
        self._refresh_marks()
        self.settings_changed.emit()

    def set_marks(
        self, *, faults: bool | None = None, peaks: bool | None = None, baseline: bool | None = None
    ) -> None:
        """Show or hide fault frequencies, peak labels and the baseline."""
        self.shows_faults = self.shows_faults if faults is None else faults
        self.shows_peaks = self.shows_peaks if peaks is None else peaks
        if baseline is not None and baseline is not self.shows_baseline:
            self.shows_baseline = baseline
            self._redraw_baseline()
        self._refresh_marks()
        self.settings_changed.emit()

    def _on_key(self, key: int, shift: bool) -> None:
        scales, units = list(AmplitudeScale), list(FrequencyUnit)
        match key:
            case Qt.Key.Key_L:
                self.set_scale(scales[(scales.index(self.scale) + 1) % len(scales)])
            case Qt.Key.Key_O:
                following = units[(units.index(self.frequency_unit) + 1) % len(units)]
                skip = following is FrequencyUnit.ORDERS and self._shaft_hz is None
                self.set_frequency_unit(FrequencyUnit.HERTZ if skip else following)
            case Qt.Key.Key_H:
                self.set_harmonics(self.harmonics + 5 if shift else (0 if self.harmonics else 10))
            case Qt.Key.Key_S:
                self.set_sidebands(self.sidebands + 2 if shift else (0 if self.sidebands else 3))
            case Qt.Key.Key_M:
                self.set_marks(faults=not self.shows_faults)
            case Qt.Key.Key_P:
                self.set_marks(peaks=not self.shows_peaks)
            case Qt.Key.Key_B if not shift:
                self.set_marks(baseline=not self.shows_baseline)

    # ---- cursors and marks

    def put_cursor(self, frequency_hz: float | None) -> None:
        """Put cursor A, as a click does."""
        self.pane.set_cursor("A", frequency_hz)

    def _on_cursor(self, name: str) -> None:
        self._refresh_marks()
        self._show_readout()

    def _refresh_marks(self) -> None:
        self.pane.set_guides(self._guides())
        self.pane.set_spots([*self._sideband_spots(), *self._peak_spots()])
        self._show_readout()

    def _guides(self) -> list[Guide]:
        cursor = self.pane.cursor("A")
        if self.harmonics and cursor is not None and cursor > 0:
            return numbered(self._nearest_name(cursor), [cursor * k for k in range(1, self.harmonics + 1)])
        guides = numbered(self._family, self._family_places())
        if not self.shows_faults:
            return guides
        others = [Guide(each.frequency_hz, each.name) for each in self._named() if each.name != self._family]
        return [*others, *guides]

    def _named(self) -> list[FaultFrequency]:
        shaft = (
            []
            if self._shaft_hz is None
            else [FaultFrequency("1\u00d7", self._shaft_hz, most_multiples=SHAFT_MULTIPLES)]
        )
        return [*shaft, *self._faults]

    def _family_places(self) -> list[float]:
        base_hz = self._family_base()
        if base_hz is None or self._spectrum is None:
            return []
        return multiples(base_hz, reach_hz=_reach(self._spectrum))

    def _family_base(self) -> float | None:
        if self._family_hz is not None:
            return self._family_hz
        return next((each.frequency_hz for each in self._named() if each.name == self._family), None)

    def _nearest_name(self, frequency_hz: float) -> str:
        near = nearest_fault(frequency_hz, self._named())
        return near[0] if near is not None and near[2] == 1 and self._is_close(near[1], frequency_hz) else ""

    def _is_close(self, offset_hz: float, frequency_hz: float) -> bool:
        resolution = self._spectrum.resolution_hz if self._spectrum is not None else 0.0
        return abs(offset_hz) <= max(2 * resolution, 0.01 * frequency_hz)

    def _sideband_spots(self) -> list[Spot]:
        cursor = self.pane.cursor("A")
        if not self.sidebands or self._shaft_hz is None or self._spectrum is None:
            return []
        now = self.pane.ranges
        if self._shaft_hz * self.pane.frame.width() < CLOSEST_DOTS_PX * (now.x_high - now.x_low):
            return []
        centres, pairs = ([cursor], self.sidebands) if cursor is not None else (self._family_places(), 0)
        pairs = pairs or min(self.sidebands, FAMILY_SIDEBANDS)
        places = sideband_places(centres, shaft_hz=self._shaft_hz, pairs=pairs)
        return [Spot(x, self._plotted_at(x)) for x in places if x < _reach(self._spectrum)]

    def _peak_spots(self) -> list[Spot]:
        if not self.shows_peaks or self._curve.high is None:
            return []
        values = np.asarray(self._curve.high, dtype=np.float64)
        peaks = peak_indexes(values)
        best = peaks[np.argsort(values[peaks])[::-1][:MOST_PEAKS]]
        step = self._curve.step
        return [Spot(float(k * step), float(values[k]), self._frequency_words(float(k * step))) for k in best]

    # ---- readout

    def amplitude_at(self, frequency_hz: float) -> float | None:
        """Return the amplitude of the nearest line in the spectrum's unit."""
        return _amplitude_at(self._spectrum, frequency_hz)

    def _frequency_words(self, frequency_hz: float) -> str:
        if self.frequency_unit is FrequencyUnit.CPM:
            return f"{number(frequency_hz * 60, 0)} CPM"
        if self.frequency_unit is FrequencyUnit.ORDERS and self._shaft_hz is not None:
            return f"{number(frequency_hz / self._shaft_hz, 2)}\u00d7"
        return f"{number(frequency_hz, 2)} Hz"

    def _show_readout(self) -> None:
        cursor, other = self.pane.cursor("A"), self.pane.cursor("B")
        name = "A"
        if cursor is None:
            cursor, name = self._family_base(), self._family
        if cursor is None or self._spectrum is None:
            self.readout.show_figures([Figure(tr("Spectrum", "click or C puts a cursor"), "")])
            return
        symbol = unit_symbol(self._unit)
        amplitude = self.amplitude_at(cursor)
        figures = [Figure(name, self._frequency_words(cursor))]
        if self._shaft_hz is not None and self.frequency_unit is not FrequencyUnit.ORDERS:
            figures.append(Figure("", f"{number(cursor / self._shaft_hz, 2)}\u00d7"))
        if amplitude is not None:
            figures.append(Figure("", f"{significant(amplitude)} {symbol}"))
            normal = _amplitude_at(self._baseline, cursor) if self.shows_baseline else None
            if normal is not None:
                change = amplitude - normal
                sign = "+" if change >= 0 else ""
                figures.append(Figure(tr("Spectrum", "to baseline"), sign + significant(change, 3)))
        if other is not None:
            figures.append(Figure("B", self._frequency_words(other)))
            sign = "+" if other >= cursor else ""
            figures.append(Figure("B \u2212 A", sign + self._frequency_words(other - cursor)))
        near = nearest_fault(cursor, self._named())
        if near is not None:
            name, offset, multiple = near
            words = fault_words(name, multiple)
            figures.append(Figure(tr("Spectrum", "nearest"), f"{words}, {number(offset, 2, signed=True)} Hz"))
        self.readout.show_figures(figures)


class _AmplitudeAxis(LogAxis):
    """Decades or plain numbers, as the scale asks."""

    def __init__(self) -> None:
        self.is_log = True
        super().__init__("left", extent=LEFT_AXIS)

    def major_ticks(self, low: float, high: float, *, length: float) -> list[float]:
        kind = LogAxis if self.is_log else PlainAxis
        return kind.major_ticks(self, low, high, length=length)

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        kind = LogAxis if self.is_log else PlainAxis
        return kind.tickStrings(self, values, scale, spacing)


def _reach(spectrum: Spectrum) -> float:
    return max(1, len(spectrum.amplitude) - 1) * spectrum.resolution_hz


def _largest(spectrum: Spectrum) -> float:
    """Return the largest finite amplitude above 0 Hz."""
    amplitude = spectrum.amplitude[1:]
    finite = amplitude[np.isfinite(amplitude)]
    return float(finite.max()) if len(finite) else 0.0


def _amplitude_at(spectrum: Spectrum | None, frequency_hz: float) -> float | None:
    if spectrum is None:
        return None
    line = round(frequency_hz / spectrum.resolution_hz)
    if not 0 <= line < len(spectrum.amplitude):
        return None
    value = float(spectrum.amplitude[line])
    return value if np.isfinite(value) else None
