"""Sampled arrays of OPC UA: numbering their blocks, so that holes and repetitions show."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import numpy as np

from acquisition.drivers.opcua_values import (
    OVERFLOW_BITS,
    DataValue,
    Item,
    RowCollector,
    ScalarItem,
    is_believable,
    quality_of_status,
)
from domain.instants import MICROSECONDS_PER_SECOND, to_microseconds
from domain.plant.quality import BAD_DECODE, GOOD, UNCERTAIN_CLOCK, QualityClass
from domain.plant.readings import LossCounter, SampleBlock
from domain.plant.tags import Tag

_REPEAT_US: Final = 10 * MICROSECONDS_PER_SECOND


class ArrayItem:
    """A sampled array: numbers its blocks so that a hole shows as a jump of ``first_index``.

    The time stamp of a value is the time of its first sample. A block that starts within half a block of
    where the previous one ended continues it; later ones leave a hole, counted as "samples_missing" for a
    streaming channel; earlier ones repeat what is known and are left out.
    """

    def __init__(self, tag: Tag, *, losses: LossCounter) -> None:
        self.key = tag.key
        self._factor, self._offset = np.float32(tag.scaling.factor), np.float32(tag.scaling.offset)
        self._rate_hz = float(tag.sampling_rate_hz or 0.0)
        self._revision = tag.revision
        self._is_streaming = tag.capture is None or tag.capture.is_streaming
        self._losses = losses
        self._next_index: int | None = None
        self._next_us = 0.0

    def block(self, data: DataValue, *, receive_us: int) -> SampleBlock | int | None:
        """Return the block, the quality of a bad row instead, or None for a repeated one."""
        status = 0 if data.StatusCode is None else int(data.StatusCode.value)
        quality = quality_of_status(status)
        if quality & 0b11 == QualityClass.BAD:
            return quality
        samples = self._samples(None if data.Value is None else data.Value.Value)
        if samples is None:
            return BAD_DECODE
        if status & OVERFLOW_BITS == OVERFLOW_BITS:
            self._losses.add("server_queue_overflow")
        length_us = len(samples) / self._rate_hz * MICROSECONDS_PER_SECOND
        start_us, is_suspect = self._start(data.SourceTimestamp, length_us, receive_us=receive_us)
        first_index = self._place(start_us, len(samples), length_us)
        if first_index is None:
            self._losses.add("repeated_block")
            return None
        return SampleBlock(
            tag_key=self.key,
            samples=samples,
            sampling_rate_hz=self._rate_hz,
            start_us=start_us,
            receive_us=receive_us,
            first_index=first_index,
            quality=UNCERTAIN_CLOCK if is_suspect and quality == GOOD else quality,
            revision=self._revision,
        )

    def _samples(self, value: object) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
        if not isinstance(value, (list, tuple)) or not value or isinstance(value[0], (str, bytes)):
            return None
        try:
            samples = np.asarray(value, dtype=np.float32)
        except (TypeError, ValueError):
            return None
        if samples.ndim != 1 or not np.isfinite(samples).all():
            return None
        if self._factor != 1.0 or self._offset != 0.0:
            samples = samples * self._factor + self._offset
        return samples

    def _start(self, source: datetime | None, length_us: float, *, receive_us: int) -> tuple[int, bool]:
        by_receipt_us = receive_us - round(length_us)
        if source is None:
            return by_receipt_us, True
        source_us = to_microseconds(source)
        went_back = self._next_index is not None and source_us < self._next_us - _REPEAT_US
        if went_back or not is_believable(source_us, receive_us=receive_us):
            return by_receipt_us, True
        return source_us, False

    def _place(self, start_us: int, length: int, length_us: float) -> int | None:
        if self._next_index is None:
            first = round(start_us * self._rate_hz / MICROSECONDS_PER_SECOND)
        else:
            drift_us = start_us - self._next_us
            if drift_us < -length_us / 2:
                return None
            missing = 0
            if drift_us > length_us / 2:
                missing = round(drift_us * self._rate_hz / MICROSECONDS_PER_SECOND)
            if missing and self._is_streaming:
                self._losses.add("samples_missing", missing)
            first = self._next_index + missing
        self._next_index, self._next_us = first + length, start_us + length_us
        return first


def sort_items(
    items: Iterable[Item],
    scalars: dict[int, ScalarItem],
    arrays: dict[int, ArrayItem],
    *,
    rows: RowCollector,
    receive_us: int,
) -> Iterator[SampleBlock]:
    """Put scalars into ``rows`` and yield the blocks of the arrays; unknown handles are ignored."""
    for item in items:
        scalar = scalars.get(item.ClientHandle)
        if scalar is not None:
            rows.add(scalar, item.Value, receive_us=receive_us)
            continue
        array = arrays.get(item.ClientHandle)
        if array is None:
            continue
        made = array.block(item.Value, receive_us=receive_us)
        if isinstance(made, SampleBlock):
            yield made
        elif made is not None:
            rows.add_row(array.key, math.nan, quality=made, source_us=receive_us, receive_us=receive_us)
