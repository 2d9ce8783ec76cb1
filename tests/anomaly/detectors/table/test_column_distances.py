"""Distances by column and medoids are compared with plain loops."""

from itertools import pairwise

import numpy as np
import pytest

import anomaly.detectors.table.column_distances as module
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.column_distances import ColumnDistances

# Two numbers, a category of three levels, a number with a mark, a date of four features; column 1 has no features.
COLUMNS = np.array([0, 2, 2, 2, 3, 4, 4, 5, 5, 5, 5])
MARKS = np.arange(11) == 6
SLICES = {0: slice(0, 1), 2: slice(1, 4), 3: slice(4, 5), 4: slice(5, 7), 5: slice(7, 11)}


def features(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 11)).astype(np.float32)
    x[:, 1:4] = np.eye(3)[rng.integers(3, size=n)]
    x[:, 6] = rng.integers(2, size=n)
    return x


@pytest.fixture(scope="module")
def known():
    return ColumnDistances(features(90, 0), FeatureSet(COLUMNS, 6, marks=MARKS))


def measured(known, x):
    return np.concatenate([distances.copy() for _, distances in known.blocks(x)], axis=1)


def test_distances_are_sums_of_squares_without_marks(known):
    x = features(20, 1)
    found = measured(known, x)
    assert sorted(known.ids) == sorted(SLICES)
    for place, column in enumerate(known.ids):
        own = [j for j in range(SLICES[column].start, SLICES[column].stop) if not MARKS[j]]
        plain = np.square(x[:, np.newaxis, own] - known.records[:, own]).sum(axis=2)
        np.testing.assert_allclose(found[place], plain, rtol=1e-5, atol=1e-6)


def test_blocks_cover_all_rows_and_their_size_does_not_matter(known, monkeypatch):
    x = features(31, 2)
    whole = measured(known, x)
    monkeypatch.setattr(module, "_BLOCK_CELLS", 4 * 90 * 5)
    rows = [rows for rows, _ in known.blocks(x)]
    assert rows[0] == slice(0, 4)
    assert rows[-1].stop == 31
    assert all(a.stop == b.start for a, b in pairwise(rows))
    np.testing.assert_array_equal(measured(known, x), whole)
    np.testing.assert_array_equal(measured(known, x[7:8]), whole[:, 7:8])
    assert list(known.blocks(x[:0])) == []


def test_a_medoid_is_nearest_to_the_others(known):
    near = np.random.default_rng(3).integers(90, size=(12, 7))
    for place, own in enumerate(known.features):
        values = known.records[near, own]
        sums = np.abs(values[:, :, np.newaxis] - values[:, np.newaxis]).sum(axis=(2, 3))
        found = known.medoids(place, near)
        of_found = np.abs(found[:, np.newaxis] - values).sum(axis=(1, 2))
        np.testing.assert_allclose(of_found, sums.min(axis=1), rtol=1e-5)
        assert (found[:, np.newaxis] == values).all(axis=2).any(axis=1).all()


def test_the_medoid_of_numbers_is_the_median_and_that_of_categories_the_most_frequent():
    records = np.array([[1, 1, 0], [2, 1, 0], [9, 0, 1]], np.float32)
    known = ColumnDistances(records, FeatureSet(np.array([0, 1, 1]), 2))
    near = np.array([[0, 1, 2], [2, 2, 0]])
    np.testing.assert_array_equal(known.medoids(0, near), [[2], [9]])
    np.testing.assert_array_equal(known.medoids(1, near), [[1, 0], [0, 1]])
