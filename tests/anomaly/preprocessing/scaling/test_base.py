"""Properties of all scalers."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.linear import (
    SCALERS,
    IdentityScaler,
    StandardScaler,
    scaler_from_state,
)
from anomaly.preprocessing.scaling.quantile import QuantileScaler

EVERY = pytest.mark.parametrize("kind", list(SCALERS.values()))
# Coarse numbers, so that ties and constants are frequent, beside wild ones.
values = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.floats(allow_nan=False, allow_infinity=False)
)
columns = st.lists(values, min_size=1, max_size=30)


def fitted(kind, column):
    return kind().fit(np.array(column)[:, None])


def scaled(scaler, column):
    return scaler.transform(np.asarray(column, dtype=float)[:, None])[:, 0]


@EVERY
@given(column=columns, more=columns)
@example(column=[1.0, 1.3404016059739656e-211, -970040.25], more=[0.0])
@example(column=[8.988465674311578e307, 8.988465674311582e307, -1.7976931348623157e308], more=[0.0])
def test_larger_values_never_become_smaller(kind, column, more):
    ordered = np.sort(np.array(column + more))
    scaler = fitted(kind, column)
    z = scaled(scaler, ordered)
    # Linear interpolation may be off by a rounding error at the end of a segment, relative to its start.
    known = np.abs(scaled(scaler, column))
    rounding = 1e-15 * known[np.isfinite(known)].max(initial=0.0)
    assert ((z[1:] >= z[:-1]) | np.isclose(z[1:], z[:-1], rtol=1e-12, atol=rounding)).all()


@EVERY
@given(column=st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=30))
def test_the_inverse_undoes_the_scaling(kind, column):
    scaler = fitted(kind, column)
    x = np.array([*column, 0.0, max(column) + 5.0, min(column) - 5.0])[:, None]
    error = np.abs(scaler.inverse_transform(scaler.transform(x)) - x)
    assert error.max() <= 1e-9 * (1 + np.abs(x).max())


@EVERY
@example(constant=3.1942375402781993e-308, count=1, step=1.0)
@given(constant=st.floats(-1e300, 1e300, allow_subnormal=False), count=st.integers(1, 20), step=st.floats(0.5, 100))
def test_a_constant_becomes_zero_and_a_change_keeps_its_size(kind, constant, count, step):
    scaler = fitted(kind, [constant] * count)
    here, there = scaled(scaler, [constant, constant + step])
    # Halves of the smallest numbers are not exact.
    assert here == pytest.approx(constant if kind is IdentityScaler else 0.0, rel=0, abs=1e-300)
    assert there - here == pytest.approx((constant + step) - constant, rel=1e-6)


@EVERY
@given(column=columns, where=st.data())
def test_missing_values_remain_missing_and_do_not_change_the_fit(kind, column, where):
    gaps = where.draw(st.lists(st.integers(0, len(column)), max_size=5))
    with_gaps = np.insert(np.array(column), gaps, np.nan)
    scaler, plain = fitted(kind, with_gaps), fitted(kind, column)
    z = scaled(scaler, with_gaps)
    np.testing.assert_array_equal(np.isnan(z), np.isnan(with_gaps))
    np.testing.assert_array_equal(z[~np.isnan(z)], scaled(plain, column))


@EVERY
@given(x=arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(0, 4)), elements=values))
@example(x=np.array([[-np.finfo(np.float64).max], [0.0], [np.finfo(np.float64).max]]))
def test_a_state_gives_the_same_scaler_to_the_last_bit(kind, x):
    scaler = kind().fit_matrix(x)
    config, state = scaler.get_state()
    copy = scaler_from_state(config, state)
    assert type(copy) is kind
    assert copy.n_features_in_ == x.shape[1]
    np.testing.assert_array_equal(copy.scale(x), scaler.scale(x))
    np.testing.assert_array_equal(copy.unscale(x), scaler.unscale(x))


@EVERY
@pytest.mark.parametrize("size", [1e-280, 1e-12, 1e12, 1e300])
def test_columns_of_any_size_are_scaled(kind, size):
    column = size * np.array([1.0, 2.0, 4.0, 8.0])
    z = scaled(fitted(kind, column), column)
    assert np.isfinite(z).all()
    if kind is not IdentityScaler:
        assert 0.5 < np.ptp(z) < 10


@EVERY
def test_the_largest_numbers_keep_their_order(kind):
    largest = np.finfo(np.float64).max
    z = scaled(fitted(kind, [-largest, 0.0, largest]), [-largest, 0.0, largest])
    # A difference of two of them may be infinite, but not unknown.
    assert z[0] < z[1] < z[2]


def test_a_column_that_is_constant_but_for_rounding_is_constant():
    column = [0.1 + 0.2, 0.3, 0.1 + 0.2]
    assert np.abs(scaled(fitted(StandardScaler, column), column)).max() < 1e-15
    assert scaled(fitted(QuantileScaler, column), [1.3])[0] == pytest.approx(1.0)


def test_infinity_is_scaled_to_infinity():
    assert scaled(fitted(StandardScaler, [0.0, 1.0]), [np.inf])[0] == np.inf


# -- errors ------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(3), r"2-D array \(rows x columns\), found 1-D of shape \(3,\)"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), r"column 1 \(counted from 0\) has no value"),
        (np.array([[np.inf], [2.0]]), r"column 0 \(counted from 0\) contains an infinite value"),
    ],
)
def test_invalid_training_rows_are_refused(kind, x, message):
    with pytest.raises(DataError, match=message):
        kind().fit(x)


@EVERY
def test_another_number_of_columns_is_refused(kind):
    scaler = kind().fit(np.ones((3, 2)))
    for method in (scaler.transform, scaler.inverse_transform):
        with pytest.raises(DataError, match="X has 3 features, but .*Scaler is expecting 2"):
            method(np.ones((1, 3)))
