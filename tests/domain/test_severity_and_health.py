"""Zones with provenance or a refusal [NEW-11, NEW-12]; health with reasons that add up [RUL-8, NEW-15]."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.condition.health import Measurement, assess_health, whole_points
from domain.condition.severity import SeverityTable, Zone, alarm_level, trip_level
from domain.errors import ConfigurationError
from domain.plant.assets import MachineGroup, Support
from services.severity import severity_table

GROUP_2, CLASS_I = MachineGroup.ISO_20816_3_GROUP_2, MachineGroup.ISO_10816_1_CLASS_I


@pytest.mark.parametrize(
    ("velocity", "group", "support", "zone"),
    [
        (1.4, GROUP_2, Support.RIGID, Zone.A),
        (1.41, GROUP_2, Support.RIGID, Zone.B),
        (4.5, GROUP_2, Support.RIGID, Zone.C),
        (4.6, GROUP_2, Support.RIGID, Zone.D),
        (4.6, GROUP_2, Support.FLEXIBLE, Zone.C),
        (0.72, CLASS_I, None, Zone.B),
        (8.6, MachineGroup.ISO_10816_7_CATEGORY_II_SMALL, None, Zone.D),
    ],
)
def test_zones_of_the_standards(
    velocity: float, group: MachineGroup, support: Support | None, zone: Zone
) -> None:
    verdict = severity_table().verdict(velocity, unit_code="mm/s", group=group, support=support)
    assert verdict.zone is zone
    assert verdict.boundaries is not None
    assert verdict.boundaries.provenance.source.startswith("ISO")
    assert verdict.boundaries.provenance.edition


def test_units_are_converted_never_assumed() -> None:
    verdict = severity_table().verdict(0.0046, unit_code="m/s", group=GROUP_2, support=Support.RIGID)
    assert verdict.zone is Zone.D


@pytest.mark.parametrize(
    ("unit_code", "group", "support", "speed_rpm", "refusal"),
    [
        ("", GROUP_2, Support.RIGID, None, "zone_no_unit"),
        ("g", GROUP_2, Support.RIGID, None, "zone_wrong_unit"),
        ("mm/s", None, Support.RIGID, None, "zone_no_group"),
        ("mm/s", GROUP_2, None, None, "zone_no_support"),
        ("mm/s", GROUP_2, Support.RIGID, 90.0, "zone_speed_out_of_scope"),
    ],
)
def test_new_11_a_zone_is_refused_with_its_reason(
    unit_code: str,
    group: MachineGroup | None,
    support: Support | None,
    speed_rpm: float | None,
    refusal: str,
) -> None:
    verdict = severity_table().verdict(
        1.0, unit_code=unit_code, group=group, support=support, speed_rpm=speed_rpm
    )
    assert (verdict.zone, verdict.refusal) == (None, refusal)


def test_alarm_and_trip_of_the_published_example() -> None:
    """Baseline 0.8, B/C 4.5: alarm 1.925; trip at most 1.25 x 7.1 = 8.875."""
    row = severity_table().boundaries(MachineGroup.ISO_20816_3_GROUP_1, Support.RIGID)
    assert row is not None
    assert alarm_level(0.8, row) == pytest.approx(1.925)
    assert trip_level(row) == pytest.approx(8.875)


def test_a_bad_row_is_named() -> None:
    with pytest.raises(ConfigurationError, match="row 1"):
        SeverityTable.from_plain({"row": [{"group": "20816-3/1", "ab": 3, "bc": 2, "cd": 5}]})


measurements = st.lists(
    st.builds(
        Measurement,
        st.integers(1, 9),
        st.floats(0, 1e4),
        st.floats(0.01, 100),
        st.none() | st.floats(0.01, 1000),
    ),
    min_size=1,
    max_size=8,
)


@given(measurements)
def test_reasons_add_up_to_what_is_lost(found: list[Measurement]) -> None:
    health = assess_health(found)
    assert health.score is not None
    assert 0 <= health.score <= 100
    assert sum(reason.points_lost for reason in health.reasons) == pytest.approx(100 - health.score, abs=1e-6)


def test_inside_its_band_nothing_is_lost_and_at_the_limit_sixty_points() -> None:
    assert assess_health([Measurement(1, 1.9, 2.0, 4.0)]).score == 100
    assert assess_health([Measurement(1, 4.0, 2.0, 4.0)]).score == pytest.approx(40)


def test_without_measurements_health_is_refused() -> None:
    assert assess_health([]).refusal == "health_no_baseline"


def test_two_faults_weigh_more_than_one_and_never_more_than_all() -> None:
    worst = Measurement(1, 100.0, 2.0, 4.0)
    one, two = assess_health([worst]), assess_health([worst, Measurement(2, 100.0, 2.0, 4.0)])
    assert (one.score, two.score) == (pytest.approx(34), pytest.approx(11.56))
    assert two.reasons[0].points_lost == pytest.approx(two.reasons[1].points_lost)


@given(measurements)
def test_whole_points_add_up_to_the_shown_score(found: list[Measurement]) -> None:
    health = assess_health(found)
    assert health.score is not None
    assert sum(whole_points(health)) == 100 - round(health.score)
