"""Expected values by networks, which are stand-ins with known outputs."""

from types import SimpleNamespace

import numpy as np
import pytest

import anomaly.detectors.table.network_expectation as module
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.network_expectation import ExpectationByNetworks


def mean_of_others(_, x):
    """Estimate each feature by the mean of all others that are not 0."""
    present = x != 0
    sums = (x * present).sum(axis=2, keepdims=True) - x
    return (sums / np.maximum(present.sum(axis=2, keepdims=True) - present, 1)).astype(np.float32)


@pytest.fixture
def expectation(monkeypatch):
    monkeypatch.setattr(module, "outputs_by_record", mean_of_others)
    network = SimpleNamespace(model=None, weights=np.full(6, 100.0, np.float32))
    marks = np.arange(6) == 5
    return ExpectationByNetworks([network], network, FeatureSet(np.array([0, 1, 2, 4, 5, 5]), 6, marks=marks))


def records(n):
    z = np.random.default_rng(0).uniform(0.5, 1, size=(n, 1)).astype(np.float32)
    return np.hstack([z, z, z, z, z, 0 * z]) + 0


def test_a_faulty_column_is_proposed_and_estimated_by_the_others(expectation):
    x = records(4)
    x[:, 3] = -3
    found = expectation.propose(x, np.full((4, 6), 1 / 6))
    assert found.columns[:, 4].all()
    assert not found.columns[:, 3].any()
    np.testing.assert_allclose(found.expected[:, 3], x[:, 0], atol=0.01)
    np.testing.assert_allclose(found.deviations[:, 4], 10 * np.abs(x[:, 3] - found.expected[:, 3]), rtol=1e-5)
    np.testing.assert_allclose(expectation.of_all(x)[:, 3], x[:, 0], atol=0.01)


def test_a_hole_is_never_expected(expectation):
    x = records(3)
    x[:, 5] = 1
    assert (expectation.of_all(x)[:, 5] == 0).all()


def test_columns_that_are_not_proposed_stay_as_they_are(expectation):
    x = records(5)
    x[:, 1] = 9
    found = expectation.propose(x, np.eye(6)[[1] * 5])
    assert found.columns.sum(axis=1).tolist() == [1] * 5
    np.testing.assert_array_equal(np.delete(found.expected, 1, axis=1), np.delete(x, 1, axis=1))
    assert (found.deviations[:, [0, 2, 3, 4, 5]] == 0).all()
    again = expectation.propose(x, np.eye(6)[[1] * 5], np.full(5, 1))
    assert not again.columns[:, 1].any()
