"""Records that are close together come into the same leaf."""

import numpy as np
import pytest

from nnlite.engine.runtime.neighbor_tree import compact_order


@pytest.mark.parametrize(("n", "d"), [(1, 1), (32, 2), (33, 2), (1000, 3), (777, 60)])
def test_every_record_comes_once(n, d):
    records = np.random.default_rng(n).normal(size=(n, d)).astype(np.float32)
    np.testing.assert_array_equal(np.sort(compact_order(records, 32)), np.arange(n))


def test_leaves_are_small_where_records_are_clustered():
    rng = np.random.default_rng(0)
    centers = 100 * rng.normal(size=(16, 5))
    records = (centers[rng.integers(0, 16, 1024)] + rng.normal(size=(1024, 5))).astype(np.float32)

    def variance_within(order):
        return records[order].reshape(-1, 32, 5).var(axis=1).mean()

    assert variance_within(compact_order(records, 32)) < 0.1 * variance_within(np.arange(1024))


@pytest.mark.parametrize("scale", [0, 1e-20, 1e12])
def test_any_scale_and_copies(scale):
    records = np.repeat(np.random.default_rng(1).normal(size=(50, 4)) * scale, 5, axis=0).astype(np.float32)
    np.testing.assert_array_equal(np.sort(compact_order(records, 32)), np.arange(250))
