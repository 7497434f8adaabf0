"""The only handover point between drivers and everybody else: rings outside, listeners inside the process."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.quality import CLASS_MASK, QualityFlag
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock, reading_batch
from domain.ports import TextNumbers

BatchListener = Callable[[ReadingBatch], None]


class TagHub:
    """Takes batches and blocks, writes them to shared memory and tells its listeners, in this order.

    Listeners run in the caller's thread and must not block: they enqueue. Back-filled rows say what was: they
    reach the listeners of the past and neither shared memory nor rules about the present.
    """

    def __init__(
        self, values: ValueTable, waveforms: WaveformRing, *, texts: TextNumbers | None = None
    ) -> None:
        """``texts`` gives the numbers that stand for the words of text tags; without it they are lost."""
        self._values = values
        self._waveforms = waveforms
        self._texts = texts
        self._batch_listeners: list[BatchListener] = []
        self._past_listeners: list[BatchListener] = []
        self.losses = LossCounter()
        self.samples_received = 0

    def on_batch(self, listener: BatchListener) -> None:
        """Call the listener with every batch of present values from now on."""
        self._batch_listeners.append(listener)

    def on_past(self, listener: BatchListener) -> None:
        """Call the listener with every batch of back-filled values from now on."""
        self._past_listeners.append(listener)

    def restore(self, batch: ReadingBatch) -> None:
        """Show what was known before this program started; listeners are not told."""
        self._values.write(batch)

    def publish(self, item: ReadingBatch | SampleBlock) -> None:
        """Hand over one item; values of unknown tags are counted as lost."""
        if isinstance(item, SampleBlock):
            self._publish_block(item)
        elif len(item):
            self._publish_batch(item)

    def _publish_batch(self, batch: ReadingBatch) -> None:
        if batch.text is not None:
            batch = self._numbered(batch)
        unknown = int((self._values.slots(batch.tag_key) < 0).sum())
        if unknown:
            self.losses.add("unknown_tag", unknown)
        is_past = (batch.quality & QualityFlag.BACK_FILLED) != 0
        if is_past.any():
            past, batch = batch.select(is_past), batch.select(~is_past)
            for listener in self._past_listeners:
                listener(past)
        if not len(batch):
            return
        self._values.write(batch)
        for listener in self._batch_listeners:
            listener(batch)

    def _numbered(self, batch: ReadingBatch) -> ReadingBatch:
        """Return the batch with the numbers of its texts as values."""
        assert batch.text is not None
        value = batch.value.copy()
        for row in np.flatnonzero(batch.text != ""):
            if self._texts is None:
                self.losses.add("text_without_book")
            else:
                value[row] = self._texts.number_of(str(batch.text[row]))
        return replace(batch, value=value, text=None)

    def _publish_block(self, block: SampleBlock) -> None:
        if not self._waveforms.holds(block.tag_key):
            self.losses.add("unknown_tag", len(block.samples))
            return
        self.samples_received += len(block.samples)
        self._waveforms.write(block)
        self._values.write(_newest(block))

    def count_by_grade(self, tag_keys: np.ndarray[tuple[int], np.dtype[np.int32]]) -> tuple[int, int]:
        """Return how many of the tags are good and how many are not."""
        grades = self._values.read(tag_keys).quality & CLASS_MASK
        good = int((grades == 0).sum())
        return good, len(tag_keys) - good


def _newest(block: SampleBlock) -> ReadingBatch:
    """Return the row by which the waveform's tag carries quality and age of its newest block."""
    return reading_batch(
        [block.tag_key],
        [float(block.first_index)],
        quality=block.quality,
        source_us=block.start_us,
        receive_us=block.receive_us,
        sequence=block.first_index,
    )
