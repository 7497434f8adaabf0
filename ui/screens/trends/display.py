"""Draws what the presenter holds on the page of the screen Trends; asks nothing and decides nothing."""

from collections.abc import Iterator

from domain.instants import MICROSECONDS_PER_SECOND
from ui.context import Context
from ui.formatting import duration
from ui.screens.readings import Readings
from ui.screens.trends.pane import TrendPane
from ui.screens.trends.past import Answer
from ui.screens.trends.presenter import TrendsPresenter
from ui.screens.trends.selection import PaneSpec
from ui.screens.trends.view import TrendsView
from ui.screens.trends.words import cursor_words, resolution_words, window_words
from ui.text import tr

FEWEST_COLUMNS = 200


class TrendsDisplay:
    """One method for each part of the page."""

    def __init__(self, page: TrendsView, presenter: TrendsPresenter, context: Context) -> None:
        self._page, self._presenter, self._context = page, presenter, context
        self._auto_y: dict[str, tuple[float, float]] = {}

    def _panes(self) -> Iterator[tuple[PaneSpec, TrendPane]]:
        return zip(self._presenter.selection.panes, self._page.panes, strict=False)

    # ---- panes

    @property
    def window_us(self) -> tuple[int, int]:
        """What the plots show."""
        return self._page.panes[0].plot.window_us

    @property
    def columns(self) -> int:
        """How many pixels wide the curves are."""
        return max(FEWEST_COLUMNS, round(self._page.panes[0].plot.pane.frame.width()))

    def set_window(self, start_us: int, end_us: int) -> None:
        """Move all panes."""
        for pane in self._page.panes[: max(1, len(self._presenter.selection.panes))]:
            pane.plot.set_window(start_us=start_us, end_us=end_us)

    def selection(self) -> None:
        """Give each unit its pane."""
        presenter = self._presenter
        for spec, pane in self._panes():
            pane.show_spec(spec, presenter.names(spec.tags), presenter.figures(spec))
            self._fit_y(spec, pane)
        self._page.show_panes(len(presenter.selection.panes), has_tags=bool(presenter.browser.tags))

    def bands(self) -> None:
        """Draw normal bands and limits anew."""
        for spec, pane in self._panes():
            pane.show_bands(self._presenter.figures(spec))

    def _fit_y(self, spec: PaneSpec, pane: TrendPane) -> None:
        """Give a pane round ends that hold its curves; a range the operator chose stays."""
        now, before = pane.plot.pane.ranges, self._auto_y.get(spec.unit)
        fresh = self._presenter.range_of(spec, before)
        if fresh is None:
            return
        if before is not None and (now.y_low, now.y_high) != before and pane.isVisible():
            return
        self._auto_y[spec.unit] = fresh
        pane.plot.set_y(*fresh)

    def answer(self, answer: Answer) -> None:
        """Draw curves, states and events that were read."""
        for spec, pane in self._panes():
            for tag in spec.tags:
                if tag.key in answer.trends:
                    pane.plot.show_history(answer.trends[tag.key])
            self._fit_y(spec, pane)
        happenings = self._presenter.happenings(answer, self._context.plant_time())
        self._page.lanes.show_past(self._presenter.state_lanes(answer), happenings)
        self.tables()

    def live(self, readings: Readings) -> None:
        """Append the newest values to their curves."""
        for spec, pane in self._panes():
            for tag in spec.tags:
                value, quality, at_us = readings.raw(tag.key)
                if at_us:
                    pane.plot.append(tag.key, time_us=at_us, value=value, quality=quality)

    # ---- beside the panes

    def list(self) -> None:
        """Show the tags."""
        self._page.list.show_rows(self._presenter.rows())
        self._page.browser.set_context(self._presenter.count_words)

    def tables(self) -> None:
        """Show values under the cursors, or now, and the summary of the window or between the cursors."""
        start_us, end_us = self.window_us
        a, b = (self._page.panes[0].plot.pane.cursor(name) for name in ("A", "B"))
        words = tr("Trends", "In this window")
        if a is not None and b is not None:
            start_us, end_us = (round(each * MICROSECONDS_PER_SECOND) for each in sorted((a, b)))
            words = tr("Trends", "A to B")
        for spec, pane in self._panes():
            first, second = pane.plot.values_at("A"), pane.plot.values_at("B")
            rows = self._presenter.curve_figures(spec, first, second, start_us=start_us, end_us=end_us)
            pane.table.show_figures(rows, has_cursors=a is not None, span_words=words)
        clock, now_us = self._context.plant_time(), self._context.clock.now_us()
        self._page.cursor_words.setText(cursor_words(clock, a, b, now_us=now_us))

    def words(self, now_us: int, *, paused_s: float | None, is_alive: bool) -> None:
        """Say what the plots show, what a pixel stands for, and whether they follow the present."""
        presenter, clock, window = self._presenter, self._context.plant_time(), self.window_us
        until_us = window[1] if paused_s is not None else min(window[1], now_us)
        resolution = resolution_words(
            presenter.answer, window, zone=clock.zone, is_waiting=presenter.is_waiting
        )
        self._page.show_window_words(window_words(clock, window[0], until_us), resolution)
        mode = tr("Trends", "LIVE") if is_alive else tr("Trends", "NO LINK")
        if paused_s is not None:
            mode = tr("Trends", "PAUSED {age}", age=duration(paused_s))
        self._page.show_mode(mode, is_live=paused_s is None)
