"""What the screen Trends shows and why: chosen tags, their figures, what the lane answered; no widget."""

from collections.abc import Sequence
from uuid import UUID

from domain.plant.tags import Feature, Tag
from domain.ports import TrendColumns
from services.alarming import AlarmView
from services.reports import ObservationView
from services.workstation import Workstation
from ui.formatting import PlantTime
from ui.screens.alarm_words import event_rows, tag_symbols
from ui.screens.figures import Figure, machine_sheets
from ui.screens.readings import Readings
from ui.screens.reporting.words import OBSERVATION_ICON, observation_words
from ui.screens.trends.browser import MachineTags, TagBrowser, machine_tags
from ui.screens.trends.cursor_table import CurveFigures
from ui.screens.trends.lanes import Happening, StateLane
from ui.screens.trends.past import Answer, Question, of_interest, summary
from ui.screens.trends.scale import pane_range
from ui.screens.trends.selection import PaneSpec, Selection
from ui.text import tr
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.row_list import ListRow


class TrendsPresenter:
    """Plain Python. Live values are read here, the disk only by whom the screen asks."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        plant = workstation.monitoring.plant
        self.selection, self.browser = Selection(), TagBrowser(machine_tags(plant), plant)
        self._rules = {rule.id: rule for rule in workstation.alarming.rules}
        self._health = {tag.key: tag for tag in plant.tags if tag.feature is Feature.HEALTH}
        self._symbols: dict[int, SymbolState] = {}
        self._number = 0
        self.is_waiting = False
        """Whether the newest question has neither an answer nor an error."""
        self.answer: Answer | None = None
        self.renew()
        self.look(0)

    def renew(self) -> None:
        """Take limits and normal bands as they are now."""
        workstation = self._workstation
        plant, rules = workstation.monitoring.plant, workstation.alarming.rules
        self._sheets = machine_sheets(plant, rules, workstation.baselines)
        self._figures = {key: each for sheet in self._sheets.values() for key, each in sheet.by_key.items()}

    def look(self, now_us: int) -> None:
        """Read the live values that list, tables and ranges show."""
        keys = {*self.browser.shown_keys(), *self.selection.keys, *self._health}
        self.readings = Readings(
            self._workstation.live.values(sorted(keys)),
            now_us=now_us,
            is_simulated=self._workstation.monitoring.is_simulated,
            texts=self._workstation.texts,
        )

    # ---- what is chosen

    def open(self, keys: Sequence[int]) -> str:
        """Choose the tags of an address, or keep what is there, or begin; return why some were left out."""
        tags = self._known(keys)
        refusal = ""
        if tags:
            refusal = self.selection.replace(tags)
        elif not self.selection.tags:
            self.selection.replace(self._first_tags())
        self.browser.open_for(self.selection.keys)
        return refusal

    def add(self, keys: Sequence[int]) -> str:
        """Choose more tags; return why some were left out."""
        refusal = self.selection.add(self._known(keys))
        self.browser.open_for(tuple(keys))
        return refusal

    def _known(self, keys: Sequence[int]) -> list[Tag]:
        return [self.browser.tags[key] for key in keys if key in self.browser.tags]

    def _first_tags(self) -> list[Tag]:
        """Return vibration, temperature and current of the machine in the worst state."""
        scores = {key: value for key in self._health if (value := self.readings.number(key)) is not None}
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

    @property
    def machines(self) -> list[MachineTags]:
        """The machines of the chosen tags, in the order chosen."""
        chosen = [self.browser.machine_of[key] for key in self.selection.keys]
        return list({each.machine.id: each for each in chosen}.values())

    @property
    def breadcrumb(self) -> list[tuple[str, str]]:
        """Trends, and the machine where there is only one."""
        steps = [(tr("Shell", "Trends"), "trends")]
        if len(self.machines) == 1:
            keys = ",".join(str(key) for key in self.selection.keys)
            steps.append((self.machines[0].machine.name, f"trends/{keys}"))
        return steps

    def names(self, tags: Sequence[Tag]) -> list[str]:
        """Return the names of curves; with several machines each says whose it is."""
        labels = self.browser.labels
        if len(self.machines) <= 1:
            return [labels[tag.key] for tag in tags]
        return [f"{self.browser.machine_of[tag.key].machine.code} {labels[tag.key]}" for tag in tags]

    def figures(self, spec: PaneSpec) -> list[Figure]:
        """Return band and limits of the tags of a pane that have them."""
        return [self._figures[tag.key] for tag in spec.tags if tag.key in self._figures]

    def rows(self) -> list[ListRow]:
        """Return the list of tags."""
        return self.browser.rows(self.readings, self._symbols, self.selection)

    @property
    def count_words(self) -> str:
        """How many tags are chosen of how many."""
        chosen, total = len(self.selection.tags), len(self.browser.tags)
        return tr("Trends", "{chosen} of {total}", chosen=chosen, total=total)

    def take_alarms(self, views: tuple[AlarmView, ...]) -> None:
        """Mark the tags of these alarms in the list."""
        self._symbols = tag_symbols(views)

    # ---- question and answer

    def ask(self, start_us: int, end_us: int, *, columns: int) -> Question:
        """Return the question for a window; answers to older ones are dropped from now on."""
        self._number += 1
        self.is_waiting = True
        states = tuple(each.state_key for each in self.machines if each.state_key is not None)
        machines = tuple(each.machine.id for each in self.machines)
        return Question(self._number, self.selection.keys, states, machines, start_us, end_us, columns)

    def take(self, answer: Answer) -> bool:
        """Take an answer; False when it is for an older question."""
        if answer.question.number != self._number:
            return False
        self.answer, self.is_waiting = answer, False
        return True

    def columns_of(self, tag: Tag) -> TrendColumns | None:
        """Return what was read of a tag."""
        return self.answer.trends.get(tag.key) if self.answer is not None else None

    def range_of(self, spec: PaneSpec, before: tuple[float, float] | None) -> tuple[float, float] | None:
        """Return round ends that hold the curves of a pane, None without anything to show."""
        columns = [found for tag in spec.tags if (found := self.columns_of(tag)) is not None]
        live = [value for tag in spec.tags if (value := self.readings.number(tag.key)) is not None]
        return pane_range(columns, live, self.figures(spec), before=before)

    def curve_figures(
        self,
        spec: PaneSpec,
        first: dict[int, float | None],
        second: dict[int, float | None],
        *,
        start_us: float,
        end_us: float,
    ) -> list[CurveFigures]:
        """Return the table of a pane: values under the cursors, or now, and the summary of a stretch."""
        rows = []
        for pen, (tag, name) in enumerate(zip(spec.tags, self.names(spec.tags), strict=True)):
            found = summary(self.columns_of(tag), start_us, end_us)
            now = first.get(tag.key) if first else self.readings.number(tag.key)
            figures = (now, second.get(tag.key), found.low, found.mean, found.high)
            rows.append(CurveFigures(name, pen, tag.digits, *figures))
        return rows

    def state_lanes(self, answer: Answer) -> list[StateLane]:
        """Return what the machines did; with several each lane carries its code."""
        machines = self.machines
        several = len(machines) > 1
        return [
            StateLane(each.machine.code if several else "", answer.states.get(each.state_key or 0, ()))
            for each in machines
        ]

    def happenings(self, answer: Answer, clock: PlantTime) -> list[Happening]:
        """Return what alarms of the chosen machines did and what people noticed there, in order of time."""
        keys = [tag.key for each in self.machines for tag in each.tags]
        rule_tags: dict[UUID, int | None] = {rule.id: rule.tag_key for rule in self._rules.values()}
        found = of_interest(answer.events, rule_tags, keys)
        shown = tr("Journal", "raised"), tr("Journal", "acknowledged")
        made = []
        for row in event_rows(found, self._workstation.monitoring.plant, self._rules):
            if row.what in shown:
                stamp = clock.stamp(row.at_us, now_us=answer.question.end_us)
                words = f"{stamp}  {row.message}, {row.what}" + (f", {row.by}" if row.by else "")
                made.append(Happening(row.at_us, row.symbol, words, row.is_new_alarm))
        seen = [_seen(each, clock, now_us=answer.question.end_us) for each in answer.observations]
        return sorted([*made, *seen], key=_instant)


def _seen(view: ObservationView, clock: PlantTime, *, now_us: int) -> Happening:
    stamp = clock.stamp(view.at_us, now_us=now_us)
    words = f"{stamp}  {observation_words(view)}, {view.observation.author}"
    return Happening(view.at_us, OBSERVATION_ICON, words, is_raised=False)


def _instant(happening: Happening) -> int:
    return happening.at_us


def _unit_rank(tag: Tag) -> tuple[bool, int]:
    return tag.unit != "degC", tag.key
