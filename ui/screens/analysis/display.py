"""Draws bench and point on the page of the screen Analysis; asks nothing and decides nothing."""

from domain.instants import MICROSECONDS_PER_SECOND
from ui.context import Context
from ui.formatting import number
from ui.screens.analysis.bench import RANGES, UNITS, Bench, range_words
from ui.screens.analysis.live import Mode, Motion, bearing_words, fault_frequencies
from ui.screens.analysis.past import PointPast
from ui.screens.analysis.points import PointEntry
from ui.screens.analysis.presenter import AnalysisPresenter
from ui.screens.analysis.tools import SPANS
from ui.screens.analysis.view import WATERFALL_ROWS, AnalysisView
from ui.text import machine_state, tr, tr_n
from ui.widgets.readout import Figure


class AnalysisDisplay:
    """One method for each part of the page."""

    def __init__(
        self, page: AnalysisView, bench: Bench, presenter: AnalysisPresenter, context: Context
    ) -> None:
        self._page, self._bench, self._presenter, self._context = page, bench, presenter, context

    def begin(self, entry: PointEntry) -> None:
        """Empty the page for another point and name it."""
        page = self._page
        page.points.set_current(entry.point.id)
        page.kept.set_current(None)
        page.kept.show_rows([])
        page.waterfall.clear()
        page.bands.show_past((), {}, {}, span_s=1.0, now_us=self._context.clock.now_us())
        page.spectrum.set_family("")
        short, tip = bearing_words(entry)
        page.bearing.show_value(short, tip=tip)
        low, high = entry.point.envelope_low_hz / 1000, entry.point.envelope_high_hz / 1000
        band = f"{number(low, 0)}\u2013{number(high, 0)} kHz"
        page.envelope_panel.set_title(tr("Analysis", "Envelope {band}", band=band))
        self.units()

    def units(self) -> None:
        """A new quantity or point begins with its own ranges."""
        self._page.spectrum.set_unit(UNITS[self._bench.quantity])
        self._page.envelope.set_unit("g")

    def picture(self, entry: PointEntry, shaft_hz: float | None) -> None:
        """Draw spectrum, envelope and waveform."""
        page, picture = self._page, self._bench.picture
        if picture is None:
            return
        faults = fault_frequencies(entry, shaft_hz)
        for plot, shown in ((page.spectrum, self._bench.spectrum), (page.envelope, self._bench.envelope)):
            plot.set_shaft(shaft_hz)
            plot.set_faults(faults)
            if shown is not None:
                plot.show_spectrum(shown)
        page.waveform.set_faults(faults)
        if picture.samples is not None and picture.sampling_rate_hz > 0:
            page.waveform.show_samples(picture.samples, sampling_rate_hz=picture.sampling_rate_hz)

    def baselines(self) -> None:
        """Draw what is normal under both spectra."""
        spectrum, envelope = self._bench.baselines
        self._page.spectrum.show_baseline(spectrum)
        self._page.envelope.show_baseline(envelope)

    def motion(self, motion: Motion) -> None:
        """Word state and speed."""
        self._page.state.show_value(machine_state(motion.state))
        self._page.speed.show_value(motion.speed_words)

    def mode(self, now_us: int, *, is_alive: bool) -> None:
        """Say whether this is live, paused, kept or a slice."""
        page, bench = self._page, self._bench
        stamp = self._stamp(bench.picture.start_us, now_us) if bench.picture is not None else ""
        words, banner = bench.mode_words(is_alive=is_alive, stamp=stamp, now_us=now_us)
        page.mode.setText(words)
        page.when.setText(stamp)
        is_live = bench.mode is Mode.LIVE
        page.pause_button.setText(tr("Analysis", "Pause") if is_live else tr("Analysis", "Live"))
        for plot in (page.spectrum, page.waveform, page.envelope):
            plot.pane.set_banner(banner)
        if bench.slice is not None:
            when = self._stamp(bench.slice[0], now_us)
            page.spectrum.pane.set_banner(tr("Analysis", "SLICE {when}", when=when))

    def family(self, name: str) -> None:
        """Number the harmonics where the line really is."""
        found_hz = self._bench.found_hz(name)
        for plot in (self._page.spectrum, self._page.envelope):
            plot.set_family(name, found_hz=found_hz)
        self._page.tools.light(name)

    def past(self, entry: PointEntry, past: PointPast) -> None:
        """Draw everything that was read from the disk."""
        self._page.bands.show_past(
            [tag for tag in self._presenter.bands(entry) if tag.key in past.trends],
            past.trends,
            self._presenter.figures(entry),
            span_s=past.span_us / MICROSECONDS_PER_SECOND,
            now_us=past.read_us,
        )
        self.baselines()
        self.waterfall()
        self.settings()
        self.kept(self._context.clock.now_us())

    def waterfall(self) -> None:
        """Draw the kept spectra of the span."""
        past, page, chosen = self._bench.past, self._page, self._bench.slice
        if past is None:
            return
        rows, count = self._bench.waterfall(past, rows=WATERFALL_ROWS)
        page.waterfall.show_rows(rows, chosen_us=None if chosen is None else chosen[0])
        if not rows:
            self._below_waterfall(tr("Analysis", "No kept spectra yet."), "")
        elif chosen is None:
            words = tr_n(
                "Analysis",
                "{count} kept spectrum; a click shows it",
                "{count} kept spectra; a click shows the spectrum of that moment",
                count=count,
            )
            self._below_waterfall(words, "")

    def cut(self, at_us: int, now_us: int, *, is_kept: bool) -> None:
        """Say which moment the slice shows."""
        words = tr("Analysis", "slice") if is_kept else tr("Analysis", "nothing kept")
        self._below_waterfall(words, self._stamp(at_us, now_us))

    def _below_waterfall(self, words: str, value: str) -> None:
        self._page.waterfall_line.show_figures([Figure(words, value)])

    def kept(self, now_us: int) -> None:
        """Show the list of kept moments."""
        if self._bench.past is None:
            return
        clock = self._context.plant_time()
        rows = self._bench.kept_rows(self._presenter.alarms, clock=clock, now_us=now_us)
        self._page.kept.show_rows(rows)
        self._page.kept_panel.set_context(str(len(rows)))

    def settings(self) -> None:
        """Word chips, tools and the heads of the panels."""
        page, bench = self._page, self._bench
        page.quantity.show_value(bench.quantity_words)
        page.range.set_choices([(str(each), range_words(each)) for each in RANGES[bench.quantity]])
        page.range.show_value(range_words(bench.reach_hz))
        page.tools.sidebands.setChecked(bool(page.spectrum.sidebands))
        page.tools.baseline.setChecked(page.spectrum.shows_baseline)
        page.spans.light(f"{bench.span_h:.0f}")
        page.spectrum_panel.set_title(tr("Analysis", "Spectrum"), bench.unit_words)
        page.waveform_panel.set_context(tr("Analysis", "200 ms, g"))
        page.envelope_panel.set_context(tr("Analysis", "0\u2013400 Hz, g"))
        span = dict(SPANS).get(f"{bench.span_h:.0f}", "")
        page.bands_panel.set_context(tr("Analysis", "{span}, largest value per column", span=span))

    def _stamp(self, at_us: int, now_us: int) -> str:
        return self._context.plant_time().stamp(at_us, now_us=now_us) if at_us else ""
