"""The part of the contract that every detector has: p-values, probabilities and the confidence of predictions."""

import numpy as np
import pytest

import anomaly
from anomaly import (
    AutoencoderDetector,
    GroupedDetector,
    ImageDetector,
    NotFittedError,
    SequenceDetector,
    TableDetector,
    VariationalDetector,
    load_detector,
)
from anomaly.calibration import anomaly_probability, p_values, prediction_confidence
from anomaly.detectors.loading import MODULES
from tests.anomaly.detectors import waves
from tests.anomaly.detectors.planes import planes

IMAGES = np.random.default_rng(0).random((40, 8, 8))
MADE = {
    "AutoencoderDetector": (lambda: AutoencoderDetector(hidden=(8,), epochs=5, random_state=0), planes(120)[0]),
    "GroupedDetector": (lambda: GroupedDetector(SequenceDetector(**waves.QUICK)), waves.machines()),
    "ImageDetector": (lambda: ImageDetector(filters=(2,), epochs=1, random_state=0), IMAGES),
    "SequenceDetector": (lambda: SequenceDetector(**waves.QUICK), waves.waves()),
    "TableDetector": (lambda: TableDetector(hidden=(8,), epochs=5, random_state=0), planes(120)[0]),
    "VariationalDetector": (lambda: VariationalDetector(hidden=(8,), latent=2, epochs=5), planes(120)[0]),
}


@pytest.fixture(scope="module", params=MADE)
def fitted(request):
    make, data = MADE[request.param]
    return make().fit(data), data


def test_every_detector_is_here():
    assert (
        set(MADE) == set(MODULES) == {name for name in anomaly.__all__ if name.endswith("Detector")} - {"BaseDetector"}
    )


def test_calibrated_outputs_follow_from_the_scores(fitted):
    detector, data = fitted
    scores, reference = detector.decision_function(data), detector.calibration_scores_
    p = detector.p_values(data)
    np.testing.assert_array_equal(p, p_values(reference, scores))
    assert ((p > 0) & (p <= 1)).all()
    found = detector.predict_proba(data, prior=0.2)
    np.testing.assert_array_equal(found[:, 1], anomaly_probability(p, 0.2, len(reference)))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    confidence = detector.predict_confidence(data)
    np.testing.assert_array_equal(confidence, prediction_confidence(reference, scores, detector.threshold_))
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert detector.predict_confidence(data)[scores.argmin()] > 0.99


def test_calibrated_outputs_survive_a_file(fitted, tmp_path):
    detector, data = fitted
    detector.save(tmp_path / "m.npz")
    loaded = load_detector(tmp_path / "m.npz")
    assert type(loaded) is type(detector)
    np.testing.assert_array_equal(loaded.calibration_scores_, detector.calibration_scores_)
    for method in ("p_values", "predict_proba", "predict_confidence", "score_samples", "predict"):
        np.testing.assert_array_equal(getattr(loaded, method)(data), getattr(detector, method)(data))


@pytest.mark.parametrize("name", MADE)
def test_an_unfitted_detector_says_so(name):
    make, data = MADE[name]
    for method in ("p_values", "predict_proba", "predict_confidence", "score_samples", "predict"):
        with pytest.raises(NotFittedError, match="has not been fitted"):
            getattr(make(), method)(data)


def test_the_prior_is_the_contamination_if_that_is_known():
    x = planes(120)[0]
    detector = AutoencoderDetector(hidden=(8,), epochs=2, contamination=0.2, random_state=0).fit(x)
    np.testing.assert_array_equal(detector.predict_proba(x), detector.predict_proba(x, prior=0.2))
    detector.set_params(contamination="auto")
    np.testing.assert_array_equal(detector.predict_proba(x), detector.predict_proba(x, prior=0.05))
    with pytest.raises(ValueError, match="prior must be a number above 0 and below 1; found 1"):
        detector.predict_proba(x, prior=1)


def test_the_reference_of_a_series_is_its_calibration_segment():
    detector = SequenceDetector(**waves.QUICK).fit(waves.waves())
    np.testing.assert_array_equal(detector.calibration_scores_, detector.decision_scores_[detector.calibration_])
    assert 0 < len(detector.calibration_scores_) <= 400


def test_several_series_give_a_list_each():
    detector = SequenceDetector(**waves.QUICK).fit(waves.waves())
    two = [waves.waves()[:50], waves.waves()[50:130]]
    for method in ("p_values", "predict_proba", "predict_confidence", "score_samples", "predict"):
        found = getattr(detector, method)(two)
        assert [len(one) for one in found] == [50, 80]
        for one, series in zip(found, two, strict=True):
            np.testing.assert_array_equal(one, getattr(detector, method)(series))
    assert detector.score(two) == pytest.approx(np.mean(np.concatenate(detector.score_samples(two))))
