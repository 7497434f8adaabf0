"""The screen Trends: chosen tags over a window of time that follows the present or stands still."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QWidget

from domain.events import AlarmsChanged
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND
from domain.plant.tags import Feature, Tag
from domain.ports import TrendColumns
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.context import Context
from ui.formatting import duration, unit_symbol
from ui.refresh import Rate
from ui.screens.alarm_words import event_rows, tag_symbols
from ui.screens.figures import Figure, machine_sheets
from ui.screens.readings import Readings
from ui.screens.trends.browser import MachineTags, TagBrowser, machine_tags
from ui.screens.trends.cursor_table import CurveFigures
from ui.screens.trends.export import TrendsExport
from ui.screens.trends.lanes import Happening, StateLane
from ui.screens.trends.past import Answer, Question, of_interest, read_window, summary
from ui.screens.trends.scale import limit_lines, pane_range
from ui.screens.trends.selection import PaneSpec, Selection
from ui.screens.trends.view import SPANS, TrendPane, TrendsView, keys_of
from ui.text import tr
from ui.widgets.priority_symbol import SymbolState

SETTLE_MS = 150
LIVE_REFETCH_S, REFETCH_SHARE = 20.0, 1 / 300
NAVIGATOR_EVERY_US = 60 * MICROSECONDS_PER_SECOND
NAVIGATOR_COLUMNS = 700
WEEK_HOURS = 168.0


class TrendsScreen:
    """Implements ``Screen``. Curves come from the lane, their live ends from memory."""

    help_page = "trends"

    def __init__(self, workstation: Workstation, context: Context) -> None:
        self._workstation, self._context = workstation, context
        plant = workstation.monitoring.plant
        self.page = TrendsView(plant_time=context.plant_time)
        self.view: QWidget = self.page
        self.selection, self.browser = Selection(), TagBrowser(machine_tags(plant), plant)
        self._look_up_figures()
        self._rules = {rule.id: rule for rule in workstation.alarming.rules}
        self._health = {t.key: t for t in plant.tags if t.feature is Feature.HEALTH}
        self._symbols: dict[int, SymbolState] = {}
        self._readings = self._look(0)
        self.hours, self.is_live = 8.0, True
        self._paused_us = self._asked_us = self._overview_us = 0
        self._number, self._is_pending = 0, False
        self._auto_y: dict[str, tuple[float, float]] = {}
        self.answer: Answer | None = None
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
        page.export_asked.connect(self._on_export)
        page.tags_dropped.connect(self._on_dropped)
        page.navigator.moved.connect(self._on_moved)
        page.group.cursor_passed.connect(self._on_cursor)
        for pane in page.panes:
            pane.plot.pane.navigated.connect(self._on_navigated)
            pane.plot.pane.range_changed.connect(page.lanes.update)
            pane.plot.pane.pause_asked.connect(self._on_pause)

    # ---- Screen

    @property
    def breadcrumb(self) -> Sequence[tuple[str, str]]:
        """Trends, and the machine where there is only one."""
        steps = [(tr("Shell", "Trends"), "trends")]
        machines = self._machines()
        if len(machines) == 1:
            keys = ",".join(str(key) for key in self.selection.keys)
            steps.append((machines[0].machine.name, f"trends/{keys}"))
        return steps

    def open(self, argument: str) -> None:
        """Show the tags of an address; without one what was there, or the worst machine to begin with."""
        self._readings = self._look(self._context.clock.now_us())
        keys = keys_of(argument)
        tags = [self.browser.tags[key] for key in keys if key in self.browser.tags]
        if tags:
            self._say(self.selection.replace(tags))
        elif not self.selection.tags:
            self.selection.replace(self._default_tags())
        self.browser.open_for(self.selection.keys)
        self._show_selection()

    def refresh(self, now_us: int) -> None:
        """Renew list, tables and words; twice a second."""
        self._readings = self._look(now_us)
        self._show_list()
        self._show_tables()
        self._show_words(now_us)
        due_s = max(LIVE_REFETCH_S, self.hours * 3600 * REFETCH_SHARE)
        if self.is_live and now_us - self._asked_us > due_s * MICROSECONDS_PER_SECOND:
            self._ask()
        if now_us - self._overview_us > NAVIGATOR_EVERY_US:
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

    def renew(self) -> None:
        """Draw normal bands by the new baselines; ranges stay."""
        self._look_up_figures()
        for spec, pane in zip(self.selection.panes, self.page.panes, strict=False):
            figures = self._figures_of(spec)
            pane.plot.pane.set_band(figures[0].normal if figures else None)

    def close(self) -> None:
        """Leave clock and events."""
        self._settle.stop()
        self._context.refresh.remove(self.view)
        self._context.events.delivered.disconnect(self._on_events)

    # ---- what is chosen

    def _look_up_figures(self) -> None:
        workstation = self._workstation
        plant, rules = workstation.monitoring.plant, workstation.alarming.rules
        self._sheets = machine_sheets(plant, rules, workstation.baselines)
        self._figures = {key: each for sheet in self._sheets.values() for key, each in sheet.by_key.items()}

    def _figures_of(self, spec: PaneSpec) -> list[Figure]:
        return [self._figures[tag.key] for tag in spec.tags if tag.key in self._figures]

    def _default_tags(self) -> list[Tag]:
        """Return vibration, temperature and current of the machine in the worst state."""
        scores = {key: value for key in self._health if (value := self._readings.number(key)) is not None}
        worst = min(scores, key=scores.__getitem__, default=None)
        plant = self._workstation.monitoring.plant
        machine = plant.machine_of(self._health[worst].asset_id).id if worst is not None else None
        sheet = self._sheets.get(machine) if machine is not None else None
        if sheet is None:
            sheet = next((each for each in self._sheets.values() if each.vibration is not None), None)
        if sheet is None:
            return []
        vibration = [each.tag for each in sheet.figures if each.tag.feature is Feature.VELOCITY_RMS]
        process = [each.tag for each in sheet.figures if each.tag.unit in ("degC", "A")]
        return [*vibration, *sorted(process, key=_unit_rank)]

    def _machines(self) -> list[MachineTags]:
        """Return the machines of the chosen tags, in the order chosen."""
        chosen = [self.browser.machine_of[key] for key in self.selection.keys]
        return list({each.machine.id: each for each in chosen}.values())

    def names(self, tags: Sequence[Tag]) -> list[str]:
        """Return the names of curves."""
        several = len(self._machines()) > 1
        return [
            f"{self.browser.machine_of[tag.key].machine.code} {self.browser.labels[tag.key]}"
            if several
            else self.browser.labels[tag.key]
            for tag in tags
        ]

    def _show_selection(self) -> None:
        page, specs = self.page, self.selection.panes
        for spec, pane in zip(specs, page.panes, strict=False):
            self._show_pane(spec, pane)
        page.show_panes(len(specs), has_tags=bool(self.browser.tags))
        now_us = self._context.clock.now_us()
        if self.is_live:
            self._follow(now_us, anew=True)
        self._show_list()
        self._overview_us = 0
        self._ask()
        self.refresh(now_us)

    def _show_pane(self, spec: PaneSpec, pane: TrendPane) -> None:
        symbol = unit_symbol(spec.unit)
        pane.title.setText(spec.title)
        pane.unit.setText(symbol)
        names = self.names(spec.tags)
        pane.plot.set_curves(spec.curves(names))
        pane.plot.pane.setAccessibleName(f"{spec.title}, {symbol}: {', '.join(names)}")
        figures = self._figures_of(spec)
        pane.plot.pane.set_band(figures[0].normal if figures else None)
        pane.plot.pane.set_limits(limit_lines(figures))
        self._fit_y(spec, pane)

    def _fit_y(self, spec: PaneSpec, pane: TrendPane) -> None:
        """Give a pane round ends that hold its curves; a range the operator chose stays."""
        now, before = pane.plot.pane.ranges, self._auto_y.get(spec.unit)
        trends = self.answer.trends if self.answer is not None else {}
        columns = [trends[tag.key] for tag in spec.tags if tag.key in trends]
        live = [self._readings.number(tag.key) for tag in spec.tags]
        figures = self._figures_of(spec)
        fresh = pane_range(columns, [value for value in live if value is not None], figures, before=before)
        if fresh is None:
            return
        if before is not None and (now.y_low, now.y_high) != before and pane.isVisible():
            return
        self._auto_y[spec.unit] = fresh
        pane.plot.set_y(*fresh)

    # ---- the lane

    def window_us(self) -> tuple[int, int]:
        """Return what the plots show."""
        return self.page.panes[0].plot.window_us

    def _ask(self) -> None:
        """Read the window that is on show; an answer to an older question is dropped."""
        keys = self.selection.keys
        if not keys:
            return
        start_us, end_us = self.window_us()
        self._number += 1
        self._asked_us = self._context.clock.now_us()
        self._is_pending = True
        columns = max(200, round(self.page.panes[0].plot.pane.frame.width()))
        states = tuple(each.state_key for each in self._machines() if each.state_key is not None)
        question = Question(self._number, keys, states, start_us, end_us + MICROSECONDS_PER_SECOND, columns)
        workstation = self._workstation
        self._context.tasks.run(
            lambda: read_window(workstation, question), done=self._take_answer, failed=self._on_failed
        )

    def _on_failed(self, error: BaseException) -> None:
        self._is_pending = False
        self._context.show_problem(error)

    def _take_answer(self, answer: Answer) -> None:
        if answer.question.number != self._number:
            return
        self._is_pending, self.answer = False, answer
        for spec, pane in zip(self.selection.panes, self.page.panes, strict=False):
            for tag in spec.tags:
                if tag.key in answer.trends:
                    pane.plot.show_history(answer.trends[tag.key])
            self._fit_y(spec, pane)
        self._show_lanes(answer)
        self._show_tables()
        self._show_words(self._context.clock.now_us())

    def _show_lanes(self, answer: Answer) -> None:
        machines = self._machines()
        lanes = [
            StateLane(
                each.machine.code if len(machines) > 1 else "", answer.states.get(each.state_key or 0, ())
            )
            for each in machines
        ]
        keys = [tag.key for each in machines for tag in each.tags]
        tags = {rule.id: rule.tag_key for rule in self._rules.values()}
        found = of_interest(answer.events, tags, keys)
        clock = self._context.plant_time()
        rows = event_rows(found, self._workstation.monitoring.plant, self._rules)
        happenings = [
            Happening(
                row.at_us,
                row.symbol,
                f"{clock.stamp(row.at_us, now_us=answer.question.end_us)}  {row.message}, {row.what}"
                + (f", {row.by}" if row.by else ""),
                row.is_new_alarm,
            )
            for row in rows
            if row.what in (tr("Journal", "raised"), tr("Journal", "acknowledged"))
        ]
        self.page.lanes.show_past(lanes, happenings)

    def _ask_overview(self, now_us: int) -> None:
        """Read the navigator's week or month for the first chosen tag."""
        if not self.selection.tags:
            self.page.navigator.show_whole(None, start_us=0, end_us=0)
            return
        self._overview_us = now_us
        days = 7 if self.hours <= WEEK_HOURS / 2 else 30 if self.hours <= 720 else 120
        key, start_us = self.selection.keys[0], now_us - days * MICROSECONDS_PER_DAY
        history = self._workstation.history

        def work() -> tuple[TrendColumns, int, int]:
            found = history.trend(key, start_us=start_us, end_us=now_us, columns=NAVIGATOR_COLUMNS)
            return found, start_us, now_us

        self._context.tasks.run(work, done=self._take_overview, failed=self._on_failed)

    def _take_overview(self, found: tuple[TrendColumns, int, int]) -> None:
        columns, start_us, end_us = found
        self.page.navigator.show_whole(columns, start_us=start_us, end_us=end_us)
        self.page.navigator.show_window(*self.window_us())

    # ---- drawing

    def _look(self, now_us: int) -> Readings:
        keys = {*self.browser.shown_keys(), *self.selection.keys, *self._health}
        monitoring = self._workstation.monitoring
        values = self._workstation.live.values(sorted(keys))
        return Readings(values, now_us=now_us, is_simulated=monitoring.is_simulated)

    def _draw(self, now_us: int) -> None:
        """Four times a second: add live values; move the window by whole pixels only."""
        keys = self.selection.keys
        if not keys:
            return
        readings = Readings(self._workstation.live.values(keys), now_us=now_us, is_simulated=False)
        for spec, pane in zip(self.selection.panes, self.page.panes, strict=False):
            for tag in spec.tags:
                value, quality, at_us = readings.raw(tag.key)
                if at_us:
                    pane.plot.append(tag.key, time_us=at_us, value=value, quality=quality)
        if self.is_live:
            self._follow(now_us)

    def _follow(self, now_us: int, *, anew: bool = False) -> None:
        span_us = self.hours * MICROSECONDS_PER_HOUR
        first = self.page.panes[0].plot
        pixel_us = span_us / max(200.0, first.pane.frame.width())
        end_us = round((now_us // pixel_us + 1) * pixel_us)
        if anew or end_us != self.window_us()[1]:
            for pane in self.page.panes[: max(1, len(self.selection.panes))]:
                pane.plot.set_window(start_us=round(end_us - span_us), end_us=end_us)
            self.page.navigator.show_window(*self.window_us())

    def _show_list(self) -> None:
        rows = self.browser.rows(self._readings, self._symbols, self.selection)
        self.page.list.show_rows(rows)
        chosen, total = len(self.selection.tags), len(self.browser.tags)
        self.page.browser.set_context(tr("Trends", "{chosen} of {total}", chosen=chosen, total=total))

    def _show_tables(self) -> None:
        start_us, end_us = self.window_us()
        a, b = (self.page.panes[0].plot.pane.cursor(name) for name in ("A", "B"))
        has_cursors = a is not None
        words = tr("Trends", "In this window")
        if a is not None and b is not None:
            start_us, end_us = (round(each * MICROSECONDS_PER_SECOND) for each in sorted((a, b)))
            words = tr("Trends", "A to B")
        trends = self.answer.trends if self.answer is not None else {}
        for spec, pane in zip(self.selection.panes, self.page.panes, strict=False):
            first, second = pane.plot.values_at("A"), pane.plot.values_at("B")
            rows = []
            for pen, (tag, name) in enumerate(zip(spec.tags, self.names(spec.tags), strict=True)):
                found = summary(trends.get(tag.key), start_us, end_us)
                now = first.get(tag.key) if has_cursors else self._readings.number(tag.key)
                rows.append(
                    CurveFigures(
                        name, pen, tag.digits, now, second.get(tag.key), found.low, found.mean, found.high
                    )
                )
            pane.table.show_figures(rows, has_cursors=has_cursors, span_words=words)
        self._show_cursor_words(a, b)

    def _show_cursor_words(self, a: float | None, b: float | None) -> None:
        clock, now_us = self._context.plant_time(), self._context.clock.now_us()
        lines = [
            f"{name}   {clock.stamp(round(at * MICROSECONDS_PER_SECOND), now_us=now_us)}"
            for name, at in (("A", a), ("B", b))
            if at is not None
        ]
        if a is not None and b is not None:
            lines.append(f"B \u2212 A   {duration(abs(b - a))}")
        hint = tr("Trends", "Click puts cursor A,\nShift+click cursor B.")
        self.page.cursor_words.setText("\n".join(lines) or hint)

    def _show_words(self, now_us: int) -> None:
        page, clock = self.page, self._context.plant_time()
        start_us, end_us = self.window_us()
        if self.is_live:
            end_us = min(end_us, now_us)
        words = tr(
            "Trends",
            "{from_day} {from_time} to {to_day} {to_time}",
            from_day=clock.day(start_us),
            from_time=clock.minutes(start_us),
            to_day=clock.day(end_us),
            to_time=clock.minutes(end_us),
        )
        page.window_words.setText(words)
        page.window_words.setToolTip(words)
        page.resolution_words.setText(self._resolution_words())
        if not self.is_live:
            age = duration((now_us - self._paused_us) / MICROSECONDS_PER_SECOND)
            page.mode.setText(tr("Trends", "PAUSED {age}", age=age))
        else:
            alive = self._workstation.live.is_alive()
            page.mode.setText(tr("Trends", "LIVE") if alive else tr("Trends", "NO LINK"))
        page.pause_button.setText(tr("Trends", "Pause") if self.is_live else tr("Trends", "Live"))

    def _resolution_words(self) -> str:
        if self._is_pending and self.answer is None:
            return tr("Trends", "reading\u2026")
        trends = self.answer.trends if self.answer is not None else {}
        level = max((each.level_s for each in trends.values()), default=0)
        source = {0: tr("Trends", "stored values"), 60: tr("Trends", "1 min values")}
        name = source.get(level, tr("Trends", "1 h values"))
        zone = self._context.plant_time().zone
        return tr("Trends", "{name} as min and max per pixel, plant time ({zone})", name=name, zone=zone)

    def _say(self, refusal: str) -> None:
        self.page.browser.setToolTip(refusal)
        if refusal:
            self.page.resolution_words.setText(refusal)

    # ---- acts

    def _on_toggled(self, key: object) -> None:
        if isinstance(key, int):
            refusal = self.selection.toggle(self.browser.tags[key])
            self._show_selection()
            self._say(refusal)
        elif isinstance(key, UUID):
            self.browser.toggle_machine(key)
            self._readings = self._look(self._context.clock.now_us())
            self._show_list()

    def _on_dropped(self, keys: tuple[int, ...]) -> None:
        refusal = self.selection.add([self.browser.tags[key] for key in keys if key in self.browser.tags])
        self.browser.open_for(keys)
        self._show_selection()
        self._say(refusal)

    def _on_search(self, words: str) -> None:
        self.browser.search = words.strip()
        self._readings = self._look(self._context.clock.now_us())
        self._show_list()

    def _on_span(self, hours: float) -> None:
        self.hours, self.is_live = hours, True
        if f"{hours:g}" in dict(SPANS):
            self.page.spans.choose(f"{hours:g}")
        self._overview_us = 0
        now_us = self._context.clock.now_us()
        self._follow(now_us, anew=True)
        self._ask()
        self.refresh(now_us)

    def _on_pause(self) -> None:
        self.is_live = not self.is_live
        now_us = self._context.clock.now_us()
        self._paused_us = now_us
        if self.is_live:
            self._follow(now_us, anew=True)
            self._ask()
        self.refresh(now_us)

    def _on_navigated(self) -> None:
        """The operator zoomed or panned: stand still there and read it, when the hand rests."""
        start_us, end_us = self.window_us()
        self.hours = (end_us - start_us) / MICROSECONDS_PER_HOUR
        if self.is_live:
            self.is_live, self._paused_us = False, self._context.clock.now_us()
        self.page.navigator.show_window(start_us, end_us)
        self._settle.start()

    def _on_moved(self, start_us: int, end_us: int) -> None:
        for pane in self.page.panes[: max(1, len(self.selection.panes))]:
            pane.plot.set_window(start_us=start_us, end_us=end_us)
        self._on_navigated()

    def _on_cursor(self, name: str) -> None:
        self._show_tables()

    def _on_export(self) -> None:
        button = self.page.export_button
        self.export.offer(button.mapToGlobal(QPoint(0, button.height())))

    # ---- alarms

    def _on_events(self, events: tuple[object, ...]) -> None:
        if any(isinstance(event, AlarmsChanged) for event in events):
            self._ask_alarms()
            self._settle.start()

    def _ask_alarms(self) -> None:
        self._context.tasks.run(self._workstation.alarming.listed, done=self._take_alarms)

    def _take_alarms(self, views: tuple[AlarmView, ...]) -> None:
        self._symbols = tag_symbols(views)
        self._show_list()


def _unit_rank(tag: Tag) -> tuple[bool, int]:
    return tag.unit != "degC", tag.key
