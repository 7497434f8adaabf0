"""The screen Analysis: follows one point live, shows kept moments, and says what the figures mean."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from domain.events import AlarmsChanged
from domain.instants import MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.signals import Spectrum, SpectrumKind
from services.alarming import AlarmView
from services.evidence import BearingEvidence, bearing_evidence
from services.workstation import Workstation
from ui.context import Context
from ui.formatting import duration, number, unit_symbol
from ui.refresh import Rate
from ui.screens.alarm_words import symbol_of, tag_symbols
from ui.screens.analysis.diagnosis import LINE_NAMES, diagnosis_facts, severity_facts
from ui.screens.analysis.export import AnalysisExport
from ui.screens.analysis.facts import Fact, FactKind
from ui.screens.analysis.live import (
    Mode,
    Motion,
    SignalPicture,
    bearing_words,
    fault_frequencies,
    look,
    motion_of,
)
from ui.screens.analysis.past import (
    KeptEntry,
    KeptRecord,
    PointPast,
    best_span,
    kept_rows,
    read_past,
    read_record,
    waterfall_rows,
)
from ui.screens.analysis.points import PointEntry, point_rows
from ui.screens.analysis.presenter import AnalysisPresenter
from ui.screens.analysis.readings_table import reading_rows, shown_tags
from ui.screens.analysis.view import SPANS, WATERFALL_ROWS, AnalysisView
from ui.screens.polling import Poll
from ui.screens.readings import Readings
from ui.text import machine_state, tr
from ui.widgets.readout import Figure
from ui.widgets.spectrum_marks import FAMILY_SIDEBANDS, FaultFrequency

PAST_EVERY_S = 30.0
FIRST_FAMILY = "BPFO"
ENVELOPE_REACH_HZ = 400.0
RANGES = {
    "velocity": (200, 500, 1000),
    "acceleration": (1000, 2000, 5000, 0),
}
UNITS = {"velocity": "mm/s", "acceleration": "g"}
KINDS = {"velocity": SpectrumKind.VELOCITY, "acceleration": SpectrumKind.ACCELERATION}


class AnalysisScreen:
    """Implements ``Screen``. Memory is read in the main thread, disks only through the lane."""

    help_page = "analysis"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._presenter = AnalysisPresenter(workstation)
        self.page = AnalysisView(plant_time=context.plant_time)
        self.view: QWidget = self.page
        self._quantity, self._reach_hz, self._span_h = "velocity", 1000.0, 48.0
        self._span_is_chosen = False
        self._mode, self._mode_since_us = Mode.LIVE, 0
        self._picture: SignalPicture | None = None
        self._sequence = -1
        self._kept_shaft_hz: float | None = None
        self._slice: tuple[int, Spectrum] | None = None
        self._past: PointPast | None = None
        self._evidence = BearingEvidence(refusal="evidence_no_spectrum")
        self._family_is_chosen = False
        self._alarms: tuple[AlarmView, ...] = ()
        self._poll = Poll(
            context.tasks,
            self._read_past,
            self._take_past,
            period_s=PAST_EVERY_S,
            failed=context.show_problem,
        )
        self.export = AnalysisExport(self, context)
        self._connect()
        context.refresh.add(self.view, self._draw, Rate.SPECTRA)
        context.events.delivered.connect(self._on_events)
        self._ask_alarms()

    def _connect(self) -> None:
        view = self.page
        view.points.chosen.connect(self._on_point)
        view.kept.chosen.connect(self._on_kept)
        view.pause_asked.connect(self._on_pause)
        view.export_asked.connect(self._on_export)
        view.readings_asked.connect(self._on_readings)
        view.family_chosen.connect(self._on_family)
        view.span_chosen.connect(self._on_span)
        view.quantity.chosen.connect(self._on_quantity)
        view.range.chosen.connect(self._on_range)
        view.waterfall.sliced.connect(self._on_slice)
        view.sidebands_button.clicked.connect(self._on_sidebands)
        view.baseline_button.clicked.connect(self._on_baseline)
        view.spectrum.settings_changed.connect(self._show_settings)
        for plot in (view.spectrum, view.waveform, view.envelope):
            plot.pane.pause_asked.connect(self._on_pause)

    # ---- Screen

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Analysis, machine, point."""
        steps = [(tr("Shell", "Analysis"), "analysis")]
        entry = self.entry
        if entry is not None:
            steps.append((entry.machine.name, f"asset/{entry.machine.id}"))
            steps.append((entry.point.name, f"analysis/{entry.point.id}"))
        return steps

    @property
    def entry(self) -> PointEntry | None:
        """The point on show."""
        return self._presenter.entry

    def open(self, argument: str) -> None:
        """Show a point; without one the last, or the point that needs a look most."""
        now_us = self._context.clock.now_us()
        self._presenter.look(now_us)
        self._presenter.symbols = tag_symbols(self._alarms)
        found = self._presenter.find(argument)
        self.page.show_empty(found is None)
        if found is not None and found is not self.entry:
            self._show_point(found)
        self._show_settings()

    def refresh(self, now_us: int) -> None:
        """Renew lists, chips, table and diagnosis; twice a second."""
        entry = self.entry
        if entry is None:
            return
        readings = self._presenter.look(now_us)
        motion = motion_of(entry, readings)
        self._poll.ask_if_due(now_us)
        view = self.page
        view.points.show_rows(point_rows(self._presenter.entries, readings, self._presenter.symbols))
        self._show_kept(now_us)
        self._show_motion(entry, motion)
        self._show_mode(now_us)
        rows = reading_rows(
            self._presenter.tags, readings, self._workstation.baselines, self._presenter.symbols
        )
        view.show_readings(rows)
        view.bands.show_live(readings, now_us=now_us)
        self._judge(entry, readings, motion)

    def on_shown(self) -> None:
        """Become live again where it was live."""
        self._sequence = -1

    def on_hidden(self) -> None:
        """Nothing goes on while hidden: the drawing clock serves visible widgets only."""

    def act(self, name: str) -> bool:
        """F5 freezes the screen, Ctrl+F goes to the points."""
        if name == "freeze":
            self._on_pause()
            return True
        if name == "filter":
            self.page.points.setFocus()
            return True
        return False

    def renew(self) -> None:
        """Judge by the new baselines."""
        self._presenter.renew()

    def close(self) -> None:
        """Leave clock and events; the side panel stands alone while its drawer was never opened."""
        self._context.refresh.remove(self.view)
        self._context.events.delivered.disconnect(self._on_events)
        if self.page.side.parent() is None:
            self.page.side.deleteLater()

    # ---- the point

    def _show_point(self, entry: PointEntry) -> None:
        self._presenter.choose(entry, shown_tags(entry, self._presenter.beside(entry)))
        self._mode, self._slice, self._past, self._picture = Mode.LIVE, None, None, None
        self._sequence, self._kept_shaft_hz = -1, None
        self._family_is_chosen = self._span_is_chosen = False
        view = self.page
        view.points.set_current(entry.point.id)
        view.kept.set_current(None)
        view.kept.show_rows([])
        view.waterfall.clear()
        view.bands.show_past((), {}, {}, span_s=1.0, now_us=self._context.clock.now_us())
        self._reset_plots()
        short, tip = bearing_words(entry)
        view.bearing.show_value(short, tip=tip)
        low, high = entry.point.envelope_low_hz / 1000, entry.point.envelope_high_hz / 1000
        band = f"{number(low, 0)}\u2013{number(high, 0)} kHz"
        view.envelope_panel.set_title(tr("Analysis", "Envelope {band}", band=band))
        view.spectrum.set_family("")
        self._poll.ask_soon()
        self._draw(self._context.clock.now_us())
        self.refresh(self._context.clock.now_us())

    def _reset_plots(self) -> None:
        """A new quantity or point begins with its own ranges."""
        unit = UNITS[self._quantity]
        self.page.spectrum.set_unit(unit)
        self.page.envelope.set_unit("g")
        self._sequence = -1 if self._mode is Mode.LIVE else self._sequence

    # ---- drawing

    def _draw(self, now_us: int) -> None:
        """Ten times a second: draw when there is a new spectrum, and only then."""
        entry = self.entry
        if entry is None or self._mode is not Mode.LIVE:
            return
        fresh = look(self._workstation.live, entry, after=self._sequence)
        if fresh is not None:
            self._sequence, self._picture = fresh.sequence, fresh
            self._show_picture()

    def _show_picture(self) -> None:
        entry, picture, view = self.entry, self._picture, self.page
        if entry is None or picture is None:
            return
        shaft_hz = self.shaft_hz
        faults = fault_frequencies(entry, shaft_hz)
        self._show_spectrum(picture, shaft_hz, faults)
        envelope = picture.spectra.get(SpectrumKind.ENVELOPE)
        view.envelope.set_shaft(shaft_hz)
        view.envelope.set_faults(faults)
        if envelope is not None:
            view.envelope.show_spectrum(envelope.up_to(ENVELOPE_REACH_HZ))
        view.waveform.set_faults(faults)
        if picture.samples is not None and picture.sampling_rate_hz > 0:
            view.waveform.show_samples(picture.samples, sampling_rate_hz=picture.sampling_rate_hz)

    def _show_spectrum(
        self, picture: SignalPicture, shaft_hz: float | None, faults: Sequence[FaultFrequency]
    ) -> None:
        plot = self.page.spectrum
        plot.set_shaft(shaft_hz)
        plot.set_faults(faults)
        shown = picture.spectra.get(KINDS[self._quantity])
        if self._slice is not None and self._quantity == "velocity":
            shown = self._slice[1]
        if shown is not None:
            plot.show_spectrum(shown.up_to(self._reach_hz) if self._reach_hz else shown)

    @property
    def shaft_hz(self) -> float | None:
        """Shaft speed of what is shown: measured now, or then."""
        entry = self.entry
        if entry is None:
            return None
        if self._mode is Mode.KEPT:
            return self._kept_shaft_hz
        return motion_of(entry, self._presenter.readings).shaft_hz

    def _show_motion(self, entry: PointEntry, motion: Motion) -> None:
        self.page.state.show_value(machine_state(motion.state))
        self.page.speed.show_value(motion.speed_words)

    def _show_mode(self, now_us: int) -> None:
        view, clock = self.page, self._context.plant_time()
        at_us = self._picture.start_us if self._picture is not None else 0
        age = duration((now_us - self._mode_since_us) / MICROSECONDS_PER_SECOND)
        stamp = clock.stamp(at_us, now_us=now_us) if at_us else ""
        if self._mode is Mode.KEPT:
            words, banner = tr("Analysis", "KEPT"), tr("Analysis", "KEPT {when}", when=stamp)
        elif self._mode is Mode.PAUSED:
            words, banner = tr("Analysis", "PAUSED"), tr("Analysis", "PAUSED {age}", age=age)
        elif not self._workstation.live.is_alive():
            words, banner = tr("Analysis", "NO LINK"), tr("Analysis", "No live data")
        else:
            words, banner = tr("Analysis", "LIVE"), ""
        view.mode.setText(words)
        view.when.setText(stamp)
        view.pause_button.setText(
            tr("Analysis", "Pause") if self._mode is Mode.LIVE else tr("Analysis", "Live")
        )
        for plot in (view.spectrum, view.waveform, view.envelope):
            plot.pane.set_banner(banner)
        if self._slice is not None:
            when = clock.stamp(self._slice[0], now_us=now_us)
            view.spectrum.pane.set_banner(tr("Analysis", "SLICE {when}", when=when))

    def _judge(self, entry: PointEntry, readings: Readings, motion: Motion) -> None:
        picture = self._picture
        is_kept = self._mode is Mode.KEPT
        self._evidence = bearing_evidence(
            picture.spectra.get(SpectrumKind.ENVELOPE) if picture is not None else None,
            baseline=self._past.baselines.get(SpectrumKind.ENVELOPE) if self._past is not None else None,
            geometry=entry.point.bearing,
            speed_hz=self.shaft_hz,
            is_running=True if is_kept and self._kept_shaft_hz is not None else motion.is_running,
        )
        if not self._family_is_chosen:
            self._set_family(self._telling_family())
        else:
            self._set_family(self.page.spectrum.family)
        facts = [
            *diagnosis_facts(self._evidence, entry),
            Fact(FactKind.RULE),
            *severity_facts(self._workstation.severity, entry, readings, motion),
        ]
        self.page.diagnosis.show_facts(facts)
        when = tr("Analysis", "kept moment") if is_kept else tr("Analysis", "from the live envelope")
        self.page.diagnosis_panel.set_context(when)

    def _telling_family(self) -> str:
        """Return the strongest supported defect; while there is none, what is numbered already stays."""
        if self._evidence.supported:
            return LINE_NAMES[self._evidence.supported[0].fault]
        if not self._evidence.considered:
            return ""
        return self.page.spectrum.family or FIRST_FAMILY

    # ---- the past

    def _read_past(self) -> PointPast | None:
        entry = self.entry
        if entry is None:
            return None
        now_us = self._context.clock.now_us()
        bands, span_us = self._presenter.bands(entry), round(self._span_h * MICROSECONDS_PER_HOUR)
        return read_past(self._workstation.history, entry, bands, span_us=span_us, now_us=now_us)

    def _take_past(self, past: PointPast | None) -> None:
        entry = self.entry
        if past is None or entry is None or past.point_id != entry.point.id:
            return
        is_first, self._past = self._past is None, past
        if is_first and not self._span_is_chosen:
            self._span_is_chosen = True
            self._on_span(best_span(past))
        tags = [tag for tag in self._presenter.bands(entry) if tag.key in past.trends]
        self.page.bands.show_past(
            tags,
            past.trends,
            self._presenter.figures(entry),
            span_s=past.span_us / MICROSECONDS_PER_SECOND,
            now_us=past.read_us,
        )
        self._show_baselines()
        self._show_waterfall()
        self._show_settings()
        self._show_kept(self._context.clock.now_us())

    def _show_baselines(self) -> None:
        past, view = self._past, self.page
        baseline = past.baselines.get(KINDS[self._quantity]) if past is not None else None
        if baseline is not None and self._reach_hz:
            baseline = baseline.up_to(self._reach_hz)
        view.spectrum.show_baseline(baseline)
        envelope = past.baselines.get(SpectrumKind.ENVELOPE) if past is not None else None
        view.envelope.show_baseline(None if envelope is None else envelope.up_to(ENVELOPE_REACH_HZ))

    def _show_waterfall(self) -> None:
        past, plot = self._past, self.page.waterfall
        if past is None:
            return
        chosen = self._slice[0] if self._slice is not None else None
        start_us = past.read_us - round(self._span_h * MICROSECONDS_PER_HOUR)
        reach_hz = min(1000.0, self._reach_hz or 1000.0)
        rows = waterfall_rows(
            past.spectra, start_us=start_us, end_us=past.read_us, rows=WATERFALL_ROWS, reach_hz=reach_hz
        )
        plot.show_rows(rows, chosen_us=chosen)
        if not rows:
            self.page.waterfall_line.show_figures([Figure(tr("Analysis", "No kept spectra yet."), "")])
        elif chosen is None:
            words = tr("Analysis", "{count} kept spectra; a click shows the spectrum of that moment")
            inside = sum(row.time_us >= start_us for row in past.spectra)
            self.page.waterfall_line.show_figures([Figure(words.format(count=inside), "")])

    def _show_kept(self, now_us: int) -> None:
        past = self._past
        if past is None:
            return
        symbols = {
            view.alarm.waveform_id: symbol_of(view)
            for view in self._alarms
            if view.alarm.waveform_id is not None
        }
        rows = kept_rows(past.kept, clock=self._context.plant_time(), now_us=now_us, symbols=symbols)
        self.page.kept.show_rows(rows)
        self.page.kept_panel.set_context(str(len(past.kept)))

    # ---- acts

    def _on_point(self, point_id: object) -> None:
        if isinstance(point_id, UUID):
            self._context.go(f"analysis/{point_id}")

    def _on_pause(self) -> None:
        is_live = self._mode is Mode.LIVE
        self._mode, self._mode_since_us = (
            Mode.PAUSED if is_live else Mode.LIVE,
            self._context.clock.now_us(),
        )
        if not is_live:
            self.page.kept.set_current(None)
            self.page.waterfall.set_slice(None)
            self._sequence = -1
        self.refresh(self._mode_since_us)

    def _on_kept(self, key: object) -> None:
        entry, past = self.entry, self._past
        chosen = next((each for each in past.kept if each.key == key), None) if past is not None else None
        if entry is None or chosen is None:
            return
        history = self._workstation.history

        def work() -> tuple[PointEntry, KeptRecord]:
            return entry, read_record(history, entry, chosen)

        self._context.tasks.run(work, done=self._take_record, failed=self._context.show_problem)

    def _take_record(self, found: tuple[PointEntry, KeptRecord]) -> None:
        entry, record = found
        if entry is not self.entry:
            return
        self._mode, self._mode_since_us = Mode.KEPT, self._context.clock.now_us()
        self._kept_shaft_hz = record.shaft_hz
        waveform = record.waveform
        samples = None if waveform is None else waveform.samples[: round(0.2 * waveform.sampling_rate_hz)]
        rate_hz = 0.0 if waveform is None else waveform.sampling_rate_hz
        self._picture = SignalPicture(record.spectra, samples, rate_hz, record.entry.at_us, -1)
        self._show_picture()
        self.refresh(self._mode_since_us)

    def _on_slice(self, at_us: object) -> None:
        rows = self._past.spectra if self._past is not None else ()
        row = next((each for each in rows if each.time_us == at_us), None)
        self._slice = None if row is None else (row.time_us, row.spectrum)
        now_us = self._context.clock.now_us()
        if row is not None:
            stamp = self._context.plant_time().stamp(row.time_us, now_us=now_us)
            self.page.waterfall_line.show_figures([Figure(tr("Analysis", "slice"), stamp)])
        elif isinstance(at_us, int):
            stamp = self._context.plant_time().stamp(at_us, now_us=now_us)
            self.page.waterfall_line.show_figures([Figure(tr("Analysis", "nothing kept"), stamp)])
        self._show_picture()
        self._show_mode(now_us)

    def _on_family(self, name: str) -> None:
        self._family_is_chosen = True
        self._set_family(name)

    def _set_family(self, name: str) -> None:
        """Number the harmonics where the line really is; slip moves it away from geometry."""
        judged = (*self._evidence.supported, *self._evidence.considered)
        found = next((each for each in judged if LINE_NAMES[each.fault] == name), None)
        found_hz = found.found_hz if found is not None and found.is_supported else None
        for plot in (self.page.spectrum, self.page.envelope):
            plot.set_family(name, found_hz=found_hz)
        self.page.light_family(name)

    def _on_span(self, key: str) -> None:
        self._span_h, self._span_is_chosen = float(key), True
        self._poll.ask_soon()
        self._show_waterfall()
        self._show_settings()

    def _on_quantity(self, key: str) -> None:
        self._quantity = key
        self._reach_hz = float(RANGES[key][2])
        self._reset_plots()
        self._show_baselines()
        self._show_picture()
        self._show_settings()

    def _on_range(self, key: str) -> None:
        self._reach_hz = float(key)
        self._show_baselines()
        self._show_picture()
        self._show_waterfall()
        self._show_settings()

    def _on_sidebands(self) -> None:
        count = 0 if self.page.spectrum.sidebands else FAMILY_SIDEBANDS
        for plot in (self.page.spectrum, self.page.envelope):
            plot.set_sidebands(count)

    def _on_baseline(self) -> None:
        self.page.spectrum.set_marks(baseline=not self.page.spectrum.shows_baseline)

    def _on_export(self) -> None:
        button = self.page.export_button
        self.export.offer(button.mapToGlobal(QPoint(0, button.height())))

    def _on_readings(self) -> None:
        entry = self.entry
        if entry is not None:
            self._context.open_drawer(entry.title, self.page.side)

    def _show_settings(self) -> None:
        view, quantity = self.page, self._quantity
        names = {
            "velocity": tr("Analysis", "Velocity, mm/s rms"),
            "acceleration": tr("Analysis", "Acceleration, g"),
        }
        view.quantity.show_value(names[quantity])
        view.range.set_choices([(str(each), _range_words(each)) for each in RANGES[quantity]])
        view.range.show_value(_range_words(self._reach_hz))
        view.sidebands_button.setChecked(bool(view.spectrum.sidebands))
        view.baseline_button.setChecked(view.spectrum.shows_baseline)
        view.light_span(f"{self._span_h:.0f}")
        view.spectrum_panel.set_title(
            tr("Analysis", "Spectrum"),
            f"{unit_symbol(UNITS[quantity])}{' rms' if quantity == 'velocity' else ''}",
        )
        view.waveform_panel.set_context(tr("Analysis", "200 ms, g"))
        view.envelope_panel.set_context(tr("Analysis", "0\u2013400 Hz, g"))
        span = dict(SPANS).get(f"{self._span_h:.0f}", "")
        view.bands_panel.set_context(tr("Analysis", "{span}, largest value per column", span=span))

    # ---- alarms

    def _on_events(self, events: tuple[object, ...]) -> None:
        if any(isinstance(event, AlarmsChanged) for event in events):
            self._ask_alarms()

    def _ask_alarms(self) -> None:
        self._context.tasks.run(self._workstation.alarming.listed, done=self._take_alarms)

    def _take_alarms(self, views: tuple[AlarmView, ...]) -> None:
        self._alarms = views
        self._presenter.symbols = tag_symbols(views)
        if self._presenter.was_guessed:
            better = self._presenter.best()
            if better is not None and better is not self.entry:
                self._show_point(better)
                self._presenter.was_guessed = False

    # ---- for exports

    @property
    def picture(self) -> SignalPicture | None:
        """What the plots show."""
        return self._picture

    @property
    def settings_words(self) -> str:
        """Quantity, range, state, speed and bearing in one line."""
        view = self.page
        chips = (view.quantity, view.range, view.state, view.speed, view.bearing)
        return " \u00b7 ".join(chip.value for chip in chips)

    def kept_entry(self, key: str) -> KeptEntry | None:
        """Return a kept moment by its key in the list."""
        return next((each for each in self._past.kept if each.key == key), None) if self._past else None


def _range_words(reach_hz: float) -> str:
    if not reach_hz:
        return tr("Analysis", "full")
    return f"0\u2013{number(reach_hz, 0)} Hz"
