"""Words over and beside the curves: the window, its resolution, the cursors."""

from domain.instants import MICROSECONDS_PER_SECOND
from ui.formatting import PlantTime, duration
from ui.screens.trends.past import Answer
from ui.text import tr


def window_words(clock: PlantTime, start_us: int, end_us: int) -> str:
    """Return from when to when the plots reach, in plant time."""
    return tr(
        "Trends",
        "{from_day} {from_time} to {to_day} {to_time}",
        from_day=clock.day(start_us),
        from_time=clock.minutes(start_us),
        to_day=clock.day(end_us),
        to_time=clock.minutes(end_us),
    )


def resolution_words(
    answer: Answer | None, window_us: tuple[int, int], *, zone: str, is_waiting: bool
) -> str:
    """Return what a pixel stands for; says that it reads while most of the window was not read yet."""
    if is_waiting and not _holds(answer, window_us):
        return tr("Trends", "reading\u2026")
    trends = answer.trends if answer is not None else {}
    level_s = max((each.level_s for each in trends.values()), default=0)
    source = {0: tr("Trends", "stored values"), 60: tr("Trends", "1 min values")}
    name = source.get(level_s, tr("Trends", "1 h values"))
    return tr("Trends", "{name}, min and max per pixel, {zone} time", name=name, zone=zone)


def _holds(answer: Answer | None, window_us: tuple[int, int]) -> bool:
    """Say whether an answer covers at least half of a window."""
    if answer is None:
        return False
    start_us, end_us = window_us
    known_us = min(end_us, answer.question.end_us) - max(start_us, answer.question.start_us)
    return known_us >= (end_us - start_us) / 2


def cursor_words(clock: PlantTime, a: float | None, b: float | None, *, now_us: int) -> str:
    """Return where the cursors stand (seconds since 1970), or how to place them."""
    lines = [
        f"{name}   {clock.stamp(round(at * MICROSECONDS_PER_SECOND), now_us=now_us)}"
        for name, at in (("A", a), ("B", b))
        if at is not None
    ]
    if a is not None and b is not None:
        lines.append(f"B \u2212 A   {duration(abs(b - a))}")
    return "\n".join(lines) or tr("Trends", "Click puts cursor A,\nShift+click cursor B.")
