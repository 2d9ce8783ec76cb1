"""P-values of fresh normal records are below a level about as often as it says; held-out scores behind them."""

from functools import cache

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.detectors.cross_fitting import folds_of
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.fitting import fit_ensemble
from anomaly.detectors.table.held_out import held_out_scores, rescaled_calibration
from anomaly.detectors.table.settings import EnsembleSettings

pytestmark = pytest.mark.all_folds

QUICK = {"hidden": (16,), "noise": 0.5, "random_state": 0, "n_jobs": 1}
LEVELS = np.array([0.02, 0.05, 0.1, 0.3])
TABLES = {
    "normal": (lambda rng, n: rng.normal(size=(n, 5)), 12),
    "counts": (lambda rng, n: rng.poisson(1, size=(n, 3)).astype(float), 12),
    "heavy tails": (lambda rng, n: rng.pareto(2, size=(n, 3)), 8),
    "categories": (
        lambda rng, n: {"a": rng.choice(list("abcdefgh"), n), "b": rng.choice(list("xyz"), n, p=[0.7, 0.25, 0.05])},
        8,
    ),
}


@cache
def below(name, n=120):
    """Return the share of fresh normal records with p-values at or below each level, for each seed."""
    table, seeds = TABLES[name]
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        detector = TableDetector(**QUICK | {"random_state": seed, "epochs": 10}, draws=1, false_alarm_rate=0.05)
        detector.fit(table(rng, n))
        found.append((detector.p_values(table(rng, 1000))[:, np.newaxis] <= LEVELS).mean(axis=0))
    return np.array(found)


@pytest.mark.parametrize("name", TABLES)
def test_p_values_are_valid_for_fresh_normal_records(name):
    found = below(name)
    seeds = len(found)
    error = found.std(axis=0) / np.sqrt(seeds)
    assert (found.mean(axis=0) <= LEVELS + 3 * error + 0.005).all()


def test_p_values_are_not_grossly_conservative():
    found = below("normal").mean(axis=0)
    assert (found[1:] >= 0.55 * LEVELS[1:]).all()


def test_a_record_that_training_holds_c_times_has_at_least_c_scores_as_high():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.poisson(1, size=(300, 3)).astype(float)
        detector = TableDetector(**QUICK | {"random_state": seed, "epochs": 10}, false_alarm_rate=0.05).fit(x)
        values, counts = np.unique(x, axis=0, return_counts=True)
        assert (detector.p_values(values) >= (1 + counts) / 301 - 1e-12).all()


def test_calibration_scores_are_at_least_the_training_scores_and_follow_further_records():
    rng = np.random.default_rng(0)
    detector = TableDetector(false_alarm_rate=0.05, random_state=0, epochs=30).fit(rng.normal(size=(200, 4)))
    assert (detector.calibration_scores_ >= detector.decision_scores_).all()
    detector.partial_fit(rng.normal(size=(100, 4)))
    assert len(detector.calibration_scores_) == 300
    flagged = (detector.p_values(rng.normal(size=(2000, 4))) <= 0.1).mean()
    assert 0.05 < flagged < 0.16


# -- held-out scores of an ensemble ------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    settings = EnsembleSettings.from_parameters(TableDetector(hidden=(4,), noise=0.5, epochs=2, n_jobs=1).get_params())
    fit = lambda rows: fit_ensemble(settings, x[rows], FeatureSet(np.arange(3), 3), seed=0).ensemble  # noqa: E731
    return x, fit, fit(slice(None))


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.5])])
def test_each_record_is_scored_by_an_ensemble_that_was_fitted_without_it(fitted, weights):
    x, fit, ensemble = fitted
    ensemble = ensemble.with_label_weights(None if weights is None else np.array([0.2, 0.4, 0.3, 0.1]), weights)
    left_out = []

    def fit_without(fold):
        left_out.extend(fold)
        other = fit(np.setdiff1d(np.arange(60), fold))
        return other.with_label_weights(ensemble.member_weights, weights), x

    found = held_out_scores(fit_without, ensemble, x, folds_of(60))
    assert sorted(left_out) == list(range(60))
    if weights is None:
        assert (found >= ensemble.scores(x)).all()
    first = folds_of(60)[0]
    if weights is not None:
        other = fit(np.setdiff1d(np.arange(60), first)).with_label_weights(ensemble.member_weights, weights)
        np.testing.assert_array_equal(found[first], other.with_scale_of(ensemble).scores(x[first]))


def test_without_a_difference_between_the_ensembles_held_out_scores_are_leave_one_out_scores(fitted):
    x, _, ensemble = fitted
    found = held_out_scores(lambda fold: (ensemble, x), ensemble, x, folds_of(60))
    np.testing.assert_array_equal(found, ensemble.scores(x))


def test_a_held_out_record_does_not_set_the_scale_of_its_column():
    amounts = np.exp(2 * np.random.default_rng(0).normal(size=(60, 4)))
    amounts[7, 0] = 1e5
    detector = TableDetector(**QUICK | {"epochs": 10}, false_alarm_rate=0.1).fit(amounts)
    # Among all 60 the largest amount is at most eight standard deviations from the others.
    assert detector.calibration_scores_[7] > 10 * detector.decision_function(amounts[7:8])[0]


def test_calibration_scores_keep_their_ratio_to_training_scores_by_rank():
    before = np.linspace(1, 2, 11)
    found = rescaled_calibration(1.5 * before, before, np.linspace(10, 20, 11)[::-1])
    np.testing.assert_allclose(found, 1.5 * np.linspace(10, 20, 11))
    np.testing.assert_array_equal(rescaled_calibration(before, np.zeros(3), np.array([2.0, 1.0])), [1.0, 2.0])


# -- few records for each column ---------------------------------------------------------------


def correlated(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)) @ np.random.default_rng(9).normal(size=(2, 8)) + 0.3 * rng.normal(size=(n, 8))


def test_p_values_of_few_records_are_valid_without_a_false_alarm_rate():
    found = []
    for seed in range(6):
        detector = TableDetector(random_state=seed, epochs=60).fit(correlated(60, seed))
        found.append((detector.p_values(correlated(1000, 50 + seed))[:, np.newaxis] <= LEVELS).mean(axis=0))
    error = np.std(found, axis=0) / np.sqrt(6)
    assert (np.mean(found, axis=0) <= LEVELS + 3 * error + 0.005).all()


def test_further_records_are_held_out_until_there_are_enough():
    detector = TableDetector(**QUICK).fit(correlated(60, 0))
    detector.partial_fit(correlated(60, 1))
    own = detector.ensemble_.scores(detector.ensemble_.memory.records)
    assert (detector.decision_scores_ >= own).all()
    assert (detector.decision_scores_ > own).mean() > 0.5
    assert detector.calibration_scores_ is detector.decision_scores_
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    assert detector.predict(correlated(1000, 2)).mean() < 0.06
    detector.partial_fit(correlated(40, 3))
    np.testing.assert_array_equal(
        detector.decision_scores_, detector.ensemble_.scores(detector.ensemble_.memory.records)
    )


def test_scores_with_learned_weights_are_held_out_too():
    x = correlated(60, 0)
    detector = TableDetector(**QUICK).fit(x)
    anomalies = correlated(12, 1)
    anomalies[:, 0] += 6.0
    detector.learn_labels(anomalies, np.ones(12))
    assert detector.column_weights_[0] > 1
    assert (detector.decision_scores_ != detector.decision_function(x)).mean() > 0.9
    assert detector.predict(correlated(1000, 2)).mean() < 0.06
    assert detector.predict(anomalies).mean() > 0.9


def test_a_column_with_all_its_values_in_one_fold_is_read_as_in_all_records():
    rng = np.random.default_rng(0)
    rare = np.full(30, np.nan)
    rare[folds_of(30)[0]] = rng.normal(size=3)
    table = {"a": rng.normal(size=30), "b": rng.normal(size=30), "rare": rare, "kind": np.repeat(["x", "y"], 15)}
    detector = TableDetector(**QUICK).fit(table)
    assert np.isfinite(detector.decision_scores_).all()


def test_fold_fits_print_no_progress(capsys):
    TableDetector(hidden=(4,), noise=0.5, epochs=3, random_state=0, verbose=2).fit(correlated(60, 0))
    assert capsys.readouterr().out.count("Epoch") == 3
