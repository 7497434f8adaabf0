"""Units, identifiers, quality, time: the words that everything else is written in."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import UnitError
from domain.identifiers import new_id
from domain.instants import from_microseconds, iso_utc, to_microseconds
from domain.plant.quality import Quality, QualityCause, QualityClass, QualityFlag
from domain.plant.readings import reading_batch
from domain.units import all_units, convert, unit, unit_from_opcua


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1.0, "g", "m/s2", 9.80665),
        (7.1, "mm/s", "m/s", 0.0071),
        (100.0, "degC", "degF", 212.0),
        (0.0, "degC", "K", 273.15),
        (10.0, "dK", "ddegF", 18.0),
        (1482.0, "1/min", "Hz", 24.7),
        (1.0, "bar", "psi", 14.503773773),
    ],
)
def test_known_conversions(value: float, source: str, target: str, expected: float) -> None:
    assert convert(value, source=source, target=target) == pytest.approx(expected, rel=1e-9)


@given(st.sampled_from([each.code for each in all_units()]), st.floats(-1e6, 1e6))
def test_conversion_and_back_gives_the_value(code: str, value: float) -> None:
    for other in all_units():
        if other.dimension == unit(code).dimension:
            back = convert(convert(value, source=code, target=other.code), source=other.code, target=code)
            assert back == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_new_11_nothing_is_assumed_about_units() -> None:
    with pytest.raises(UnitError, match="not declared"):
        unit("furlong")
    with pytest.raises(UnitError, match="not convertible"):
        convert(1.0, source="g", target="mm/s")
    with pytest.raises(UnitError):
        convert(1.0, source="degC", target="dK")


def test_opc_ua_unit_codes_are_the_un_cefact_codes() -> None:
    celsius = unit_from_opcua(4408652)
    assert celsius is not None
    assert celsius.code == "degC"


def test_identifiers_are_uuid7_and_grow_with_time() -> None:
    first, second = new_id(now_ms=1000), new_id(now_ms=1001)
    assert (first.version, first.variant) == (7, RFC_4122)
    assert first < second
    assert first.int >> 80 == 1000


@given(st.sampled_from(QualityClass), st.sampled_from(QualityCause), st.sampled_from(list(QualityFlag)))
def test_quality_survives_its_code(grade: QualityClass, cause: QualityCause, flag: QualityFlag) -> None:
    quality = Quality(grade, cause, flag)
    assert Quality.from_code(quality.code) == quality
    assert quality.code < 2**16


def test_an_unknown_quality_code_reads_as_bad() -> None:
    assert Quality.from_code(0b11).is_bad
    assert Quality.from_code(60 << 2).cause is QualityCause.DECODE


def test_instants_keep_microseconds_and_refuse_naive_times() -> None:
    moment = datetime(2026, 11, 12, 10, 45, 18, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert from_microseconds(to_microseconds(moment)) == moment.astimezone(UTC)
    assert iso_utc(to_microseconds(moment)) == "2026-11-12T09:45:18.123Z"
    with pytest.raises(ValueError, match="naive"):
        to_microseconds(datetime(2026, 11, 12))


def test_a_batch_is_columns_of_one_length() -> None:
    batch = reading_batch([1, 2, 3], [1.0, 2.0, 3.0], quality=0, source_us=5, receive_us=6)
    assert [reading.tag_key for reading in batch.rows()] == [1, 2, 3]
    assert batch.select(np.array([False, True, False])).value.tolist() == [2.0]
    with pytest.raises(ValueError, match="length"):
        reading_batch([1, 2], [1.0], quality=0, source_us=5, receive_us=6)
