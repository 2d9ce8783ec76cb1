"""Every detector stops when the training of a network diverges, and stays as it was."""

import numpy as np
import pytest

import anomaly
from nnlite.divergence import DivergenceError

rng = np.random.default_rng(0)
RECORDS = rng.normal(size=(300, 3))
SERIES = np.cumsum(rng.normal(size=(400, 2)), axis=0) / 10
IMAGES = rng.normal(size=(40, 8, 8, 1))

CASES = {
    "table": (anomaly.TableDetector, RECORDS, {"learning_rate": 1e12}),
    "autoencoder": (anomaly.AutoencoderDetector, RECORDS, {"learning_rate": 1e12}),
    "variational": (anomaly.VariationalDetector, RECORDS, {"learning_rate": 1e12}),
    "image": (anomaly.ImageDetector, IMAGES, {"learning_rate": 1e12}),
    "conv": (anomaly.SequenceDetector, SERIES, {"learning_rate": 1e3, "network": "conv", "window": 16}),
    "dense": (anomaly.SequenceDetector, SERIES, {"learning_rate": 1e6, "network": "dense", "window": 16}),
    "forecast": (
        anomaly.SequenceDetector,
        SERIES,
        {"learning_rate": 1e9, "network": "dense", "window": 16, "method": "forecast"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_training_that_diverges_is_an_error(case):
    make, data, parameters = CASES[case]
    detector = make(**parameters, epochs=3, random_state=0)
    with pytest.raises(DivergenceError, match=r"training diverged in epoch \d+, batch \d+, .*layer '"):
        detector.fit(data)
    assert not hasattr(detector, "threshold_")


def test_a_fit_that_could_not_be_loaded_again_is_an_error():
    # At this rate weights stay finite, but squares of gradients, which the optimizer keeps, do not.
    detector = anomaly.AutoencoderDetector(hidden=(8, 4, 8), epochs=20, learning_rate=1e3, random_state=0)
    with pytest.raises(DivergenceError, match="of the optimizer for .* of layer '"):
        detector.fit(RECORDS[:80])


def test_the_detector_of_before_is_kept():
    detector = anomaly.AutoencoderDetector(epochs=3, random_state=0).fit(RECORDS)
    before = detector.decision_function(RECORDS)
    with pytest.raises(DivergenceError):
        detector.set_params(learning_rate=1e12).fit(RECORDS)
    np.testing.assert_array_equal(detector.decision_function(RECORDS), before)


def test_partial_fit_stops_as_well():
    detector = anomaly.TableDetector(epochs=3, random_state=0, hidden=(8,)).fit(RECORDS)
    with pytest.raises(DivergenceError):
        detector.set_params(learning_rate=1e12).partial_fit(RECORDS)
    assert np.isfinite(detector.decision_function(RECORDS)).all()


def test_scores_that_are_not_finite_are_an_error(monkeypatch):
    detector = anomaly.TableDetector(epochs=3, random_state=0, hidden=(8,)).fit(RECORDS)
    with pytest.raises(DivergenceError, match="2 of 3 training records .* record 2"):
        detector._set_threshold(np.array([1.0, np.nan, np.inf]), None)
