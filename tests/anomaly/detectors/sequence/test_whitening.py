"""Errors on a common scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.whitening import ResidualScale, Smoother, shrunken_correlation, wandering

RNG = np.random.default_rng(0)


def test_the_square_is_that_of_mahalanobis():
    errors = RNG.normal(size=(500, 3)) @ RNG.normal(size=(3, 3))
    scale = ResidualScale().fit([errors])
    correlation = shrunken_correlation(errors / scale.scale_)
    covariance = correlation * np.outer(scale.scale_, scale.scale_)
    some = errors[:5]
    expected = np.einsum("ij,jk,ik->i", some, np.linalg.inv(covariance), some)
    np.testing.assert_allclose(np.square(scale.whiten(some)).sum(axis=1), expected)


def test_a_bias_counts_as_error():
    assert ResidualScale().fit([np.full((50, 1), 3.0)]).scale_ == pytest.approx([3.0])


def test_correlations_of_independent_features_shrink_to_nothing():
    few = RNG.normal(size=(20, 6))
    off = ~np.eye(6, dtype=bool)
    assert np.abs(shrunken_correlation(few)[off]).max() < 0.5 * np.abs(few.T @ few / 20)[off].max()
    assert shrunken_correlation(np.zeros((5, 2))).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("walk", "power"),
    [
        (RNG.normal(size=(4000, 1)), 0.0),
        (np.cumsum(RNG.normal(size=(4000, 1)), axis=0), 1.0),
        (np.arange(4000.0)[:, None], 2.0),
    ],
)
def test_wandering_is_extrapolated_by_a_power_of_the_lag(walk, power):
    at = wandering([walk], 2000)[0]
    growth = np.log(wandering([walk], 8000)[0] / at) / np.log(4)
    assert growth == pytest.approx(power, abs=0.5 if power == 1 else 0.05)


def test_runs_too_short_to_tell_make_no_allowance():
    assert wandering([np.ones((5, 2))], 100).tolist() == [0.0, 0.0]
    assert np.isfinite(ResidualScale().fit([np.ones((3, 2))], horizon=50).scale_).all()


def test_errors_that_were_not_measured_do_not_count():
    walk = np.cumsum(RNG.normal(size=(4000, 1)), axis=0)
    errors = np.hstack([walk, RNG.normal(size=(4000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])])
    whole = ResidualScale().fit([errors], horizon=8000)
    present = np.ones(errors.shape, dtype=bool)
    present[:500, 1] = present[3000:3200, 2] = present[3800:, 0] = False
    some = ResidualScale().fit([np.where(present, errors, 0.0)], 8000, [present])
    np.testing.assert_allclose(some.scale_[1:], whole.scale_[1:], rtol=0.1)
    assert some.scale_[0] == pytest.approx(whole.scale_[0], rel=0.7)
    np.testing.assert_allclose(some.whitening_, whole.whitening_, atol=0.15)
    # Whatever stands where nothing was measured.
    other = ResidualScale().fit([np.where(present, errors, 1e6)], 8000, [present])
    np.testing.assert_allclose(other.scale_, some.scale_)
    np.testing.assert_allclose(other.whitening_, some.whitening_)


def test_wandering_is_told_from_the_runs_in_which_a_feature_is_present():
    walk, steady = np.cumsum(RNG.normal(size=(4000, 1)), axis=0), RNG.normal(size=(500, 1))
    runs = [np.hstack([np.zeros((500, 1)), steady]), np.hstack([walk, np.zeros((4000, 1))])]
    present = [np.tile([False, True], (500, 1)), np.tile([True, False], (4000, 1))]
    expected = [wandering([walk], 1e4)[0], wandering([steady], 1e4)[0]]
    np.testing.assert_allclose(wandering(runs, 1e4, present), expected)
    assert wandering([steady], 1e4, [np.arange(500)[:, None] < 20]).tolist() == [0.0]


@given(st.lists(st.integers(0, 200), max_size=5), st.floats(1.0, 50.0))
def test_smoothing_is_the_recursion_however_it_is_cut(cuts, span):
    values = np.random.default_rng(1).normal(size=(200, 2))
    smoother = Smoother(span)
    found = np.concatenate([smoother(part) for part in np.split(values, sorted(cuts))])
    alpha, state = 2 / (span + 1), np.zeros(2)
    for value, smooth in zip(values, found, strict=True):
        state = (1 - alpha) * state + alpha * value
        np.testing.assert_allclose(smooth, state, atol=1e-12)
