"""Health of an asset as a value: 0-100 % with reasons, or a refusal with its reason [RUL-8, NEW-15]."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ESCALATION_BELOW = 70.0
POINTS_AT_LIMIT = 60.0
"""A single measurement at its highest limit costs so many points, the asset is then far below escalation."""

WORST_SHARE = 1.1
"""Beyond its limit a measurement costs little more: one worn bearing leaves room for the next."""

LIMIT_WITHOUT_RULE = 3.0
"""Without a limit, this multiple of the normal band's edge counts as the limit."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure with the upper edge of its normal band and its highest limit, in one unit."""

    tag_key: int
    value: float
    normal_upper: float
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class HealthReason:
    """Points lost to one measurement, with the figures behind them."""

    tag_key: int
    points_lost: float
    value: float
    normal_upper: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """``score`` is 100 minus the points lost, not below 0; None with a ``refusal`` key when unknown.

    The points of the reasons add up to 100 minus the score.
    """

    score: float | None
    reasons: tuple[HealthReason, ...] = ()
    refusal: str = ""


def points_lost(value: Any, *, normal_upper: float, limit: float | None) -> Any:
    """Return the points that a value (float or array) costs; the same rule for now and for a past."""
    end = limit if limit is not None and limit > normal_upper else normal_upper * LIMIT_WITHOUT_RULE
    if end <= normal_upper:
        return value * 0.0
    return POINTS_AT_LIMIT * np.clip((value - normal_upper) / (end - normal_upper), 0.0, WORST_SHARE)


def assess_health(measurements: Iterable[Measurement]) -> Health:
    """Judge measurements against their normal bands; a refusal when there is none.

    Inside its band a measurement costs nothing; alone, from the edge to its limit, its loss grows linearly to
    60 points and ends at 66. Each further one takes its share of what the others left, so that two faults
    weigh more than one and never more than all; the reasons share the whole loss in proportion.
    """
    reasons = [_reason(each) for each in measurements]
    if not reasons:
        return Health(None, refusal="health_no_baseline")
    score = remaining_health([reason.points_lost for reason in reasons])
    total = sum(reason.points_lost for reason in reasons)
    if total > 0:
        reasons = [_scaled(reason, (100 - score) / total) for reason in reasons]
    reasons.sort(key=lambda reason: -reason.points_lost)
    return Health(score, tuple(reasons))


def remaining_health(losses: Sequence[Any]) -> Any:
    """Return what single losses (floats or arrays, points) leave of 100 when each takes its share in turn."""
    remaining: Any = 100.0
    for lost in losses:
        remaining = remaining * (1 - lost / 100)
    return remaining


def whole_points(health: Health) -> tuple[int, ...]:
    """Return the points of the reasons as whole numbers that add up to what is missing from the shown score.

    Method of the largest remainder: each is rounded down, the missing ones go where most was cut off.
    """
    if health.score is None:
        return ()
    missing = 100 - round(health.score)
    whole = [int(reason.points_lost) for reason in health.reasons]
    by_remainder = sorted(
        range(len(whole)), key=lambda place: whole[place] - health.reasons[place].points_lost
    )
    for place in by_remainder[: max(0, missing - sum(whole))]:
        whole[place] += 1
    return tuple(whole)


def _reason(measurement: Measurement) -> HealthReason:
    edge, limit = measurement.normal_upper, measurement.limit
    lost = float(points_lost(measurement.value, normal_upper=edge, limit=limit))
    return HealthReason(measurement.tag_key, lost, measurement.value, edge, limit)


def _scaled(reason: HealthReason, factor: float) -> HealthReason:
    return HealthReason(
        reason.tag_key, reason.points_lost * factor, reason.value, reason.normal_upper, reason.limit
    )
