"""Expected values are compared with the true values of altered cells."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.detectors.expectation import most_conspicuous


def near_equal(n, rng):
    return rng.normal(size=(n, 1)) + 0.05 * rng.normal(size=(n, 3))


def correlated(n, rng):
    mixing = np.random.default_rng(5).normal(size=(4, 8))
    return rng.normal(size=(n, 4)) @ mixing + 0.3 * rng.normal(size=(n, 8))


def counts(n, rng):
    rate = rng.gamma(2, 2, size=(n, 1))
    return rng.poisson(rate * np.arange(1, 5)).astype(float)


def heavy_tails(n, rng):
    z = rng.standard_t(2, size=(n, 1))
    return z + 0.3 * rng.standard_t(3, size=(n, 5))


TABLES = {made.__name__: made for made in (near_equal, correlated, counts, heavy_tails)}
FITS = {"memory": {}, "networks": {"neighbors": 0}}


def altered(x, rng, gross):
    """Alter one cell of each record: by far, or to the value of another record."""
    rows, columns = np.arange(len(x)), rng.integers(x.shape[1], size=len(x))
    found = x.copy()
    unit = np.subtract(*np.quantile(x, [0.9, 0.1], axis=0))[columns] / 2.56
    shift = rng.choice([-1, 1], len(x)) * rng.uniform(4, 8, len(x)) * unit
    found[rows, columns] = x[rows, columns] + shift if gross else x[rng.permutation(len(x)), columns]
    return found, columns


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_expected_is_nearer_to_the_truth_than_the_median_of_the_column(table, settings):
    near = far = total = 0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        train, truth = table(800, rng), table(300, rng)
        detector = TableDetector(random_state=seed, epochs=100, **settings).fit(train)
        for gross in (False, True):
            found, columns = altered(truth, rng, gross)
            rows = np.arange(len(truth))
            expected = np.column_stack(detector.expected(found).columns)[rows, columns]
            off = np.abs(expected - truth[rows, columns])
            off_median = np.abs(np.median(train, axis=0)[columns] - truth[rows, columns])
            near, far, total = near + (off < off_median).sum(), far + (off > off_median).sum(), total + len(truth)
    assert near / total > 0.6
    assert far / total < 0.3


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
def test_one_faulty_column_spoils_no_expectation(settings):
    x = near_equal(1000, np.random.default_rng(0))
    detector = TableDetector(random_state=0, **settings).fit(x)
    faulty = np.array([[0, 0, 6.0], [1.0, -30.0, 1.0], [-50.0, -1.0, -1.0]])
    expected = np.column_stack(detector.expected(faulty).columns)
    # Networks draw what they reconstruct towards the middle.
    np.testing.assert_allclose(expected, [[0] * 3, [1] * 3, [-1] * 3], atol=0.4 if settings else 0.15)


def test_a_category_is_expected_by_the_other_columns():
    rng = np.random.default_rng(1)
    kind = rng.choice(["a", "b", "c"], 600)
    level = np.select([kind == "a", kind == "b"], [0.0, 10.0], 20.0)
    table = {"kind": kind, "level": level + rng.normal(size=600), "twice": 2 * level + rng.normal(size=600)}
    for settings in FITS.values():
        detector = TableDetector(random_state=0, **settings).fit(table)
        expected = detector.expected({"kind": ["a", "b", "c"], "level": [20.0, 0.0, 10.0], "twice": [40.0, 0.0, 20.0]})
        assert list(expected["kind"]) == ["c", "a", "b"]


def test_a_missing_cell_is_expected_as_those_of_like_records():
    rng = np.random.default_rng(2)
    x = near_equal(2000, rng)
    x[rng.random(x.shape) < 0.1] = np.nan
    detector = TableDetector(random_state=0).fit(x)
    expected = np.column_stack(detector.expected([[1.0, np.nan, 1.0], [-1.0, -1.0, 9.0]]).columns)
    np.testing.assert_allclose(expected, [[1] * 3, [-1] * 3], atol=0.25)


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
def test_expectations_are_independent_of_the_batch(settings):
    x = correlated(700, np.random.default_rng(3))
    detector = TableDetector(epochs=3, random_state=0, **settings).fit(x[:500])
    together = np.column_stack(detector.expected(x[400:]).columns)
    alone = np.concatenate([np.column_stack(detector.expected(x[i : i + 1]).columns) for i in range(400, 460)])
    np.testing.assert_array_equal(alone, together[:60])


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_few_records_and_many_columns_have_expectations():
    x = np.random.default_rng(4).normal(size=(6, 150)).astype(np.float32)
    for settings in FITS.values():
        detector = TableDetector(epochs=2, random_state=0, **settings).fit(x)
        assert np.isfinite(np.column_stack(detector.expected(x).columns)).all()


def test_columns_are_proposed_by_deviations_and_one_by_the_error_of_a_network():
    deviations = np.array([[8.0, 2.0, 1.9, 4.0, 5.0, 3.0, 2.1], np.zeros(7), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    by_network = np.zeros((3, 7))
    by_network[0, [0, 2]] = 0.1, 0.9
    by_network[1, :4] = 0.2, 0.2, 0.2, 0.4
    by_network[2] = 0.19
    chosen = [np.flatnonzero(row).tolist() for row in most_conspicuous(deviations, by_network)]
    assert chosen == [[0, 2, 3, 4, 5, 6], [3], [0]]
    chosen = [np.flatnonzero(row).tolist() for row in most_conspicuous(deviations, by_network, np.array([0, 3, 4]))]
    assert chosen == [[1, 2, 3, 4, 5, 6], [0], [0]]
