"""Explanations of faults in known columns."""

import numpy as np
import pytest

from anomaly import TableDetector


def records(n, seed, columns=8):
    """Records of correlated columns of different units."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(5).normal(size=(4, columns))
    x = rng.normal(size=(n, 4)) @ mixing + 0.3 * rng.normal(size=(n, columns))
    return x * np.geomspace(1e-3, 1e3, columns) + 100.0


@pytest.fixture(scope="module")
def detector():
    return TableDetector(random_state=0).fit(records(1000, 0))


@pytest.fixture(scope="module")
def faults():
    """Fresh records, the same with a fault of 4 standard deviations, and the column it is in."""
    x = records(800, 1)
    column = np.arange(len(x)) % x.shape[1]
    faulty = x.copy()
    signs = np.random.default_rng(2).choice([-1, 1], len(x))
    faulty[np.arange(len(x)), column] += signs * 4 * records(1000, 0).std(axis=0)[column]
    return x, faulty, column


def test_a_fault_is_ranked_first(detector, faults):
    _, faulty, column = faults
    assert (detector.explain(faulty).argmax(axis=1) == column).mean() >= 0.95


def test_contributions_add_up_to_the_score(detector, faults):
    _, faulty, _ = faults
    contributions = detector.explain(faulty)
    assert (contributions >= 0).all()
    np.testing.assert_allclose(contributions.sum(axis=1), detector.decision_function(faulty))
    np.testing.assert_allclose(detector.explain(faulty, normalize=True).sum(axis=1), 1)


def test_the_expected_value_is_nearer_to_the_truth_than_the_found_one(detector, faults):
    x, faulty, column = faults
    rows = np.arange(len(x))
    expected = np.column_stack(detector.expected(faulty).columns)[rows, column]
    truth, found = x[rows, column], faulty[rows, column]
    assert (np.abs(expected - truth) < np.abs(found - truth)).mean() >= 0.95


def test_expected_values_come_in_the_units_and_categories_of_the_table():
    rng = np.random.default_rng(0)
    kind = rng.choice(["small", "large"], 400)
    size = np.where(kind == "small", 1.0, 1000.0) + rng.normal(size=400)
    detector = TableDetector(random_state=0).fit({"kind": kind, "size": size})
    expected = detector.expected({"kind": ["small", "large", "small"], "size": [1.0, 1000.0, 90.0]})
    assert list(expected["kind"][:2]) == ["small", "large"]
    np.testing.assert_allclose(np.asarray(expected["size"], float), [1, 1000, 1], atol=5)


def test_without_remembered_records_expected_values_come_from_the_networks(faults):
    x, faulty, column = faults
    detector = TableDetector(neighbors=0, random_state=0).fit(records(1000, 0))
    rows = np.arange(len(x))
    expected = np.column_stack(detector.expected(faulty).columns)[rows, column]
    truth, found = x[rows, column], faulty[rows, column]
    assert (np.abs(expected - truth) < np.abs(found - truth)).mean() >= 0.9
