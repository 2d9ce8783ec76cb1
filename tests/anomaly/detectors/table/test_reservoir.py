import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.table.reservoir import add_to_reservoir


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 10))
def test_the_sample_holds_distinct_items_up_to_its_size(sizes, most):
    rng = np.random.default_rng(0)
    sample, seen = np.zeros(0, int), 0
    for size in sizes:
        sample = add_to_reservoir(sample, seen, np.arange(seen, seen + size), most, rng)
        seen += size
    assert len(sample) == len(set(sample.tolist())) == min(seen, most)
    assert set(sample.tolist()) <= set(range(seen))


@pytest.mark.parametrize("cut", [[40], [1] * 40, [7, 1, 32]])
def test_all_items_are_kept_with_the_same_probability(cut):
    rng = np.random.default_rng(1)
    counts = np.zeros(40)
    for _ in range(1500):
        sample, seen = np.zeros(0, int), 0
        for size in cut:
            sample = add_to_reservoir(sample, seen, np.arange(seen, seen + size), 10, rng)
            seen += size
        counts[sample] += 1
    # Each is a binomial of 1500 tries with chance 1/4: standard deviation 17.
    assert np.abs(counts - 375).max() < 5 * 17
