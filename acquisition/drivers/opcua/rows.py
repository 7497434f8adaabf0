"""OPC UA changes to batches, whole columns at a time: scaling, quality and the judgement of source times."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.opcua.changes import Changes, words_of
from acquisition.drivers.opcua.status_codes import OVERFLOW_BITS, quality_of_status
from acquisition.drivers.tag_values import UNCERTAIN_DECODE, is_rounded
from acquisition.source_times import FOR_EVER_US, Instants, Places, SourceClocks, patience_us
from domain.plant.quality import BAD_DECODE, CLASS_MASK, GOOD, UNCERTAIN_CLOCK, QualityClass
from domain.plant.readings import LossCounter, ReadingBatch, reading_batch
from domain.plant.tags import Tag, TagDtype


class ScalarTable:
    """The scalars of one subscription as columns by client handle; makes batches of what is reported."""

    def __init__(
        self, tags: Mapping[int, Tag], *, subscribed_us: int, losses: LossCounter, are_past: bool = False
    ) -> None:
        """``tags`` by client handle; handles lie close together. ``are_past``: of a server's memory."""
        size = max(tags, default=0) + 1
        self._losses = losses
        self._key = np.full(size, -1, np.int32)
        self._factor, self._offset = np.ones(size), np.zeros(size)
        self._is_text = np.zeros(size, np.bool_)
        self._whole = {handle: tag for handle, tag in tags.items() if tag.dtype is TagDtype.INT64}
        for handle, tag in tags.items():
            self._key[handle] = tag.key
            self._factor[handle], self._offset[handle] = tag.scaling.factor, tag.scaling.offset
            self._is_text[handle] = tag.dtype is TagDtype.TEXT
        self._is_scaled = bool(((self._factor != 1.0) | (self._offset != 0.0)).any())
        self._has_texts = bool(self._is_text.any())
        patience = np.full(size, FOR_EVER_US, np.int64)
        if not are_past:
            patience[list(tags)] = [patience_us(tag.period_s) for tag in tags.values()]
        self._clocks = SourceClocks(size, subscribed_us=subscribed_us, losses=losses, patience_us=patience)

    def expect_held(self, handle: int) -> None:
        """The next value of a handle is what the server holds, however old."""
        self._clocks.expect_held(handle)

    def batch(self, changes: Changes, *, receive_us: Instants) -> ReadingBatch | None:
        """Return one row per change of a scalar, in order; changes of other handles are ignored."""
        handle = changes.handle
        is_mine = self._key[np.minimum(handle, len(self._key) - 1)] >= 0
        is_mine &= handle < len(self._key)
        if not is_mine.all():
            rows = np.flatnonzero(is_mine)
            changes, receive_us = changes.select(rows), receive_us[rows]
        if not len(changes):
            return None
        return self._batch(changes, changes.handle.astype(np.intp), receive_us)

    def _batch(self, changes: Changes, place: Places, receive_us: Instants) -> ReadingBatch:
        value = self._scaled(changes.value, place)
        quality = self._qualities(changes.status)
        text = self._texts(changes, place) if self._has_texts else None
        is_told = np.isfinite(value)
        if text is not None:
            value[self._is_text[place]] = np.nan
            is_told = np.where(self._is_text[place], [words is not None for words in text], is_told)
            text[[words is None for words in text]] = ""
        is_bad = (quality & CLASS_MASK) == QualityClass.BAD
        quality[~is_told & ~is_bad] = BAD_DECODE
        value[~is_told | is_bad] = np.nan
        for row in self._rounded(changes, place):
            quality[row] = UNCERTAIN_DECODE if quality[row] == GOOD else quality[row]
        source_us, is_suspect = self._clocks.judge(place, changes.source_us, receive_us=receive_us)
        if is_suspect.any():
            quality[is_suspect & (quality == GOOD)] = UNCERTAIN_CLOCK
        return reading_batch(
            self._key[place],
            value,
            quality=quality,
            source_us=source_us,
            receive_us=receive_us,
            raw_status=np.where(changes.status >> 30, changes.status, np.uint32(0)),
            text=text,
        )

    def _rounded(self, changes: Changes, place: Places) -> list[int]:
        """Return the rows of declared whole numbers that lost digits."""
        if not self._whole or not changes.content:
            return []
        large = [(row, each) for row, each in changes.content.items() if isinstance(each, int)]
        tags = [(row, each, self._whole.get(int(place[row]))) for row, each in large]
        return [row for row, each, tag in tags if tag is not None and is_rounded(tag, each)]

    def _scaled(self, value: NDArray[np.float64], place: Places) -> NDArray[np.float64]:
        if not self._is_scaled:
            return value.copy()
        with np.errstate(all="ignore"):
            return value * self._factor[place] + self._offset[place]

    def _texts(self, changes: Changes, place: Places) -> NDArray[np.object_]:
        """Return the words of text tags, None where there are none, "" for other tags."""
        text = np.full(len(place), "", np.object_)
        for row in np.flatnonzero(self._is_text[place]).tolist():
            text[row] = words_of(float(changes.value[row]), changes.content.get(row))
        return text

    def _qualities(self, status: NDArray[np.uint32]) -> NDArray[np.uint16]:
        """Return our quality of each status code; the server's dropped values are counted on the way."""
        quality = np.full(len(status), GOOD, np.uint16)
        if not status.any():
            return quality
        codes, which = np.unique(status, return_inverse=True)
        quality = np.array([quality_of_status(code) for code in codes.tolist()], np.uint16)[which]
        is_overflow = (status & OVERFLOW_BITS == OVERFLOW_BITS) & (status >> 30 < QualityClass.BAD)
        if is_overflow.any():
            self._losses.add("server_queue_overflow", int(is_overflow.sum()))
        return quality


def bad_rows(rows: Mapping[int, tuple[int, int]], *, now_us: int) -> ReadingBatch | None:
    """Return a row without a value by tag key, each with its quality and raw status; None without rows."""
    if not rows:
        return None
    return reading_batch(
        list(rows),
        np.full(len(rows), np.nan),
        quality=[quality for quality, _ in rows.values()],
        source_us=now_us,
        receive_us=now_us,
        raw_status=np.array([status if status >> 30 else 0 for _, status in rows.values()], np.uint32),
    )
