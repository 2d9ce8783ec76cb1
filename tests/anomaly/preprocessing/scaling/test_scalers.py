"""Laws that every scaler keeps, and figures of scikit-learn's scalers of the same names."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import preprocessing as reference

from anomaly.errors import DataError
from anomaly.preprocessing.scaling.linear import (
    SCALERS,
    IdentityScaler,
    MinMaxScaler,
    RobustScaler,
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
    # Linear interpolation may be off by a rounding at the end of a stretch: by one of what it goes on from.
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
def test_a_constant_becomes_zero_and_a_change_shows_by_how_much(kind, constant, count, step):
    scaler = fitted(kind, [constant] * count)
    here, there = scaled(scaler, [constant, constant + step])
    # Halves of the smallest numbers are not exact.
    assert here == pytest.approx(constant if kind is IdentityScaler else 0.0, rel=0, abs=1e-300)
    assert there - here == pytest.approx((constant + step) - constant, rel=1e-6)


@EVERY
@given(column=columns, where=st.data())
def test_missing_values_stay_missing_and_count_for_nothing(kind, column, where):
    holes = where.draw(st.lists(st.integers(0, len(column)), max_size=5))
    with_holes = np.insert(np.array(column), holes, np.nan)
    scaler, plain = fitted(kind, with_holes), fitted(kind, column)
    z = scaled(scaler, with_holes)
    np.testing.assert_array_equal(np.isnan(z), np.isnan(with_holes))
    np.testing.assert_array_equal(z[~np.isnan(z)], scaled(plain, column))


@EVERY
@given(x=arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(0, 4)), elements=values))
def test_a_state_gives_the_same_scaler_to_the_last_bit(kind, x):
    scaler = kind().fit(x)
    config, state = scaler.get_state()
    copy = scaler_from_state(config, state)
    assert type(copy) is kind
    assert copy.n_features_in_ == x.shape[1]
    np.testing.assert_array_equal(copy.transform(x), scaler.transform(x))
    np.testing.assert_array_equal(copy.inverse_transform(x), scaler.inverse_transform(x))


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


# -- by ranks ----------------------------------------------------------------------------------


def test_ranks_become_normal_or_uniform():
    column = np.exp(np.random.default_rng(0).normal(size=999))
    z = scaled(fitted(QuantileScaler, column), column)
    assert z.mean() == pytest.approx(0.0, abs=1e-6)
    assert z.std() == pytest.approx(1.0, abs=0.01)
    shares = scaled(QuantileScaler(output="uniform").fit(column[:, None]), np.sort(column))
    np.testing.assert_allclose(shares, (np.arange(999) + 0.5) / 999)


def test_far_outside_stays_far_outside():
    column = np.random.default_rng(0).normal(size=500)
    near, far = scaled(fitted(QuantileScaler, column), [column.max() + 1, column.max() + 1000])
    assert far > 100 * near


def test_few_landmarks_stand_for_many_values():
    column = np.random.default_rng(0).normal(size=5000)
    scaler = QuantileScaler(n_quantiles=100).fit(column[:, None])
    assert len(scaler.landmarks_[0]) <= 100
    exact = scaled(QuantileScaler(n_quantiles=5000).fit(column[:, None]), column)
    assert np.abs(scaled(scaler, column) - exact).max() < 0.4
    assert np.abs(scaled(scaler, column) - exact).mean() < 0.005


def test_infinity_is_scaled_to_infinity():
    assert scaled(fitted(StandardScaler, [0.0, 1.0]), [np.inf])[0] == np.inf


# -- errors ------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(3), r"2-D array \(rows x columns\); found shape \(3,\)"),
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
        with pytest.raises(DataError, match=r"was fitted on 2 columns; found shape \(1, 3\)"):
            method(np.ones((1, 3)))


def test_quantile_settings_are_checked():
    with pytest.raises(ValueError, match="output must be one of 'normal', 'uniform'; found 'bell'"):
        QuantileScaler(output="bell")
    with pytest.raises(ValueError, match="n_quantiles must be a whole number of at least 2; found 1"):
        QuantileScaler(n_quantiles=1)


AFFINE = {"center": np.zeros(2), "scale": np.ones(2)}
RANKS = {"sizes": np.array([2]), "landmarks": np.array([0.0, 1.0]), "targets": np.array([-1.0, 1.0])}
QUANTILE = {"name": "quantile", "output": "normal", "n_quantiles": 1000}


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
        ({**QUANTILE, "output": "bell"}, RANKS, "found output 'bell'"),
        ({**QUANTILE, "n_quantiles": 1}, RANKS, "1 quantiles"),
        ({**QUANTILE, "n_quantiles": True}, RANKS, "expected a int 'n_quantiles'"),
        (QUANTILE, {**RANKS, "sizes": np.array([0])}, "positive number of landmarks"),
        (QUANTILE, {**RANKS, "sizes": np.array([3])}, "of the lengths in 'sizes'"),
        (QUANTILE, {**RANKS, "sizes": np.array([2**62, 2**62, 2**62, 2**62, 2])}, "of the lengths in 'sizes'"),
        (QUANTILE, {**RANKS, "landmarks": np.array([1.0, 0.0])}, "increasing landmarks"),
        (QUANTILE, {**RANKS, "targets": np.array([0.0, 0.0])}, "increasing landmarks and targets"),
        (QUANTILE, {**RANKS, "targets": np.array([0.0, 1e9])}, "increasing landmarks and targets"),
    ],
)
def test_invalid_states_are_refused(config, state, message):
    with pytest.raises(DataError, match=message):
        scaler_from_state(config, state)
