"""Columns of numbers with a heavy tail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.errors import DataError
from anomaly.preprocessing.columns.heavy_tails import HeavyTailColumn
from anomaly.preprocessing.columns.kinds import column_from_config

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, min_size=1), finite, st.floats(1e-300, 1e300))
def test_the_compressed_number_is_finite_and_keeps_the_order(numbers, center, spread):
    numbers = np.sort(numbers)
    plain, compressed = HeavyTailColumn("n", None, center, spread).numbers_of(numbers)
    np.testing.assert_array_equal(plain, numbers)
    assert np.isfinite(compressed).all()
    assert (np.diff(compressed) >= 0).all()


@given(st.floats(-1e9, 1e9), st.floats(0.01, 100))
def test_both_numbers_of_a_value_give_it_back_exactly(value, spread):
    column = HeavyTailColumn("n", None, 1.0, spread)
    numbers = np.stack(column.numbers_of(np.array([value, np.nan])))
    np.testing.assert_array_equal(column.value_of(numbers), [value, np.nan])


def test_missing_values_are_missing_in_both():
    assert all(
        np.isnan(n).tolist() == [True, False] for n in HeavyTailColumn("n", 1, 0, 1).numbers_of(np.array([np.nan, 1]))
    )


def test_a_column_is_restored_from_its_configuration():
    column = HeavyTailColumn("n", 1, 0.1, 1e-300)
    copy = column_from_config(column.get_config())
    assert type(copy) is HeavyTailColumn
    assert vars(copy) == vars(column)


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (None, "expected a dict 'heavy_tail'"),
        ({}, "expected a float 'center'"),
        ({"center": 1.0, "spread": 1}, "expected a float 'spread'"),
        ({"center": 1.0, "spread": 0.0}, "no center 1.0 and spread 0.0"),
        ({"center": 1.0, "spread": np.inf}, "no center 1.0 and spread inf"),
        ({"center": np.nan, "spread": 1.0}, "no center nan"),
    ],
)
def test_invalid_configurations_are_refused(tail, message):
    config = HeavyTailColumn("n", None, 0.0, 1.0).get_config()
    with pytest.raises(DataError, match=message):
        column_from_config({**config, "heavy_tail": tail})


def test_numbers_of_float32_overflow_nowhere():
    numbers = np.random.default_rng(0).lognormal(0, 3, size=500).astype(np.float32)
    column = HeavyTailColumn("n", None, 1.0, 0.5)
    _, compressed = column.numbers_of(numbers)
    np.testing.assert_allclose(compressed, column.numbers_of(numbers.astype(np.float64))[1], rtol=1e-6)
