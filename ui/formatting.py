"""Numbers, units, ages and times as the operator reads them; quality as a value that widgets draw.

Digits come from the tag, separators from the locale, times from the plant's zone.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale

from domain.instants import MICROSECONDS_PER_DAY, from_microseconds, iso_utc
from domain.plant.quality import Quality, QualityCause, QualityClass, QualityFlag
from domain.units import unit as unit_of
from ui import text

UNKNOWN: Final = "\u2013 \u2013"
"""What stands where a value is bad."""

MINUS: Final = "\u2212"
SECONDS_PER_DAY: Final = 86_400


def number(value: float, digits: int, *, locale: QLocale | None = None, signed: bool = False) -> str:
    """Return a value with fixed decimals, locale separators and a true minus sign; dashes if not finite."""
    if not math.isfinite(value):
        return UNKNOWN
    rounded = round(value, max(0, digits)) + 0.0
    words: str = (locale or QLocale()).toString(abs(rounded), ord("f"), max(0, digits))
    if rounded < 0:
        return MINUS + words
    return "+" + words if signed else words


def unit_symbol(code: str) -> str:
    """Return how a unit code is written; UnitError for an undeclared code."""
    return unit_of(code).symbol


def with_unit(value: float, *, digits: int, unit: str) -> str:
    """Return value and unit in one text, for tips, readouts and accessible names."""
    symbol = unit_symbol(unit)
    return f"{number(value, digits)} {symbol}" if symbol else number(value, digits)


def significant(value: float, figures: int = 4) -> str:
    """Return a value with so many significant figures and no exponent, for cursors."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return number(0.0, figures - 1)
    magnitude = math.floor(math.log10(abs(value)))
    return number(value, min(6, max(0, figures - 1 - magnitude)))


def age(seconds: float) -> str:
    """Return an age in its largest unit: "4 s", "4 min", "3 h", "2 d"."""
    whole = max(0, int(seconds))
    for limit, divisor, symbol in ((60, 1, "s"), (3600, 60, "min"), (SECONDS_PER_DAY, 3600, "h")):
        if whole < limit:
            return f"{whole // divisor} {symbol}"
    return f"{whole // SECONDS_PER_DAY} d"


def span(seconds: float) -> str:
    """Return a time allowed or left: "45 s" under two minutes, then whole minutes begun, "2 h 30 min"."""
    if seconds < 120:
        return f"{max(0, int(seconds))} s"
    hours, minutes = divmod(int(seconds // 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def duration(seconds: float) -> str:
    """Return h:mm:ss under a day, days and hours above."""
    whole = max(0, int(seconds))
    if whole >= SECONDS_PER_DAY:
        return f"{whole // SECONDS_PER_DAY} d {whole % SECONDS_PER_DAY // 3600} h"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _which_of_two(local: datetime) -> str:
    """Return " +02:00" for a time of day that the clocks show twice when they go back, else nothing [F60]."""
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    if first is None or second is None or first <= second:
        return ""
    return f" {local.isoformat()[-6:]}"


@dataclass(frozen=True, slots=True)
class PlantTime:
    """Times on the plant's own clock; ``zone`` is an IANA name such as "Europe/Berlin"."""

    zone: str = "UTC"

    def local(self, instant_us: int) -> datetime:
        """Return the aware local datetime of microseconds UTC."""
        return from_microseconds(instant_us).astimezone(ZoneInfo(self.zone))

    def clock(self, instant_us: int) -> str:
        """Return "10:42:07"; "02:42:07 +02:00" in the hour that comes twice."""
        local = self.local(instant_us)
        return f"{local:%H:%M:%S}{_which_of_two(local)}"

    def minutes(self, instant_us: int) -> str:
        """Return "10:42"; "02:42 +02:00" in the hour that comes twice."""
        local = self.local(instant_us)
        return f"{local:%H:%M}{_which_of_two(local)}"

    def day(self, instant_us: int, *, weekday: bool = True) -> str:
        """Return "Thu 12 Nov" in the language of the locale."""
        local, locale = self.local(instant_us), QLocale()
        month = locale.monthName(local.month, QLocale.FormatType.ShortFormat)
        short = f"{local.day} {month}"
        if not weekday:
            return short
        return f"{locale.dayName(local.isoweekday(), QLocale.FormatType.ShortFormat)} {short}"

    def stamp(self, instant_us: int, *, now_us: int) -> str:
        """Return the time with seconds, preceded by the day when it is not today."""
        if self.local(instant_us).date() == self.local(now_us).date():
            return self.clock(instant_us)
        return (
            f"{self.day(instant_us, weekday=now_us - instant_us < 7 * MICROSECONDS_PER_DAY)} "
            + self.clock(instant_us)
        )

    def brief(self, instant_us: int, *, now_us: int) -> str:
        """Return the time in little room: "10:42:07" today, "Tue 10:42" this week, "12 Nov 10:42" before."""
        if self.local(instant_us).date() == self.local(now_us).date():
            return self.clock(instant_us)
        day = self.day(instant_us, weekday=False)
        if now_us - instant_us < 6 * MICROSECONDS_PER_DAY:
            number_of_day = self.local(instant_us).isoweekday()
            day = QLocale().dayName(number_of_day, QLocale.FormatType.ShortFormat)
        return f"{day} {self.minutes(instant_us)}"

    def tip(self, instant_us: int) -> str:
        """Return local time and UTC, for tips."""
        return f"{self.day(instant_us)} {self.clock(instant_us)}  ({iso_utc(instant_us)})"


@dataclass(frozen=True, slots=True)
class Presentation:
    """A value ready to draw: its words and how its quality shows.

    ``mark`` is "", "SIM" or "HAND"; ``age`` is set on stale values; ``tip`` says why it is not plainly good;
    ``decimals`` serves alignment.
    """

    text: str
    unit: str = ""
    is_hatched: bool = False
    is_dimmed: bool = False
    mark: str = ""
    age: str = ""
    tip: str = ""
    decimals: int = 0

    @property
    def spoken(self) -> str:
        """Words for a screen reader."""
        parts = (self.text if not self.is_hatched else text.tr("Values", "unknown"), self.unit, self.age)
        return " ".join(part for part in (*parts, self.mark, self.tip) if part)


UNKNOWN_VALUE: Final = Presentation(UNKNOWN, is_hatched=True)


def present(
    value: float | None, *, unit: str, digits: int, quality: Quality | int = 0, age_s: float = 0.0
) -> Presentation:
    """Return how a reading is shown.

    Good is plain; uncertain has "~"; stale is dimmed with its age; bad is dashes on hatch. Manual and
    simulated values keep their mark whatever their class.
    """
    known = Quality.from_code(quality) if isinstance(quality, int) else quality
    symbol = unit_symbol(unit)
    mark = _mark(known.flags)
    tip = text.quality_words(known)
    is_missing = value is None or not math.isfinite(value)
    if known.cause is QualityCause.STALE and not is_missing and value is not None:
        return Presentation(
            number(value, digits),
            symbol,
            is_dimmed=True,
            mark=mark,
            age=age(age_s),
            tip=tip,
            decimals=digits,
        )
    if value is None or is_missing or known.is_bad:
        return Presentation(UNKNOWN, symbol, is_hatched=True, mark=mark, tip=tip)
    words = number(value, digits)
    if known.grade is QualityClass.UNCERTAIN:
        words = "~" + words
    return Presentation(words, symbol, mark=mark, tip=tip, decimals=digits)


def _mark(flags: QualityFlag) -> str:
    if flags & QualityFlag.MANUAL:
        return "HAND"
    return "SIM" if flags & QualityFlag.SIMULATED else ""
