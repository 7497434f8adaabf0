"""Mapped memory with one writer and many readers: what all our segments have in common.

Every record begins with a sequence word (aligned uint64): odd while it is written, even when it is whole.
Readers copy, then look at the word again; what changed meanwhile is copied once more. A restarted writer
makes new segments with a new epoch, and readers attach again.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.shared_memory.segments import (
    Segment,
    SegmentMissing,
    create_segment,
    open_segment,
    segment_name,
)

LAYOUT_VERSION = 1
HEADER_BYTES = 4096
READ_ATTEMPTS = 8

_HEADER = np.dtype(
    [
        ("magic", "S8"),
        ("layout", "<u4"),
        ("count", "<u4"),
        ("epoch", "<u8"),
        ("config_hash", "S32"),
        ("capacity", "<u8"),
        ("writer_beat_ns", "<i8"),
    ]
)


def new_epoch() -> int:
    """Return a number that no earlier writer on this machine had."""
    return time.time_ns()


class Mapped:
    """A segment with the common header."""

    MAGIC = b""
    PART = ""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self.header: NDArray[Any] = np.frombuffer(segment.memory, dtype=_HEADER, count=1)
        found = self.header["magic"][0], int(self.header["layout"][0])
        if found != (self.MAGIC, LAYOUT_VERSION):
            raise SegmentMissing(f"{segment.name} has another layout: {found}")

    @classmethod
    def allocate(cls, folder: Path, size: int, *, count: int, epoch: int, config_hash: bytes) -> Segment:
        segment = create_segment(segment_name(folder, cls.PART), HEADER_BYTES + size)
        header = np.frombuffer(segment.memory, dtype=_HEADER, count=1)
        header["layout"], header["count"], header["epoch"] = LAYOUT_VERSION, count, epoch
        header["config_hash"], header["capacity"] = config_hash, size
        header["magic"] = cls.MAGIC
        return segment

    @classmethod
    def attach(cls, folder: Path, *, writable: bool = False) -> Segment:
        """Map the writer's segment; its size is found in its header, because Windows does not tell it."""
        name = segment_name(folder, cls.PART)
        probe = open_segment(name, size=HEADER_BYTES)
        header = np.frombuffer(probe.memory[:HEADER_BYTES], dtype=_HEADER, count=1)
        probe.close()
        return open_segment(name, size=HEADER_BYTES + int(header["capacity"][0]), writable=writable)

    @property
    def epoch(self) -> int:
        return int(self.header["epoch"][0])

    def beat(self) -> None:
        """Write the heartbeat; the writer does so even when no value changes."""
        self.header["writer_beat_ns"][0] = time.monotonic_ns()

    @property
    def writer_age_s(self) -> float:
        """Seconds since the writer's heartbeat; infinity before the first."""
        beat = int(self.header["writer_beat_ns"][0])
        return (time.monotonic_ns() - beat) / 1e9 if beat else float("inf")

    def close(self) -> None:
        self.header = np.empty(0, dtype=_HEADER)
        self._drop_views()
        self._segment.close()

    def _drop_views(self) -> None:
        raise AssertionError("subclasses drop their views")
