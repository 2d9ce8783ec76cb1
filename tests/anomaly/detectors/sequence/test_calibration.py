"""Calibration on steps that a network was not trained on."""

import numpy as np
import pytest

from anomaly.detectors.sequence.calibration import calibrate, calibration_sample, held_out_residuals
from anomaly.detectors.sequence.networks import build_network
from anomaly.detectors.sequence.residual_streams import WindowModel
from anomaly.detectors.sequence.whitening import ResidualScale
from anomaly.errors import DataError
from anomaly.preprocessing.series import Segment

X = np.random.default_rng(0).normal(size=(80, 2))


def models(n):
    networks = [build_network("dense", "reconstruction", 4, 2, (3,), 0.0, 1e-3) for _ in range(n)]
    return [WindowModel((network,), 4, 1, "reconstruction", False, False) for network in networks]


def segments():
    features = X.astype(np.float32)
    return [Segment(features, np.zeros(features.shape, bool), continues=False)]


def test_a_step_has_the_residual_of_the_model_of_its_fold():
    two, folds = models(2), np.repeat([0, 1, 2], [20, 30, 30])
    (found,) = held_out_residuals(two, segments(), folds)
    first, second = (model.residuals(X.astype(np.float32)) for model in two)
    np.testing.assert_allclose(found, np.where(folds[:, np.newaxis] == 2, second, first), atol=1e-6)


def test_scales_come_from_calibration_steps_and_scores_from_all():
    folds = [np.repeat([0, 1], [40, 40])]
    scale = ResidualScale(smoothing=1)
    found = calibrate(scale, models(1), [segments()], folds, 0.0, ["a", "b"])
    assert found.scale is scale
    assert found.steps.tolist() == (folds[0] == 1).tolist()
    assert found.scores.shape == (80,)
    (sample,) = found.sample.segments
    assert sample.shape == (40, 2)
    np.testing.assert_allclose(scale.scale_, np.sqrt(np.square(sample).mean(axis=0)))
    highest = found.scores[40:].max()
    assert highest < found.normal_limit() < 2 * highest


def test_a_feature_without_samples_in_the_calibration_steps_is_estimated_from_all_steps():
    present = np.ones((80, 2), bool)
    present[40:, 1] = False
    steps = np.arange(80) >= 40
    sample = calibration_sample(ResidualScale(), [X], [present], steps, ["a", "b"])
    assert [len(segment) for segment in sample.segments] == [40, 80]
    assert [mask.any(axis=0).tolist() for mask in sample.present] == [[True, False], [False, True]]
    present[3:, 1] = False
    with pytest.raises(DataError, match=r"column 'b' has 3 value\(s\) in 80 steps"):
        calibration_sample(ResidualScale(), [X], [present], steps, ["a", "b"])
