"""Labels of several series."""

import numpy as np
import pandas as pd
import pytest

from anomaly import SequenceDetector
from tests.anomaly.detectors.waves import QUICK, waves


def test_labels_of_several_series_are_checked_series_by_series():
    many = [waves(150), waves(100)]
    detector = SequenceDetector(**QUICK, threshold="best_f1")
    with pytest.raises(ValueError, match="series 1 of 2 has 150 steps; found 100 labels for it"):
        detector.fit(many, [np.zeros(100, int), np.zeros(150, int)])
    with pytest.raises(ValueError, match="labels for each of the 2 series; found 3 sequence"):
        detector.fit(many, [np.zeros(150, int), np.zeros(50, int), np.zeros(50, int)])
    with pytest.raises(ValueError, match=r"one label per step \(250\); found shape \(249,\)"):
        detector.fit(many, np.zeros(249, int))
    with pytest.raises(ValueError, match=r"one label per step \(150\); found shape \(149,\)"):
        detector.fit(many[0], np.zeros(149, int))
    with pytest.raises(ValueError, match=r"one label per step \(150\); found shape"):
        detector.fit(many[0], 1)


def test_labels_of_each_series_or_of_all_in_one_sequence():
    many, labels = [waves(150), waves(100)], np.arange(250) % 50 > 45
    thresholds = [
        SequenceDetector(**{**QUICK, "epochs": 1}, threshold="best_f1").fit(many, y).threshold_
        for y in ([labels[:150], labels[150:]], [labels[:150, np.newaxis], pd.Series(labels[150:])], labels, [*labels])
    ]
    assert len(set(thresholds)) == 1
