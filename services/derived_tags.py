"""Quality of derived values between two results of analysis."""

import math

import numpy as np
from numpy.typing import NDArray

from acquisition.shared_memory.value_table import ValueTable
from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.plant import Plant
from domain.plant.quality import CLASS_MASK, FLAG_MASK, QualityCause, QualityClass, quality_code
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.tags import Tag, TagKind

DERIVED_STALE_PERIODS = 3
DERIVED_STALE_S = 30.0


class DerivedTags:
    """Derived values turn uncertain when analysis stays silent, and bad when their source does.

    The source of a point's figure is its waveform. That of a machine's health is the machine's state: while
    it stands, its health is what it was.
    """

    def __init__(self, plant: Plant) -> None:
        derived = [tag for tag in plant.tags if tag.kind is TagKind.DERIVED]
        waveform_of = {point.id: point.waveform_tag_key for point in plant.points}
        state_of = {tag.asset_id: tag.key for tag in plant.tags if tag.kind is TagKind.STATE}
        sources = [
            waveform_of.get(tag.point_id) if tag.point_id else state_of.get(tag.asset_id) for tag in derived
        ]
        self._keys = np.array([tag.key for tag in derived], dtype=np.int32)
        self._sources = np.array([-1 if key is None else key for key in sources], dtype=np.int32)
        self._limit_s = np.array([_stale_after_s(tag, plant) for tag in derived])
        self._known_us = np.full(len(derived), -1, dtype=np.int64)
        self._since_s = np.zeros(len(derived))

    def newly_stale(self, values: ValueTable, *, now_us: int, now_s: float) -> ReadingBatch | None:
        """Return readings for the tags whose quality must change, None when there is none."""
        if not len(self._keys):
            return None
        now = values.read(self._keys)
        source = values.read(self._sources)
        seen = now.receive_us > 0
        source_bad = (self._sources >= 0) & ((source.quality & CLASS_MASK) == QualityClass.BAD)
        stale = seen & (self._age_s(now.source_us, now_us=now_us, now_s=now_s) > self._limit_s)
        quality = np.where(stale, quality_code(QualityClass.UNCERTAIN, QualityCause.STALE), now.quality)
        quality = np.where(source_bad & seen, source.quality & ~np.uint16(FLAG_MASK), quality)
        wanted = (quality & ~np.uint16(FLAG_MASK)) | (now.quality & FLAG_MASK)
        changed = seen & (stale | source_bad) & (wanted != now.quality)
        if not changed.any():
            return None
        return reading_batch(
            self._keys[changed],
            np.where(source_bad, np.nan, now.value)[changed],
            quality=wanted[changed].astype(np.uint16),
            source_us=now.source_us[changed],
            receive_us=now_us,
            sequence=now.sequence[changed] + 1,
        )

    def _age_s(self, source_us: NDArray[np.int64], *, now_us: int, now_s: float) -> NDArray[np.float64]:
        """Return how long each figure has stood, by the steady clock [F58]; of an earlier run by its date."""
        is_first = self._known_us < 0
        before_s = np.where(is_first, np.maximum(now_us - source_us, 0) / MICROSECONDS_PER_SECOND, 0.0)
        is_new = source_us != self._known_us
        self._since_s[is_new] = (now_s - before_s)[is_new]
        self._known_us = source_us.copy()
        age_s: NDArray[np.float64] = now_s - self._since_s
        return age_s


def _stale_after_s(tag: Tag, plant: Plant) -> float:
    """Return after how long a figure is stale; that of a file holds until the next file."""
    if tag.point_id is None or tag.point_id in plant.file_point_ids:
        return math.inf
    return max(DERIVED_STALE_PERIODS * tag.period_s, DERIVED_STALE_S)
