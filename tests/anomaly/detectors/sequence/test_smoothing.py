"""Exponentially weighted means."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.smoothing import Smoother, smooth_present


@given(st.lists(st.integers(0, 200), max_size=5), st.floats(1.0, 50.0))
def test_smoothing_does_not_depend_on_how_the_series_is_cut(cuts, span):
    values = np.random.default_rng(1).normal(size=(200, 2))
    smoother = Smoother(span)
    found = np.concatenate([smoother(part) for part in np.split(values, sorted(cuts))])
    alpha, state = 2 / (span + 1), np.zeros(2)
    for value, smooth in zip(values, found, strict=True):
        state = (1 - alpha) * state + alpha * value
        np.testing.assert_allclose(smooth, state, atol=1e-12)


def test_a_span_of_one_step_smooths_nothing():
    values = np.arange(6.0).reshape(3, 2)
    assert Smoother(1)(values) is values


def test_missing_samples_are_skipped_and_not_smoothed_as_zeros():
    values, present = np.ones((40, 2)), np.ones((40, 2), bool)
    present[::2, 1] = False
    smooth = smooth_present(np.where(present, values, 0.0), present, span=4)
    np.testing.assert_allclose(smooth[:, 0], Smoother(4)(values)[:, 0])
    np.testing.assert_allclose(smooth[1::2, 1], Smoother(4)(values[:20])[:, 0])
    assert (smooth[::2, 1] == 0).all()
