"""How long a plant keeps what it records, and what of the waveforms goes by that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from domain.instants import MICROSECONDS_PER_DAY
from domain.plant.tags import Tag

KEEPING_ID: Final = UUID(int=1)
ALARM: Final = "alarm"
"""The reason of a waveform that was kept around an alarm: it is evidence [NEW-27]."""


@dataclass(frozen=True, slots=True)
class KeepingDays:
    """The plant's own rule in days; None keeps for ever. There is one, so its id is fixed.

    ``raw`` is every sample, ``minutes`` and ``hours`` are the figures of each minute and hour. A tag may
    have days of its own for its samples or waveforms; ``alarm_waveforms`` go by this rule alone.
    """

    raw: float | None = 90.0
    minutes: float | None = 730.0
    hours: float | None = None
    waveforms: float | None = 400.0
    alarm_waveforms: float | None = 3650.0
    id: UUID = KEEPING_ID
    version: int = 1

    @property
    def complaints(self) -> tuple[str, ...]:
        """Return the names of the days that cannot be: none above 0, or shorter than what they outlive."""
        wrong = [name for name in NAMES if (days := getattr(self, name)) is not None and not days > 0]
        for shorter, longer in (("raw", "minutes"), ("minutes", "hours"), ("waveforms", "alarm_waveforms")):
            least, most = getattr(self, shorter), getattr(self, longer)
            if most is not None and (least is None or most < least) and longer not in wrong:
                wrong.append(longer)
        return tuple(wrong)


USUAL_DAYS: Final = KeepingDays()
NAMES: Final = ("raw", "minutes", "hours", "waveforms", "alarm_waveforms")


@dataclass(frozen=True, slots=True)
class WaveformRules:
    """What is too old, as instants in microseconds: everything before goes, 0 lets nothing go.

    ``own_us`` are those of single tags; what was kept around an alarm goes by ``alarm_us``, whatever its tag.
    """

    before_us: int = 0
    alarm_us: int = 0
    own_us: Mapping[int, int] = field(default_factory=dict)

    @property
    def latest_us(self) -> int:
        """Nothing from here on goes."""
        return max(self.before_us, self.alarm_us, *self.own_us.values(), 0)


def waveform_rules(days: KeepingDays, tags: Iterable[Tag], *, now_us: int) -> WaveformRules:
    """Return what of the waveforms is too old now."""
    own = {
        tag.key: _before(now_us, tag.keeping.raw_days)
        for tag in tags
        if tag.is_waveform and tag.keeping.raw_days is not None
    }
    return WaveformRules(_before(now_us, days.waveforms), _before(now_us, days.alarm_waveforms), own)


def _before(now_us: int, days: float | None) -> int:
    return 0 if days is None else max(0, now_us - int(days * MICROSECONDS_PER_DAY))
