"""Means of the parts of steps over the windows that cover them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.step_parts import StepParts


def pushed(values, causal, cuts=()):
    parts, found = StepParts(values.shape[1], causal), []
    for part in np.split(values, cuts):
        parts.add(part)
        found.append(parts.take())
    return np.concatenate([*found, parts.finish(len(values) + values.shape[1] - 1)])


@given(st.integers(1, 9), st.integers(1, 30), st.integers(0, 99))
def test_the_mean_of_the_parts_in_the_windows_that_cover_a_step(window, n, seed):
    values = np.random.default_rng(seed).exponential(size=(n, window))
    expected = [
        np.mean([values[k, t - k] for k in range(max(t - window + 1, 0), min(t, n - 1) + 1)])
        for t in range(n + window - 1)
    ]
    np.testing.assert_allclose(pushed(values, False), expected)
    np.testing.assert_array_equal(pushed(values, True), values[:, -1])


@given(st.integers(1, 9), st.lists(st.integers(1, 39), max_size=6).map(sorted), st.integers(0, 99))
def test_bits_do_not_depend_on_how_windows_are_divided(window, cuts, seed):
    rng = np.random.default_rng(seed)
    values = rng.exponential(size=(40, window)) * 10.0 ** rng.integers(-8, 9, (40, 1))
    np.testing.assert_array_equal(pushed(values, False, cuts), pushed(values, False))
    np.testing.assert_array_equal(pushed(values, False, range(1, 40)), pushed(values, False))


def test_steps_of_a_segment_shorter_than_a_window_are_alike():
    assert StepParts(5, causal=False).finish(3).tolist() == [1, 1, 1]
