"""What somebody types as a value: both decimal signs, digits in groups, and a unit behind it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.units import all_units, unit

_SPACES = " \u00a0\u202f'\u2019"
_NUMBER = re.compile(
    rf"\s*([+\-\u2212]?)\s*((?:\d{{1,3}}(?:[{_SPACES}]\d{{3}})+|\d+)(?:[.,]\d*)*|[.,]\d+)(?!\d)\s*(.*?)\s*"
)


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A number and the code of the unit typed behind it; empty when there was none."""

    value: float
    unit: str = ""


def typed_value(words: str, units: Sequence[str] = ()) -> TypedValue | None:
    """Return what was typed, such as "7,1 mm/s" or "1 450,5"; None when it does not begin with a number.

    ``units`` come first where two are written alike.
    """
    found = _NUMBER.fullmatch(words)
    if found is None:
        return None
    sign, digits, told_unit = found.groups()
    plain = _with_point(re.sub(f"[{_SPACES}]", "", digits))
    if plain is None:
        return None
    return TypedValue(-float(plain) if sign and sign != "+" else float(plain), _unit_code(told_unit, units))


def _with_point(digits: str) -> str | None:
    """Return the digits with at most one point: the last sign is the decimal one unless it is repeated."""
    signs = [each for each in digits if each in ".,"]
    if len(signs) <= 1:
        return digits.replace(",", ".")
    last = signs[-1]
    if last not in signs[:-1]:
        whole, _, part = digits.rpartition(last)
        return f"{re.sub('[.,]', '', whole)}.{part}" if len(set(signs[:-1])) == 1 else None
    return re.sub("[.,]", "", digits) if len(set(signs)) == 1 else None


def _unit_code(words: str, preferred: Sequence[str]) -> str:
    """Return the code of a unit as people write it; what is no unit comes back as it was typed."""
    units = [*(unit(code) for code in preferred), *all_units()]
    for same in (str, str.casefold):
        for each in units:
            names = (each.code, each.symbol, each.symbol.removeprefix("\u00b0"))
            if words and same(words) in [same(name) for name in names]:
                return each.code
    return words
