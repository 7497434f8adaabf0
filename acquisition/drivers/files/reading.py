"""From one file to the values and waveforms that tags ask of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from glob import escape
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from acquisition.addresses import FilesAddress
from acquisition.recordings.reading import Column, Recording, SampledChannel, read_recording
from domain.errors import ConfigurationError, UnitError
from domain.instants import MICROSECONDS_PER_SECOND, to_microseconds
from domain.plant.discovery import FoundItem
from domain.plant.quality import GOOD
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import Waveform
from domain.plant.tags import Tag
from domain.units import convert

_AHEAD_US: Final = 60 * MICROSECONDS_PER_SECOND
_NAME_TIME: Final = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_ -]?(\d\d)[-:h]?(\d\d)[-:m]?(\d\d)")
_NAME_DATE: Final = re.compile(r"20\d\d([-_.]?)[01]\d\1[0-3]\d|[0-3]\d([-_.])[01]\d\2(?:20)?\d\d")
_RUNNING: Final = re.compile(r"\d{5,}|(?:(?<=[-_ (#])|^)\d{3,}(?=\)?\.)")
"""A long number anywhere, or three digits and more at the end: "P201" is a pump, "_0007" is the seventh."""
_EVEN: Final = 0.01
_MIX: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""The golden ratio, odd: its product spreads every bit of a number into the upper ones."""

_FEWEST_SAMPLES: Final = 8
_FAST_HZ: Final = 100.0
"""What comes so often is a waveform; slower columns are single values unless a person says otherwise."""


@dataclass(frozen=True, slots=True)
class FileValues:
    """What a file says: rows in order of time, waveforms, and the tags whose channel it does not hold.

    ``named_us`` is when it began where only its name says so.
    """

    readings: ReadingBatch
    waveforms: tuple[Waveform, ...]
    missing: tuple[Tag, ...]
    named_us: int | None


def read_values(
    path: Path, tags: Sequence[Tag], *, zone: tzinfo, now_us: int, modified_us: int
) -> FileValues:
    """Read a file for the tags whose pattern fits its name; ConfigurationError says what is wrong with it.

    Its begin is told by the file, else by a date in its name, else by when it was modified. The sequence of a
    row comes from what it says, so that a file read again is the same rows, also when it has grown.
    """
    wanted = [(tag, address.channel) for tag, address in _addressed(tags) if address.fits(path.name)]
    recording = read_recording(path, zone=zone)
    begin_us, named_us = recording.start_us, None
    if begin_us is None:
        if any(channel in recording.columns and not tag.is_waveform for tag, channel in wanted):
            raise _wrong(path, "its time column holds no dates")
        begin_us = named_us = time_in_name(path.name, zone)
    content = _Content(path, recording, modified_us if begin_us is None else begin_us)
    for tag, channel in wanted:
        content.add(tag, channel)
    if not content.is_wanted:
        offered = ", ".join(recording.names[:10])
        raise _wrong(path, f"no tag asks for any of its channels ({offered})")
    if content.newest_us > now_us + _AHEAD_US:
        raise _wrong(path, "its times lie in the future; look at the clock of the instrument and the zone")
    return content.values(now_us, named_us=named_us)


def channels_of(path: Path, *, zone: tzinfo) -> list[FoundItem]:
    """Return what a file offers, addressed for all files that differ in time or running number only.

    A column of many rows a second is offered as the waveform that it is.
    """
    recording = read_recording(path, zone=zone)
    pattern = pattern_of(path.name)
    found = []
    for name in recording.names:
        sampled, column = recording.sampled.get(name), recording.columns.get(name)
        rate_hz = sampled.sampling_rate_hz if sampled else None if column is None else _rate_hz(column)
        is_wave = sampled is not None or (rate_hz or 0.0) >= _FAST_HZ
        has_value = column is not None and len(column.value) and not is_wave
        found.append(
            FoundItem(
                f"{path.name}#{name}",
                name,
                has_children=False,
                address=FilesAddress(name, pattern).to_plain(),
                dtype="waveform" if is_wave else "table",
                unit=sampled.unit if sampled else "",
                value=str(column.value[-1]) if column is not None and has_value else "",
                is_array=is_wave,
                sampling_rate_hz=None if rate_hz is None else float(f"{rate_hz:.5g}"),
            )
        )
    return found


def pattern_of(name: str) -> str:
    """Return which files bring the same again: "*" stands for date, time and running number of this one."""
    pattern = escape(name)
    for changing in (_NAME_TIME, _NAME_DATE, _RUNNING):
        pattern = changing.sub("*", pattern)
    return re.sub(r"\*(?:[-_ T]?\*)+", "*", pattern)


def time_in_name(name: str, zone: tzinfo) -> int | None:
    """Return the time of "20260131_142500" or the like in a file name, None without one."""
    found = _NAME_TIME.search(name)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        return to_microseconds(datetime(year, month, day, hour, minute, second, tzinfo=zone))
    except ValueError:
        return None


def _addressed(tags: Sequence[Tag]) -> list[tuple[Tag, FilesAddress]]:
    """Return the tags with their addresses; a wrong address is the set-up's fault, never the file's."""
    found = []
    for tag in tags:
        try:
            found.append((tag, FilesAddress.from_plain(tag.address, tag_name=tag.name)))
        except ConfigurationError:
            continue
    return found


class _Content:
    """Rows and waveforms under construction."""

    def __init__(self, path: Path, recording: Recording, begin_us: int) -> None:
        self._path = path
        self._recording = recording
        self._begin_us = begin_us
        self._keys: list[NDArray[np.int32]] = []
        self._times: list[NDArray[np.int64]] = []
        self._numbers: list[NDArray[np.float64]] = []
        self._waveforms: list[Waveform] = []
        self._missing: list[Tag] = []

    @property
    def is_wanted(self) -> bool:
        return bool(self._keys)

    @property
    def newest_us(self) -> int:
        return max((int(times.max()) for times in self._times if len(times)), default=0)

    def add(self, tag: Tag, channel: str) -> None:
        """Take what the file holds for one tag."""
        column, sampled = self._recording.columns.get(channel), self._recording.sampled.get(channel)
        if tag.is_waveform and sampled is not None:
            self._add_pieces(tag, sampled)
        elif tag.is_waveform and column is not None and len(column.value) >= _FEWEST_SAMPLES:
            self._add_pieces(tag, _even(self._path, channel, column))
        elif not tag.is_waveform and column is not None:
            values = column.value * tag.scaling.factor + tag.scaling.offset
            self._add_rows(tag, column.time_us + self._begin_us, values)
        else:
            self._missing.append(tag)

    def values(self, receive_us: int, *, named_us: int | None) -> FileValues:
        """Return everything in order of time."""
        times = np.concatenate(self._times)
        order = np.argsort(times, kind="stable")
        keys, times, numbers = np.concatenate(self._keys)[order], times[order], np.concatenate(self._numbers)
        batch = reading_batch(
            keys,
            numbers[order],
            quality=GOOD,
            source_us=times,
            receive_us=np.maximum(receive_us, times),
            sequence=_sequences(keys, times, numbers[order]),
        )
        return FileValues(batch, tuple(self._waveforms), tuple(self._missing), named_us)

    def _add_rows(self, tag: Tag, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        self._keys.append(np.full(len(times), tag.key, dtype=np.int32))
        self._times.append(times)
        self._numbers.append(values)

    def _add_pieces(self, tag: Tag, channel: SampledChannel) -> None:
        """Take each piece as a waveform, and a row by which its tag carries quality and age."""
        starts = channel.start_us + self._begin_us
        for piece, start_us in enumerate(starts.tolist()):
            samples = channel.samples(piece)
            if not np.isfinite(samples).all():
                raise _wrong(self._path, f"channel of tag '{tag.name}' holds values that are no numbers")
            self._waveforms.append(
                Waveform(
                    tag.key,
                    _scaled(self._path, tag, channel.unit, samples),
                    channel.sampling_rate_hz,
                    start_us,
                    tag.unit,
                    GOOD,
                    tag.revision,
                )
            )
        self._add_rows(tag, starts, channel.first_index.astype(np.float64))


def _sequences(
    keys: NDArray[np.int32], times: NDArray[np.int64], numbers: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return what tells rows of one tag and time apart: how many came before, and a mark of the value.

    Sixteen bits are two bytes a row in history. A line that was cut when it was read first is another row.
    """
    order = np.lexsort((times, keys))
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (np.diff(keys[order]) != 0) | (np.diff(times[order]) != 0)
    rank = np.arange(len(order))
    before = np.empty(len(order), np.int64)
    before[order] = rank - np.maximum.accumulate(np.where(is_first, rank, 0))
    mark = (numbers.view(np.uint64) * _MIX) >> np.uint64(48)
    return before << 16 | mark.astype(np.int64)


def _scaled(path: Path, tag: Tag, told_unit: str, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return samples in the tag's unit: by the file's own unit where it tells one, else by the scaling."""
    try:
        if told_unit:
            return (samples * convert(1.0, source=told_unit, target=tag.unit)).astype(np.float32)
    except UnitError as alien:
        raise _wrong(path, f"tag '{tag.name}': {alien}") from alien
    return (samples * tag.scaling.factor + tag.scaling.offset).astype(np.float32)


def _even(path: Path, name: str, column: Column) -> SampledChannel:
    """Return a column of evenly spaced values as a channel."""
    rate_hz = _rate_hz(column)
    if rate_hz is None:
        raise _wrong(path, f"column '{name}' is not evenly spaced and makes no waveform")
    zero = np.zeros(1, dtype=np.int64)
    return SampledChannel(column.value.reshape(1, -1), 1.0, rate_hz, zero + column.time_us[0], zero)


def _rate_hz(column: Column) -> float | None:
    """Return at which rate a column was sampled, None for one that is too short or not evenly spaced."""
    if len(column.time_us) < _FEWEST_SAMPLES:
        return None
    steps_us = np.diff(column.time_us)
    step_us = float(np.mean(steps_us))
    if step_us <= 0 or np.abs(steps_us - step_us).max() > max(_EVEN * step_us, 1.0):
        return None
    return MICROSECONDS_PER_SECOND / step_us


def _wrong(path: Path, complaint: str) -> ConfigurationError:
    return ConfigurationError(
        f"file {path.name}: {complaint}", key="recording_wrong", file=path.name, complaint=complaint
    )
