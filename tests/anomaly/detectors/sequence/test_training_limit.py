import numpy as np
import pytest

from anomaly.detectors.sequence.training_limit import training_limit


def scores_with(fraction, seed=0, n=3000, height=3.0):
    """Return smooth normal scores, and the mask of anomalous ones in events of twenty steps."""
    rng = np.random.default_rng(seed)
    scores = np.exp(0.2 * np.convolve(rng.normal(size=n + 9), np.full(10, 10**-0.5), "valid"))
    is_anomaly = np.zeros(n, bool)
    for start in rng.permutation(n // 20)[: round(fraction * n / 20)] * 20:
        is_anomaly[start : start + 20] = True
    return np.where(is_anomaly, height * scores, scores), is_anomaly


@pytest.mark.parametrize("fraction", [0.01, 0.02])
def test_separate_anomalies_are_found(fraction):
    scores, is_anomaly = scores_with(fraction)
    above = scores > training_limit(scores)
    assert above[is_anomaly].mean() > 0.95
    assert above[~is_anomaly].mean() < 0.02


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_of_many_anomalies_the_highest_are(fraction):
    scores, is_anomaly = scores_with(fraction)
    above = scores > training_limit(scores)
    assert 0.02 <= above.mean() <= 0.03
    assert is_anomaly[above].all()


@pytest.mark.parametrize("seed", range(5))
def test_few_normal_steps_are_above(seed):
    scores, _ = scores_with(0.0, seed)
    assert (scores > training_limit(scores)).mean() <= 0.03


@pytest.mark.parametrize("scores", [[1.0], [0.0] * 100, [2.0] * 100])
def test_scores_that_do_not_vary(scores):
    assert not (np.array(scores) > training_limit(scores)).any()
