"""Baselines of figures, stored per measurement point."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from domain.condition.baseline import RobustBaseline
from domain.plant.plant import Plant
from domain.plant.tags import Feature
from storage.repositories.condition import Baseline
from storage.store import Store, UnitOfWork

STATE = "running"


def load_baselines(store: Store, plant: Plant) -> dict[int, RobustBaseline]:
    """Return the baseline of every feature tag that has one."""
    stored = {baseline.point_id: baseline.body for baseline in store.baselines.all()}
    found: dict[int, RobustBaseline] = {}
    for tag in plant.tags:
        if tag.point_id in stored and tag.feature is not None:
            figures = _figures(stored[tag.point_id]).get(tag.feature.value)
            if figures is not None:
                found[tag.key] = RobustBaseline(*figures)
    return found


def save_baselines(work: UnitOfWork, plant: Plant, learned: Mapping[int, RobustBaseline]) -> None:
    """Add learned figures to the stored baselines of their points."""
    by_point: dict[UUID, list[tuple[Feature, RobustBaseline]]] = {}
    for key, baseline in learned.items():
        tag = plant.tag(key)
        if tag.point_id is not None and tag.feature is not None:
            by_point.setdefault(tag.point_id, []).append((tag.feature, baseline))
    for point_id, figures in by_point.items():
        stored = work.baselines.get(point_id)
        body = dict(_figures(stored.body)) if stored is not None else {}
        for feature, baseline in figures:
            body[feature.value] = (baseline.median, baseline.sigma, baseline.count)
        version = stored.version if stored is not None else 1
        work.baselines.save(Baseline(point_id, {STATE: body}, version=version))


def _figures(body: Mapping[str, Any]) -> Mapping[str, tuple[float, float, int]]:
    return cast("Mapping[str, tuple[float, float, int]]", body.get(STATE, {}))
