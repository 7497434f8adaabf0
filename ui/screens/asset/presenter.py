"""The asset screen's presenter: one machine, its figures, reasons, limits, past and place in the plant."""

from collections.abc import Callable
from uuid import UUID

import numpy as np

from domain.condition.health import Health
from domain.errors import NotFound
from domain.plant.assets import Asset
from domain.plant.tags import Feature
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.formatting import number, present
from ui.screens.alarm_words import tag_symbols, worst_symbols
from ui.screens.asset.past import SPANS_US, AssetPast
from ui.screens.asset.state import AssetDay, AssetStack, AssetState, BranchState, FigureState, LimitRow
from ui.screens.figures import Figure, MachineSheet, machine_sheets
from ui.screens.machine_judge import WorstMachine, judge_all, reason_bars
from ui.screens.polling import Poll
from ui.screens.readings import Readings
from ui.screens.zones import zone_words
from ui.tasks import Lane
from ui.text import priority_name, refusal, tr
from ui.widgets.priority_symbol import SymbolState

LIST_S, DAY_S, STACK_S = 1.0, 60.0, 15.0
MOST_CARDS, PANES = 8, 3


class AssetPresenter:
    """Plain Python; reads and draws like the overview's presenter."""

    def __init__(
        self, workstation: Workstation, *, tasks: Lane, failed: Callable[[BaseException], None]
    ) -> None:
        self._workstation = workstation
        self.plant = workstation.monitoring.plant
        self.sheets = machine_sheets(self.plant, workstation.alarming.rules, workstation.baselines)
        self._assessor = workstation.assessor()
        self._past = AssetPast(workstation, self.plant)
        self._keys = np.array(sorted({tag.key for tag in self.plant.tags if not tag.is_waveform}), np.int32)
        self._views: tuple[AlarmView, ...] = ()
        self.machine_id: UUID | None = None
        self.span = "1d"
        self.day: AssetDay | None = None
        self.stack: AssetStack | None = None
        self._cards: tuple[Figure, ...] = ()
        self._panes: tuple[Figure, ...] = ()
        self._worst = WorstMachine()
        self._list_poll = Poll(
            tasks, workstation.alarming.listed, self._take_list, period_s=LIST_S, failed=failed
        )
        self._day_poll = Poll(tasks, self._load_day, self._take_day, period_s=DAY_S, failed=failed)
        self._stack_poll = Poll(tasks, self._load_stack, self._take_stack, period_s=STACK_S, failed=failed)

    def renew(self) -> None:
        """Judge by the present baselines from now on; cards and curves stay where they are."""
        workstation = self._workstation
        self.sheets.update(machine_sheets(self.plant, workstation.alarming.rules, workstation.baselines))
        self._assessor = workstation.assessor()
        if self.sheet is not None:
            self._cards, self._panes = self.sheet.again(self._cards), self.sheet.again(self._panes)

    # ---- which machine

    def open(self, asset_id: UUID | None, now_us: int) -> bool:
        """Show a machine, the machine of a component or the first of a line; False for an unknown asset.

        The site, and no asset at all, lead to the machine shown last or to the worst.
        """
        machine_id = self.machine_id
        if asset_id is not None:
            try:
                machine_id = self._machine(asset_id) or machine_id
            except NotFound:
                return False
        if machine_id is None:
            healths = judge_all(self._assessor, self.sheets, self.readings(now_us))
            machine_id = self._worst.update(healths, worst_symbols(self._views, self.plant))
        if machine_id is None:
            return False
        if machine_id != self.machine_id:
            self.machine_id = machine_id
            self.day = self.stack = None
            self._choose_figures(self.readings(now_us))
        return True

    def _machine(self, asset_id: UUID) -> UUID | None:
        machine = self.plant.machine_of(asset_id)
        if machine.id in self.sheets:
            return machine.id
        below = [sheet.machine.id for sheet in self.sheets.values() if sheet.line.id == machine.id]
        return below[0] if below else None

    def _choose_figures(self, readings: Readings) -> None:
        assert self.machine_id is not None
        sheet = self.sheets[self.machine_id]
        health = self._assessor.assess(
            self.machine_id, readings.part(self._assessor.tag_keys(self.machine_id))
        )
        costly = [each.tag_key for each in health.reasons if each.points_lost >= 1.0]
        defects = [
            figure.tag.key
            for figure in sheet.figures
            if figure.tag.feature in (Feature.OUTER_RACE, Feature.INNER_RACE)
        ]
        self._cards = sheet.key_figures([*costly[:4], *_velocities(sheet), *defects[:2]], MOST_CARDS)
        curves = [key for key in costly if sheet.by_key[key].tag.feature is not None]
        first = [sheet.by_key[key] for key in curves[:1]] or [sheet.by_key[key] for key in defects[:1]]
        found: list[Figure] = []
        for each in (*first, sheet.vibration, sheet.temperature, *sheet.figures):
            if each is not None and each not in found:
                found.append(each)
        self._panes = tuple(found[:PANES])
        self._day_poll.ask_soon()
        self._stack_poll.ask_soon()

    def reports_changed(self) -> None:
        """Read at once what people reported."""
        self._stack_poll.ask_soon()

    def show_span(self, span: str) -> None:
        """Choose how far the trends reach back."""
        self.span = span
        self._stack_poll.ask_soon()

    @property
    def span_s(self) -> float:
        """The span in seconds."""
        return SPANS_US[self.span] / 1e6

    @property
    def sheet(self) -> MachineSheet | None:
        """The sheet of the machine shown."""
        return self.sheets.get(self.machine_id) if self.machine_id is not None else None

    # ---- from the disk

    def poll(self, now_us: int) -> None:
        """Ask for what is due."""
        self._list_poll.ask_if_due(now_us)
        if self.machine_id is not None:
            self._stack_poll.ask_if_due(now_us)
            self._day_poll.ask_if_due(now_us)

    def _take_list(self, views: tuple[AlarmView, ...]) -> None:
        if [view.alarm for view in views] != [view.alarm for view in self._views]:
            self._stack_poll.ask_soon()
        self._views = views

    def _load_day(self) -> AssetDay:
        assert self.machine_id is not None
        return self._past.day(self.sheets[self.machine_id], [each.tag.key for each in self._cards])

    def _take_day(self, day: AssetDay) -> None:
        self.day = day

    def _load_stack(self) -> AssetStack:
        assert self.machine_id is not None
        keys = [each.tag.key for each in self._panes]
        return self._past.stack(self.machine_id, keys, self.span, self._views)

    def _take_stack(self, stack: AssetStack) -> None:
        self.stack = stack

    # ---- the picture

    def readings(self, now_us: int) -> Readings:
        """Look at the live values."""
        batch = self._workstation.live.values(self._keys)
        return Readings(
            batch,
            now_us=now_us,
            is_simulated=self._workstation.monitoring.is_simulated,
            texts=self._workstation.texts,
        )

    def read(self, readings: Readings) -> AssetState | None:
        """Return the machine as it stands."""
        sheet = self.sheet
        if sheet is None:
            return None
        machine = sheet.machine
        health: Health = self._assessor.assess(machine.id, readings.part(self._assessor.tag_keys(machine.id)))
        tags = tag_symbols(self._views)
        speed = next((each for each in sheet.figures if each.tag.unit == "1/min"), None)
        return AssetState(
            machine, _description(machine, sheet), worst_symbols(self._views, self.plant).get(machine.id),
            readings.state(sheet.state_key), health.score,
            refusal(health.refusal) if health.refusal else "",
            zone_words(self.plant, self._workstation.severity, sheet, readings),
            readings.shown(speed.tag) if speed is not None else None,
            tuple(_figure_state(each, readings, tags) for each in self._cards),
            tuple(_figure_state(each, readings, tags) for each in self._panes),
            reason_bars(sheet, health) if health.score is not None else (),
            _limit_rows(sheet, self._cards),
        )  # fmt: skip

    def branches(self, readings: Readings) -> tuple[BranchState, ...]:
        """Return the plant as a tree: lines, machines with health, points of the machine shown."""
        symbols = worst_symbols(self._views, self.plant)
        healths = judge_all(self._assessor, self.sheets, readings)
        found: list[BranchState] = []
        for line in self.plant.lines:
            found.append(BranchState(line.id, None, "line", line.name, "", None))
            for sheet in (each for each in self.sheets.values() if each.line.id == line.id):
                found.append(_machine_branch(sheet, healths[sheet.machine.id], symbols))
                if sheet.machine.id == self.machine_id:
                    found.extend(self._point_branches(sheet, readings))
        return tuple(found)

    def _point_branches(self, sheet: MachineSheet, readings: Readings) -> list[BranchState]:
        tags = tag_symbols(self._views)
        made = []
        for point in sheet.points:
            figures = [each for each in sheet.figures if each.tag.point_id == point.id]
            velocity = next((each for each in figures if each.tag.feature is Feature.VELOCITY_RMS), None)
            words = "" if velocity is None else f"{readings.shown(velocity.tag).text} mm/s"
            alarms = [tags[each.tag.key] for each in figures if each.tag.key in tags]
            worst = min(alarms, key=_priority, default=None)
            bearing = point.bearing.designation if point.bearing is not None else ""
            tip = tr("Asset", "{bearing} Enter opens the analysis of this point.", bearing=bearing).strip()
            made.append(BranchState(point.id, sheet.machine.id, "point", point.name, words, worst, tip))
        return made


def _velocities(sheet: MachineSheet) -> list[int]:
    return [each.tag.key for each in sheet.figures if each.tag.feature is Feature.VELOCITY_RMS]


def _priority(symbol: SymbolState) -> int:
    return int(symbol.priority)


def _machine_branch(sheet: MachineSheet, health: Health, symbols: dict[UUID, SymbolState]) -> BranchState:
    words = "\u2013" if health.score is None else number(health.score, 0)
    machine = sheet.machine
    tip = refusal(health.refusal) if health.refusal else ""
    return BranchState(
        machine.id, sheet.line.id, "machine", machine.name, words, symbols.get(machine.id), tip
    )


def _description(machine: Asset, sheet: MachineSheet) -> str:
    parts = [machine.description, sheet.line.name]
    parts.append(tr("Asset", "critical {class_}", class_=machine.criticality.value))
    constraint = tr("Asset", "constraint")
    if machine.is_constraint and constraint not in machine.description.casefold():
        parts.append(constraint)
    if machine.rated_power_kw is not None:
        parts.append(f"{number(machine.rated_power_kw, 1 if machine.rated_power_kw < 10 else 0)} kW")
    return ", ".join(part for part in parts if part)


def _figure_state(figure: Figure, readings: Readings, tags: dict[int, SymbolState]) -> FigureState:
    key = figure.tag.key
    return FigureState(figure, readings.number(key), readings.shown(figure.tag), tags.get(key))


def _short_name(figure: Figure) -> str:
    """Return the title with the last word of its place: "Vibration DE"."""
    if figure.tag.feature is None:
        return figure.tag.label
    return f"{figure.title} {figure.place.rpartition(' ')[2]}".strip()


def _limit_rows(sheet: MachineSheet, cards: tuple[Figure, ...]) -> tuple[LimitRow, ...]:
    """Return the limits of the machine, those of the cards first."""
    rows = []
    for figure in (*cards, *(each for each in sheet.figures if each not in cards)):
        for limit in sorted(figure.limits, key=lambda each: -each.value):
            origin = limit.provenance
            words = " ".join(part for part in (origin.source, origin.edition) if part)
            rows.append(
                LimitRow(
                    f"{figure.tag.key}:{limit.word}:{limit.value}", _short_name(figure), limit.word,
                    present(limit.value, unit=figure.tag.unit, digits=figure.tag.digits),
                    priority_name(limit.priority), words, origin.table,
                )
            )  # fmt: skip
    return tuple(rows)
