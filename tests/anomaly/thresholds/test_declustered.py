import math

import numpy as np
import pytest
from scipy import stats

from anomaly.thresholds.declustered import DeclusteredPeaks, cluster_peaks

LAWS = {
    "exponential": stats.expon(),
    "gamma": stats.gamma(2),
    "log-normal": stats.lognorm(0.5),
    "half normal": stats.halfnorm(),
    "Pareto 3": stats.pareto(3),
}


def smeared(law, n, rng, width=10):
    """Return autocorrelated scores: the largest of `width` independent values."""
    values = law.rvs(n + width - 1, random_state=rng)
    return np.lib.stride_tricks.sliding_window_view(values, width).max(axis=1)


def n_events(scores, threshold, gap):
    return len(cluster_peaks(scores, threshold, gap))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("n", "rate"), [(500, 2e-3), (500, 2e-4), (3000, 1e-3), (3000, 1e-4)])
def test_fresh_scores_have_no_more_events_than_promised(law, n, rate):
    rates = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        threshold = DeclusteredPeaks(rate, gap=20).fit(smeared(LAWS[law], n, rng)).threshold_
        # Single values are independent: the chance of an event follows from the law, whatever its size.
        rates.append(-math.expm1(-LAWS[law].sf(threshold)))
    assert np.mean(rates) <= rate + 4 * np.std(rates) / math.sqrt(len(rates))
    if n * rate >= 1:
        assert np.mean(rates) >= 0.2 * rate


def test_without_the_error_of_the_tail_the_threshold_is_lower():
    scores = smeared(stats.expon(), 2000, np.random.default_rng(0))
    careful, plain = (DeclusteredPeaks(1e-3, 20, predictive).fit(scores) for predictive in (True, False))
    assert plain.threshold_ < careful.threshold_
    assert plain.threshold_ == pytest.approx(
        plain.level_ * math.exp(plain.mean_excess_ * math.log(plain.n_peaks_ / 2)), rel=1e-12
    )
    # It is no extrapolation beyond one event among the scores.
    rare, rarest = (DeclusteredPeaks(rate, 20, predictive=False).fit(scores).threshold_ for rate in (5e-4, 1e-6))
    assert plain.threshold_ < rare == rarest
    assert (plain.level_, plain.n_peaks_) == (careful.level_, careful.n_peaks_)


def test_a_cluster_is_one_event():
    scores = np.zeros(100)
    scores[[10, 12, 14, 60]] = [3.0, 5.0, 4.0, 2.0]
    assert cluster_peaks(scores, 1.0, gap=2).tolist() == [5.0, 2.0]
    assert cluster_peaks(scores, 1.0, gap=1).tolist() == [3.0, 5.0, 4.0, 2.0]
    assert cluster_peaks(scores, 1.0, gap=50).tolist() == [5.0]
    assert cluster_peaks(scores, 9.0, gap=2).tolist() == []


def test_no_event_goes_on_in_the_next_segment():
    scores = np.r_[np.ones(98), 3.0, 4.0, 5.0, 6.0, np.ones(98)]
    rule = DeclusteredPeaks(gap=5)
    assert rule.fit(scores).n_peaks_ == 1
    assert rule.fit_segments([scores[:100], [], scores[100:]]).n_peaks_ == 2


def test_at_most_a_fraction_of_the_scores_is_flagged_if_events_are_long():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=2000) ** 2
    scores[500:560] += 100
    assert (scores > DeclusteredPeaks(0.5, 20).fit(scores).threshold_).mean() <= 0.01
    assert (scores > DeclusteredPeaks(0.5, 20, most_flagged=0.2).fit(scores).threshold_).mean() > 0.01


def test_scale_and_shift():
    scores = smeared(stats.gamma(3), 800, np.random.default_rng(1))
    rule = DeclusteredPeaks(5e-4, 20)
    threshold = rule.fit(scores).threshold_
    assert rule.fit(1e-3 * scores).threshold_ == pytest.approx(1e-3 * threshold)
    # Scores below 0 have no logarithms: the tail is exponential, which moves with them.
    assert rule.fit(scores - 1000).threshold_ == pytest.approx(rule.fit(scores - 500).threshold_ - 500)


@pytest.mark.parametrize("scores", [[2.0], [2.0] * 300, [0.0] * 300, [0.0] * 299 + [1.0], [-1.0] * 50])
def test_scores_without_a_tail(scores):
    rule = DeclusteredPeaks().fit(scores)
    assert math.isfinite(rule.threshold_)
    assert rule.predict(scores).mean() <= 0.01


def test_a_heavy_tail_does_not_overflow():
    scores = np.exp(np.random.default_rng(0).standard_cauchy(400).clip(-500, 500))
    assert DeclusteredPeaks(1e-6, 1).fit(scores).threshold_ <= np.inf


def test_shortage():
    assert DeclusteredPeaks(1e-3).shortage(1000) is None
    assert "give at least 1,000 steps" in DeclusteredPeaks(1e-3).shortage(999).lower()
    assert DeclusteredPeaks(1e-3, predictive=False).shortage(10) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 0}, "DeclusteredPeaks: rate must be a number above 0 and below 1; found 0"),
        ({"rate": 1}, "DeclusteredPeaks: rate must be"),
        ({"gap": 0}, "DeclusteredPeaks: gap must be"),
        ({"predictive": "yes"}, "DeclusteredPeaks: predictive must be"),
        ({"most_flagged": 1.5}, "DeclusteredPeaks: most_flagged must be"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeclusteredPeaks(**arguments)


def test_scores_are_needed():
    with pytest.raises(ValueError, match="scores"):
        DeclusteredPeaks().fit_segments([[], []])
    with pytest.raises(ValueError, match="scores"):
        DeclusteredPeaks().fit([1.0, np.nan])
