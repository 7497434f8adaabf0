"""Waveform rings in shared memory: one per sampled channel, samples addressed by their own growing index."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.shared_memory.mapped import HEADER_BYTES, READ_ATTEMPTS, Mapped
from acquisition.shared_memory.segments import Segment
from domain.plant.readings import SampleBlock
from domain.ports import WaveformWindow

_CHANNEL = np.dtype(
    [
        ("seq", "<u8"),
        ("tag_key", "<i4"),
        ("revision", "<i4"),
        ("rate_hz", "<f8"),
        ("write_index", "<i8"),
        ("run_index", "<i8"),
        ("block_index", "<i8"),
        ("block_start_us", "<i8"),
        ("lost", "<i8"),
        ("quality", "<u2"),
        ("_spare", "S6"),
        ("capacity", "<i8"),
        ("offset", "<i8"),
        ("_spare2", "S40"),
    ]
)


class WaveformRing(Mapped):
    """One ring per sampled channel of a group; samples are addressed by the channel's own growing index."""

    MAGIC = b"JDKWAVES"
    PART = "waveforms"

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        count = int(self.header["count"][0])
        memory = segment.memory
        self._channels = np.frombuffer(memory, dtype=_CHANNEL, count=count, offset=HEADER_BYTES)
        self._samples = np.frombuffer(
            memory, dtype=np.float32, offset=HEADER_BYTES + count * _CHANNEL.itemsize
        )
        self._channel_of = {int(key): index for index, key in enumerate(self._channels["tag_key"])}

    @classmethod
    def create(
        cls,
        folder: Path,
        channels: Sequence[tuple[int, float, int]],
        *,
        epoch: int,
        config_hash: bytes = b"",
    ) -> "WaveformRing":
        """Create rings for channels given as (tag key, sampling rate in Hz, capacity in samples)."""
        size = len(channels) * _CHANNEL.itemsize + 4 * sum(capacity for _, _, capacity in channels)
        segment = cls.allocate(folder, size, count=len(channels), epoch=epoch, config_hash=config_hash)
        table = np.frombuffer(segment.memory, dtype=_CHANNEL, count=len(channels), offset=HEADER_BYTES)
        offset = 0
        for row, (tag_key, rate_hz, capacity) in zip(table, channels, strict=True):
            row["tag_key"], row["rate_hz"], row["capacity"], row["offset"] = (
                tag_key,
                rate_hz,
                capacity,
                offset,
            )
            row["run_index"] = row["write_index"] = -1
            offset += capacity
        return cls(segment)

    @classmethod
    def open(cls, folder: Path) -> "WaveformRing":
        """Attach as a reader; SegmentMissing when no collector has made it."""
        return cls(cls.attach(folder))

    @property
    def tag_keys(self) -> tuple[int, ...]:
        return tuple(self._channel_of)

    def holds(self, tag_key: int) -> bool:
        return tag_key in self._channel_of

    def write(self, block: SampleBlock) -> None:
        """Append a block; a jump of its index starts a new run and counts the samples that are missing.

        Another rate starts a new run too: a window never mixes two [F64].
        """
        channel = self._channels[self._channel_of[block.tag_key]]
        capacity, count = int(channel["capacity"]), len(block.samples)
        samples, first = block.samples, block.first_index
        if count > capacity:
            samples, first, count = samples[-capacity:], first + count - capacity, capacity
        sequence = int(channel["seq"]) | 1
        channel["seq"] = sequence
        if block.first_index != channel["write_index"]:
            if channel["write_index"] >= 0:
                channel["lost"] += max(0, block.first_index - int(channel["write_index"]))
            channel["run_index"] = first
        elif block.sampling_rate_hz != channel["rate_hz"]:
            channel["run_index"] = first
        self._store(int(channel["offset"]), capacity, first, samples)
        channel["write_index"] = first + count
        channel["block_index"], channel["block_start_us"] = block.first_index, block.start_us
        channel["quality"], channel["revision"] = block.quality, block.revision
        channel["rate_hz"] = block.sampling_rate_hz
        channel["seq"] = sequence + 1

    def _store(self, offset: int, capacity: int, first: int, samples: NDArray[np.float32]) -> None:
        position = first % capacity
        head = min(len(samples), capacity - position)
        self._samples[offset + position : offset + position + head] = samples[:head]
        self._samples[offset : offset + len(samples) - head] = samples[head:]

    def write_index(self, tag_key: int) -> int:
        """Return the index after the newest sample, -1 before the first."""
        return int(self._channels[self._channel_of[tag_key]]["write_index"])

    def newest(self, tag_key: int, *, length: int) -> WaveformWindow | None:
        """Return the newest contiguous samples, at most ``length``; None before the first."""
        return self._read(tag_key, lambda write_index: write_index - length)

    def since(self, tag_key: int, *, index: int) -> WaveformWindow | None:
        """Return samples from ``index`` on and how many of them are gone; None when nothing is newer."""
        if self.write_index(tag_key) <= index:
            return None
        return self._read(tag_key, lambda _: index, asked=index)

    def _read(
        self, tag_key: int, wish: Callable[[int], int], *, asked: int | None = None
    ) -> WaveformWindow | None:
        number = self._channel_of[tag_key]
        for _ in range(READ_ATTEMPTS):
            before = self._channels[number].copy()
            if int(before["seq"]) & 1:
                continue
            end, capacity = int(before["write_index"]), int(before["capacity"])
            if end < 0:
                return None
            first = max(wish(end), int(before["run_index"]), end - capacity, 0)
            samples = self._copy(int(before["offset"]), capacity, first, end - first)
            if int(self._channels[number]["seq"]) == int(before["seq"]):
                return _window(before, samples, first, asked)
        return None

    def _copy(self, offset: int, capacity: int, first: int, count: int) -> NDArray[np.float32]:
        position = first % capacity
        head = min(count, capacity - position)
        samples = np.empty(count, dtype=np.float32)
        samples[:head] = self._samples[offset + position : offset + position + head]
        samples[head:] = self._samples[offset : offset + count - head]
        return samples

    def _drop_views(self) -> None:
        self._channels = np.empty(0, dtype=_CHANNEL)
        self._samples = np.empty(0, dtype=np.float32)


def _window(channel: Any, samples: NDArray[np.float32], first: int, asked: int | None) -> WaveformWindow:
    rate_hz = float(channel["rate_hz"])
    shift_us = round((first - int(channel["block_index"])) * 1e6 / rate_hz)
    return WaveformWindow(
        samples=samples,
        first_index=first,
        start_us=int(channel["block_start_us"]) + shift_us,
        sampling_rate_hz=rate_hz,
        quality=int(channel["quality"]),
        lost=0 if asked is None else first - asked,
    )
