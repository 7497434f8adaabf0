"""Health of machines from live values, limits and baselines: one rule for analysis and for screens."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from domain.condition.alarms import AlarmRule
from domain.condition.baseline import RobustBaseline
from domain.condition.health import Health, Measurement, assess_health
from domain.plant.assets import AssetKind, MachineState
from domain.plant.limits import LimitSide
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, QualityClass
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Feature, Tag, TagKind

SCORED_FEATURES = (
    Feature.VELOCITY_RMS,
    Feature.OUTER_RACE,
    Feature.INNER_RACE,
    Feature.ROLLING_ELEMENT,
)


@dataclass(frozen=True, slots=True)
class ScoredTag:
    """A measurement that counts for health, with its normal band's edge and its highest limit."""

    tag: Tag
    normal_upper: float | None
    limit: float | None


class HealthAssessor:
    """Judges machines; build a new one when rules or baselines change."""

    def __init__(
        self, plant: Plant, rules: Iterable[AlarmRule], baselines: Mapping[int, RobustBaseline]
    ) -> None:
        self._scored: dict[UUID, list[ScoredTag]] = {}
        self._state_tag: dict[UUID, int] = {}
        limits = _highest_limits(rules)
        for machine in (asset for asset in plant.assets if asset.kind is AssetKind.MACHINE):
            tags = plant.tags_of(machine.id)
            state = next((tag for tag in tags if tag.kind is TagKind.STATE), None)
            if state is not None:
                self._state_tag[machine.id] = state.key
            self._scored[machine.id] = [
                ScoredTag(tag, _normal_upper(tag, baselines), limits.get(tag.key))
                for tag in tags
                if tag.feature in SCORED_FEATURES or (tag.kind is TagKind.MEASURED and tag.key in limits)
            ]

    @property
    def machines(self) -> tuple[UUID, ...]:
        return tuple(self._scored)

    def scored(self, machine_id: UUID) -> Sequence[ScoredTag]:
        """Return the measurements that count for a machine."""
        return self._scored.get(machine_id, ())

    def tag_keys(self, machine_id: UUID) -> tuple[int, ...]:
        """Return the tags whose values ``assess`` wants, state tag included."""
        keys = [scored.tag.key for scored in self._scored.get(machine_id, ())]
        state = self._state_tag.get(machine_id)
        return (*keys, *(() if state is None else (state,)))

    def assess(self, machine_id: UUID, values: ReadingBatch) -> Health:
        """Return the health from a batch that holds at least ``tag_keys``, or a refusal with its reason."""
        usable = (values.quality & CLASS_MASK) != QualityClass.BAD
        value_of = {
            key: value
            for key, value, good in zip(
                values.tag_key.tolist(), values.value.tolist(), usable.tolist(), strict=True
            )
            if good and np.isfinite(value)
        }
        state = self._state_tag.get(machine_id)
        if state is not None and value_of.get(state) != MachineState.RUN.value:
            return Health(None, refusal="health_not_running" if state in value_of else "health_no_state")
        measurements = [
            Measurement(scored.tag.key, value_of[scored.tag.key], scored.normal_upper, scored.limit)
            for scored in self._scored.get(machine_id, ())
            if scored.normal_upper is not None and scored.tag.key in value_of
        ]
        return assess_health(measurements)


def _highest_limits(rules: Iterable[AlarmRule]) -> dict[int, float]:
    limits: dict[int, float] = {}
    for rule in rules:
        if rule.tag_key is not None and rule.limit is not None and rule.limit.side is LimitSide.HIGH:
            limits[rule.tag_key] = max(limits.get(rule.tag_key, -np.inf), rule.limit.value)
    return limits


def _normal_upper(tag: Tag, baselines: Mapping[int, RobustBaseline]) -> float | None:
    baseline = baselines.get(tag.key)
    return baseline.upper if baseline is not None else tag.normal_high
