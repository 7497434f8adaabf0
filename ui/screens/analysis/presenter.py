"""Which point is on show and what is read for it; knows no widget."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.plant.tags import Feature, Tag
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.screens.alarm_words import tag_symbols
from ui.screens.analysis.bands import band_tags
from ui.screens.analysis.live import Motion, motion_of
from ui.screens.analysis.points import PointEntry, best_to_begin, point_entries, point_rows
from ui.screens.analysis.readings_table import ReadingRow, reading_rows, shown_tags
from ui.screens.figures import Figure, MachineSheet, machine_sheets
from ui.screens.readings import Readings
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.row_list import ListRow


class AnalysisPresenter:
    """Holds the chosen point, the last look at the live values and the alarms by tag."""

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._plant = workstation.monitoring.plant
        self.entries = point_entries(self._plant)
        self.entry: PointEntry | None = None
        self.tags: tuple[Tag, ...] = ()
        self.alarms: tuple[AlarmView, ...] = ()
        self.symbols: dict[int, SymbolState] = {}
        self.was_guessed = False
        """Whether nobody chose the point: the first alarms may still move it."""
        self._sheets: dict[UUID, MachineSheet] = {}
        self._bands: tuple[UUID, tuple[Tag, ...]] | None = None
        self._health = {
            self._plant.machine_of(tag.asset_id).id: tag.key
            for tag in self._plant.tags
            if tag.feature is Feature.HEALTH
        }
        self.readings = self.look(0)

    def renew(self) -> None:
        """Draw bands by the present baselines from now on."""
        self._sheets = {}

    def look(self, now_us: int) -> Readings:
        """Read what this screen needs of the live values."""
        keys = {tag.key for tag in self.tags}
        keys.update(self._health.values())
        for entry in self.entries:
            velocity = entry.features.get(Feature.VELOCITY_RMS)
            if velocity is not None:
                keys.add(velocity.key)
        if self.entry is not None:
            point = self.entry.point
            keys.update(key for key in (point.speed_tag_key, point.state_tag_key) if key is not None)
        self.readings = Readings(
            self._workstation.live.values(sorted(keys)),
            now_us=now_us,
            is_simulated=self._workstation.monitoring.is_simulated,
            texts=self._workstation.texts,
        )
        return self.readings

    def take_alarms(self, views: tuple[AlarmView, ...]) -> PointEntry | None:
        """Take the alarms; return a point that needs a look more than one that nobody chose."""
        self.alarms, self.symbols = views, tag_symbols(views)
        if not self.was_guessed:
            return None
        better = self.best()
        if better is None or better is self.entry:
            return None
        self.was_guessed = False
        return better

    def find(self, argument: str) -> PointEntry | None:
        """Return the point of an address; the present one or the best to begin with when it names none."""
        named = next((each for each in self.entries if str(each.point.id) == argument), None)
        if named is not None:
            self.was_guessed = False
            return named
        if self.entry is not None:
            return self.entry
        self.was_guessed = not self.symbols
        return self.best()

    def best(self) -> PointEntry | None:
        """Return the point that needs a look most."""
        return best_to_begin(self.entries, self.readings, self.symbols, self._health)

    def choose(self, entry: PointEntry) -> None:
        """Take a point, with the tags of its table."""
        near = {entry.asset.id, entry.machine.id}
        beside = tuple(tag for tag in self._plant.tags if tag.asset_id in near and tag.unit in ("degC", "A"))
        self.entry, self.tags = entry, shown_tags(entry, beside)

    @property
    def motion(self) -> Motion:
        """How the machine of the point moved at the last look."""
        assert self.entry is not None
        return motion_of(self.entry, self.readings)

    def reading_rows(self) -> Sequence[ReadingRow]:
        """Return the table of the point, now against baseline."""
        return reading_rows(self.tags, self.readings, self._workstation.baselines, self.symbols)

    def point_rows(self) -> Sequence[ListRow]:
        """Return the list of points."""
        return point_rows(self.entries, self.readings, self.symbols)

    def bands(self, entry: PointEntry) -> tuple[Tag, ...]:
        """Return the tags of the small trends; the middle one is chosen when the point is first shown."""
        if self._bands is None or self._bands[0] != entry.point.id:
            found = band_tags(entry, self.readings, self._workstation.baselines)
            self._bands = (entry.point.id, found)
        return self._bands[1]

    def figures(self, entry: PointEntry) -> Mapping[int, Figure]:
        """Return band and limits of the figures of a point's machine."""
        if not self._sheets:
            self._sheets = machine_sheets(
                self._plant, self._workstation.alarming.rules, self._workstation.baselines
            )
        sheet = self._sheets.get(entry.machine.id)
        return sheet.by_key if sheet is not None else {}
