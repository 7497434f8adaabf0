"""One look at the live values, worded for screens."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

import numpy as np

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.assets import MachineState
from domain.plant.quality import BAD_COMMUNICATION_LOST, CLASS_MASK, QualityClass
from domain.plant.raw_status import status_name
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Tag, TagDtype
from services.text_words import TextWords
from ui.formatting import Presentation, present
from ui.text import tr

UNREAD = "\u2026"
"""In the place of a text whose words are being read."""

UNKNOWN_READING = (float("nan"), BAD_COMMUNICATION_LOST, 0)


class Readings:
    """Values by tag key. Where the whole plant is simulated the window says so, not each value."""

    def __init__(
        self, batch: ReadingBatch, *, now_us: int, is_simulated: bool, texts: TextWords | None = None
    ) -> None:
        """``texts`` knows the words of text tags."""
        self.batch, self._now_us, self._is_simulated = batch, now_us, is_simulated
        self._texts = texts
        self._by_key = {
            key: (value, quality, at_us)
            for key, value, quality, at_us in zip(
                batch.tag_key.tolist(),
                batch.value.tolist(),
                batch.quality.tolist(),
                batch.source_us.tolist(),
                strict=True,
            )
        }

    def raw(self, key: int) -> tuple[float, int, int]:
        """Return value, quality code and source instant; NaN and bad for a tag not read."""
        return self._by_key.get(key, UNKNOWN_READING)

    def number(self, key: int | None) -> float | None:
        """Return a usable value, None when it is bad or missing."""
        if key is None:
            return None
        value, quality, _ = self.raw(key)
        if quality & CLASS_MASK == QualityClass.BAD or not np.isfinite(value):
            return None
        return value

    def state(self, key: int | None) -> MachineState:
        """Return what a state tag says."""
        value = self.number(key)
        try:
            return MachineState.UNKNOWN if value is None else MachineState(round(value))
        except ValueError:
            return MachineState.UNKNOWN

    def shown(self, tag: Tag) -> Presentation:
        """Return a tag's value in words, its quality in the open."""
        value, quality, at_us = self.raw(tag.key)
        age_s = max(0.0, (self._now_us - at_us) / MICROSECONDS_PER_SECOND) if at_us else 0.0
        words = present(value, unit=tag.unit, digits=tag.digits, quality=quality, age_s=age_s)
        if words.tip and (status := self._status(tag.key)):
            words = replace(words, tip=tr("Quality", "{why} ({status})", why=words.tip, status=status))
        if tag.dtype is TagDtype.TEXT and not words.is_hatched and np.isfinite(value):
            text = None if self._texts is None else self._texts.word(value)
            words = replace(words, text=UNREAD if text is None else text, unit="", decimals=0)
        return replace(words, mark="") if self._is_simulated and words.mark == "SIM" else words

    def _status(self, key: int) -> str:
        """Return what the device itself said of a value that is not good, nothing where it said nothing."""
        place, said = self._place.get(key), self.batch.raw_status
        return "" if place is None or said is None else status_name(int(said[place]))

    def part(self, keys: Iterable[int]) -> ReadingBatch:
        """Return the rows of some tags."""
        known = self._place
        places = sorted(known[key] for key in set(keys) if key in known)
        return self.batch.select(np.asarray(places, dtype=np.int64))

    @cached_property
    def _place(self) -> dict[int, int]:
        """Row of each tag: a plant has thousands, a machine asks for a handful."""
        return {key: place for place, key in enumerate(self.batch.tag_key.tolist())}
