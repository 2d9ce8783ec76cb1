"""The common scale of members, and the validation of what files say of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anomaly.detectors.table.members import (
    read_at_least_0,
    read_matrix,
    read_positive,
    spread_of,
    standardize,
    typical,
)


def test_the_spread_is_twice_the_logarithm_of_the_third_quartile():
    assert spread_of(np.array([0.5, 1.0, np.e, 9.0, 1.0])) == pytest.approx(2)
    assert spread_of(np.zeros(4)) == 0


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(1e-3, 1e3)), st.floats(1e-2, 1e2))
def test_scores_and_spread_do_not_depend_on_the_unit(raw, unit):
    scores, scale, spread = standardize(raw)
    again, larger, same = standardize(unit * raw)
    assert np.median(scores) == pytest.approx(1)
    np.testing.assert_allclose(again, scores)
    assert larger == pytest.approx(unit * scale)
    assert same == pytest.approx(spread)


def test_the_typical_score_is_never_0():
    assert typical(np.array([1.0, 2.0, 9.0])) == 2
    assert typical(np.array([0.0, 0.0, 9.0])) == 3
    assert typical(np.zeros(3)) == 1


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.float32),
        np.zeros((0, 3), np.float32),
        np.zeros((2, 3)),
        np.array([[np.nan]], np.float32),
        np.array([[np.inf]], np.float32),
    ],
)
def test_what_is_no_matrix_of_finite_numbers_is_refused(array):
    with pytest.raises(ValueError, match="its records are no matrix of finite float32 numbers"):
        read_matrix({"records": array}, "records")


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan, 1, "1", None])
def test_a_scale_must_be_positive(value):
    with pytest.raises(ValueError, match="its scale is"):
        read_positive({"scale": value}, "scale")


@pytest.mark.parametrize("value", [-1.0, 1e10, np.nan, True, "x", None])
def test_a_spread_must_be_a_number_of_at_least_0(value):
    with pytest.raises(ValueError, match="its spread is"):
        read_at_least_0({"spread": value}, "spread", default=1.0)


def test_a_number_that_is_missing_has_its_default_or_is_an_error():
    assert read_at_least_0({}, "spread", default=1.0) == 1
    assert read_at_least_0({"contrast": 0}, "contrast") == 0
    with pytest.raises(KeyError):
        read_at_least_0({}, "contrast")
