"""Health and worst machine from one look at the live values; the worst changes only when it clearly does."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.condition.health import Health, whole_points
from services.condition import HealthAssessor
from ui.formatting import number, unit_symbol
from ui.screens.figures import MachineSheet
from ui.screens.readings import Readings
from ui.text import QT_TRANSLATE_NOOP, refusal, tr
from ui.widgets.priority_symbol import SymbolState
from ui.widgets.reason_bars import ReasonBar

CLEARLY = 3.0
"""Points by which another machine must be worse before it takes the place of the worst."""


def judge_all(assessor: HealthAssessor, sheets: Iterable[UUID], readings: Readings) -> dict[UUID, Health]:
    """Return the health of machines."""
    return {
        machine: assessor.assess(machine, readings.part(assessor.tag_keys(machine))) for machine in sheets
    }


class WorstMachine:
    """Remembers which machine is worst."""

    def __init__(self) -> None:
        self._id: UUID | None = None

    def update(self, healths: Mapping[UUID, Health], symbols: Mapping[UUID, SymbolState]) -> UUID | None:
        """Return the worst machine; the one before stays until another is clearly worse or it is unknown.

        While no health is known at all the most urgent alarm decides.
        """
        scored = {machine: each.score for machine, each in healths.items() if each.score is not None}
        if not scored:
            if self._id not in healths:
                return min(healths, key=lambda each: _urgency(symbols.get(each)), default=None)
            return self._id
        lowest = min(scored, key=lambda each: (scored[each], _urgency(symbols.get(each))))
        mine = scored.get(self._id) if self._id is not None else None
        if mine is None or self._id is None or scored[lowest] < mine - CLEARLY:
            self._id = lowest
        elif scored[lowest] == mine and _urgency(symbols.get(lowest)) < _urgency(symbols.get(self._id)):
            self._id = lowest
        return self._id


def _urgency(symbol: SymbolState | None) -> int:
    return 9 if symbol is None else int(symbol.priority)


def reason_bars(sheet: MachineSheet, health: Health) -> tuple[ReasonBar, ...]:
    """Return what costs points, the heaviest first, with the figures behind it."""
    made = []
    for reason, points in zip(health.reasons, whole_points(health), strict=True):
        figure = sheet.by_key.get(reason.tag_key)
        if figure is None or points < 1:
            continue
        digits, unit = figure.tag.digits, figure.tag.unit
        detail = _detail(reason.value, reason.normal_upper, reason.limit, digits=digits, unit=unit)
        made.append(ReasonBar(figure.name, points, detail))
    return tuple(made)


def _detail(value: float, normal: float, limit: float | None, *, digits: int, unit: str) -> str:
    words = tr(
        "Health",
        "{value} {unit}, normal up to {normal}",
        value=number(value, digits),
        unit=unit_symbol(unit),
        normal=number(normal, digits),
    )
    if limit is None:
        return words
    return tr("Health", "{words}, limit {limit}", words=words, limit=number(limit, digits))


_SHORT = {
    "health_not_running": QT_TRANSLATE_NOOP("Health", "not running"),
    "health_no_state": QT_TRANSLATE_NOOP("Health", "unknown"),
    "health_no_baseline": QT_TRANSLATE_NOOP("Health", "no baseline"),
}


def score_or_reason(health: Health) -> float | str:
    """Return the score, or its refusal in words short enough for a cell."""
    if health.score is not None:
        return health.score
    short = _SHORT.get(health.refusal)
    return refusal(health.refusal) if short is None else tr("Health", short)
