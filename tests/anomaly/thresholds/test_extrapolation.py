import math
import warnings

import numpy as np
import pytest
from scipy import stats

from anomaly.calibration import conformal_threshold
from anomaly.errors import FewRecordsWarning
from anomaly.thresholds.extrapolation import FURTHEST, fresh_quantile, warn_if_few

LAWS = {
    "uniform": stats.uniform(),
    "half normal": stats.halfnorm(),
    "normal": stats.norm(),
    "exponential": stats.expon(),
    "gamma": stats.gamma(2),
    "log-normal": stats.lognorm(1),
    "Pareto 3": stats.pareto(3),
    "Pareto 1": stats.pareto(1),
}
SEEDS = 400


def realised(law, n, rate):
    """Return the mean chance that a fresh score is above the threshold, and its standard error."""
    samples = np.sort(law.rvs((SEEDS, n), random_state=np.random.default_rng(n)), axis=1)
    chances = law.sf([fresh_quantile(sample, rate) for sample in samples])
    return np.mean(chances), np.std(chances) / math.sqrt(SEEDS)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("n", "rate"), [(20, 0.1), (99, 0.01), (250, 0.02)])
def test_ranks_keep_the_rate_for_every_distribution(law, n, rate):
    rate_found, error = realised(LAWS[law], n, rate)
    expected = (math.floor(rate * (n + 1) + 1e-9)) / (n + 1)
    assert rate_found == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [20, 100, 300])
@pytest.mark.parametrize("factor", [2.0, FURTHEST])
def test_beyond_the_largest_score_the_rate_is_kept_by_tails_up_to_paretos(law, n, factor):
    rate = 1 / (factor * (n + 1))
    found, error = realised(LAWS[law], n, rate)
    assert found <= 1.05 * rate + 4 * error


@pytest.mark.parametrize("index", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(("n", "factor"), [(8, 3.0), (30, 10.0), (100, 5.0)])
def test_beyond_the_largest_score_the_rate_is_exact_for_pareto_tails(index, n, factor):
    rate = 1 / (factor * (n + 1))
    found, error = realised(stats.pareto(index), n, rate)
    assert found == pytest.approx(rate, abs=4 * error)


@pytest.mark.parametrize("index", [0.5, 3.0])
@pytest.mark.parametrize("origin", [-1000.0, 1000.0])
@pytest.mark.parametrize("n", [20, 100])
def test_pareto_tails_far_from_0_exceed_the_rate_by_a_documented_factor(index, origin, n):
    rate = 1 / (FURTHEST * (n + 1))
    found, error = realised(stats.pareto(index, loc=origin), n, rate)
    assert 2 * rate < found <= 8 * rate + 4 * error


def test_scores_of_both_signs_are_continued_as_an_exponential_tail():
    rng, n, rate = np.random.default_rng(0), 30, 1 / 155
    # Nearly all of the ten largest lie above a level that is not positive.
    scores = [np.sort(rng.exponential(size=n) - 10) for _ in range(SEEDS)]
    chances = [math.exp(-max(fresh_quantile(s, rate) + 10, 0)) for s in scores]
    assert np.mean(chances) == pytest.approx(rate, abs=4 * np.std(chances) / math.sqrt(SEEDS))


def test_the_tail_is_continued_so_far_and_no_further():
    ranked = np.sort(np.random.default_rng(0).exponential(size=50))
    furthest = 1 / (FURTHEST * 51)
    assert fresh_quantile(ranked, furthest / 100) == fresh_quantile(ranked, furthest)
    rates = np.geomspace(furthest, 0.5, 40)
    thresholds = [fresh_quantile(ranked, rate) for rate in rates]
    assert (np.diff(thresholds) <= 0).all()
    assert thresholds[0] > ranked[-1]


@pytest.mark.parametrize("ranked", [[1.0], [5e-324, 4.0], [0.0, 0.0], [1e-300, 1.0], [-1.0, 0.0, 5.0], [2.0] * 30])
def test_any_scores_give_a_finite_quantile(ranked):
    found = fresh_quantile(np.array(ranked), 1e-4)
    assert np.isfinite(found)
    assert found >= ranked[-1]


def test_the_warning_says_what_is_promised_and_what_was_done():
    with pytest.warns(FewRecordsWarning, match=r"only 0\.0099 or more: the threshold is an estimate .* 199 records"):
        warn_if_few(100, 0.005)
    with pytest.warns(FewRecordsWarning, match=r"taken as 0\.00099.* or a larger q"):
        warn_if_few(100, 1e-5, "q")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        conformal_threshold(np.arange(10.0), 0.01)
    assert found[0].filename == __file__
