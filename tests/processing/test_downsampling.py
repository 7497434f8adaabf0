"""Reducing curves never loses a peak (performance goal: peaks never lost)."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from processing.downsampling import min_max_columns

values = arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6) | st.just(np.nan))


@given(values, st.integers(1, 50))
def test_columns_agree_with_a_plain_loop(value: np.ndarray, columns: int) -> None:
    column = (np.arange(len(value)) * columns) // len(value)
    found = min_max_columns(column, value, columns=columns)
    for number in range(columns):
        inside = value[(column == number) & np.isfinite(value)]
        assert found.count[number] == len(inside)
        if len(inside):
            assert found.minimum[number] == inside.min()
            assert found.maximum[number] == inside.max()
            assert np.isclose(found.mean[number], inside.mean())
        else:
            assert np.isnan(found.mean[number])
