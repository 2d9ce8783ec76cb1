"""Windows of a series, and their overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.preprocessing.windows import OverlapSum, cut_windows, pad_start, window_starts


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_every_step_is_in_a_window_of_a_series_that_is_long_enough(n_steps, window, data):
    stride = data.draw(st.integers(1, window))
    starts = window_starts(n_steps, window, stride)
    covered = np.zeros(n_steps, bool)
    for start in starts:
        covered[start : start + window] = True
    assert covered.all() == (n_steps >= window)
    assert (np.diff(starts) > 0).all()


@given(st.integers(5, 40), st.integers(1, 5), st.lists(st.integers(0, 40), max_size=4))
def test_the_mean_of_overlapping_windows_is_the_series(n_steps, stride, cuts):
    series = np.random.default_rng(0).normal(size=(n_steps, 2))
    starts = window_starts(n_steps, 5, stride)
    overlap = OverlapSum(2)
    overlap.add(starts, cut_windows(series, starts, 5))
    parts = [overlap.take(end) for end in [*sorted(min(cut, n_steps) for cut in cuts), n_steps]]
    np.testing.assert_allclose(np.concatenate(parts), series)
    assert overlap.first == n_steps


def test_padding_at_the_start():
    series = np.arange(3.0)[:, None]
    assert pad_start(series, 0) is series
    assert pad_start(series, 2)[:, 0].tolist() == [0.0, 0.0, 0.0, 1.0, 2.0]
