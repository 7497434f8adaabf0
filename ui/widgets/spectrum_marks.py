"""Marks of a spectrum: harmonics of a cursor or of a fault family, their sidebands, the nearest fault."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.widgets.plot_layers import Guide

MOST_HARMONICS, MOST_SIDEBANDS = 40, 12
FAMILY_SIDEBANDS = 2
CLOSE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class FaultFrequency:
    """A frequency worth looking at, such as BPFO 76.1 Hz."""

    name: str
    frequency_hz: float
    most_multiples: int = MOST_HARMONICS
    """Higher multiples lie so close together that a cursor would always be near one."""


def multiples(frequency_hz: float, *, reach_hz: float, count: int = MOST_HARMONICS) -> list[float]:
    """Return the harmonics of a frequency that a spectrum holds."""
    if frequency_hz <= 0:
        return []
    return [frequency_hz * k for k in range(1, min(count, int(reach_hz / frequency_hz)) + 1)]


def numbered(name: str, places: Sequence[float]) -> list[Guide]:
    """Return guides "BPFO", "2", "3" ..."""
    return [
        Guide(place, name if number == 1 and name else str(number), is_strong=True)
        for number, place in enumerate(places, start=1)
    ]


def sideband_places(centres: Sequence[float], *, shaft_hz: float, pairs: int) -> list[float]:
    """Return the frequencies of sidebands at shaft speed on either side of each centre."""
    places = [
        centre + side * k * shaft_hz for centre in centres for k in range(1, pairs + 1) for side in (-1, 1)
    ]
    return [place for place in places if place > 0]


SHAFT_NAME = "1\u00d7"


def nearest_fault(frequency_hz: float, faults: Sequence[FaultFrequency]) -> tuple[str, float, int] | None:
    """Return name, offset in hertz and multiple of the fault line nearest to a frequency."""
    best: tuple[str, float, int] | None = None
    for fault in faults:
        multiple = max(1, round(frequency_hz / fault.frequency_hz))
        if multiple > fault.most_multiples:
            continue
        offset = frequency_hz - multiple * fault.frequency_hz
        if best is None or abs(offset) < abs(best[1]):
            best = fault.name, offset, multiple
    return best


def fault_words(name: str, multiple: int) -> str:
    """Return the name, with its multiple from the second harmonic on; orders of the shaft read "3\u00d7"."""
    if name == SHAFT_NAME:
        return f"{multiple}\u00d7"
    return name if multiple == 1 else f"{name} \u00d7 {multiple}"
