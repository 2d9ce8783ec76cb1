"""Tests of kernels for a few records, whose arrays stay where they are."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nnlite.chain_layer import ChainLayer
from nnlite.engine.runtime.dense_chain import CompiledChain
from nnlite.engine.runtime.neighbors import CompiledNeighbors
from nnlite.engine.runtime.staged import FEW
from nnlite.engine.runtime.trees import CompiledTrees


@pytest.fixture(scope="module")
def data():
    """Return many records: more than a staged call takes."""
    return np.random.default_rng(0).normal(size=(3 * FEW, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def functions(data):
    """Return functions of records that are staged for a few of them."""
    rng = np.random.default_rng(1)
    kernel = rng.normal(size=(5, 5)).astype(np.float32)
    chain = CompiledChain([ChainLayer(kernel, np.ones(5, np.float32), True)], data[:3])
    search = CompiledNeighbors(data)
    features, thresholds = rng.integers(0, 5, (4, 3), np.int32), rng.normal(size=(4, 3)).astype(np.float32)
    trees = CompiledTrees(features, thresholds, rng.normal(size=(4, 4)))
    return {
        "errors": chain.errors,
        "distances": lambda x: search.query(x, 3)[0],
        "indices": lambda x: search.query(x, 3)[1],
        "sums": trees.sums,
    }


@pytest.mark.parametrize("name", ["errors", "distances", "indices", "sums"])
def test_a_few_records_have_the_results_that_they_have_among_many(name, functions, data):
    of_many = functions[name](data)
    for first, count in ((0, 1), (7, 1), (3, FEW), (5, 2), (9, 1), (0, FEW + 1)):
        rows = slice(first, first + count)
        np.testing.assert_array_equal(functions[name](data[rows]), of_many[rows])


@pytest.mark.parametrize("name", ["errors", "distances", "indices", "sums"])
def test_results_are_kept_when_others_are_computed(name, functions, data):
    of_many = functions[name](data)
    kept = [functions[name](data[row : row + 1]) for row in range(6)]
    np.testing.assert_array_equal(np.concatenate(kept), of_many[:6])


@pytest.mark.parametrize("name", ["errors", "distances", "indices", "sums"])
def test_threads_do_not_share_the_arrays(name, functions, data):
    of_many, rows = functions[name](data), list(range(len(data))) * 10
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: functions[name](data[row : row + 1]), rows))
    np.testing.assert_array_equal(np.concatenate(found), of_many[rows])
