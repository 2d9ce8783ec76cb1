"""Figures that count events; the numbers are worked out by hand."""

import numpy as np
import pytest

from anomaly.metrics.affiliation import affiliation_precision_recall
from anomaly.metrics.events import (
    FlatteringMetricWarning,
    composite_f1,
    detection_delays,
    evaluate_events,
    event_counts,
    event_precision_recall_f1,
    point_adjust,
    point_adjusted_f1,
)
from anomaly.metrics.ranges import range_precision_recall_f1
from anomaly.metrics.surface import vus_pr, vus_roc

#        0  1  2  3  4  5  6  7  8  9
TRUTH = [0, 0, 1, 1, 1, 0, 0, 1, 1, 0]
FLAGS = [1, 0, 0, 1, 0, 1, 0, 0, 0, 1]


def test_events_found_and_alarms_that_are_right():
    # Alarms at 0, 3, 5 and 9; only that at 3 is in an event, which is one of two.
    assert event_counts(TRUTH, FLAGS) == (2, 1, 4, 1)
    assert event_precision_recall_f1(TRUTH, FLAGS) == (0.25, 0.5, pytest.approx(1 / 3))


def test_alarms_are_joined_over_short_pauses():
    # 3 and 5 become one alarm; 0 stays apart from it.
    assert event_counts(TRUTH, FLAGS, tolerance=1) == (2, 1, 3, 1)


def test_nothing_flagged_finds_nothing():
    assert event_precision_recall_f1(TRUTH, np.zeros(10)) == (0.0, 0.0, 0.0)


def test_delays_count_from_the_start_of_each_event():
    np.testing.assert_array_equal(detection_delays(TRUTH, FLAGS), [1.0, np.nan])
    np.testing.assert_array_equal(detection_delays(TRUTH, TRUTH), [0.0, 0.0])


def test_point_adjusted_f1_warns():
    # The first event whole: 3 hits, 3 false, 2 missed.
    assert point_adjust(TRUTH, FLAGS).tolist() == [1, 0, 1, 1, 1, 1, 0, 0, 0, 1]
    with pytest.warns(FlatteringMetricWarning, match="flatters: one flagged step counts as the whole event"):
        assert point_adjusted_f1(TRUTH, FLAGS) == pytest.approx(2 * 3 / (2 * 3 + 3 + 2))


def test_point_adjustment_flatters_random_flags():
    rng = np.random.default_rng(0)
    truth = np.zeros(10_000, int)
    truth[4000:6000] = 1
    flags = (rng.random(10_000) < 0.02).astype(int)
    with pytest.warns(FlatteringMetricWarning):
        assert point_adjusted_f1(truth, flags) > 0.9
    assert event_precision_recall_f1(truth, flags)[0] < 0.3


def test_composite_f1_by_hand():
    # One of ten steps is flagged rightly of four flagged, and one of two events is detected.
    assert composite_f1(TRUTH, FLAGS) == pytest.approx(2 * 0.25 * 0.5 / 0.75)
    assert composite_f1(TRUTH, np.zeros(10)) == 0.0


def test_an_alarm_that_never_ends_is_told():
    truth, always = np.zeros(1000, int), np.ones(1000)
    truth[500:510] = 1
    with pytest.warns(FlatteringMetricWarning, match="correct alarms cover 100% of the normal steps"):
        assert event_precision_recall_f1(truth, always) == (1.0, 1.0, 1.0)
    result = evaluate_events(truth, always, threshold=0.5)
    assert (result.event_f1, result.false_alarm_rate, result.normal_time_in_right_alarms) == (1.0, 1.0, 1.0)
    assert result.composite_f1 == result.range_f1 == pytest.approx(2 * 0.01 / 1.01, abs=1e-3)
    assert result.affiliation_f1 == result.affiliation_f1_of_all_flagged > 0.65
    assert "Normal steps flagged: 100.0%" in str(result)
    assert "correct alarms cover 100% of the normal steps" in str(result)


def test_a_short_alarm_is_not():
    truth, flags = np.zeros(1000, int), np.zeros(1000, int)
    truth[500:510] = flags[505:560] = flags[100:103] = 1
    assert event_precision_recall_f1(truth, flags)[:2] == (0.5, 1.0)
    result = evaluate_events(truth, flags, threshold=0.5)
    assert result.false_events_per_1000_steps == 1.0
    assert result.false_alarm_rate == pytest.approx(53 / 990)
    assert "false events per 1,000 steps: 1.00" in str(result)
    assert "correct alarms cover" not in str(result)


def test_all_at_once():
    result = evaluate_events(TRUTH, np.array(FLAGS) * 1.0, threshold=0.5)
    assert (result.n_events, result.n_found, result.n_alarms, result.n_right_alarms) == (2, 1, 4, 1)
    assert (result.median_delay, result.longest_delay) == (1.0, 1.0)
    assert "event recall" in str(result)
    assert "flatters" in str(result)
    assert result.to_dict()["event_precision"] == 0.25
    affiliation = result.affiliation_precision, result.affiliation_recall
    assert affiliation == affiliation_precision_recall(TRUTH, FLAGS)
    assert result.vus_pr == vus_pr(TRUTH, FLAGS)
    assert result.vus_roc == vus_roc(TRUTH, FLAGS)
    assert result.range_f1 == range_precision_recall_f1(TRUTH, FLAGS)[2]
    nothing = evaluate_events(TRUTH, np.zeros(10), threshold=0.5)
    assert nothing.median_delay is None
    assert "-" in str(nothing)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: event_counts([0, 2], [0, 1]),
            r"y_true must hold 0 for normal steps and 1 for anomalies; found \[2\]",
        ),
        (lambda: event_counts([0, 1], [0, 1, 1]), r"of one length; found shapes \(2,\) and \(3,\)"),
        (lambda: event_counts([], []), "one label per step"),
        (lambda: event_counts([0, 1], [0, 1], -1), "tolerance must be at least 0"),
        (lambda: evaluate_events([0, 1], [0.0, 1.0], np.nan), "threshold must be a number; found nan"),
        (lambda: evaluate_events([1, 1], [0.0, 1.0], 0.5), "normal steps and anomalies; found anomalies alone"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
