"""OPC UA notifications to batches; what a status code or a time stamp means for quality.

Works on the library's decoded values by their attributes and imports nothing of it.
"""

import math
from datetime import datetime
from typing import Final, Protocol

import numpy as np

from acquisition.source_times import SourceClock
from domain.instants import to_microseconds
from domain.plant.quality import (
    BAD_COMMUNICATION_LOST,
    BAD_DECODE,
    BAD_DEVICE,
    BAD_NOT_CONFIGURED,
    GOOD,
    UNCERTAIN_CLOCK,
    QualityCause,
    QualityClass,
    quality_code,
)
from domain.plant.readings import LossCounter, ReadingBatch, reading_batch
from domain.plant.tags import Tag

_UNCERTAIN_DEVICE: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.DEVICE_SAYS_BAD)
OVERFLOW_BITS: Final = 0x0480
"""InfoType "data value" with its overflow bit: the server's queue for this item dropped values."""

_NOT_CONFIGURED: Final = frozenset({0x80330000, 0x80340000, 0x80350000})
"""BadNodeIdInvalid, BadNodeIdUnknown, BadAttributeIdInvalid."""
_NO_COMMUNICATION: Final = frozenset({0x80310000, 0x808A0000})
"""BadNoCommunication, BadNotConnected."""


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


def quality_of_status(status: int) -> int:
    """Return our quality for an OPC UA status code (severity in the top two bits)."""
    severity = status >> 30
    if severity == 0:
        return GOOD
    if severity == 1:
        return _UNCERTAIN_DEVICE
    code = status & 0xFFFF_0000
    if code in _NOT_CONFIGURED:
        return BAD_NOT_CONFIGURED
    return BAD_COMMUNICATION_LOST if code in _NO_COMMUNICATION else BAD_DEVICE


def source_time_us(data: DataValue) -> int | None:
    """Return the source time of a data value, None when it has none."""
    return None if data.SourceTimestamp is None else to_microseconds(data.SourceTimestamp)


class ScalarItem:
    """A monitored scalar: scaling and clock judgement of one tag."""

    __slots__ = ("clock", "factor", "key", "offset")

    def __init__(self, tag: Tag, *, subscribed_us: int) -> None:
        self.key = tag.key
        self.factor, self.offset = tag.scaling.factor, tag.scaling.offset
        self.clock = SourceClock(subscribed_us)

    def number(self, value: object) -> float:
        """Return the value in engineering units; NaN for text, None, arrays and what is not finite."""
        if isinstance(value, (int, float)) and math.isfinite(value):
            return float(value) * self.factor + self.offset
        return math.nan


class RowCollector:
    """Columns of one batch under construction."""

    def __init__(self, losses: LossCounter) -> None:
        self._losses = losses
        self._key: list[int] = []
        self._value: list[float] = []
        self._quality: list[int] = []
        self._source_us: list[int] = []
        self._receive_us: list[int] = []
        self._status: list[int] = []

    def add(self, item: ScalarItem, data: DataValue, *, receive_us: int) -> None:
        """Add one row from a data value."""
        status = 0 if data.StatusCode is None else int(data.StatusCode.value)
        quality = quality_of_status(status)
        value = math.nan
        if quality & 0b11 != QualityClass.BAD:
            value = item.number(None if data.Value is None else data.Value.Value)
            if math.isnan(value):
                quality = BAD_DECODE
            if status & OVERFLOW_BITS == OVERFLOW_BITS:
                self._losses.add("server_queue_overflow")
        source_us, is_suspect = item.clock.judge(source_time_us(data), receive_us=receive_us)
        if is_suspect and quality == GOOD:
            quality = UNCERTAIN_CLOCK
        self.add_row(
            item.key, value, quality=quality, source_us=source_us, receive_us=receive_us, status=status
        )

    def add_row(
        self, key: int, value: float, *, quality: int, source_us: int, receive_us: int, status: int = 0
    ) -> None:
        """Add one finished row; ``status`` is kept only where it is not Good."""
        self._key.append(key)
        self._value.append(value)
        self._quality.append(quality)
        self._source_us.append(source_us)
        self._receive_us.append(receive_us)
        self._status.append(status if status >> 30 else 0)

    def batch(self) -> ReadingBatch | None:
        """Return the rows as a batch, None when there are none."""
        if not self._key:
            return None
        return reading_batch(
            self._key,
            self._value,
            quality=self._quality,
            source_us=self._source_us,
            receive_us=self._receive_us,
            raw_status=np.array(self._status, dtype=np.uint32),
        )
