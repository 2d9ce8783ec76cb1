"""Explanations of faults in known columns."""

from pathlib import Path

import numpy as np
import pytest

from anomaly import TableDetector, load_detector
from anomaly.datasets import make_transactions

# Columns of which each value is met once are kept here, to see what is expected in them.
pytestmark = pytest.mark.filterwarnings("ignore::anomaly.errors.BlindColumnWarning")


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


def everyday(n, seed):
    """Two numbers that determine each other, others, rare values, and a category of thirty levels that is noise."""
    rng = np.random.default_rng(seed)
    a, z = rng.normal(size=(2, n))
    return {
        "a": a,
        "b": a + 0.1 * rng.normal(size=n),
        "amount": np.exp(z),
        "on": rng.random(n) >= 0.04,
        "kind": rng.choice(["x", "y", "z", "rare"], n, p=[0.5, 0.3, 0.19, 0.01]).astype(object),
        "place": rng.choice([f"p{i}" for i in range(30)], n).astype(object),
    }


FAULTS = {
    "shifted number": ("amount", lambda values: 3 * values["amount"].max(), {"amount"}),
    "torn pair": ("b", lambda values: values["b"] + 3, {"a", "b"}),
    "rare boolean": ("on", lambda values: False, {"on"}),
    "rare category": ("kind", lambda values: "rare", {"kind"}),
    "unseen category": ("place", lambda values: "elsewhere", {"place"}),
}


@pytest.fixture(scope="module", params=[{}, {"neighbors": 0}], ids=["memory", "networks"])
def everyday_detector(request):
    return TableDetector(random_state=0, **request.param).fit(everyday(1500, 0))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_faulty_column_is_named_first_in_alarms(everyday_detector, fault):
    """A column whose rare value occurs in training had a contribution of 0; one that is noise was named for others."""
    detector, (column, value, right) = everyday_detector, FAULTS[fault]
    fresh = everyday(500, 1)
    kept = fresh["on"] & (fresh["kind"] != "rare") & (detector.decision_function(fresh) <= detector.threshold_)
    records = {name: values[kept] for name, values in fresh.items()}
    records[column] = np.full_like(records[column], 0)
    records[column][:] = value({name: values[kept] for name, values in fresh.items()})
    alarms = detector.decision_function(records) > detector.threshold_
    shares = detector.explain(records, normalize=True)[alarms]
    assert alarms.sum() > 20
    names = detector.feature_names_in_
    assert np.isin(names[shares.argmax(axis=1)], list(right)).mean() >= (0.95 if detector.neighbors else 0.6)
    assert (shares[:, list(names).index(column)] > 0).all()


def test_with_the_expected_value_of_the_first_column_a_record_scores_less(detector, faults):
    _, faulty, _ = faults
    first = detector.explain(faulty).argmax(axis=1)
    rows, replaced = np.arange(len(faulty)), faulty.copy()
    replaced[rows, first] = np.column_stack(detector.expected(faulty).columns)[rows, first]
    assert (detector.decision_function(replaced) < 0.8 * detector.decision_function(faulty)).all()


def test_two_faults_have_the_two_largest_contributions(detector, faults):
    x, _, column = faults
    rows, other = np.arange(len(x)), (column + 3) % x.shape[1]
    spread = records(1000, 0).std(axis=0)
    x = x.copy()
    x[rows, column] += 5 * spread[column]
    x[rows, other] -= 4 * spread[other]
    highest = np.sort(np.argsort(-detector.explain(x), axis=1)[:, :2], axis=1)
    assert (highest == np.sort(np.stack([column, other], axis=1), axis=1)).all(axis=1).mean() >= 0.9


def test_explanations_are_independent_of_the_batch(everyday_detector):
    x = everyday(60, 2)
    together = everyday_detector.explain(x)
    alone = [everyday_detector.explain({name: values[i : i + 1] for name, values in x.items()}) for i in range(60)]
    np.testing.assert_array_equal(np.concatenate(alone), together)


def test_a_missing_cell_is_not_replaced():
    rng = np.random.default_rng(0)
    x = records(600, 0)
    x[rng.random(x.shape) < 0.1] = np.nan
    detector = TableDetector(random_state=0).fit(x)
    faulty = records(50, 1)
    faulty[:, 0], faulty[:, 1] = np.nan, faulty[:, 1] + 9 * np.nanstd(x[:, 1])
    shares = detector.explain(faulty, normalize=True)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares.argmax(axis=1) == 1).all()
    assert (shares[:, 0] < 0.01).all()


def orders(n, seed):
    """Orders by day, of kinds that determine the price, from cities of which most are rare."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(np.array(["pen", "phone"], dtype=object), n)
    city = rng.choice(np.array([f"city {i}" for i in range(40)], dtype=object), n)
    minutes = (rng.integers(0, 60, n) * 24 * 60 + np.clip(rng.normal(14, 1, n), 0, 23) * 60).astype(int)
    return {
        "kind": kind,
        "price": np.where(kind == "pen", 2.0, 500.0) * np.exp(0.1 * rng.normal(size=n)),
        "city": np.where(rng.random(n) < 0.9, "Rome", city),
        "serial": np.array([f"id {rng.integers(10**9)}" for _ in range(n)], dtype=object),
        "at": np.datetime64("2024-03-04T00:00") + minutes.astype("timedelta64[m]"),
    }


def changed(records, column, value):
    records = {name: values.copy() for name, values in records.items()}
    records[column][:] = value
    return records


@pytest.fixture(scope="module")
def of_orders():
    return TableDetector(keep=["serial"], random_state=0).fit(orders(1000, 0))


def test_the_expected_value_of_the_named_column_is_the_replacement_that_lowers_the_score(of_orders):
    for column, value in {"price": 90.0, "city": "Atlantis", "at": np.datetime64("2024-04-01T03:00")}.items():
        found = changed(orders(100, 1), column, value)
        scores, expected = of_orders.decision_function(found), of_orders.expected(found)
        index = list(found).index(column)
        named = (scores > of_orders.threshold_) & (of_orders.explain(found).argmax(axis=1) == index)
        assert named.sum() > 50
        left = of_orders.decision_function({**found, column: expected[column]})
        assert (left[named] < scores[named]).all()


def test_a_datetime_is_expected_at_its_date_at_the_hour_of_others(of_orders):
    found = changed(orders(50, 1), "at", np.datetime64("2024-04-01T03:00"))
    expected = of_orders.expected(found)["at"]
    assert (np.abs(expected - np.datetime64("2024-04-01T14:00")) < np.timedelta64(4, "D")).all()
    hours = (expected - expected.astype("M8[D]")) / np.timedelta64(1, "h")
    assert (np.abs(hours - 14) < 3).all()
    missing = changed(orders(5, 1), "at", np.datetime64("NaT", "us"))
    assert np.isnat(of_orders.expected(missing)["at"]).all()


@pytest.mark.parametrize("settings", [{}, {"neighbors": 0}], ids=["memory", "networks"])
def test_no_group_of_values_is_expected(settings):
    detector = TableDetector(epochs=3, keep=["serial"], random_state=0, **settings).fit(orders(400, 0))
    expected = detector.expected(orders(100, 1))
    for name in ("kind", "city", "serial"):
        assert not {cell for cell in expected[name] if cell is not None and cell.startswith("<")}


def test_a_detector_of_an_earlier_version_expects_no_group_of_values():
    detector = load_detector(Path(__file__).parents[1] / "saved" / "averaged_scores.npz")
    assert detector.preprocessor_.missing == "median"
    columns = [column for column, kind in detector.preprocessor_.kinds_.items() if kind == "category"]
    records = make_transactions(n_records=100, random_state=1).columns
    records = {name: records[name] for name in detector.feature_names_in_}
    for name in columns:
        records[name] = np.array(["never seen"] * 100, dtype=object)
    expected = detector.expected(records)
    assert columns
    for name in columns:
        assert not {cell for cell in expected[name] if cell is not None and cell.startswith("<")}
