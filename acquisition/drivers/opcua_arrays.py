"""Sampled arrays of OPC UA: numbering their blocks, so that holes and repetitions show."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from acquisition.block_numbering import BlockNumbering
from acquisition.drivers.opcua_values import (
    OVERFLOW_BITS,
    DataValue,
    Item,
    RowCollector,
    ScalarItem,
    quality_of_status,
    source_time_us,
)
from domain.plant.quality import BAD_DECODE, GOOD, UNCERTAIN_CLOCK, QualityClass
from domain.plant.readings import LossCounter, SampleBlock
from domain.plant.tags import Tag


class ArrayItem:
    """A sampled array; the time stamp of a value is the time of its first sample."""

    def __init__(self, tag: Tag, *, losses: LossCounter) -> None:
        self.key = tag.key
        self._factor, self._offset = np.float32(tag.scaling.factor), np.float32(tag.scaling.offset)
        self._rate_hz = float(tag.sampling_rate_hz or 0.0)
        self._revision = tag.revision
        self._losses = losses
        is_streaming = tag.capture is None or tag.capture.is_streaming
        self._numbering = BlockNumbering(self._rate_hz, is_streaming=is_streaming, losses=losses)

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
        start_us, is_suspect = self._numbering.start(
            source_time_us(data), len(samples), receive_us=receive_us
        )
        first_index = self._numbering.place(start_us, len(samples))
        if first_index is None:
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
