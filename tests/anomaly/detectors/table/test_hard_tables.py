"""Tables that are small, wide, sparse or strange: the scores are finite and still find anomalies."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.errors import EmptyColumnWarning


def scores_of(train, others, **settings):
    """Return the scores of training records and of others."""
    detector = TableDetector(random_state=0, **settings).fit(train)
    own, found = detector.decision_scores_, detector.decision_function(others)
    assert np.isfinite(own).all()
    assert np.isfinite(found).all()
    return own, found


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_fewer_rows_than_columns():
    own, found = scores_of(normal(30, 100), normal(5, 100) * 5)
    assert found.min() > own.max()


def test_twenty_rows():
    own, found = scores_of(normal(20, 4), normal(5, 4) + 20)
    assert found.min() > own.max()


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_two_rows():
    _, found = scores_of([[1.0, 2.0], [1.5, 2.5]], [[100.0, -100.0], [1.2, 2.2]])
    assert found[0] > found[1]


def test_duplicates_by_the_thousand():
    train = np.repeat(normal(4, 3), 1000, axis=0)
    own, found = scores_of(train, normal(5, 3, seed=1) + 8)
    assert found.min() > own.max()


def test_one_record_many_times():
    own, found = scores_of(np.ones((500, 3)), np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.5]]))
    assert found[1] > own.max()
    assert found[0] == pytest.approx(own[0])


def test_categories_alone():
    rng = np.random.default_rng(0)
    first = rng.choice(["a", "b", "c"], 600)
    train = {"first": first, "second": np.char.upper(first), "third": rng.choice(["x", "y"], 600)}
    own, found = scores_of(train, {"first": ["a", "b"], "second": ["A", "C"], "third": ["x", "x"]})
    assert found[1] > np.quantile(own, 0.99) > found[0]


def test_a_column_that_was_constant_and_varies_later():
    train = normal(400, 3)
    train[:, 1] = 7.0
    detector = TableDetector(random_state=0).fit(train)
    later = normal(50, 3, seed=1)
    later[:, 1] = 7.0
    changed = later.copy()
    changed[:, 1] = 12.0
    assert (detector.decision_function(changed) > detector.decision_function(later)).all()
    assert (detector.explain(changed).argmax(axis=1) == 1).mean() > 0.9


def test_units_far_apart():
    units = np.array([1e-12, 1.0, 1e12])
    own, found = scores_of(normal(400, 3) * units, (normal(5, 3, seed=1) + 15 * np.eye(3)[[0, 1, 2, 0, 2]]) * units)
    assert found.min() > own.max()


def test_most_cells_missing():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1)) + 0.1 * rng.normal(size=(500, 6))
    x[rng.random(x.shape) < 0.6] = np.nan
    anomalies = np.full((3, 6), np.nan)
    anomalies[:, :2] = [[9.0, -9.0], [12.0, 12.0], [-15.0, 1.0]]
    own, found = scores_of(x, anomalies)
    assert found.min() > np.quantile(own, 0.99)


def test_two_thousand_columns():
    shared = normal(150, 1)
    own, found = scores_of(shared + normal(150, 2000, seed=1), normal(3, 2000, seed=2) * 4, hidden=(32,), epochs=20)
    assert found.min() > own.max()


def test_a_column_without_values_is_named_and_left_out():
    x, fresh = normal(50, 3), normal(5, 3, seed=1)
    x[:, 2] = np.nan
    with pytest.warns(EmptyColumnWarning, match="ignored: 'x2'"):
        detector = TableDetector(epochs=1, random_state=0).fit(x)
    scores = detector.decision_function(fresh)
    fresh[:, 2] = 1e6
    np.testing.assert_array_equal(detector.decision_function(fresh), scores)
    assert (detector.explain(fresh)[:, 2] == 0).all()


def test_threads_change_nothing():
    x = normal(300, 5)
    one, many = (TableDetector(epochs=20, random_state=0, n_jobs=jobs).fit(x) for jobs in (1, 3))
    np.testing.assert_array_equal(one.decision_scores_, many.decision_scores_)


def test_a_false_alarm_rate_is_kept_where_distances_take_few_values():
    rng = np.random.default_rng(1550)
    letters = np.array(list("ABCDEFGH"), dtype=object)
    probabilities = {
        "product": [0.3, 0.25, 0.2, 0.1, 0.1, 0.05],
        "channel": [0.3, 0.2, 0.5],
        "priority": [0.5, 0.35, 0.15],
        "region": [1 / 8] * 8,
        "vip": [0.1, 0.9],
    }

    def tickets(n):
        return {name: letters[rng.choice(len(p), n, p=p)] for name, p in probabilities.items()}

    detector = TableDetector(false_alarm_rate=0.01, random_state=0).fit(tickets(1500))
    assert detector.predict(tickets(1500)).mean() < 0.03


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_the_score_of_a_record_that_occurs_a_thousand_times_is_independent_of_the_batch(seed):
    x = np.repeat(np.random.default_rng(seed).normal(size=(5, 4)), 1000, axis=0)
    detector = TableDetector(random_state=seed).fit(x)
    some = x[::1000]
    alone = np.concatenate([detector.predict(row[np.newaxis]) for row in some])
    np.testing.assert_array_equal(alone, detector.predict(x)[::1000])
    chances = np.concatenate([detector.p_values(row[np.newaxis]) for row in some])
    np.testing.assert_array_equal(chances, detector.p_values(x)[::1000])
