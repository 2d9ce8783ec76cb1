"""Means and variances of blocks of steps."""

import numpy as np
import pytest

from anomaly.errors import DataError
from anomaly.preprocessing.blocks import Blocks, BlockSummary, block_length


def summary_of(values, length, cuts=(), missing=None, seed=0):
    summary = BlockSummary(length, values.shape[1], seed)
    for rows in np.split(np.arange(len(values)), list(cuts)):
        summary.push(values[rows], None if missing is None else missing[rows])
    return summary.blocks()


def test_blocks_do_not_depend_on_how_the_steps_are_cut():
    values = np.random.default_rng(0).normal(size=(1000, 2))
    missing = np.random.default_rng(1).random((1000, 2)) < 0.3
    whole = summary_of(values, 7, missing=missing)
    for cuts in ([1, 2, 3, 500], range(1, 1000, 3), range(1, 1000)):
        parts = summary_of(values, 7, cuts, missing)
        np.testing.assert_allclose(parts.means, whole.means, rtol=1e-6)
        np.testing.assert_allclose(parts.variances, whole.variances, rtol=1e-6)


def test_merged_blocks_have_the_mean_and_the_variance_of_their_steps():
    values = np.random.default_rng(0).normal(3.0, 2.0, size=(40, 1))
    merged = summary_of(values, 1).merged(10)
    np.testing.assert_allclose(merged.means[:, 0], values.reshape(4, 10).mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(merged.variances[:, 0], values.reshape(4, 10).var(axis=1), rtol=1e-5)


def test_the_lengths_vary_around_their_mean():
    steps = np.arange(10_000.0)[:, np.newaxis]
    starts = np.diff(summary_of(steps, 20).means[:, 0])
    assert 18 < starts.mean() < 22
    assert starts.min() < 15
    assert starts.max() > 25


def test_a_block_that_is_mostly_missing_has_no_value():
    values = np.ones((200, 2))
    missing = np.zeros((200, 2), bool)
    missing[:100, 0] = True
    blocks = summary_of(values, 10, missing=missing)
    assert len(blocks.values(0, of_spread=False)) < len(blocks.values(1, of_spread=False))
    assert (blocks.values(0, of_spread=False) == 1).all()


def test_no_block_crosses_the_end_of_a_segment():
    summary = BlockSummary(10, 1)
    for value in range(5):
        summary.push(np.full((33, 1), float(value)))
        summary.end_segment()
    assert (summary.blocks().variances == 0).all()


def test_a_series_of_any_length_has_few_blocks():
    for n_steps, n_features in ((10, 1), (10**6, 1), (10**6, 10_000)):
        length = block_length(n_steps, n_features)
        assert n_steps / length <= 513
        assert n_steps / length * n_features <= max(1 << 18, 16 * n_features) + n_features


@pytest.mark.parametrize(
    "change",
    [
        {"length": np.array([0])},
        {"length": np.array([1.5])},
        {"means": np.zeros((3, 2), np.float32)},
        {"variances": np.zeros((4, 1), np.float32)},
        {"means": np.zeros(3, np.float32)},
        {"means": np.array([["a"]] * 3)},
    ],
)
def test_state_is_validated(change):
    state = {"length": np.array([2]), "means": np.zeros((3, 1), np.float32), "variances": np.zeros((3, 1), np.float32)}
    assert Blocks.from_state(state, 1).length == 2
    with pytest.raises(DataError, match="preprocessing: expected"):
        Blocks.from_state({**state, **change}, 1)
