"""Rolling bearings: geometry, and the defect frequencies as multiples of shaft speed."""

import math
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.errors import ConfigurationError

LEAST_ELEMENTS: Final = 3
MOST_ANGLE_DEG: Final = 90.0
"""Thrust bearings stand at 90 degrees."""
MOST_SLIP: Final = 0.2
USUAL_SLIP: Final = 0.02
"""Slip tolerances as a share: more than a fifth is a mistake, such as percent taken for a share."""


@dataclass(frozen=True, slots=True)
class BearingGeometry:
    """Geometry of a rolling bearing; diameters in millimetres, contact angle in degrees."""

    designation: str
    elements: int
    element_diameter_mm: float
    pitch_diameter_mm: float
    contact_angle_deg: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        if self.elements < LEAST_ELEMENTS or not 0 < self.element_diameter_mm < self.pitch_diameter_mm:
            raise ConfigurationError(
                f"bearing {self.designation}: needs at least 3 elements and 0 < d < D, got "
                f"n={self.elements}, d={self.element_diameter_mm}, D={self.pitch_diameter_mm}"
            )


@dataclass(frozen=True, slots=True)
class BearingType:
    """An entry of the catalogue [NEW-13]. Geometry is never rewritten: a correction is a new ``edition``.

    ``slip_tolerance`` is the share by which defect frequencies may lie below the computed ones.
    """

    id: UUID
    maker: str
    geometry: BearingGeometry
    edition: int = 1
    slip_tolerance: float = USUAL_SLIP
    version: int = 1

    @property
    def name(self) -> str:
        """Maker and designation as people say them."""
        return f"{self.maker} {self.geometry.designation}".strip()

    @property
    def key(self) -> tuple[str, str]:
        """What this entry shares with the other editions of its type."""
        return type_key(self.maker, self.geometry.designation)

    def has_same_figures(self, other: "BearingType") -> bool:
        """Say whether another entry finds the same faults: the geometry's frequencies and the slip."""
        is_slip_same = math.isclose(self.slip_tolerance, other.slip_tolerance)  # it may come from percent
        return is_slip_same and is_same(self.geometry, other.geometry)

    def corrected(self, geometry: BearingGeometry, *, identity: UUID) -> "BearingType":
        """Return the next edition with another geometry; the name stays as it was spelled first."""
        named = replace(geometry, designation=self.geometry.designation)
        return BearingType(identity, self.maker, named, self.edition + 1, self.slip_tolerance)


def type_key(maker: str, designation: str) -> tuple[str, str]:
    """Return what makes two entries editions of one type: their names, however they are capitalised."""
    return maker.casefold(), designation.casefold()


def is_same(one: BearingGeometry, other: BearingGeometry) -> bool:
    """Say whether two geometries give the same defect frequencies, whatever their source is called."""
    numbers = ("elements", "element_diameter_mm", "pitch_diameter_mm", "contact_angle_deg")
    return all(getattr(one, name) == getattr(other, name) for name in numbers)


def impossible_figures(
    elements: float, element_diameter_mm: float, pitch_diameter_mm: float, *, angle_deg: float, slip: float
) -> tuple[str, ...]:
    """Return which figures no rolling bearing has, by the names of their fields; ``slip`` is a share."""
    is_right = {
        "elements": elements >= LEAST_ELEMENTS and elements == int(elements),
        "element_diameter_mm": element_diameter_mm > 0,
        "pitch_diameter_mm": pitch_diameter_mm > element_diameter_mm,
        "contact_angle_deg": 0 <= angle_deg <= MOST_ANGLE_DEG,
        "slip_tolerance": 0 <= slip <= MOST_SLIP,
    }
    return tuple(name for name, holds in is_right.items() if not holds)


@dataclass(frozen=True, slots=True)
class DefectOrders:
    """Defect frequencies divided by shaft speed; ``bsf`` is once the element's spin frequency."""

    ftf: float
    bpfo: float
    bpfi: float
    bsf: float


def defect_orders(geometry: BearingGeometry) -> DefectOrders:
    """Return the orders for a fixed outer ring without slip (standards, section 4).

    FTF = (1-k)/2, BPFO = n (1-k)/2, BPFI = n (1+k)/2, BSF = D (1-k^2) / 2d with k = (d/D) cos(alpha).
    """
    ratio = geometry.element_diameter_mm / geometry.pitch_diameter_mm
    k = ratio * math.cos(math.radians(geometry.contact_angle_deg))
    return DefectOrders(
        ftf=(1 - k) / 2,
        bpfo=geometry.elements * (1 - k) / 2,
        bpfi=geometry.elements * (1 + k) / 2,
        bsf=(1 - k * k) / (2 * ratio),
    )
