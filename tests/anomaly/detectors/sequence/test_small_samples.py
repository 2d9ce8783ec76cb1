"""Effective sample size, and the limit for fresh values."""

import numpy as np
import pytest

from anomaly.detectors.sequence.small_samples import effective_sample_size, small_sample_factor
from anomaly.detectors.sequence.smoothing import Smoother


def noise(n, seed=0, features=1):
    return np.random.default_rng(seed).normal(size=(n, features))


@pytest.mark.parametrize("span", [1, 5, 20])
def test_smoothed_noise_has_the_sample_size_of_its_autocorrelation(span):
    found = np.mean([effective_sample_size([Smoother(span)(noise(2000, seed))])[0] for seed in range(20)])
    # Lag k of an exponentially weighted mean of noise has the correlation (1 - alpha)^k.
    rho = 1 - 2 / (span + 1)
    assert found == pytest.approx(2000 * (1 - rho**2) / (1 + rho**2), rel=0.25)


def test_a_mean_square_varies_as_that_of_the_effective_sample():
    series = [Smoother(20)(noise(1000, seed)) for seed in range(200)]
    squares = np.array([np.square(one).mean() for one in series])
    # The relative variance of a mean square of n normal values is 2 / n.
    expected = 2 / (squares.std() / squares.mean()) ** 2
    assert np.median([effective_sample_size([one])[0] for one in series]) == pytest.approx(expected, rel=0.35)


def test_a_random_walk_has_a_small_sample_size_and_zeros_have_the_full_one():
    walk = np.cumsum(noise(400), axis=0)
    found = effective_sample_size([np.column_stack([walk, noise(400, 1), np.zeros(400)])])
    assert found[0] < 12
    assert 300 < found[1] <= 400
    assert found[2] == 400


def test_sample_sizes_of_segments_add_up():
    segments = [noise(500, 1), noise(500, 2), noise(3, 3), noise(1, 4)]
    assert 800 < effective_sample_size(segments)[0] <= 1004
    assert effective_sample_size([np.ones((1, 1))])[0] == 1


def test_fresh_values_stay_below_the_corrected_limit():
    """Few fresh values exceed the limit of a known covariance, times the factor, in units of an estimated one."""
    rng, d, n = np.random.default_rng(0), 6, 25
    beyond = []
    for _ in range(300):
        estimated, fresh = rng.normal(size=(n, d)), rng.normal(size=(n, d))
        squares = np.einsum("ij,jk,ik->i", fresh, np.linalg.inv(estimated.T @ estimated / n), fresh)
        known = d + 2 * np.sqrt(d * np.log(n)) + 2 * np.log(n)
        beyond.append([squares.max() > known, squares.max() > known * small_sample_factor(np.full(d, float(n)))])
    of_known, of_estimated = np.mean(beyond, axis=0)
    assert of_known > 0.3
    assert of_estimated < 0.1


@pytest.mark.parametrize("features", [1, 8, 100])
def test_the_factor_falls_to_one_and_is_bounded(features):
    factors = [small_sample_factor(np.full(features, nu)) for nu in (1.0, 5.0, 20.0, 1e3, 1e6)]
    assert factors[-1] == pytest.approx(1.0, abs=1e-3)
    assert factors[2] >= factors[3] >= factors[4]
    assert 1.0 < max(factors) < 6.0
