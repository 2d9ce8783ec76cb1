"""Reasons of detectors with a single network."""

import numpy as np
import pytest

from anomaly import AutoencoderDetector, VariationalDetector
from anomaly.detectors.attribution import fractions
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.network_attribution import NetworkSubject, levels_of, log_of
from tests.anomaly.detectors.planes import planes

FEATURES = FeatureSet(np.array([0, 1, 1, 2]), 4)


def subject(normal=(0.0, 0.0, 0.0, 0.0), logarithmic=False):
    """A network whose reconstruction of each feature is the mean of the others that it sees."""

    def reconstruct(copies):
        return ((copies.sum(axis=2, keepdims=True) - copies) / 3).astype(np.float32)

    def terms(x):
        x = np.nan_to_num(x)
        return FEATURES.sum_by_column(np.square(x.astype(np.float64) - reconstruct(x[:, np.newaxis])[:, 0]))

    return NetworkSubject(FEATURES, terms, reconstruct, np.nan_to_num, np.array(normal), (-np.inf, 0.0), logarithmic)


def test_a_column_is_estimated_from_the_others_alone():
    x = np.array([[0.3, 0.6, 0.0, 3.0]], np.float32)
    found = subject().propose(x, np.zeros((1, 4)))
    np.testing.assert_allclose(found.expected, [[1.2, 1.1, 1.1, 0.3]], rtol=1e-6)
    np.testing.assert_allclose(
        found.deviations, [[0.9, np.hypot(0.5, 1.1), 0.0, 0.0]] + 2.7 * np.eye(4)[[2]], rtol=1e-6
    )
    assert found.columns.tolist() == [[True, True, True, False]]


def test_a_missing_cell_is_not_proposed_and_a_far_one_is_bounded_for_the_others():
    x = np.array([[np.nan, 0.0, 0.0, 300.0]], np.float32)
    found = subject().propose(x, np.zeros((1, 4)))
    assert found.columns.tolist() == [[False, False, True, False]]
    np.testing.assert_allclose(found.expected[0, 0], 4 / 3, rtol=1e-6)


def test_a_replaced_column_has_its_normal_term():
    x = np.array([[1.0, 2.0, 2.0, 9.0]], np.float32)
    one = subject(normal=(0.0, 0.0, 0.7, 0.0))
    replaced = np.array([[False, False, True, False]])
    expected = one.terms(x)[0, :2].sum() + 0.7
    np.testing.assert_allclose(one.log_scores(x, replaced), [np.log(expected)])
    np.testing.assert_allclose(subject((0, 0, 0.7, 0), logarithmic=True).log_scores(x, replaced), [expected])


def test_the_fractions_belong_to_the_column_that_contradicts_the_others():
    x = np.array([[1.0, 1.0, 1.1, 7.0], [1.0, 1.0, 1.0, 1.0]], np.float32)
    one = subject()
    found = fractions(one, x, log_of(one.terms(x).sum(axis=1)), np.ones(2, np.bool_))
    assert found[0].argmax() == 2
    np.testing.assert_allclose(found[0].sum(), 1)


def test_levels_are_quantiles_of_logarithms():
    assert levels_of(np.arange(101.0)) == (50.0, 90.0)
    assert np.isfinite(log_of(np.zeros(1))).all()


def everyday(n, seed):
    """Two numbers that determine each other, an amount, rare values, and a category of thirty levels that is noise."""
    rng = np.random.default_rng(seed)
    a, z = rng.normal(size=(2, n))
    return {
        "a": a,
        "b": a + 0.1 * rng.normal(size=n),
        "amount": np.exp(z),
        "tries": np.where(rng.random(n) < 0.03, 5.0, rng.integers(1, 3, n)),
        "on": rng.random(n) >= 0.04,
        "place": rng.choice([f"p{i}" for i in range(30)], n).astype(object),
    }


FAULTS = {
    "shifted number": ("amount", lambda values: 3 * values["amount"].max(), {"amount"}),
    "torn pair": ("b", lambda values: values["b"] + 3, {"a", "b"}),
    "rare count": ("tries", lambda values: 5.0, {"tries"}),
    "rare boolean": ("on", lambda values: False, {"on"}),
}


@pytest.fixture(scope="module", params=[AutoencoderDetector, VariationalDetector])
def detector(request):
    return request.param(random_state=0).fit(everyday(1500, 0))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_faulty_column_is_named_first_in_alarms(detector, fault):
    """By the errors, a rare flag was first in 0 % of the alarms of the autoencoder, and a rare count in 16 %."""
    column, value, right = FAULTS[fault]
    fresh = everyday(500, 1)
    kept = fresh["on"] & (fresh["tries"] < 5) & (detector.decision_function(fresh) <= detector.threshold_)
    records = {name: values[kept] for name, values in fresh.items()}
    records[column] = np.full_like(records[column], 0)
    records[column][:] = value({name: values[kept] for name, values in fresh.items()})
    scores = detector.decision_function(records)
    contributions = detector.explain(records)
    np.testing.assert_allclose(contributions.sum(axis=1), scores)
    alarms = scores > detector.threshold_
    assert alarms.sum() > 20
    names = detector.feature_names_in_[contributions[alarms].argmax(axis=1)]
    hard = fault == "rare boolean" and isinstance(detector, AutoencoderDetector)
    assert np.isin(names, list(right)).mean() >= (0.5 if hard else 0.95)


def test_what_scores_no_more_than_the_median_is_explained_by_its_terms(detector):
    fresh = everyday(200, 2)
    normal = detector.decision_function(fresh) <= np.median(detector.decision_scores_)
    assert normal.any()
    np.testing.assert_array_equal(detector.explain(fresh)[normal], detector.score_terms(fresh)[normal])


def test_contributions_do_not_depend_on_the_batch(detector):
    fresh = everyday(60, 3)
    together = detector.explain(fresh)
    alone = [detector.explain({name: values[i : i + 1] for name, values in fresh.items()}) for i in range(60)]
    np.testing.assert_allclose(np.concatenate(alone), together, rtol=1e-9)


@pytest.mark.parametrize("kind", [AutoencoderDetector, VariationalDetector])
def test_a_table_of_many_columns_is_explained_in_blocks(kind):
    x = np.random.default_rng(0).normal(size=(150, 3)) @ np.random.default_rng(1).normal(size=(3, 150))
    detector = kind(hidden=(8,), epochs=3, random_state=0).fit(x)
    far = x.copy()
    far[:, 7] += 30 * x.std()
    assert (detector.explain(far).argmax(axis=1) == 7).mean() > 0.95


def test_the_network_of_correlated_columns_names_the_shifted_one():
    x, labels = planes()
    detector = AutoencoderDetector(hidden=(32, 2, 32), epochs=200, random_state=0).fit(x[labels == 0])
    wrong = x[labels == 0][:60].copy()
    columns = np.arange(60) % 5
    wrong[np.arange(60), columns] += 6 * x[labels == 0].std(axis=0)[columns]
    assert (detector.explain(wrong).argmax(axis=1) == columns).mean() > 0.95
