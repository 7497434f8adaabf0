"""The overview's presenter: gathers live values, alarms and the past into one ready picture."""

from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np

from domain.condition.health import Health
from services.alarming import AlarmView
from services.condition import HealthAssessor
from services.workstation import Workstation
from ui.formatting import number, unit_symbol
from ui.screens.alarm_words import EventRow, tag_symbols, worst_symbols
from ui.screens.figures import Figure, MachineSheet, machine_sheets
from ui.screens.machine_judge import WorstMachine, judge_all, reason_bars, score_or_reason
from ui.screens.overview.past import DayPast, OverviewPast, Present, constraint_of
from ui.screens.overview.state import (
    AssetState,
    AssetTrend,
    BarState,
    LineState,
    MachineRow,
    OverviewState,
)
from ui.screens.overview.tiles import link_rows, tiles
from ui.screens.polling import Poll
from ui.screens.readings import Readings
from ui.screens.sparks import SparkShelf
from ui.screens.zones import zone_words
from ui.tasks import Lane
from ui.text import machine_state, refusal, tr
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.reason_bars import ReasonBar

PRESENT_S, DAY_S, TREND_S = 1.0, 30.0, 60.0
PEEK_SPAN_US = 24 * 3600 * 1_000_000
MOST_BARS = 7


class OverviewPresenter:
    """Plain Python. ``read`` is called by the view at its own pace and never touches the disk."""

    def __init__(
        self, workstation: Workstation, *, tasks: Lane, failed: Callable[[BaseException], None]
    ) -> None:
        self._workstation, self._tasks, self._failed = workstation, tasks, failed
        self.plant = workstation.monitoring.plant
        self.sheets = machine_sheets(self.plant, workstation.alarming.rules, workstation.baselines)
        self._assessor: HealthAssessor = workstation.assessor()
        self._past = OverviewPast(workstation, self.plant, self.sheets)
        self._keys = np.array(sorted({tag.key for tag in self.plant.tags if not tag.is_waveform}), np.int32)
        self._sparks, self._worst = SparkShelf(), WorstMachine()
        self._views: tuple[AlarmView, ...] = ()
        self._present: Present | None = None
        self._day: DayPast | None = None
        self.trend: AssetTrend | None = None
        self.chosen: UUID | None = None
        """The machine the operator chose; None follows the worst."""
        self._shown: tuple[UUID, tuple[Figure, ...], tuple[Figure, ...]] | None = None
        self._polls = (
            Poll(tasks, self._past.present, self._take_present, period_s=PRESENT_S, failed=failed),
            Poll(tasks, self._past.day, self._take_day, period_s=DAY_S, failed=failed),
        )
        self._trend_poll = Poll(tasks, self._load_trend, self._take_trend, period_s=TREND_S, failed=failed)

    def renew(self) -> None:
        """Judge by the present baselines from now on; bars and curves stay where they are."""
        workstation = self._workstation
        self.sheets.update(machine_sheets(self.plant, workstation.alarming.rules, workstation.baselines))
        self._assessor = workstation.assessor()
        if self._shown is not None:
            machine, bars, panes = self._shown
            sheet = self.sheets[machine]
            self._shown = machine, sheet.again(bars), sheet.again(panes)

    # ---- from the disk

    def poll(self, now_us: int) -> None:
        """Ask for what is due."""
        for each in self._polls:
            each.ask_if_due(now_us)
        if self._shown is not None:
            self._trend_poll.ask_if_due(now_us)

    def _take_present(self, present: Present) -> None:
        self._present, self._views = present, present.views

    def _take_day(self, day: DayPast) -> None:
        self._day = day
        for key, spark in day.sparks.items():
            self._sparks.put(key, spark)

    def _load_trend(self) -> AssetTrend:
        assert self._shown is not None
        machine, _, panes = self._shown
        return self._past.trend(machine, [each.tag.key for each in panes], self._views)

    def _take_trend(self, trend: AssetTrend) -> None:
        self.trend = trend

    def peek(self, machine_id: UUID, show: Callable[[AssetTrend], None]) -> Figure | None:
        """Ask for the last 24 hours of a machine's vibration; ``show`` is a bound method."""
        figure = self.sheets[machine_id].vibration
        if figure is not None:
            key, views = figure.tag.key, self._views
            self._tasks.run(
                lambda: self._past.trend(machine_id, [key], views, span_us=PEEK_SPAN_US),
                done=show,
                failed=self._failed,
            )
        return figure

    # ---- the picture

    @property
    def events(self) -> Sequence[EventRow]:
        """The newest journal entries."""
        return () if self._present is None else self._present.events

    def readings(self, now_us: int) -> Readings:
        """Look at the live values."""
        batch = self._workstation.live.values(self._keys)
        return Readings(
            batch,
            now_us=now_us,
            is_simulated=self._workstation.monitoring.is_simulated,
            texts=self._workstation.texts,
        )

    def read(self, now_us: int) -> OverviewState:
        """Return everything the view draws."""
        readings = self.readings(now_us)
        healths = judge_all(self._assessor, self.sheets, readings)
        symbols, tags = worst_symbols(self._views, self.plant), tag_symbols(self._views)
        worst = self._worst.update(healths, symbols)
        status = None if self._present is None else self._present.status
        is_live = self._workstation.live.is_alive()
        is_known = self._present is not None and self._workstation.watch.away is None
        shown = self.chosen if self.chosen in self.sheets else worst
        return OverviewState(
            tuple(self._line(line.id, readings, healths, symbols) for line in self.plant.lines),
            tiles(
                self.plant, self.sheets, self._day, views=self._views if is_known else None, status=status,
                worst=worst, healths=healths, is_live=is_live,
            ),
            None if shown is None else self._asset(shown, worst, readings, healths[shown], symbols, tags),
            link_rows(self.plant, status, is_live=is_live),
            is_live,
        )  # fmt: skip

    def _line(
        self,
        line_id: UUID,
        readings: Readings,
        healths: dict[UUID, Health],
        symbols: dict[UUID, SymbolState],
    ) -> LineState:
        rows = [
            self._row(sheet, readings, healths[sheet.machine.id], symbols.get(sheet.machine.id))
            for sheet in self.sheets.values()
            if sheet.line.id == line_id
        ]
        return LineState(self.plant.asset(line_id), self._line_context(line_id, readings), tuple(rows))

    def _line_context(self, line_id: UUID, readings: Readings) -> str:
        sheet = constraint_of(self.sheets.values(), line_id)
        if sheet is None:
            return ""
        words = machine_state(readings.state(sheet.state_key))
        past = None if self._day is None else self._day.lines.get(line_id)
        if past is None or past.rate is None:
            return words
        return tr("Overview", "{state}   {rate} pieces/h", state=words, rate=number(past.rate, 0))

    def _row(
        self, sheet: MachineSheet, readings: Readings, health: Health, symbol: SymbolState | None
    ) -> MachineRow:
        figure = sheet.vibration
        key = figure.tag.key if figure is not None else None
        words = "" if figure is None else f"{readings.shown(figure.tag).text} {unit_symbol(figure.tag.unit)}"
        alarm = None
        if key is not None and symbol is not None:
            found = tag_symbols(self._views).get(key)
            alarm = found.priority if found is not None else None
        return MachineRow(
            sheet.machine.id, sheet.machine.name, symbol, readings.state(sheet.state_key),
            round(score, 0) if isinstance(score := score_or_reason(health), float) else score,
            self._sparks.take(key, alarm), words,
            tuple(each.tag.key for each in sheet.key_figures((), 3)),
        )  # fmt: skip

    def _asset(
        self,
        machine_id: UUID,
        worst: UUID | None,
        readings: Readings,
        health: Health,
        symbols: dict[UUID, SymbolState],
        tags: dict[int, SymbolState],
    ) -> AssetState:
        sheet = self.sheets[machine_id]
        reasons = reason_bars(sheet, health)
        bars, panes = self._chosen_figures(sheet, health)
        words = [sheet.line.name, *([tr("Overview", "constraint")] if sheet.machine.is_constraint else [])]
        return AssetState(
            sheet.machine, machine_id == worst, ", ".join(words), symbols.get(machine_id),
            readings.state(sheet.state_key), health.score,
            refusal(health.refusal) if health.refusal else "",
            zone_words(self.plant, self._workstation.severity, sheet, readings),
            tuple(_bar(each, readings, tags) for each in bars), _whole(reasons, health),
            tuple(_bar(each, readings, tags) for each in panes),
        )  # fmt: skip

    def _chosen_figures(
        self, sheet: MachineSheet, health: Health
    ) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
        """Choose bars and curves once per machine, anew only when the costliest is not among them."""
        costly = [each.tag_key for each in health.reasons if each.points_lost >= 1.0]
        if self._shown is not None and self._shown[0] == sheet.machine.id:
            curves = [each.tag.key for each in self._shown[2]]
            vibration = [k for k in costly if k in sheet.by_key and sheet.by_key[k].tag.feature is not None]
            if not vibration or vibration[0] in curves or len(self._shown[2]) == 0:
                return self._shown[1], self._shown[2]
        bars = sheet.key_figures(costly[:3], MOST_BARS)
        first = next((f for k in costly if (f := sheet.by_key.get(k)) and f.tag.feature), sheet.vibration)
        panes = tuple(each for each in (first, sheet.temperature) if each is not None)
        if not panes:
            panes = bars[:2]
        self._shown = (sheet.machine.id, bars, panes)
        self._trend_poll.ask_soon()
        return bars, panes


def _bar(figure: Figure, readings: Readings, symbols: dict[int, SymbolState]) -> BarState:
    key = figure.tag.key
    return BarState(figure, readings.number(key), readings.shown(figure.tag), symbols.get(key))


def _whole(reasons: tuple[ReasonBar, ...], health: Health) -> tuple[ReasonBar, ...]:
    return reasons if health.score is not None and health.score < 99.5 else ()
