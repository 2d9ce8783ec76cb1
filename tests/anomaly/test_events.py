"""Alarms become events."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.events import EventStream, find_events, find_segments, join_segments

labels_of = st.lists(st.integers(0, 1), max_size=60)


@given(labels_of)
def test_events_hold_all_alarms_and_nothing_else(labels):
    held = np.zeros(len(labels), int)
    for event in find_events(labels):
        held[event.start : event.end] = 1
    assert held.tolist() == labels


@given(labels_of, st.integers(0, 5), st.integers(1, 5))
def test_events_are_in_order_apart_and_long_enough(labels, tolerance, minimum_length):
    events = find_events(labels, tolerance=tolerance, minimum_length=minimum_length)
    for event in events:
        assert len(event) >= minimum_length
        assert labels[event.start] == labels[event.end - 1] == 1
    for before, after in itertools.pairwise(events):
        assert after.start - before.end > tolerance


def test_the_peak_is_the_highest_score_and_times_are_quoted():
    times = np.datetime64("2024-01-01") + np.arange(5)
    (event,) = find_events([0, 1, 1, 1, 0], [9.0, 1.0, 3.0, 3.0, 0.0], time=times)
    assert (event.start, event.end, event.peak, event.peak_score) == (1, 4, 2, 3.0)
    assert [str(t) for t in (event.start_time, event.peak_time, event.end_time)] == [
        "2024-01-02",
        "2024-01-03",
        "2024-01-04",
    ]


def test_short_flickers_are_joined_before_short_events_are_dropped():
    assert [(e.start, e.end) for e in find_events([1, 0, 1, 0, 0, 0, 1], tolerance=1, minimum_length=3)] == [(0, 3)]


def test_nothing_and_everything():
    assert find_events([]) == []
    assert find_events([0, 0]) == []
    assert find_segments(np.ones(3)) == [(0, 3)]
    assert join_segments([(0, 1), (3, 4)], 2) == [(0, 4)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 2],), r"labels must hold 0 for normal steps and 1 for anomalies; found \[2\]"),
        (([[0, 1]],), r"one label per step, shape \(n,\); found shape \(1, 2\)"),
        (([0, 1], [1.0]), "scores has 1 values; expected 2"),
    ],
)
def test_bad_labels(arguments, message):
    with pytest.raises(ValueError, match=message):
        find_events(*arguments)


def test_bad_parameters():
    with pytest.raises(ValueError, match="minimum_length must be a number of at least 1; found 0"):
        find_events([1], minimum_length=0)
    with pytest.raises(ValueError, match="tolerance must be a number of at least 0; found -1"):
        find_events([1], tolerance=-1)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
    st.integers(0, 4),
    st.integers(1, 4),
)
def test_how_alarms_are_cut_makes_no_difference(steps, cuts, tolerance, minimum_length):
    labels, scores = np.array(steps, dtype=int).reshape(-1, 2).T
    time = np.arange(len(labels)) * 10
    whole = find_events(labels, scores, time=time, tolerance=tolerance, minimum_length=minimum_length)
    stream, found, cuts = EventStream(minimum_length, tolerance), [], sorted(min(cut, len(labels)) for cut in cuts)
    for a, b, c in zip(np.split(labels, cuts), np.split(scores, cuts), np.split(time, cuts), strict=True):
        found += stream.push(a, b, time=c)
    assert [*found, *stream.finish()] == whole


@pytest.mark.parametrize("cuts", [[], [3], [4], [1, 2, 3, 4, 5]])
def test_a_step_without_a_score_ends_an_event(cuts):
    scores = np.array([0.0, 5.0, 6.0, np.nan, 7.0, 4.0, 9.0])
    flags = (scores > 4.5).astype(int)
    stream = EventStream(tolerance=5)
    found = []
    for rows in np.split(np.arange(7), cuts):
        found += stream.push(flags[rows], scores[rows])
        if rows[-1] == 3:
            assert [(event.start, event.end) for event in found] == [(1, 3)]  # nothing later can join it
    found += stream.finish()
    assert [(event.start, event.end, event.peak) for event in found] == [(1, 3, 2), (4, 7, 6)]
