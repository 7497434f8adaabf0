"""Ends of a pane's axis: round, around curves, band and near limits, and still while they fit."""

from collections.abc import Sequence

import numpy as np

from domain.ports import TrendColumns
from ui.screens.figures import Figure
from ui.widgets.plot_layers import LimitLine
from ui.widgets.trend_plot import nice_range

LIMIT_REACH = 1.7
SMALLEST_USE = 0.3
FROM_ZERO_SHARE = 0.35


def pane_range(
    columns: Sequence[TrendColumns],
    live: Sequence[float],
    figures: Sequence[Figure],
    *,
    before: tuple[float, float] | None,
) -> tuple[float, float] | None:
    """Return the range of a pane, ``before`` while it still serves, None while nothing is known."""
    lows = [float(np.nanmin(each.minimum)) for each in columns if np.isfinite(each.minimum).any()]
    highs = [float(np.nanmax(each.maximum)) for each in columns if np.isfinite(each.maximum).any()]
    lows, highs = lows + list(live), highs + list(live)
    if not lows:
        return before
    low, high = min(lows), max(highs)
    for figure in figures:
        if figure.normal is not None:
            low, high = min(low, figure.normal[0]), max(high, figure.normal[1])
    if 0 <= low < FROM_ZERO_SHARE * high:
        low = 0.0
    if low >= 0:
        near = [line.value for line in limit_lines(figures) if high < line.value <= LIMIT_REACH * high]
        high = max([high, *near[:2]])
    if before is not None and before[0] <= low and high <= before[1]:
        used = (high - low) / (before[1] - before[0])
        if used >= SMALLEST_USE:
            return before
    margin = 0.06 * (high - low) if high > low else max(abs(high) * 0.1, 0.5)
    return nice_range(low - (margin if low else 0.0), high + margin)


def limit_lines(figures: Sequence[Figure]) -> list[LimitLine]:
    """Return the limits of a pane, each height once, with the tag's name where they differ by tag."""
    several = len(figures) > 1
    found: dict[float, LimitLine] = {}
    for figure in figures:
        for line in figure.limit_lines:
            name = f"{line.name}, {figure.place or figure.title}" if several else line.name
            found.setdefault(line.value, LimitLine(line.value, name))
    return sorted(found.values(), key=_height)


def _height(line: LimitLine) -> float:
    return line.value
