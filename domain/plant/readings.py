"""Values on their way from a driver to rings, rules and history: arrays, no Python object per sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.plant.quality import Quality


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of a batch, for rules and tests. Times are microseconds UTC."""

    tag_key: int
    value: float
    quality: Quality
    source_us: int
    receive_us: int
    sequence: int


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Values of many tags as parallel arrays of one length.

    ``raw_status`` is the OPC UA status code where it was not Good, else 0; None when the source has none.
    ``text`` holds the words of text tags ("" elsewhere) on their way from a driver; the hub turns them into
    numbers of the text book, so behind it ``value`` is the number and ``text`` is None.
    """

    tag_key: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.uint16]
    source_us: NDArray[np.int64]
    receive_us: NDArray[np.int64]
    sequence: NDArray[np.int64]
    raw_status: NDArray[np.uint32] | None = None
    text: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.tag_key)

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "ReadingBatch":
        """Return the rows of a mask or of indices."""
        return ReadingBatch(
            self.tag_key[chosen],
            self.value[chosen],
            self.quality[chosen],
            self.source_us[chosen],
            self.receive_us[chosen],
            self.sequence[chosen],
            None if self.raw_status is None else self.raw_status[chosen],
            None if self.text is None else self.text[chosen],
        )

    def rows(self) -> Iterator[Reading]:
        """Yield the batch as readings; for rules on few values and for tests."""
        for index in range(len(self)):
            yield Reading(
                int(self.tag_key[index]),
                float(self.value[index]),
                Quality.from_code(int(self.quality[index])),
                int(self.source_us[index]),
                int(self.receive_us[index]),
                int(self.sequence[index]),
            )


def _column(content: Any, length: int, dtype: type[np.generic]) -> NDArray[Any]:
    array = np.asarray(content, dtype=dtype)
    return np.full(length, array) if array.ndim == 0 else array


def reading_batch(
    tag_key: Sequence[int] | NDArray[np.int32],
    value: Sequence[float] | NDArray[np.float64],
    *,
    quality: int | Sequence[int] | NDArray[np.uint16],
    source_us: int | Sequence[int] | NDArray[np.int64],
    receive_us: int | Sequence[int] | NDArray[np.int64],
    sequence: int | Sequence[int] | NDArray[np.int64] = 0,
    raw_status: NDArray[np.uint32] | None = None,
    text: NDArray[np.object_] | None = None,
) -> ReadingBatch:
    """Build a batch; scalars stand for every row. ValueError when lengths differ."""
    keys = np.asarray(tag_key, dtype=np.int32)
    batch = ReadingBatch(
        keys,
        _column(value, keys.size, np.float64),
        _column(quality, keys.size, np.uint16),
        _column(source_us, keys.size, np.int64),
        _column(receive_us, keys.size, np.int64),
        _column(sequence, keys.size, np.int64),
        raw_status,
        text,
    )
    columns = (batch.value, batch.quality, batch.source_us, batch.receive_us, batch.sequence)
    if any(len(each) != len(keys) for each in columns):
        raise ValueError("columns of a reading batch differ in length")
    return batch


def joined_batches(batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """Return the rows of all batches, in order; at least one batch."""
    if len(batches) == 1:
        return batches[0]
    has_status = any(batch.raw_status is not None for batch in batches)
    has_text = any(batch.text is not None for batch in batches)
    return ReadingBatch(
        np.concatenate([batch.tag_key for batch in batches]),
        np.concatenate([batch.value for batch in batches]),
        np.concatenate([batch.quality for batch in batches]),
        np.concatenate([batch.source_us for batch in batches]),
        np.concatenate([batch.receive_us for batch in batches]),
        np.concatenate([batch.sequence for batch in batches]),
        np.concatenate([_filled(b.raw_status, len(b), np.uint32(0)) for b in batches])
        if has_status
        else None,
        np.concatenate([_filled(b.text, len(b), "") for b in batches]) if has_text else None,
    )


def _filled(column: NDArray[Any] | None, length: int, content: object) -> NDArray[Any]:
    if column is not None:
        return column
    return np.full(length, content, np.object_ if isinstance(content, str) else None)


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """A contiguous piece of one sampled channel, in the tag's engineering unit.

    ``first_index`` counts samples of the channel since the source's own zero; a hole between two blocks shows
    there and in ``start_us``. ``samples`` is (n,) float32.
    """

    tag_key: int
    samples: NDArray[np.float32]
    sampling_rate_hz: float
    start_us: int
    receive_us: int
    first_index: int
    quality: int
    revision: int = 1


@dataclass(slots=True)
class LossCounter:
    """Counts of what was lost, by cause. Any drop anywhere is counted here and shown.

    One thread counts, others may look at ``by_cause`` meanwhile: a new cause makes a new dictionary.
    """

    by_cause: dict[str, int] = field(default_factory=dict)

    def add(self, cause: str, count: int = 1) -> None:
        if cause in self.by_cause:
            self.by_cause[cause] += count
        else:
            self.by_cause = {**self.by_cause, cause: count}

    @property
    def total(self) -> int:
        return sum(self.by_cause.values())
