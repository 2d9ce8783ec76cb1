"""Mean squares, drift and shrunken correlations of residuals."""

import numpy as np
import pytest

from anomaly.detectors.sequence.covariance import inverse_root, mean_square, mean_square_drift, shrunken_correlation
from anomaly.detectors.sequence.whitening import ResidualScale

RNG = np.random.default_rng(0)


def test_correlations_of_independent_features_shrink_to_zero():
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
def test_drift_is_extrapolated_by_a_power_of_the_lag(walk, power):
    at = mean_square_drift([walk], 2000)[0]
    growth = np.log(mean_square_drift([walk], 8000)[0] / at) / np.log(4)
    assert growth == pytest.approx(power, abs=0.5 if power == 1 else 0.05)


def test_segments_too_short_for_an_estimate_make_no_allowance():
    assert mean_square_drift([np.ones((5, 2))], 100).tolist() == [0.0, 0.0]
    assert np.isfinite(ResidualScale().fit([np.ones((3, 2))], horizon=50).scale_).all()


def test_drift_is_estimated_from_the_segments_in_which_a_feature_is_present():
    walk, steady = np.cumsum(RNG.normal(size=(4000, 1)), axis=0), RNG.normal(size=(500, 1))
    segments = [np.hstack([np.zeros((500, 1)), steady]), np.hstack([walk, np.zeros((4000, 1))])]
    present = [np.tile([False, True], (500, 1)), np.tile([True, False], (4000, 1))]
    expected = [mean_square_drift([walk], 1e4)[0], mean_square_drift([steady], 1e4)[0]]
    np.testing.assert_allclose(mean_square_drift(segments, 1e4, present), expected)
    assert mean_square_drift([steady], 1e4, [np.arange(500)[:, None] < 20]).tolist() == [0.0]


def test_masked_values_do_not_enter_a_mean_square():
    values, present = RNG.normal(size=(50, 2)), RNG.random((50, 2)) < 0.5
    present[:, 1] = False
    expected = [np.square(values[present[:, 0], 0]).mean(), 0.0]
    np.testing.assert_allclose(mean_square(values, present), expected)


def test_masked_values_do_not_enter_a_correlation():
    values, present = RNG.normal(size=(50, 3)), RNG.random((50, 3)) < 0.7
    other = np.where(present, values, 1e6)
    np.testing.assert_array_equal(shrunken_correlation(values, present), shrunken_correlation(other, present))
    assert np.linalg.eigvalsh(shrunken_correlation(values, present)).min() > 0


def test_the_inverse_root_is_symmetric_and_whitens():
    root = RNG.normal(size=(4, 4))
    matrix = root @ root.T + np.eye(4)
    found = inverse_root(matrix)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    np.testing.assert_allclose(found @ matrix @ found, np.eye(4), atol=1e-10)
