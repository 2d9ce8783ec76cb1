"""Records that are close together come into the same leaf."""

import numpy as np
import pytest

from nnlite.engine.runtime.neighbor_tree import compact_order, principal_axes


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


def test_few_axes_are_orthogonal_and_hold_the_variance():
    rng = np.random.default_rng(0)
    records = (rng.normal(size=(1000, 9)) @ rng.normal(size=(9, 50)) + 30).astype(np.float32)
    axes = principal_axes(records, 32)
    assert axes.shape in {(50, 8), (50, 16)}
    np.testing.assert_allclose(axes.T @ axes, np.eye(axes.shape[1]), atol=1e-6)
    assert (records @ axes).var(axis=0).sum() > 0.9 * records.var(axis=0).sum()


@pytest.mark.parametrize(("n", "d"), [(5000, 30), (5000, 200), (100, 50), (5000, 12)])
def test_no_axes_where_they_would_be_many_or_records_are_few(n, d):
    rng = np.random.default_rng(n + d)
    assert principal_axes(rng.normal(size=(n, d)).astype(np.float32), 32) is None


@pytest.mark.parametrize("scale", [0, 1e-15, 1e14])
def test_axes_of_any_scale(scale):
    records = (scale * np.random.default_rng(2).normal(size=(400, 2)) @ np.ones((2, 20))).astype(np.float32)
    axes = principal_axes(records, 32)
    assert axes.shape == (20, 8)
    assert np.isfinite(axes).all()
