"""Numbers as people type them, and back into a field [NEW-11, HMI guide 8]."""

import pytest

from ui.theme import Theme
from ui.typed_numbers import number_of, shown_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7,1 mm/s", 7.1),
        ("7.1", 7.1),
        (" -3 ", -3.0),
        ("\u22123", -3.0),
        ("1e-3", 0.001),
        ("2.5E6 Hz", 2_500_000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("12\u00b0C", 12.0),
    ],
)
def test_both_decimal_signs_exponents_and_units_are_taken(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text", ["", "soon", "mm/s", "1.2.3", "1,234,567", "--3", "1 2", "1e999", "nan", "inf"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize("value", [0.001, 1e-9, 123456.789, -0.5, 3.0, 2.0**40])
def test_what_is_shown_reads_back(theme: Theme, value: float) -> None:
    assert number_of(shown_number(value)) == pytest.approx(value, rel=1e-9)
