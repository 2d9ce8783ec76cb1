"""Robust training: records that an isolation forest isolates first are left out."""

import numpy as np
import pytest

from anomaly import TableDetector
from anomaly.metrics import average_precision_score

QUICK = {"hidden": (32,), "epochs": 30, "batch_size": 128, "random_state": 0}


@pytest.fixture(scope="module")
def contaminated():
    """Records near a plane, and a group of similar anomalies."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(450, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(450, 6))
    crowd = 4 * rng.normal(size=6) + 0.3 * rng.normal(size=(50, 6))
    return np.r_[normal, crowd], np.r_[np.zeros(450), np.ones(50)]


def test_a_group_of_anomalies_is_found_once_it_is_left_out(contaminated):
    x, y = contaminated
    plain = TableDetector(**QUICK).fit(x).decision_scores_
    robust = TableDetector(**QUICK, trim=0.2).fit(x).decision_scores_
    assert average_precision_score(y, robust) > average_precision_score(y, plain) + 0.1


@pytest.mark.parametrize("seed", range(4))
def test_a_group_of_anomalies_is_left_out_though_its_members_are_near_each_other(seed):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(450, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(450, 6))
    crowd = 4 * rng.normal(size=6) + 0.3 * rng.normal(size=(50, 6))
    detector = TableDetector(**QUICK, trim=0.2).fit(np.r_[normal, crowd])
    remembered = {row.tobytes() for row in detector.ensemble_.memory.records}
    of_crowd = detector.preprocessor_.transform(detector._as_table(crowd))
    assert sum(row.tobytes() in remembered for row in of_crowd) < 25


def test_a_known_contamination_is_trimmed_by_default(contaminated):
    x, _ = contaminated
    scores = {
        (contamination, trim): TableDetector(**QUICK, contamination=contamination, trim=trim).fit(x).decision_scores_
        for contamination, trim in [("auto", "auto"), (0.1, 0), (0.1, "auto"), ("auto", 0.1)]
    }
    np.testing.assert_array_equal(scores["auto", "auto"], scores[0.1, 0])
    np.testing.assert_array_equal(scores[0.1, "auto"], scores["auto", 0.1])
    assert (scores[0.1, 0] != scores[0.1, "auto"]).any()


def test_trimmed_records_are_scored_like_any_other(contaminated):
    x, _ = contaminated
    detector = TableDetector(**QUICK, contamination=0.1).fit(x)
    np.testing.assert_allclose(detector.decision_scores_, detector.decision_function(x), rtol=1e-6)
    assert detector.labels_.sum() == 50
    assert len(detector.ensemble_.memory.records) == 450


@pytest.mark.filterwarnings("ignore::anomaly.errors.FewRecordsWarning")
def test_two_records_are_kept_whatever_is_trimmed():
    detector = TableDetector(hidden=(4,), epochs=2, trim=0.5, random_state=0).fit([[0.0, 1.0], [1.0, 0.0]])
    assert np.isfinite(detector.decision_scores_).all()


@pytest.mark.parametrize("share", [-0.1, 0.6, "some", None, np.nan])
def test_an_impossible_fraction_is_refused(share):
    with pytest.raises(ValueError, match="trim must be"):
        TableDetector(trim=share).fit(np.eye(5))
