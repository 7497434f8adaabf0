"""What every write to a device passes first, and what is said when its outcome is unknown."""

from domain.errors import NotPermitted, RuleViolation, WriteOutcomeUnknown
from domain.plant.tags import Tag

Value = bool | int | float | str


def require_release(tag: Tag, *, is_released: bool) -> None:
    """Raise NotPermitted unless the connection releases writing and the tag allows it."""
    if not is_released or not tag.is_writable:
        reason = "this tag is read-only" if is_released else "writing to this device is not released"
        raise NotPermitted(f"tag '{tag.name}': {reason}", key="writing_not_released", tag=tag.name)


def raw_value(tag: Tag, value: Value, *, holds_integer: bool) -> Value:
    """Return the value as the device holds it; RuleViolation outside the tag's limits."""
    if isinstance(value, (bool, str)):
        return value
    if not (tag.low is None or value >= tag.low) or not (tag.high is None or value <= tag.high):
        raise RuleViolation(
            f"tag '{tag.name}': {value} {tag.unit} is outside {tag.low} to {tag.high}", tag=tag.name
        )
    raw = (value - tag.scaling.offset) / tag.scaling.factor
    return round(raw) if holds_integer else raw


def unknown_outcome(tag: Tag, held: Value | None) -> WriteOutcomeUnknown:
    """Return the error for an unconfirmed write; ``held`` is what the device says it holds now."""
    told = "it does not say what it holds now" if held is None else f"it now holds {held} (raw)"
    return WriteOutcomeUnknown(
        f"tag '{tag.name}': the device did not confirm the write; {told}. Look before you repeat it",
        key="write_outcome_unknown",
        tag=tag.name,
        read_back=held,
    )
