"""The screen Trends: chosen tags over a window of time that follows the present or stands still."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from domain.events import AlarmsChanged, ReportsChanged
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.ports import TrendColumns
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.context import Context
from ui.refresh import Rate
from ui.screens.readings import Readings
from ui.screens.trends.display import TrendsDisplay
from ui.screens.trends.export import TrendsExport
from ui.screens.trends.past import Answer, read_window
from ui.screens.trends.presenter import TrendsPresenter
from ui.screens.trends.view import SPANS, TrendsView, keys_of

SETTLE_MS = 150
LIVE_REFETCH_S, REFETCH_SHARE = 20.0, 1 / 300
NAVIGATOR_EVERY_US = 60 * MICROSECONDS_PER_SECOND
NAVIGATOR_COLUMNS = 700
NAVIGATOR_DAYS = ((84.0, 7), (720.0, 30))
"""Up to so many hours in the plots the navigator shows so many days."""

MOST_NAVIGATOR_DAYS = 120


class TrendsScreen:
    """Implements ``Screen``. Curves come from the lane, their live ends from memory."""

    help_page = "trends"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        self.presenter = TrendsPresenter(workstation)
        self.page = TrendsView(plant_time=context.plant_time, go=context.go)
        self.view: QWidget = self.page
        self._display = TrendsDisplay(self.page, self.presenter, context)
        self.hours, self.is_live = 8.0, True
        self._paused_us = self._asked_us = self._overview_us = 0
        self._settle = QTimer(self.page)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        self.export = TrendsExport(self, workstation, context)
        self._connect()
        context.refresh.add(self.view, self._draw, Rate.TRENDS)
        context.events.delivered.connect(self._on_events)
        self._ask_alarms()

    def _connect(self) -> None:
        page = self.page
        page.list.toggled.connect(self._on_toggled)
        page.search.textChanged.connect(self._on_search)
        page.span_chosen.connect(self._on_span)
        page.pause_asked.connect(self._on_pause)
        page.export_asked.connect(self.export.exporter.offer)
        page.tags_dropped.connect(self._on_dropped)
        page.navigator.moved.connect(self._on_moved)
        page.group.cursor_passed.connect(self._display.tables)
        for pane in page.panes:
            pane.plot.pane.navigated.connect(self._on_navigated)
            pane.plot.pane.range_changed.connect(page.lanes.update)
            pane.plot.pane.pause_asked.connect(self._on_pause)

    # ---- Screen

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Trends, and the machine where there is only one."""
        return self.presenter.breadcrumb

    def open(self, argument: str) -> None:
        """Show the tags of an address; without one what was there, or the worst machine to begin with."""
        self.presenter.look(self._context.clock.now_us())
        refusal = self.presenter.open(keys_of(argument))
        self._show_selection()
        self._say(refusal)

    def refresh(self, now_us: int) -> None:
        """Renew list, tables and words; twice a second. A clock that was set back renews at once [F58]."""
        self.presenter.look(now_us)
        self._display.list()
        self._display.tables()
        self._show_words(now_us)
        due_s = max(LIVE_REFETCH_S, self.hours * 3600 * REFETCH_SHARE)
        if self.is_live and abs(now_us - self._asked_us) > due_s * MICROSECONDS_PER_SECOND:
            self._ask()
        if abs(now_us - self._overview_us) > NAVIGATOR_EVERY_US:
            self._ask_overview(now_us)

    def on_shown(self) -> None:
        """Read what was missed while covered."""
        self._ask()

    def on_hidden(self) -> None:
        """Nothing goes on while hidden: the drawing clock serves visible widgets only."""

    def act(self, name: str) -> bool:
        """F5 freezes, Ctrl+F searches the tags."""
        if name == "freeze":
            self._on_pause()
            return True
        if name == "filter":
            self.page.search.setFocus()
            self.page.search.selectAll()
            return True
        return False

    @property
    def window_us(self) -> tuple[int, int]:
        """What the plots show."""
        return self._display.window_us

    def renew(self) -> None:
        """Draw normal bands by the new baselines; ranges stay."""
        self.presenter.renew()
        self._display.bands()

    def close(self) -> None:
        """Leave clock and events."""
        self._settle.stop()
        self._context.refresh.remove(self.view)
        self._context.events.delivered.disconnect(self._on_events)

    def _show_selection(self) -> None:
        self._display.selection()
        now_us = self._context.clock.now_us()
        if self.is_live:
            self._follow(now_us, anew=True)
        self._overview_us = 0
        self._ask()
        self.refresh(now_us)

    # ---- the lane

    def _ask(self) -> None:
        """Read the window that is on show; an answer to an older question is dropped."""
        if not self.presenter.selection.keys:
            return
        self._asked_us = self._context.clock.now_us()
        start_us, end_us = self._display.window_us
        columns = self._display.columns
        question = self.presenter.ask(start_us, end_us + MICROSECONDS_PER_SECOND, columns=columns)
        work = partial(read_window, self._workstation, question)
        self._context.tasks.run(work, done=self._take_answer, failed=self._on_failed)

    def _on_failed(self, error: BaseException) -> None:
        self.presenter.is_waiting = False
        self._context.show_problem(error)

    def _take_answer(self, answer: Answer) -> None:
        if not self.presenter.take(answer):
            return
        self._display.answer(answer)
        self._show_words(self._context.clock.now_us())

    def _ask_overview(self, now_us: int) -> None:
        """Read the navigator's week or months for the first chosen tag."""
        if not self.presenter.selection.tags:
            self.page.navigator.show_whole(None, start_us=0, end_us=0)
            return
        self._overview_us = now_us
        days = next((days for hours, days in NAVIGATOR_DAYS if self.hours <= hours), MOST_NAVIGATOR_DAYS)
        key, start_us = self.presenter.selection.keys[0], now_us - days * MICROSECONDS_PER_DAY
        history = self._workstation.history

        def work() -> tuple[TrendColumns, int, int]:
            found = history.trend(key, start_us=start_us, end_us=now_us, columns=NAVIGATOR_COLUMNS)
            return found, start_us, now_us

        self._context.tasks.run(work, done=self._take_overview, failed=self._context.show_problem)

    def _take_overview(self, found: tuple[TrendColumns, int, int]) -> None:
        columns, start_us, end_us = found
        self.page.navigator.show_whole(columns, start_us=start_us, end_us=end_us)
        self.page.navigator.show_window(*self._display.window_us)

    def _on_events(self, events: tuple[object, ...]) -> None:
        if any(isinstance(event, AlarmsChanged) for event in events):
            self._ask_alarms()
            self._settle.start()
        elif any(isinstance(event, ReportsChanged) for event in events):
            self._settle.start()

    def _ask_alarms(self) -> None:
        self._context.tasks.run(self._workstation.alarming.listed, done=self._take_alarms)

    def _take_alarms(self, views: tuple[AlarmView, ...]) -> None:
        self.presenter.take_alarms(views)
        self._display.list()

    # ---- drawing

    def _draw(self, now_us: int) -> None:
        """Four times a second: add live values; move the window by whole pixels only."""
        keys = self.presenter.selection.keys
        if not keys:
            return
        values = self._workstation.live.values(keys)
        self._display.live(Readings(values, now_us=now_us, is_simulated=False, texts=self._workstation.texts))
        if self.is_live:
            self._follow(now_us)

    def _follow(self, now_us: int, *, anew: bool = False) -> None:
        span_us = self.hours * MICROSECONDS_PER_HOUR
        pixel_us = span_us / self._display.columns
        end_us = round((now_us // pixel_us + 1) * pixel_us)
        if anew or end_us != self._display.window_us[1]:
            self._display.set_window(round(end_us - span_us), end_us)
            self.page.navigator.show_window(*self._display.window_us)

    def _show_words(self, now_us: int) -> None:
        age_s = None if self.is_live else (now_us - self._paused_us) / MICROSECONDS_PER_SECOND
        self._display.words(now_us, paused_s=age_s, is_alive=self._workstation.live.is_alive())

    def _say(self, refusal: str) -> None:
        self.page.browser.setToolTip(refusal)
        if refusal:
            self.page.resolution_words.setText(refusal)

    # ---- acts

    def _on_toggled(self, key: object) -> None:
        if isinstance(key, int):
            refusal = self.presenter.selection.toggle(self.presenter.browser.tags[key])
            self._show_selection()
            self._say(refusal)
        elif isinstance(key, UUID):
            self.presenter.browser.toggle_machine(key)
            self._look_and_list()

    def _on_dropped(self, keys: tuple[int, ...]) -> None:
        refusal = self.presenter.add(keys)
        self._show_selection()
        self._say(refusal)

    def _on_search(self, words: str) -> None:
        self.presenter.browser.search = words.strip()
        self._look_and_list()

    def _look_and_list(self) -> None:
        self.presenter.look(self._context.clock.now_us())
        self._display.list()

    def _on_span(self, hours: float) -> None:
        self.hours, self.is_live = hours, True
        if f"{hours:g}" in dict(SPANS):
            self.page.spans.choose(f"{hours:g}")
        self._overview_us = 0
        self._go_live(self._context.clock.now_us())

    def _on_pause(self) -> None:
        self.is_live, now_us = not self.is_live, self._context.clock.now_us()
        self._paused_us = now_us
        if self.is_live:
            self._go_live(now_us)
        else:
            self.refresh(now_us)

    def _go_live(self, now_us: int) -> None:
        self._follow(now_us, anew=True)
        self._ask()
        self.refresh(now_us)

    def _on_navigated(self) -> None:
        """The operator zoomed or panned: stand still there and read it, when the hand rests."""
        start_us, end_us = self._display.window_us
        self.hours = (end_us - start_us) / MICROSECONDS_PER_HOUR
        if self.is_live:
            self.is_live, self._paused_us = False, self._context.clock.now_us()
        self.page.navigator.show_window(start_us, end_us)
        self._settle.start()

    def _on_moved(self, start_us: int, end_us: int) -> None:
        self._display.set_window(start_us, end_us)
        self._on_navigated()
