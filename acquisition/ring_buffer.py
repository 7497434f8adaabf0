"""Mapped memory with one writer and many readers: value table, waveform rings, latest spectra.

Every record begins with a sequence word (aligned uint64): odd while it is written, even when it is whole.
Readers copy, then look at the word again; what changed meanwhile is copied once more. A restarted writer
makes new segments with a new epoch, and readers attach again.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.segments import Segment, SegmentMissing, create_segment, open_segment, segment_name
from domain.plant.quality import BAD_NOT_CONFIGURED
from domain.plant.readings import ReadingBatch, SampleBlock
from domain.plant.signals import Spectrum, SpectrumKind
from domain.ports import LiveSpectrum, WaveformWindow

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
_SLOT = np.dtype(
    [
        ("seq", "<u8"),
        ("tag_key", "<i4"),
        ("kind", "<i4"),
        ("start_us", "<i8"),
        ("resolution_hz", "<f8"),
        ("lines", "<i8"),
        ("quality", "<u2"),
        ("is_rms", "<u2"),
        ("_spare", "<u4"),
        ("unit", "S16"),
    ]
)
_KINDS = tuple(SpectrumKind)


def new_epoch() -> int:
    """Return a number that no earlier writer on this machine had."""
    return time.time_ns()


class _Mapped:
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
    def _allocate(cls, folder: Path, size: int, *, count: int, epoch: int, config_hash: bytes) -> Segment:
        segment = create_segment(segment_name(folder, cls.PART), HEADER_BYTES + size)
        header = np.frombuffer(segment.memory, dtype=_HEADER, count=1)
        header["layout"], header["count"], header["epoch"] = LAYOUT_VERSION, count, epoch
        header["config_hash"], header["capacity"] = config_hash, size
        header["magic"] = cls.MAGIC
        return segment

    @classmethod
    def _attach(cls, folder: Path, *, writable: bool = False) -> Segment:
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


class ValueTable(_Mapped):
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
        segment = cls._allocate(folder, size, count=len(tag_keys), epoch=epoch, config_hash=config_hash)
        records = np.frombuffer(segment.memory, dtype=_VALUE, count=len(tag_keys), offset=HEADER_BYTES)
        records["tag_key"], records["value"], records["quality"] = tag_keys, np.nan, BAD_NOT_CONFIGURED
        return cls(segment)

    @classmethod
    def open(cls, folder: Path) -> "ValueTable":
        """Attach as a reader; SegmentMissing when no collector has made it."""
        return cls(cls._attach(folder))

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


class WaveformRing(_Mapped):
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
        segment = cls._allocate(folder, size, count=len(channels), epoch=epoch, config_hash=config_hash)
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
        return cls(cls._attach(folder))

    @property
    def tag_keys(self) -> tuple[int, ...]:
        return tuple(self._channel_of)

    def holds(self, tag_key: int) -> bool:
        return tag_key in self._channel_of

    def write(self, block: SampleBlock) -> None:
        """Append a block; a jump of its index starts a new run and counts the samples that are missing."""
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

    def _read(self, tag_key: int, wish: Any, *, asked: int | None = None) -> WaveformWindow | None:
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


class SpectrumBoard(_Mapped):
    """The latest spectrum of each kind of every waveform tag."""

    MAGIC = b"JDKSPECT"
    PART = "spectra"

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        count = int(self.header["count"][0])
        self._slots = np.frombuffer(segment.memory, dtype=_SLOT, count=count, offset=HEADER_BYTES)
        self._lines = np.frombuffer(
            segment.memory, dtype=np.float32, offset=HEADER_BYTES + count * _SLOT.itemsize
        )
        self._lines = self._lines[: len(self._lines) if count else 0].reshape(max(count, 1), -1)
        self._slot_of = {
            (int(slot["tag_key"]), _KINDS[int(slot["kind"])]): index for index, slot in enumerate(self._slots)
        }

    @classmethod
    def create(
        cls, folder: Path, tag_keys: Sequence[int], *, max_lines: int, epoch: int, config_hash: bytes = b""
    ) -> "SpectrumBoard":
        """Create one slot per tag and kind, each for up to ``max_lines`` lines."""
        count = len(tag_keys) * len(_KINDS)
        size = count * (_SLOT.itemsize + 4 * max_lines)
        segment = cls._allocate(folder, max(size, 8), count=count, epoch=epoch, config_hash=config_hash)
        slots = np.frombuffer(segment.memory, dtype=_SLOT, count=count, offset=HEADER_BYTES)
        slots["tag_key"] = np.repeat(np.asarray(tag_keys, dtype=np.int32), len(_KINDS))
        slots["kind"] = np.tile(np.arange(len(_KINDS), dtype=np.int32), len(tag_keys))
        return cls(segment)

    @classmethod
    def open(cls, folder: Path, *, writable: bool = False) -> "SpectrumBoard":
        """Attach; the analysis process writes, windows read. SegmentMissing when nobody made it."""
        return cls(cls._attach(folder, writable=writable))

    def write(
        self, tag_key: int, kind: SpectrumKind, spectrum: Spectrum, *, start_us: int, quality: int
    ) -> None:
        """Publish a spectrum; lines beyond the slot's room are cut off at the top."""
        number = self._slot_of[tag_key, kind]
        slot, count = self._slots[number], min(len(spectrum.amplitude), self._lines.shape[1])
        sequence = int(slot["seq"]) | 1
        slot["seq"] = sequence
        self._lines[number, :count] = spectrum.amplitude[:count]
        slot["start_us"], slot["resolution_hz"], slot["lines"] = start_us, spectrum.resolution_hz, count
        slot["quality"], slot["is_rms"], slot["unit"] = quality, spectrum.is_rms, spectrum.unit.encode()
        slot["seq"] = sequence + 1

    def read(self, tag_key: int, kind: SpectrumKind) -> LiveSpectrum | None:
        """Return the latest spectrum of a kind, None before the first or for an unknown tag."""
        number = self._slot_of.get((tag_key, kind))
        if number is None:
            return None
        for _ in range(READ_ATTEMPTS):
            slot = self._slots[number].copy()
            sequence = int(slot["seq"])
            if sequence == 0:
                return None
            amplitude = self._lines[number, : int(slot["lines"])].copy()
            if not sequence & 1 and int(self._slots[number]["seq"]) == sequence:
                unit, is_rms = slot["unit"].decode(), bool(slot["is_rms"])
                spectrum = Spectrum(amplitude, float(slot["resolution_hz"]), unit, is_rms)
                return LiveSpectrum(spectrum, int(slot["start_us"]), int(slot["quality"]), sequence // 2)
        return None

    def _drop_views(self) -> None:
        self._slots = np.empty(0, dtype=_SLOT)
        self._lines = np.empty((0, 0), dtype=np.float32)
