"""The tags of the plant as a tree of lines and machines with ticks, found by typing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from domain.plant.assets import Asset
from domain.plant.plant import Plant
from domain.plant.tags import Tag, TagKind
from ui.screens.readings import Readings
from ui.screens.trends.selection import Selection
from ui.text import feature_name
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.row_list import ListRow

NOT_DRAWN = (TagKind.WAVEFORM, TagKind.STATE)


@dataclass(frozen=True, slots=True)
class MachineTags:
    """A machine with what can be drawn of it."""

    line: Asset
    machine: Asset
    tags: tuple[Tag, ...]
    state_key: int | None


def machine_tags(plant: Plant) -> tuple[MachineTags, ...]:
    """Return every machine with its curves, in flow order."""
    found = []
    for line in plant.lines:
        for machine in plant.machines(line.id):
            tags = plant.tags_of(machine.id)
            state = next((tag.key for tag in tags if tag.kind is TagKind.STATE), None)
            drawn = tuple(tag for tag in tags if tag.kind not in NOT_DRAWN)
            found.append(MachineTags(line, machine, drawn, state))
    return tuple(found)


def short_label(tag: Tag, plant: Plant) -> str:
    """Return "Vibration DE" for a figure of a point, and the tag's own label for anything else."""
    if tag.feature is None or tag.point_id is None:
        return tag.label
    point = plant.point(tag.point_id)
    place = point.name.removeprefix(plant.asset(point.asset_id).name).strip()
    return f"{feature_name(tag.feature)} {place or point.name}"


class TagBrowser:
    """Which machines are open and what is searched for."""

    def __init__(self, machines: tuple[MachineTags, ...], plant: Plant) -> None:
        self._machines = machines
        self.labels = {tag.key: short_label(tag, plant) for each in machines for tag in each.tags}
        self._open: set[UUID] = set()
        self.search = ""
        self.tags = {tag.key: tag for each in machines for tag in each.tags}
        self.machine_of = {tag.key: each for each in machines for tag in each.tags}

    def toggle_machine(self, machine_id: UUID) -> None:
        """Open a machine, or close it."""
        self._open ^= {machine_id}

    def open_for(self, keys: tuple[int, ...]) -> None:
        """Open the machines of these tags."""
        self._open |= {self.machine_of[key].machine.id for key in keys if key in self.machine_of}

    def shown_keys(self) -> tuple[int, ...]:
        """Return the tags whose rows are in the list."""
        return tuple(tag.key for each in self._machines for tag in self._visible(each))

    def _visible(self, each: MachineTags) -> tuple[Tag, ...]:
        if not self.search:
            return each.tags if each.machine.id in self._open else ()
        return tuple(tag for tag in each.tags if self._matches(each, tag))

    def _matches(self, each: MachineTags, tag: Tag) -> bool:
        place = f"{each.line.name} {each.line.code} {each.machine.name}"
        heap = f"{place} {self.labels[tag.key]} {tag.label} {tag.name} {tag.unit}"
        return all(word in heap.casefold() for word in self.search.casefold().split())

    def rows(
        self, readings: Readings, symbols: Mapping[int, SymbolState], selection: Selection
    ) -> list[ListRow]:
        """Return the rows of the list."""
        rows: list[ListRow] = []
        selected = frozenset(selection.keys)
        line: Asset | None = None
        for each in self._machines:
            visible = self._visible(each)
            if self.search and not visible:
                continue
            if each.line is not line:
                line = each.line
                rows.append(ListRow(None, line.name, is_group=True))
            is_open = bool(self.search) or each.machine.id in self._open
            chosen = sum(tag.key in selected for tag in each.tags)
            note = str(chosen) if chosen and not is_open else ""
            rows.append(ListRow(each.machine.id, each.machine.name, is_open=is_open, note=note))
            rows += [self._row(tag, readings, symbols, selection) for tag in visible]
        return rows

    def _row(
        self, tag: Tag, readings: Readings, symbols: Mapping[int, SymbolState], selection: Selection
    ) -> ListRow:
        pen = selection.pen_of(tag.key)
        shown = readings.shown(tag)
        tip = "  ".join(part for part in (tag.label, tag.name, shown.tip, shown.age) if part)
        return ListRow(
            tag.key,
            self.labels[tag.key],
            level=1,
            value=replace(shown, age=""),
            symbol=symbols.get(tag.key),
            is_checked=pen is not None,
            pen=pen,
            mime=str(tag.key),
            tip=tip,
        )
