"""Recordings from files: NPZ of sampled channels, snapshots of a bearing life, CSV tables, WAV, UFF 58.

Times are microseconds since the recording's begin. A complaint names file, row and column. Nothing is
executed: NPZ files load without pickle.
"""

import csv
import gzip
import struct
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from acquisition.recordings.uff import UffRecord, read_uff
from acquisition.recordings.wav import read_wav
from domain.errors import ConfigurationError
from domain.instants import MICROSECONDS_PER_SECOND, to_microseconds

_BROKEN: Final = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the libraries below raise for bytes that are no such file."""

_MOST_ROWS: Final = 20_000_000
_SNAPSHOT_INTERVAL_S: Final = 10
_SNAPSHOT_CHANNELS: Final = ("horizontal", "vertical")
_TEMPERATURE_INTERVAL_S: Final = 60


@dataclass(frozen=True)
class SampledChannel:
    """One channel as contiguous pieces of equal length.

    ``raw`` is (pieces, n); ``raw * scale`` is the recorded unit. Piece p began ``start_us[p]`` after the
    begin of the recording with sample number ``first_index[p]``; holes show in both. ``unit`` is our code of
    the recorded unit, "" where the file does not tell.
    """

    raw: NDArray[Any]
    scale: float
    sampling_rate_hz: float
    start_us: NDArray[np.int64]
    first_index: NDArray[np.int64]
    unit: str = ""

    @property
    def length(self) -> int:
        return int(self.raw.size)

    def samples(self, piece: int, first: int = 0, last: int | None = None) -> NDArray[np.float32]:
        """Return samples ``first`` to ``last`` (excluded) of a piece, (n,) float32 in the recorded unit."""
        return (self.raw[piece, first:last] * self.scale).astype(np.float32)


@dataclass(frozen=True)
class Column:
    """Single values in time order: (n,) microseconds since the begin and (n,) float64; gaps are left out."""

    time_us: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """What a file holds. ``start_us`` is its begin as wall time where the file says so."""

    path: Path
    sampled: Mapping[str, SampledChannel] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    start_us: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all channels and columns."""
        return (*self.sampled, *self.columns)


def read_recording(path: Path, *, zone: tzinfo = UTC) -> Recording:
    """Read a .npz, .csv, .csv.gz, .wav, .uff or .unv file; ConfigurationError says what is wrong.

    ``zone`` is that of dates which do not tell theirs.
    """
    name = path.name.lower()
    readers: dict[str, Callable[[Path], Recording]] = {
        ".npz": _read_npz,
        ".csv": partial(_read_csv, zone=zone),
        ".csv.gz": partial(_read_csv, zone=zone),
        ".wav": _read_wav,
        ".uff": partial(_read_uff, zone=zone),
        ".unv": partial(_read_uff, zone=zone),
    }
    for ending, reader in readers.items():
        if name.endswith(ending):
            try:
                return reader(path)
            except _BROKEN as unreadable:
                raise _wrong(path, f"cannot be read ({unreadable})") from unreadable
    raise _wrong(path, f"is of an unknown kind; known are {', '.join(readers)}")


def _wrong(path: Path, complaint: str) -> ConfigurationError:
    return ConfigurationError(
        f"recording {path.name}: {complaint}", key="recording_wrong", file=path.name, complaint=complaint
    )


def _whole(samples: NDArray[Any], scale: float, rate_hz: float) -> SampledChannel:
    zero = np.zeros(1, dtype=np.int64)
    return SampledChannel(samples.reshape(1, -1), scale, rate_hz, zero, zero)


# --- NPZ ---


def _read_npz(path: Path) -> Recording:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
    except ValueError as unreadable:
        raise _wrong(path, f"holds objects or is damaged ({unreadable})") from unreadable
    rate_hz = _sampling_rate(path, content)
    if "acc" in content and content["acc"].ndim == 3:
        return _snapshots(path, content, rate_hz)
    channels = {
        name: _whole(samples, float(content.get(f"{name}_scale", 1.0)), rate_hz)
        for name, samples in content.items()
        if samples.ndim == 1 and samples.size and samples.dtype.kind in "iuf"
    }
    if not channels:
        raise _wrong(path, "holds no one-dimensional numeric array")
    return Recording(path, channels)


def _sampling_rate(path: Path, content: Mapping[str, NDArray[Any]]) -> float:
    rate = content.get("fs")
    if rate is None or rate.size != 1 or not float(rate.reshape(-1)[0]) > 0:
        raise _wrong(path, "field 'fs' (sampling rate in hertz) is missing or not above 0")
    return float(rate.reshape(-1)[0])


def _snapshots(path: Path, content: Mapping[str, NDArray[Any]], rate_hz: float) -> Recording:
    """Snapshots of a run to failure: number k (from 1) began 10 (k - 1) s after the run did."""
    acc, scale, index = content["acc"], content.get("scale"), content.get("index")
    if scale is None or index is None or len(index) != len(acc) or len(scale) != acc.shape[2]:
        raise _wrong(path, "fields 'scale' (per channel) and 'index' (per snapshot) do not fit 'acc'")
    elapsed_s = (index.astype(np.int64) - 1) * _SNAPSHOT_INTERVAL_S
    first_index = np.rint(elapsed_s * rate_hz).astype(np.int64)
    sampled = {
        name: SampledChannel(
            acc[:, :, number],
            float(scale[number]),
            rate_hz,
            elapsed_s * MICROSECONDS_PER_SECOND,
            first_index,
        )
        for number, name in enumerate(_SNAPSHOT_CHANNELS[: acc.shape[2]])
    }
    columns: dict[str, Column] = {}
    for figure in ("rms", "kurtosis", "peak"):
        for number, name in enumerate(sampled):
            if figure in content:
                values = content[figure][:, number]
                columns[f"{figure}_{name}"] = _regular(values, interval_s=_SNAPSHOT_INTERVAL_S)
    if content.get("temp_1min", np.empty(0)).size:
        columns["temperature"] = _regular(content["temp_1min"], interval_s=_TEMPERATURE_INTERVAL_S)
    return Recording(path, sampled, columns)


def _regular(values: NDArray[Any], *, interval_s: int) -> Column:
    time_us = np.arange(len(values), dtype=np.int64) * (interval_s * MICROSECONDS_PER_SECOND)
    return _without_gaps(time_us, values.astype(np.float64))


def _without_gaps(time_us: NDArray[np.int64], value: NDArray[np.float64]) -> Column:
    is_there = np.isfinite(value)
    return Column(time_us[is_there], value[is_there])


# --- WAV ---


def _read_wav(path: Path) -> Recording:
    sound = read_wav(path)
    channels = {
        str(number + 1): _whole(sound.samples[:, number], 1.0, sound.sampling_rate_hz)
        for number in range(sound.samples.shape[1])
    }
    return Recording(path, channels)


# --- UFF ---


def _read_uff(path: Path, *, zone: tzinfo) -> Recording:
    """Records of one place and shape are pieces of one channel."""
    records = read_uff(path, zone=zone)
    starts = [record.start_us for record in records if record.start_us is not None]
    begin_us = min(starts, default=None)
    groups: dict[tuple[object, ...], list[UffRecord]] = {}
    for record in records:
        shape = (len(record.samples), record.sampling_rate_hz, record.unit)
        groups.setdefault((record.name or "1", *shape), []).append(record)
    channels: dict[str, SampledChannel] = {}
    for (name, *_), pieces in groups.items():
        free = next(n for n in (str(name), *(f"{name}#{i}" for i in range(2, 10_000))) if n not in channels)
        channels[free] = _pieces(pieces, begin_us or 0)
    return Recording(path, channels, start_us=begin_us)


def _pieces(records: Sequence[UffRecord], begin_us: int) -> SampledChannel:
    start_us = np.array([(record.start_us or begin_us) - begin_us for record in records], dtype=np.int64)
    rate_hz = records[0].sampling_rate_hz
    first_index = np.rint(start_us * (rate_hz / MICROSECONDS_PER_SECOND)).astype(np.int64)
    raw = np.stack([record.samples for record in records])
    return SampledChannel(raw, 1.0, rate_hz, start_us, first_index, records[0].unit)


# --- CSV ---


def _read_csv(path: Path, *, zone: tzinfo) -> Recording:
    """Read a table line by line: each step is short, so that other threads have their turn."""
    try:
        with _text(path) as lines:
            header_line = next(lines, "").rstrip("\r\n")
            semicolons = header_line.count(";")
            delimiter = ";" if semicolons and semicolons >= header_line.count(",") else ","
            header = [name.strip() for name in next(csv.reader([header_line], delimiter=delimiter), [])]
            if len(header) < 2 or len(set(header)) != len(header):
                raise _wrong(path, "row 1: needs a time column and value columns with different names")
            rows = csv.reader(lines, delimiter=delimiter)
            times, flat = _parse_rows(path, header, rows, zone, has_decimal_comma=delimiter == ";")
    except UnicodeDecodeError as unreadable:
        raise _wrong(path, "is not UTF-8 text") from unreadable
    except csv.Error as unreadable:
        raise _wrong(path, f"is no table ({unreadable})") from unreadable
    time_us = np.frombuffer(times, dtype=np.int64)
    begin_us = int(time_us[0])
    values = np.frombuffer(flat, dtype=np.float64).reshape(len(time_us), -1)
    columns = {
        name: _without_gaps(time_us - begin_us, values[:, place]) for place, name in enumerate(header[1:])
    }
    is_wall_time = begin_us > 365 * 86_400 * MICROSECONDS_PER_SECOND
    return Recording(path, {}, columns, begin_us if is_wall_time else None)


def _text(path: Path) -> TextIO:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _parse_rows(
    path: Path, header: Sequence[str], rows: Iterator[list[str]], zone: tzinfo, *, has_decimal_comma: bool
) -> "tuple[array[int], array[float]]":
    """Return the times (int64 microseconds) and the values row by row (float64)."""
    times, flat = array("q"), array("d")
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise _wrong(path, f"row {number}: has {len(row)} cells, the header {len(header)}")
        if len(times) >= _MOST_ROWS:
            raise _wrong(path, f"has more than {_MOST_ROWS} rows")
        at_us = _instant(
            path, row[0], zone, has_decimal_comma=has_decimal_comma, row=number, column=header[0]
        )
        if times and at_us < times[-1]:
            raise _wrong(path, f"row {number}, column '{header[0]}': time goes backwards")
        times.append(at_us)
        for cell, name in zip(row[1:], header[1:], strict=True):
            flat.append(_number(path, cell, has_decimal_comma, row=number, column=name))
    if not times:
        raise _wrong(path, "needs a header and at least one row")
    return times, flat


def _number(path: Path, cell: str, has_decimal_comma: bool, *, row: int, column: str) -> float:
    text = cell.strip()
    if not text:
        return float("nan")
    try:
        return float(text.replace(",", ".") if has_decimal_comma else text)
    except ValueError:
        raise _wrong(path, f"row {row}, column '{column}': '{text[:40]}' is not a number") from None


def _instant(path: Path, cell: str, zone: tzinfo, *, has_decimal_comma: bool, row: int, column: str) -> int:
    """Return microseconds of a number of seconds or of an ISO date and time."""
    text = cell.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        seconds = _number(path, text, has_decimal_comma, row=row, column=column)
        if not np.isfinite(seconds):
            raise _wrong(path, f"row {row}, column '{column}': the time is missing") from None
        return round(seconds * MICROSECONDS_PER_SECOND)
    return to_microseconds(moment if moment.tzinfo else moment.replace(tzinfo=zone))
