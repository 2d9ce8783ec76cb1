"""Records through complete trees: both backends give the same bits, those of a walk node by node."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlite.trees import CompleteTrees


def grown(n_trees, depth, width, rng):
    nodes = (n_trees, 2**depth - 1)
    thresholds = rng.normal(size=nodes).astype(np.float32)
    thresholds[rng.random(nodes) < 0.2] = np.inf
    return rng.integers(width, size=nodes, dtype=np.int32), thresholds, rng.normal(size=(n_trees, 2**depth))


def walked(features, thresholds, values, record):
    total = 0.0
    for tree in range(len(features)):
        node = 0
        while node < features.shape[1]:
            node = 2 * node + 1 + int(record[features[tree, node]] > thresholds[tree, node])
        total += values[tree, node - features.shape[1]]
    return total


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 150), st.integers(1, 12), st.integers(1, 5), st.integers(1, 7), st.integers(0, 2**20))
def test_sums_are_those_of_a_walk_with_both_backends(n, n_trees, depth, width, seed):
    rng = np.random.default_rng(seed)
    trees, x = grown(n_trees, depth, width, rng), rng.normal(size=(n, width)).astype(np.float32)
    wanted = [walked(*trees, record) for record in x]
    for backend in ("numpy", "numba"):
        np.testing.assert_array_equal(CompleteTrees(*trees, backend).sums(x), wanted)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_large_tables_and_copies_give_the_same_bits(backend):
    rng = np.random.default_rng(0)
    trees, x = grown(100, 8, 6, rng), rng.normal(size=(20_000, 6)).astype(np.float32)
    forest = CompleteTrees(*trees, backend)
    sums = forest.sums(x)
    np.testing.assert_array_equal(sums[:500], CompleteTrees(*trees, "numpy").sums(x[:500]))
    np.testing.assert_array_equal(copy.deepcopy(forest).sums(x[::2]), sums[::2])
