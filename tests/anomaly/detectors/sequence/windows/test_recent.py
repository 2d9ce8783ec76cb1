"""The last steps of a segment, of which windows are views."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.recent import RecentSteps
from anomaly.detectors.sequence.windows.sampling import windows_of


def steps(n=1500, n_features=2):
    return np.random.default_rng(0).normal(size=(n, n_features)).astype(np.float32)


def pushed(recent, series, missing, cuts, window):
    found, masks = [], []
    for part, gone in zip(np.split(series, cuts), np.split(missing, cuts), strict=True):
        recent.push(part, gone)
        windows, mask = recent.windows(window)
        found.append(windows.copy())
        masks.append(np.zeros(windows.shape, np.bool_) if mask is None else mask.copy())
    return np.concatenate(found), np.concatenate(masks)


@pytest.mark.parametrize("causal", [False, True])
@given(
    window=st.integers(1, 30),
    cuts=st.lists(st.integers(1, 1500), max_size=8).map(sorted),
    gone=st.lists(st.integers(0, 1499), max_size=4),
)
def test_windows_of_pieces_are_those_of_the_segment(causal, window, cuts, gone):
    series, missing = steps(), np.zeros((1500, 2), np.bool_)
    missing[gone, 1] = True
    found, masks = pushed(RecentSteps(30, causal), series, missing, cuts, window)
    before = window - 1 if causal else 0
    padded = np.concatenate([np.repeat(series[:1], before, axis=0), series])
    absent = np.concatenate([np.ones((before, 2), np.bool_), missing])
    np.testing.assert_array_equal(found, windows_of(padded, window))
    np.testing.assert_array_equal(masks, windows_of(absent, window))


def test_one_step_at_a_time_in_bounded_memory():
    series, recent = steps(), RecentSteps(20, causal=False)
    found, _ = pushed(recent, series, np.zeros(series.shape, np.bool_), range(1, 1500), 20)
    np.testing.assert_array_equal(found, windows_of(series, 20))
    assert recent._values.shape[1] < 400


def test_complete_windows_after_a_missing_sample_have_no_mask():
    recent, missing = RecentSteps(4, causal=False), np.zeros((8, 2), np.bool_)
    missing[1, 0] = True
    recent.push(steps(8)[:5], missing[:5])
    assert recent.windows(4)[1] is not None
    recent.push(steps(8)[5:], missing[5:])
    assert recent.windows(4)[1] is None


def test_a_segment_shorter_than_a_window_is_lengthened():
    recent = RecentSteps(5, causal=False)
    recent.push(np.array([[1.0], [2.0]]), np.array([[True], [False]]))
    values, missing = recent.lengthened(5)
    assert values.tolist() == [[[1, 2, 2, 2, 2]]]
    assert missing.tolist() == [[[True, False, True, True, True]]]
