"""Replaying a recording as if it came from a device. The clock is the recording's, never the wall's."""

import asyncio
import heapq
import logging
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from acquisition.addresses import ReplayAddress
from acquisition.drivers.options import Options
from acquisition.recordings.reading import Column, Recording, SampledChannel, read_recording
from domain.errors import ConfigurationError, ConnectionLost, NotPermitted
from domain.instants import MICROSECONDS_PER_SECOND, Clock
from domain.plant.quality import BAD_NOT_CONFIGURED, GOOD, QualityFlag
from domain.plant.readings import LossCounter, ReadingBatch, SampleBlock, reading_batch
from domain.plant.tags import Connection, Tag

_log = logging.getLogger(__name__)

DEFAULT_START_US: Final = 946_684_800 * MICROSECONDS_PER_SECOND
"""2000-01-01T00:00Z, for recordings that do not say when they began."""
_REPLAYED: Final = GOOD | int(QualityFlag.REPLAYED)
_BAD_ADDRESS: Final = BAD_NOT_CONFIGURED | int(QualityFlag.REPLAYED)

Event = tuple[int, int, ReadingBatch | SampleBlock]
"""Due time in microseconds since the begin, a number that settles ties, the item."""


@dataclass(frozen=True, slots=True)
class _TableTag:
    tag: Tag
    column: Column


class ReplayDriver:
    """Plays a recording once, every sample exactly once, with the recording's own gaps.

    Options: ``path`` of the file, ``pace`` 1 (speed of playback, 0 as fast as it is taken), ``start_us``
    (begin of the recording as wall time, default its own), ``block_s`` 0.1.
    """

    def __init__(self, connection: Connection, *, clock: Clock) -> None:
        options = Options(connection)
        self._path = Path(options.text("path"))
        self._pace = options.number("pace", default=1.0, low=0.0, high=1e6)
        self._start_us = options.integer("start_us", default=-1, low=-1, high=2**62)
        self._block_s = options.number("block_s", default=0.1, low=0.001, high=60.0)
        self._clock = clock
        self._recording: Recording | None = None
        self._position_us = 0
        self._closing = asyncio.Event()
        self.losses = LossCounter()

    async def connect(self) -> None:
        """Read the file; ConfigurationError says what is wrong with it."""
        self._recording = await asyncio.to_thread(read_recording, self._path)
        if self._start_us < 0:
            own = self._recording.start_us
            self._start_us = DEFAULT_START_US if own is None else own

    async def read(self, tags: Sequence[Tag]) -> ReadingBatch:
        """Return the column values at the present position; sampled channels have no single value."""
        values, qualities = [], []
        for tag in tags:
            column = self._loaded().columns.get(_channel(tag))
            place = 0 if column is None else int(np.searchsorted(column.time_us, self._position_us, "right"))
            is_there = column is not None and len(column.value) > 0
            raw = column.value[max(0, place - 1)] if column is not None and is_there else math.nan
            values.append(raw * tag.scaling.factor + tag.scaling.offset)
            qualities.append(_REPLAYED if is_there else _BAD_ADDRESS)
        now_us = self._start_us + self._position_us
        return reading_batch(
            [tag.key for tag in tags], values, quality=qualities, source_us=now_us, receive_us=now_us
        )

    async def subscribe(self, tags: Sequence[Tag]) -> AsyncIterator[ReadingBatch | SampleBlock]:
        """Deliver blocks and rows in order of time and end after the last one."""
        recording = self._loaded()
        begin_s = self._clock.monotonic_s()
        for due_us, _, item in self._events(recording, tags):
            await self._wait_until(begin_s, due_us)
            if self._closing.is_set():
                return
            self._position_us = due_us
            yield item

    async def write(self, tag: Tag, value: bool | int | float | str) -> None:
        """Refuse: the past is not written."""
        raise NotPermitted(f"tag '{tag.name}': a recording cannot be written", tag=tag.name)

    async def close(self) -> None:
        """End a running ``subscribe``."""
        self._closing.set()

    def _loaded(self) -> Recording:
        if self._recording is None:
            raise ConnectionLost(
                f"recording {self._path.name} is not open",
                key="device_not_connected",
                device=self._path.name,
            )
        return self._recording

    async def _wait_until(self, begin_s: float, due_us: int) -> None:
        delay_s = 0.0
        if self._pace > 0:
            due_s = due_us / MICROSECONDS_PER_SECOND / self._pace
            delay_s = begin_s + due_s - self._clock.monotonic_s()
        if delay_s <= 0:
            await asyncio.sleep(0)  # others in the loop have their turn at any pace
            return
        try:
            async with asyncio.timeout(delay_s):
                await self._closing.wait()
        except TimeoutError:
            return

    def _events(self, recording: Recording, tags: Sequence[Tag]) -> Iterator[Event]:
        sources: list[Iterator[Event]] = []
        table: list[_TableTag] = []
        missing: list[Tag] = []
        for number, tag in enumerate(tags, start=2):
            channel = _channel(tag)
            if channel in recording.sampled:
                sources.append(self._blocks(recording.sampled[channel], tag, number))
            elif channel in recording.columns:
                table.append(_TableTag(tag, recording.columns[channel]))
            else:
                known = ", ".join(recording.names)
                _log.warning(
                    "tag '%s': %s has no channel '%s', only %s", tag.name, self._path.name, channel, known
                )
                missing.append(tag)
        sources.append(self._rows(table))
        if missing:
            sources.append(iter([(0, 0, self._not_there(missing))]))
        return heapq.merge(*sources, key=lambda event: event[:2])

    def _blocks(self, channel: SampledChannel, tag: Tag, number: int) -> Iterator[Event]:
        """Yield the channel in blocks; a block is due when its last sample has been taken."""
        step = max(1, round(self._block_s * channel.sampling_rate_hz))
        factor, offset = np.float32(tag.scaling.factor), np.float32(tag.scaling.offset)
        per_sample_us = MICROSECONDS_PER_SECOND / channel.sampling_rate_hz
        for piece in range(len(channel.raw)):
            for first in range(0, channel.raw.shape[1], step):
                samples = channel.samples(piece, first, first + step) * factor + offset
                start_us = int(channel.start_us[piece]) + round(first * per_sample_us)
                due_us = start_us + round(len(samples) * per_sample_us)
                yield (
                    due_us,
                    number,
                    SampleBlock(
                        tag_key=tag.key,
                        samples=samples,
                        sampling_rate_hz=channel.sampling_rate_hz,
                        start_us=self._start_us + start_us,
                        receive_us=self._start_us + due_us,
                        first_index=int(channel.first_index[piece]) + first,
                        quality=_REPLAYED,
                        revision=tag.revision,
                    ),
                )

    def _rows(self, table: Sequence[_TableTag]) -> Iterator[Event]:
        """Yield one batch per instant of the table, with the rows that have a value then."""
        if not table:
            return
        keys = np.concatenate([np.full(len(row.column.value), row.tag.key) for row in table])
        times = np.concatenate([row.column.time_us for row in table])
        values = np.concatenate(
            [row.column.value * row.tag.scaling.factor + row.tag.scaling.offset for row in table]
        )
        order = np.argsort(times, kind="stable")
        edges = np.flatnonzero(np.diff(times[order])) + 1
        for rows in np.split(order, edges):
            if len(rows) == 0:
                continue
            instant_us = int(times[rows[0]])
            moment_us = self._start_us + instant_us
            yield (
                instant_us,
                1,
                reading_batch(
                    keys[rows], values[rows], quality=_REPLAYED, source_us=moment_us, receive_us=moment_us
                ),
            )

    def _not_there(self, missing: Sequence[Tag]) -> ReadingBatch:
        return reading_batch(
            [tag.key for tag in missing],
            [math.nan] * len(missing),
            quality=_BAD_ADDRESS,
            source_us=self._start_us,
            receive_us=self._start_us,
        )


def _channel(tag: Tag) -> str:
    try:
        return ReplayAddress.from_plain(tag.address, tag_name=tag.name).channel
    except ConfigurationError as problem:
        _log.warning("%s", problem)
        return ""
