"""Streams of several groups, and of series with intervals left out."""

import itertools
import tracemalloc
import warnings

import numpy as np
import pytest

from anomaly import SequenceDetector
from anomaly.detectors.routing import RoutedStream
from anomaly.errors import GroupWarning, IntervalWarning
from anomaly.tables import as_table
from tests.anomaly.detectors.waves import QUICK, stamped, waves


@pytest.fixture(scope="module", params=[False, True], ids=["delayed", "causal"])
def fitted(request):
    return SequenceDetector(**QUICK, causal=request.param).fit(waves())


def interleaved(n=120, seed=3, names=("A", "B", "C")):
    """Return rows of machines in random order, and the rows of each."""
    rng = np.random.default_rng(seed)
    owners = rng.choice(len(names), size=n, p=[0.6, 0.3, 0.1][: len(names)])
    values = np.zeros((n, 2))
    own = {}
    for k, name in enumerate(names):
        rows = np.flatnonzero(owners == k)
        values[rows] = waves(len(rows), seed=k)
        own[name] = rows
    table = {"machine": np.array(names, dtype=object)[owners], "x0": values[:, 0], "x1": values[:, 1]}
    return table, values, own


def pieces(table, cuts):
    n = len(next(iter(table.values())))
    edges = [0, *cuts, n]
    return [{k: v[a:b] for k, v in table.items()} for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("cuts", [[], [50], [1, 2, 3, 40, 41, 99], list(range(1, 120))])
def test_each_group_is_a_series_of_its_own_in_the_order_of_the_rows(fitted, cuts):
    table, values, own = interleaved()
    stream, found, seen = fitted.routed_stream("machine"), [], 0
    for piece in pieces(table, cuts):
        found.append(stream.push_parts(piece))
        seen += len(piece["x0"])
        if fitted.delay_ == 0:
            assert sum(map(len, found)) == seen
    scores = np.concatenate([*found, stream.finish_parts()]).sum(axis=1)
    for rows in own.values():
        np.testing.assert_allclose(scores[rows], fitted.decision_function(values[rows]), rtol=1e-4)


@pytest.mark.parametrize("cuts", [[], [50], list(range(1, 120))])
def test_a_silent_group_is_not_waited_for(cuts):
    detector = SequenceDetector(**QUICK).fit(waves())
    n = 120
    owners = np.where(np.isin(np.arange(n), [0, 1, 2, 3, 80, 81]), "B", "A").astype(object)
    values = waves(n, seed=1)
    table = {"machine": owners, "x0": values[:, 0], "x1": values[:, 1]}
    stream = RoutedStream(lambda _: detector.stream(), 2, "machine", most_waiting=40)
    found, most = [], 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for count, piece in enumerate(pieces(table, cuts), start=1):
            found.append(stream.push(piece))
            if len(cuts) > 1:
                most = max(most, count - sum(map(len, found)))
        found.append(stream.finish())
    (message,) = [str(one.message) for one in caught if one.category is GroupWarning]
    assert "column 'machine': 'B' was silent for more than 40 rows of others (1 row)" in message
    assert most <= 40 + detector.delay_
    scores = np.concatenate(found)
    apart = [values[:4], values[[80, 81]]]
    expected = np.concatenate([detector.decision_function(part) for part in apart])
    np.testing.assert_allclose(scores[[0, 1, 2, 3, 80, 81]], expected, rtol=1e-4)


def test_machines_one_after_the_other_take_no_more_memory_the_longer_the_file():
    detector = SequenceDetector(**QUICK).fit(waves())
    peaks = []
    for n in (30_000, 60_000):
        stream = RoutedStream(lambda _: detector.stream(), 2, "machine", most_waiting=2000)
        tracemalloc.start()
        for start in range(0, n, 1000):
            values = waves(1000, seed=start)
            name = "A" if start < 1000 else "B"
            stream.push({"machine": [name] * 1000, "x0": values[:, 0], "x1": values[:, 1]})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        stream.finish()
    assert peaks[1] < 1.2 * peaks[0]


def test_groups_without_a_stream_have_no_score():
    detector = SequenceDetector(**QUICK).fit(waves())
    table, _, own = interleaved()
    table["machine"][own["C"][0]] = None
    stream = RoutedStream(lambda name: detector.stream() if name in "AB" else None, 2, "machine")
    with pytest.warns(GroupWarning) as caught:
        scores = np.concatenate([stream.push(table), stream.finish()])
    assert np.isnan(scores[own["C"]]).all()
    assert not np.isnan(scores[own["A"]]).any()
    texts = sorted(str(one.message).partition("column ")[2] for one in caught)
    count = len(own["C"]) - 1
    assert texts == [
        "'machine': the value is missing (1 row): no score",
        f"'machine': there is no detector for 'C' ({count} rows of such groups): no score",
    ]


@pytest.mark.parametrize("cuts", [[], [30], [31], list(range(1, 100))])
def test_excluded_rows_have_no_score_and_begin_a_segment(fitted, cuts):
    values = waves(100, seed=1)
    values[30:40] += 50  # a repair
    table = as_table(values)
    edges = [0, *cuts, 100]
    stream = fitted.routed_stream(exclude=[(31, 40), (61, 61)])
    found = [stream.push(table.rows(slice(a, b))) for a, b in itertools.pairwise(edges)]
    scores = np.concatenate([*found, stream.finish()])
    assert np.flatnonzero(np.isnan(scores)).tolist() == [*range(30, 40), 60]
    expected = [fitted.decision_function(part) for part in (values[:30], values[40:60], values[61:])]
    np.testing.assert_allclose(scores[~np.isnan(scores)], np.concatenate(expected), rtol=1e-4)


def test_exclude_in_python_leaves_a_repair_out_of_everything():
    series = stamped(400)
    series["a"][100:130] += 30
    times = series["time"]
    repair = [(times[100], times[129])]
    detector = SequenceDetector(**QUICK, time="time").fit(series, exclude=repair)
    assert len(detector.decision_scores_) == 370
    without = [{k: v[part] for k, v in series.items()} for part in (slice(0, 100), slice(130, None))]
    assert detector.threshold_ == SequenceDetector(**QUICK, time="time").fit(without).threshold_
    assert detector.find_events(series)
    assert not detector.find_events(series, exclude=repair)
    scores = detector.decision_function(series, exclude=repair)
    assert np.flatnonzero(np.isnan(scores)).tolist() == list(range(100, 130))
    with pytest.warns(IntervalWarning, match="1 of 1 intervals to exclude match no row"):
        detector.decision_function(series, exclude=[("2023-01-01", "2023-01-02")])


def test_labels_of_excluded_steps_are_left_out_too():
    series = waves(400)
    series[350:360, 0] += 5
    labels = np.zeros(400, int)
    labels[350:360] = labels[10:20] = 1
    settings = {**QUICK, "threshold": "best_f1"}
    detector = SequenceDetector(**settings).fit(series, labels, exclude=[(1, 100)])
    expected = SequenceDetector(**settings).fit(series[100:], labels[100:])
    assert detector.threshold_ == expected.threshold_
