"""The latest reading of every tag, in shared memory: fixed records by slot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.shared_memory.mapped import HEADER_BYTES, READ_ATTEMPTS, Mapped
from acquisition.shared_memory.segments import Segment
from domain.plant.quality import BAD_NOT_CONFIGURED
from domain.plant.readings import ReadingBatch

_VALUE = np.dtype(
    [
        ("seq", "<u8"),
        ("value", "<f8"),
        ("source_us", "<i8"),
        ("receive_us", "<i8"),
        ("sequence", "<i8"),
        ("quality", "<u2"),
        ("_spare", "<u2"),
        ("raw_status", "<u4"),
        ("tag_key", "<i4"),
        ("_spare2", "<i4"),
        ("_spare3", "<i8"),
    ]
)


class ValueTable(Mapped):
    """Latest reading of every tag: fixed records by slot."""

    MAGIC = b"JDKVALUE"
    PART = "values"

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        count = int(self.header["count"][0])
        self._records = np.frombuffer(segment.memory, dtype=_VALUE, count=count, offset=HEADER_BYTES)
        keys = self._records["tag_key"]
        self._slot_of = np.full(int(keys.max(initial=0)) + 1, -1, dtype=np.int32)
        self._slot_of[keys] = np.arange(count, dtype=np.int32)

    @classmethod
    def create(
        cls, folder: Path, tag_keys: Sequence[int], *, epoch: int, config_hash: bytes = b""
    ) -> "ValueTable":
        """Create the table for these tags; every value starts as NaN, bad, not configured."""
        size = max(1, len(tag_keys)) * _VALUE.itemsize
        segment = cls.allocate(folder, size, count=len(tag_keys), epoch=epoch, config_hash=config_hash)
        records = np.frombuffer(segment.memory, dtype=_VALUE, count=len(tag_keys), offset=HEADER_BYTES)
        records["tag_key"], records["value"], records["quality"] = tag_keys, np.nan, BAD_NOT_CONFIGURED
        return cls(segment)

    @classmethod
    def open(cls, folder: Path) -> "ValueTable":
        """Attach as a reader; SegmentMissing when no collector has made it."""
        return cls(cls.attach(folder))

    def slots(self, tag_keys: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the slot of each tag, -1 for a tag that the table does not hold."""
        known = (tag_keys >= 0) & (tag_keys < len(self._slot_of))
        return np.where(known, self._slot_of[np.where(known, tag_keys, 0)], np.int32(-1))

    def write(self, batch: ReadingBatch) -> None:
        """Write a batch; of several rows of one tag the last one stays. Unknown tags are passed over."""
        slots = self.slots(batch.tag_key)
        if (slots < 0).any():
            known = slots >= 0
            batch, slots = batch.select(known), slots[known]
        records = self._records
        sequence = records["seq"][slots] | np.uint64(1)
        records["seq"][slots] = sequence
        records["value"][slots] = batch.value
        records["source_us"][slots] = batch.source_us
        records["receive_us"][slots] = batch.receive_us
        records["sequence"][slots] = batch.sequence
        records["quality"][slots] = batch.quality
        records["raw_status"][slots] = 0 if batch.raw_status is None else batch.raw_status
        records["seq"][slots] = sequence + np.uint64(1)

    def read(self, tag_keys: NDArray[np.int32]) -> ReadingBatch:
        """Return a consistent copy of the latest readings, one row per tag asked for, in that order."""
        slots = self.slots(tag_keys)
        rows = self._copy(np.maximum(slots, 0)) if len(self._records) else np.zeros(len(slots), dtype=_VALUE)
        missing = slots < 0
        rows["value"][missing] = np.nan
        rows["quality"][missing] = BAD_NOT_CONFIGURED
        return ReadingBatch(
            tag_keys.astype(np.int32),
            rows["value"].copy(),
            rows["quality"].copy(),
            rows["source_us"].copy(),
            rows["receive_us"].copy(),
            rows["sequence"].copy(),
            rows["raw_status"].copy(),
        )

    def _copy(self, slots: NDArray[np.int32]) -> NDArray[Any]:
        rows = self._records[slots]
        for _ in range(READ_ATTEMPTS):
            torn = (rows["seq"] & np.uint64(1)).astype(bool) | (self._records["seq"][slots] != rows["seq"])
            if not torn.any():
                break
            rows[torn] = self._records[slots[torn]]
        return rows

    def _drop_views(self) -> None:
        self._records = np.empty(0, dtype=_VALUE)
