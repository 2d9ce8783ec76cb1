"""Choice of windows, and their copies in bounded memory."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detectors.sequence.windows.sampling import chunks, rows_of, spaced


@given(st.integers(0, 500), st.integers(1, 100), st.integers(0, 9))
def test_one_index_of_each_of_equal_parts(n, most, seed):
    chosen = spaced(n, most, np.random.default_rng(seed))
    assert (np.diff(chosen) > 0).all()
    assert len(chosen) <= min(n, most)
    if n <= most:
        assert chosen.tolist() == list(range(n))
    else:
        edges = np.linspace(0, n, most + 1)
        # Two parts may share the index that their common edge is in.
        for first, end in itertools.pairwise(edges):
            assert ((chosen > first - 1) & (chosen < end)).any()


def test_the_choice_meets_all_phases_of_a_period():
    phases = spaced(100_000, 1000, np.random.default_rng(0)) % 100
    assert len(np.unique(phases)) > 95


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_rows_are_those_of_the_concatenation(lengths, random):
    rows = np.random.default_rng(0).normal(size=(sum(lengths), 2, 3))
    segments = np.split(rows, np.cumsum(lengths)[:-1])
    chosen = np.array(sorted(random.sample(range(len(rows)), len(rows) // 2)), int)
    np.testing.assert_array_equal(rows_of(segments, chosen), rows[chosen])


@given(st.integers(0, 3000), st.integers(1, 3000), st.integers(1, 3000))
def test_chunks_hold_each_window_once_and_few_values(n, n_features, window):
    parts = list(chunks(n, n_features, window))
    np.testing.assert_array_equal(np.concatenate([np.arange(n)[part] for part in parts] or [[]]), np.arange(n))
    assert max((part.stop - part.start for part in parts), default=0) * n_features * window <= max(
        2**21, n_features * window
    )
