"""Numbers as people type them: both decimal signs, a unit behind it does not hurt ("7,1 mm/s")."""

import math
import re
from typing import Final

from PySide6.QtCore import QLocale

_NUMBER: Final = re.compile(r"([+-\u2212]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)\s*(?:[^\d.,\s].*)?")
FIGURES: Final = 10


def number_of(text: str) -> float | None:
    """Return the number that a text gives, None when it gives none."""
    found = _NUMBER.fullmatch(text.strip())
    value = float(found.group(1).replace(",", ".").replace("\u2212", "-")) if found else math.nan
    return value if math.isfinite(value) else None


def shown_number(value: float | None) -> str:
    """Return a number ready to be edited: no thousands, no noughts behind; empty for None."""
    if value is None:
        return ""
    return f"{value:.{FIGURES}g}".replace(".", QLocale().decimalPoint())
