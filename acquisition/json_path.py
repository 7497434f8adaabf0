"""Paths into JSON: ``$.motor.bearings[0]['temp inside']``, nothing more of the path languages."""

import re
from typing import Final

Steps = tuple[str | int, ...]
"""Names of members and numbers of elements, from the root."""

_STEP: Final = re.compile(r"\.([^.\[\]'\s]+)|\[(\d{1,6})\]|\['([^']+)'\]")


def path_steps(path: str) -> Steps:
    """Return the steps of a path, none for "$" and ""; ValueError when it cannot be read."""
    rest = path.removeprefix("$")
    steps: list[str | int] = []
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise ValueError(f"must be a path like $.motor.temp[0], got {path!r}")
        name, number, quoted = found.groups()
        steps.append(int(number) if number is not None else name or quoted)
        rest = rest[found.end() :]
    return tuple(steps)


def path_text(steps: Steps) -> str:
    """Return the path of steps, as ``path_steps`` reads it."""
    text = "$"
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if _STEP.fullmatch(f".{step}") else f"['{step}']"
    return text


def follow(content: object, steps: Steps) -> object:
    """Return what lies at the end of the steps; LookupError when the content has no such place."""
    for step in steps:
        if isinstance(step, int):
            if not isinstance(content, list) or step >= len(content):
                raise LookupError(f"no element {step}")
            content = content[step]
        else:
            if not isinstance(content, dict) or step not in content:
                raise LookupError(f"no member '{step}'")
            content = content[step]
    return content
