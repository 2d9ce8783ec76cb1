"""Validation of the saved states of members."""

import numpy as np
import pytest

from anomaly.detectors.table.members import read_at_least_0, read_matrix, read_positive


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
def test_anything_but_a_matrix_of_finite_numbers_is_refused(array):
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
