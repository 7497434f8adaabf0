"""Where a value that a device offers belongs: its machine and measurement point, with a confidence [SET-1].

Names are compared word by word. A machine's code in a name is strong evidence, words of its name are weak
evidence weighed by how few machines share them. A sampled vibration must find a point; a plain value belongs
to the machine. What fits two places equally well gets a confidence below one half, so that a person decides.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar
from uuid import UUID

from domain.errors import UnitError
from domain.plant.assets import Asset, AssetKind, MeasurementPoint, Technique
from domain.plant.plant import Plant
from domain.units import unit

SURE: Final = 0.5
"""Below this a person has to look; a match at or above it is taken over unless somebody objects."""

T = TypeVar("T")

CODE_FOUND: Final = 0.97
"""Score of a machine whose code stands in the name."""

_LONGEST_CODE: Final = 4
"""A code falls into so many pieces at most."""

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
        names = [_name_words(machine) for machine in self._machines]
        shared_by = Counter(word for words in names for word in words)
        self._weight = {word: 1 / count for word, count in shared_by.items()}
        self._whole = [sum(self._weight[word] for word in words) for words in names]
        self._by_word = _places((word, place) for place, words in enumerate(names) for word in words)
        codes = [(machine.code.lower(), place) for place, machine in enumerate(self._machines)]
        self._by_code = _places((_plain_code(code), place) for code, place in codes)
        self._sisters = _places(
            (parts[0], (parts[1], place)) for code, place in codes if (parts := _parts(code))
        )

    def match(self, candidate: Candidate) -> Match:
        """Return the best place; a tie halves the confidence."""
        pieces = words_of(candidate.words)
        ranked = sorted(self._scores(pieces).items(), key=lambda each: (-each[1], each[0]))
        if not ranked or ranked[0][1] <= 0:
            return Match(None, None, 0.0)
        place, best = ranked[0]
        machine, second = self._machines[place], ranked[1][1] if len(ranked) > 1 else 0.0
        if best == CODE_FOUND and second < CODE_FOUND:
            second *= 0.2  # words of a name say little against a code
        confidence = best * (1 - 0.6 * second / best)
        point, point_confidence = self._point(machine, pieces, candidate)
        return Match(machine.id, None if point is None else point.id, round(confidence * point_confidence, 3))

    def _scores(self, pieces: Sequence[str]) -> dict[int, float]:
        """Return 0..1 by place of the machine, of those that the pieces speak for at all.

        A code in neighbouring pieces is nearly certain, shared words of a name say little. A code that
        differs in its number only names a sister of the machine: FL1 is never FL2.
        """
        scores: dict[int, float] = dict.fromkeys(self._coded(pieces), CODE_FOUND)
        sisters = self._named_as_sisters(pieces)
        found: dict[int, float] = defaultdict(float)
        for word in set(pieces):
            for place in self._by_word.get(word, ()):
                found[place] += self._weight[word]
        for place, share in found.items():
            if place not in scores and place not in sisters:
                scores[place] = 0.85 * share / self._whole[place]
        return scores

    def _coded(self, pieces: Sequence[str]) -> set[int]:
        """Return the machines whose code neighbouring pieces make together: FL2, FL-2 and FL_2 are one."""
        windows = {
            "".join(pieces[first:last])
            for first in range(len(pieces))
            for last in range(first + 1, min(len(pieces), first + _LONGEST_CODE) + 1)
        }
        return {place for window in windows for place in self._by_code.get(window, ())}

    def _named_as_sisters(self, pieces: Sequence[str]) -> set[int]:
        """Return the machines of whose code the letters stand there with another number."""
        return {
            place
            for letters, number in pairwise(pieces)
            if number.isdigit()
            for own, place in self._sisters.get(letters, ())
            if own != int(number)
        }

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


def _plain_code(code: str) -> str:
    return "".join(re.findall(r"[a-z0-9]+", code))


def _parts(code: str) -> tuple[str, int] | None:
    """Return letters and number of a code that is nothing else, None for other codes."""
    match = re.fullmatch(r"([a-z]+)[^a-z0-9]*(\d+)", code)
    return None if match is None else (match[1], int(match[2]))


def _places(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for key, place in pairs:
        if key:
            found[key].append(place)
    return dict(found)


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
