"""Codes and names proposed while machines are added one after the other. Plain Python."""

import re
from collections.abc import Collection

_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def suggested_code(name: str, taken: Collection[str]) -> str:
    """Return a free code for a name: "Feed pump 3" gives FP3, "Filler FL2" gives FL2, "Mixer" gives M1."""
    words = re.findall(r"[^\W_]+(?:-\d+)?", name)
    if not words:
        return ""
    if len(words) > 1 and words[-1][0].isalpha() and any(char.isdigit() for char in words[-1]):
        return free_code(words[-1].upper(), taken)
    initials = "".join(word[0] for word in words if not word[0].isdigit()).upper()
    digits = words[-1] if words[-1].isdigit() else "1"
    return free_code(f"{initials}{digits}", taken)


def next_code(code: str, taken: Collection[str]) -> str:
    """Return the code that follows: P-201 gives P-202, or the next that is free."""
    return free_code(_counted_up(code), taken)


def next_name(name: str) -> str:
    """Return a name counted up where it has a number; another name stays."""
    return _counted_up(name) if _LAST_NUMBER.search(name) else name


def free_code(code: str, taken: Collection[str]) -> str:
    """Return the code, counted up until nobody has it."""
    while code in taken:
        code = _counted_up(code)
    return code


def _counted_up(code: str) -> str:
    found = _LAST_NUMBER.search(code)
    if found is None:
        return f"{code}2"
    number = str(int(found.group(1)) + 1).zfill(len(found.group(1)))
    return code[: found.start()] + number + code[found.end() :]
