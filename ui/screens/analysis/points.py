"""The measurement points of the plant as the list at the left shows them, and which one to begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.plant.assets import Asset, MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.tags import Feature, Tag
from ui.screens.readings import Readings
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.row_list import ListRow


@dataclass(frozen=True)
class PointEntry:
    """A vibration point with its machine, line and figures; ``place`` is "DE" on a motor called so."""

    point: MeasurementPoint
    asset: Asset
    machine: Asset
    line: Asset
    place: str
    waveform_key: int
    features: Mapping[Feature, Tag]

    @property
    def title(self) -> str:
        """Machine and point in one line."""
        return f"{self.machine.name}, {self.point.name}"

    @property
    def tag_keys(self) -> tuple[int, ...]:
        """Every tag that a look at this point needs."""
        return (self.waveform_key, *(tag.key for tag in self.features.values()))


def point_entries(plant: Plant) -> tuple[PointEntry, ...]:
    """Return every point that has a waveform, in flow order."""
    tags: dict[UUID, dict[Feature, Tag]] = {}
    for tag in plant.tags:
        if tag.point_id is not None and tag.feature is not None:
            tags.setdefault(tag.point_id, {})[tag.feature] = tag
    found: list[PointEntry] = []
    for line in plant.lines:
        for machine in plant.machines(line.id):
            for point in plant.points_of(machine.id):
                if point.waveform_tag_key is None:
                    continue
                asset = plant.asset(point.asset_id)
                place = point.name.removeprefix(asset.name).strip() or point.name
                found.append(
                    PointEntry(
                        point, asset, machine, line, place, point.waveform_tag_key, tags.get(point.id, {})
                    )
                )
    return tuple(found)


def point_rows(
    entries: Sequence[PointEntry], readings: Readings, symbols: Mapping[int, SymbolState]
) -> list[ListRow]:
    """Return the rows of the list: a group per line, a row per point with its overall velocity."""
    rows: list[ListRow] = []
    group: Asset | None = None
    for entry in entries:
        if entry.line is not group:
            group = entry.line
            rows.append(ListRow(None, group.name, is_group=True))
        velocity = entry.features.get(Feature.VELOCITY_RMS)
        shown = replace(readings.shown(velocity), age="") if velocity is not None else None
        rows.append(
            ListRow(
                entry.point.id,
                entry.machine.name,
                weak=entry.place,
                value=shown,
                symbol=worst_of(entry, symbols),
                tip=entry.title,
            )
        )
    return rows


def worst_of(entry: PointEntry, symbols: Mapping[int, SymbolState]) -> SymbolState | None:
    """Return the worst alarm on any figure of a point."""
    found = [symbols[key] for key in entry.tag_keys if key in symbols]
    return min(found, key=_rank) if found else None


def _rank(symbol: SymbolState) -> tuple[int, bool]:
    return int(symbol.priority), not symbol.is_flashing


def best_to_begin(
    entries: Sequence[PointEntry],
    readings: Readings,
    symbols: Mapping[int, SymbolState],
    health_keys: Mapping[UUID, int],
) -> PointEntry | None:
    """Return the point with the worst alarm, else the first one of the machine of lowest health."""
    if not entries:
        return None
    alarmed = [(entry, symbol) for entry in entries if (symbol := worst_of(entry, symbols)) is not None]
    if alarmed:
        return min(alarmed, key=_alarm_rank)[0]
    scores = {
        machine: score for machine, key in health_keys.items() if (score := readings.number(key)) is not None
    }
    worst = min(scores, key=scores.__getitem__, default=None)
    return next((entry for entry in entries if entry.machine.id == worst), entries[0])


def _alarm_rank(found: tuple[PointEntry, SymbolState]) -> tuple[int, bool]:
    return _rank(found[1])
