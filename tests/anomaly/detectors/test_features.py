"""Holes and marks: what is known of the features of a table."""

import numpy as np
import pytest

from anomaly.detectors.features import FeatureSet, targets
from anomaly.preprocessing import TablePreprocessor


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    amount, kind = rng.normal(size=200), rng.choice(["a", "b"], 200).astype(object)
    amount[::10] = np.nan
    kind[0] = None
    return {"amount": amount, "kind": kind, "size": rng.normal(size=200)}


def test_the_features_of_a_preprocessor_that_leaves_holes(table):
    preprocessor = TablePreprocessor(missing="nan").fit(table)
    features = FeatureSet.of(preprocessor)
    assert [name for name, mark in zip(preprocessor.feature_names_out_, features.marks, strict=True) if mark] == [
        "amount=<missing>"
    ]
    assert features.discrete == pytest.approx(1 / 3)
    assert (features.width, features.n_columns) == (len(preprocessor.feature_names_out_), 3)


def test_one_that_imputes_has_neither_holes_nor_marks(table):
    preprocessor = TablePreprocessor(missing="median").fit(table)
    features = FeatureSet.of(preprocessor)
    assert features.marks is None
    assert features.known(preprocessor.transform(table)) is None


def test_holes_and_marks_are_not_known_and_no_targets(table):
    preprocessor = TablePreprocessor(missing="nan").fit(table)
    features, x = FeatureSet.of(preprocessor), preprocessor.transform(table)
    known, values = features.known(x), features.filled(x)
    np.testing.assert_array_equal(known, ~np.isnan(x) & ~features.marks)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values[~np.isnan(x)], x[~np.isnan(x)])
    np.testing.assert_array_equal(np.isnan(targets(values, known)), ~known)


def test_complete_records_are_passed_on():
    x = np.ones((3, 2), np.float32)
    features = FeatureSet(np.arange(2), 2)
    assert features.known(x) is None
    assert features.filled(x) is x
    assert targets(x, None) is x


def test_a_network_completes_the_holes_of_columns_without_marks():
    marks = np.array([False, True, False, False])
    features = FeatureSet(np.array([0, 0, 1, 2]), 3, marks=marks, fill=np.array([1, 0, 2, 3], np.float32))
    x = np.array([[np.nan, 1, np.nan, 9], [np.nan, 1, 8, 9], [7, 0, 8, np.nan], [7, 0, 8, 9]], np.float32)
    seen = []

    def reconstruct(filled):
        seen.append(filled.tolist())
        return 10 * filled

    expected = [[1, 1, 20, 9], [1, 1, 8, 9], [7, 0, 8, 30], [7, 0, 8, 9]]
    assert features.completed(x, reconstruct).tolist() == expected
    assert seen == [[[1, 1, 2, 9], [7, 0, 8, 3]]]
    assert features.completed(x[3:], reconstruct).tolist() == expected[3:]
    assert len(seen) == 1
    assert features.n_targets == 3
