"""Means over the windows that cover a step."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.covering import CoveringMean, Typical, drawn

CERTAIN = Typical(1.0)


def pushed(values, window, cuts, typical=CERTAIN):
    mean = CoveringMean(window, typical)
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
    rng, doubtful = np.random.default_rng(seed), Typical(0.5, certainty=0.3)
    values = rng.exponential(size=(n_windows, 2)) * 10.0 ** rng.integers(-8, 9, (n_windows, 1))
    inside = sorted(min(cut, n_windows) for cut in cuts)
    np.testing.assert_array_equal(pushed(values, window, inside, doubtful), pushed(values, window, [], doubtful))


def test_steps_are_final_when_no_later_window_covers_them():
    mean = CoveringMean(5, CERTAIN)
    assert [len(mean.push(np.ones((n, 1)))) for n in (3, 1, 10)] == [3, 1, 10]
    assert len(mean.finish()) == 4


def test_the_mean_of_equal_windows_has_no_edges():
    np.testing.assert_allclose(pushed(np.full((20, 1), 0.7), 8, [5]), 0.7)


def test_a_mean_over_few_windows_is_drawn_towards_the_typical_distance():
    found = pushed(np.full((20, 1), 16.0), 3, [], Typical(1.0, certainty=0.5))[:, 0]
    np.testing.assert_allclose(found[:4], [4, 8, 16, 16])
    np.testing.assert_allclose(found[-3:], [16, 8, 4])


@given(st.floats(0, 1), st.floats(0.01, 100))
def test_drawn_parts_keep_their_proportions(doubt, typical):
    parts = np.array([[3.0, 1.0], [0.5, 0.5], [0.0, 0.0], [np.nan, np.nan]])
    found = drawn(parts, np.full(4, doubt), typical)
    totals = found.sum(axis=1)
    np.testing.assert_allclose(totals[:2], np.array([4.0, 1.0]) ** (1 - doubt) * typical**doubt)
    assert totals[2] == (0 if doubt < 1 else typical)
    np.testing.assert_allclose(found[3], typical / 2)
    if doubt < 1:
        np.testing.assert_allclose(found[:2] / totals[:2, np.newaxis], [[0.75, 0.25], [0.5, 0.5]])


def test_typical_distances_of_normal_windows():
    distances = np.random.default_rng(0).lognormal(sigma=1.0, size=(5000, 1))
    means = pushed(distances, 20, [])[19:-19]
    found = Typical.of(distances[:, 0], means[:, 0])
    assert found.distance == np.median(distances)
    # The 99th percentile of the mean over 20 is far lower than that of one.
    assert 0.2 <= found.certainty < 0.7
    assert Typical.of(distances[:, 0], distances[:, 0]).certainty == 1
    assert Typical.of(np.zeros(5), np.zeros(5)) == Typical(0.0)
