"""The compiled search builds its tree once that pays, and finds the same with it and without it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nnlite.engine.runtime import neighbors
from nnlite.engine.runtime.neighbors import CompiledNeighbors


def clusters(n, seed):
    rng = np.random.default_rng(seed)
    centers = 20 * np.random.default_rng(0).normal(size=(30, 6))
    return (centers[rng.integers(0, 30, n)] + rng.normal(size=(n, 6))).astype(np.float32)


@pytest.fixture
def orders(monkeypatch):
    """Return how many records were put in order, each time."""
    made = []

    def compact_order(records, leaf, order=neighbors.compact_order):
        made.append(len(records))
        return order(records, leaf)

    monkeypatch.setattr(neighbors, "compact_order", compact_order)
    return made


def test_the_tree_is_built_once_and_changes_nothing(orders):
    records, x = clusters(3000, 1), clusters(2000, 2)
    search = CompiledNeighbors(records)
    before = [search.query(x[i : i + 100], 7) for i in range(0, 500, 100)]
    assert orders == []
    for _ in range(2):
        distances, indices = search.query(x, 7)
        np.testing.assert_array_equal(distances[:500], np.concatenate([found[0] for found in before]))
        np.testing.assert_array_equal(indices[:500], np.concatenate([found[1] for found in before]))
    assert orders == [3000]


def test_threads_that_search_at_once_build_one_tree(orders):
    records, x = clusters(3000, 1), clusters(1600, 2)
    search = CompiledNeighbors(records)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda rows: search.query(rows, 7), [x] * 4))
    assert orders == [3000]
    for distances, indices in found[1:]:
        np.testing.assert_array_equal(distances, found[0][0])
        np.testing.assert_array_equal(indices, found[0][1])


@pytest.mark.parametrize("k", [1, 40])
def test_single_queries_find_the_same_and_have_the_tree_sooner(orders, k):
    records, x = clusters(1999, 7), np.concatenate([clusters(300, 8), clusters(1999, 7)[:20]])
    distances, indices = CompiledNeighbors(records).query(x, k)
    search = CompiledNeighbors(records)
    for i in range(len(x)):
        found = search.query(x[i : i + 1], k)
        np.testing.assert_array_equal(found[0][0], distances[i])
        np.testing.assert_array_equal(found[1][0], indices[i])
    # By far fewer queries than three for ten records.
    assert orders == [1999]
    # Whether boxes pay is known from enough queries, not from each of them anew.
    assert search._prune is True
    found = search.query(x[:3], k)
    np.testing.assert_array_equal(found[0], distances[:3])


def test_few_records_have_no_tree(orders):
    search = CompiledNeighbors(clusters(100, 3))
    search.query(clusters(5000, 4), 3)
    assert orders == []


def test_blocks_end_anywhere(monkeypatch):
    records, x = clusters(500, 5), clusters(700, 6)
    expected = CompiledNeighbors(records).query(x, 40)
    for block in (128, 200, 1000):
        monkeypatch.setattr(neighbors, "_BLOCK", block)
        for found, wanted in zip(CompiledNeighbors(records).query(x, 40, threads=2), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def few_directions(n, seed, noise=0.02):
    """Return records of 60 columns in the neighborhood of a space of 5 dimensions."""
    rng = np.random.default_rng(seed)
    axes = np.random.default_rng(0).normal(size=(5, 60))
    return (rng.normal(size=(n, 5)) @ axes + noise * rng.normal(size=(n, 60))).astype(np.float32)


def exact(records, x, k):
    distances = ((x[:, np.newaxis].astype(np.float64) - records) ** 2).sum(axis=2)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("k", [1, 30])
def test_few_coordinates_find_the_same(k):
    records, x = few_directions(2000, 1), few_directions(700, 2)
    # Copies, so that indices decide; rows far from all records, alone and together; and one that is all rounding.
    records[1000:1200] = records[:200]
    x[:100] = records[950:1050]
    x[100:140] += 1e3 * np.random.default_rng(3).normal(size=(40, 60)).astype(np.float32)
    x[140:150], records[300:340] = x[140:150] + 1e5, records[300:340] + 1e5
    search = CompiledNeighbors(records)
    distances, indices = search.query(x, k)
    assert search._leaves.projected_panels.shape[1] == 8
    np.testing.assert_array_equal(indices, exact(records, x, k))
    for i in range(0, 700, 13):
        found = search.query(x[i : i + 1], k)
        np.testing.assert_array_equal(found[0][0], distances[i])
        np.testing.assert_array_equal(found[1][0], indices[i])


def test_few_coordinates_leave_few_pairs_to_compare():
    records, x = few_directions(4000, 1), few_directions(2000, 2)
    search = CompiledNeighbors(records)
    search.query(x, 10)
    # By boxes alone, 0.22 of all.
    assert search._share < 0.15 * search._tried
