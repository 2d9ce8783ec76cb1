"""Affine scalers: agreement with scikit-learn, and invalid states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import preprocessing as reference

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.linear import MinMaxScaler, RobustScaler, StandardScaler, scaler_from_state

AFFINE = {"center": np.zeros(2), "scale": np.ones(2)}


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (StandardScaler, reference.StandardScaler),
        (MinMaxScaler, reference.MinMaxScaler),
        (RobustScaler, reference.RobustScaler),
    ],
)
@given(
    x=arrays.arrays(
        np.float64, st.tuples(st.integers(2, 30), st.just(3)), elements=st.integers(-1000, 1000).map(lambda n: n / 8)
    )
)
def test_affine_scalers_agree_with_scikit_learn(own, other, x):
    np.testing.assert_allclose(own().fit(x).transform(x), other().fit(x).transform(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("config", "state", "message"),
    [
        ({}, {}, "expected a str 'name'"),
        ({"name": "evil"}, AFFINE, "expected one of standard"),
        ({"name": "standard"}, {"center": np.zeros(2)}, "'scale'"),
        ({"name": "standard"}, {**AFFINE, "scale": np.array([1.0, 0.0])}, "positive scales"),
        ({"name": "standard"}, {**AFFINE, "scale": np.ones(3)}, "as many positive scales"),
        ({"name": "standard"}, {**AFFINE, "center": np.array([0.0, np.nan])}, "not finite"),
        ({"name": "standard"}, {**AFFINE, "center": np.zeros((2, 1))}, "expected a vector"),
        ({"name": "standard"}, {**AFFINE, "center": np.zeros(2, np.float32)}, "vector of float64"),
    ],
)
def test_invalid_states_are_refused(config, state, message):
    with pytest.raises(DataError, match=message):
        scaler_from_state(config, state)
