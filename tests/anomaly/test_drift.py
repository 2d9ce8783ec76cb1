import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from anomaly.drift import check_drift, kolmogorov_smirnov

SAMPLES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=40).map(np.array)


def counted(n, m, distance):
    """Count the ways from corner to corner in whole numbers; return the share that gets so far from the diagonal."""
    inside = [0] * (m + 1)
    for i in range(n + 1):
        for j in range(m + 1):
            ways = 1 if i == j == 0 else inside[j] + (inside[j - 1] if j else 0)
            inside[j] = ways if abs(i * m - j * n) < distance else 0
    return 1 - Fraction(inside[m], math.comb(n + m, n))


@given(SAMPLES, SAMPLES)
def test_small_samples_are_counted_exactly(a, b):
    statistic, p_value = kolmogorov_smirnov(a, b)
    places = np.concatenate([a, b])
    assert statistic == pytest.approx(max(abs((a <= t).mean() - (b <= t).mean()) for t in places))
    expected = counted(len(a), len(b), round(statistic * len(a) * len(b)))
    assert p_value == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(5, 9), (30, 30), (100, 700)])
def test_small_samples_are_counted_as_scipy_counts_them(n, m):
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.3, 1.0):
        a, b = rng.normal(size=n), rng.normal(shift, size=m)
        expected = ks_2samp(a, b, method="exact")
        assert kolmogorov_smirnov(a, b) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)


@pytest.mark.parametrize(("n", "m", "shift"), [(60, 4000, 0.0), (100, 100, 0.5), (90, 300, 2.0)])
def test_a_small_chance_is_as_exact_as_a_large_one(n, m, shift):
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=n), rng.normal(shift, size=m)
    assert kolmogorov_smirnov(a, b)[1] == pytest.approx(ks_2samp(a, b, method="exact").pvalue, rel=1e-8)


@pytest.mark.parametrize(("n", "m"), [(101, 150), (500, 300), (2000, 5000)])
def test_large_samples_are_near_enough(n, m):
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.05, 0.1, 0.15):
        a, b = rng.normal(size=n), rng.normal(shift, size=m)
        expected = ks_2samp(a, b, method="exact").pvalue
        assert 0.99 * expected < kolmogorov_smirnov(a, b)[1] < 1.2 * expected


@given(SAMPLES, SAMPLES)
def test_order_of_samples_and_scale_do_not_matter(a, b):
    assert kolmogorov_smirnov(a, b) == pytest.approx(kolmogorov_smirnov(b, a))
    assert kolmogorov_smirnov(np.exp(a / 10), np.exp(b / 10)) == kolmogorov_smirnov(a, b)


@given(SAMPLES, SAMPLES, st.floats(0, 1))
def test_slack_can_only_calm(a, b, slack):
    statistic, p_value = kolmogorov_smirnov(a, b)
    assume(statistic > 0)
    assert kolmogorov_smirnov(a, b, slack)[0] == statistic
    assert kolmogorov_smirnov(a, b, slack)[1] >= p_value * (1 - 1e-9)
    assert kolmogorov_smirnov(a, b, statistic * 1.001)[1] == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "m"), [(80, 500), (700, 400)])
def test_the_level_is_kept_over_many_seeds(n, m):
    alarms = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        alarms += check_drift(rng.gamma(2.0, size=n), rng.gamma(2.0, size=m), level=0.05).drifted
    # 15 are allowed on average, and their number has a standard deviation of 3.8.
    assert 4 <= alarms <= 27


def test_results_as_text():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=400)
    same = check_drift(reference, rng.normal(size=300))
    assert not same.drifted
    assert str(same).startswith("Scores have not drifted: D = 0.0")
    assert same.share_now is None
    moved = check_drift(reference, rng.normal(1.0, size=300), threshold=1.5)
    assert moved.drifted
    assert moved.share_now > 2 * moved.share_then > 0
    assert "have drifted" in str(moved)
    assert f"{moved.share_now:.2%} now" in str(moved)


@pytest.mark.parametrize(
    ("reference", "scores", "level", "message"),
    [
        ([], [1.0], 0.01, "reference_scores must be finite numbers"),
        ([1.0], [], 0.01, "scores must be finite numbers"),
        ([1.0], [np.nan], 0.01, "scores must be finite numbers"),
        ([[1.0]], [1.0], 0.01, r"found shape \(1, 1\)"),
        ([1.0], [1.0], 0, "level must be a number above 0 and below 1; found 0"),
    ],
)
def test_bad_input_is_refused(reference, scores, level, message):
    with pytest.raises(ValueError, match=message):
        check_drift(reference, scores, level=level)
