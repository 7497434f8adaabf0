"""The screen Analysis: follows one point live, shows kept moments, and says what the figures mean."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtWidgets import QWidget

from domain.events import AlarmsChanged
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.context import Context
from ui.refresh import Rate
from ui.screens.analysis.bench import Bench
from ui.screens.analysis.display import AnalysisDisplay
from ui.screens.analysis.export import AnalysisExport
from ui.screens.analysis.live import Mode, SignalPicture
from ui.screens.analysis.past import KeptRecord, PointPast, best_span, read_past, read_record
from ui.screens.analysis.points import PointEntry
from ui.screens.analysis.presenter import AnalysisPresenter
from ui.screens.analysis.view import AnalysisView
from ui.screens.polling import Poll
from ui.text import tr
from ui.widgets.spectrum_marks import FAMILY_SIDEBANDS

PAST_EVERY_S = 30.0


class AnalysisScreen:
    """Implements ``Screen``. Memory is read in the main thread, disks only through the lane."""

    help_page = "analysis"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self._presenter, self.bench = AnalysisPresenter(workstation), Bench()
        self.page = AnalysisView(plant_time=context.plant_time, go=context.go)
        self.view: QWidget = self.page
        self._display = AnalysisDisplay(self.page, self.bench, self._presenter, context)
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
        view.export_asked.connect(self.export.exporter.offer)
        view.readings_asked.connect(self._on_readings)
        view.tools.chosen.connect(self._on_family)
        view.spans.chosen.connect(self._on_span)
        view.quantity.chosen.connect(self._on_quantity)
        view.range.chosen.connect(self._on_range)
        view.waterfall.sliced.connect(self._on_slice)
        view.tools.sidebands.clicked.connect(self._on_sidebands)
        view.tools.baseline.clicked.connect(self._on_baseline)
        view.spectrum.settings_changed.connect(self._display.settings)
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

    def open(self, argument: str) -> None:
        """Show a point; without one the last, or the point that needs a look most."""
        self._presenter.look(self._context.clock.now_us())
        found = self._presenter.find(argument)
        self.page.show_empty(found is None)
        if found is not None and found is not self.entry:
            self._show_point(found)
        self._display.settings()

    def refresh(self, now_us: int) -> None:
        """Renew lists, chips, table and diagnosis; twice a second."""
        entry = self.entry
        if entry is None:
            return
        readings = self._presenter.look(now_us)
        self._poll.ask_if_due(now_us)
        self.page.points.show_rows(self._presenter.point_rows())
        self._display.kept(now_us)
        self._display.motion(self._presenter.motion)
        self._show_mode(now_us)
        self.page.side.show_readings(self._presenter.reading_rows())
        self.page.bands.show_live(readings, now_us=now_us)
        self._judge(entry)

    def on_shown(self) -> None:
        """Become live again where it was live."""
        self.bench.look_anew()

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

    @property
    def entry(self) -> PointEntry | None:
        """The point on show."""
        return self._presenter.entry

    @property
    def picture(self) -> SignalPicture | None:
        """What the plots show."""
        return self.bench.picture

    @property
    def shaft_hz(self) -> float | None:
        """Shaft speed of what is shown."""
        return None if self.entry is None else self.bench.shaft_hz(self._presenter.motion)

    def _show_point(self, entry: PointEntry) -> None:
        self._presenter.choose(entry)
        self.bench.clear()
        self._display.begin(entry)
        self._poll.ask_soon()
        now_us = self._context.clock.now_us()
        self._draw(now_us)
        self.refresh(now_us)

    def _draw(self, now_us: int) -> None:
        """Ten times a second: draw when there is a new spectrum, and only then."""
        if self.entry is not None and self.bench.look(self._workstation.live, self.entry):
            self._show_picture()

    def _show_picture(self) -> None:
        if self.entry is not None:
            self._display.picture(self.entry, self.shaft_hz)

    def _show_mode(self, now_us: int) -> None:
        self._display.mode(now_us, is_alive=self._workstation.live.is_alive())

    def _judge(self, entry: PointEntry) -> None:
        motion, page = self._presenter.motion, self.page
        self.bench.judge(entry, motion)
        self._display.family(self.bench.telling_family(page.spectrum.family))
        severity = self._workstation.severity
        page.side.diagnosis.show_facts(self.bench.facts(entry, severity, self._presenter.readings, motion))
        is_kept = self.bench.mode is Mode.KEPT
        when = tr("Analysis", "kept moment") if is_kept else tr("Analysis", "from the live envelope")
        page.side.set_source(when)

    # ---- the lane

    def _read_past(self) -> PointPast | None:
        entry = self.entry
        if entry is None:
            return None
        now_us, bands = self._context.clock.now_us(), self._presenter.bands(entry)
        return read_past(self._workstation.history, entry, bands, span_us=self.bench.span_us, now_us=now_us)

    def _take_past(self, past: PointPast | None) -> None:
        entry = self.entry
        if past is None or entry is None or past.point_id != entry.point.id:
            return
        is_first, self.bench.past = self.bench.past is None, past
        if is_first and not self.bench.span_is_chosen:
            self._on_span(best_span(past))
        self._display.past(entry, past)

    def _take_record(self, found: tuple[PointEntry, KeptRecord]) -> None:
        entry, record = found
        if entry is not self.entry:
            return
        now_us = self._context.clock.now_us()
        self.bench.show_kept(record, now_us)
        self._show_picture()
        self.refresh(now_us)

    def _on_events(self, events: tuple[object, ...]) -> None:
        if any(isinstance(event, AlarmsChanged) for event in events):
            self._ask_alarms()

    def _ask_alarms(self) -> None:
        self._context.tasks.run(self._workstation.alarming.listed, done=self._take_alarms)

    def _take_alarms(self, views: tuple[AlarmView, ...]) -> None:
        better = self._presenter.take_alarms(views)
        if better is not None:
            self._show_point(better)

    # ---- acts

    def _on_point(self, point_id: object) -> None:
        if isinstance(point_id, UUID):
            self._context.go(f"analysis/{point_id}")

    def _on_pause(self) -> None:
        now_us = self._context.clock.now_us()
        if self.bench.toggle_pause(now_us):
            self.page.kept.set_current(None)
            self.page.waterfall.set_slice(None)
        self.refresh(now_us)

    def _on_kept(self, key: object) -> None:
        entry, chosen = self.entry, self.bench.kept(key)
        if entry is None or chosen is None:
            return
        history = self._workstation.history

        def work() -> tuple[PointEntry, KeptRecord]:
            return entry, read_record(history, entry, chosen)

        self._context.tasks.run(work, done=self._take_record, failed=self._context.show_problem)

    def _on_slice(self, at_us: object) -> None:
        is_kept, now_us = self.bench.cut(at_us), self._context.clock.now_us()
        if isinstance(at_us, int):
            self._display.cut(at_us, now_us, is_kept=is_kept)
        self._show_picture()
        self._show_mode(now_us)

    def _on_family(self, name: str) -> None:
        self.bench.family_is_chosen = True
        self._display.family(name)

    def _on_span(self, key: str) -> None:
        self.bench.span_h, self.bench.span_is_chosen = float(key), True
        self._poll.ask_soon()
        self._display.waterfall()
        self._display.settings()

    def _on_quantity(self, key: str) -> None:
        self.bench.choose_quantity(key)
        self._display.units()
        self._show_spectra()

    def _on_range(self, key: str) -> None:
        self.bench.reach_hz = float(key)
        self._show_spectra()
        self._display.waterfall()

    def _show_spectra(self) -> None:
        self._display.baselines()
        self._show_picture()
        self._display.settings()

    def _on_sidebands(self) -> None:
        count = 0 if self.page.spectrum.sidebands else FAMILY_SIDEBANDS
        for plot in (self.page.spectrum, self.page.envelope):
            plot.set_sidebands(count)

    def _on_baseline(self) -> None:
        self.page.spectrum.set_marks(baseline=not self.page.spectrum.shows_baseline)

    def _on_readings(self) -> None:
        if self.entry is not None:
            self._context.open_drawer(self.entry.title, self.page.side)
