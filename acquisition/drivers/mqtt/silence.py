"""What is said of tags of which nothing comes: too silent a topic, and the last word that the broker kept."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from acquisition.addresses import MqttAddress, MqttFormat
from acquisition.drivers.tag_values import UNCERTAIN_STALE, Delivered, TagValue, bad_value
from domain.plant.quality import BAD_STALE, CLASS_MASK, FLAG_MASK, GOOD, QualityClass, QualityFlag
from domain.plant.readings import ReadingBatch
from domain.plant.tags import Tag

_QUIET_S: Final = 1.0
_PERIODS: Final = 3
_UNDECLARED_S: Final = 1.0
"""The period of a tag of which nobody said how often it comes."""


def silent_after_s(tag: Tag, address: MqttAddress, *, usual_s: float) -> float:
    """Return after how much silence a tag is stale, 0 for never.

    Its address says so, else its link does (``usual_s``), else a period that somebody has declared. A node of
    Sparkplug tells changes and its own death.
    """
    if address.silent_after_s or address.format is MqttFormat.SPARKPLUG:
        return address.silent_after_s
    if usual_s:
        return usual_s
    is_declared = tag.period_s > _UNDECLARED_S and not tag.is_waveform
    return _PERIODS * tag.period_s if is_declared else 0.0


class Silence:
    """Turns tags stale whose topic should speak and does not."""

    def __init__(self, limits: dict[int, tuple[Tag, float]], *, now_s: float) -> None:
        self._limits = limits
        self._heard_s = dict.fromkeys(limits, now_s)
        self._stale: set[int] = set()

    def heard(self, batch: ReadingBatch, *, now_s: float) -> None:
        """Note who spoke."""
        if not self._limits:
            return
        of_now = batch.quality & CLASS_MASK != QualityClass.BAD
        of_now &= batch.quality & QualityFlag.BACK_FILLED == 0
        for key in batch.tag_key[of_now].tolist():
            self.heard_of(key, now_s=now_s)

    def heard_of(self, key: int, *, now_s: float) -> None:
        """Note that a tag spoke."""
        if key in self._heard_s:
            self._heard_s[key] = now_s
            self._stale.discard(key)

    def rows(self, *, now_s: float, now_us: int) -> list[TagValue]:
        """Return a bad row for each tag that just became too silent."""
        late = [
            key
            for key, (_, limit_s) in self._limits.items()
            if now_s - self._heard_s[key] > limit_s and key not in self._stale
        ]
        self._stale.update(late)
        return [bad_value(self._limits[key][0], BAD_STALE, now_us=now_us) for key in late]


class LastKept:
    """Tells the newest value that the broker kept of a tag once more, as of now, when nothing newer follows.

    It is the last word on the tag but not sure to be true any more: uncertain until a value of now comes.
    """

    def __init__(self, keys: Iterable[int]) -> None:
        self._keys = frozenset(keys)
        self._newest: dict[int, tuple[float, TagValue]] = {}

    def heard(self, items: Iterable[Delivered], *, now_s: float) -> None:
        """Note what came, in that order."""
        for item in items:
            if isinstance(item, TagValue) and item.tag_key in self._keys:
                self._newest.pop(item.tag_key, None)
                if item.is_past:
                    self._newest[item.tag_key] = now_s, item

    def rows(self, *, now_s: float, now_us: int) -> list[TagValue]:
        """Return a row for each tag of which nothing has followed for a second."""
        due = [item for since_s, item in self._newest.values() if now_s - since_s >= _QUIET_S]
        for item in due:
            del self._newest[item.tag_key]
        return [_as_of_now(item, now_us=now_us) for item in due]


def _as_of_now(item: TagValue, *, now_us: int) -> TagValue:
    quality = item.quality & ~FLAG_MASK
    return replace(
        item,
        quality=UNCERTAIN_STALE if quality == GOOD else quality,
        source_us=now_us,
        receive_us=now_us,
        is_past=False,
    )
