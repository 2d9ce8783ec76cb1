"""P-values of fresh normal records are below a level about as often as it says; held-out scores behind them."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.fitting import fit_ensemble
from anomaly.detectors.table.held_out import folds_of, held_out_scores, rescaled_calibration
from anomaly.detectors.table.training import EnsembleSettings

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


def below(table, seed, n=120):
    """Return the share of fresh normal records with p-values at or below each level."""
    rng = np.random.default_rng(seed)
    detector = TableDetector(false_alarm_rate=0.05, random_state=seed, epochs=60).fit(table(rng, n))
    return (detector.p_values(table(rng, 1000))[:, np.newaxis] <= LEVELS).mean(axis=0)


@pytest.mark.parametrize(("table", "seeds"), TABLES.values(), ids=TABLES)
def test_p_values_are_valid_for_fresh_normal_records(table, seeds):
    found = np.array([below(table, seed) for seed in range(seeds)])
    error = found.std(axis=0) / np.sqrt(seeds)
    assert (found.mean(axis=0) <= LEVELS + 3 * error + 0.005).all()


def test_p_values_are_not_grossly_conservative():
    table, seeds = TABLES["normal"]
    found = np.mean([below(table, 100 + seed) for seed in range(seeds)], axis=0)
    assert (found[1:] >= 0.55 * LEVELS[1:]).all()


def test_a_record_that_training_holds_c_times_has_at_least_c_scores_as_high():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.poisson(1, size=(300, 3)).astype(float)
        detector = TableDetector(false_alarm_rate=0.05, random_state=seed, epochs=30).fit(x)
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


@pytest.mark.parametrize(("n", "count"), [(500, 5), (499, 10), (10, 5)])
def test_folds_are_a_partition(n, count):
    folds = folds_of(n)
    assert len(folds) == count
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(n))


@pytest.fixture(scope="module")
def fitted():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    settings = EnsembleSettings.from_parameters(TableDetector(hidden=(4,), noise=0.5, epochs=2, n_jobs=1).get_params())
    fit = lambda rows: fit_ensemble(settings, x[rows], FeatureSet(np.arange(3), 3), seed=0).ensemble  # noqa: E731
    return x, fit, fit(slice(None))


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.5])])
def test_each_record_is_scored_by_an_ensemble_that_was_fitted_without_it(fitted, weights):
    x, fit, ensemble = fitted
    ensemble = ensemble.with_label_weights(None if weights is None else np.array([0.2, 0.4, 0.4]), weights)
    left_out = []

    def fit_without(fold):
        left_out.extend(fold)
        other = fit(np.setdiff1d(np.arange(60), fold))
        return other.with_label_weights(ensemble.member_weights, weights), x[fold]

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
    found = held_out_scores(lambda fold: (ensemble, x[fold]), ensemble, x, folds_of(60))
    np.testing.assert_array_equal(found, ensemble.scores(x))


def test_calibration_scores_keep_their_ratio_to_training_scores_by_rank():
    before = np.linspace(1, 2, 11)
    found = rescaled_calibration(1.5 * before, before, np.linspace(10, 20, 11)[::-1])
    np.testing.assert_allclose(found, 1.5 * np.linspace(10, 20, 11))
    np.testing.assert_array_equal(rescaled_calibration(before, np.zeros(3), np.array([2.0, 1.0])), [1.0, 2.0])
