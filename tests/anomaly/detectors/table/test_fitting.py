"""Fit of an ensemble by settings and features alone."""

import numpy as np
import pytest

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.fitting import fit_ensemble, remember
from anomaly.metrics import roc_auc_score
from tests.anomaly.detectors.table.test_training import FEATURES, SETTINGS

TRIMMED = SETTINGS._replace(trim=0.1)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)


def test_the_members_follow_from_the_settings(x):
    fitted = fit_ensemble(SETTINGS, x, FEATURES, seed=0)
    kinds = [member.kind for member in fitted.ensemble.members]
    assert kinds == ["denoiser"] * 2 + ["neighbours"] * 2 + ["isolation"]
    SETTINGS.check_members(fitted.ensemble.members)
    np.testing.assert_array_equal(fitted.ensemble.scores(x), fitted.scores)
    assert len(fitted.history["loss"]) == 19
    with pytest.raises(ValueError, match="its parameters require"):
        SETTINGS._replace(fine_share=0.0).check_members(fitted.ensemble.members)


def test_networks_are_the_same_with_and_without_remembered_records(x):
    variants = (SETTINGS, SETTINGS._replace(neighbors=0), SETTINGS._replace(neighbors=0, forest_share=0.0))
    fits = [fit_ensemble(settings, x, FEATURES, seed=0) for settings in variants]
    fits.append(fit_ensemble(SETTINGS, x, FEATURES, seed=0, comparing=False))
    scores = [fitted.ensemble.networks[1].scores(x) for fitted in fits]
    for other in scores[1:]:
        np.testing.assert_array_equal(other, scores[0])


def test_without_comparisons_there_are_networks_and_a_forest(x):
    fitted = fit_ensemble(TRIMMED, x, FEATURES, seed=0, comparing=False)
    assert [member.kind for member in fitted.ensemble.members] == ["denoiser"] * 2 + ["isolation"]
    assert fitted.ensemble.memory is None


def test_records_left_out_are_scored_and_not_remembered(x):
    outlying = np.concatenate([x, np.full((10, 4), 20, np.float32)])
    fitted = fit_ensemble(TRIMMED, outlying, FEATURES, seed=0)
    assert len(fitted.scores) == 110
    assert len(fitted.ensemble.memory.records) == 99
    assert fitted.ensemble.memory.records.max() < 20
    TRIMMED.check_members(fitted.ensemble.members)


def test_the_wide_comparison_sees_a_group_that_was_not_left_out():
    """The nearest records of one of 60 anomalies are the others; a fifth of 1000 records has others too."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(940, 4)), rng.normal(2.5, 0.01, size=(60, 4))]).astype(np.float32)
    plain, _, wide = remember(SETTINGS._replace(trim=0.2, forest_share=0.0), x, FEATURES, rng)
    labels = np.repeat([0, 1], [940, 60])
    assert roc_auc_score(labels, plain.scores(x)) < 0.1
    assert roc_auc_score(labels, wide.scores(x)) > 0.95
    assert (wide.k, wide.contrast) == (200, 0.0)


def test_the_wide_comparison_has_a_sample_of_many_records():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 4)).astype(np.float32)
    *_, wide, _ = remember(TRIMMED, x, FEATURES, rng)
    assert len(wide.records) == 1000
    assert wide.k == 100


def test_a_group_of_anomalies_is_left_out_that_networks_would_learn():
    """Twenty tight anomalies among 500 records: they are above most others with every seed."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(500, 2)), rng.normal([3.5, 2.5], 0.1, size=(20, 2))]).astype(np.float32)
    labels = np.repeat([0, 1], [500, 20])
    two = FeatureSet(np.arange(2), 2)
    found = [roc_auc_score(labels, fit_ensemble(TRIMMED, x, two, seed=seed).scores) for seed in range(4)]
    assert min(found) > 0.95
    assert np.ptp(found) < 0.05


def test_holes_are_filled_and_marks_are_split_by_no_tree(x):
    holed = np.concatenate([x, (x[:, :1] > 0.5).astype(np.float32)], axis=1)
    holed[::7, 0] = np.nan
    marked = FeatureSet(np.array([0, 1, 2, 3, 3]), 4, marks=np.arange(5) == 4)
    fitted = fit_ensemble(TRIMMED, holed, marked, seed=0)
    assert np.isfinite(fitted.scores).all()
    forest = fitted.ensemble.members[-1]
    assert (forest.features[np.isfinite(forest.thresholds)] < 4).all()
