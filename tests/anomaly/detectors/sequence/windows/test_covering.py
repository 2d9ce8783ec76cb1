"""Means over the windows that cover a step."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.covering import CoveringMean


def pushed(values, window, cuts):
    mean = CoveringMean(window)
    parts = [mean.push(part) for part in np.split(values, cuts)]
    return np.concatenate([*parts, mean.finish()])


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 999))
def test_the_mean_of_the_windows_that_cover_a_step(window, n_windows, seed):
    values = np.random.default_rng(seed).normal(size=(n_windows, 2))
    n_steps = n_windows + window - 1
    covering = [values[max(t - window + 1, 0) : t + 1].mean(axis=0) for t in range(n_steps)]
    np.testing.assert_allclose(pushed(values, window, []), covering, atol=1e-12)


@given(st.integers(1, 12), st.integers(1, 40), st.lists(st.integers(0, 40), max_size=6), st.integers(0, 999))
def test_bits_do_not_depend_on_how_windows_are_divided(window, n_windows, cuts, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_windows, 2)) * 10.0 ** rng.integers(-8, 9, (n_windows, 1))
    inside = sorted(min(cut, n_windows) for cut in cuts)
    np.testing.assert_array_equal(pushed(values, window, inside), pushed(values, window, []))


def test_steps_are_final_when_no_later_window_covers_them():
    mean = CoveringMean(5)
    assert [len(mean.push(np.ones((n, 1)))) for n in (3, 1, 10)] == [3, 1, 10]
    assert len(mean.finish()) == 4


def test_the_mean_of_equal_windows_has_no_edges():
    np.testing.assert_allclose(pushed(np.full((20, 1), 0.7), 8, [5]), 0.7)
