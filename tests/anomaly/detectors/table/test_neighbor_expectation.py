"""Expected values and proposals of remembered records are compared with plain loops."""

import pickle

import numpy as np
import pytest

import anomaly.detectors.table.column_distances as distances_module
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.neighbor_expectation import ExpectationByNeighbors

FEATURES = FeatureSet(np.array([0, 1, 2, 2, 3]), 5)


def made(n, seed):
    """Three numbers that are nearly equal, among them a category of the sign."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = z[:, np.newaxis] + 0.1 * rng.normal(size=(n, 5))
    x[:, 2], x[:, 3] = z > 0, z <= 0
    return x.astype(np.float32)


@pytest.fixture(scope="module")
def expectation():
    return ExpectationByNeighbors(made(400, 0), FEATURES)


def test_each_column_is_the_medoid_of_the_15_nearest_by_bounded_distances_of_the_others(expectation):
    records, x = made(400, 0), made(30, 1)
    x[::3, 0] += 40
    found = expectation.of_all(x)
    for column, own in FEATURES.slices.items():
        others = [of for other, of in FEATURES.slices.items() if other != column]
        apart = [np.minimum(np.square(x[:, np.newaxis, of] - records[:, of]).sum(axis=2), 2) for of in others]
        near = np.argsort(np.sum(apart, axis=0), axis=1, kind="stable")[:, :15]
        values = records[near][:, :, own]
        if own.stop - own.start == 1:
            np.testing.assert_allclose(found[:, own], np.median(values, axis=1), atol=1e-5)
        else:
            np.testing.assert_array_equal(found[:, own], np.round(values.mean(axis=1)))


def test_the_faulty_column_is_proposed_with_its_expected_value(expectation):
    x = made(300, 2)
    # Near 0 either sign is plausible.
    x = x[np.abs(x[:, 0]) > 0.7][:60]
    faulty = np.arange(60) % 4
    slices = list(FEATURES.slices.values())
    for row, place in enumerate(faulty):
        x[row, slices[place]] = 1 - x[row, slices[place]] if place == 2 else x[row, slices[place]] + 3
    found = expectation.propose(x, np.full((60, 5), 0.2))
    columns = np.array(list(FEATURES.slices))[faulty]
    assert found.columns[np.arange(60), columns].mean() > 0.95
    assert (found.deviations.argmax(axis=1) == columns).mean() > 0.95
    assert (found.deviations[~found.columns] == 0).all()
    other = ~found.columns[:, FEATURES.columns]
    np.testing.assert_array_equal(found.expected[other], x[other])
    others = expectation.propose(x, np.full((60, 5), 0.2), columns)
    for one, other in zip(expectation.propose(x, np.full((60, 5), 0.2), columns, found), others, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not others.columns[np.arange(60), columns].any()
    assert others.columns.any()


def test_results_are_independent_of_the_batch(expectation, monkeypatch):
    x, by_network = made(50, 3), np.full((50, 5), 0.2)
    together = expectation.propose(x, by_network)
    monkeypatch.setattr(distances_module, "_BLOCK_CELLS", 400 * 4 * 3)
    for alone in (expectation.propose(x, by_network), expectation.propose(x[7:8], by_network[7:8])):
        rows = slice(None) if len(alone.columns) == 50 else slice(7, 8)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, other[rows])


def test_compiled_code_and_numpy_give_the_same_bits_and_choose_the_first_of_equally_near_records():
    rng = np.random.default_rng(5)
    # A code of few levels, numbers of few values, a pair of numbers that differ everywhere, and marks.
    level = np.eye(6)[rng.integers(0, 6, 700)]
    records = np.concatenate([rng.normal(size=(700, 2)).round(0), level, rng.normal(size=(700, 2))], axis=1)
    features = FeatureSet(np.array([0, 1, 2, 2, 2, 2, 2, 2, 3, 3]), 4)
    x, by_network = records[::3].astype(np.float32), rng.random((234, 4))
    x[:, 0] += rng.normal(size=234).round(0)
    plain = ExpectationByNeighbors(records.astype(np.float32), features)
    plain._seconds = -np.inf
    compiled = ExpectationByNeighbors(records.astype(np.float32), features)
    compiled._seconds = np.inf
    found = [one.propose(x, by_network) for one in (plain, compiled)]
    assert plain._compiled is None
    assert compiled._compiled is not None
    second = [
        one.propose(x, by_network, by_network.argmax(axis=1), of)
        for one, of in zip((plain, compiled), found, strict=True)
    ]
    for one, other in (found, second):
        for values, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(values, same)
    assert pickle.loads(pickle.dumps(compiled))._compiled is None


def test_few_records_and_many_columns_are_enough():
    x = np.random.default_rng(4).normal(size=(6, 150)).astype(np.float32)
    expectation = ExpectationByNeighbors(x[:2], FeatureSet(np.arange(150), 150))
    assert np.isfinite(expectation.of_all(x)).all()
    assert np.isfinite(expectation.propose(x, np.ones((6, 150))).deviations).all()
    assert expectation.of_all(x[:0]).shape == (0, 150)
