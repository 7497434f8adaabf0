"""What the counts of a link say: lost here, lost on the way, or nothing lost at all."""

from typing import Final

from acquisition.supervisor import LINK_DOWN
from domain.ports import ConnectionStatus

OWN: Final = frozenset({"queue_overflow", "scan_overrun"})
"""Ours: we were too slow. The others are the device's or the wire's."""

NOTHING_LOST: Final = frozenset(
    {
        "clock_suspect",
        "death_of_an_earlier_session",
        "file_waits_for_storage",
        "repeated_block",
        "repeated_message",
        "repeated_value",
        "retained_sparkplug",
        "stray_answer",
    }
)
"""What came again, came from an earlier session, or was taken with a mark on its time."""

MARKED_TIMES: Final = "source_time_"
"""Begin of the causes under which values are stored with our time instead of the device's."""


def lost_here(link: ConnectionStatus) -> dict[str, int]:
    """Return by cause what this program lost of a link."""
    return {cause: count for cause, count in link.drops.items() if cause in OWN}


def lost_on_the_way(link: ConnectionStatus) -> int:
    """Return how many values or messages of a link never arrived whole, besides those of an outage."""
    told = OWN | NOTHING_LOST | {LINK_DOWN}
    return sum(
        count
        for cause, count in link.drops.items()
        if cause not in told and not cause.startswith(MARKED_TIMES)
    )
