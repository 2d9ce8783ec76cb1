"""Holes filled from near training records."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import KNNImputer

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.imputation import Imputer


def with_holes(n, width, seed, fraction=0.2):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, 1)) + 0.3 * rng.normal(size=(n, width))).astype(np.float32)
    x[rng.random(x.shape) < fraction] = np.nan
    return x


def features_of(width, marks=None):
    return FeatureSet(np.arange(width), width, marks=marks, fill=np.full(width, 7.0, np.float32))


@pytest.mark.parametrize("seed", range(3))
def test_holes_are_filled_as_by_scikit_learn(seed):
    """It ranks the donors that have the feature alone; here they are among the nearest 64 of all."""
    donors, x = with_holes(60, 5, seed), with_holes(40, 5, 100 + seed)
    expected = KNNImputer(n_neighbors=10).fit(donors).transform(x)
    found = Imputer(features_of(5), donors).filled(x)
    there = ~np.isnan(x).all(axis=1)
    np.testing.assert_allclose(found[there], expected[there], rtol=1e-5, atol=1e-6)


def test_records_without_holes_are_passed_on():
    x = with_holes(5, 3, 0, fraction=0.0)
    assert Imputer(features_of(3), x).filled(x) is x


def test_what_is_there_is_kept_and_donors_are_not_changed():
    donors, x = with_holes(50, 4, 0), with_holes(50, 4, 1)
    before = donors.copy()
    found = Imputer(features_of(4), donors).filled(x)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[~np.isnan(x)], x[~np.isnan(x)])
    np.testing.assert_array_equal(donors, before)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 30))
def test_a_record_is_filled_alike_in_every_batch(seed, size):
    donors, x = with_holes(80, 6, seed, 0.3), with_holes(40, 6, seed + 1, 0.3)
    imputer = Imputer(features_of(6), donors)
    parts = [imputer.filled(x[start : start + size]) for start in range(0, len(x), size)]
    np.testing.assert_array_equal(np.concatenate(parts), imputer.filled(x))


def test_a_donor_is_not_its_own_neighbor():
    donors = np.array([[0.0, np.nan], [0.0, 1.0], [0.1, 3.0], [9.0, np.nan]], np.float32)
    filled = Imputer(features_of(2), donors).filled(donors)
    np.testing.assert_allclose(filled[0], [0.0, 2.0])
    # The value of a hole is never taken from the record itself, even if a faulty one was there.
    other = donors.copy()
    other[1, 1] = 100.0
    assert Imputer(features_of(2), other).filled(donors[:1])[0, 1] == pytest.approx(51.5)


def test_a_category_is_filled_with_the_fractions_of_its_levels():
    levels = np.array([[0.0, 1.0, 0.0]] * 5 + [[0.0, 0.0, 1.0]] * 5 + [[50.0, 0.0, 1.0]] * 20, np.float32)
    features = FeatureSet(np.array([0, 1, 1]), 2)
    found = Imputer(features, levels).filled(np.array([[0.0, np.nan, np.nan]], np.float32))
    np.testing.assert_allclose(found[0], [0.0, 0.5, 0.5])


def test_marks_do_not_choose_the_neighbors():
    marks = np.array([False, True, False])
    donors = np.array([[0.0, 0.0, 1.0]] * 10 + [[5.0, 1.0, 9.0]] * 10, np.float32)
    found = Imputer(features_of(3, marks), donors).filled(np.array([[0.0, 1.0, np.nan]], np.float32))
    assert found[0, 2] == 1.0


def test_a_faulty_value_does_not_choose_the_neighbors_alone():
    """As far as eight units, one of five values that are there draws the estimate from 2 to 0, not to its own side."""
    rng = np.random.default_rng(0)
    donors = np.repeat(rng.normal(size=(500, 1)), 6, axis=1).astype(np.float32)
    far = np.array([[2.0, 2.0, 2.0, 2.0, -1e5, np.nan]], np.float32)
    assert Imputer(features_of(6), donors).filled(far)[0, 5] > -0.3


@pytest.mark.parametrize("donors", [np.empty((0, 2), np.float32), np.full((4, 2), [1.0, np.nan], np.float32)])
def test_without_a_record_that_has_the_feature_its_own_value_fills(donors):
    assert Imputer(features_of(2), donors).filled(np.array([[1.0, np.nan]], np.float32)).tolist() == [[1.0, 7.0]]


def test_a_record_of_holes_alone_is_filled_like_any_other():
    donors = with_holes(50, 3, 0)
    assert np.isfinite(Imputer(features_of(3), donors).filled(np.full((1, 3), np.nan, np.float32))).all()


def test_of_many_records_an_evenly_spaced_subset_is_compared():
    records = np.arange(10_000, dtype=np.float32)[:, np.newaxis]
    donors = Imputer.of(features_of(1), records).donors
    assert len(donors) == 2000
    assert (donors[0, 0], donors[-1, 0]) == (0, 9999)
