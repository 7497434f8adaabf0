"""Where a value that a device offers belongs: its machine and measurement point, with a confidence [SET-1].

Names are compared word by word. A machine's code in a name is strong evidence, words of its name are weak
evidence weighed by how few machines share them. A sampled vibration must find a point; a plain value belongs
to the machine. What fits two places equally well gets a confidence below one half, so that a person decides.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from uuid import UUID

from domain.errors import UnitError
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.units import unit

SURE: Final = 0.5
"""Below this a person has to look; a match at or above it is taken over unless somebody objects."""

CODE_FOUND: Final = 0.97
"""Score of a machine whose code stands in the name."""

_PIECE: Final = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöü])|[A-ZÄÖÜ]?[a-zäöüß]+|\d+")
_SYNONYMS: Final[Mapping[str, str]] = {
    word: meaning
    for meaning, words in {
        "de": "de drive ds as antriebsseite",
        "nde": "nde nondrive nds bs gegenseite",
        "motor": "motor mot mtr drive1 antrieb",
        "vibration": "vibration vib vibr schwingung acc accel acceleration beschleunigung waveform wave",
        "temperature": "temperature temp tmp temperatur",
        "current": "current amps strom",
        "speed": "speed rpm drehzahl",
        "pressure": "pressure press druck",
        "bearing": "bearing brg lager",
        "ultrasonic": "ultrasonic ultrasound ultraschall",
        "pump": "pump pumpe",
        "filler": "filler fuller fueller füller",
        "conveyor": "conveyor belt band foerderer förderer",
        "compressor": "compressor kompressor verdichter",
    }.items()
    for word in words.split()
}
_TECHNIQUE_OF_DIMENSION: Final[Mapping[str, Technique]] = {
    "acceleration": Technique.VIBRATION,
    "velocity": Technique.VIBRATION,
    "temperature": Technique.THERMOGRAPHY,
    "current": Technique.CURRENT,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a value: ``words`` is every name on the way to it, ``unit`` a code or ""."""

    words: str
    unit: str = ""
    is_sampled: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The best place for a value; ``confidence`` 0..1, ``asset_id`` None when nothing fits at all."""

    asset_id: UUID | None
    point_id: UUID | None
    confidence: float

    @property
    def is_sure(self) -> bool:
        return self.confidence >= SURE


class Matcher:
    """Compares with the machines and points of one plant; build it once, ask it often."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._machines = [asset for asset in plant.assets if asset.kind is AssetKind.MACHINE]
        self._names = {machine.id: _name_words(machine) for machine in self._machines}
        self._shared_by = Counter(word for words in self._names.values() for word in words)

    def match(self, candidate: Candidate) -> Match:
        """Return the best place; a tie halves the confidence."""
        pieces = words_of(candidate.words)
        ranked = sorted(
            ((self._machine_score(machine, pieces), machine) for machine in self._machines),
            key=lambda each: -each[0],
        )
        if not ranked or ranked[0][0] <= 0:
            return Match(None, None, 0.0)
        best, machine = ranked[0]
        second = ranked[1][0] if len(ranked) > 1 else 0.0
        if best == CODE_FOUND and second < CODE_FOUND:
            second *= 0.2  # words of a name say little against a code
        confidence = best * (1 - 0.6 * second / best)
        point, point_confidence = self._point(machine, pieces, candidate)
        return Match(machine.id, None if point is None else point.id, round(confidence * point_confidence, 3))

    def _machine_score(self, machine: Asset, pieces: Sequence[str]) -> float:
        """Return 0..1: the code in one piece is nearly certain, shared words of a name say little.

        A code that differs in its number only names a sister of the machine: FL1 is never FL2.
        """
        if _holds_code(machine.code, pieces):
            return CODE_FOUND
        if _holds_sister_code(machine.code, pieces):
            return 0.0
        words = self._names[machine.id]
        found = [1 / self._shared_by[word] for word in words if word in pieces]
        whole = sum(1 / self._shared_by[word] for word in words)
        return 0.85 * sum(found) / whole if whole else 0.0

    def _point(
        self, machine: Asset, pieces: Sequence[str], candidate: Candidate
    ) -> tuple[MeasurementPoint | None, float]:
        """Return the point of the machine and how sure that is; None for a value of the whole machine."""
        points = self._plant.points_of(machine.id)
        if not needs_point(candidate, pieces):
            return None, 1.0
        if not points:
            return None, 0.6
        scores = sorted(((_point_score(point, pieces), point) for point in points), key=lambda each: -each[0])
        best, point = scores[0]
        second = scores[1][0] if len(scores) > 1 else -1.0
        if len(points) == 1:
            return point, 1.0 if best >= 0 else 0.4
        return point, 0.98 if best > second and best > 0 else 0.4


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a name: split at separators, digits and capitals, lower case, synonyms united."""
    pieces = [piece.lower() for piece in _PIECE.findall(text)]
    return tuple(_SYNONYMS.get(piece, piece) for piece in pieces)


def needs_point(candidate: Candidate, pieces: Sequence[str]) -> bool:
    """Say whether a value can only be understood where it is measured: waveforms and vibration."""
    dimension = _dimension(candidate.unit)
    is_vibration = dimension == "acceleration" or (dimension == "velocity" and "vibration" in pieces)
    return candidate.is_sampled or is_vibration or (not candidate.unit and "vibration" in pieces)


def _name_words(machine: Asset) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words_of(f"{machine.name} {machine.code}")))


def _holds_code(code: str, pieces: Sequence[str]) -> bool:
    """Say whether neighbouring pieces together are exactly the code: FL2, FL-2 and FL_2 are one."""
    wanted = "".join(re.findall(r"[a-z0-9]+", code.lower()))
    if not wanted:
        return False
    count = len(pieces)
    for first in range(count):
        joined = ""
        for last in range(first, min(count, first + 4)):
            joined += pieces[last]
            if joined == wanted:
                return True
    return False


def _holds_sister_code(code: str, pieces: Sequence[str]) -> bool:
    """Say whether the letters of the code stand there with another number."""
    match = re.fullmatch(r"([a-z]+)[^a-z0-9]*(\d+)", code.lower())
    if match is None:
        return False
    return any(
        first == match[1] and second.isdigit() and int(second) != int(match[2])
        for first, second in pairwise(pieces)
    )


def _point_score(point: MeasurementPoint, pieces: Sequence[str]) -> float:
    """Count shared words; the wrong side of the machine rules a point out."""
    own = words_of(point.name)
    sides = {"de", "nde"}
    wanted, has = sides & set(pieces), sides & set(own)
    if wanted and has and not wanted & has:
        return -1.0
    return float(sum(word in pieces for word in own)) + (2.0 if wanted & has else 0.0)


def technique_of(unit_code: str) -> Technique:
    """Return the technique that a unit speaks of, process value when it speaks of none."""
    return _TECHNIQUE_OF_DIMENSION.get(_dimension(unit_code), Technique.PROCESS)


def _dimension(unit_code: str) -> str:
    try:
        return unit(unit_code).dimension
    except UnitError:
        return ""
