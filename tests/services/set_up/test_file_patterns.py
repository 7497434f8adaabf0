"""Patterns of files: what a first file suggests, what a person may type [ACQ-2]."""

import pytest

from acquisition.addresses import FilesAddress
from acquisition.drivers.files.reading import pattern_of
from domain.plant.discovery import FoundItem
from services.set_up.file_patterns import (
    PATTERN_ENDING,
    PATTERN_FOLDER,
    PATTERN_MISSING,
    pattern_problem,
    stem_of,
)
from services.set_up.link_values import value_of_item


@pytest.mark.parametrize(
    ("name", "pattern", "stem"),
    [
        ("PumpA_2026-01-31.csv", "PumpA_*.csv", "PumpA"),
        ("PumpA_20260131_142500.wav", "PumpA_*.wav", "PumpA"),
        ("Fan-2026-01-31T14-25-00_003.csv", "Fan-*.csv", "Fan"),
        ("31.01.2026 Fan.csv", "* Fan.csv", "Fan"),
        ("P201_0007.CSV", "P201_*.CSV", "P201"),
        ("Pump 7 (012).csv", "Pump 7 (*).csv", "Pump 7"),
        ("0001.csv", "*.csv", ""),
        ("P201.csv", "P201.csv", "P201"),
        ("Pump 7.csv", "Pump 7.csv", "Pump 7"),
        ("m[1]_20260131.csv", "m[[]1]_*.csv", "m[1]"),
    ],
)
def test_what_changes_from_file_to_file_is_a_star_and_the_number_of_a_pump_is_not(
    name: str, pattern: str, stem: str
) -> None:
    assert pattern_of(name) == pattern
    assert FilesAddress("Flow", pattern).fits(name)
    assert stem_of(pattern) == stem


def test_the_next_file_fits_in_capitals_or_not_and_another_pump_does_not() -> None:
    address = FilesAddress("Flow", "PumpA_*.csv")
    assert address.fits("PUMPA_2026-02-01.CSV")
    assert not address.fits("PumpB_2026-02-01.csv")


def test_a_value_is_named_after_what_all_its_files_have_in_common() -> None:
    address = FilesAddress("Flow", "PumpA_*.csv").to_plain()
    item = FoundItem("f#Flow", "Flow", False, address, "table")
    assert value_of_item(item, ("PumpA_2026-01-31.csv", "Flow")).name == "PumpA.Flow"


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", PATTERN_MISSING),
        ("in/*.csv", PATTERN_FOLDER),
        ("in\\*.csv", PATTERN_FOLDER),
        ("*.xlsx", PATTERN_ENDING),
        ("PumpA", PATTERN_ENDING),
        ("*", ""),
        ("PumpA_*", ""),
        ("*.csv.gz", ""),
        ("PUMP*.WAV", ""),
    ],
)
def test_a_pattern_that_no_file_can_fit_is_refused(pattern: str, problem: str) -> None:
    assert pattern_problem(pattern) == problem
