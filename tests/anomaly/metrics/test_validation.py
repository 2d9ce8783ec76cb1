"""Labels and scores of all metrics are validated alike."""

import numpy as np
import pytest

from anomaly.metrics.validation import check_both_classes, check_label_pair, check_labels, check_labels_and_scores


def test_valid_labels_and_scores_are_returned_as_arrays():
    truth, flags = check_label_pair([True, False], [1.0, 0.0])
    assert (truth.tolist(), flags.tolist()) == ([1, 0], [1, 0])
    assert check_labels([0], "y").dtype == np.int64
    labels, scores = check_labels_and_scores([0, 1], [1, 2])
    assert (labels.tolist(), scores.dtype) == ([0, 1], np.float64)
    check_both_classes(labels, "a metric")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_labels([0, 3], "y", "step"), r"y must hold 0 for normal steps and 1 for anomalies; found \[3\]"),
        (lambda: check_label_pair([0, 1], [0]), r"y_true and y_pred must be of one length; found shapes \(2,\) and"),
        (lambda: check_labels_and_scores([0, 1], [[0.0, 1.0]]), r"y_true and y_score must be of one length"),
        (lambda: check_labels_and_scores([0, 1], [0.0, -np.inf], "step"), "found -inf at step 1"),
        (lambda: check_both_classes(np.array([0, 0]), "a metric"), "a metric needs .* found normal records alone"),
        (lambda: check_both_classes(np.array([1]), "a metric", "step"), "found anomalies alone"),
    ],
)
def test_invalid_labels_and_scores_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
