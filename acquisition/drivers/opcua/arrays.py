"""Sampled arrays of OPC UA: numbering their blocks, so that holes and repetitions show."""

from collections.abc import Iterator, Mapping

import numpy as np

from acquisition.block_numbering import BlockNumbering
from acquisition.drivers.opcua.changes import Changes, Content, Samples
from acquisition.drivers.opcua.status_codes import OVERFLOW_BITS, quality_of_status
from acquisition.source_times import NO_TIME
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

    def block(
        self, content: Content | None, *, status: int, source_us: int, receive_us: int
    ) -> SampleBlock | int | None:
        """Return the block, the quality of a bad row instead, or None for a repeated one."""
        quality = quality_of_status(status)
        if quality & 0b11 == QualityClass.BAD:
            return quality
        samples = self._samples(content)
        if samples is None:
            return BAD_DECODE
        if status & OVERFLOW_BITS == OVERFLOW_BITS:
            self._losses.add("server_queue_overflow")
        told_us = None if source_us == NO_TIME else source_us
        start_us, is_suspect = self._numbering.start(told_us, len(samples), receive_us=receive_us)
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

    def _samples(self, content: Content | None) -> Samples | None:
        if not isinstance(content, np.ndarray) or not len(content) or not np.isfinite(content).all():
            return None
        if self._factor != 1.0 or self._offset != 0.0:
            return content * self._factor + self._offset
        return content


def blocks_of(
    changes: Changes, arrays: Mapping[int, ArrayItem], *, receive_us: int
) -> Iterator[tuple[int, SampleBlock | int]]:
    """Yield tag key and block, or the quality of a bad row, for each array; other handles are ignored."""
    if not arrays:
        return
    for row, handle in enumerate(changes.handle.tolist()):
        array = arrays.get(handle)
        if array is None:
            continue
        made = array.block(
            changes.content.get(row),
            status=int(changes.status[row]),
            source_us=int(changes.source_us[row]),
            receive_us=receive_us,
        )
        if made is not None:
            yield array.key, made
