"""Figures that count events; the numbers are worked out by hand."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.metrics.affiliation import affiliation_precision_recall
from anomaly.metrics.events import (
    FlatteringMetricWarning,
    detection_delays,
    evaluate_events,
    event_counts,
    event_precision_recall_f1,
    point_adjust,
    point_adjusted_f1,
    range_auc,
    soften,
    volume_under_surface,
)

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


def test_range_auc_without_a_buffer_by_hand():
    # Scores from the highest: step 1 (quiet), 2 (event), 0 (quiet), 3 (event, the other one).
    truth, scores = [0, 0, 1, 0, 1], [3, 5, 4, 1, 2]
    # Points (FPR, TPR): (0, 0), (1/3, 0), (1/3, 1/2 * 1/2), (2/3, 1/4), (2/3, 1), (1, 1).
    assert range_auc(truth, scores, 0) == pytest.approx(1 / 3 * 1 / 4 + 1 / 3 * 1)


def test_range_auc_with_a_buffer_by_hand():
    # The event at 2, with a buffer of 2: its neighbours count sqrt(1 - 1/2).
    soft = math.sqrt(0.5)
    truth, scores = [0, 0, 1, 0, 0], [1, 4, 5, 2, 3]
    positives = (1 + 1 + 2 * soft) / 2
    negatives = 5 - positives
    points = [(0, 0)]
    hits = false = 0.0
    for step in (2, 1, 4, 3, 0):
        label = {2: 1.0, 1: soft, 3: soft}.get(step, 0.0)
        hits, false = hits + label, false + 1 - label
        points.append((false / negatives, min(1, hits / positives)))
    points.append((1, 1))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))
    assert range_auc(truth, scores, 2) == pytest.approx(area)


def test_labels_soften_and_do_not_add_up_between_events():
    assert soften(np.array([1, 0, 1]), 2).round(4).tolist() == [1.0, 0.7071, 1.0]
    assert soften(np.array([0, 1]), 0).tolist() == [0.0, 1.0]
    assert soften(np.array([1, 0, 0, 0]), 4).round(4).tolist() == [1.0, 0.866, 0.7071, 0.0]


def test_the_volume_is_the_mean_over_buffers():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 0, 1, 0], 12)
    scores = truth + rng.normal(size=60)
    expected = np.mean([range_auc(truth, scores, buffer) for buffer in range(11)])
    assert volume_under_surface(truth, scores, 10) == pytest.approx(expected)
    assert volume_under_surface(truth, scores) == pytest.approx(
        np.mean([range_auc(truth, scores, buffer) for buffer in (0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12)])
    )


def test_an_alarm_that_comes_early_is_forgiven_by_the_buffer():
    truth, early = np.zeros(100, int), np.zeros(100)
    truth[50:60] = 1
    early[43:49] = 1.0
    assert range_auc(truth, early, 20) > range_auc(truth, early, 0) + 0.1


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=40), st.integers(0, 12))
def test_areas_are_shares_and_order_is_all_that_counts(steps, buffer):
    truth, scores = np.array(steps).T
    if truth.min() == truth.max():
        return
    area = range_auc(truth, scores, buffer)
    assert -1e-9 <= area <= 1 + 1e-9
    assert range_auc(truth, 3.0 * scores - 7.0, buffer) == pytest.approx(area)


def test_all_at_once():
    result = evaluate_events(TRUTH, np.array(FLAGS) * 1.0, threshold=0.5)
    assert (result.n_events, result.n_found, result.n_alarms, result.n_right_alarms) == (2, 1, 4, 1)
    assert (result.median_delay, result.longest_delay) == (1.0, 1.0)
    assert "event recall" in str(result)
    assert "flatters" in str(result)
    assert result.to_dict()["event_precision"] == 0.25
    affiliation = result.affiliation_precision, result.affiliation_recall
    assert affiliation == affiliation_precision_recall(TRUTH, FLAGS)
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
        (lambda: range_auc([0, 1], [0.0], 1), "of one length"),
        (lambda: range_auc([0, 1], [0.0, np.nan], 1), "finite numbers; found nan at step 1"),
        (lambda: range_auc([0, 1], [0.0, 1.0], -1), "buffer must be at least 0"),
        (lambda: volume_under_surface([0, 1], [0.0, 1.0], -1), "largest_buffer must be at least 0"),
        (lambda: range_auc([0, 1], [0.0, 1.0], 1.5), "a whole number; found 1.5"),
        (lambda: event_counts([0, 1], [0, 1], -1), "tolerance must be at least 0"),
        (lambda: evaluate_events([0, 1], [0.0, 1.0], np.nan), "threshold must be a number; found nan"),
        (lambda: evaluate_events([1, 1], [0.0, 1.0], 0.5), "normal steps and anomalies; found anomalies alone"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
