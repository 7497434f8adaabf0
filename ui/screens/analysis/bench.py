"""What is shown of the chosen point: quantity, range and span; live, paused or kept; and what it supports."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from domain.condition.severity import SeverityTable
from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.signals import Spectrum, SpectrumKind
from domain.ports import LiveSource
from services.alarming import AlarmView
from services.evidence import BearingEvidence, bearing_evidence
from ui.formatting import PlantTime, duration, number, unit_symbol
from ui.screens.alarm_words import symbol_of
from ui.screens.analysis.diagnosis import LINE_NAMES, diagnosis_facts, severity_facts
from ui.screens.analysis.facts import Fact, FactKind
from ui.screens.analysis.live import Mode, Motion, SignalPicture, look
from ui.screens.analysis.past import KeptEntry, KeptRecord, PointPast, kept_rows, waterfall_rows
from ui.screens.analysis.points import PointEntry
from ui.screens.readings import Readings
from ui.text import tr
from ui.widgets.row_list import ListRow

FIRST_FAMILY = "BPFO"
ENVELOPE_REACH_HZ = 400.0
WATERFALL_REACH_HZ = 1000.0
KEPT_WAVEFORM_S = 0.2
RANGES: Mapping[str, tuple[int, ...]] = {
    "velocity": (200, 500, 1000),
    "acceleration": (1000, 2000, 5000, 0),
}
"""Upper ends in Hz to choose from; 0 shows everything."""

WaterfallRow = tuple[int, NDArray[np.float32], float]
"""Time, amplitudes, resolution in Hz."""

UNITS = {"velocity": "mm/s", "acceleration": "g"}
KINDS = {"velocity": SpectrumKind.VELOCITY, "acceleration": SpectrumKind.ACCELERATION}


class Bench:
    """Plain Python; the screen puts in what was read and chosen, and draws what comes out."""

    def __init__(self) -> None:
        self.quantity, self.reach_hz, self.span_h = "velocity", 1000.0, 48.0
        self.clear()

    def clear(self) -> None:
        """Begin with another point: live, nothing read, nothing chosen by hand."""
        self.mode, self.mode_since_us = Mode.LIVE, 0
        self.picture: SignalPicture | None = None
        self.past: PointPast | None = None
        self.slice: tuple[int, Spectrum] | None = None
        self.evidence = BearingEvidence(refusal="evidence_no_spectrum")
        self.span_is_chosen = self.family_is_chosen = False
        self._sequence = -1
        self._kept_shaft_hz: float | None = None

    # ---- live, paused, kept

    def look(self, live: LiveSource, entry: PointEntry) -> bool:
        """Take the newest spectra of a point; False while nothing is new or the picture stands still."""
        if self.mode is not Mode.LIVE:
            return False
        fresh = look(live, entry, after=self._sequence)
        if fresh is not None:
            self._sequence, self.picture = fresh.sequence, fresh
        return fresh is not None

    def look_anew(self) -> None:
        """Take the next live picture even if it is the one shown."""
        self._sequence = -1

    def toggle_pause(self, now_us: int) -> bool:
        """Stand still or go on; return whether it is live now."""
        is_live = self.mode is not Mode.LIVE
        self.mode, self.mode_since_us = (Mode.LIVE if is_live else Mode.PAUSED), now_us
        if is_live:
            self.look_anew()
        return is_live

    def show_kept(self, record: KeptRecord, now_us: int) -> None:
        """Show a kept moment with the speed of then."""
        self.mode, self.mode_since_us = Mode.KEPT, now_us
        self._kept_shaft_hz = record.shaft_hz
        waveform = record.waveform
        rate_hz = 0.0 if waveform is None else waveform.sampling_rate_hz
        samples = None if waveform is None else waveform.samples[: round(KEPT_WAVEFORM_S * rate_hz)]
        self.picture = SignalPicture(record.spectra, samples, rate_hz, record.entry.at_us, -1)

    def shaft_hz(self, motion: Motion) -> float | None:
        """Return the shaft speed of what is shown: measured now, or then."""
        return self._kept_shaft_hz if self.mode is Mode.KEPT else motion.shaft_hz

    def mode_words(self, *, is_alive: bool, stamp: str, now_us: int) -> tuple[str, str]:
        """Return the word of the header and the banner of the plots."""
        age = duration((now_us - self.mode_since_us) / MICROSECONDS_PER_SECOND)
        if self.mode is Mode.KEPT:
            return tr("Analysis", "KEPT"), tr("Analysis", "KEPT {when}", when=stamp)
        if self.mode is Mode.PAUSED:
            return tr("Analysis", "PAUSED"), tr("Analysis", "PAUSED {age}", age=age)
        if not is_alive:
            return tr("Analysis", "NO LINK"), tr("Analysis", "No live data")
        return tr("Analysis", "LIVE"), ""

    # ---- spectra

    @property
    def spectrum(self) -> Spectrum | None:
        """The spectrum to draw: of the slice, or of the picture."""
        if self.slice is not None and self.quantity == "velocity":
            return self._within(self.slice[1])
        return self._within(None if self.picture is None else self.picture.spectra.get(KINDS[self.quantity]))

    @property
    def envelope(self) -> Spectrum | None:
        """The envelope spectrum to draw."""
        found = None if self.picture is None else self.picture.spectra.get(SpectrumKind.ENVELOPE)
        return None if found is None else found.up_to(ENVELOPE_REACH_HZ)

    @property
    def baselines(self) -> tuple[Spectrum | None, Spectrum | None]:
        """The baselines of spectrum and envelope."""
        envelope = self._baseline(SpectrumKind.ENVELOPE)
        return (
            self._within(self._baseline(KINDS[self.quantity])),
            None if envelope is None else envelope.up_to(ENVELOPE_REACH_HZ),
        )

    def _baseline(self, kind: SpectrumKind) -> Spectrum | None:
        return None if self.past is None else self.past.baselines.get(kind)

    def _within(self, spectrum: Spectrum | None) -> Spectrum | None:
        return spectrum.up_to(self.reach_hz) if spectrum is not None and self.reach_hz else spectrum

    def choose_quantity(self, quantity: str) -> None:
        """Show another quantity, with a range that suits it."""
        self.quantity, self.reach_hz = quantity, float(RANGES[quantity][2])

    # ---- the past

    @property
    def span_us(self) -> int:
        """How far waterfall and bands reach back."""
        return round(self.span_h * MICROSECONDS_PER_HOUR)

    def waterfall(self, past: PointPast, *, rows: int) -> tuple[list[WaterfallRow], int]:
        """Return the rows of the waterfall and how many spectra stand behind them."""
        start_us = past.read_us - self.span_us
        reach_hz = min(WATERFALL_REACH_HZ, self.reach_hz or WATERFALL_REACH_HZ)
        made = waterfall_rows(
            past.spectra, start_us=start_us, end_us=past.read_us, rows=rows, reach_hz=reach_hz
        )
        return made, sum(each.time_us >= start_us for each in past.spectra)

    def cut(self, at_us: object) -> bool:
        """Show the spectrum kept at an instant; False when none was kept then."""
        rows = self.past.spectra if self.past is not None else ()
        row = next((each for each in rows if each.time_us == at_us), None)
        self.slice = None if row is None else (row.time_us, row.spectrum)
        return row is not None

    def kept(self, key: object) -> KeptEntry | None:
        """Return a kept moment by its key in the list."""
        return next((each for each in self.past.kept if each.key == key), None) if self.past else None

    def kept_rows(self, alarms: tuple[AlarmView, ...], *, clock: PlantTime, now_us: int) -> list[ListRow]:
        """Return the list of kept moments; those of alarms carry their symbol."""
        symbols = {each.alarm.waveform_id: symbol_of(each) for each in alarms if each.alarm.waveform_id}
        kept = self.past.kept if self.past is not None else ()
        return kept_rows(kept, clock=clock, now_us=now_us, symbols=symbols)

    # ---- what it supports

    def judge(self, entry: PointEntry, motion: Motion) -> None:
        """Weigh the envelope shown against its baseline and the bearing's geometry."""
        was_running = self.mode is Mode.KEPT and self._kept_shaft_hz is not None
        self.evidence = bearing_evidence(
            None if self.picture is None else self.picture.spectra.get(SpectrumKind.ENVELOPE),
            baseline=self._baseline(SpectrumKind.ENVELOPE),
            geometry=entry.point.bearing,
            speed_hz=self.shaft_hz(motion),
            is_running=True if was_running else motion.is_running,
        )

    def telling_family(self, present: str) -> str:
        """Return the strongest supported defect; while there is none, what is numbered already stays."""
        if self.family_is_chosen:
            return present
        if self.evidence.supported:
            return LINE_NAMES[self.evidence.supported[0].fault]
        return (present or FIRST_FAMILY) if self.evidence.considered else ""

    def found_hz(self, family: str) -> float | None:
        """Return where a supported line really is: slip moves it away from geometry."""
        judged = (*self.evidence.supported, *self.evidence.considered)
        found = next((each for each in judged if LINE_NAMES[each.fault] == family), None)
        return found.found_hz if found is not None and found.is_supported else None

    def facts(
        self, entry: PointEntry, severity: SeverityTable, readings: Readings, motion: Motion
    ) -> list[Fact]:
        """Return the diagnosis in lines."""
        return [
            *diagnosis_facts(self.evidence, entry),
            Fact(FactKind.RULE),
            *severity_facts(severity, entry, readings, motion),
        ]

    # ---- words

    @property
    def quantity_words(self) -> str:
        """The quantity with its unit."""
        if self.quantity == "velocity":
            return tr("Analysis", "Velocity, mm/s rms")
        return tr("Analysis", "Acceleration, g")

    @property
    def unit_words(self) -> str:
        """The unit of the spectrum."""
        symbol = unit_symbol(UNITS[self.quantity])
        return f"{symbol} rms" if self.quantity == "velocity" else symbol


def range_words(reach_hz: float) -> str:
    """Return a range in words; 0 is everything there is."""
    return f"0\u2013{number(reach_hz, 0)} Hz" if reach_hz else tr("Analysis", "full")
