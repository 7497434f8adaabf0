"""What the screens show of a machine: its key tags, and each figure with words, scale, band and limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from domain.condition.alarms import AlarmRule, Priority
from domain.condition.baseline import RobustBaseline
from domain.plant.assets import Asset, MeasurementPoint
from domain.plant.limits import LimitSide, Provenance
from domain.plant.plant import Plant
from domain.plant.tags import Feature, Tag, TagKind
from services.condition import SCORED_FEATURES
from ui.formatting import number
from ui.text import feature_name, tr
from ui.widgets.plot_layers import LimitLine
from ui.widgets.trend_plot import nice_range

ABOVE_LIMIT = 1.2
WITHOUT_LIMIT = 3.0


@dataclass(frozen=True, slots=True)
class FigureLimit:
    """One limit of a figure with its word ("High", "Danger", "Low") and where it comes from."""

    value: float
    word: str
    side: LimitSide
    priority: Priority
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a machine as it is shown everywhere; scale, band and limits in the tag's unit."""

    tag: Tag
    title: str
    place: str
    normal: tuple[float, float] | None
    limits: tuple[FigureLimit, ...]
    scale: tuple[float, float]

    @property
    def name(self) -> str:
        """Title and place in one line."""
        return f"{self.title}, {self.place}" if self.tag.feature is not None else self.tag.label

    @property
    def limit_lines(self) -> tuple[LimitLine, ...]:
        """The limits as a plot draws them."""
        digits = self.tag.digits
        return tuple(
            LimitLine(each.value, f"{each.word} {number(each.value, digits)}") for each in self.limits
        )


@dataclass(frozen=True, slots=True)
class MachineSheet:
    """A machine with the keys of its special tags and its figures, vibration first."""

    machine: Asset
    line: Asset
    points: tuple[MeasurementPoint, ...]
    state_key: int | None
    health_key: int | None
    counter_key: int | None
    vibration: Figure | None
    temperature: Figure | None
    figures: tuple[Figure, ...]
    by_key: Mapping[int, Figure] = field(default_factory=dict)

    def again(self, figures: Iterable[Figure]) -> tuple[Figure, ...]:
        """Return the same figures as this sheet has them now."""
        return tuple(self.by_key.get(each.tag.key, each) for each in figures)

    def key_figures(self, costly: Iterable[int], most: int) -> tuple[Figure, ...]:
        """Return the figures for little room: the costly ones, then vibration and process."""
        first = [self.by_key[key] for key in costly if key in self.by_key]
        standard = [each for each in self.figures if each.tag.feature in (None, Feature.VELOCITY_RMS)]
        chosen = {each.tag.key: each for each in (*first, *standard, *self.figures)}
        return tuple(islice(chosen.values(), most))


def machine_sheets(
    plant: Plant, rules: Iterable[AlarmRule], baselines: Mapping[int, RobustBaseline]
) -> dict[UUID, MachineSheet]:
    """Return the sheet of every machine, in flow order."""
    limits = _limits(rules)
    return {
        machine.id: _sheet(plant, line, machine, limits, baselines)
        for line in plant.lines
        for machine in plant.machines(line.id)
    }


def _sheet(
    plant: Plant,
    line: Asset,
    machine: Asset,
    limits: Mapping[int, tuple[FigureLimit, ...]],
    baselines: Mapping[int, RobustBaseline],
) -> MachineSheet:
    tags = plant.tags_of(machine.id)
    points = plant.points_of(machine.id)
    shown = [
        tag for tag in tags if tag.feature in SCORED_FEATURES or (tag.feature is None and _is_process(tag))
    ]
    shown.sort(key=_rank)
    figures = tuple(_figure(plant, tag, limits.get(tag.key, ()), baselines) for tag in shown)
    by_key = {each.tag.key: each for each in figures}
    first = [each for each in figures if each.tag.feature is Feature.VELOCITY_RMS]
    return MachineSheet(
        machine, line, points,
        _key(tags, TagKind.STATE),
        next((tag.key for tag in tags if tag.feature is Feature.HEALTH), None),
        _key(tags, TagKind.COUNTER),
        first[0] if first else None,
        next((each for each in figures if each.tag.unit == "degC"), None),
        figures,
        by_key,
    )  # fmt: skip


def _is_process(tag: Tag) -> bool:
    return tag.kind is TagKind.MEASURED


def _rank(tag: Tag) -> tuple[int, int, int]:
    if tag.feature is not None:
        return 0, SCORED_FEATURES.index(tag.feature), tag.key
    return 1, tag.unit == "1/min", tag.key


def _key(tags: Iterable[Tag], kind: TagKind) -> int | None:
    return next((tag.key for tag in tags if tag.kind is kind), None)


def _figure(
    plant: Plant, tag: Tag, limits: tuple[FigureLimit, ...], baselines: Mapping[int, RobustBaseline]
) -> Figure:
    normal = _normal(tag, baselines)
    if tag.feature is not None:
        place = plant.point(tag.point_id).name if tag.point_id is not None else ""
        return Figure(tag, feature_name(tag.feature), place, normal, limits, _scale(normal, limits))
    place, _, title = tag.label.rpartition(" ")
    title = title[:1].upper() + title[1:]
    return Figure(tag, title, place, normal, limits, _scale(normal, limits))


def _normal(tag: Tag, baselines: Mapping[int, RobustBaseline]) -> tuple[float, float] | None:
    baseline = baselines.get(tag.key)
    if baseline is not None:
        return max(0.0, baseline.lower), baseline.upper
    if tag.normal_low is not None and tag.normal_high is not None:
        return tag.normal_low, tag.normal_high
    return None


def _scale(normal: tuple[float, float] | None, limits: tuple[FigureLimit, ...]) -> tuple[float, float]:
    """Return a fixed scale on round figures that leaves room around band and limits."""
    marks = [each.value for each in limits] + list(normal or ())
    if not marks:
        return 0.0, 1.0
    low, high = min(marks), max(marks)
    has_high = any(each.side is LimitSide.HIGH for each in limits)
    reach = high * (ABOVE_LIMIT if has_high or low < 0 else 1.25)
    if normal is not None and not limits and normal[0] < 0.9 * normal[1] and normal[0] >= 0:
        reach = min(normal[1] * WITHOUT_LIMIT, normal[1] + 2.5 * (normal[1] - normal[0]))
    margin = 0.35 * (high - low)
    bottom = 0.0 if 0 <= low < 0.4 * high else low - margin
    if low < 0 or bottom > 0:
        reach = high + margin
    return nice_range(bottom, max(reach, bottom + 1e-6), parts=10)


def _limits(rules: Iterable[AlarmRule]) -> dict[int, tuple[FigureLimit, ...]]:
    by_tag: dict[int, list[AlarmRule]] = {}
    for rule in rules:
        if rule.tag_key is not None and rule.limit is not None and rule.is_enabled:
            by_tag.setdefault(rule.tag_key, []).append(rule)
    return {key: _worded(found) for key, found in by_tag.items()}


def _worded(rules: list[AlarmRule]) -> tuple[FigureLimit, ...]:
    ordered = sorted(rules, key=_limit_value)
    highs = [rule for rule in ordered if rule.limit is not None and rule.limit.side is LimitSide.HIGH]
    made = []
    for rule in ordered:
        assert rule.limit is not None
        if rule.limit.side is LimitSide.LOW:
            word = tr("Limits", "Low")
        else:
            is_last = len(highs) > 1 and rule is highs[-1]
            word = tr("Limits", "Danger") if is_last else tr("Limits", "High")
        limit = rule.limit
        made.append(FigureLimit(limit.value, word, limit.side, rule.priority, limit.provenance))
    return tuple(made)


def _limit_value(rule: AlarmRule) -> float:
    return rule.limit.value if rule.limit is not None else 0.0
