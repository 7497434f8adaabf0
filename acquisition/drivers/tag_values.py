"""Single values on their way from a network thread into batches."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from domain.plant.quality import BAD_DECODE, GOOD, QualityCause, QualityClass, quality_code
from domain.plant.readings import ReadingBatch, SampleBlock, reading_batch
from domain.plant.tags import Tag, TagDtype
from domain.texts import clean_text

UNCERTAIN_STALE: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.STALE)
UNCERTAIN_LOST: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.COMMUNICATION_LOST)
UNCERTAIN_DECODE: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.DECODE)
"""The device told more digits than the declared whole number can carry here."""

_LONGEST_TEXT: Final = 2000
_BLOCK_WEIGHT: Final = 50


@dataclass(frozen=True, slots=True)
class TagValue:
    """One value of one tag. ``is_past`` values fill history and say nothing of now."""

    tag_key: int
    value: float
    quality: int
    source_us: int
    receive_us: int
    text: str = ""
    is_past: bool = False


Delivered = TagValue | SampleBlock


NOTHING_YET: Final = reading_batch([], [], quality=0, source_us=0, receive_us=0)
"""Says that the link is up before anything has come."""


def inbox_key(item: Delivered) -> Hashable:
    """Return what an overflowing inbox keeps the newest of: now and the past of each tag."""
    return item.tag_key, isinstance(item, TagValue) and item.is_past


def inbox_weight(item: Delivered) -> int:
    """Return what an item counts in the inbox."""
    return 1 if isinstance(item, TagValue) else _BLOCK_WEIGHT


def bad_value(tag: Tag, quality: int, *, now_us: int) -> TagValue:
    """Return the row that says that a tag has no value now."""
    return TagValue(tag.key, math.nan, quality, now_us, now_us)


def decoded(tag: Tag, raw: object) -> tuple[float, str, int]:
    """Return value in the tag's unit, text and quality of what a device sent; BAD_DECODE when it is neither.

    A text tag takes numbers as their text; a numeric tag takes no text. A whole number beyond 2**53 is
    rounded, and uncertain where a whole number was declared.
    """
    if tag.dtype is TagDtype.TEXT:
        if isinstance(raw, (str, bool, int, float)):
            return math.nan, clean_text(str(raw)[:_LONGEST_TEXT]), GOOD
        return math.nan, "", BAD_DECODE
    if isinstance(raw, (bool, int, float)):
        try:
            value = float(raw) * tag.scaling.factor + tag.scaling.offset
        except OverflowError:
            return math.nan, "", BAD_DECODE
        if math.isfinite(value):
            return value, "", UNCERTAIN_DECODE if is_rounded(tag, raw) else GOOD
    return math.nan, "", BAD_DECODE


def is_rounded(tag: Tag, raw: bool | int | float) -> bool:
    """Say whether a raw value loses digits although its tag was declared to hold them all."""
    return tag.dtype is TagDtype.INT64 and isinstance(raw, int) and int(float(raw)) != raw


def batch_of(values: Iterable[TagValue]) -> ReadingBatch | None:
    """Return the values as one batch, None when there are none."""
    rows = list(values)
    if not rows:
        return None
    has_text = any(row.text for row in rows)
    return reading_batch(
        [row.tag_key for row in rows],
        [row.value for row in rows],
        quality=[row.quality for row in rows],
        source_us=[row.source_us for row in rows],
        receive_us=[row.receive_us for row in rows],
        text=np.array([row.text for row in rows], dtype=object) if has_text else None,
    )
