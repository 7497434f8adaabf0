"""Baselines learned from running machines, without any act of a user."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from domain.condition.baseline import RobustBaseline
from domain.plant.tags import Tag
from processing.baseline import learn_baseline

OBSERVATIONS = 30
"""A figure without a baseline gets one after so many blocks of the running machine."""


@dataclass
class BaselineLearner:
    """Collects figures of running machines until each has enough for a baseline."""

    tags: Iterable[Tag]
    known: Iterable[int]

    def __post_init__(self) -> None:
        wanted = {tag.key for tag in self.tags if tag.point_id is not None and tag.feature is not None}
        self._values: dict[int, list[float]] = {key: [] for key in wanted - set(self.known)}

    def observe(self, figures: Mapping[int, float]) -> dict[int, RobustBaseline]:
        """Take the figures of one block; return those baselines that are complete now."""
        learned: dict[int, RobustBaseline] = {}
        for key, value in figures.items():
            values = self._values.get(key)
            if values is None or not np.isfinite(value):
                continue
            values.append(value)
            if len(values) >= OBSERVATIONS:
                learned[key] = learn_baseline(np.array(values))
                del self._values[key]
        return learned
