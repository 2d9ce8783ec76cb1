"""However far a new record is from all of training, it is flagged, and ranked above the usual ones."""

import numpy as np
import pytest

from anomaly import AutoencoderDetector, TableDetector, VariationalDetector

SMALL = {"epochs": 5, "hidden": (8,), "random_state": 0}


@pytest.mark.parametrize("kind", [TableDetector, AutoencoderDetector, VariationalDetector])
def test_far_records_come_first(kind):
    rng = np.random.default_rng(0)
    train, usual, far = (rng.normal(size=(n, 4)) for n in (500, 200, 20))
    detector = kind(**SMALL).fit(train)
    highest = detector.decision_function(usual).max()
    for distance in (20, 100, 1e4, 1e8):
        scores = detector.decision_function(far + distance)
        assert scores.min() > highest
        assert detector.predict(far + distance).all()
