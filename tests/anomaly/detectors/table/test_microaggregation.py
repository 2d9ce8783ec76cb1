"""Groups of records, and means that give no record away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from anomaly.detectors.table.microaggregation import group_means, microaggregate

_cells = st.floats(-(2.0**20), 2.0**20, width=32) | st.sampled_from([0.0, 1.0])
_tables = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40), elements=_cells)
_holey = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40), elements=_cells | st.just(np.nan)
)


def within(x, groups):
    """Return the sum of the squared distances of records to the mean of their group."""
    return sum(np.square(x[groups == g] - x[groups == g].mean(axis=0)).sum() for g in np.unique(groups))


def mdav(x, k):
    """Return groups by MDAV as the paper states it, one distance at a time."""
    left, groups = list(range(len(x))), np.zeros(len(x), int)

    def farthest(point):
        return max(left, key=lambda i: np.square(x[i] - point).sum())

    def take(i, number):
        for j in sorted(left, key=lambda j: np.square(x[j] - x[i]).sum())[:k]:
            groups[j] = number
            left.remove(j)

    number = 0
    while len(left) >= 2 * k:
        first = farthest(x[left].mean(axis=0))
        both = len(left) >= 3 * k
        take(first, number)
        number += 1
        if both:
            take(farthest(x[first]), number)
            number += 1
    groups[left] = number
    return groups


@given(_tables, st.integers(1, 6))
def test_groups_have_as_many_records_as_asked(x, least):
    sizes = np.bincount(microaggregate(x, least))
    assert sizes.sum() == len(x)
    assert sizes.min() >= min(least, len(x))
    assert sizes.max() < 2 * least or len(sizes) == 1


@pytest.mark.parametrize("n", [4, 9, 10, 14, 15, 101])
def test_groups_are_those_of_the_published_method(n):
    x = np.random.default_rng(n).normal(size=(n, 3)).astype(np.float32)
    np.testing.assert_array_equal(microaggregate(x, 5), mdav(x.astype(np.float64), 5))


def test_groups_are_of_near_records():
    centers = np.random.default_rng(0).normal(0, 100, size=(20, 4))
    x = np.repeat(centers, 5, axis=0) + np.random.default_rng(1).normal(size=(100, 4))
    groups = microaggregate(np.float32(x), 5)
    assert within(x, groups) < 500
    assert all(len(set(groups[i : i + 5])) == 1 for i in range(0, 100, 5))


def test_groups_far_from_all_others_are_those_of_the_published_method_too():
    x = np.random.default_rng(3).normal(size=(60, 3)).astype(np.float32)
    x[:40] += np.float32(1e4)
    np.testing.assert_array_equal(microaggregate(x, 5), mdav(x.astype(np.float64), 5))


@given(_holey)
@settings(max_examples=300)
def test_no_mean_is_that_of_fewer_cells(x):
    groups = microaggregate(x, 5)
    means = group_means(x, groups, 5)
    present = ~np.isnan(x)
    for j in range(x.shape[1]):
        # Groups with one mean are pooled; whichever they are, no fewer than five cells make a mean.
        for mean in np.unique(means[~np.isnan(means[:, j]), j]):
            assert present[np.isin(groups, np.flatnonzero(means[:, j] == mean)), j].sum() >= 5
    none = np.array([[not present[groups == g, j].any() for j in range(x.shape[1])] for g in range(len(means))])
    assert np.isnan(means[none]).all()


def test_the_mean_of_all_cells_stays():
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    x[np.random.default_rng(1).random(x.shape) < 0.3] = np.nan
    groups = microaggregate(x, 5)
    means = group_means(x, groups, 5)
    stand_ins = np.where(np.isnan(x), np.nan, means[groups])
    np.testing.assert_allclose(np.nanmean(stand_ins, axis=0), np.nanmean(x, axis=0), rtol=1e-5)


def test_a_feature_of_too_few_cells_in_all_has_no_mean():
    x = np.full((30, 2), np.nan, np.float32)
    x[:, 0] = np.arange(30)
    x[:4, 1] = 1.0
    means = group_means(x, microaggregate(x, 5), 5)
    assert not np.isnan(means[:, 0]).any()
    assert np.isnan(means[:, 1]).all()
