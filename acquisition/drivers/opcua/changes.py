"""What an OPC UA server reported, as columns: the one form in which values leave either decoder.

Works on the library's decoded values by their attributes and imports nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from acquisition.source_times import NO_TIME
from domain.instants import iso_utc, to_microseconds
from domain.texts import clean_text

EXACT: Final = 2**53
"""Whole numbers from here on are not all float64 values; the exact one is kept beside."""

Samples: TypeAlias = NDArray[np.float32]
Content: TypeAlias = str | int | Samples
_ARRAY_WEIGHT: Final = 50


class _Status(Protocol):
    value: int


class _Variant(Protocol):
    Value: object


class DataValue(Protocol):
    """What the library makes of a value on the wire."""

    Value: _Variant | None
    StatusCode: _Status | None
    SourceTimestamp: datetime | None


class Item(Protocol):
    """One row of a notification list."""

    @property
    def ClientHandle(self) -> int: ...  # noqa: N802 - the specification's name

    @property
    def Value(self) -> DataValue: ...  # noqa: N802


@dataclass(frozen=True, slots=True)
class Changes:
    """Reported values as parallel arrays, one row each, raw and unscaled.

    ``value`` is NaN for what is no number, ``source_us`` is ``NO_TIME`` where no time came. ``content`` holds
    by row what a float64 cannot: words, sampled arrays, large whole numbers.
    """

    handle: NDArray[np.uint32]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    source_us: NDArray[np.int64]
    content: Mapping[int, Content]

    def __len__(self) -> int:
        return len(self.handle)

    @property
    def weight(self) -> int:
        """Rows, an array counting as 50: what waiting costs."""
        arrays = sum(isinstance(each, np.ndarray) for each in self.content.values())
        return len(self) + (_ARRAY_WEIGHT - 1) * arrays

    def select(self, rows: NDArray[np.intp]) -> "Changes":
        """Return some of the rows, in the order asked for."""
        content = {
            place: self.content[row]
            for place, row in enumerate(rows.tolist() if self.content else ())
            if row in self.content
        }
        return Changes(self.handle[rows], self.value[rows], self.status[rows], self.source_us[rows], content)


def joined(pieces: Sequence[Changes]) -> Changes:
    """Return the rows of all pieces, in order."""
    if len(pieces) == 1:
        return pieces[0]
    content: dict[int, Content] = {}
    first = 0
    for piece in pieces:
        content.update((first + row, each) for row, each in piece.content.items())
        first += len(piece)
    return Changes(
        np.concatenate([piece.handle for piece in pieces]),
        np.concatenate([piece.value for piece in pieces]),
        np.concatenate([piece.status for piece in pieces]),
        np.concatenate([piece.source_us for piece in pieces]),
        content,
    )


def changes_of(items: Iterable[tuple[int, DataValue]]) -> Changes:
    """Return the columns of values that the library has decoded, by client handle."""
    rows = list(items)
    values = np.full(len(rows), np.nan)
    content: dict[int, Content] = {}
    for row, (_, data) in enumerate(rows):
        told = None if data.Value is None else data.Value.Value
        if isinstance(told, (int, float)):
            values[row] = float(told)
        kept = _content(told)
        if kept is not None:
            content[row] = kept
    return Changes(
        np.array([handle for handle, _ in rows], dtype=np.uint32),
        values,
        np.array([0 if d.StatusCode is None else d.StatusCode.value for _, d in rows], dtype=np.uint32),
        np.array([_instant(data.SourceTimestamp) for _, data in rows], dtype=np.int64),
        content,
    )


def as_samples(values: object) -> Samples:
    """Return numbers as float32; what is too large becomes infinite. TypeError, ValueError for others."""
    with np.errstate(all="ignore"):
        return np.asarray(values, dtype=np.float32)


def moment_text(instant_us: int) -> str:
    """Return a point in time that is the value itself, as words."""
    return iso_utc(instant_us)


def words_of(value: float, content: Content | None) -> str | None:
    """Return a value of a text tag as words: texts as they are, numbers written out; None for the rest."""
    if isinstance(content, str):
        return content
    if isinstance(content, int):
        return str(content)
    if content is not None or not np.isfinite(value):
        return None
    return str(int(value)) if value.is_integer() else repr(value)


def _instant(moment: datetime | None) -> int:
    return NO_TIME if moment is None else to_microseconds(moment)


def _content(told: object) -> Content | None:
    if isinstance(told, int):
        return int(told) if abs(told) >= EXACT else None
    if isinstance(told, str):
        return clean_text(told)
    if isinstance(told, datetime):
        return moment_text(to_microseconds(told))
    if isinstance(told, UUID):
        return str(told)
    if isinstance(told, (list, tuple)):
        return _samples_or_none(told)
    text = getattr(told, "Text", None)  # a text with its language
    return clean_text(text) if isinstance(text, str) else None


def _samples_or_none(told: Sequence[object]) -> Samples | None:
    if any(isinstance(each, (str, bytes, datetime)) or each is None for each in told[:1]):
        return None
    try:
        samples = as_samples(told)
    except (TypeError, ValueError):
        return None
    return samples if samples.ndim == 1 else None
