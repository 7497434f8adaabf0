"""Universal files, data set 58 (ASCII) and 58b (binary): time records of portable analysers.

Field layout after "Universal File Formats, dataset number 58" of the University of Cincinnati (UC-SDRL).
Only evenly spaced real time responses are read; other functions and data sets are passed over.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from domain.errors import ConfigurationError
from domain.instants import to_microseconds

_TIME_RESPONSE: Final = 1
_REAL: Final = {2: "f4", 4: "f8"}
_ORDER: Final = {1: "<", 2: ">"}
_IEEE: Final = 2
_HEADER_LINES: Final = 11
_WIDTH: Final = {2: 13, 4: 20}
_DIRECTIONS: Final = {0: "", 1: "+X", 2: "+Y", 3: "+Z", -1: "-X", -2: "-Y", -3: "-Z"}
_UNITS: Final = {
    "g": "g", "m/s^2": "m/s2", "m/s2": "m/s2", "m/s²": "m/s2", "mm/s": "mm/s", "m/s": "m/s", "in/s": "in/s",
    "pa": "Pa", "v": "V", "a": "A", "um": "um", "µm": "um",
}  # fmt: skip


@dataclass(frozen=True)
class UffRecord:
    """One time record. ``name`` is node and direction ("12+Z") or the first identification line.

    ``unit`` is our code of its unit, "" where the file names none that we know; ``start_us`` None without a
    date.
    """

    name: str
    samples: NDArray[np.float64]
    sampling_rate_hz: float
    unit: str
    start_us: int | None


def read_uff(path: Path, *, zone: tzinfo = UTC) -> list[UffRecord]:
    """Return the time records of a file in their order; ConfigurationError says what is wrong."""
    content = path.read_bytes()
    records = [
        record for body in _data_sets(path, content) if (record := _record(path, body, zone)) is not None
    ]
    if not records:
        raise _wrong(path, "holds no time record (data set 58, function type 1)")
    return records


def _data_sets(path: Path, content: bytes) -> Iterator[bytes]:
    """Yield the data sets 58, each from its type line on."""
    place = 0
    while (begin := _delimiter(content, place)) is not None:
        first_line, _, _ = content[begin:].partition(b"\n")
        kind = first_line[:6].strip()
        is_binary = first_line[6:7] in (b"b", b"B")
        end = _binary_end(path, content, begin) if kind == b"58" and is_binary else begin
        close = _delimiter(content, end)
        if close is None:
            raise _wrong(path, "ends inside a data set")
        if kind == b"58":
            yield content[begin : content.rfind(b"-1", begin, close)]
        place = close


def _delimiter(content: bytes, place: int) -> int | None:
    """Return where the line after the next ``-1`` line begins."""
    while place < len(content):
        end = content.find(b"\n", place)
        end = len(content) if end < 0 else end
        if content[place:end].strip() == b"-1":
            return end + 1
        place = end + 1
    return None


def _binary_end(path: Path, content: bytes, begin: int) -> int:
    """Return where the samples of a binary data set end: they may hold bytes that look like a delimiter."""
    place = begin
    for _ in range(_HEADER_LINES + 1):
        place = content.find(b"\n", place) + 1
        if not place:
            raise _wrong(path, "ends inside a header")
    count = _integer(path, content[begin : begin + 80], 31, 43)
    if place + count > len(content):
        raise _wrong(path, "is shorter than its header says")
    return place + count


def _record(path: Path, body: bytes, zone: tzinfo) -> UffRecord | None:
    lines = body.split(b"\n", _HEADER_LINES + 1)
    if len(lines) < _HEADER_LINES + 2:
        raise _wrong(path, "ends inside a header")
    header = [line.decode("latin-1").rstrip("\r") for line in lines[: _HEADER_LINES + 1]]
    function, form = header[6], header[7]
    if _integer(path, function, 0, 5) != _TIME_RESPONSE:
        return None
    kind, count = _integer(path, form, 0, 10), _integer(path, form, 10, 20)
    step_s = _number(path, form, 43, 56)
    if kind not in _REAL or _integer(path, form, 20, 30) != 1 or not step_s > 0 or count < 1:
        raise _wrong(path, "holds a time record that is not real and evenly spaced")
    samples = _samples(path, header[0], lines[-1], kind, count)
    node, direction = _integer(path, function, 41, 51), _integer(path, function, 51, 55)
    name = f"{node}{_DIRECTIONS.get(direction, '')}" if node else header[1].strip()
    label = header[9][45:65].strip().lower()
    return UffRecord(name, samples, 1 / step_s, _UNITS.get(label, ""), _start_us(header[3], zone))


def _samples(path: Path, first_line: str, body: bytes, kind: int, count: int) -> NDArray[np.float64]:
    if first_line[6:7] in ("b", "B"):
        order = _ORDER.get(_integer(path, first_line, 7, 13))
        if order is None or _integer(path, first_line, 13, 19) != _IEEE:
            raise _wrong(path, "has binary numbers that are not IEEE 754")
        dtype = np.dtype(f"{order}{_REAL[kind]}")
        if len(body) < count * dtype.itemsize:
            raise _wrong(path, "is shorter than its header says")
        samples: NDArray[Any] = np.frombuffer(body, dtype=dtype, count=count)
    else:
        samples = _written(path, body, _WIDTH[kind], count)
    if not np.isfinite(samples).all():
        raise _wrong(path, "holds values that are no numbers")
    return samples.astype(np.float64)


def _written(path: Path, body: bytes, width: int, count: int) -> NDArray[np.float64]:
    """Read numbers in columns of fixed width; neighbours may touch."""
    values: list[float] = []
    for line in body.decode("latin-1").splitlines():
        text = line.rstrip()
        with contextlib.suppress(ValueError):
            values += [float(text[low : low + width]) for low in range(0, len(text), width)]
            continue
        raise _wrong(path, f"'{text[:40]}' holds no numbers of {width} characters")
    if len(values) < count:
        raise _wrong(path, "is shorter than its header says")
    return np.array(values[:count])


def _start_us(line: str, zone: tzinfo) -> int | None:
    """Return the time of the date line ("DD-MMM-YY HH:MM:SS"), None when it is another text."""
    for form in ("%d-%b-%y %H:%M:%S", "%d-%b-%Y %H:%M:%S"):
        with contextlib.suppress(ValueError):
            return to_microseconds(datetime.strptime(line.strip()[:20].strip(), form).replace(tzinfo=zone))
    return None


def _integer(path: Path, line: str | bytes, low: int, high: int) -> int:
    text = line[low:high].strip()
    try:
        return int(text or 0)
    except ValueError:
        raise _wrong(path, f"{text!r} in its header is no whole number") from None


def _number(path: Path, line: str, low: int, high: int) -> float:
    try:
        return float(line[low:high])
    except ValueError:
        raise _wrong(path, f"'{line[low:high]}' in its header is no number") from None


def _wrong(path: Path, complaint: str) -> ConfigurationError:
    return ConfigurationError(
        f"recording {path.name}: {complaint}", key="recording_wrong", file=path.name, complaint=complaint
    )
