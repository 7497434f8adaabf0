"""Health of an asset as a value: 0-100 % with reasons, or a refusal with its reason [RUL-8, NEW-15]."""

from dataclasses import dataclass

ESCALATION_BELOW = 70.0


@dataclass(frozen=True, slots=True)
class HealthReason:
    """Points lost to one measurement, with the figures behind them."""

    tag_key: int
    points_lost: float
    value: float
    baseline: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """``score`` is 100 minus the points lost, not below 0; None with a ``refusal`` key when unknown."""

    score: float | None
    reasons: tuple[HealthReason, ...] = ()
    refusal: str = ""
