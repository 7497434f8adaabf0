"""The past of a plant whose collector has never recorded anything: true, and empty."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.plant.quality import BAD_NOT_CONFIGURED
from domain.plant.readings import ReadingBatch
from domain.ports import HistorySeries, RawStatus, TrendColumns


class EmptyHistory:
    """Implements ``HistoryReader`` until there is a history file."""

    def series(self, tag_key: int, *, start_us: int, end_us: int) -> HistorySeries:
        return no_series(tag_key)

    def trend(self, tag_key: int, *, start_us: int, end_us: int, columns: int) -> TrendColumns:
        instants, values = np.empty(0, np.int64), np.empty(0)
        width_us = max(1, -(-(end_us - start_us) // max(1, columns)))
        return TrendColumns(
            tag_key, instants, values, values, values, instants, np.empty(0, np.uint16), width_us, 0
        )

    def last_values(self, tag_keys: Sequence[int]) -> ReadingBatch:
        return unknown_values(np.asarray(tag_keys, dtype=np.int32))

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        return {}

    def raw_statuses(self, tag_key: int, *, start_us: int, end_us: int) -> Sequence[RawStatus]:
        return ()

    def close(self) -> None:
        """Nothing is open."""


def no_series(tag_key: int) -> HistorySeries:
    """Return a series without a sample."""
    return HistorySeries(
        tag_key, np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint16), np.empty(0, np.int32)
    )


def unknown_values(keys: NDArray[np.int32]) -> ReadingBatch:
    """Return a row per tag that says it was never seen."""
    count = len(keys)
    return ReadingBatch(
        keys,
        np.full(count, np.nan),
        np.full(count, BAD_NOT_CONFIGURED, np.uint16),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
    )
