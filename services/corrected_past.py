"""The past of a value that people give: what was corrected afterwards is never shown as good [ACQ-5, NEW-14].

History keeps the wrong value beside the right one and rewrites nothing; who reads it knows from the readings
which rows were superseded.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from domain.condition.evidence import ManualReading
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.quality import BAD_CORRECTED, CLASS_MASK, FLAG_MASK, QualityClass
from domain.ports import HistorySeries, TrendColumns


def corrected_series(series: HistorySeries, corrected: Sequence[ManualReading]) -> HistorySeries:
    """Return the rows with those called bad that somebody corrected."""
    wrong = np.isin(series.time_us, _superseded(corrected))
    marked = (series.quality & FLAG_MASK) | BAD_CORRECTED
    return replace(series, quality=np.where(wrong, marked, series.quality).astype(np.uint16))


def corrected_trend(
    columns: TrendColumns, series: HistorySeries, corrected: Sequence[ManualReading]
) -> TrendColumns:
    """Return the columns with those told anew that hold a corrected reading.

    ``series`` holds the raw rows of these columns, marked. Where they are gone, or the collector has not
    copied a correction yet, the readings themselves say what is right.
    """
    low, high, mean = columns.minimum.copy(), columns.maximum.copy(), columns.mean.copy()
    count = columns.count.copy()
    step_us = columns.level_s * MICROSECONDS_PER_SECOND
    good = (series.quality & CLASS_MASK) < QualityClass.BAD
    told = dict(zip(series.time_us[good].tolist(), series.value[good].tolist(), strict=True))
    told |= {each.history_us: each.value for each in corrected}
    instants = np.array(list(told), dtype=np.int64)
    for place in _touched(columns, _superseded(corrected), step_us):
        inside = _inside(columns, place, instants, step_us)
        right = np.array([told[each] for each in instants[inside].tolist()])
        count[place] = len(right)
        low[place], high[place], mean[place] = _figures(right)
    return replace(columns, minimum=low, maximum=high, mean=mean, count=count)


def _figures(values: NDArray[np.float64]) -> tuple[float, float, float]:
    if not len(values):
        return np.nan, np.nan, np.nan
    return float(values.min()), float(values.max()), float(values.mean())


def _superseded(corrected: Sequence[ManualReading]) -> NDArray[np.int64]:
    return np.array([at_us for each in corrected for at_us in each.superseded_us], dtype=np.int64)


def _touched(columns: TrendColumns, wrong_us: NDArray[np.int64], step_us: int) -> list[int]:
    return [
        place
        for place in range(len(columns.time_us))
        if bool(_inside(columns, place, wrong_us, step_us).any())
    ]


def _inside(
    columns: TrendColumns, place: int, instants: NDArray[np.int64], step_us: int
) -> NDArray[np.bool_]:
    """Say which instants a column holds; one made of a level holds its buckets by their start."""
    start = int(columns.time_us[place])
    starts = instants - instants % step_us if step_us else instants
    held: NDArray[np.bool_] = (starts >= start) & (starts < start + columns.column_us)
    return held
