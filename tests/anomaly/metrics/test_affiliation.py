"""Affiliation metrics; expected numbers are computed by hand from the definitions of the paper."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.metrics.affiliation import affiliation_precision_recall, interval_affiliation

SPAN = (0.0, 10.0)


def test_the_example_of_the_authors():
    # The README of the authors' program prints these figures with two digits (0.82, 0.84; 0.63 and 1.0; 0.82 and
    # 0.87). By hand: the zones are (0, 5.5) and (5.5, 10).
    found = interval_affiliation([(3, 4), (7, 10)], [(4, 5), (8, 9)], SPAN)
    assert found.zone_precision == pytest.approx([3.5 / 5.5, 1.0])
    assert found.zone_recall == pytest.approx([4.5 / 5.5, (1 + 3.5 / 4.5 + 3.75 / 4.5) / 3])
    assert (found.precision, found.recall) == (pytest.approx(0.82, abs=0.005), pytest.approx(0.84, abs=0.005))
    steps = affiliation_precision_recall([0, 0, 0, 1, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 0, 0, 0, 1, 0])
    assert steps == pytest.approx((found.precision, found.recall))


def test_everything_flagged_finds_everything_and_is_hardly_better_than_chance():
    # In the event (a fraction p of the zone) the distance is 0; elsewhere it is that of a random point.
    found = interval_affiliation([(4, 6)], [SPAN], SPAN)
    assert found.recall == 1.0
    assert found.precision == pytest.approx(0.2 + 0.8**2 / 2)


def test_flagging_every_step_has_an_f1_of_two_thirds_if_events_are_short():
    truth = np.zeros(1000, int)
    truth[[200, 500, 800]] = 1
    precision, recall = affiliation_precision_recall(truth, np.ones(1000, int))
    assert recall == 1.0
    assert precision == pytest.approx(0.5, abs=0.005)


def test_an_alarm_at_the_far_end_of_the_zone_is_next_to_worthless():
    found = interval_affiliation([(0, 1)], [(9, 10)], SPAN)
    # Farther than x is what comes after x: 0.5 on the mean. Before 2y - 10 is nothing, after the alarm's start is 1.
    assert found.precision == pytest.approx(0.05)
    assert found.recall == pytest.approx(0.1)


def test_a_moment_between_two_alarms_belongs_to_the_nearer_one():
    # The event (4, 6) between alarms (2, 3) and (8, 9), halfway between which is 5.5. Up to there lies farther what is
    # before 3, and what is after 2y - 3: 3 + 3.5 on the mean. From there on, what is after 8, and before 2y - 8: 5.5.
    found = interval_affiliation([(4, 6)], [(2, 3), (8, 9)], SPAN)
    assert found.recall == pytest.approx((1.5 * 6.5 + 0.5 * 5.5) / 2 / 10)


def test_zones_without_an_alarm_count_for_recall_alone():
    found = interval_affiliation([(1, 2), (8, 9)], [(1, 2)], SPAN)
    assert (found.precision, found.recall) == (1.0, 0.5)
    assert math.isnan(found.zone_precision[1])
    assert interval_affiliation([(1, 2)], [], SPAN).precision == 0.0
    assert affiliation_precision_recall([0, 1, 0], [0, 0, 0]) == (0.0, 0.0)


def test_an_alarm_over_a_border_belongs_to_both_zones():
    # The border of (1, 2) and (8, 9) is at 5; 4 to 5 belongs to the first event, 5 to 6 to the second one.
    found = interval_affiliation([(1, 2), (8, 9)], [(4, 6)], SPAN)
    apart = interval_affiliation([(1, 2)], [(4, 5)], (0, 5)), interval_affiliation([(8, 9)], [(5, 6)], (5, 10))
    assert found.zone_precision == pytest.approx([one.precision for one in apart])
    assert found.zone_recall == pytest.approx([one.recall for one in apart])


def test_single_alarms_at_random_have_both_figures_near_one_half():
    truth = np.zeros(2001, int)
    truth[700:705] = 1
    found = np.array([affiliation_precision_recall(truth, np.arange(2001) == step) for step in range(0, 2001, 7)])
    assert found.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.02)


labels = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40).filter(
    lambda steps: any(truth for truth, _ in steps)
)


@given(labels)
def test_the_figures_are_the_integrals_of_the_definitions(steps):
    truth, flags = np.array(steps, int).T
    n, fine = len(truth), 50
    x = (np.arange(n * fine) + 0.5) / fine
    inside, alarmed = np.repeat(truth, fine) == 1, np.repeat(flags, fine) == 1
    starts = np.flatnonzero(np.diff(truth, prepend=0) == 1)
    ends = np.flatnonzero(np.diff(truth, append=0) == -1) + 1
    zone = np.searchsorted((starts[1:] + ends[:-1]) / 2, x)
    precisions, recalls = [], []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        here = x[zone == number]
        away = np.maximum(np.maximum(start - here, here - end), 0)
        alarms = here[alarmed[zone == number]]
        if not len(alarms):
            recalls.append(0.0)
            continue
        own = away[alarmed[zone == number]]
        precisions.append(np.mean(np.where(own == 0, 1, (away >= own[:, np.newaxis] - 1e-9).mean(axis=1))))
        event = here[inside[zone == number]]
        nearest = np.abs(event[:, np.newaxis] - alarms).min(axis=1)
        far = np.abs(event[:, np.newaxis] - here) >= nearest[:, np.newaxis] - 1e-9
        recalls.append(np.mean(np.where(nearest == 0, 1, far.mean(axis=1))))
    precision, recall = affiliation_precision_recall(truth, flags)
    assert precision == pytest.approx(np.mean(precisions) if precisions else 0.0, abs=0.03)
    assert recall == pytest.approx(np.mean(recalls), abs=0.03)


@given(labels)
def test_figures_are_shares_the_same_backwards_and_one_for_the_truth(steps):
    truth, flags = np.array(steps, int).T
    found = affiliation_precision_recall(truth, flags)
    assert all(0 <= value <= 1 + 1e-12 for value in found)
    assert affiliation_precision_recall(truth[::-1], flags[::-1]) == pytest.approx(found)
    assert affiliation_precision_recall(truth, truth) == pytest.approx((1.0, 1.0))


@given(st.integers(0, 38), st.integers(0, 38))
def test_an_alarm_that_is_nearer_is_better(one, other):
    def figures(start):
        return interval_affiliation([(20, 21)], [(start, start + 1)], (0, 41))

    near, far = sorted((one, other), key=lambda start: abs(start - 20))
    if abs(near - 20) < abs(far - 20):
        assert figures(near).precision > figures(far).precision
        assert figures(near).recall > figures(far).recall


@given(st.floats(0.001, 1000), st.floats(-1000, 1000))
def test_the_unit_and_the_origin_of_time_do_not_matter(unit, origin):
    def moved(intervals):
        return [(unit * a + origin, unit * b + origin) for a, b in intervals]

    events, alarms = [(3, 4), (7, 10)], [(4, 5), (8, 9)]
    found = interval_affiliation(moved(events), moved(alarms), moved([SPAN])[0])
    expected = interval_affiliation(events, alarms, SPAN)
    assert (found.precision, found.recall) == pytest.approx((expected.precision, expected.recall), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: affiliation_precision_recall([0, 0], [0, 1]), "needs events; found none"),
        (
            lambda: affiliation_precision_recall([0, 1], [0, 1, 1]),
            r"y_true and y_pred must be of one length; found shapes \(2,\) and \(3,\)",
        ),
        (lambda: interval_affiliation([(1, 2)], [(3, 3)], SPAN), "alarms must be intervals .* found \\(3, 3\\)"),
        (lambda: interval_affiliation([(4, 6), (5, 7)], [], SPAN), "events must be .* found \\(5, 7\\) after 6"),
        (lambda: interval_affiliation([(4, 11)], [], SPAN), "within \\(0.0, 10.0\\)"),
        (lambda: interval_affiliation([(0.0, 1.0)], [], (0.0, float("inf"))), "finite times"),
    ],
)
def test_invalid_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
