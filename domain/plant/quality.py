"""Quality of a value: uint16 = 2 bits class, 6 bits cause, flags. Numbers are final and never renumbered.

Bits 0-1 class, bits 2-7 cause, bit 8 manual, bit 9 simulated, bit 10 replayed, bit 11 back-filled.
Zero is "good, no cause, no flag".
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final


class QualityClass(IntEnum):
    """How far a value may be believed."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


class QualityCause(IntEnum):
    """Why a value is not plainly good. A closed list."""

    NONE = 0
    COMMUNICATION_LOST = 1
    STALE = 2
    FROZEN = 3
    OUT_OF_RANGE = 4
    DECODE = 5
    DEVICE_SAYS_BAD = 6
    CLOCK_SUSPECT = 7
    CLIPPED = 8
    NOT_CONFIGURED = 9
    UNSIGNED = 10
    CORRECTED = 11
    """Somebody said later what it should have been. Told by readers of history, never stored."""


class QualityFlag(IntFlag):
    """Where a value comes from, whatever its class."""

    NONE = 0
    MANUAL = 1 << 8
    SIMULATED = 1 << 9
    REPLAYED = 1 << 10
    BACK_FILLED = 1 << 11


CLASS_MASK: Final = 0b11
CAUSE_SHIFT: Final = 2
CAUSE_MASK: Final = 0b1111_1100
FLAG_MASK: Final = 0xFF00


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality, taken apart."""

    grade: QualityClass = QualityClass.GOOD
    cause: QualityCause = QualityCause.NONE
    flags: QualityFlag = QualityFlag.NONE

    @classmethod
    def from_code(cls, code: int) -> "Quality":
        """Take the uint16 apart; unknown classes and causes read as bad, decode."""
        grade, cause = code & CLASS_MASK, (code & CAUSE_MASK) >> CAUSE_SHIFT
        if grade > QualityClass.BAD or cause > QualityCause.CORRECTED:
            return cls(QualityClass.BAD, QualityCause.DECODE)
        return cls(QualityClass(grade), QualityCause(cause), QualityFlag(code & FLAG_MASK))

    @property
    def code(self) -> int:
        """The uint16 as stored."""
        return int(self.grade) | int(self.cause) << CAUSE_SHIFT | int(self.flags)

    @property
    def is_good(self) -> bool:
        return self.grade is QualityClass.GOOD

    @property
    def is_bad(self) -> bool:
        return self.grade is QualityClass.BAD


def quality_code(
    grade: QualityClass, cause: QualityCause = QualityCause.NONE, flags: QualityFlag = QualityFlag.NONE
) -> int:
    """Return the uint16 of a class, a cause and flags."""
    return int(grade) | int(cause) << CAUSE_SHIFT | int(flags)


GOOD: Final = quality_code(QualityClass.GOOD)
BAD_COMMUNICATION_LOST: Final = quality_code(QualityClass.BAD, QualityCause.COMMUNICATION_LOST)
BAD_DECODE: Final = quality_code(QualityClass.BAD, QualityCause.DECODE)
BAD_DEVICE: Final = quality_code(QualityClass.BAD, QualityCause.DEVICE_SAYS_BAD)
BAD_NOT_CONFIGURED: Final = quality_code(QualityClass.BAD, QualityCause.NOT_CONFIGURED)
BAD_STALE: Final = quality_code(QualityClass.BAD, QualityCause.STALE)
BAD_CORRECTED: Final = quality_code(QualityClass.BAD, QualityCause.CORRECTED)
UNCERTAIN_CLOCK: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.CLOCK_SUSPECT)
UNCERTAIN_FROZEN: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.FROZEN)
UNCERTAIN_RANGE: Final = quality_code(QualityClass.UNCERTAIN, QualityCause.OUT_OF_RANGE)
