"""Agreement of two scorings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from anomaly.metrics import rank_correlation, top_overlap

_pairs = st.integers(2, 50).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 8) | st.floats(-5, 5), min_size=n, max_size=n)] * 2)
)


@given(_pairs)
def test_correlations_are_those_of_scipy(pair):
    first, second = (np.array(scores, float) for scores in pair)
    found = rank_correlation(first, second)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert found == 0
    else:
        assert found == pytest.approx(spearmanr(first, second).statistic, abs=1e-12)
    assert rank_correlation(second, first) == pytest.approx(found, abs=1e-12)
    assert rank_correlation(first, first) == pytest.approx(float(np.ptp(first) > 0))


@given(_pairs, st.data())
def test_overlaps_are_those_of_sets(pair, data):
    first, second = pair
    k = data.draw(st.integers(1, len(first)))
    tops = [set(sorted(range(len(s)), key=lambda i: (-s[i], i))[:k]) for s in pair]
    assert top_overlap(first, second, k) == len(tops[0] & tops[1]) / k
    assert top_overlap(first, first, k) == 1


def test_scores_without_relation_agree_by_chance():
    rng = np.random.default_rng(0)
    found = [top_overlap(rng.random(200), rng.random(200), 20) for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.1, abs=0.01)


def test_invalid_arguments():
    for function in (rank_correlation, lambda a, b: top_overlap(a, b, 1)):
        with pytest.raises(ValueError, match=r"must be of one length; found shapes \(2,\) and \(1,\)"):
            function([1.0, 2.0], [1.0])
        with pytest.raises(ValueError, match="second must be finite numbers; found nan"):
            function([1.0], [np.nan])
    for k in (0, 3, 1.5):
        with pytest.raises(ValueError, match="k must be a whole number from 1 to 2"):
            top_overlap([1.0, 2.0], [1.0, 2.0], k)
