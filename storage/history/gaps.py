"""Stretches without good values: holes between samples, and runs of bad rows with their cause."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from domain.plant.quality import CAUSE_MASK, CAUSE_SHIFT, CLASS_MASK, QualityCause, QualityClass
from domain.ports import HistoryGap
from storage.history.samples import Int64

SHORTEST_HOLE_US = 3_000_000
PERIODS = 3
NEIGHBOURS = 2
"""A step is compared with the median of itself and so many steps on each side."""

NOTHING_STORED = int(QualityCause.NONE)
"""Cause of a hole: no row says why; the collector did not run or the device sent nothing."""


def hole_limit_us(period_us: int) -> int:
    """Return the distance of neighbours above which something is missing: three periods, at least 3 s."""
    return max(PERIODS * period_us, SHORTEST_HOLE_US)


def hole_between(before: tuple[int, int], after: tuple[int, int]) -> HistoryGap | None:
    """Return the hole between two samples, each with its period; the slower one decides."""
    if after[0] - before[0] <= hole_limit_us(max(before[1], after[1])):
        return None
    return HistoryGap(before[0], after[0], NOTHING_STORED)


def find_gaps(
    time_us: Int64, quality: NDArray[np.uint16], *, period_us: int, previous: tuple[int, int] | None = None
) -> list[HistoryGap]:
    """Return the gaps in samples that ascend in time, in order of their ends.

    ``previous`` is the time and the period of the last sample before these, None when there is none.
    """
    is_bad = (quality & CLASS_MASK) >= QualityClass.BAD
    found = [*_holes(time_us, is_bad, period_us, previous), *_bad_runs(time_us, quality, is_bad)]
    return sorted(found, key=lambda gap: (gap.end_us, gap.start_us))


def joined_gaps(gaps: Iterable[HistoryGap], *, start_us: int, end_us: int) -> tuple[HistoryGap, ...]:
    """Clip gaps to a window and join those of one cause that touch, in time order."""
    result: list[HistoryGap] = []
    for gap in sorted(gaps, key=lambda each: (each.start_us, each.end_us)):
        low, high = max(gap.start_us, start_us), min(gap.end_us, end_us)
        if low > high:
            continue
        last = result[-1] if result else None
        if last and last.cause == gap.cause and low <= last.end_us + SHORTEST_HOLE_US:
            result[-1] = HistoryGap(last.start_us, max(last.end_us, high), gap.cause)
        else:
            result.append(HistoryGap(low, high, gap.cause))
    return tuple(result)


def _holes(
    time_us: Int64, is_bad: NDArray[np.bool_], period_us: int, previous: tuple[int, int] | None
) -> list[HistoryGap]:
    """Return the holes; one behind a bad row is told by that row, with its cause."""
    if not len(time_us):
        return []
    found = []
    hole = None if previous is None else hole_between(previous, (int(time_us[0]), period_us))
    if hole is not None:
        found.append(hole)
    wide = _wide_steps(time_us[1:] - time_us[:-1], period_us)
    wide = wide[~is_bad[wide]]
    found += [HistoryGap(int(time_us[row]), int(time_us[row + 1]), NOTHING_STORED) for row in wide]
    return found


def _wide_steps(step_us: Int64, period_us: int) -> NDArray[np.intp]:
    """Return the steps in which something is missing, judged by the pace of the samples around each.

    A chunk may hold a value a minute (imported past) and a value a second (live); one period for all of it
    would call every minute a hole.
    """
    suspects = np.flatnonzero(step_us > hole_limit_us(period_us))
    if not len(suspects):
        return suspects
    padded = np.pad(step_us, NEIGHBOURS, mode="symmetric")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)[suspects]
    limit = np.maximum(PERIODS * np.median(around, axis=1), SHORTEST_HOLE_US)
    chosen: NDArray[np.intp] = suspects[step_us[suspects] > limit]
    return chosen


def _bad_runs(time_us: Int64, quality: NDArray[np.uint16], is_bad: NDArray[np.bool_]) -> list[HistoryGap]:
    if not bool(is_bad.any()):
        return []
    cause = np.where(is_bad, (quality.astype(np.int32) & CAUSE_MASK) >> CAUSE_SHIFT, -1)
    edges = np.flatnonzero(np.diff(cause)) + 1
    starts, ends = np.concatenate(([0], edges)), np.concatenate((edges, [len(time_us)]))
    return [
        HistoryGap(int(time_us[low]), int(time_us[min(high, len(time_us) - 1)]), int(cause[low]))
        for low, high in zip(starts, ends, strict=True)
        if cause[low] >= 0
    ]
