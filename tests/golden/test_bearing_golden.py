"""Defect frequencies against the published examples of ``docs/standards.md``, section 4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from domain.plant.bearings import BearingGeometry, defect_orders
from processing.bearing import defect_frequencies

PUBLISHED = [
    (BearingGeometry("6205", 9, 7.94, 39.04), 1797, (107.36, 162.19, 70.59, 11.93)),
    (BearingGeometry("test 2", 8, 10, 50), 1800, (96, 144, 72, 12)),
    (BearingGeometry("ZA-2115", 16, 8.407, 71.501, 15.17), 2000, (236.40, 296.93, 139.92, 14.78)),
]


@pytest.mark.parametrize(("geometry", "rpm", "expected"), PUBLISHED)
def test_published_examples(
    geometry: BearingGeometry, rpm: float, expected: tuple[float, float, float, float]
) -> None:
    found = defect_frequencies(geometry, speed_hz=rpm / 60)
    assert (found.bpfo, found.bpfi, found.bsf2 / 2, found.ftf) == pytest.approx(expected, abs=0.02)


def test_catalogue_multiples_of_6205() -> None:
    orders = defect_orders(PUBLISHED[0][0])
    assert (orders.bpfo, orders.bpfi, orders.bsf, orders.ftf) == pytest.approx(
        (3.5848, 5.4152, 2.3567, 0.3983), abs=2e-4
    )


@given(st.integers(3, 40), st.floats(0.5, 40), st.floats(1.2, 10), st.floats(0, 40))
def test_identities(elements: int, diameter: float, ratio: float, angle: float) -> None:
    """BPFO + BPFI = n fr and BPFO = n FTF."""
    orders = defect_orders(BearingGeometry("any", elements, diameter, diameter * ratio, angle))
    assert orders.bpfo + orders.bpfi == pytest.approx(elements)
    assert orders.bpfo == pytest.approx(elements * orders.ftf)


def test_impossible_geometry_and_a_standing_shaft_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="0 < d < D"):
        BearingGeometry("wrong", 9, 40, 39)
    with pytest.raises(ValueError, match="turning shaft"):
        defect_frequencies(PUBLISHED[0][0], speed_hz=0)
