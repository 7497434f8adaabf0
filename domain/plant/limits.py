"""Limits with provenance: where each number comes from is part of the number [NEW-12]."""

from dataclasses import dataclass
from enum import Enum


class LimitSide(Enum):
    """On which side of the limit the deviation lies."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Edition, table and editor of a limit. ``source`` is a text such as "ISO 20816-3" or "site"."""

    source: str
    edition: str = ""
    table: str = ""
    editor: str = ""
    entered_us: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of one tag, in ``unit``."""

    value: float
    unit: str
    side: LimitSide
    provenance: Provenance
